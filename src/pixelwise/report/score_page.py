"""The parts of the page of a score: what report.html shows of it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from pixelwise.figures.charts import LEAST_SHARE, SHADES, Chart, heat_rows, line_chart
from pixelwise.figures.drawing import hex_color
from pixelwise.files.names import real_path
from pixelwise.report import tables
from pixelwise.report.calibration import calibration
from pixelwise.report.config import ReportConfig
from pixelwise.report.explore.facts import interval, run_facts
from pixelwise.report.explore.image_data import Cells, as_block, class_data, image_data
from pixelwise.report.explore.layers import LARGE, Layers
from pixelwise.report.pictures import WRONG, four_pictures
from pixelwise.report.scripts import scripts
from pixelwise.report.seen import seen
from pixelwise.report.source import Source
from pixelwise.score.record import ImageScores

# More columns than this are too narrow for numbers; the cells keep their hover titles.
MOST_NUMBERED_CLASSES = 30
# A longer legend is folded.
MOST_LEGEND_CLASSES = 40
# A longer table scrolls in a box of its own, under a header that stays.
MOST_ROWS = 30
BETWEEN = 4  # images between the worst and the best


def score_page(
    source: Source,
    others: list[Source],
    folders: list[Path],
    config: ReportConfig,
    files: Path | None = None,
    is_served: bool = False,
) -> dict[str, Any]:
    """The content of the page.

    Args:
        source: the score.
        others: scores beside it.
        folders: that may be its run.
        config: how many images are shown.
        files: the folder beside the page with the pictures of all images, or None.
        is_served: the page may ask for pictures of the full size.
    """
    score = source.score
    cells = Cells(score.images, len(score.classes))
    layers = Layers(source)
    address = quote(files.name) if files else None
    return {
        **head(source),
        **run_facts(folders, source.path.parent),
        "interval": interval(source, cells),
        "comparison": tables.comparison([source, *others]),
        **seen(folders),
        **calibration(source),
        **classes(source),
        **heat(source),
        **pictures(source, layers, config.worst, config.best),
        "image_data": as_block(image_data(score, cells)),
        "viewer_data": as_block(
            {**class_data(layers.classes), "files": address, "full": is_served}
        ),
        "asset_folder": files.name if files else "",
        "full": is_served,
        "most_rows": MOST_ROWS,
        "scripts": scripts("sort", "copy", "viewer", "zoom", "list", "cells"),
    }


def head(source: Source) -> dict[str, Any]:
    """What was scored, the headline, and the same predictions under other conventions."""
    score = source.score
    dataset, split = score.dataset.path, score.dataset.split
    predictions = real_path(source.path.parent / score.predictions)
    pixels = score.valid_pixels + score.ignored_pixels
    return {
        "version": score.version,
        "score": score,
        "name": (Path(dataset) if dataset else predictions).name,
        "split": split,
        "predictions": str(predictions),
        "ignored_share": score.ignored_pixels / pixels if pixels else None,
        "conventions": tables.conventions(score, tables.averaged),
        "averaged": tables.averaged(score, score.convention),
        "other_scores": tables.other_scores(score),
    }


def curves(rows: list[dict[str, Any]]) -> list[Chart]:
    """The charts of a training run: losses, mean IoU of the validation split, learning rate."""
    made = [
        line_chart(rows, "Loss", ["train/loss", "val/loss"], "lowest"),
        line_chart(rows, "Mean IoU of the validation split, %", ["val/miou"], "highest", 100),
        line_chart(rows, "Learning rate", ["train/lr"], "highest"),
    ]
    return [chart for chart in made if chart]


def classes(source: Source) -> dict[str, Any]:
    """The table of the classes, and their colours for the legend."""
    rows = tables.class_rows(source.score)
    return {
        "class_rows": rows,
        "class_sentence": tables.class_sentence(rows),
        "per_class": tables.per_class_columns(rows),
        "fold_legend": len(rows) > MOST_LEGEND_CLASSES,
    }


def heat(source: Source) -> dict[str, Any]:
    """The confusion matrix in shares of its rows, and the largest confusions in words."""
    score = source.score
    names, counts = score.classes.names, score.counts
    numbered = len(names) <= MOST_NUMBERED_CLASSES
    cells = tables.dense_cells(score.confusion)
    return {
        "heat_rows": heat_rows(counts.matrix, names, 0.0 if numbered else LEAST_SHARE),
        "heat_numbered": numbered,
        "least_share": LEAST_SHARE,
        "shades": SHADES,
        "largest": tables.largest_confusions(cells, names, counts.target_pixels.tolist()),
    }


def pictures(source: Source, layers: Layers, worst: int, best: int) -> dict[str, Any]:
    """Images with the lowest and the highest mean IoU and some between them, none of them twice."""
    scored = [
        (image.mean_iou, image.id, number)
        for number, image in enumerate(source.score.images)
        if image.mean_iou is not None
    ]
    numbers = [number for *_, number in sorted(scored)]
    low = numbers[:worst]
    high = numbers[len(low) :][::-1][:best]
    rest = numbers[len(low) : len(numbers) - len(high)] if low and high else []
    step = len(rest) / min(BETWEEN, max(1, len(rest)))
    between = [rest[int((k + 0.5) * step)] for k in range(min(BETWEEN, len(rest)))]
    parts = {f"Worst {len(low)}": low, "In between": between, f"Best {len(high)}": high}
    images = source.score.images
    return {
        "galleries": {
            title: [shown(number, images[number], layers) for number in part]
            for title, part in parts.items()
            if part
        },
        "wrong_color": hex_color(WRONG),
    }


def shown(number: int, image: ImageScores, layers: Layers) -> dict[str, Any]:
    """One image with its four pictures and its three largest confusions."""
    names = layers.classes.names
    may_show = layers.may_show(image)
    return {
        "number": number,
        "scores": image,
        "pictures": four_pictures(
            image, layers.folder, layers.classes, may_show, layers.channels, LARGE
        ),
        "confusions": tables.confusions(image.confusion, names, [image.valid] * len(names))[:3],
    }
