"""The pass and the formula in one: a criterion is made into a table of numbers once.

The plain formula of a criterion, some fifty operators on a few hundred numbers, costs more than the
pass itself on small inputs. Its terms are therefore taken as numbers (Criterion.as_term), from
which one kernel computes loss and derivative. This is a shortcut and no other result: whatever does
not fit is left to the plain formula, which also raises all errors.

A table is of options as they were when it was made. Options can be changed, so everything that it
was made from is compared at each call.
"""

from collections.abc import Sequence
from copy import copy
from operator import is_
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.backends import choose_backend, has_kernels, usable_backends
from pixelwise.ops.formula import Formula, Mean, Ratio, make_formula
from pixelwise.ops.inputs import check_inputs
from pixelwise.ops.kernels import Fused, kernel_loss
from pixelwise.ops.operators import watched_values
from pixelwise.ops.spec import DEFINITION_ONLY, Spec
from pixelwise.ops.stats import WHERE, PixelStats, check_sums, passed_sums

if TYPE_CHECKING:
    from pixelwise.losses.criterion import Criterion

# what a subclass may define and still be the loss that it is derived from, with other options
OPTIONS_ONLY = {
    *("__init__", "__doc__", "__module__", "__qualname__", "__annotations__", "__parameters__"),
    *("__annotate__", "__annotate_func__", "__annotations_cache__", "__orig_bases__"),
    *("__firstlineno__", "__static_attributes__"),
}
OF_MODULES = frozenset(vars(nn.Module()))
PLAIN = bool, int, float, str, type(None)


class _Buffer(NamedTuple):
    """A buffer and what it held; on a GPU the version stands for that."""

    tensor: Tensor
    version: int | None
    values: list[float] | None

    def changed(self) -> bool:
        if self.version is not None and self.tensor._version != self.version:
            return True
        return self.values is not None and self.tensor.tolist() != self.values


class Table:
    """The terms on sums of a criterion as numbers; it holds copies of them, so that one can go.

    Attributes:
        whole: whether these are all terms of the criterion.
        sums: of the pass.
    """

    def __init__(self, criterion: "Criterion", buffers: list[_Buffer]) -> None:
        self._state, self._buffers = _state(criterion), buffers
        self._terms = [(factor, _frozen(term)) for factor, term in _on_sums(criterion)]
        self._pixels = "pixels" in criterion.sums
        self.whole = all(term.sums for _, term in criterion.terms())
        settings = criterion.activation, criterion.focal_gamma, False
        self.sums = passed_sums(check_sums(criterion.sums, *settings))
        self._formulas: dict[int, Formula | None] = {}
        self._passes: dict[object, Fused] = {}

    def holds(self, criterion: "Criterion") -> bool:
        """Whether the criterion is still what the table was made from."""
        state = _state(criterion)
        same = len(state) == len(self._state) and all(map(is_, state, self._state))
        return same and not any(buffer.changed() for buffer in self._buffers)

    def formula(self, criterion: "Criterion", classes: int) -> Formula | None:
        """The numbers for C classes, or None if the terms do not fit them."""
        if classes not in self._formulas:
            self._formulas[classes] = self._make(criterion, classes)
        return self._formulas[classes]

    def fused(
        self,
        criterion: "Criterion",
        formula: Formula,
        ignored: int | None,
        backend: str,
        dtype: torch.dtype,
    ) -> Fused:
        """The pass and the formula, made once."""
        key = formula.ratio_weight.shape[1], ignored, backend, dtype
        if key not in self._passes:
            gamma = 2.0 if criterion.focal_gamma is None else float(criterion.focal_gamma)
            spec = Spec(self.sums, criterion.activation, ignored, gamma)
            self._passes[key] = Fused(spec, backend, formula, dtype)
        return self._passes[key]

    def definition(self, sums: Tensor, pixels: int) -> Tensor:
        """The plain formula of sums (S, N, C), for images of so many pixels.

        Of the options that the table was made from: a graph of the gradient is made when it is
        asked for, and the criterion may have changed since the loss was computed.
        """
        stats = PixelStats(sums, self.sums, "")
        stats = stats.with_pixels(pixels) if self._pixels else stats
        return torch.stack([factor * term.formula(stats) for factor, term in self._terms]).sum()

    def _make(self, criterion: "Criterion", classes: int) -> Formula | None:
        terms = []
        for factor, term in _on_sums(criterion):
            try:
                numbers = term.as_term(classes)
            except (ArgumentError, LookupError, NotImplementedError, TypeError, ValueError):
                return None  # the plain formula says what is wrong
            if numbers is None or factor == 0 or not _fits(numbers, criterion.sums):
                return None
            terms.append((factor, numbers))
        try:
            return make_formula(terms, self.sums, classes)
        except (LookupError, ValueError):  # options that were changed ask for other sums
            return None


