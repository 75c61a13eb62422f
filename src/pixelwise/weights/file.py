"""weights.json: the weight of every class, with the counts and the formula it comes from."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.formulas import FORMULAS

SCHEMA = "pixelwise.weights/1"
_LISTED = 4


def weights_content(
    counts: LabelCounts, classes: Classes, made_of: dict[str, Any], how: dict[str, Any]
) -> dict[str, Any]:
    """What weights.json holds; the same counts and settings give the same content.

    Args:
        counts: of the split.
        classes: of the dataset.
        made_of: command, dataset and task.
        how: method, zero, beta and the weights; without a method only the counts are told.
    """
    formula = {"formula": FORMULAS[how["method"]]} if "method" in how else {}
    return {
        "schema": SCHEMA,
        "version": version("pixelwise"),
        **made_of,
        "classes": classes.as_dict(),
        "counts": {
            "pixels": counts.pixels.tolist(),
            "images": counts.images.tolist(),
            "image_pixels": counts.image_pixels.tolist(),
            "void": counts.ignored,
            "files": counts.files,
        },
        **how,
        **formula,
    }


def read_weights(path: Path | str, names: tuple[str, ...]) -> tuple[float, ...]:
    """The weights in a weights.json, for exactly these classes.

    Args:
        path: a file that `pixelwise weights --out` wrote; one that holds only the keys schema,
            classes.names and weights will do.
        names: of the classes of the dataset, in order.
    Returns:
        C weights, finite and >= 0, not all 0.
    Raises:
        ArgumentError: the file cannot be read, is something else, or is of other classes.
    """
    where = str(path)
    content = _read_object(path)
    if content.get("schema") != SCHEMA:
        hint = "Make one: pixelwise weights DATA --method median_frequency --out weights.json"
        got = repr(content.get("schema"))
        raise ArgumentError(where, "schema", must=repr(SCHEMA), got=got, hint=hint)
    _check_names(where, content.get("classes"), names)
    weights = content.get("weights")
    if not isinstance(weights, list) or len(weights) != len(names):
        got = f"{len(weights)}" if isinstance(weights, list) else f"{weights!r:.40}"
        raise ArgumentError(where, "weights", must=f"a list of {len(names)} numbers", got=got)
    wrong = [f"{w!r:.40} for {name}" for w, name in zip(weights, names) if not _is_weight(w)]
    if wrong or not any(weights):
        got = ", ".join(wrong[:_LISTED]) or "only zeros"
        raise ArgumentError(where, "weights", must="numbers >= 0, one of them > 0", got=got)
    return tuple(float(weight) for weight in weights)


def _read_object(path: Path | str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        got = getattr(error, "strerror", None) or "something that is no JSON"
        raise ArgumentError(path, "weights", must="a readable JSON file", got=got) from None
    if not isinstance(content, dict):
        got = type(content).__name__
        raise ArgumentError(path, "weights", must="a JSON object", got=got)
    return content


def _check_names(where: str, classes: Any, names: tuple[str, ...]) -> None:
    """Raise unless the file is of the classes of the dataset, in their order."""
    found = classes.get("names") if isinstance(classes, dict) else None
    if not isinstance(found, list):
        raise ArgumentError(where, "classes.names", must="a list of names", got=repr(found))
    if found == list(names):
        return
    extra = [str(name) for name in found if name not in names]
    missing = [name for name in names if name not in found]
    told = [
        f"{what} {', '.join(some[:_LISTED])}{' ...' if len(some) > _LISTED else ''}"
        for what, some in (("without", missing), ("with", extra))
        if some
    ]
    got = " and ".join(told) or "the same in another order"
    hint = "Make the file again for this dataset: pixelwise weights DATA"
    raise ArgumentError(where, "classes", must="those of the dataset, in order", got=got, hint=hint)


def _is_weight(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= sys.float_info.max
