"""Fused prediction and confusion: equal to interpolate and argmax, without their tensors."""

import pytest
import torch

from oracles_ops import upsample
from pixelwise.ops.cpu import predict as kernels
from pixelwise.ops.cpu.predict import confusion
from pixelwise.ops.rows import whole

# the last two: a row of two blocks, many rows between two of the logits
SIZES = [(9, 11), (36, 44), (27, 33), (23, 50), (5, 4), (64, 64), (1, 1), (10, 1100), (95, 13)]
FLOATS = [torch.float32, torch.float64, torch.bfloat16]
CLASSES = [2, 5, 19, 300]


def make_logits(channels, dtype=torch.float32, height=9, width=11):
    generator = torch.Generator().manual_seed(9)
    return torch.randn(2, channels, height, width, generator=generator).to(dtype)


def predict(logits, size, *options):
    return kernels.predict(logits, whole(logits, size[0]), size[1], *options)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("channels", "dtype"),
    [(c, dtype) for dtype in FLOATS for c in CLASSES if (c, dtype) != (300, torch.float64)],
    ids=str,
)
def test_prediction_is_the_argmax_of_the_interpolated_logits(channels, size, dtype):
    """label = argmax over classes, up and down, but where two logits differ by rounding alone.

    Labels of 16 bits are written by the same line for float32 and float64, so not for both.
    """
    logits = make_logits(channels, dtype)
    labels = torch.uint8 if channels <= 256 else torch.uint16
    found = predict(logits, size, "softmax", 0.5, labels)
    full = upsample(logits.double(), size)
    lead = full.amax(1) - full.gather(1, found.long().unsqueeze(1)).squeeze(1)
    assert found.shape == (2, *size)
    assert found.dtype == labels
    assert lead.max() <= 4 * torch.finfo(torch.float32).eps * full.abs().max()


@pytest.mark.parametrize("sizes", [((9, 16), (20, 40)), ((48, 64), (352, 480))], ids=str)
def test_prediction_at_ratios_of_small_numbers(sizes):
    """label = argmax at 5:2 and 15:2, whose phases read every second column."""
    logits = make_logits(7, torch.float32, *sizes[0])
    full = upsample(logits.double(), sizes[1])
    found = predict(logits, sizes[1], "softmax", 0.5, torch.uint8)
    lead = full.amax(1) - full.gather(1, found.long().unsqueeze(1)).squeeze(1)
    assert lead.max() <= 4 * torch.finfo(torch.float32).eps * full.abs().max()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_one_channel_is_compared_with_the_threshold(threshold, size):
    """label = [sigmoid(x) > threshold], strictly; float64 leaves no pixel at the border."""
    logits = make_logits(1, torch.float64)
    found = predict(logits, size, "sigmoid", threshold, torch.uint8)
    expected = upsample(logits, size).squeeze(1).sigmoid() > threshold
    assert torch.equal(found.bool(), expected)
    assert found.max() <= 1


def test_a_logit_exactly_at_the_threshold_is_background():
    """p = threshold is not above it; NaN is not above anything."""
    logits = torch.tensor([0.0, -0.0, 1e-30, torch.nan, torch.inf, -torch.inf]).view(1, 1, 1, 6)
    found = predict(logits, (1, 6), "sigmoid", 0.5, torch.uint8)
    assert found.flatten().tolist() == [0, 0, 1, 0, 1, 0]


def test_ties_go_to_the_lowest_class():
    """Equal logits stay equal through interpolation, and the first of them is taken."""
    logits = make_logits(3).index_select(1, torch.tensor([0, 1, 0, 1, 0]))
    assert predict(logits, (40, 50), "softmax", 0.5, torch.uint8).max() <= 1


def test_nan_counts_as_the_largest_and_the_first_nan_wins():
    """The same as torch.argmax, also where some classes are -inf."""
    logits = make_logits(5)
    logits[:, 2] = -torch.inf
    logits[0, 3, 4, 5] = torch.nan
    logits[0, 1, 4, 5] = torch.nan
    logits[1, 4, 0, 0] = torch.nan
    found = predict(logits, (9, 11), "softmax", 0.5, torch.uint8)
    assert torch.equal(found.long(), logits.argmax(1))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_layout_and_threads_change_nothing(threads):
    """channels_last, sliced logits and any number of threads give the same label map."""
    logits = make_logits(5)
    expected = predict(logits, (36, 44), "softmax", 0.5, torch.uint8)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    nearby = logits.to(memory_format=torch.channels_last)
    sliced = torch.stack([logits, logits], -1).flatten(-2)[..., ::2]
    found = [predict(x, (36, 44), "softmax", 0.5, torch.uint8) for x in (nearby, sliced)]
    torch.set_num_threads(before)
    assert torch.equal(found[0], expected)
    assert torch.equal(found[1], expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 2, 19])
def test_confusion_counts_the_prediction(channels, size, dtype):
    """out[t, p] = number of valid pixels of target t and predicted class p, exactly."""
    activation = "sigmoid" if channels == 1 else "softmax"
    classes = max(channels, 2)
    logits = make_logits(channels)
    generator = torch.Generator().manual_seed(10)
    target = torch.randint(0, classes + 1, (2, *size), generator=generator)
    target[target == classes] = 99
    counts, unknown = confusion(logits, target.to(dtype), classes, activation, 0.3, 99)
    labels = predict(logits, size, activation, 0.3, torch.uint8).long()
    valid = target != 99
    flat = target[valid] * classes + labels[valid]
    assert torch.equal(counts, flat.bincount(minlength=classes**2).view(classes, classes))
    assert counts.dtype == torch.int64
    assert int(unknown) == 0


def test_confusion_names_how_many_targets_are_unknown():
    """Values that are neither class nor ignored are counted apart."""
    logits = make_logits(5)
    target = torch.zeros(2, 36, 44, dtype=torch.int32)
    target[0, 3, 4], target[1, 35, 43] = -7, 5
    counts, unknown = confusion(logits, target, 5, "softmax", 0.5, None)
    assert int(unknown) == 2
    assert counts.sum() == target.numel() - 2


def test_empty_results_are_empty():
    """No image or no row: an empty label map, a matrix of zeros."""
    assert predict(make_logits(5)[:0], (8, 8), "softmax", 0.5, torch.uint8).shape == (0, 8, 8)
    target = torch.zeros(0, 8, 8, dtype=torch.uint8)
    counts, unknown = confusion(make_logits(5)[:0], target, 5, "softmax", 0.5, None)
    assert not counts.any()
    assert int(unknown) == 0
