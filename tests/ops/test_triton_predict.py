"""Fused prediction and counting on a GPU: equal to interpolate and argmax, in one pass."""

import pytest
import torch

from ops.kernel_cases import DEVICE
from oracles_ops import upsample
from pixelwise.ops.gpu import predict as kernels

SIZES = {"same": (2, 3), "x2": (4, 6), "ragged": (3, 7), "smaller": (1, 2), "wide": (1, 70)}


def make_logits(channels, dtype=torch.float32, images=2):
    generator = torch.Generator().manual_seed(9)
    return torch.randn(images, channels, 2, 3, generator=generator).to(dtype)


def predict(logits, size, activation="softmax", threshold=0.5, dtype=torch.uint8):
    return kernels.predict(logits.to(DEVICE), size, activation, threshold, dtype).cpu()


def confusion(logits, target, *options):
    counts, unknown = kernels.confusion(logits.to(DEVICE), target.to(DEVICE), *options)
    return counts.cpu(), int(unknown)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("channels", [2, 19])
def test_prediction_is_the_argmax_of_the_interpolated_logits(channels, size):
    """label = argmax over classes, up and down, but where two logits differ by rounding alone."""
    logits = make_logits(channels, images=1)
    found = predict(logits, size)
    full = upsample(logits.double(), size)
    lead = full.amax(1) - full.gather(1, found.long().unsqueeze(1)).squeeze(1)
    assert found.shape == (1, *size)
    assert lead.max() <= 4 * torch.finfo(torch.float32).eps * full.abs().max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_any_dtype_and_more_classes_than_a_program_holds(dtype):
    """300 classes: labels of 16 bits."""
    logits = make_logits(300, dtype)
    found = predict(logits, (2, 3), dtype=torch.uint16)
    assert found.dtype == torch.uint16
    assert torch.equal(found.long(), logits.argmax(1))


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_one_channel_is_compared_with_the_threshold(threshold):
    """label = [sigmoid(x) > threshold], strictly; float64 leaves no pixel at the border."""
    logits = make_logits(1, torch.float64, images=1)
    expected = upsample(logits, (4, 5)).squeeze(1).sigmoid() > threshold
    assert torch.equal(predict(logits, (4, 5), "sigmoid", threshold).bool(), expected)


def test_a_logit_exactly_at_the_threshold_is_background():
    """p = threshold is not above it; NaN is not above anything."""
    logits = torch.tensor([0.0, -0.0, 1e-30, torch.nan, torch.inf, -torch.inf]).view(1, 1, 1, 6)
    assert predict(logits, (1, 6), "sigmoid").flatten().tolist() == [0, 0, 1, 0, 1, 0]


def test_ties_go_to_the_lowest_class():
    """Equal logits stay equal through interpolation, and the first of them is taken."""
    logits = make_logits(3).index_select(1, torch.tensor([0, 1, 0, 1, 0]))
    assert predict(logits, (3, 5)).max() <= 1


def test_nan_counts_as_the_largest_and_the_first_nan_wins():
    """The same as torch.argmax, also where some classes are -inf."""
    logits = make_logits(5)
    logits[:, 2] = -torch.inf
    logits[0, 3, 1, 2], logits[0, 1, 1, 2], logits[1, 4, 0, 0] = torch.nan, torch.nan, torch.nan
    assert torch.equal(predict(logits, (2, 3)).long(), logits.argmax(1))


@pytest.mark.parametrize("size", [(2, 3), (3, 7)], ids=str)
@pytest.mark.parametrize("channels", [1, 5])
def test_confusion_counts_the_prediction(channels, size):
    """out[t, p] = number of valid pixels of target t and predicted class p, exactly."""
    activation = "sigmoid" if channels == 1 else "softmax"
    classes = max(channels, 2)
    logits = make_logits(channels)
    generator = torch.Generator().manual_seed(10)
    target = torch.randint(0, classes + 1, (2, *size), generator=generator, dtype=torch.int16)
    target[target == classes] = 999
    counts, unknown = confusion(logits, target, classes, activation, 0.3, 999)
    valid = target != 999
    labels = predict(logits, size, activation, 0.3).long()
    flat = target[valid] * classes + labels[valid]
    assert torch.equal(counts, flat.bincount(minlength=classes**2).view(classes, classes))
    assert unknown == 0


def test_confusion_names_how_many_targets_are_unknown():
    """Values that are neither class nor ignored are counted apart."""
    target = torch.zeros(2, 2, 3, dtype=torch.int32)
    target[0, 1, 2], target[1, 0, 0] = -7, 5
    counts, unknown = confusion(make_logits(5), target, 5, "softmax", 0.5, None)
    assert unknown == 2
    assert counts.sum() == target.numel() - 2


def test_layout_changes_nothing():
    """channels_last and sliced logits give the label map of contiguous ones."""
    logits = make_logits(5, images=1).to(DEVICE)
    sliced = torch.stack([logits, logits], -1).flatten(-2)[..., ::2]
    for view in (logits.to(memory_format=torch.channels_last), sliced):
        assert torch.equal(predict(view, (3, 5)), predict(logits, (3, 5)))


def test_empty_results_are_empty():
    """No image: an empty label map, a matrix of zeros."""
    assert predict(make_logits(5)[:0], (8, 8)).shape == (0, 8, 8)
    target = torch.zeros(0, 8, 8, dtype=torch.uint8)
    counts, unknown = confusion(make_logits(5)[:0], target, 5, "softmax", 0.5, None)
    assert not counts.any()
    assert unknown == 0
