"""The page of a comparison: two predictions of the same images, and their differences."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pixelwise.errors import PixelwiseError
from pixelwise.figures.drawing import hex_color
from pixelwise.figures.words import difference
from pixelwise.files.names import real_path
from pixelwise.files.results import read_object
from pixelwise.report.pictures import (
    BETTER,
    BOTH_WRONG,
    WORSE,
    channels_of,
    compared_pictures,
)
from pixelwise.report.planes import compared_members
from pixelwise.report.reach import reach
from pixelwise.report.scripts import scripts
from pixelwise.report.tables import short_names
from pixelwise.score.compare import Comparison, Difference, ImageDifference

# Images that a page lists; all are in comparison.json.
MOST_ROWS = 10_000
# Settings that say where a run is and how fast, not what it is.
OF_EACH_RUN = ("out", "resume", "workers", "log_every", "overwrite", "logger", "loggers")
LONGEST = 200  # characters of a setting


def comparison(found: Comparison, folder: Path, worst: int, best: int) -> dict[str, Any]:
    """The content of the page.

    Args:
        found: the comparison.
        folder: where its relative paths start.
        worst, best: how many images to show that b made worse, and better.
    """
    folders = [real_path(folder / name) for name in (found.a, found.b)]
    widest = max([1e-9, *(abs(v) for row in found.per_class for v in _ends(row))])
    changed = [image for image in found.images if image.difference]
    down = sorted((i for i in changed if (i.difference or 0) < 0), key=lambda i: i.difference or 0)
    up = sorted((i for i in changed if (i.difference or 0) > 0), key=lambda i: -(i.difference or 0))
    names = short_names([path / "score.json" for path in folders])
    dataset = found.dataset.path
    may_show = reach(folder, (found.a, found.b), found.dataset)
    return {
        "version": found.version,
        "scripts": scripts("sort", "filter", "copy"),
        "found": found,
        "name": Path(dataset).name if dataset else " and ".join(names),
        "names": names,
        "folders": folders,
        "verdict": verdict(found),
        "mean": row_of(found.mean_iou, widest),
        "class_rows": [
            {"row": row, "color": hex_color(color), **row_of(row, widest)}
            for row, color in zip(found.per_class, found.classes.colors)
        ],
        "reach": widest,
        "worse": [shown(image, found, folder, may_show) for image in down[:worst]],
        "better": [shown(image, found, folder, may_show) for image in up[:best]],
        "numbers": (len(up), len(down), len(found.images) - len(changed)),
        "rows": [image_row(image) for image in found.images[:MOST_ROWS]],
        "settings": differing_settings(*folders),
        "colors": {
            "better": hex_color(BETTER),
            "worse": hex_color(WORSE),
            "both": hex_color(BOTH_WRONG),
        },
    }


def image_row(image: ImageDifference) -> dict[str, Any]:
    """One image in the list of all."""
    change = image.difference
    kind = "without a score" if change is None else "better" if change > 0 else "worse"
    return {
        "id": image.id,
        "a": image.a,
        "b": image.b,
        "by": change,
        "difference": difference(image.a, image.b),
        "kind": "same" if change == 0 else kind,
    }


def differing_settings(a: Path, b: Path) -> list[tuple[str, str, str]]:
    """Name and both values of the settings in which two runs differ; [] if one is not a run.

    Args:
        a, b: folders of predictions.
    """
    first, second = _settings_of(a), _settings_of(b)
    if first is None or second is None:
        return []
    names = [name for name in {**first, **second} if name not in OF_EACH_RUN]
    return [
        (name, _text(first, name), _text(second, name))
        for name in names
        if first.get(name) != second.get(name)
    ]


def _settings_of(predictions: Path) -> dict[str, Any] | None:
    """The settings of the run around a folder of predictions; None if there are none."""
    for folder in (predictions, *predictions.parents[:2]):
        path = folder / "config.json"
        if path.is_file():
            try:
                content = read_object(path)
            except PixelwiseError:
                return None
            settings = content.get("config")
            return settings if isinstance(settings, dict) else None
    return None


def _text(settings: dict[str, Any], name: str) -> str:
    if name not in settings:
        return "–"
    value = settings[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def verdict(found: Comparison) -> str:
    """The difference of the means in words."""
    mean = found.mean_iou
    if mean.difference is None:
        return "There is no score to compare."
    if not mean.clear:
        return "The interval contains 0: other images could turn the difference around."
    better, worse = ("b", "a") if mean.difference > 0 else ("a", "b")
    return (
        f"{better} is better than {worse}: the interval does not contain 0, so other images of "
        "the same kind would hardly turn it around."
    )


def row_of(row: Difference, reach: float) -> dict[str, Any]:
    """A difference as text, and the places of its interval on an axis from -reach to reach."""
    low, high = (_place(value, reach) for value in (row.low, row.high))
    return {
        "difference": difference(row.a, row.b),
        "low": difference(0.0, row.low),
        "high": difference(0.0, row.high),
        "interval": None if low is None or high is None else (low, high),
        "at": _place(row.difference, reach),
    }


def shown(
    image: ImageDifference, found: Comparison, folder: Path, may_show: Callable[[str, str], bool]
) -> dict[str, Any]:
    """One image with its four pictures."""
    pictures = compared_members if found.classes.files else compared_pictures
    channels = channels_of(found.dataset, folder)
    return {
        "number": found.images.index(image),
        "scores": image,
        "difference": difference(image.a, image.b),
        "pictures": pictures(
            image, folder, found.classes, lambda name: may_show(name, image.id), channels
        ),
    }


def _ends(row: Difference) -> list[float]:
    return [value for value in (row.low, row.high, row.difference) if value is not None]


def _place(value: float | None, reach: float) -> float | None:
    """Where a difference stands, in percent from the left."""
    return None if value is None else round(50 + 50 * max(-1.0, min(1.0, value / reach)), 2)
