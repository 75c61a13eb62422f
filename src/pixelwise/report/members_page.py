"""The page of a score whose classes overlap: each class is a yes or no of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.figures.charts import Chart
from pixelwise.figures.drawing import hex_color
from pixelwise.figures.words import headed
from pixelwise.files.names import real_path
from pixelwise.metrics.means import Convention
from pixelwise.metrics.scores import CLASS_SCORES
from pixelwise.report import tables
from pixelwise.report.pictures import WRONG, channels_of
from pixelwise.report.planes import member_pictures
from pixelwise.report.reach import reach
from pixelwise.report.scripts import scripts
from pixelwise.report.source import MemberSource
from pixelwise.score.members import MemberImage, MemberRow, MultilabelScore

# Images that a page lists; all are in score.json.
MOST_ROWS = 10_000


@dataclass(frozen=True)
class MemberClass:
    """One class: its scores, its colour and threshold, and the four counts of its decisions."""

    row: MemberRow
    color: str
    threshold: float | None
    share: float | None

    @property
    def index(self) -> int:
        """Of the class."""
        return self.row.index

    @property
    def name(self) -> str:
        """Of the class."""
        return self.row.name

    @property
    def iou(self) -> float | None:
        """The score that a class is judged by."""
        return self.row.scores["iou"]

    @property
    def cells(self) -> list[int]:
        """Pixels of the class that were found and missed, others predicted and left, and void."""
        (left, predicted), (missed, found) = self.row.confusion
        return [found, missed, predicted, left, self.row.ignored_pixels]


def members_page(
    source: MemberSource, others: list[MemberSource], charts: list[Chart], worst: int, best: int
) -> dict[str, Any]:
    """The content of the page.

    Args:
        source: the score.
        others: scores beside it.
        charts: of its training.
        worst, best: how many images to show.
    """
    score = source.score
    rows = class_rows(score)
    predictions = real_path(source.path.parent / score.predictions)
    images = [image for image in score.images if image.mean_iou is not None]
    ordered = sorted(images, key=lambda image: (image.mean_iou, image.id))
    low = ordered[:worst]
    numbers = {image.id: number for number, image in enumerate(score.images)}
    return {
        "version": score.version,
        "scripts": scripts("sort", "filter", "copy"),
        "score": score,
        "name": Path(score.dataset.path).name if score.dataset.path else predictions.name,
        "predictions": str(predictions),
        "chosen": score.thresholds.text() if score.thresholds else "",
        "conventions": tables.conventions(score, averaged),
        "comparison": tables.comparison([source, *others]),
        "charts": charts,
        "class_rows": rows,
        "titles": [headed(CLASS_SCORES[name].title) for name in score.per_class[0].scores],
        "class_sentence": tables.class_sentence(rows),
        "worst": [shown(image, source) for image in low],
        "best": [shown(image, source) for image in ordered[len(low) :][::-1][:best]],
        "rows": [
            {"number": numbers[image.id], **image_row(image, score.classes.names)}
            for image in ordered[:MOST_ROWS]
        ],
        "wrong_color": hex_color(WRONG),
    }


def image_row(image: MemberImage, names: tuple[str, ...]) -> dict[str, Any]:
    """One image in the list of all."""
    scored = [(iou, name) for iou, name in zip(image.iou, names) if iou is not None]
    least, worst = min(scored, default=(None, ""))
    return {"id": image.id, "mean_iou": image.mean_iou, "worst": worst, "least": least}


def class_rows(score: MultilabelScore) -> list[MemberClass]:
    """One row per class; `share` is that of the pixels that are not void for it."""
    used = score.thresholds.values if score.thresholds else [None] * len(score.per_class)
    rows = []
    for row, color, threshold in zip(score.per_class, score.classes.colors, used):
        valid = sum(map(sum, row.confusion))
        share = row.target_pixels / valid if valid else None
        rows.append(MemberClass(row, hex_color(color), threshold, share))
    return rows


def averaged(score: MultilabelScore, convention: Convention) -> int | None:
    """How many classes a mean is taken over; None where it is not taken over the classes."""
    if convention in ("micro", "per_image"):
        return None
    if convention in ("target", "weighted"):
        return sum(row.target_pixels > 0 for row in score.per_class)
    if convention == "present":
        return sum(row.target_pixels + row.pred_pixels > 0 for row in score.per_class)
    return sum(any(map(any, row.confusion)) for row in score.per_class)


def shown(image: MemberImage, source: MemberSource) -> dict[str, Any]:
    """One image with its four pictures and the IoU of its classes."""
    score, folder = source.score, source.path.parent
    may_show = reach(folder, (score.predictions,), score.dataset)
    channels = channels_of(score.dataset, folder)
    own = [(name, iou) for name, iou in zip(score.classes.names, image.iou) if iou is not None]
    return {
        "number": score.images.index(image),
        "scores": image,
        "own": own,
        "pictures": member_pictures(
            image, folder, score.classes, lambda name: may_show(name, image.id), channels
        ),
    }
