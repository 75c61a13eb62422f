"""Losses of other libraries as their formulas say, in float64 torch. Imports nothing of ours.

Logits are (N, C, *S), targets (N, *S) with void 255. One formula covers the region losses of all
libraries; a row of a table sets its knobs.
"""

import torch
import torch.nn.functional as F

VOID = 255


def activated(logits, activation):
    return logits.softmax(1) if activation == "softmax" else logits.sigmoid()


def one_hot(target, classes):
    """(N, C, *S) float64, all zero at void."""
    return torch.stack([target == c for c in range(classes)], dim=1).double()


def region(
    logits,
    target,
    *,
    axes="image",  # "image", "batch", or "micro": an image with its classes pooled
    costs=(2, 1, 1),  # c of the overlap, a of false positives, b of false negatives
    q=1,  # power of the sums P and T
    overlap="product",  # or "distance": (P + T − Σ |p − t|^q) / 2
    smooth=(0.0, 0.0),
    clamp=0.0,
    form="one_minus",  # or "minus", "log"
    absent="keep",  # or "zero", "drop"
    weight=None,
    weighs="mean",  # mean(w l); "sum": sum(w l) / sum(w); "score": 1 − mean(w S)
    activation="softmax",
    first=0,  # the first class that counts
    hides_void=True,  # whether predictions under void are masked
):
    p, t = activated(logits.double(), activation), one_hot(target, logits.shape[1])
    if hides_void:
        p = p * (target != VOID).unsqueeze(1)
    weight = torch.ones(logits.shape[1]) if weight is None else torch.tensor(weight)
    weight = weight.double()[first:]
    inside = tuple(range(2, logits.dim()))

    def total(values):
        values = values[:, first:].sum(inside)
        if axes == "micro":
            return (weight * values).sum(1, keepdim=True)
        return values.sum(0, keepdim=True) if axes == "batch" else values

    soft, true = total(p.pow(q)), total(t.pow(q))
    both = total(p * t)
    if overlap == "distance":
        both = (soft + true - total((p - t).abs().pow(q))) / 2
    c, a, b = costs
    denominator = (c * both + a * (soft - both) + b * (true - both) + smooth[1]).clamp(min=clamp)
    score = (c * both + smooth[0]) / denominator
    forms = {"one_minus": 1 - score, "minus": -score, "log": -score.clamp(min=clamp).log()}
    if axes == "micro":
        return forms[form].mean()
    if weighs == "score":
        return 1 - (weight * score).mean()
    here = total(t) > 0
    loss = forms[form] * (here if absent == "zero" else 1)
    counted = here if absent == "drop" else torch.ones_like(here)
    factors = weight * counted
    rows = (factors * loss).sum(1) / (factors if weighs == "sum" else counted).sum(1)
    return rows.mean()


def cross_entropy(logits, target, *, divides_by, weight=None, smoothing=0.0):
    """Sum over valid pixels; divided by "all" pixels or by pixels times "channels"."""
    weight = None if weight is None else torch.tensor(weight).double()
    total = F.cross_entropy(
        logits.double(),
        target.long(),
        weight,
        ignore_index=VOID,
        label_smoothing=smoothing,
        reduction="sum",
    )
    valid = (target != VOID).sum()
    return total / {"all": target.numel(), "channels": valid * logits.shape[1]}[divides_by]


def binary_cross_entropy(logits, target, *, divides_by, pos_weight=None):
    """One class against the rest, over pixels and channels."""
    x, t = logits.double(), one_hot(target, logits.shape[1])
    positive, negative = F.softplus(-x), F.softplus(x)
    if pos_weight is not None:
        factors = torch.tensor(pos_weight).double()
        positive = positive * factors.view(1, -1, *[1] * (logits.dim() - 2))
    return _divided(t * positive + (1 - t) * negative, target, divides_by)


def lovasz_softmax(logits, target, *, classes="present", per_image=False):
    """Berman's: errors sorted downwards times the steps of the Jaccard loss, mean over classes."""
    if per_image:
        rows = zip(logits, target)
        return torch.stack(
            [lovasz_softmax(x[None], y[None], classes=classes) for x, y in rows]
        ).mean()
    valid = target != VOID
    p, y = logits.double().softmax(1).movedim(1, -1)[valid], target[valid]
    losses = []
    for c in range(logits.shape[1]):
        own = (y == c).double()
        if own.any() or classes == "all":
            errors, order = (own - p[:, c]).abs().sort(descending=True)
            losses.append((errors * _steps_of_jaccard(own[order])).sum())
    return torch.stack(losses).mean()


def _steps_of_jaccard(own):
    union = own.sum() + (1 - own).cumsum(0)
    jaccard = 1 - (own.sum() - own.cumsum(0)) / union
    return jaccard.diff(prepend=jaccard.new_zeros(1))


def deeplab_xception(logits, target, *, focal=None, weight=None):
    """Cross entropy, or its focal factor of the mean, divided by the number of images."""
    weight = None if weight is None else torch.tensor(weight).double()
    loss = F.cross_entropy(logits.double(), target.long(), weight, ignore_index=VOID)
    if focal is not None:
        gamma, alpha = focal
        loss = alpha * (1 - (-loss).exp()) ** gamma * loss
    return loss / len(logits)


def focal_sigmoid(logits, target, *, gamma, alpha=None, divides_by, weight=None):
    """α_t (1 − p_t)^γ BCE over pixels and channels."""
    x, t = logits.double(), one_hot(target, logits.shape[1])
    losses = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    losses = (1 - (-losses).exp()) ** gamma * losses
    if alpha is not None:
        losses = losses * (alpha * t + (1 - alpha) * (1 - t))
    if weight is not None:
        losses = losses * torch.tensor(weight).double().view(1, -1, *[1] * (logits.dim() - 2))
    return _divided(losses, target, divides_by)


def focal_softmax(logits, target, *, gamma, factors, divides_by):
    """−f_y (1 − p_y)^γ log p_y."""
    log_p, t = logits.double().log_softmax(1), one_hot(target, logits.shape[1])
    factors = torch.tensor(factors).double().view(1, -1, *[1] * (logits.dim() - 2))
    return _divided(-factors * t * (1 - log_p.exp()) ** gamma * log_p, target, divides_by)


def _divided(losses, target, divides_by):
    valid = (target != VOID).unsqueeze(1)
    channels = losses.shape[1]
    count = {
        "valid": valid.sum(),
        "valid channels": valid.sum() * channels,
        "all channels": target.numel() * channels,
    }[divides_by]
    return (losses * valid).sum() / count
