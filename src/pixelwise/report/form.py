"""The form of a score.json, as far as the page reads it, and where a file departs from it."""

from typing import Any

NUMBER = (int, float)
SHARE = (int, float, type(None))  # None: no pixel to score
PATH = (str, type(None))  # None: there is no such file, as for a dataset without images

# The form of score.json as far as the page reads it: a dict of keys, [form of every item], a type
# or several.
FORM = {
    "version": str,
    "command": str,
    "created": str,
    "dataset": {"path": PATH, "split": PATH},
    "classes": {"names": [str]},
    "task": str,
    "predictions": str,
    "convention": str,
    "convention_meaning": str,
    "scores": {
        "mean_iou": SHARE,
        "mean_dice": SHARE,
        "pixel_accuracy": SHARE,
        "mean_accuracy": SHARE,
        "frequency_weighted_iou": SHARE,
    },
    "mean_iou_by_convention": dict,
    "per_class": [
        {
            "index": int,
            "name": str,
            "iou": SHARE,
            "dice": SHARE,
            "precision": SHARE,
            "recall": SHARE,
            "target_pixels": int,
            "pred_pixels": int,
            "images": int,
        }
    ],
    "confusion": [[int]],
    "ignored_pixels": int,
    "valid_pixels": int,
    "images": [
        {
            "id": str,
            "image": PATH,
            "label": str,
            "prediction": str,
            "height": int,
            "width": int,
            "valid": int,
            "ignored": int,
            "mean_iou": SHARE,
            "pixel_accuracy": SHARE,
            "confusion": [[int]],
        }
    ],
}

# What options of `score` add: --like and --all, --boundary.
OPTIONAL = {
    "like": [{"tool": str, "version": str, "call": str, "value": SHARE, "why": str}],
    "boundary": {"mean_boundary_iou": SHARE, "per_class": [SHARE]},
}


def is_of(value: Any, kinds: Any) -> bool:
    """isinstance, but True and False are no numbers, and a number fits into 64 bits."""
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return not isinstance(value, NUMBER) or abs(value) < 2**63


def mismatches(value: Any, form: Any, place: str) -> list[str]:
    """Where a JSON value is not of a form, in words."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return [f"{place or 'the whole '}must be an object, got {type(value).__name__}"]
        lacks = [f"{place}{key!r} is missing" for key in form if key not in value]
        there = [key for key in form if key in value]
        return lacks + [m for k in there for m in mismatches(value[k], form[k], f"{place}{k} ")]
    if isinstance(form, list):
        if not isinstance(value, list):
            return [f"{place}must be a list, got {type(value).__name__}"]
        items = enumerate(value)
        return [m for i, item in items for m in mismatches(item, form[0], f"{place}[{i}] ")]
    return [] if is_of(value, form) else [f"{place}must be {_named(form)}, got {value!r:.60}"]


def _named(kinds: Any) -> str:
    words: dict[Any, str] = {
        NUMBER: "a number",
        SHARE: "a number or null",
        PATH: "a text or null",
        int: "an integer",
        str: "a text",
        dict: "an object",
    }
    return words[kinds]


def contradictions(score: dict[str, Any]) -> list[str]:
    """Where the parts of a score of the right form do not fit together, in words."""
    if mismatches(score, FORM, ""):
        return []
    rows, matrix = score["per_class"], score["confusion"]
    num_classes = len(rows)
    wrong = []
    sizes = {len(score["classes"]["names"]), num_classes, len(matrix), *map(len, matrix)}
    if len(sizes) != 1:
        wrong.append(f"classes, per_class and confusion must agree on C, got {sorted(sizes)}")
    if [row["index"] for row in rows] != list(range(num_classes)):
        wrong.append(f"per_class must have the indices 0..{num_classes - 1} in order")
    names = score["classes"]["names"]
    if [row["name"] for row in rows] != names:
        wrong.append("per_class must have the names of classes")
    if min((n for row in matrix for n in row), default=0) < 0:
        wrong.append("confusion must be pixels >= 0")
    if len(score.get("boundary", {}).get("per_class", names)) != num_classes:
        wrong.append("boundary per_class must have one score a class")
    for name, value in score["mean_iou_by_convention"].items():
        wrong += mismatches(value, SHARE, f"mean_iou_by_convention {name} ")
    for image in score["images"]:
        cells = image["confusion"]
        if any(len(c) != 3 or min(c) < 0 or max(c[:2]) >= num_classes for c in cells):
            wrong.append(
                f"confusion of image {image['id']!r} must hold [target, predicted, pixels]"
            )
        elif sum(pixels for _, _, pixels in cells) != image["valid"]:
            wrong.append(f"confusion of image {image['id']!r} must add up to its valid pixels")
    return wrong
