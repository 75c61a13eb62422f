"""Counts by probability from logits: equal to the counts of activated, upsampled probabilities."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.calibration import CalibrationCounts, count_calibration
from pixelwise.metrics.threshold import ThresholdCounts, count_thresholds
from pixelwise.ops import calibration
from pixelwise.ops.calibration import calibration_counts, threshold_counts

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]


def draw(channels, size=(12, 16), images=3, dtype=torch.float32, scale=1):
    generator = torch.Generator().manual_seed(channels)
    small = [n // scale for n in size]
    logits = 3 * torch.randn(images, channels, *small, generator=generator)
    target = torch.randint(0, max(2, channels), (images, *size), generator=generator)
    target[torch.rand(images, *size, generator=generator) < 0.2] = 255
    return logits.to(dtype), target.to(torch.uint8)


def activated(logits, size):
    x = logits.double() if logits.dtype == torch.float64 else logits.float()
    x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    return x.softmax(1) if x.shape[1] > 1 else x.sigmoid()


def by_numpy(logits, target, bins):
    probs = activated(logits, target.shape[1:])
    return sum(count_calibration(p, t, bins=bins) for p, t in zip(probs, target))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize(
    ("channels", "activation"), [(1, "sigmoid"), (2, "softmax"), (5, "softmax")]
)
def test_calibration_from_logits_equals_calibration_from_probabilities(
    channels, activation, scale, dtype
):
    """Pixel for pixel; a confidence on an edge may fall to either side by rounding."""
    logits, target = draw(channels, dtype=dtype, scale=scale)
    counts = CalibrationCounts(*calibration_counts(logits, target, activation, bins=10))
    expected = by_numpy(logits, target, bins=10)
    assert np.abs(counts.pixels - expected.pixels).sum() <= 2
    assert np.abs(counts.correct - expected.correct).sum() <= 2
    assert counts.pixels.sum() == (target != 255).sum()
    np.testing.assert_allclose(counts.confidence.sum(), expected.confidence.sum(), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1, 4])
def test_thresholds_from_logits_equal_thresholds_from_probabilities(scale, dtype):
    """The same sigmoid in the same precision gives the same histogram, exactly."""
    logits, target = draw(1, dtype=dtype, scale=scale)
    counts = ThresholdCounts(threshold_counts(logits, target, steps=64))
    probs = activated(logits, target.shape[1:])[:, 0]
    expected = count_thresholds(probs, target, steps=64)
    np.testing.assert_array_equal(counts.pixels, expected.pixels)


@pytest.mark.parametrize("rows", [1, 5, 1000])
@pytest.mark.parametrize("scale", [1, 4])
def test_bands_of_any_height_count_the_same(monkeypatch, rows, scale):
    """An image is looked at in bands, so that its logits never exist at full size."""
    logits, target = draw(5, size=(36, 28), scale=scale)
    whole = calibration_counts(logits, target)
    monkeypatch.setattr(calibration, "BAND", rows)
    pixels, confidence, correct = calibration_counts(logits, target)
    assert torch.equal(pixels, whole[0])
    assert torch.equal(correct, whole[2])
    assert torch.allclose(confidence, whole[1], rtol=1e-6)  # exp of vector tails rounds apart


def test_pixels_without_spatial_axes_are_counted():
    """(N, C) logits and (N,) targets are N pixels."""
    pixels, _, correct = calibration_counts(torch.tensor([[4.0, 0], [0, 4]]), torch.tensor([0, 0]))
    assert int(pixels.sum()) == 2
    assert int(correct.sum()) == 1


def test_edges_belong_to_the_bin_below():
    """Equal logits have a confidence of exactly one half, which is the first of two bins."""
    logits = torch.zeros(1, 2, 3)
    pixels, confidence, correct = calibration_counts(logits, torch.tensor([[0, 1, 1]]), bins=2)
    assert pixels.tolist() == [3, 0]
    assert confidence.tolist() == [1.5, 0]
    assert correct.tolist() == [1, 0]
    counts = threshold_counts(logits[:, :1], torch.tensor([[0, 1, 1]]), steps=2)
    assert counts.tolist() == [[0, 0], [1, 2], [0, 0]]


def test_void_pixels_may_hold_nan():
    """They are never looked at; elsewhere NaN is not a prediction."""
    logits, target = draw(3)
    expected = calibration_counts(logits, target)
    logits[(target == 255)[:, None].expand_as(logits)] = float("nan")
    for a, b in zip(calibration_counts(logits, target), expected):
        assert a.tolist() == b.tolist()
    logits[0, 0, target[0] != 255] = float("inf")
    with pytest.raises(
        ArgumentError, match="logits must be finite at valid pixels, got some that make"
    ):
        calibration_counts(logits, target)


@pytest.mark.parametrize("images", [0, 2])
def test_without_valid_pixels_all_counts_are_0(images):
    """No image, or nothing but void."""
    logits, target = torch.randn(images, 1, 4, 4), torch.full((images, 4, 4), 255)
    assert threshold_counts(logits, target).sum() == 0
    assert [int(t.sum()) for t in calibration_counts(logits, target, "sigmoid")] == [0, 0, 0]


def test_logits_get_no_gradient_and_are_not_changed():
    """Counting is not a loss."""
    logits, target = draw(3)
    before = logits.clone()
    counts = calibration_counts(logits.requires_grad_(), target)
    assert not any(t.requires_grad for t in counts)
    assert torch.equal(logits, before)


def test_wrong_logits_targets_and_options_are_refused():
    """With the sentences of the other ops."""
    logits, target = draw(3)
    with pytest.raises(ArgumentError, match=r"logits must be \(N, 1, \*S\) for sigmoid"):
        threshold_counts(logits, target)
    with pytest.raises(ArgumentError, match=r"calibration_counts: target must be \(N, \*S\)"):
        calibration_counts(logits, target[:2])
    with pytest.raises(ArgumentError, match=r"target must be class indices 0\.\.2 or ignore"):
        calibration_counts(logits, target + 7, ignore_index=None)
    with pytest.raises(ArgumentTypeError, match="logits must be a floating-point tensor"):
        calibration_counts(target, target)
    with pytest.raises(ArgumentError, match="bins must be >= 1, got 0"):
        calibration_counts(logits, target, bins=0)
    with pytest.raises(ArgumentError, match="steps must be a power of two from 2 to 1048576"):
        threshold_counts(logits[:, :1], target, steps=100)
