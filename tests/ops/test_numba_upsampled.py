"""The CPU kernels that upsample inside: interpolation and pass in one, nothing of full size."""

import pytest
import torch

from ops.kernel_cases import check, in_both_widths, make_case, run, upstream_of
from oracles_ops import upsample
from pixelwise.ops.cpu import stats as _stats_numba
from pixelwise.ops.cpu import upsampled as _upsampled_numba
from pixelwise.ops.spec import Spec

# (h, w) -> (H, W): integer scales, ragged ratios, single pixels, several blocks of a row
SIZES = {
    "x4": ((9, 11), (36, 44)),
    "x3": ((9, 11), (27, 33)),
    "x1": ((6, 7), (6, 7)),
    "ragged": ((7, 5), (23, 19)),
    "one-pixel": ((1, 1), (6, 7)),
    "one-column": ((6, 1), (12, 5)),
    "one-way": ((5, 4), (5, 9)),
    "wide": ((3, 400), (6, 1600)),
    "wide-ragged": ((3, 400), (5, 1501)),
    "x100": ((2, 2), (20, 200)),
    "15:2": ((4, 16), (9, 120)),
    "5:4": ((3, 32), (7, 40)),
    "7:3": ((3, 600), (5, 1400)),
}
TASKS = ["softmax-2", "softmax-5", "softmax-40", "binary", "one-vs-rest-3", "multi-label-3"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_sums_and_gradient_are_no_worse_than_interpolate_and_torch(task, sizes, dtype):
    """err(kernel, float64 truth) <= err(F.interpolate + torch in the same dtype) + tolerance."""
    case = make_case(task, sizes[1], dtype, low=sizes[0])
    grad = upstream_of(case)
    *found, unknown = run(_upsampled_numba, case, grad)
    check(case, found, grad, by_largest=True)
    assert unknown == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_interpolated_in_float32_and_rounded_once(dtype):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    case = make_case("softmax-5", (36, 44), dtype, low=(9, 11))
    half, wide = in_both_widths(_upsampled_numba, case, upstream_of(case))
    assert torch.equal(half[0], wide[0])
    assert torch.equal(half[1], wide[1].to(dtype))


@pytest.mark.parametrize("task", TASKS)
def test_scale_one_is_the_dense_pass(task):
    """(h, w) = (H, W): the same sums and gradient as without upsampling, to rounding."""
    case = make_case(task, (20, 70))
    grad = upstream_of(case)
    found, dense = run(_upsampled_numba, case, grad), run(_stats_numba, case, grad)
    torch.testing.assert_close(found, dense, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_nan_reaches_only_the_pixels_that_read_it(sizes):
    """Where every output pixel that reads a NaN logit is ignored, nothing becomes NaN."""
    logits, target, weight, spec = make_case("softmax-5", sizes[1], low=sizes[0])
    poisoned = logits.clone()
    poisoned[:, :, 0, 0] = torch.nan
    reads = upsample(poisoned, target.shape[-2:]).isnan().any(1)
    rest = target.masked_fill(reads, spec.ignore_index), weight, spec
    grad = upstream_of((logits, *rest))
    found = run(_upsampled_numba, (poisoned, *rest), grad)
    clean = run(_upsampled_numba, (logits, *rest), grad)
    assert torch.equal(found[0], clean[0])
    assert torch.equal(found[1], clean[1])
    assert not found[1][:, :, 0, 0].any()


def test_a_masked_class_stays_masked():
    """A class at -inf everywhere has probability 0 and gradient 0 at every output pixel."""
    logits, target, weight, spec = make_case("softmax-5", (27, 33), low=(9, 11))
    logits[:, 4] = -torch.inf
    target = target.masked_fill(target == 4, 0)
    case = logits, target, weight, spec._replace(sums=("prob", "inter", "nll"))
    sums, gradient, _ = run(_upsampled_numba, case, torch.ones_like(upstream_of(case)))
    assert sums.isfinite().all()
    assert gradient.isfinite().all()
    assert not sums[0, :, 4].any()
    assert not gradient[:, 4].any()


def test_unknown_target_values_are_counted():
    """Values that are neither class nor ignored, with their number, over phases and blocks."""
    logits, target, weight, spec = make_case("softmax-5", (6, 1600), low=(3, 400))
    target[1, 2, 5:1500:100] = 77
    _, unknown = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    assert int(unknown) == 15


def test_nothing_of_full_size_is_allocated():
    """Peak of new memory, forward and backward, < 0.15 times the full-resolution logits."""
    import tracemalloc

    logits = torch.randn(1, 150, 64, 64)
    target = torch.randint(0, 150, (1, 256, 256), dtype=torch.uint8)
    spec = Spec(("target", "prob", "inter", "nll"), "softmax", 255)
    sums, _ = _upsampled_numba.forward_upsampled(logits, target, None, spec)
    _upsampled_numba.backward_upsampled(sums, logits, target, None, spec)
    tracemalloc.start()
    sums, _ = _upsampled_numba.forward_upsampled(logits, target, None, spec)
    _upsampled_numba.backward_upsampled(sums, logits, target, None, spec)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    full = 4 * logits.numel() * 16
    assert peak < 0.15 * full
