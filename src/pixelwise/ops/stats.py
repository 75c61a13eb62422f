"""The door to the one pass over the logits: checks, backend, autograd, PixelStats.

Every loss is a formula on these sums, so several losses on the same logits cost one pass. A
backend computes the sums and the gradient of the logits; nothing here depends on which one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    check_choice,
    check_range,
    check_shape,
    sentence,
)
from pixelwise.ops import _stats_torch
from pixelwise.ops.activations import check_logits
from pixelwise.ops.backends import choose_backend
from pixelwise.ops.kernels import kernel_sums
from pixelwise.ops.spec import SIGMOID_ONLY, SUMS, Spec
from pixelwise.ops.target import Ignore, check_target_dtype, merge_ignored

WHERE = "pixel_stats"


class PixelStats:
    """Sums over valid pixels, one (N, C) float64 tensor each, differentiable in the logits.

    A sum is an attribute: `stats.prob`, `stats.inter`, ... (see SUMS for the formulas). Stats of
    two parts of the same images add up: `stats_top + stats_bottom`.

    Attributes:
        names: the sums that were computed.
        backend: the implementation that computed them.
    """

    def __init__(self, sums: Tensor, names: Sequence[str], backend: str) -> None:
        self.sums = sums
        self.names = tuple(names)
        self.backend = backend

    def __getattr__(self, name: str) -> Tensor:
        if name not in SUMS:
            raise AttributeError(f"PixelStats has no attribute {name!r}")
        if name not in self.names:
            got = ", ".join(self.names)
            raise ArgumentError(sentence(WHERE, "sums", f"given with {name!r} for this", got))
        return self.sums[self.names.index(name)]

    def __add__(self, other: "PixelStats") -> "PixelStats":
        if self.names != other.names:
            raise ArgumentError(sentence("PixelStats", "sums", str(self.names), other.names))
        return PixelStats(self.sums + other.sums, self.names, self.backend)

    def over_batch(self) -> "PixelStats":
        """The sums of all images together, each (1, C)."""
        return PixelStats(self.sums.sum(dim=1, keepdim=True), self.names, self.backend)

    def __repr__(self) -> str:
        shape = tuple(self.sums.shape[1:])
        return f"PixelStats({', '.join(self.names)}; each {shape}, backend={self.backend!r})"


def pixel_stats(
    logits: Tensor,
    target: Tensor,
    activation: str = "softmax",
    ignore_index: Ignore = 255,
    weight: Tensor | None = None,
    sums: Sequence[str] | None = None,
    gamma: float | None = None,
    upsample: str | None = None,
    backend: str = "auto",
) -> PixelStats:
    """Reduce logits and target to sums per image and class, in one pass over the logits.

    prob_c = Σ w p_c,  inter_c = Σ w p_c y_c,  nll_c = Σ w y_c (−log p_c),  ... over valid pixels

    Ignored pixels enter no sum; their gradient is exactly 0 whatever their logits are.

    Args:
        logits: (N, C, *S) floating point, raw output of a network, any number of spatial axes.
        target: (N, *S) class indices of any integer dtype. With sigmoid and C = 1 the indices are
            0 and 1; with sigmoid and C > 1 they select one class against the rest, and
            (N, C, *S) of 0 and 1 are several classes at once.
        activation: "softmax" (one class per pixel) or "sigmoid".
        ignore_index: ignored target value, several of them, or None.
        weight: (N, *S) factor per pixel >= 0, or bool; 0 and False ignore the pixel.
        sums: which sums, names of SUMS; None = all that the activation has (focal if gamma is set).
        gamma: exponent of the focal sums, >= 0.
        upsample: "bilinear" brings (N, C, h, w) logits to the target's (H, W) inside the pass
            (align_corners=False); None = the sizes must be equal.
        backend: "auto", or one of BACKENDS.
    Returns:
        PixelStats with one (N, C) float64 tensor per sum.
    Raises:
        ArgumentError: shapes, names or values that do not fit; unknown target values, with their
            pixel counts and first place.
        ArgumentTypeError: logits are not floating point, or target is not of an integer dtype.
        BackendError: the backend that was asked for cannot run here.
    """
    check_logits(WHERE, logits, activation)
    target = check_target_dtype(WHERE, target)
    _check_sizes(logits, target, activation, upsample)
    weight = _check_weight(weight, logits, target)
    spec_sums = _check_sums(sums, activation, gamma)
    target, ignored = merge_ignored(target, ignore_index)
    spec = Spec(spec_sums, activation, ignored, 2.0 if gamma is None else float(gamma))
    chosen = choose_backend(backend, logits)
    if chosen == "torch":
        table = _stats_torch.sums(logits, target, weight, spec)
    else:
        table = kernel_sums(logits, target, weight, spec, chosen)
    return PixelStats(table, spec.sums, chosen)


def _check_sizes(logits: Tensor, target: Tensor, activation: str, upsample: str | None) -> None:
    multilabel = activation == "sigmoid" and target.dim() == logits.dim()
    lead = tuple(logits.shape[: 2 if multilabel else 1])
    letters = "(N, C, *S)" if multilabel else "(N, *S)"
    if target.device != logits.device:
        raise ArgumentError(sentence(WHERE, "target", f"on {logits.device}", target.device))
    if upsample is None:
        hint = ""
        if target.dim() == logits.dim() and target.shape[1] == 1 and not multilabel:
            hint = "Remove the channel axis: target.squeeze(1)."
        elif target.dim() == len(lead) + logits.dim() - 2:
            hint = 'Sizes may differ only with upsample="bilinear".'
        check_shape(WHERE, "target", target.shape, (*lead, *logits.shape[2:]), letters, hint)
        return
    check_choice(WHERE, "upsample", upsample, ("bilinear",))
    if logits.dim() != 4:
        got = tuple(logits.shape)
        raise ArgumentError(sentence(WHERE, "logits", "(N, C, h, w) for upsample", got))
    letters = letters.replace("*S", "H, W")
    check_shape(WHERE, "target", target.shape, (*lead, None, None), letters)
    if any(big < small for big, small in zip(target.shape[-2:], logits.shape[2:])):
        raise ArgumentError(
            sentence(
                WHERE,
                "target",
                f"at least as large as the logits {tuple(logits.shape[2:])} to be upsampled to",
                tuple(target.shape[-2:]),
            )
        )
    if 0 in logits.shape[2:] and target.numel():
        got = tuple(logits.shape)
        raise ArgumentError(sentence(WHERE, "logits", "of at least 1x1 pixel to upsample", got))


def _check_weight(weight: Tensor | None, logits: Tensor, target: Tensor) -> Tensor | None:
    if weight is None:
        return None
    if not isinstance(weight, Tensor) or weight.is_complex():
        raise ArgumentTypeError(f"{WHERE}: weight must be a real tensor, got {weight!r}.")
    multilabel = target.dim() == logits.dim()
    shape = (target.shape[0], *target.shape[2 if multilabel else 1 :])
    check_shape(WHERE, "weight", weight.shape, shape, "(N, *S)")
    if weight.device != logits.device:
        raise ArgumentError(sentence(WHERE, "weight", f"on {logits.device}", weight.device))
    weight = weight.detach().to(torch.float64 if weight.dtype == torch.float64 else torch.float32)
    if weight.numel() and not _traced(weight):
        # one comparison catches negative values and NaN, which compares false
        wrong = ~((weight >= 0) & weight.isfinite())
        if bool(wrong.any()):
            place = tuple(int(i) for i in wrong.nonzero()[0])
            got = f"{weight[place].item()} at {place}"
            raise ArgumentError(sentence(WHERE, "weight", "finite and >= 0 at every pixel", got))
    return weight


def _check_sums(
    sums: Sequence[str] | None, activation: str, gamma: float | None
) -> tuple[str, ...]:
    if gamma is not None:
        check_range(WHERE, "gamma", gamma, low=0)
    allowed = [s for s in SUMS if activation == "sigmoid" or s not in SIGMOID_ONLY]
    if sums is None:
        return tuple(s for s in allowed if gamma is not None or not s.startswith("focal"))
    for name in sums:
        check_choice(WHERE, "sums", name, allowed)
    return tuple(s for s in SUMS if s in set(sums))


def _traced(tensor: Tensor) -> bool:
    """Whether values cannot be looked at: inside torch.compile or a functorch transform."""
    return torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(tensor)
