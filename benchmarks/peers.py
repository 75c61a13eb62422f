"""CE + Dice of every peer as a function of (logits, target), each the way its users write it.

All compute softmax cross entropy plus a Dice over softmax probabilities; they differ in smooth,
in absent classes and in whether the Dice is per image, which does not change the work.
"""

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.ops.backends import Backend
from pixelwise.ops.spec import Upsample

Loss = Callable[[Tensor, Tensor], Tensor]
IGNORE = 255


def torch_eager(logits: Tensor, target: Tensor) -> Tensor:
    """F.cross_entropy plus a plain one-hot Dice with void."""
    ce = F.cross_entropy(logits, target, ignore_index=IGNORE)
    valid = target != IGNORE
    hot = F.one_hot(target.masked_fill(~valid, 0), logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    valid = valid.unsqueeze(1)
    p, y = logits.softmax(1) * valid, hot * valid
    axes = (0, *range(2, logits.dim()))
    inter, size = (p * y).sum(axes), p.sum(axes) + y.sum(axes)
    return ce + 1 - ((2 * inter + 1e-5) / (size + 1e-5)).mean()


def nnunet_formula(logits: Tensor, target: Tensor) -> Tensor:
    """The memory-efficient soft Dice plus CE of the nnU-Net paper's code base, in plain torch."""
    ce = F.cross_entropy(logits, target, ignore_index=IGNORE)
    valid = (target != IGNORE).unsqueeze(1)
    p = logits.softmax(1)
    with torch.no_grad():
        index = target.unsqueeze(1).masked_fill(~valid, 0)
        hot = torch.zeros_like(p).scatter_(1, index, 1) * valid
        truth = hot.sum((2, 3))
    inter, prob = (p * hot).sum((2, 3)), (p * valid).sum((2, 3))
    dice = (2 * inter.sum(0) + 1e-5) / (prob.sum(0) + truth.sum(0) + 1e-5).clip(1e-8)
    return ce - dice.mean()


def make_kornia() -> Loss:
    from kornia.losses import DiceLoss

    dice = DiceLoss(average="macro", ignore_index=IGNORE)
    return lambda x, y: F.cross_entropy(x, y, ignore_index=IGNORE) + dice(x, y)


def make_monai() -> Loss:
    # its DiceCELoss has no void: it is given the same target with void set to class 0
    from monai.losses import DiceCELoss

    loss = DiceCELoss(softmax=True, to_onehot_y=True, batch=True)
    return lambda x, y: loss(x, y.masked_fill(y == IGNORE, 0).unsqueeze(1))


def make_smp() -> Loss:
    from segmentation_models_pytorch.losses import DiceLoss

    dice = DiceLoss("multiclass", ignore_index=IGNORE)
    return lambda x, y: F.cross_entropy(x, y, ignore_index=IGNORE) + dice(x, y)


def make_compiled() -> Loss:
    return torch.compile(torch_eager, dynamic=False)


def make_pixelwise(upsample: Upsample = None, backend: Backend = "auto") -> Loss:
    import pixelwise as pw

    return pw.criterion("ce+dice", upsample=upsample, backend=backend)


def upsampled(loss: Loss) -> Loss:
    """The loss after bilinear upsampling of the logits to the target's size."""

    def run(logits: Tensor, target: Tensor) -> Tensor:
        size = target.shape[1:]
        return loss(F.interpolate(logits, size, mode="bilinear", align_corners=False), target)

    return run


PEERS: dict[str, Callable[[], Loss]] = {
    "pixelwise": make_pixelwise,
    "torch eager": lambda: torch_eager,
    "torch.compile": make_compiled,
    "kornia": make_kornia,
    "MONAI": make_monai,
    "smp": make_smp,
    "nnU-Net formula": lambda: nnunet_formula,
}


def make(name: str, upsample: bool = False) -> Loss:
    """The loss of a peer; ours upsamples inside, theirs before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not upsample:
            return PEERS[name]()
        if name == "pixelwise":
            return make_pixelwise("bilinear")
        if name == "torch.compile":
            return torch.compile(upsampled(torch_eager), dynamic=False)
        return upsampled(PEERS[name]())


def draw(shape: tuple[int, ...], scale: int = 1, ours: bool = True) -> tuple[Tensor, Tensor]:
    """Logits of `shape` and a blocky target with a void band, `scale` times as large."""
    generator = torch.Generator().manual_seed(0)
    n, c, *size = shape
    logits = 3 * torch.randn(shape, generator=generator)
    coarse = torch.randint(0, c, (n, *(max(s * scale // 16, 1) for s in size)), generator=generator)
    target = F.interpolate(coarse[:, None].float(), [s * scale for s in size])[:, 0].long()
    target[:, : size[0] * scale // 12] = IGNORE
    return logits.requires_grad_(), target.to(torch.uint8) if ours else target


def step(loss: Loss, logits: Tensor, target: Tensor) -> None:
    """Forward and backward, with a freshly allocated gradient."""
    logits.grad = None
    loss(logits, target).backward()
