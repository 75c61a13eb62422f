"""Criteria that are computed by pass and kernel in one, and the plain way beside it."""

import torch

IGNORE = 255
CRITERIA = [
    "ce+dice",
    "ce(weight=[1,0,2],label_smoothing=0.1)+0.5*tversky(alpha=0.3,beta=0.7,gamma=0.75)",
    'focal(alpha=[0.2,1,3],void="zero")+jaccard(per_image=true,absent="keep",smooth=1)',
    'poly1(epsilon=0.5)+f_beta(beta=2,classes="foreground",pool_classes=true)',
    "0.3*dice(squared=true,weight=[1,2,0],weighted_mean=false)",
]


def draw(dtype=torch.float32, classes=3, size=(6, 5)):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, classes, *size, generator=generator, dtype=dtype)
    target = torch.randint(0, classes, (2, *size), generator=generator)
    target[0, :2] = IGNORE
    return logits, target


def plain(criterion, logits, target, weight=None):
    """The loss by the pass and then the formula."""
    loss = criterion.formula(criterion.stats(logits, target, weight))
    return loss.to(torch.float64 if logits.dtype == torch.float64 else torch.float32)


def is_fused(loss):
    return "KernelLoss" in type(loss.grad_fn).__name__


def gradient(loss, logits):
    (slope,) = torch.autograd.grad(loss, logits)
    return slope
