"""Inputs of the kernels' tests, and the truth that they are held to.

With a GPU its kernels are compiled and run on it; without one Triton interprets them on the CPU
(tests/conftest.py), which takes about half a second for a thousand pixels: shapes are small there.
"""

import torch
import torch.nn.functional as F

from oracles_ops import SUMS, sums_and_gradient, upsample
from pixelwise.ops.backends import INSTALLED
from pixelwise.ops.spec import Spec
from pixelwise.ops.unknown import TARGET, counter

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
IGNORE = 1255
if DEVICE == "cpu" and "triton" in INSTALLED:
    from ops.interpreted import hasten

    hasten()
# name -> activation, channels of the logits, whether the target has them too
TASKS = {
    **{f"softmax-{c}": ("softmax", c, False) for c in (1, 2, 3, 5, 19, 40, 150, 300, 1000)},
    "binary": ("sigmoid", 1, False),
    **{f"one-vs-rest-{c}": ("sigmoid", c, False) for c in (3, 9)},
    **{f"multi-label-{c}": ("sigmoid", c, True) for c in (3, 9)},
}


def make_case(task, size, dtype=torch.float32, low=None, images=2, gamma=2.0):
    """Logits (N, C, *low), target, weight of `size`; a tenth ignored, a tenth of weight 0."""
    activation, channels, by_channel = TASKS[task]
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(images, channels, *(low or size), generator=generator)
    kinds = 2 if by_channel or task == "binary" else channels
    shape = (images, channels, *size) if by_channel else (images, *size)
    target = torch.randint(0, kinds, shape, generator=generator, dtype=torch.int16)
    target[torch.rand(shape, generator=generator) < 0.1] = IGNORE
    weight = torch.rand(images, *size, generator=generator) + 0.5
    weight[torch.rand(images, *size, generator=generator) < 0.1] = 0
    names = tuple(SUMS[:8]) if activation == "softmax" else tuple(SUMS)
    return logits.to(dtype), target, weight, Spec(names, activation, IGNORE, gamma)


def upstream_of(case):
    """A gradient for each sum, image and class."""
    logits, _, _, spec = case
    generator = torch.Generator().manual_seed(1)
    shape = len(spec.sums), *logits.shape[:2]
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def sliced(x):
    """The same values, at every other place of a larger tensor in both spatial dimensions."""
    larger = x.new_zeros(*x.shape[:-2], x.shape[-2] * 2 + 1, x.shape[-1] * 3)
    larger[..., 1::2, ::3] = x
    return larger[..., 1::2, ::3]


def channels_last(x):
    """The same values, channels next to each other; of a target: images next to each other."""
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def run(kernels, case, grad):
    """Sums, gradient and number of unknown targets by the kernels of a module, on the CPU."""
    logits, target, weight, spec = case
    device = DEVICE if ".gpu." in kernels.__name__ else "cpu"
    suffix = "_upsampled" if kernels.__name__.endswith(".upsampled") else ""
    batch = logits.to(device), target.to(device), None if weight is None else weight.to(device)
    before = int(counter(*TARGET, batch[0].device)) if ".gpu." in kernels.__name__ else 0
    sums, unknown = getattr(kernels, f"forward{suffix}")(*batch, spec)
    gradient = getattr(kernels, f"backward{suffix}")(grad.to(device), *batch, spec)
    assert (sums.dtype, gradient.dtype) == (torch.float64, logits.dtype)
    return sums.cpu(), gradient.cpu(), int(unknown) - before


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


def check(case, found, grad, by_largest=False, truth=0.0):
    """err(kernel, float64 truth) <= err(torch in the same dtype, truth) + rounding of a logit.

    Errors of the gradient are in units of the largest number upstream or, by_largest, of the
    largest of the gradient if that is more; `truth` is what the truth itself may be off.
    """
    logits = case[0]
    exact = plain(case, torch.float64, grad, upsample)
    theirs = plain(case, logits.dtype, grad, by_torch)
    tolerance = 2 * torch.finfo(logits.dtype).eps * logits.abs().max() + truth
    unit = grad.abs().max().clamp(min=by_largest * exact[1].abs().max())
    scales = exact[0].abs().amax((1, 2), keepdim=True) + 1e-30, unit
    for ours, other, true, scale in zip(found, theirs, exact, scales):
        error, allowed = (((a - true).abs() / scale).max() for a in (ours, other))
        assert error <= allowed + tolerance


def in_both_widths(kernels, case, grad):
    """Sums and gradient of half logits, and of the same logits as float32."""
    logits, *rest = case
    return run(kernels, case, grad)[:2], run(kernels, (logits.float(), *rest), grad)[:2]
