"""All losses by name, and criteria written as text: "ce+0.5*dice(squared=true)"."""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, sentence
from pixelwise.losses.boundary import Boundary, Hausdorff
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.hard_pixels import OHEM, TopK
from pixelwise.losses.lovasz import Lovasz, LovaszHinge
from pixelwise.losses.mcc import MCC
from pixelwise.losses.on_logits import LogitsCriterion
from pixelwise.losses.pixel import BinaryCrossEntropy, CrossEntropy, Focal, Poly1
from pixelwise.losses.region_losses import Dice, FBeta, GeneralizedDice, Jaccard, Tversky
from pixelwise.losses.skeleton import SoftCLDice
from pixelwise.ops.target import Ignore

WHERE = "criterion"


class Loss(NamedTuple):
    """A row of LOSSES.

    Attributes:
        make: the class; it says whether the loss is a formula on sums, whether neighbouring
            pixels matter to it and whether it sorts pixels.
        activations: those it can be used with; one entry means that it has no such argument.
        takes_class_weights: the argument that class weights of a data set go to, or None.
        decomposes: whether the loss of a batch is the mean over its images by valid pixels.
    """

    make: type[Criterion]
    activations: tuple[str, ...]
    takes_class_weights: str | None = None
    decomposes: bool = False

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
        """Numbers of spatial axes it has a meaning for, if neighbouring pixels matter; or None."""
        return self.make.axes


BOTH = ("softmax", "sigmoid")
LOSSES: dict[str, Loss] = {
    "ce": Loss(CrossEntropy, ("softmax",), "weight", decomposes=True),
    "bce": Loss(BinaryCrossEntropy, ("sigmoid",), decomposes=True),
    "focal": Loss(Focal, BOTH, "alpha", decomposes=True),
    "dice": Loss(Dice, BOTH),
    "jaccard": Loss(Jaccard, BOTH),
    "tversky": Loss(Tversky, BOTH),
    "generalized_dice": Loss(GeneralizedDice, BOTH),
    "f_beta": Loss(FBeta, BOTH),
    "mcc": Loss(MCC, BOTH),
    "poly1": Loss(Poly1, BOTH, "weight", decomposes=True),
    "top_k": Loss(TopK, BOTH, "weight"),
    "ohem": Loss(OHEM, BOTH, "weight"),
    "lovasz": Loss(Lovasz, ("softmax",)),
    "lovasz_hinge": Loss(LovaszHinge, ("sigmoid",)),
    "boundary": Loss(Boundary, BOTH),
    "hausdorff": Loss(Hausdorff, BOTH),
    "soft_cldice": Loss(SoftCLDice, BOTH),
}


def criterion(
    text: str,
    num_classes: int | None = None,
    class_weights: Sequence[float] | Tensor | None = None,
    ignore_index: Ignore = 255,
    upsample: str | None = None,
    backend: str = "auto",
) -> Criterion:
    """A criterion from text: terms joined by `+`, factors by `*`, options in parentheses.

    "ce + 0.5*dice(squared=true)" is CrossEntropy() + 0.5 * Dice(squared=True)

    Class weights of a data set go to the pixel losses that take them (ce: weight, focal: alpha);
    region losses already weigh every class alike. One channel, or a term that exists for sigmoid
    only (bce, lovasz_hinge), makes every term use sigmoid.

    Args:
        text: the criterion; names are those of LOSSES.
        num_classes: number of logit channels C; 1 means binary with one sigmoid channel.
        class_weights: (C,) factors, for example from class_weights(counts).
        ignore_index, upsample: for all terms, see Criterion.
        backend: for all terms on sums.
    Returns:
        A Criterion that makes one pass over the logits for all terms on sums.
    Raises:
        ArgumentError: text that is no sum of losses, unknown names or options, class weights or a
            backend that no term can take, softmax losses for one channel.
    """
    parsed = _terms(text)
    names = [name for _, name, _ in parsed]
    only_sigmoid = [name for name in names if LOSSES[name].activations == ("sigmoid",)]
    sigmoid = num_classes == 1 or bool(only_sigmoid)
    if class_weights is not None:
        if num_classes is not None and len(class_weights) != num_classes:
            got = f"{len(class_weights)} numbers"
            raise ArgumentError(
                sentence(WHERE, "class_weights", f"one number for {num_classes} classes", got)
            )
        if sigmoid or not any(LOSSES[name].takes_class_weights for name in names):
            hint = "Add ce or focal to the loss, or drop the class weights."
            raise ArgumentError(
                sentence(
                    WHERE, "class_weights", "given with a softmax ce or focal term", text, hint
                )
            )
    if backend not in ("auto", "torch") and not any(LOSSES[name].on_sums for name in names):
        wanted = f'"auto" or "torch" for {text}, which takes the logits themselves'
        raise ArgumentError(sentence(WHERE, "backend", wanted, repr(backend)))
    terms = []
    for factor, name, written in parsed:
        row, options = LOSSES[name], dict(written)
        if sigmoid and row.activations == ("softmax",):
            reason = "one channel" if num_classes == 1 else only_sigmoid[0]
            hint = "Use bce in place of ce, lovasz_hinge in place of lovasz."
            raise ArgumentError(
                sentence(WHERE, "loss", f"made of sigmoid terms for {reason}", repr(name), hint)
            )
        if len(row.activations) > 1:
            options.setdefault("activation", "sigmoid" if sigmoid else "softmax")
        if class_weights is not None and row.takes_class_weights:
            options.setdefault(row.takes_class_weights, class_weights)
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
        wrong = str(error).split("argument")[-1].strip()
        raise ArgumentError(
            f"{WHERE}: {name} must be given options that it has, got {wrong}."
        ) from None


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
    return ArgumentError(sentence(WHERE, "loss", wanted, f"{part!r} in {text!r}", hint))