def _on_sums(criterion: "Criterion") -> list[tuple[float, "Criterion"]]:
    return [(factor, term) for factor, term in criterion.terms() if term.sums]


def _fits(term: Mean | Ratio, sums: Sequence[str]) -> bool:
    if isinstance(term, Ratio):
        return True
    # a factor 0 of a sum that is NaN is NaN, which the kernel knows within a sum only
    every = all(factors.any() for factors in term.above.values())
    return every and ("pixels" in sums or not term.void_is_zero)


def _frozen(term: "Criterion") -> "Criterion":
    """A copy of a term that keeps its options and buffers as they are now."""
    kept = copy(term)
    with torch.inference_mode(False):  # training may use what validation has made
        kept._buffers = {
            name: b if b is None else b.detach().clone() for name, b in term._buffers.items()
        }
    return kept


_TABLES: WeakKeyDictionary["Criterion", Table] = WeakKeyDictionary()


def fused_loss(
    criterion: "Criterion",
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    soft_target: bool,
    dtype: torch.dtype | None = None,
) -> Tensor | None:
    """The loss of the terms on sums by one pass and one kernel; None where there is none.

    Args:
        criterion, logits, target, weight, soft_target: as Criterion.forward.
        dtype: of the result; None: the loss of all terms in the dtype of Criterion.forward.
    Raises:
        ArgumentError, ArgumentTypeError, BackendError: as pixel_stats.
    """
    if logits is None or target is None or watched_values(logits, target, weight):
        return None
    if soft_target or logits.dim() < 2:
        return None
    table = table_of(criterion)
    if table is None or (dtype is None and not table.whole):
        return None
    wanted = criterion.backend or "auto"
    name = usable_backends(logits.device.type)[0] if wanted == "auto" else wanted
    formula = None
    if has_kernels(name, "formula"):
        formula = table.formula(criterion, logits.shape[1])
    if formula is None:
        return None
    settings = criterion.activation, criterion.ignore_index, weight, criterion.upsample
    target, weight, ignored = check_inputs(WHERE, logits, target, *settings)
    if wanted != "auto":
        choose_backend(name, logits)
    dtype = dtype or compute_dtype(logits.dtype)
    fused = table.fused(criterion, formula, ignored, name, dtype)
    return kernel_loss(logits, target, weight, fused, table.definition)


def table_of(criterion: "Criterion") -> Table | None:
    table = _TABLES.get(criterion)
    if table is not None and table.holds(criterion):
        return table
    terms = criterion.terms()
    alone = len(terms) == 1 and terms[0][1] is criterion
    if not alone and not _defines(type(criterion), "terms"):
        return None
    on_sums = _on_sums(criterion)
    if not on_sums or not all(_defines(type(term), "as_term") for _, term in on_sums):
        return None
    if set(criterion.sums) & set(DEFINITION_ONLY) - {"target2"}:
        return None
    buffers = _buffers(criterion)
    if buffers is None:
        return None
    try:
        _TABLES[criterion] = table = Table(criterion, buffers)
    except ArgumentError:  # an option was changed to what it cannot be
        return None
    return table


def _defines(kind: type, name: str) -> bool:
    """Whether a class defines a method, or adds only options to one that does."""
    for base in kind.__mro__:
        if name in vars(base):
            return True
        if vars(base).keys() - OPTIONS_ONLY:
            return False
    return False


def _state(module: nn.Module) -> list[object]:
    """All that a module and those in it hold; the same objects unless something has changed."""
    state = [*vars(module).values(), *module._buffers.values(), *module._parameters.values()]
    for child in module._modules.values():
        if child is not None:
            state += _state(child)
    return state


def _buffers(criterion: nn.Module) -> list[_Buffer] | None:
    """The buffers of a criterion; None if it holds anything that could change unseen."""
    buffers = []
    for module in criterion.modules():
        own = vars(module).keys() - OF_MODULES
        if module._parameters or not all(_is_plain(vars(module)[name]) for name in own):
            return None
        for tensor in module._buffers.values():
            if tensor is None:
                continue
            on_cpu, frozen = tensor.device.type == "cpu", tensor.is_inference()
            if watched_values(tensor) or tensor.requires_grad or (frozen and not on_cpu):
                return None
            version = None if frozen else tensor._version
            buffers.append(_Buffer(tensor, version, tensor.tolist() if on_cpu else None))
    return buffers


def _is_plain(value: object) -> bool:
    """Whether a value cannot be changed in place."""
    return isinstance(value, PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))
