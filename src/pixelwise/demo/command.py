"""The demo: draw a data set, train one network twice, and see what the loss changes.

OUT/streets       street scenes with indexed labels, and their dataset.toml
OUT/ce            run with cross entropy: checkpoints, predictions, score
OUT/ce+dice       the same network, seed and steps with cross entropy + Dice
OUT/report.html   both scores side by side, with the worst and best images
"""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.errors import check_range
from pixelwise.files.folder import check_free
from pixelwise.files.results import write_json
from pixelwise.report.config import ReportConfig
from pixelwise.run.config import PredictConfig, TrainConfig
from pixelwise.score.config import ScoreConfig
from pixelwise.settings import check_settings, option
from pixelwise.text import percent, text_table

LOSSES = ("ce", "ce+dice")
LESSON = "lesson.json"


@dataclass(frozen=True)
class DemoConfig:
    """Where the demo puts its files, and how long it trains."""

    out: Path = option(Path("demo"), "folder to make")
    overwrite: bool = option(False, "replace the folder if an earlier demo made it")
    seed: int = option(0, "of the scenes and of the training")
    train: int = option(96, "scenes to learn from")
    val: int = option(24, "scenes to score")
    epochs: int = option(26, "passes over the scenes, for each of the two losses")

    def __post_init__(self) -> None:
        check_settings(self)
        check_range("demo", "seed", self.seed, low=0)
        for name in ("train", "val", "epochs"):
            check_range("demo", name, getattr(self, name), low=1)


@dataclass(frozen=True)
class Lesson:
    """What the demo found.

    Attributes:
        content: JSON-able: the scores of both losses and where the report is.
        text: the same as a table.
    """

    content: dict[str, Any]
    text: str


def demo(config: DemoConfig) -> Lesson:
    """Draw the scenes, train with each loss, predict, score and compare.

    Args:
        config: folder, seed and sizes.
    Returns:
        The comparison; it is also written to OUT/lesson.json.
    Raises:
        RunError: the folder has files in it and may not be replaced.
    """
    from pixelwise.demo.scenes import write_scenes
    from pixelwise.report.html import report

    out = config.out
    check_free("demo", out, "Give --overwrite.", LESSON if config.overwrite else None)
    if out.exists():
        shutil.rmtree(out)
    say(f"drawing {config.train + config.val} scenes into {out / 'streets'}")
    write_scenes(out / "streets", {"train": config.train, "val": config.val}, config.seed)
    scores = {loss: score_of(config, loss) for loss in LOSSES}
    folders = {loss: out / loss / "predictions" / "val" for loss in LOSSES}
    source, other = folders[LOSSES[1]], folders[LOSSES[0]]
    page = report(ReportConfig(source, out=out / "report.html", compare=(other,)))
    content = {
        "report": str(page),
        "mean_iou": {loss: score["scores"]["mean_iou"] for loss, score in scores.items()},
        "classes": compare(scores),
    }
    write_json(out / LESSON, content)
    return Lesson(content, lesson_text(content))


def score_of(config: DemoConfig, loss: str) -> Mapping[str, Any]:
    """Train with one loss, predict the val scenes and score them; all else is the same."""
    from pixelwise.run.predict import predict
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
    return score(ScoreConfig(predict(PredictConfig(run))))


def compare(scores: dict[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each class with its share of the valid pixels and its IoU under both losses."""
    first = scores[LOSSES[0]]
    return [
        {
            "name": entry["name"],
            "share": entry["target_pixels"] / max(1, first["valid_pixels"]),
            "iou": {loss: score["per_class"][index]["iou"] for loss, score in scores.items()},
        }
        for index, entry in enumerate(first["per_class"])
    ]


def lesson_text(content: dict[str, Any]) -> str:
    """The comparison as a table, rarest class last, and what it says about that class."""
    classes = sorted(content["classes"], key=lambda c: -c["share"])
    rows = [["class", "share", *(f"IoU {loss}" for loss in LOSSES), "difference"]]
    rows += [[c["name"], percent(c["share"]), *iou_cells(c["iou"])] for c in classes]
    rows.append(["mean IoU (present)", "", *iou_cells(content["mean_iou"])])
    rarest = classes[-1]
    before, after, change = iou_cells(rarest["iou"])
    lesson = (
        f"{rarest['name']} covers {percent(rarest['share'])} % of the pixels. Cross entropy "
        f"counts pixels, Dice counts classes:\nits IoU is {before} with {LOSSES[0]} and {after} "
        f"with {LOSSES[1]} ({change}), with the same network, data, seed and steps."
    )
    return "\n".join([text_table(rows), "", lesson, "", f"report: {content['report']}"])


def iou_cells(iou: dict[str, float | None]) -> list[str]:
    """IoU under both losses and their difference, in percent."""
    before, after = (iou[loss] for loss in LOSSES)
    change = "-" if before is None or after is None else f"{100 * (after - before):+.2f}"
    return [percent(before), percent(after), change]


def say(text: str) -> None:
    """A line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)
