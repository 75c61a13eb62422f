"""The definition of every sum, in plain torch. The other backends are checked against this file.

Differentiable any number of times, on any device, under every torch transform; it holds a few
tensors of the size of the logits, which the other backends avoid.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.spec import Spec
from pixelwise.ops.target import class_index


def sums(logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec) -> Tensor:
    """Sums over valid pixels, (len(spec.sums), N, C) float64; see SUMS for the formulas.

    Logits whose spatial size differs from the target's are upsampled bilinearly to it.

    Args:
        logits: (N, C, *S) floating point.
        target: (N, *S), or (N, C, *S) for multi-label sigmoid; integer.
        weight: (N, *S) factor per pixel, >= 0, 0 = ignored; or None.
        spec: which sums, of which activation.
    """
    channels = logits.shape[1]
    multilabel = target.dim() == logits.dim()
    size = target.shape[2 if multilabel else 1 :]
    x = logits.to(compute_dtype(logits.dtype))
    if x.shape[2:] != size:
        x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    x = x.flatten(2) if size else x.unsqueeze(2)

    binary = spec.activation == "sigmoid" and (multilabel or channels == 1)
    index = class_index(target, 2 if binary else channels, spec.ignore_index, "pixel_stats")
    index = index.reshape(x.shape[0], channels if multilabel else 1, x.shape[2])
    valid = index >= 0
    w = valid.to(x.dtype)
    if weight is not None:
        pixel = weight.to(x.dtype).reshape(x.shape[0], 1, x.shape[2])
        valid = valid & (pixel > 0)
        w = torch.where(valid, pixel, pixel.new_zeros(()))
    # an ignored logit is replaced before it is read: no NaN gets through, its gradient is exactly 0
    x = torch.where(valid, x, x.new_zeros(()))

    if spec.activation == "softmax":
        table = _softmax_sums(x, index.clamp(min=0), w, spec)
    elif binary:
        table = _sigmoid_sums(x, index == 1, w, spec)
    else:
        classes = torch.arange(channels, device=x.device).view(1, -1, 1)
        table = _sigmoid_sums(x, index == classes, w, spec)
    return torch.stack([table[name]() for name in spec.sums])


def _softmax_sums(x, index, w, spec):
    log_p = F.log_softmax(x, dim=1)
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


def _sigmoid_sums(x, y, w, spec):
    log_p, log_q = F.logsigmoid(x), F.logsigmoid(-x)
    p = x.sigmoid()

    def over_pixels(value):
        return value.sum(-1, dtype=torch.float64).expand(x.shape[:2])

    # `where` and not a product: 0 · (−log 0) would be NaN
    def of(members, value):
        return over_pixels(torch.where(members, value * w, value.new_zeros(())))

    return {
        "valid": lambda: over_pixels(w),
        "target": lambda: of(y, torch.ones_like(x)),
        "prob": lambda: over_pixels(p * w),
        "inter": lambda: of(y, p),
        "prob2": lambda: over_pixels(p * p * w),
        "nll": lambda: of(y, -log_p),
        "nll_all": lambda: over_pixels(-log_p * w),
        "focal": lambda: of(y, _focal(log_p, spec.gamma)),
        "nll_neg": lambda: of(~y, -log_q),
        "focal_neg": lambda: of(~y, _focal(log_q, spec.gamma)),
    }


def _focal(log_p, gamma):
    """(1−p)^γ (−log p); 1−p is kept off 0, where its power has an infinite slope for γ < 1."""
    q = (-torch.expm1(log_p)).clamp(min=torch.finfo(log_p.dtype).tiny)
    return q.pow(gamma) * -log_p
