"""weights.json as train reads it: a weight for each of exactly the classes of a dataset."""

import sys
from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import ArgumentError
from pixelwise.files.json_file import read_json
from pixelwise.files.records import from_plain, shown
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.text import some
from pixelwise.weights.formulas import POS_WEIGHT
from pixelwise.weights.member_record import MemberWeights
from pixelwise.weights.record import Weights


@dataclass(frozen=True)
class ClassNames:
    """The part of a table of classes that must agree."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class NamedWeights:
    """The keys of weights.json that train needs; a file written by hand may have these alone."""

    classes: ClassNames
    weights: tuple[float, ...]


def read_weights(
    path: Path | str, names: tuple[str, ...], task: str = "multiclass"
) -> tuple[float, ...]:
    """The weights in a weights.json, for exactly these classes.

    Args:
        path: a file that `pixelwise weights --out` wrote; one that holds only the keys schema,
            classes.names and weights will do.
        names: of the classes of the dataset, in order.
        task: of the dataset: "multilabel" has weights of its own, see pos_weights.
    Returns:
        C weights, finite and >= 0, not all 0.
    Raises:
        ArgumentError: the file cannot be read, is something else, or is of other classes.
    """
    where, content = str(path), read_json(path, ArgumentError)
    if not isinstance(content, dict):
        raise ArgumentError(where, "content", must="a JSON object", got=shown(content))
    overlap = task == MULTILABEL
    schema, method = Weights.SCHEMA, "median_frequency"
    if overlap:
        schema, method = MemberWeights.SCHEMA, POS_WEIGHT
    if content.get("schema") != schema:
        hint = f"Make one: pixelwise weights DATA --method {method} --out weights.json"
        got = shown(content.get("schema"))
        must = f"{schema!r} for a {task} task" if overlap else repr(schema)
        raise ArgumentError(where, "schema", must=must, got=got, hint=hint)
    needed = {key: content[key] for key in ("classes", "weights") if key in content}
    if isinstance(needed.get("classes"), dict):
        needed["classes"] = {k: v for k, v in needed["classes"].items() if k == "names"}
    found = from_plain(NamedWeights, needed, where)
    check_names(where, found.classes.names, names)
    if len(found.weights) != len(names):
        must = f"a list of {len(names)} numbers"
        raise ArgumentError(where, "weights", must=must, got=len(found.weights))
    named = zip(found.weights, names)
    wrong = [f"{w!r} for {name}" for w, name in named if not 0 <= w <= sys.float_info.max]
    if wrong or not any(found.weights):
        must = "finite numbers >= 0, one of them > 0"
        raise ArgumentError(where, "weights", must=must, got=some(wrong) or "only zeros")
    return found.weights


def check_names(where: str, found: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Raise unless the file is of the classes of the dataset, in their order.

    Raises:
        ArgumentError: naming the classes that are missing, and those that are too many.
    """
    if found == names:
        return
    extra = [name for name in found if name not in names]
    missing = [name for name in names if name not in found]
    parts = [
        f"{what} {some(them)}" for what, them in (("without", missing), ("with", extra)) if them
    ]
    got = " and ".join(parts) or "the same in another order"
    hint = "Make the file again for this dataset: pixelwise weights DATA"
    raise ArgumentError(where, "classes", must="those of the dataset, in order", got=got, hint=hint)
