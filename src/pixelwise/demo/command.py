"""The demo: draw a dataset, train one network twice, and see what the loss changes.

OUT/streets       street scenes with indexed labels, and their dataset.toml
OUT/ce            run with cross entropy: checkpoints, predictions, score
OUT/ce+dice       the same network, seed and steps with cross entropy + Dice
OUT/report.html   both scores side by side, with the worst and best images
"""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.errors import setting
from pixelwise.files.folder import check_free
from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.report.config import ReportConfig
from pixelwise.score.config import ScoreConfig
from pixelwise.score.record import Score
from pixelwise.settings import check_settings, option, takes_settings
from pixelwise.text import percent, text_table

LOSSES = ("ce", "ce+dice")
LESSON = "lesson.json"


@dataclass(frozen=True)
class DemoConfig:
    """Where the demo puts its files, and how long it trains."""

    out: Path = option(Path("demo"), "folder to make")
    overwrite: bool = option(False, "replace the folder if an earlier demo made it")
    seed: int = option(0, "of the scenes and of the training", low=0)
    train: int = option(96, "scenes to learn from", low=1)
    val: int = option(24, "scenes to score", low=1)
    epochs: int = option(26, "passes over the scenes, for each of the two losses", low=1)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class ClassLesson:
    """A class: its share of the valid pixels, and its IoU with each loss."""

    name: str
    share: float
    iou: dict[str, float | None]


@dataclass(frozen=True)
class Lesson:
    """What the demo found; lesson.json holds the same.

    Attributes:
        report: the page.
        mean_iou: with each loss.
        classes: in the order of the dataset.
    """

    report: Path
    mean_iou: dict[str, float | None]
    classes: tuple[ClassLesson, ...]

    def as_dict(self) -> dict[str, Any]:
        """The content of lesson.json."""
        return to_plain(self)

    def text(self) -> str:
        """The comparison as a table, rarest class last, and what it says about that class."""
        classes = sorted(self.classes, key=lambda c: -c.share)
        rows = [["class", "share", *(f"IoU {loss}" for loss in LOSSES), "difference"]]
        rows += [[c.name, percent(c.share), *iou_cells(c.iou)] for c in classes]
        rows.append(["mean IoU (present)", "", *iou_cells(self.mean_iou)])
        rarest = classes[-1]
        before, after, change = iou_cells(rarest.iou)
        lesson = (
            f"{rarest.name} covers {percent(rarest.share)} % of the pixels. Cross entropy counts "
            f"pixels, Dice counts classes:\nits IoU is {before} with {LOSSES[0]} and {after} with "
            f"{LOSSES[1]} ({change}), with the same network, data, seed and steps."
        )
        return "\n".join([text_table(rows), "", lesson, "", f"report: {self.report}"])

    __repr__ = text


@takes_settings(DemoConfig)
def demo(config: DemoConfig) -> Lesson:
    """Draw the scenes, train with each loss, predict, score and compare.

    Args:
        config: folder, seed and sizes; or these settings as keywords, `demo(out="demo")`.
    Returns:
        The comparison; it is also written to OUT/lesson.json.
    Raises:
        RunError: the folder has files in it and may not be replaced.
    """
    # what is not installed is said before anything is drawn
    import pixelwise.run.train  # noqa: F401
    from pixelwise.demo.scenes import write_scenes
    from pixelwise.report.html import report

    out = config.out
    hint = f"Give {setting('overwrite', True)} to replace it."
    check_free("demo", out, hint, LESSON if config.overwrite else None)
    if out.exists():
        shutil.rmtree(out)
    say(f"drawing {config.train + config.val} scenes into {out / 'streets'}")
    write_scenes(out / "streets", {"train": config.train, "val": config.val}, config.seed)
    scores = {loss: score_of(config, loss) for loss in LOSSES}
    folders = {loss: out / loss / "predictions" / "val" for loss in LOSSES}
    source, other = folders[LOSSES[1]], folders[LOSSES[0]]
    page = report(ReportConfig(source, out=out / "report.html", compare=(other,)))
    mean_iou = {loss: score.scores["mean_iou"] for loss, score in scores.items()}
    lesson = Lesson(page, mean_iou, compare(scores))
    write_json(out / LESSON, lesson)
    return lesson


def score_of(config: DemoConfig, loss: str) -> Score:
    """Train with one loss, predict the val scenes and score them; all else is the same."""
    from pixelwise.prediction.predict import predict
    from pixelwise.run.train import train
    from pixelwise.score.command import score

    say(f"training with {loss}")
    run = train(
        TrainConfig(
            data=config.out / "streets",
            out=config.out / loss,
            network="small",
            loss=loss,
            epochs=config.epochs,
            batch=4,
            lr=5e-3,
            scale_jitter=(0.8, 1.25),
            seed=config.seed,
            workers=0,
        )
    )
    result = score(ScoreConfig(predict(PredictConfig(run))))
    assert isinstance(result, Score)  # of one folder of predictions
    return result


def compare(scores: dict[str, Score]) -> tuple[ClassLesson, ...]:
    """Each class with its share of the valid pixels and its IoU with both losses."""
    first = scores[LOSSES[0]]
    return tuple(
        ClassLesson(
            entry.name,
            entry.target_pixels / max(1, first.valid_pixels),
            {loss: score.per_class[entry.index].scores["iou"] for loss, score in scores.items()},
        )
        for entry in first.per_class
    )


def iou_cells(iou: dict[str, float | None]) -> list[str]:
    """IoU with both losses and their difference, in percent."""
    before, after = (iou[loss] for loss in LOSSES)
    change = "-" if before is None or after is None else f"{100 * (after - before):+.2f}"
    return [percent(before), percent(after), change]


def say(text: str) -> None:
    """A line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)
