"""The GPU kernels that upsample inside: interpolation and pass in one, nothing of full size."""

import pytest
import torch

from ops.kernel_cases import check, in_both_widths, make_case, run, upstream_of
from oracles_ops import upsample
from pixelwise.ops.gpu import stats as _stats_triton
from pixelwise.ops.gpu import upsampled as _upsampled_triton

# (h, w) -> (H, W): whole and ragged ratios, single pixels, more cells than lanes, more rows than
# a program of the backward pass owns
SIZES = {
    "x2": ((2, 3), (4, 6)),
    "x4": ((1, 2), (4, 8)),
    "ragged": ((3, 2), (5, 3)),
    "one-pixel": ((1, 1), (2, 3)),
    "one-column": ((3, 1), (4, 2)),
    "wide": ((1, 40), (2, 50)),
    "high": ((9, 1), (10, 1)),
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_sums_and_gradient_are_no_worse_than_interpolate_and_torch(sizes):
    """err(kernel, float64 truth) <= err(F.interpolate + torch in the same dtype) + tolerance."""
    case = make_case("softmax-5", sizes[1], low=sizes[0], images=1)
    grad = upstream_of(case)
    *found, unknown = run(_upsampled_triton, case, grad)
    check(case, found, grad)
    assert unknown == 0


@pytest.mark.parametrize("task", ["softmax-19", "softmax-300", "binary", "multi-label-9"])
def test_any_number_of_classes_of_both_activations(task):
    """The same law, over what programs share between them."""
    case = make_case(task, (2, 3), low=(1, 2))
    grad = upstream_of(case)
    check(case, run(_upsampled_triton, case, grad)[:2], grad)


def test_float64_is_computed_in_float64():
    """The same law with torch in float64, to the last digits."""
    case = make_case("softmax-5", (3, 4), torch.float64, low=(2, 3), images=1)
    grad = upstream_of(case)
    check(case, run(_upsampled_triton, case, grad)[:2], grad)


def test_half_types_are_interpolated_in_float32_and_rounded_once():
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    case = make_case("softmax-5", (2, 4), torch.bfloat16, low=(1, 3), images=1)
    half, wide = in_both_widths(_upsampled_triton, case, upstream_of(case))
    torch.testing.assert_close(half[0], wide[0], rtol=1e-6, atol=1e-6)
    rounding = torch.finfo(torch.bfloat16).eps
    torch.testing.assert_close(half[1].float(), wide[1], rtol=rounding, atol=1e-6)


def test_scale_one_is_the_dense_pass():
    """(h, w) = (H, W): the same sums and gradient as without upsampling, to rounding."""
    case = make_case("softmax-5", (2, 3), images=1)
    grad = upstream_of(case)
    for inside, dense in zip(run(_upsampled_triton, case, grad), run(_stats_triton, case, grad)):
        torch.testing.assert_close(inside, dense, rtol=1e-6, atol=1e-6)


def test_nan_reaches_only_the_pixels_that_read_it():
    """Where every output pixel that reads a NaN logit is ignored, nothing becomes NaN."""
    logits, target, weight, spec = make_case("softmax-5", (3, 6), low=(2, 3), images=1)
    poisoned = logits.clone()
    poisoned[:, :, 0, 0] = torch.nan
    target = target.masked_fill(upsample(poisoned, (3, 6)).isnan().any(1), spec.ignore_index)
    grad = upstream_of((logits, target, weight, spec))
    found = run(_upsampled_triton, (poisoned, target, weight, spec), grad)
    clean = run(_upsampled_triton, (logits, target, weight, spec), grad)
    assert torch.equal(found[0], clean[0])
    assert torch.equal(found[1], clean[1])
    assert not found[1][:, :, 0, 0].any()


def test_a_masked_class_stays_masked():
    """A class at -inf everywhere has probability 0 and gradient 0 at every output pixel."""
    logits, target, weight, spec = make_case("softmax-5", (3, 6), low=(2, 3), images=1)
    logits[:, 4] = -torch.inf
    target = target.masked_fill(target == 4, 0)
    case = logits, target, weight, spec._replace(sums=("prob", "inter", "nll"))
    sums, gradient, _ = run(_upsampled_triton, case, upstream_of(case))
    assert sums.isfinite().all()
    assert gradient.isfinite().all()
    assert not sums[0, :, 4].any()
    assert not gradient[:, 4].any()
