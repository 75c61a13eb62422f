"""One self-contained HTML file: scores, curves, confusions and pictures.

`report` reads, arranges and writes; what stands where is report.html, how it looks is report.css.
The page fetches nothing, except the pictures of --assets, and runs its own script alone: its
content security policy lets no other.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pixelwise.errors import RunError, setting
from pixelwise.figures import words
from pixelwise.figures.charts import LEAST_SHARE, SHADES, Chart, heat_rows, line_chart
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import real_path
from pixelwise.report import tables
from pixelwise.report.calibration import calibration
from pixelwise.report.comparison import comparison
from pixelwise.report.config import ReportConfig
from pixelwise.report.members_page import members_page
from pixelwise.report.pictures import WRONG, channels_of, four_pictures
from pixelwise.report.reach import reach
from pixelwise.report.seen import seen
from pixelwise.report.source import (
    MemberSource,
    Source,
    command_for,
    find_metrics,
    find_result,
    folders_around,
    read_evidence,
    read_metrics,
    read_result,
    read_source,
)
from pixelwise.score.compare import Comparison
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import ImageScores, Score
from pixelwise.settings import takes_settings

# More columns than this are too narrow for numbers; the cells keep their hover titles.
MOST_NUMBERED_CLASSES = 30
# A longer legend is folded.
MOST_LEGEND_CLASSES = 40


@takes_settings(ReportConfig)
def report(config: ReportConfig) -> Path:
    """Write a score, its curves and its pictures, or a comparison, as one HTML file.

    The same score and pictures give the same bytes.

    Args:
        config: which score, what it is compared with, how many pictures.
    Returns:
        the file.
    Raises:
        RunError: there is no score.json, it or calibration.json is damaged or of another version.
    """
    path = find_result(config.source)
    found = read_result(path)
    if isinstance(found, Comparison):
        if config.compare:
            event = f"{path} is a comparison already, and has no others beside it"
            hint = f"To compare scores, write one first: {command_for(path.parent)}"
            raise RunError("report", event=event, hint=hint)
        context = comparison(found, path.parent, config.worst, config.best)
        template = "comparison.html"
    else:
        read = [read_source(other) for other in config.compare]
        metrics = find_metrics(config.source, path)
        charts = curves(read_metrics(metrics)) if metrics else []
        evidence = read_evidence(metrics.parent) if metrics else ""
        overlapping = [one for one in read if isinstance(one, MemberSource)]
        others = [one for one in read if isinstance(one, Source)]
        if len(others if isinstance(found, MultilabelScore) else overlapping):
            event = "scores of classes that overlap stand beside no others"
            raise RunError("report", event=f"{event}: leave out {setting('compare')}")
    if isinstance(found, MultilabelScore):
        own = MemberSource(path, found)
        context = members_page(own, overlapping, charts, config.worst, config.best)
        context["evidence"] = evidence
        template = "members.html"
    elif isinstance(found, Score):
        source = Source(path, found)
        context = {
            **head(source),
            "comparison": tables.comparison([source, *others]),
            "charts": charts,
            "evidence": evidence,
            **seen(folders_around(config.source, path)),
            **calibration(source),
            **classes(source),
            **heat(source),
            **pictures(source, config.worst, config.best),
        }
        template = "report.html"
    context |= {"created": readable_time(found.created), "result": path.name}
    out = out_path(config)
    atomic_write(out, environment().get_template(template).render(context).encode())
    return out


def out_path(config: ReportConfig) -> Path:
    """Where the page goes: report.html beside the source, unless another place was named."""
    if config.out is not None and not config.out.is_dir():
        return config.out
    source = config.source if config.source.is_dir() else config.source.parent
    return (config.out or source) / "report.html"


def environment() -> Environment:
    """The template engine: everything is escaped, and every value passes `plain`."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=words.percent, grouped=words.grouped, listed=words.listed)
    return env


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


def readable_time(created: str) -> str:
    """An ISO 8601 time as `2026-05-04 12:30`; any other text as it is."""
    try:
        return datetime.fromisoformat(created).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return created


def curves(rows: list[dict[str, Any]]) -> list[Chart]:
    """The charts of a training run: losses, and mean IoU of the validation split."""
    made = [
        line_chart(rows, "Loss", ["train/loss", "val/loss"], "lowest"),
        line_chart(rows, "Mean IoU of the validation split, %", ["val/miou"], "highest", 100),
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


def pictures(source: Source, worst: int, best: int) -> dict[str, Any]:
    """The images with the lowest and the highest mean IoU, none of them twice."""
    scored = [
        (image.mean_iou, image.id, image)
        for image in source.score.images
        if image.mean_iou is not None
    ]
    score = source.score
    may_show = reach(source.path.parent, (score.predictions,), score.dataset)
    images = [image for _, _, image in sorted(scored, key=lambda one: one[:2])]
    low = images[:worst]
    high = images[len(low) :][::-1][:best]
    return {
        "worst": [shown(image, source, may_show) for image in low],
        "best": [shown(image, source, may_show) for image in high],
        "wrong_color": tables.hex_color(WRONG),
    }


def shown(
    image: ImageScores, source: Source, may_show: Callable[[str, str], bool]
) -> dict[str, Any]:
    """One image with its four pictures and its three largest confusions."""
    score, folder = source.score, source.path.parent
    names = score.classes.names
    totals = [image.valid] * len(names)
    channels = channels_of(score.dataset, folder)
    return {
        "scores": image,
        "pictures": four_pictures(
            image, folder, score.classes, lambda name: may_show(name, image.id), channels
        ),
        "confusions": tables.confusions(image.confusion, names, totals)[:3],
    }
