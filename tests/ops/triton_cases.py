"""Inputs of the GPU kernels' tests, and the truth that they are held to.

With a GPU the kernels are compiled and run on it; without one Triton interprets them on the CPU
(tests/conftest.py), which takes about a second for a thousand pixels: shapes are small.
"""

import torch
import torch.nn.functional as F

from oracles_ops import SUMS, sums_and_gradient, upsample
from pixelwise.ops.spec import Spec

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
VOID = 255
# activation, channels of the logits, whether the target has them too
TASKS = {
    "softmax-2": ("softmax", 2, False),
    "softmax-5": ("softmax", 5, False),
    "softmax-19": ("softmax", 19, False),
    "softmax-300": ("softmax", 300, False),  # more than one program handles
    "binary": ("sigmoid", 1, False),
    "one-vs-rest": ("sigmoid", 9, False),  # more than one program handles
    "multi-label": ("sigmoid", 9, True),
}


def make_case(task, size, dtype=torch.float32, low=None, images=2, gamma=2.0):
    """Logits (N, C, *low), target, weight of `size`; a tenth ignored, a tenth of weight 0."""
    activation, channels, by_channel = TASKS[task]
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(images, channels, *(low or size), generator=generator)
    kinds = 2 if by_channel or channels == 1 else channels
    shape = (images, channels, *size) if by_channel else (images, *size)
    target = torch.randint(0, kinds, shape, generator=generator, dtype=torch.int16)
    target[torch.rand(shape, generator=generator) < 0.1] = 999
    weight = torch.rand(images, *size, generator=generator) + 0.5
    weight[torch.rand(images, *size, generator=generator) < 0.1] = 0
    names = tuple(SUMS[:8]) if activation == "softmax" else tuple(SUMS)
    return logits.to(dtype), target, weight, Spec(names, activation, 999, gamma)


def upstream_of(case):
    """A gradient for each sum, image and class."""
    logits, _, _, spec = case
    generator = torch.Generator().manual_seed(1)
    shape = len(spec.sums), *logits.shape[:2]
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def run(kernels, case, grad, suffix=""):
    """Sums, gradient and number of unknown targets by the kernels of a module, on the CPU."""
    logits, target, weight, spec = case
    batch = logits.to(DEVICE), target.to(DEVICE), None if weight is None else weight.to(DEVICE)
    sums, unknown = getattr(kernels, f"forward{suffix}")(*batch, spec)
    gradient = getattr(kernels, f"backward{suffix}")(grad.to(DEVICE), *batch, spec)
    assert (sums.dtype, gradient.dtype) == (torch.float64, logits.dtype)
    return sums.cpu(), gradient.cpu(), int(unknown)


def plain(case, dtype, grad, interpolate):
    """Sums and gradient in plain torch, in one dtype throughout."""
    logits, target, weight, spec = case
    x = logits.to(dtype).requires_grad_()
    same = x.shape[2:] == target.shape[target.dim() - x.dim() + 2 :]
    full = x if same else interpolate(x, target.shape[-2:])
    options = target, weight, spec.activation, spec.ignore_index, spec.gamma, spec.sums, grad
    sums, slope = sums_and_gradient(full.detach(), *options)
    return sums, torch.autograd.grad(full, x, slope.to(dtype))[0]


def by_torch(x, size):
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)


def check(case, found, grad):
    """err(kernel, float64 truth) <= err(torch in the same dtype, truth) + rounding of a logit."""
    logits = case[0]
    truth = plain(case, torch.float64, grad, upsample)
    theirs = plain(case, logits.dtype, grad, by_torch)
    tolerance = 2 * torch.finfo(logits.dtype).eps * logits.abs().max()
    scales = truth[0].abs().amax((1, 2), keepdim=True) + 1e-30, grad.abs().max()
    for ours, other, exact, scale in zip(found, theirs, truth, scales):
        error, allowed = (((a - exact).abs() / scale).max() for a in (ours, other))
        assert error <= allowed + tolerance


def check_half(kernels, case, grad, suffix=""):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    logits, *rest = case
    sums, gradient, _ = run(kernels, case, grad, suffix)
    wide_sums, wide_gradient, _ = run(kernels, (logits.float(), *rest), grad, suffix)
    torch.testing.assert_close(sums, wide_sums, rtol=1e-6, atol=1e-6)
    rounding = torch.finfo(logits.dtype).eps
    torch.testing.assert_close(gradient.float(), wide_gradient, rtol=rounding, atol=1e-6)
