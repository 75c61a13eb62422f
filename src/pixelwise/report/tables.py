"""The numbers of a score, arranged as the rows of tables and sentences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pixelwise.figures.drawing import hex_color
from pixelwise.figures.words import difference, headed, listed, percent
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import CLASS_SCORES, classes_averaged
from pixelwise.report.source import MemberSource, Source
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import ClassScores, Score

BOUNDARY = "boundary_iou"  # of `score --boundary`


@dataclass(frozen=True)
class Confusion:
    """Pixels of one class that were predicted as another one."""

    target: str
    predicted: str
    pixels: int
    share: float
    target_index: int
    predicted_index: int


class ScoredClass(Protocol):
    """A row of a table of classes."""

    @property
    def index(self) -> int:
        """Of the class."""

    @property
    def name(self) -> str:
        """Of the class."""

    @property
    def iou(self) -> float | None:
        """The score that a class is judged by; None for an absent class."""


@dataclass(frozen=True)
class ClassRow(ClassScores):
    """One class of a score, with its colour and its share of the target pixels."""

    color: str
    share: float | None

    @property
    def iou(self) -> float | None:
        """The score that a class is judged by."""
        return self.scores["iou"]


def conventions(
    score: Score | MultilabelScore, averaged: Callable[[Any, Convention], int | None]
) -> list[dict[str, Any]]:
    """Every convention of the mean IoU in the file, the chosen one marked.

    Args:
        score: of either kind.
        averaged: how many of its classes a mean is taken over.
    """
    return [
        {
            "name": name,
            "value": value,
            "meaning": CONVENTIONS[name],
            "averaged": averaged(score, name),
            "chosen": name == score.convention,
        }
        for name, value in score.mean_iou_by_convention.items()
    ]


def averaged(score: Score, convention: Convention) -> int | None:
    """How many classes a mean is taken over; None where it is not taken over the classes."""
    if convention in ("micro", "per_image"):
        return None
    return int(classes_averaged(score.counts, convention).sum())


def class_rows(score: Score) -> list[ClassRow]:
    """One row per class."""
    total = sum(row.target_pixels for row in score.per_class)
    rows = []
    for row, color in zip(score.per_class, score.classes.colors):
        edge = {} if score.boundary is None else {BOUNDARY: score.boundary.per_class[row.index]}
        values = {**vars(row), "scores": {**row.scores, **edge}}
        share = row.target_pixels / total if total else None
        rows.append(ClassRow(**values, color=hex_color(color), share=share))
    return rows


def per_class_columns(rows: list[ClassRow]) -> dict[str, str]:
    """The scores of the classes that a file has, and what they are called."""
    titles = {name: headed(row.title) for name, row in CLASS_SCORES.items()}
    titles[BOUNDARY] = "Boundary IoU"
    return {name: title for name, title in titles.items() if all(name in r.scores for r in rows)}


def other_scores(score: Score) -> list[tuple[str, float | None]]:
    """Names and values beside the headline."""
    named = [(headed(title), value) for title, value in score.other_means()]
    if score.boundary is not None:
        named.append(("Mean boundary IoU", score.boundary.mean_boundary_iou))
    return named


def class_sentence(rows: Sequence[ScoredClass]) -> str:
    """Best, weakest and absent classes in words."""
    scored = sorted((row.iou, row.index, row.name) for row in rows if row.iou is not None)
    absent = [row.name for row in rows if row.iou is None]
    words = []
    if len(scored) > 1:
        (least, _, weakest), (most, _, best) = scored[0], scored[-1]
        words.append(f"Weakest is {weakest} with an IoU of {percent(least)} %,")
        words.append(f"best is {best} with {percent(most)} %.")
    if absent:
        many = len(absent) > 3
        words.append(f"{len(absent)} classes" if many else listed(absent))
        words.append("has" if len(absent) == 1 else "have")
        words.append("no score, being in neither label nor prediction.")
    return " ".join(words)


def confusions(
    cells: Iterable[tuple[int, ...]], names: tuple[str, ...], totals: list[int]
) -> list[Confusion]:
    """All confusions, the one with the most pixels first.

    Args:
        cells: (target, predicted, pixels).
        names: of the classes.
        totals: what the pixels of each target class are a share of.
    """
    wrong = sorted((-n, t, p) for t, p, n in cells if t != p and n > 0)
    return [Confusion(names[t], names[p], -n, -n / totals[t], t, p) for n, t, p in wrong]


def largest_confusions(
    cells: Iterable[tuple[int, ...]], names: tuple[str, ...], totals: list[int]
) -> dict[str, list[Confusion]]:
    """The confusions that cost the most pixels, and those that cost a class the most of its own."""
    by_pixels = confusions(cells, names, totals)
    by_share = sorted(by_pixels, key=lambda c: -c.share)
    lists = {
        "Confusions, by pixels": by_pixels[:5],
        "Confusions, by part of the class": by_share[:5],
    }
    return lists if by_pixels else {}


def dense_cells(matrix: Iterable[Iterable[int]]) -> list[tuple[int, int, int]]:
    """(target, predicted, pixels) of every cell of a matrix."""
    return [(t, p, n) for t, row in enumerate(matrix) for p, n in enumerate(row)]


def comparison(sources: Sequence[Source] | Sequence[MemberSource]) -> dict[str, Any] | None:
    """Several scores in one table, differences to the first; None for a single one.

    The mean IoU of all of them follows the convention of the first.
    """
    if len(sources) < 2:
        return None
    first, scores = sources[0].score, [source.score for source in sources]
    convention = first.convention
    values = [score.mean_iou_by_convention.get(convention) for score in scores]
    rows = [_compared(f"Mean IoU ({convention})", values)]
    named = [
        dict(other_scores(score) if isinstance(score, Score) else [("Mean Dice", score.mean_dice)])
        for score in scores
    ]
    rows += [_compared(name, [other.get(name) for other in named]) for name in named[0]]
    same_classes = all(score.classes.names == first.classes.names for score in scores)
    classes = [
        _compared(row.name, [score.per_class[row.index].scores["iou"] for score in scores])
        for row in (first.per_class if same_classes else ())
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


def _unlike(sources: Sequence[Source] | Sequence[MemberSource]) -> Iterable[str]:
    """What makes scores hard to compare, in words."""
    a = sources[0].score
    for other in sources[1:]:
        b = other.score
        if a.classes.names != b.classes.names:
            yield f"{other.path} has other classes."
        if (a.dataset, a.valid_pixels) != (b.dataset, b.valid_pixels):
            yield f"{other.path} was scored on other images or labels."


def short_names(paths: list[Path]) -> list[str]:
    """The folders in which paths differ: runs/ce/score.json, runs/dice/score.json -> ce, dice."""
    parts = [path.absolute().parts for path in paths]
    shared = set(parts[0]).intersection(*parts[1:])
    names = ["/".join(part for part in p if part not in shared) for p in parts]
    distinct = len(set(names)) == len(names) and all(names)
    return names if distinct else [str(path) for path in paths]
