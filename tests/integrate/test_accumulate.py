"""The gradient of a batch in parts and over ranks is that of one process with all images."""

import pytest
import torch

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, network
from pixelwise.integrate import accumulate
from pixelwise.integrate.accumulate import gradient_in_parts

IMAGES = torch.randn(8, 3, 16, 24, generator=torch.Generator().manual_seed(0))
TARGET = drawn(images=8)[1]
TARGET[:4, :12] = 255  # so that means of parts are not the mean
RANKS = slice(0, 5), slice(5, 8)


def gradient(net, criterion, images, parts):
    """The loss, and the gradient of every parameter."""
    rest = {"channels": CLASSES, "buffers": list(net.buffers())}
    loss = gradient_in_parts(
        criterion,
        net,
        IMAGES[images],
        TARGET[images],
        parts=parts,
        backward=lambda term, _last: term.backward(),
        **rest,
    )
    return loss, [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("text", ["ce", "ce + dice(per_image=true)", "focal + dice"])
def test_parts_of_ranks_teach_what_one_process_teaches(text, parts, monkeypatch):
    """The stats of the other rank are given by hand, as what gathers them returns them."""
    criterion = pw.criterion(text, num_classes=CLASSES, upsample="bilinear")
    whole = network()
    expected = criterion(whole(IMAGES), TARGET)
    expected.backward()
    of_ranks = []
    for own, other in (RANKS, RANKS[::-1]):
        net = network()
        elsewhere = criterion.stats(net(IMAGES[other]).detach(), TARGET[other])

        def of_all_ranks(stats, elsewhere=elsewhere):
            twice = 2 * stats.sums - stats.sums.detach()  # the gradient times the number of ranks
            return pw.PixelStats.join([pw.PixelStats(twice, stats.names, "torch"), elsewhere])

        monkeypatch.setattr(accumulate, "stats_of_all_ranks", of_all_ranks)
        loss, gradients = gradient(net, criterion, own, parts)
        torch.testing.assert_close(loss, expected.detach(), atol=1e-6, rtol=0)
        of_ranks.append(gradients)
    for first, second, parameter in zip(*of_ranks, whole.parameters()):
        torch.testing.assert_close((first + second) / 2, parameter.grad, atol=1e-6, rtol=0)


@pytest.mark.parametrize("text", ["ce", "ce + dice"])
def test_running_statistics_see_every_part_once(text):
    net = torch.nn.Sequential(torch.nn.BatchNorm2d(3), network())
    gradient(net, pw.criterion(text, num_classes=CLASSES, upsample="bilinear"), slice(0, 8), 4)
    assert int(net[0].num_batches_tracked) == 4


def test_more_parts_than_images_are_one_part_an_image():
    criterion = pw.criterion("ce + dice", num_classes=CLASSES, upsample="bilinear")
    loss, _ = gradient(network(), criterion, slice(0, 2), 5)
    torch.testing.assert_close(loss, criterion(network()(IMAGES[:2]), TARGET[:2]).detach())
