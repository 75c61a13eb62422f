"""The definition of every sum, in plain torch. The other backends are checked against this file.

Differentiable any number of times, on any device, under every torch transform; it holds a few
tensors of the size of the logits, which the other backends avoid.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.ops.operators import traced
from pixelwise.ops.pixels import to_pixels
from pixelwise.ops.spec import Spec


def sums(logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec) -> Tensor:
    """Sums over valid pixels, (len(spec.sums), N, C) float64; see ALL_SUMS for the formulas.

    Logits whose spatial size differs from the target's are upsampled bilinearly to it.

    Args:
        logits: (N, C, *S) floating point.
        target: (N, *S) integer, or (N, C, *S) for multi-label sigmoid; (N, C, *S) floating point
            if it is soft.
        weight: (N, *S) factor per pixel, >= 0, 0 = ignored; or None.
        spec: which sums, of which activation.
    """
    args = logits, target, weight, spec.activation, spec.ignore_index
    pixels = to_pixels("pixel_stats", *args)
    x, w = pixels.logits, pixels.weight
    if spec.activation == "sigmoid":
        y = pixels.target if target.is_floating_point() else pixels.members()
        table = _sums(F.logsigmoid(x), F.logsigmoid(-x), x.sigmoid(), y.to(x.dtype), w, spec)
    elif target.is_floating_point():
        log_p = _log_softmax(x)
        table = _sums(log_p, None, log_p.exp(), pixels.target, w, spec)
    else:
        table = _class_sums(x, pixels.target.clamp(min=0), w, spec)
    return torch.stack([table[name]() for name in spec.sums])


def _class_sums(x, index, w, spec):
    """Softmax with one class a pixel: own-class sums are gathered, no one-hot is made."""
    log_p = _log_softmax(x)
    p = log_p.exp()
    own_log_p = log_p.gather(1, index)

    def over_pixels(value):
        return value.sum(-1, dtype=torch.float64)

    def per_own_class(value):
        zero = torch.zeros(x.shape[:2], dtype=torch.float64, device=x.device)
        return zero.scatter_add(1, index.squeeze(1), value.squeeze(1).double())

    return {
        "valid": lambda: over_pixels(w).expand(x.shape[:2]),
        "target": lambda: per_own_class(w),
        "prob": lambda: over_pixels(p * w),
        "inter": lambda: per_own_class(p.gather(1, index) * w),
        "prob2": lambda: over_pixels(p * p * w),
        "nll": lambda: per_own_class(-own_log_p * w),
        "nll_all": lambda: over_pixels(-log_p * w),
        "focal": lambda: per_own_class(_focal(own_log_p, spec.gamma) * w),
    }


def _sums(log_p, log_q, p, y, w, spec):
    """Any activation with p, q = 1 − p and any y in 0..1, each (N, C, P)."""

    def over_pixels(value):
        return value.sum(-1, dtype=torch.float64).expand(p.shape[:2])

    # `where` and not a product alone: 0 · (−log 0) would be NaN
    def where(share, value):
        return torch.where(share > 0, value, value.new_zeros(()))

    def of(share, value):
        return over_pixels(where(share, share * value * w))

    return {
        "valid": lambda: over_pixels(w),
        "target": lambda: of(y, torch.ones_like(p)),
        "prob": lambda: over_pixels(p * w),
        "inter": lambda: of(y, p),
        "prob2": lambda: over_pixels(p * p * w),
        "nll": lambda: of(y, -log_p),
        "nll_all": lambda: over_pixels(-log_p * w),
        "focal": lambda: of(y, _focal(where(y, log_p), spec.gamma)),
        "nll_neg": lambda: of(1 - y, -log_q),
        "focal_neg": lambda: of(1 - y, _focal(where(1 - y, log_q), spec.gamma)),
        "target2": lambda: of(y, y),
        "nll_neg_all": lambda: over_pixels(-log_q * w),
    }


def _log_softmax(x):
    """log p; of two classes +inf against a smaller logit is a decision as in the kernels, not NaN.

    Two classes are a sigmoid of x_1 − x_0, which is infinite there and not x − max = inf − inf.
    """
    if x.shape[1] != 2 or (not traced(x) and x.detach().sum().isfinite()):
        return F.log_softmax(x, dim=1)
    gap = x[:, 1:] - x[:, :1]
    decided, zero = gap.isinf(), x.new_zeros(())
    both = F.logsigmoid(torch.where(decided, torch.cat([-gap, gap], 1), zero))
    return torch.where(decided, both, F.log_softmax(torch.where(decided, zero, x), dim=1))


def _focal(log_p, gamma):
    """(1−p)^γ (−log p); 1−p is kept off 0, where its power has an infinite slope for γ < 1."""
    # at p = 0 the slope of 1−p is 0, and would meet an infinite loss
    log_p_or_0 = torch.where(log_p == -torch.inf, log_p.new_full((), -1e3), log_p)
    q = (-torch.expm1(log_p_or_0)).clamp(min=torch.finfo(log_p.dtype).tiny)
    return q.pow(gamma) * -log_p
