"""The entry point of the one pass over the logits: checks, backend, autograd, PixelStats.

Every loss is a formula on these sums, so several losses on the same logits cost one pass. A
backend computes the sums and the gradient of the logits; nothing here depends on which one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.ops.backends import Backend, choose_backend
from pixelwise.ops.definition import stats as _stats_torch
from pixelwise.ops.inputs import check_inputs
from pixelwise.ops.kernels import kernel_sums
from pixelwise.ops.spec import (
    ALL_SUMS,
    DEFINITION_ONLY,
    SHAPE_ONLY,
    SIGMOID_ONLY,
    SUMS,
    Activation,
    Spec,
    Upsample,
)
from pixelwise.ops.target import Ignore

WHERE = "pixel_stats"
COUNTS = ("valid", "target", "target2")  # the same whatever the logits are


class PixelStats:
    """Sums over valid pixels, one (N, C) float64 tensor each, differentiable in the logits.

    A sum is an attribute: `stats.prob`, `stats.inter`, ... (see ALL_SUMS for the formulas). Stats
    of two parts of the same images add up: `stats_top + stats_bottom`; those of other images are
    put together by `PixelStats.join`.

    Attributes:
        sums: all of them, (K, N, C) float64.
        names: the K sums that were computed.
        backend: the implementation that computed them.
    """

    def __init__(self, sums: Tensor, names: Sequence[str], backend: str) -> None:
        self.sums = sums
        self.names = tuple(names)
        self.backend = backend

    def __getattr__(self, name: str) -> Tensor:
        if name not in ALL_SUMS:
            raise AttributeError(f"PixelStats has no attribute {name!r}")
        if name == "target2" and name not in self.names:
            name = "target"  # class indices are 0 or 1 per class, where y² = y
        if name not in self.names:
            got = ", ".join(self.names)
            raise ArgumentError(WHERE, "sums", must=f"given with {name!r} for this", got=got)
        sums = self.sums[self.names.index(name)]
        return sums.detach() if name in COUNTS else sums

    def __add__(self, other: "PixelStats") -> "PixelStats":
        if self.names != other.names:
            raise ArgumentError("PixelStats", "sums", must=str(self.names), got=other.names)
        return PixelStats(self.sums + other.sums, self.names, self.backend)

    @staticmethod
    def join(parts: Sequence["PixelStats"]) -> "PixelStats":
        """The stats of several batches of images as those of one batch with all images."""
        names = {part.names for part in parts}
        if len(names) != 1:
            raise ArgumentError("PixelStats", "sums", must="the same in all parts", got=names)
        sums = torch.cat([part.sums for part in parts], dim=1)
        return PixelStats(sums, parts[0].names, parts[0].backend)

    def over_batch(self) -> "PixelStats":
        """The sums of all images together, each (1, C)."""
        return PixelStats(self.sums.sum(dim=1, keepdim=True), self.names, self.backend)

    def with_pixels(self, number: int) -> "PixelStats":
        """The stats with the sum "pixels", of images of so many pixels."""
        pixels = self.sums.new_full((1, *self.sums.shape[1:]), number)
        return PixelStats(torch.cat([self.sums, pixels]), (*self.names, *SHAPE_ONLY), self.backend)

    def __repr__(self) -> str:
        shape = tuple(self.sums.shape[1:])
        return f"PixelStats({', '.join(self.names)}; each {shape}, backend={self.backend!r})"


def pixel_stats(
    logits: Tensor,
    target: Tensor,
    activation: Activation = "softmax",
    ignore_index: Ignore = 255,
    weight: Tensor | None = None,
    sums: Sequence[str] | None = None,
    gamma: float | None = None,
    upsample: Upsample = None,
    backend: Backend = "auto",
    soft_target: bool = False,
) -> PixelStats:
    """Reduce logits and target to sums per image and class, in one pass over the logits.

    prob_c = Σ w p_c,  inter_c = Σ w p_c y_c,  nll_c = Σ w y_c (−log p_c),  ... over valid pixels

    Ignored pixels enter no sum; their gradient is exactly 0 whatever their logits are. A class at
    -inf has probability 0; a pixel with all classes at -inf, or NaN, makes its sums NaN. +inf is a
    decision for sigmoid and between two classes, and NaN among more. Upsampling does not read a
    neighbour of weight 0, whatever it holds.

    Args:
        logits: (N, C, *S) floating point, raw output of a network, any number of spatial axes.
        target: (N, *S) class indices of any integer dtype. With sigmoid and C = 1 the indices are
            0 and 1; with sigmoid and C > 1 they select one class against the rest, and
            (N, C, *S) of 0 and 1 are several classes at once.
        activation: "softmax" (one class per pixel) or "sigmoid".
        ignore_index: ignored target value, several of them, or None.
        weight: (N, *S) factor per pixel >= 0, or bool; 0 and False ignore the pixel.
        sums: which sums, names of ALL_SUMS; None = all of SUMS that the activation has (focal if
            gamma is set).
        gamma: exponent of the focal sums, >= 0.
        upsample: "bilinear" brings (N, C, h, w) logits to the target's (H, W) inside the pass
            (align_corners=False); None = the sizes must be equal.
        backend: "auto", or one of BACKENDS.
        soft_target: the target is (N, C, *S) floating point: with softmax the probabilities of a
            pixel's classes, with sigmoid a probability per channel. Its void pixels are those of
            weight 0, ignore_index has no meaning. Only the backend "torch" computes it.
    Returns:
        PixelStats with one (N, C) float64 tensor per sum.
    Raises:
        ArgumentError: shapes, names or values that do not fit; unknown target values, with their
            pixel counts and first place (on a GPU counted, and raised by raise_if_unknown).
        ArgumentTypeError: logits are not floating point, or target is not of an integer dtype.
        BackendError: the backend that was asked for cannot run here.
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits, target = torch.zeros(1, 2, 3), torch.tensor([[0, 1, 255]])
        >>> stats = pw.pixel_stats(logits, target)
        >>> stats.valid.tolist(), stats.prob.tolist(), stats.inter.tolist()
        ([[2.0, 2.0]], [[1.0, 1.0]], [[0.5, 0.5]])
    """
    target, weight, ignored = check_inputs(
        WHERE, logits, target, activation, ignore_index, weight, upsample, soft_target
    )
    spec_sums = check_sums(sums, activation, gamma, soft_target)
    rare = "soft targets" if soft_target else ", ".join(set(spec_sums) & set(DEFINITION_ONLY))
    chosen = choose_backend(backend, logits, definition_for=rare)
    passed = passed_sums(spec_sums)
    spec = Spec(passed, activation, ignored, 2.0 if gamma is None else float(gamma))
    if chosen == "torch":
        table = _stats_torch.sums(logits, target, weight, spec)
    else:
        table = kernel_sums(logits, target, weight, spec, chosen)
    stats = PixelStats(table, passed, chosen)
    if "pixels" not in spec_sums:
        return stats
    return stats.with_pixels(target.shape[target.dim() - logits.dim() + 2 :].numel())


def passed_sums(sums: Sequence[str]) -> tuple[str, ...]:
    """Those of checked sums that a pass computes."""
    return tuple(s for s in sums if s not in SHAPE_ONLY) or ("valid",)


def check_sums(
    sums: Sequence[str] | None, activation: str, gamma: float | None, soft_target: bool
) -> tuple[str, ...]:
    """The sums of pixel_stats in the order of ALL_SUMS, or raise."""
    if gamma is not None:
        check_range(WHERE, "gamma", gamma, low=0)
    allowed = [s for s in ALL_SUMS if activation == "sigmoid" or s not in SIGMOID_ONLY]
    if sums is None:
        return tuple(
            s for s in allowed if s in SUMS and (gamma is not None or not s.startswith("focal"))
        )
    for name in sums:
        check_choice(WHERE, "sums", name, allowed)
    wanted = set(sums)
    if "target2" in wanted and not soft_target:
        wanted = (wanted - {"target2"}) | {"target"}
    return tuple(s for s in ALL_SUMS if s in wanted)
