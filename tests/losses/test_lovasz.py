"""Lovász losses against sets of pixels, by hand, and against the peers that have them."""

import numpy as np
import pytest
import torch

import oracles_losses as slow
import pixelwise as pw
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE
from pixelwise.losses.lovasz import lovasz_extension


@pytest.mark.parametrize("absent", ["skip", "keep"])
def test_lovasz_is_the_extension_over_sets(absent):
    loss = pw.Lovasz(absent=absent)(LOGITS, TARGET)
    truth = slow.lovasz_softmax(LOGITS.numpy(), TARGET.numpy(), skip_absent=absent == "skip")
    assert loss.item() == pytest.approx(truth, abs=1e-12)


def test_lovasz_hinge_is_the_extension_over_sets():
    loss = pw.LovaszHinge()(ONE, TARGET_ONE)
    assert loss.item() == pytest.approx(slow.lovasz_hinge(ONE.numpy(), TARGET_ONE.numpy()))


def test_two_pixels_by_hand():
    """Errors 0.75 (a pixel of the class) and 0.5 (another): Δ is 1 after the first, 1 after both.

    The class has one pixel: wrong {1} has Jaccard loss 1/1, wrong {1, 2} has 2/2. So the second
    error costs nothing and the extension is 0.75. The other way round Δ is 1/2, then 1.
    """
    members, ones = torch.tensor([[True, False]]), torch.ones(1, 2)
    assert lovasz_extension(torch.tensor([[0.75, 0.5]]), members, ones).item() == 0.75
    assert lovasz_extension(torch.tensor([[0.5, 0.75]]), members, ones).item() == 0.625


def test_certain_errors_cost_the_jaccard_loss():
    """At errors of 0 and 1 the extension is the set function itself: 1 − IoU."""
    pred = torch.randint(0, 3, (2, 5, 6), generator=torch.Generator().manual_seed(2))
    target = torch.randint(0, 3, (2, 5, 6), generator=torch.Generator().manual_seed(3))
    certain = 1e4 * pw.one_hot(pred, 3, dtype=torch.float64)
    iou = pw.iou(pw.count_confusion(pred.numpy(), target.numpy(), 3))
    assert pw.Lovasz()(certain, target).item() == pytest.approx(1 - iou.mean())


def test_per_image_is_the_mean_over_images_with_pixels():
    void = torch.full_like(TARGET[:1], 255)
    batch = torch.cat([LOGITS, LOGITS[:1]]), torch.cat([TARGET, void])
    alone = [pw.Lovasz()(LOGITS[[n]], TARGET[[n]]) for n in range(len(LOGITS))]
    torch.testing.assert_close(pw.Lovasz(per_image=True)(*batch), sum(alone) / len(alone))


def test_a_subset_of_classes_and_their_weights():
    alone = [pw.Lovasz(classes=[c])(LOGITS, TARGET) for c in (0, 2)]
    both = pw.Lovasz(classes=[0, 2], weight=[3.0, 9.0, 1.0, 9.0])(LOGITS, TARGET)
    torch.testing.assert_close(both, (3 * alone[0] + alone[1]) / 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_computed_in_float32(dtype):
    loss = pw.Lovasz()(LOGITS.to(dtype), TARGET)
    assert loss.dtype == torch.float32
    exact = slow.lovasz_softmax(LOGITS.to(dtype).double().numpy(), TARGET.numpy())
    assert loss.item() == pytest.approx(exact, rel=1e-6)


def test_smp_has_the_same_numbers():
    losses = pytest.importorskip("segmentation_models_pytorch.losses")
    logits, one = LOGITS.float(), ONE.float()  # it takes no other dtype
    theirs = losses.LovaszLoss("multiclass", ignore_index=255)(logits, TARGET)
    torch.testing.assert_close(pw.Lovasz()(logits, TARGET), theirs, rtol=1e-6, atol=1e-7)
    theirs = losses.LovaszLoss("binary", ignore_index=255)(one[:, 0], TARGET_ONE)
    ours = pw.LovaszHinge(absent="keep")(one, TARGET_ONE)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)


def test_kornia_has_the_same_number():
    losses = pytest.importorskip("kornia.losses")
    target = TARGET.masked_fill(TARGET == 255, 0)
    theirs = losses.lovasz_softmax_loss(LOGITS, target)
    torch.testing.assert_close(pw.Lovasz(per_image=True, absent="keep")(LOGITS, target), theirs)


def test_the_gradient_is_the_slope_of_each_error():
    """It is what differentiating through the sorted copy gives."""
    x = LOGITS[:1].clone().requires_grad_()
    pw.Lovasz(classes=[1])(x, TARGET[:1]).backward()
    y = x.detach().clone().requires_grad_()
    valid = (TARGET[0] != 255).flatten()
    p = torch.softmax(y, 1)[0, 1].flatten()[valid]
    truth = (TARGET[0] == 1).flatten()[valid].double()
    errors, order = (truth - p).abs().sort(descending=True)
    hit = truth[order]
    jaccard = 1 - (hit.sum() - hit.cumsum(0)) / (hit.sum() + (1 - hit).cumsum(0))
    errors.dot(torch.from_numpy(np.diff(jaccard.detach().numpy(), prepend=0.0))).backward()
    torch.testing.assert_close(x.grad, y.grad)
