"""What next takes. No torch here: `--help` reads these fields."""

# ruff: noqa: RUF009  (option() and required() are dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixelwise.errors import ArgumentError, setting
from pixelwise.plan.config import Device
from pixelwise.prediction.config import check_temperature
from pixelwise.settings import check_settings, max_gib_option, option, required


@dataclass(frozen=True)
class NextConfig:
    """Which images a network is shown, and how many of them are to be labelled."""

    run: Path = required("run folder (its best checkpoint), or a checkpoint folder", reads="run")
    images: Path | None = option(
        None, "folder of images without labels (needed)", reads="folder", group="data"
    )
    image_prefix: str = option("", "what stands before the id in names of images")
    image_suffix: str = option("", "what follows the id in names of images")
    budget: int = option(50, "how many images to choose", low=1, group="choice")
    alike: bool = option(False, "choose images that are almost the same too")
    temperature: float | Literal["auto"] = option(
        1.0, "as in predict: divides logits before they become probabilities", metavar="T|auto"
    )
    out: Path | None = option(
        None, "file to write the ids to, one a line, as the list of a split", group="output"
    )
    overwrite: bool = option(False, "replace the file")
    device: Device = option("auto", "where to compute", group="machine")
    trust: bool = option(
        False, "import a network module:function that you have not trained with yourself"
    )
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        if self.images is None:
            hint = "Give the folder of the images that have no labels yet."
            raise ArgumentError("next", event=f"{setting('images')} is needed", hint=hint)
        check_temperature("next", self.temperature)
