"""Criterion: a loss on PixelStats that is also an nn.Module, and the algebra of such losses.

Terms that are added share one pass over the logits: the sum asks for the union of their sums. A
term that is not a function of sums (see on_logits.py) is given the logits beside that pass.
"""

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, check_range
from pixelwise.losses.debug import check_finite, watched, watching
from pixelwise.losses.fused import fused_loss
from pixelwise.losses.options import Factors, check_options, spell_out
from pixelwise.losses.presets import preset_options
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.backends import BACKENDS, Backend
from pixelwise.ops.formula import Mean, Numbers, Ratio
from pixelwise.ops.operators import watched_values
from pixelwise.ops.spec import ACTIVATIONS, ALL_SUMS, Activation, Upsample
from pixelwise.ops.stats import PixelStats, pixel_stats
from pixelwise.ops.target import Ignore

# factors -> (device, dtype, version) -> their copy: copying to a GPU at every step waits for it
_COPIES = WeakTensorKeyDictionary()


class Criterion(nn.Module):
    """A loss; by default one computed from the sums of one pass over the logits.

    Call it as `loss = criterion(logits, target)`; combine as `a + 0.5 * b`. Sums that exist already
    need no second pass: `Dice().formula(stats)`.

    Attributes:
        sums: names of the sums that the formula needs; none for a loss on logits.
        activation: "softmax" or "sigmoid", applied inside the pass.
        focal_gamma: exponent of the focal sums, or None if the formula needs none.
        ignore_index: ignored target value, several of them, or None.
        upsample: "bilinear" brings logits to the target's size inside the pass; None = equal sizes.
        backend: implementation of the pass, "auto" or one of BACKENDS; None if it makes no pass.
        axes: numbers of spatial axes that it is defined for, if neighbouring pixels matter to it;
            None if the place of a pixel does not matter.
        ranks_pixels: whether it sorts pixels, so that its gradient jumps where two are equally
            wrong.
        has_background: whether class 0 of several is the background to it, unlike all others.
    """

    axes: tuple[int, ...] | None = None
    ranks_pixels = False
    has_background = False

    # what has to agree for two losses to be added; the last two only where they apply
    SHARED = ("activation", "ignore_index", "upsample", "backend", "focal_gamma")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        spell_out(cls)

    def __new__(cls, *unnamed: object, **options: object) -> Self:
        check_options(cls, options, unnamed)
        return super().__new__(cls)

    def __init__(
        self,
        sums: Sequence[str],
        activation: Activation,
        focal_gamma: float | None = None,
        *,
        ignore_index: Ignore = 255,
        upsample: Upsample = None,
        backend: Backend | None = "auto",
    ) -> None:
        """What a subclass declares of its formula, and the settings of the pass."""
        super().__init__()
        name = type(self).__name__
        check_choice(name, "activation", activation, ACTIVATIONS)
        check_choice(name, "upsample", upsample, (None, "bilinear"))
        check_choice(name, "backend", backend, (None, "auto", *BACKENDS))
        self.sums = tuple(s for s in ALL_SUMS if s in set(sums))
        self.activation = activation
        self.focal_gamma = focal_gamma
        several = ignore_index is not None and not isinstance(ignore_index, int)
        self.ignore_index: Ignore = tuple(ignore_index) if several else ignore_index  # type: ignore[arg-type]
        self.upsample = upsample
        self.backend = backend

    if TYPE_CHECKING:  # nn.Module types its __call__ as Callable[..., Any]

        def __call__(
            self,
            logits: Tensor,
            target: Tensor,
            weight: Tensor | None = None,
            soft_target: bool = False,
        ) -> Tensor: ...

    def formula(self, stats: PixelStats) -> Tensor:
        """The loss as a float64 scalar from the sums."""
        raise NotImplementedError(f"{type(self).__name__} must define formula(stats)")

    def as_term(self, classes: int) -> Mean | Ratio | None:  # noqa: ARG002
        """The same formula as numbers, for C classes, which one kernel computes; None if it has no
        such form. A subclass that defines anything but options inherits it not, see losses/fused.

        Raises:
            ArgumentError: as formula, for stats of C classes.
        """
        return None

    def stats(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> PixelStats:
        """The sums that the formula needs, by one pass over the logits."""
        return pixel_stats(
            logits,
            target,
            activation=self.activation,
            ignore_index=self.ignore_index,
            weight=weight,
            sums=self.sums,
            gamma=self.focal_gamma,
            upsample=self.upsample,
            backend=self.backend or "auto",
            soft_target=soft_target,
        )

    def value(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> Tensor:
        """The loss as a float64 scalar from the logits; arguments as forward."""
        batch = logits, target, weight, soft_target
        loss = fused_loss(self, *batch, torch.float64)
        return self.formula(self.stats(*batch)) if loss is None else loss

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            logits: (N, C, *S) floating point, raw output of a network.
            target: (N, *S) class indices, see pixel_stats.
            weight: (N, *S) factor per pixel, >= 0; None = 1 everywhere.
            soft_target: the target is (N, C, *S) of probabilities, see pixel_stats; void pixels
                are those of weight 0.
        Returns:
            Scalar (), float32; float64 for float64 logits; 0 with zero gradient if nothing is
            valid.
        Raises:
            ArgumentError, ArgumentTypeError, BackendError: as pixel_stats; under
                torch.autograd.detect_anomaly() also where a loss or gradient is not finite.
        """
        debug, name = watching(), type(self).__name__
        loss = None if debug else fused_loss(self, logits, target, weight, soft_target)
        if loss is not None:
            return loss
        logits = watched(name, logits) if debug else logits
        value = self.value(logits, target, weight, soft_target)
        if debug:
            check_finite(name, value, logits, target, None if soft_target else self.ignore_index)
        return value.to(compute_dtype(logits.dtype))

    @classmethod
    def like(cls, preset: str, **options: object) -> Self:
        """This loss as another library computes it by default; see presets.PRESETS.

        Dice.like("smp>=0.4", smooth=1) is Dice(absent="zero", smooth=2)

        Args:
            preset: library and release, a key of PRESETS.
            options: arguments of this class that the library's loss has too, in the library's
                meaning of smooth; ignore_index, upsample and backend always.
        Raises:
            ArgumentError: no such preset, or the library has no such loss or option.
        """
        return cls(**preset_options(cls.__name__, preset, options))

    def terms(self) -> list[tuple[float, "Criterion"]]:
        """The summands with their factors; a single loss is its own only summand."""
        return [(1.0, self)]

    def extra_repr(self) -> str:
        shown = []
        for option in signature(type(self)).parameters.values():
            value = getattr(self, option.name, option.default)
            value = value.tolist() if isinstance(value, Tensor) else value
            if value != option.default:
                shown.append(f"{option.name}={value!r}")
        return ", ".join(shown)

    def __add__(self, other: "Criterion") -> "Criterion":
        if not isinstance(other, Criterion):
            return NotImplemented
        return WeightedSum([*self.terms(), *other.terms()])

    def __radd__(self, start: object) -> "Criterion":
        return self if start == 0 else NotImplemented  # sum() starts from 0

    def __mul__(self, factor: float) -> "Criterion":
        if not isinstance(factor, int | float):
            return NotImplemented
        check_range("Criterion", "factor", factor, low=0)
        return WeightedSum([(factor * f, term) for f, term in self.terms()])

    __rmul__ = __mul__

    def keep_factors(self, name: str, values: Factors) -> None:
        """Keep factors per class as a buffer that moves with the module but is in no state_dict."""
        factors = class_factors(type(self).__name__, name, values)
        self.register_buffer(name, factors, persistent=False)

    def factors_like(self, name: str, like: Tensor) -> Tensor | None:
        """The factors (C,) kept under this name, if any, as fit to a tensor (N, C, ...)."""
        return for_classes(type(self).__name__, name, getattr(self, name), like)

    def factors_of(self, name: str, classes: int) -> Numbers:
        """The factors (C,) kept under this name as numbers; 1 if there are none."""
        factors = self.factors_like(
            name, torch.empty(1, classes, dtype=torch.float64, device="cpu")
        )
        return np.ones(classes) if factors is None else factors.numpy()

    def weighed(self, name: str, sums: Tensor) -> Tensor:
        """Sums (N, C) times the factors of each class that are kept under this name, if any."""
        factors = self.factors_like(name, sums)
        return sums if factors is None else factors * sums


class WeightedSum(Criterion):
    """Σ factor · term, one pass for all terms on sums; made by `+` and `*` on losses."""

    def __init__(self, terms: Sequence[tuple[float, Criterion]]) -> None:
        shared = {name: _agreed(name, [t for _, t in terms]) for name in Criterion.SHARED}
        super().__init__(sums=[s for _, t in terms for s in t.sums], **shared)  # type: ignore[arg-type]
        self.factors = tuple(factor for factor, _ in terms)
        self.losses = nn.ModuleList(term for _, term in terms)

    def formula(self, stats: PixelStats) -> Tensor:
        values = [factor * term.formula(stats) for factor, term in self.terms()]
        return torch.stack(values).sum()

    def value(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> Tensor:
        batch = logits, target, weight, soft_target
        on_sums, others = (
            [(f, term) for f, term in self.terms() if bool(term.sums) == summed]
            for summed in (True, False)
        )
        values = []
        if on_sums:
            loss = fused_loss(self, *batch, torch.float64)
            if loss is None:
                stats = self.stats(*batch)
                values = [factor * term.formula(stats) for factor, term in on_sums]
            else:
                values = [loss]
        values += [factor * term.value(*batch) for factor, term in others]
        return torch.stack(values).sum() if len(values) > 1 else values[0]

    def terms(self) -> list[tuple[float, Criterion]]:
        return list(zip(self.factors, self.losses))  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        return f"factors={self.factors}"


def _agreed(name: str, terms: list[Criterion]) -> object:
    # None means that a term has no focal sum, or makes no pass
    optional = name in ("backend", "focal_gamma")
    settings = [(getattr(t, name), t) for t in terms]
    settings = [(value, t) for value, t in settings if value is not None or not optional]
    for value, term in settings[1:]:
        if value != settings[0][0]:
            first, second = type(settings[0][1]).__name__, type(term).__name__
            got = f"{settings[0][0]!r} in {first} and {value!r} in {second}"
            hint = "Give both the same, or call the two losses one after the other."
            raise ArgumentError("Criterion", name, must="the same in all terms", got=got, hint=hint)
    return settings[0][0] if settings else None


def class_factors(where: str, name: str, values: object) -> Tensor | None:
    """A (C,) float64 tensor of factors per class, or None.

    Args:
        values: sequence, array or tensor of C finite numbers >= 0, or None.
    Raises:
        ArgumentError: not one-dimensional, negative, NaN or infinite.
        ArgumentTypeError: not real numbers.
    """
    if values is None:
        return None
    try:
        kept = values.dtype if isinstance(values, Tensor) else torch.float64
        given = torch.as_tensor(values, dtype=kept)
    except (TypeError, ValueError, RuntimeError):
        raise ArgumentTypeError(where, name, must="one real number per class", got=values) from None
    if given.is_complex():
        raise ArgumentTypeError(where, name, must="one real number per class", got=given.dtype)
    factors = given.detach().to(torch.float64, copy=True)
    if factors.dim() != 1:
        raise ArgumentError(where, name, must="one number per class", got=tuple(factors.shape))
    if not bool(((factors >= 0) & factors.isfinite()).all()):
        raise ArgumentError(where, name, must="finite and >= 0", got=factors.tolist())
    return factors


def for_classes(where: str, name: str, factors: Tensor | None, like: Tensor) -> Tensor | None:
    """Factors (C,) in the dtype and on the device of `like` (N, C, ...), or None.

    Raises:
        ArgumentError: another number of factors than classes.
    """
    if factors is None:
        return None
    classes = like.shape[1]
    if len(factors) != classes:
        got = f"{len(factors)} numbers"
        raise ArgumentError(where, name, must=f"one number for each of {classes} classes", got=got)
    if factors.device == like.device or watched_values(factors, like):
        return factors.to(like)
    copies = _COPIES.setdefault(factors, {})
    key = like.device, like.dtype, factors._version
    if key not in copies:
        with torch.inference_mode(False):  # training uses the copy that validation may have made
            copies[key] = factors.to(like)
    return copies[key]


def ratio(numerator: Tensor, denominator: Tensor, empty: float = 0.0) -> Tensor:
    """numerator / denominator, and `empty` with zero gradient where the denominator is 0."""
    some = denominator != 0  # and not > 0, which would turn a NaN into `empty`
    quotient = numerator / torch.where(some, denominator, torch.ones_like(denominator))
    return torch.where(some, quotient, torch.full_like(quotient, empty))
