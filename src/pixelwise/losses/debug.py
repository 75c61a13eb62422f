"""Find where a loss or a gradient is not finite; active under torch.autograd.detect_anomaly().

Otherwise a NaN passes through a loss as through any operator, and nothing is checked.
"""

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.ops.target import Ignore


def watching() -> bool:
    """Whether torch's own debug switch is on."""
    return not torch.compiler.is_compiling() and torch.is_anomaly_enabled()


def watched(where: str, logits: Tensor) -> Tensor:
    """The logits, with a check of their gradient that names the first place that is not finite.

    Raises:
        ArgumentError: in the backward pass.
    """

    def look(gradient: Tensor) -> None:
        wrong = ~gradient.isfinite()
        if bool(wrong.any()):
            raise _places(where, "the gradient of the logits", gradient, wrong)

    view = logits.view_as(logits)
    if view.requires_grad:
        view.register_hook(look)
    return view


def check_finite(
    where: str, loss: Tensor, logits: Tensor, target: Tensor, ignore_index: Ignore
) -> None:
    """Raise if the loss is not finite, naming the logits that are not at valid pixels.

    Args:
        where: first word of the message.
        loss: value of the loss ().
        logits: (N, C, *s); if they are upsampled every place counts as valid.
        target: (N, *S) class indices or (N, C, *S); a soft target has no ignored value.
        ignore_index: one ignored target value, several, or None.
    Raises:
        ArgumentError: the loss is NaN or infinite.
    """
    if bool(loss.isfinite()):
        return
    wrong = ~logits.isfinite()
    if (
        ignore_index is not None
        and logits.shape[2:] == target.shape[target.dim() - wrong.dim() + 2 :]
    ):
        values = [ignore_index] if isinstance(ignore_index, int) else list(ignore_index)
        void = torch.isin(target, torch.tensor(values, device=target.device))
        wrong = wrong & ~(void if void.dim() == wrong.dim() else void.unsqueeze(1))
    if not bool(wrong.any()):
        hint = "Look for a class whose target pixels have probability 0."
        raise ArgumentError(where, "loss", must="finite", got=loss.item(), hint=hint)
    raise _places(where, "logits", logits, wrong)


def _places(where: str, name: str, values: Tensor, wrong: Tensor) -> ArgumentError:
    place = tuple(int(i) for i in wrong.nonzero()[0])
    got = f"{values[place].item()} at {place}, {int(wrong.sum()):,} such values"
    return ArgumentError(where, name, must="finite at valid pixels", got=got)
