"""The sums of `pixel_stats` in plain float64 torch, written for reading; imports nothing of ours.

Values and, by autograd, gradients. Ignored pixels are removed before anything is computed, so
whatever their logits hold cannot matter.
"""

import torch
import torch.nn.functional as F

SUMS = ["valid", "target", "prob", "inter", "prob2", "nll", "nll_all", "focal"]
SUMS += ["nll_neg", "focal_neg"]  # of sigmoid only


def all_sums(logits, target, weight=None, activation="softmax", ignore_index=None, gamma=2.0):
    """Every sum of SUMS as {name: (N, C)}, in the dtype of the logits, differentiable.

    Args:
        logits: (N, C, *S).
        target: (N, *S) class index or, for sigmoid, (N, C, *S) zeros and ones.
        weight: (N, *S) or None.
    """
    channels = logits.shape[1]
    target = target.long()
    by_channel = target.dim() == logits.dim()
    w = torch.ones_like(target, dtype=logits.dtype)
    if weight is not None:
        w = w * (weight.unsqueeze(1) if by_channel else weight).to(logits.dtype)
    w = w * (target != ignore_index) if ignore_index is not None else w
    valid = (w if by_channel else w.unsqueeze(1)).expand_as(logits) != 0
    w = (w if by_channel else w.unsqueeze(1)).expand_as(logits)
    if by_channel:
        y = (target == 1).to(logits.dtype)
    elif channels == 1 and activation == "sigmoid":
        y = (target == 1).to(logits.dtype).unsqueeze(1)
    else:
        classes = torch.arange(channels).view(1, -1, *[1] * (logits.dim() - 2))
        y = (target.unsqueeze(1) == classes).to(logits.dtype)
    x = torch.where(valid, logits, 0.0)
    if activation == "softmax":
        log_p = F.log_softmax(x, 1)
        log_q = torch.zeros_like(x)
    else:
        log_p, log_q = F.logsigmoid(x), F.logsigmoid(-x)
    p = log_p.exp()
    q = log_q.exp() if activation == "sigmoid" else 1 - p
    terms = {
        "valid": w,
        "target": w * y,
        "prob": w * p,
        "inter": w * p * y,
        "prob2": w * p * p,
        "nll": w * y * -log_p,
        "nll_all": w * -log_p,
        "focal": w * y * q**gamma * -log_p,
        "nll_neg": w * (1 - y) * -log_q,
        "focal_neg": w * (1 - y) * p**gamma * -log_q,
    }
    return {
        name: torch.where(valid, t, 0.0).reshape(*t.shape[:2], -1).sum(2)
        for name, t in terms.items()
    }


def sums_and_gradient(logits, target, weight, activation, ignore_index, gamma, sums, upstream):
    """Sums (len(sums), N, C) and the gradient of (sums * upstream).sum(), both detached."""
    x = logits.detach().clone().requires_grad_()
    found = all_sums(x, target, weight, activation, ignore_index, gamma)
    stacked = torch.stack([found[s] for s in sums])
    (stacked * upstream.to(stacked.dtype)).sum().backward()
    return stacked.detach(), x.grad


def upsample(logits, size):
    """Bilinear interpolation (N, C, h, w) to (N, C, H, W), align_corners=False, by its formula."""
    for dim, length in ((-2, size[0]), (-1, size[1])):
        old = logits.shape[dim]
        # ((i + ½) old / length - ½) in units of 1 / (2 length), so that only t itself is rounded
        at = ((2 * torch.arange(length) + 1) * old - length).clamp(min=0)
        low = (at // (2 * length)).clamp(max=old - 1)
        high = (low + 1).clamp(max=old - 1)
        shape = [length, 1] if dim == -2 else [length]
        t = ((at % (2 * length)).double() / (2 * length)).to(logits.dtype).view(shape)
        logits = logits.index_select(dim, low) * (1 - t) + logits.index_select(dim, high) * t
    return logits
