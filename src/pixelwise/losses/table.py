"""All losses by name, and criteria written as text: "ce+0.5*dice(squared=true)"."""

import ast
from typing import Any, NamedTuple

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, shown
from pixelwise.losses.boundary import Boundary, Hausdorff
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.hard_pixels import OHEM, TopK
from pixelwise.losses.lovasz import Lovasz, LovaszHinge
from pixelwise.losses.mcc import MCC
from pixelwise.losses.on_logits import LogitsCriterion
from pixelwise.losses.options import Factors
from pixelwise.losses.pixel import BinaryCrossEntropy, CrossEntropy, Focal, Poly1
from pixelwise.losses.region import Dice, FBeta, GeneralizedDice, Jaccard, Tversky
from pixelwise.losses.skeleton import SoftCLDice
from pixelwise.losses.unified import FocalOfMean, UnifiedFocal
from pixelwise.ops.backends import Backend
from pixelwise.ops.spec import ACTIVATIONS, Activation, Upsample
from pixelwise.ops.target import Ignore

WHERE = "criterion"


class Loss(NamedTuple):
    """A row of LOSSES.

    Attributes:
        make: the class; it says whether the loss is a formula on sums, whether neighbouring
            pixels matter to it and whether it sorts pixels.
        activations: those it can be used with; with one entry it has no such option.
        takes_class_weights: the option that class weights of a dataset are passed to, or None.
        decomposes: whether the loss of a batch is the mean over its images by valid pixels.
        takes_pos_weight: whether it weighs the pixels of each class against all others.
    """

    make: type[Criterion]
    activations: tuple[Activation, ...]
    takes_class_weights: str | None = None
    decomposes: bool = False
    takes_pos_weight: bool = False

    @property
    def on_sums(self) -> bool:
        """Whether it is a formula on sums and has a backend; otherwise it takes the logits."""
        return not issubclass(self.make, LogitsCriterion)

    @property
    def ranks_pixels(self) -> bool:
        """Whether it sorts pixels, so that its gradient jumps where two are equally wrong."""
        return self.make.ranks_pixels

    @property
    def axes(self) -> tuple[int, ...] | None:
        """Numbers of spatial axes it is defined for, if neighbouring pixels matter; or None."""
        return self.make.axes


LOSSES: dict[str, Loss] = {
    "ce": Loss(CrossEntropy, ("softmax",), "weight", decomposes=True),
    "bce": Loss(BinaryCrossEntropy, ("sigmoid",), decomposes=True, takes_pos_weight=True),
    "focal": Loss(Focal, ACTIVATIONS, "alpha", decomposes=True),
    "dice": Loss(Dice, ACTIVATIONS),
    "jaccard": Loss(Jaccard, ACTIVATIONS),
    "tversky": Loss(Tversky, ACTIVATIONS),
    "generalized_dice": Loss(GeneralizedDice, ACTIVATIONS),
    "f_beta": Loss(FBeta, ACTIVATIONS),
    "mcc": Loss(MCC, ACTIVATIONS),
    "poly1": Loss(Poly1, ACTIVATIONS, "weight", decomposes=True),
    "unified_focal": Loss(UnifiedFocal, ACTIVATIONS),
    "focal_of_mean": Loss(FocalOfMean, ("softmax",), "weight"),
    "top_k": Loss(TopK, ACTIVATIONS, "weight"),
    "ohem": Loss(OHEM, ACTIVATIONS, "weight"),
    "lovasz": Loss(Lovasz, ("softmax",)),
    "lovasz_hinge": Loss(LovaszHinge, ("sigmoid",)),
    "boundary": Loss(Boundary, ACTIVATIONS),
    "hausdorff": Loss(Hausdorff, ACTIVATIONS),
    "soft_cldice": Loss(SoftCLDice, ACTIVATIONS),
}


