"""The CPU kernels that upsample inside: interpolation and pass in one, nothing of full size."""

import pytest
import torch
import torch.nn.functional as F

from oracles_ops import SUMS, all_sums, upsample
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
    "x100": ((2, 2), (200, 200)),
    "15:2": ((4, 16), (9, 120)),
    "5:4": ((3, 32), (7, 40)),
    "7:3": ((3, 600), (5, 1400)),
}
TASKS = {
    "softmax-2": ("softmax", 2, False),
    "softmax-5": ("softmax", 5, False),
    "softmax-40": ("softmax", 40, False),
    "binary": ("sigmoid", 1, False),
    "one-vs-rest": ("sigmoid", 3, False),
    "multi-label": ("sigmoid", 3, True),
}


def make_case(task, sizes, dtype=torch.float32):
    activation, channels, by_channel = TASKS[task]
    generator = torch.Generator().manual_seed(7)
    logits = (torch.randn(2, channels, *sizes[0], generator=generator) * 3).to(dtype)
    shape = (2, channels, *sizes[1]) if by_channel else (2, *sizes[1])
    kinds = 2 if by_channel or channels == 1 else channels
    target = torch.randint(0, kinds, shape, generator=generator)
    target[torch.rand(shape, generator=generator) < 0.1] = 255
    weight = torch.rand(2, *sizes[1], generator=generator) + 0.5
    weight[torch.rand(2, *sizes[1], generator=generator) < 0.1] = 0
    names = tuple(SUMS[:8]) if activation == "softmax" else tuple(SUMS)
    return logits, target.to(torch.uint8), weight, Spec(names, activation, 255, 2.0)


def plain(case, dtype, interpolate, grad):
    """Sums and gradient of interpolation followed by the sums, in plain torch."""
    logits, target, weight, spec = case
    x = logits.detach().clone().to(dtype).requires_grad_()
    full = interpolate(x, target.shape[-2:])
    found = all_sums(full, target, weight, spec.activation, spec.ignore_index, spec.gamma)
    stacked = torch.stack([found[s] for s in spec.sums])
    (stacked * grad.to(dtype)).sum().backward()
    return stacked.detach(), x.grad


def by_torch(x, size):
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)


def upstream_of(spec, logits):
    generator = torch.Generator().manual_seed(8)
    shape = len(spec.sums), *logits.shape[:2]
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_sums_and_gradient_are_no_worse_than_interpolate_and_torch(task, sizes, dtype):
    """err(kernel, float64 truth) <= err(F.interpolate + torch in the same dtype) + tolerance."""
    case = logits, target, weight, spec = make_case(task, sizes, dtype)
    grad = upstream_of(spec, logits)
    true_sums, true_gradient = plain(case, torch.float64, upsample, grad)
    torch_sums, torch_gradient = plain(case, dtype, by_torch, grad)
    sums, unknown = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    gradient = _upsampled_numba.backward_upsampled(grad, logits, target, weight, spec)
    tolerance = 2 * torch.finfo(dtype).eps * logits.abs().max()
    scale = true_sums.abs().amax((1, 2), keepdim=True) + 1e-30
    theirs = ((torch_sums - true_sums).abs() / scale).max()
    assert ((sums - true_sums).abs() / scale).max() <= theirs + tolerance
    largest = torch.maximum(true_gradient.abs().max(), grad.abs().max())
    theirs = (torch_gradient - true_gradient).abs().max() / largest
    assert (gradient - true_gradient).abs().max() / largest <= theirs + tolerance
    assert gradient.dtype == dtype
    assert int(unknown) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_interpolated_in_float32_and_rounded_once(dtype):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    logits, target, weight, spec = make_case("softmax-5", SIZES["x4"], dtype)
    wide = logits.float(), target, weight, spec
    grad = upstream_of(spec, logits)
    sums, _ = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    gradient = _upsampled_numba.backward_upsampled(grad, logits, target, weight, spec)
    wide_sums, _ = _upsampled_numba.forward_upsampled(*wide)
    assert torch.equal(sums, wide_sums)
    assert torch.equal(gradient, _upsampled_numba.backward_upsampled(grad, *wide).to(dtype))


@pytest.mark.parametrize("task", TASKS)
def test_scale_one_is_the_dense_pass(task):
    """(h, w) = (H, W): the same sums and gradient as without upsampling, to rounding."""
    logits, target, weight, spec = make_case(task, ((20, 70), (20, 70)))
    grad = upstream_of(spec, logits)
    sums, _ = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    dense, _ = _stats_numba.forward(logits, target, weight, spec)
    gradient = _upsampled_numba.backward_upsampled(grad, logits, target, weight, spec)
    dense_gradient = _stats_numba.backward(grad, logits, target, weight, spec)
    torch.testing.assert_close(sums, dense, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(gradient, dense_gradient, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_nan_reaches_only_the_pixels_that_read_it(sizes):
    """Where every output pixel that reads a NaN logit is ignored, nothing becomes NaN."""
    logits, target, weight, spec = make_case("softmax-5", sizes)
    poisoned = logits.clone()
    poisoned[:, :, 0, 0] = torch.nan
    reads = upsample(poisoned, target.shape[-2:]).isnan().any(1)
    target = target.masked_fill(reads, 255)
    grad = upstream_of(spec, logits)
    sums, _ = _upsampled_numba.forward_upsampled(poisoned, target, weight, spec)
    clean, _ = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    gradient = _upsampled_numba.backward_upsampled(grad, poisoned, target, weight, spec)
    assert torch.equal(sums, clean)
    assert torch.equal(
        gradient, _upsampled_numba.backward_upsampled(grad, logits, target, weight, spec)
    )
    assert not gradient[:, :, 0, 0].any()


def test_a_masked_class_stays_masked():
    """A class at -inf everywhere has probability 0 and gradient 0 at every output pixel."""
    logits, target, weight, spec = make_case("softmax-5", SIZES["x3"])
    logits[:, 4] = -torch.inf
    target = target.masked_fill(target == 4, 0)
    spec = spec._replace(sums=("prob", "inter", "nll"))
    sums, _ = _upsampled_numba.forward_upsampled(logits, target, weight, spec)
    grad = torch.ones_like(sums)
    gradient = _upsampled_numba.backward_upsampled(grad, logits, target, weight, spec)
    assert sums.isfinite().all()
    assert gradient.isfinite().all()
    assert not sums[0, :, 4].any()
    assert not gradient[:, 4].any()


def test_unknown_target_values_are_counted():
    """Values that are neither class nor ignored, with their number, over phases and blocks."""
    logits, target, weight, spec = make_case("softmax-5", SIZES["wide"])
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
