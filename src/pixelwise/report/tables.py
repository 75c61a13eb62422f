"""The numbers of a score.json, arranged as the rows of tables and sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.scores import CONVENTIONS, classes_averaged
from pixelwise.report.source import Source
from pixelwise.report.words import difference, grouped, listed, percent

SCORE_NAMES = {
    "mean_dice": "Mean Dice",
    "pixel_accuracy": "Pixel accuracy",
    "mean_accuracy": "Mean accuracy",
    "frequency_weighted_iou": "Frequency-weighted IoU",
}
PER_CLASS = {"iou": "IoU", "dice": "Dice", "precision": "Precision", "recall": "Recall"}
BOUNDARY = {"boundary_iou": "Boundary IoU"}  # of `score --boundary`


@dataclass(frozen=True)
class Confusion:
    """Pixels of one class that were predicted as another one."""

    target: str
    predicted: str
    pixels: int
    share: float


def conventions(score: dict[str, Any]) -> list[dict[str, Any]]:
    """Every convention of the mean IoU in the file, the chosen one marked."""
    return [
        {
            "name": name,
            "value": value,
            "meaning": CONVENTIONS.get(name, ""),
            "averaged": averaged(score, name),
            "chosen": name == score["convention"],
        }
        for name, value in score["mean_iou_by_convention"].items()
    ]


def averaged(score: dict[str, Any], convention: str) -> int | None:
    """How many classes a mean is taken over; None where it is not taken over the classes."""
    if convention not in CONVENTIONS or convention in ("micro", "per_image"):
        return None
    counts = ConfusionCounts(np.array(score["confusion"], np.int64))
    return int(classes_averaged(counts, convention).sum())


def class_rows(source: Source) -> list[dict[str, Any]]:
    """One row per class: its scores and its share of the target pixels."""
    rows = source.score["per_class"]
    total = sum(row["target_pixels"] for row in rows)
    boundary = source.score.get("boundary", {}).get("per_class", [None] * len(rows))
    return [
        {
            **row,
            "boundary_iou": edge,
            "color": hex_color(color),
            "share": row["target_pixels"] / total if total else None,
        }
        for row, edge, color in zip(rows, boundary, source.classes.colors)
    ]


def per_class_columns(score: dict[str, Any]) -> dict[str, str]:
    """The scores of the classes that a file has, and what they are called."""
    return {**PER_CLASS, **BOUNDARY} if "boundary" in score else PER_CLASS


def other_scores(score: dict[str, Any]) -> list[tuple[str, float | None]]:
    """Names and values beside the headline."""
    named = [(name, score["scores"][key]) for key, name in SCORE_NAMES.items()]
    if "boundary" in score:
        named.append(("Mean boundary IoU", score["boundary"]["mean_boundary_iou"]))
    return named


def class_sentence(rows: list[dict[str, Any]]) -> str:
    """Best, weakest and absent classes in words."""
    scored = sorted((r for r in rows if r["iou"] is not None), key=lambda r: r["iou"])
    absent = [r["name"] for r in rows if r["iou"] is None]
    words = []
    if len(scored) > 1:
        weakest, best = scored[0], scored[-1]
        words.append(f"Weakest is {weakest['name']} with an IoU of {percent(weakest['iou'])} %,")
        words.append(f"best is {best['name']} with {percent(best['iou'])} %.")
    if absent:
        many = len(absent) > 3
        words.append(f"{len(absent)} classes" if many else listed(absent))
        words.append("has" if len(absent) == 1 else "have")
        words.append("no score, being in neither label nor prediction.")
    return " ".join(words)


def confusions(
    cells: Iterable[tuple[int, int, int]], names: list[str], totals: list[int]
) -> list[Confusion]:
    """All confusions, the one with the most pixels first.

    Args:
        cells: (target, predicted, pixels).
        names: of the classes.
        totals: what the pixels of each target class are a share of.
    """
    wrong = sorted((-n, t, p) for t, p, n in cells if t != p and n > 0)
    return [Confusion(names[t], names[p], -n, -n / totals[t]) for n, t, p in wrong]


def largest_confusions(
    cells: Iterable[tuple[int, int, int]], names: list[str], totals: list[int]
) -> dict[str, list[Confusion]]:
    """The confusions that cost the most pixels, and those that cost a class the most of its own."""
    by_pixels = confusions(cells, names, totals)
    by_share = sorted(by_pixels, key=lambda c: -c.share)
    lists = {
        "Confusions, by pixels": by_pixels[:5],
        "Confusions, by part of the class": by_share[:5],
    }
    return lists if by_pixels else {}


def dense_cells(matrix: list[list[int]]) -> list[tuple[int, int, int]]:
    """(target, predicted, pixels) of every cell of a matrix."""
    return [(t, p, n) for t, row in enumerate(matrix) for p, n in enumerate(row)]


def comparison(sources: list[Source]) -> dict[str, Any] | None:
    """Several scores in one table, differences to the first; None for a single one.

    The mean IoU of all of them follows the convention of the first.
    """
    if len(sources) < 2:
        return None
    first = sources[0].score
    convention = first["convention"]
    columns = [s.score["mean_iou_by_convention"].get(convention) for s in sources]
    rows = [_compared(f"Mean IoU ({convention})", columns)]
    rows += [
        _compared(name, [s.score["scores"][k] for s in sources]) for k, name in SCORE_NAMES.items()
    ]
    same_classes = all(s.classes.names == sources[0].classes.names for s in sources)
    classes = [
        _compared(name, [s.score["per_class"][i]["iou"] for s in sources])
        for i, name in enumerate(sources[0].classes.names if same_classes else ())
    ]
    return {
        "names": short_names([s.path for s in sources]),
        "rows": rows,
        "classes": classes,
        "warnings": list(_unlike(sources)),
    }


def _compared(name: str, values: list[float | None]) -> dict[str, Any]:
    scored = [v for v in values if v is not None]
    top = max(scored) if len(set(scored)) > 1 else None
    cells = [
        {"value": v, "difference": difference(values[0], v), "top": v is not None and v == top}
        for v in values
    ]
    return {"name": name, "cells": cells}


def _unlike(sources: list[Source]) -> Iterable[str]:
    """What makes scores hard to compare, in words."""
    first = sources[0]
    for other in sources[1:]:
        a, b = first.score, other.score
        if first.classes.names != other.classes.names:
            yield f"{other.path} has other classes."
        if (a["dataset"], a["valid_pixels"]) != (b["dataset"], b["valid_pixels"]):
            yield f"{other.path} was scored on other images or labels."


def short_names(paths: list[Path]) -> list[str]:
    """The folders that tell paths apart: runs/ce/score.json, runs/dice/score.json -> ce, dice."""
    parts = [path.absolute().parts for path in paths]
    shared = set(parts[0]).intersection(*parts[1:])
    names = ["/".join(part for part in p if part not in shared) for p in parts]
    distinct = len(set(names)) == len(names) and all(names)
    return names if distinct else [str(path) for path in paths]


def hex_color(color: tuple[int, int, int]) -> str:
    """(r, g, b) as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def pixel_facts(score: dict[str, Any]) -> dict[str, Any]:
    """How many pixels were scored, and which part of all pixels they are."""
    valid, ignored = score["valid_pixels"], score["ignored_pixels"]
    total = valid + ignored
    return {
        "valid": grouped(valid),
        "ignored": grouped(ignored),
        "ignored_share": ignored / total if total else None,
    }
