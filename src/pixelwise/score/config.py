"""What `pixelwise score` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import ArgumentError, setting
from pixelwise.files.names import real_path
from pixelwise.metrics.like import Tool
from pixelwise.metrics.means import Convention
from pixelwise.settings import (
    accept_guesses_option,
    check_settings,
    max_gib_option,
    option,
    required,
    scheduler_option,
    workers_option,
)


@dataclass(frozen=True)
class ScoreConfig:
    """Which predictions are compared with which labels, and how classes are averaged."""

    predictions: Path = required(
        "folder of predicted label images, or a run folder", reads="folder"
    )
    versus: Path | None = option(
        None,
        "a second one, to be compared with the first image by image",
        positional=True,
        reads="folder",
    )
    data: Path | None = option(
        None,
        "dataset (default: the one in PREDICTIONS/prediction.json)",
        reads="dataset",
        group="data",
    )
    split: str | None = option(None, "split of the dataset (default: as predicted, else val)")
    accept_guesses: bool = accept_guesses_option()
    labels: Path | None = option(
        None, "a bare folder of labels, instead of a dataset", reads="folder"
    )
    images: Path | None = option(None, "with --labels: the images, for the report", reads="folder")
    classes: str | None = option(
        None,
        "with --labels: a class file or a known dataset, see pixelwise list classes "
        "(default: those of the dataset in PREDICTIONS/prediction.json)",
    )
    prediction_prefix: str = option(
        "", "what stands before the id in the names of predictions", group="names"
    )
    prediction_suffix: str = option("", "what follows the id in the names of predictions: _pred")
    label_prefix: str = option("", "with --labels: what stands before the id in names of labels")
    label_suffix: str = option("", "with --labels: what follows the id in names of labels")
    image_prefix: str = option("", "with --images: what stands before the id in names of images")
    image_suffix: str = option("", "with --images: what follows the id in names of images")
    convention: Convention = option(
        "present", "which classes count in the mean IoU", group="scores"
    )
    like: Tool | None = option(None, "print the number of another tool too", metavar="TOOL")
    all: bool = option(False, "print the numbers of all other tools, and why they differ")
    boundary: bool = option(False, "boundary IoU of the classes too")
    out: Path | None = option(
        None,
        "file to write (default: PREDICTIONS/score.json, or VERSUS/comparison.json)",
        group="output",
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        like, every = setting("like"), setting("all")
        if self.like is not None and self.all:
            raise ArgumentError("score", event=f"only one of {like} and {every} can be given")
        if self.versus is not None and (self.like is not None or self.all or self.boundary):
            event = f"{like}, {every} and {setting('boundary')} are of one prediction"
            raise ArgumentError("score", event=event, hint="Leave VERSUS out.")
        labels, data = setting("labels"), setting("data")
        if self.images is None and (self.image_prefix or self.image_suffix):
            event = (
                f"{setting('image_prefix')} and {setting('image_suffix')} need {setting('images')}"
            )
            raise ArgumentError("score", event=event, hint="The report shows them.")
        if self.labels is None:
            names = "classes", "images", "label_prefix", "label_suffix"
            given = [setting(name) for name in names if getattr(self, name)]
            if given:
                event = f"{', '.join(given)} need {labels}"
                raise ArgumentError("score", event=event, hint=f"Give {labels} too.")
        elif real_path(self.labels) == real_path(self.predictions):
            must, got = "another folder than the predictions", str(self.labels)
            raise ArgumentError("score", "labels", must=must, got=got)
        elif self.data is not None:
            event = f"only one of {labels} and {data} can be given"
            hint = f"{setting('classes')} says which classes {labels} have."
            raise ArgumentError("score", event=event, hint=hint)