def criterion(
    text: str,
    num_classes: int | None = None,
    class_weights: Factors = None,
    ignore_index: Ignore = 255,
    upsample: Upsample = None,
    backend: Backend = "auto",
    pos_weight: Factors = None,
) -> Criterion:
    """A criterion from text: terms joined by `+`, factors by `*`, options in parentheses.

    "ce + 0.5*dice(squared=true)" is CrossEntropy() + 0.5 * Dice(squared=True)

    Class weights of a dataset are passed to the pixel losses that take them (ce: weight, focal:
    alpha); region losses give every class the same weight already. With one channel, or a term
    that exists for sigmoid only (bce, lovasz_hinge), every term uses sigmoid.

    Args:
        text: the criterion; names are those of LOSSES.
        num_classes: number of logit channels C; 1 means binary with one sigmoid channel.
        class_weights: (C,) factors, for example from class_weights(counts).
        ignore_index, upsample: for all terms, see Criterion.
        backend: for all terms on sums.
        pos_weight: (C,) factors of the positive pixels, for bce terms that have none of their own,
            for example from pos_weights(counts).
    Returns:
        A Criterion that makes one pass over the logits for all terms on sums.
    Raises:
        ArgumentError: text that is not a sum of losses, unknown names, a value that an option
            cannot take, class weights, pos_weight or a backend that no term can take, softmax
            losses for one channel.
        ArgumentTypeError: an option that the loss does not have.
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]])  # (N, C, P) = (1, 2, 3)
        >>> target = torch.tensor([[0, 1, 255]])  # the last pixel is ignored
        >>> loss = pw.criterion("ce + 0.5*dice", num_classes=2)
        >>> loss(logits, target)
        tensor(0.3177)
    """
    if not isinstance(text, str):
        hint = "A loss needs no criterion()." if isinstance(text, Criterion) else ""
        raise ArgumentTypeError(WHERE, "text", must="text", got=shown(text), hint=hint)
    parsed = _terms(text)
    names = [name for _, name, _ in parsed]
    only_sigmoid = [name for name in names if LOSSES[name].activations == ("sigmoid",)]
    sigmoid = num_classes == 1 or bool(only_sigmoid)
    if class_weights is not None:
        if num_classes is not None and len(class_weights) != num_classes:
            got = f"{len(class_weights)} numbers"
            raise ArgumentError(
                WHERE, "class_weights", must=f"one number for {num_classes} classes", got=got
            )
        if sigmoid or not any(LOSSES[name].takes_class_weights for name in names):
            hint = "Add ce or focal to the loss, or leave out the class weights."
            raise ArgumentError(
                WHERE,
                "class_weights",
                must="given with a softmax ce or focal term",
                got=text,
                hint=hint,
            )
    if pos_weight is not None and not any(LOSSES[name].takes_pos_weight for name in names):
        hint = "Add bce to the loss, or leave out pos_weight."
        raise ArgumentError(WHERE, "pos_weight", must="given with a bce term", got=text, hint=hint)
    if backend not in ("auto", "torch") and not any(LOSSES[name].on_sums for name in names):
        wanted = f'"auto" or "torch" for {text}, which is computed from the logits'
        raise ArgumentError(WHERE, "backend", must=wanted, got=repr(backend))
    terms = []
    for factor, name, written in parsed:
        row, options = LOSSES[name], dict(written)
        if sigmoid and row.activations == ("softmax",):
            reason = "one channel" if num_classes == 1 else only_sigmoid[0]
            hint = "Use bce in place of ce, lovasz_hinge in place of lovasz."
            raise ArgumentError(
                WHERE, "loss", must=f"made of sigmoid terms for {reason}", got=repr(name), hint=hint
            )
        if len(row.activations) > 1:
            options.setdefault("activation", "sigmoid" if sigmoid else "softmax")
        if class_weights is not None and row.takes_class_weights:
            options.setdefault(row.takes_class_weights, class_weights)
        if pos_weight is not None and row.takes_pos_weight:
            options.setdefault("pos_weight", pos_weight)
        options |= {"ignore_index": ignore_index, "upsample": upsample}
        term = _make(name, options | ({"backend": backend} if row.on_sums else {}))
        terms.append(term if factor == 1 else factor * term)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _make(name: str, options: dict[str, Any]) -> Criterion:
    try:
        return LOSSES[name].make(**options)
    except TypeError as error:
        if isinstance(error, ArgumentTypeError) and error.must != "a number":
            raise
        event = f"{name} cannot be made: {str(error).removesuffix('.')}"
        raise ArgumentError(WHERE, event=event) from None


def _terms(text: str) -> list[tuple[float, str, dict[str, Any]]]:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise _malformed(text, text) from None
    return _sum_of(tree, text)


def _sum_of(node: ast.expr, text: str) -> list[tuple[float, str, dict[str, Any]]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sum_of(node.left, text) + _sum_of(node.right, text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        factor, term = (node.left, node.right)
        if isinstance(term, ast.Constant):
            factor, term = term, factor
        value = _constant(factor, text)
        if not isinstance(value, int | float):
            raise _malformed(text, ast.unparse(factor))
        return [(value * f, name, options) for f, name, options in _sum_of(term, text)]
    if isinstance(node, ast.Name):
        check_choice(WHERE, "loss", node.id, LOSSES)
        return [(1.0, node.id, {})]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        check_choice(WHERE, "loss", node.func.id, LOSSES)
        options = {str(k.arg): _constant(k.value, text) for k in node.keywords}
        return [(1.0, node.func.id, options)]
    raise _malformed(text, ast.unparse(node))


def _constant(node: ast.expr, text: str) -> Any:
    if isinstance(node, ast.Name) and node.id in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise _malformed(text, ast.unparse(node)) from None


def _malformed(text: str, part: str) -> ArgumentError:
    hint = f"Names: {', '.join(LOSSES)}."
    wanted = 'a sum of losses such as "ce + 0.5*dice(squared=true)"'
    return ArgumentError(WHERE, "loss", must=wanted, got=f"{part!r} in {text!r}", hint=hint)
