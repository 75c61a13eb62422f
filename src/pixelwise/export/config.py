"""What export and run take. No torch here: `--help` reads these fields."""

# ruff: noqa: RUF009  (option() and required() are dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixelwise.errors import ArgumentError, setting
from pixelwise.prediction.config import (
    threshold_option,
    thresholds_from_option,
    thresholds_option,
)
from pixelwise.settings import check_settings, field_of, max_gib_option, option, required

Format = Literal["onnx", "torch"]
Precision = Literal["fp32", "fp16", "int8"]
NO_CHECK = "none"


@dataclass(frozen=True)
class ExportConfig:
    """Which network becomes an artefact, for which images, and what it is compared on."""

    run: Path = required("run folder (its best checkpoint), or a checkpoint folder", reads="run")
    format: Format = option(
        "onnx", "onnx: for onnxruntime and other runtimes; torch: of torch.export, for PyTorch"
    )
    size: tuple[int, int] | None = option(
        None,
        "height and width of the images that the artefact takes (default: that of the images it "
        "is compared on, if all have one size)",
        metavar=("H", "W"),
        low=1,
    )
    any_size: bool = option(
        False,
        "take images of every size whose height and width are multiples of 32; only of a run with "
        "--scale 1",
    )
    precision: Precision = option(
        "fp32", "of the network inside; int8 is calibrated on images of the train split"
    )
    threshold: float = threshold_option()
    thresholds: tuple[float, ...] = thresholds_option()
    thresholds_from: str | None = thresholds_from_option()
    check: str = option(
        "",
        "labelled split on which the artefact is compared with the network (default: the one that "
        "the run is scored on); none: not at all",
        metavar="SPLIT",
        group="certificate",
    )
    data: Path | None = option(
        None, "dataset of that split, instead of that of the run", reads="dataset"
    )
    tolerance: float = option(
        0.0001, "share of the pixels that may differ; with more the artefact fails", low=0, high=1
    )
    out: Path | None = option(None, "folder to make (default: RUN/export)", group="output")
    overwrite: bool = option(False, "replace the folder if an earlier export made it")
    trust: bool = option(
        False,
        "import a network module:function that you have not trained with yourself",
        group="machine",
    )
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        given = [
            name
            for name in ("threshold", "thresholds", "thresholds_from")
            if getattr(self, name) != field_of(type(self), name).default
        ]
        if self.size is not None and self.any_size:
            given = ["size", "any_size"]
        if len(given) > 1:
            event = f"only one of {' and '.join(map(setting, given))} can be given"
            raise ArgumentError("export", event=event)
        if self.format == "torch" and self.precision == "int8":
            hint = f"Use {setting('format', 'onnx')}."
            raise ArgumentError("export", "precision", must="fp32 or fp16", got="int8", hint=hint)


@dataclass(frozen=True)
class RunConfig:
    """Which artefact labels which image."""

    artefact: Path = required("folder that export has made", reads="folder")
    image: Path = required("image file", reads="file")
    out: Path | None = option(
        None,
        "label image to write; a folder where classes overlap (default: IMAGE_label.png here)",
        group="output",
    )
    overwrite: bool = option(False, "replace the label image if there is one")
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
