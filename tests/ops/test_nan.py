"""NaN logits: an error where a valid pixel depends on one, nothing anywhere else."""

import pytest
import torch

import pixelwise as pw
from pixelwise.errors import ArgumentError
from pixelwise.ops.backends import usable_backends
from pixelwise.ops.nan import check_no_nan, count_nan_later, nan_pixels
from pixelwise.ops.unknown import raise_if_unknown

HERE = usable_backends("cpu")

NAN, INF = float("nan"), float("inf")
each_backend = pytest.mark.parametrize("backend", HERE)


def case(size=(8, 8), dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 3, 8, 8, generator=generator).to(dtype)
    return logits, torch.randint(0, 3, (2, *size), generator=generator)


@each_backend
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_one_nan_logit_of_a_valid_pixel_is_an_error_with_its_place(dtype, backend):
    """Any channel of the pixel is enough: the prediction is unknown."""
    logits, target = case(dtype=dtype)
    logits[1, 2, 5, 6] = NAN
    with pytest.raises(ArgumentError, match=r"got NaN at 1 pixels, first at n=1 y=5 x=6"):
        pw.confusion_matrix(logits, target, backend=backend)


@each_backend
def test_nan_under_ignored_pixels_changes_no_count(backend):
    """What an ignored pixel holds is never looked at."""
    logits, target = case()
    target[:, 2:5] = 255
    expected = pw.confusion_matrix(logits, target, backend=backend)
    logits[:, :, 2:5] = NAN
    assert torch.equal(pw.confusion_matrix(logits, target, backend=backend), expected)


@each_backend
def test_a_nan_reaches_the_pixels_that_are_interpolated_from_it(backend):
    """At four times the size: 8 x 8 pixels have a part of it, unless they are ignored."""
    logits, target = case((32, 32))
    logits[0, 0, 4, 4] = NAN
    with pytest.raises(ArgumentError, match=r"got NaN at 64 pixels, first at n=0 y=14 x=14"):
        pw.confusion_matrix(logits, target, backend=backend)
    target[0, 14:22, 14:22] = 255
    assert pw.confusion_matrix(logits, target, backend=backend).sum() == 2 * 32 * 32 - 64


@each_backend
def test_infinite_logits_of_either_sign_are_predictions(backend):
    """A masked class is -inf, a sure one +inf; their sum being NaN is not an error."""
    logits, target = case()
    logits[:, 0], logits[:, 1] = -INF, INF
    counts = pw.confusion_matrix(logits, target, backend=backend)
    assert counts[:, 1].sum() == counts.sum() == target.numel()


def test_without_a_target_every_pixel_is_valid():
    """What a network's output is checked with before it is saved."""
    logits, _ = case()
    check_no_nan("predict", logits)
    logits[0, 0, 0, 0] = NAN
    with pytest.raises(ArgumentError, match=r"predict: logits must be numbers at valid pixels"):
        check_no_nan("predict", logits)


@pytest.mark.parametrize("value", [NAN, -INF])
def test_no_image_and_one_channel_are_checked_alike(value):
    """Nothing to find among zero images; one sigmoid channel is searched as several are."""
    assert pw.confusion_matrix(torch.empty(0, 3, 4, 4), torch.empty(0, 4, 4).long()).sum() == 0
    logits, target = torch.zeros(1, 1, 2, 2), torch.full((1, 2, 2), 255)
    logits[0, 0, 1, 1] = value
    assert pw.confusion_matrix(logits, target, "sigmoid").sum() == 0


def test_on_a_gpu_they_are_counted_and_raised_when_asked():
    """The way of a GPU, on any device: nothing waits; void and infinities are no matter there."""
    logits, target = case((32, 32))
    logits[:, 0], target[1] = -INF, 255
    logits[:, 1, 4, 4] = NAN
    count_nan_later("confusion_matrix", nan_pixels(logits, target, 255).sum())
    with pytest.raises(ArgumentError, match="logits must be numbers at valid pixels, got 64 other"):
        raise_if_unknown()
    target[0, 14:22, 14:22] = 255
    count_nan_later("confusion_matrix", nan_pixels(logits, target, 255).sum())
    raise_if_unknown()
