"""What predict takes. No torch here: `--help` reads these fields."""

# ruff: noqa: RUF009  (option() and required() are dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pixelwise.errors import ArgumentError, setting
from pixelwise.plan.config import MOST_SCALE, Device
from pixelwise.settings import check_settings, field_of, max_gib_option, option, required
from pixelwise.tiles.grid import Blend, blend_option, overlap_option, tile_option, tiling_of

Format = Literal["png", "tiff"]
AUTO = "auto"  # of post

Kind = Literal["max", "margin"]
PROBABILITIES = "confidence", "unsure", "expect"  # settings that need them

LEAST_T, MOST_T = 0.001, 1000.0  # logits divided by them stay far from infinity and from equal


def check_temperature(command: str, temperature: float | str) -> None:
    """Raise unless logits can be divided by it.

    Raises:
        ArgumentError: it is neither "auto" nor in a range.
    """
    if temperature != "auto" and not LEAST_T <= float(temperature) <= MOST_T:
        must = f"auto, or between {LEAST_T:g} and {MOST_T:g}"
        raise ArgumentError(command, "temperature", must=must, got=temperature)


def threshold_option(group: str = "") -> Any:
    """The field `threshold` of a command."""
    text = "binary or multilabel task: probability above which a pixel is foreground"
    return option(0.5, text, low=0, high=1, group=group)


def thresholds_option() -> Any:
    """The field `thresholds` of a command."""
    text = "multilabel task: one for each class, instead of --threshold"
    return option((), text, low=0, high=1)


def thresholds_from_option() -> Any:
    """The field `thresholds_from` of a command."""
    text = (
        "binary or multilabel task: the threshold of the best IoU of each class on this split of "
        "the run's dataset, chosen once and kept in RUN/thresholds.json"
    )
    return option(None, text, metavar="SPLIT")


@dataclass(frozen=True)
class PredictConfig:
    """Which network predicts which images, and where the label images go."""

    run: Path | tuple[Path, ...] = required(
        "run folder (its best checkpoint), checkpoint folder, or the folder of a cross-validation "
        "(all folds); of several networks the probabilities are averaged",
        reads="run",
    )
    split: str | None = option(
        None,
        "split of the dataset to predict (default: the one that the run is scored on)",
        group="data",
    )
    data: Path | None = option(
        None, "dataset to predict, instead of that of the run", reads="dataset"
    )
    images: Path | None = option(None, "a folder of images, instead of a split", reads="folder")
    image_prefix: str = option("", "with --images: what stands before the id in names of images")
    image_suffix: str = option("", "with --images: what follows the id in names of images")
    flip: bool = option(
        False,
        "average the logits of an image and its mirror image, left to right",
        group="averages",
    )
    scales: tuple[float, ...] = option(
        (1.0,),
        "average the logits of an image in several sizes: factors of the scale of the run",
        above=0,
        high=MOST_SCALE,
    )
    out: Path | None = option(
        None, "folder to make (default: RUN/predictions/SPLIT)", group="output"
    )
    overwrite: bool = option(False, "replace the folder if it has files in it")
    device: Device = option("auto", "where to compute", group="machine")
    batch: int | None = option(
        None,
        "images of one size that the network sees at once; changes no bit of what is written "
        "(default: 1 on a CPU, up to 4 megapixels on a GPU)",
        low=1,
    )
    trust: bool = option(
        False, "import a network module:function that you have not trained with yourself"
    )
    max_gib: float | None = max_gib_option()
    threshold: float = threshold_option(group="output")
    thresholds: tuple[float, ...] = thresholds_option()
    thresholds_from: str | None = thresholds_from_option()
    format: Format = option(
        "png", "png: indexed; tiff: GeoTIFF, at the place on earth of the image; by rasterio"
    )
    post: tuple[str, ...] = option(
        (),
        "changes to labels: min-region=PIXELS, fill-holes=PIXELS, largest, each of some classes "
        "with :CLASS,CLASS; or auto, those that the images of the run's val speak for",
        metavar="STEP",
    )
    calibration: bool = option(
        False,
        "write calibration.json too: confidence against accuracy, and thresholds; needs labels",
    )

    tile: tuple[int, int] | None = tile_option(
        "pixels of a tile, for images that are larger (default: as in training; 0 0: whole images)"
    )
    overlap: float = overlap_option()
    blend: Blend = blend_option()

    confidence: Kind | None = option(
        None,
        "write one byte of confidence a pixel, a grey PNG in OUT/confidence: max, the probability "
        "of the predicted class, or margin, its lead over the next; and their sums",
        group="confidence",
    )
    temperature: float | Literal["auto"] = option(
        1.0,
        "divide logits by this number before they become probabilities; auto: the one of the least "
        "negative log-likelihood on the split that the run is scored on, kept in "
        "RUN/temperature.json",
        metavar="T|auto",
    )
    unsure: tuple[float, ...] = option(
        (), "write void where the confidence is below: one number, or one a class", low=0, high=1
    )
    expect: bool = option(
        False, "say the IoU that is expected if the probabilities are right; needs no labels"
    )
    dataset: bool = option(
        False,
        "make a whole dataset that train takes: OUT with dataset.toml and the images beside "
        "their labels, as hard links where possible",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        tiling_of(self)
        if isinstance(self.run, tuple) and len(self.run) == 1:
            object.__setattr__(self, "run", self.run[0])
        if not self.runs:
            raise ArgumentError("predict", "run", must="at least one", got="none")
        if not self.scales or len(set(self.scales)) < len(self.scales):
            must = "at least one number, each given once"
            raise ArgumentError("predict", "scales", must=must, got=self.scales)
        check_temperature("predict", self.temperature)
        needs = [name for name in PROBABILITIES if getattr(self, name)]
        if self.temperature != 1 and not needs:
            options = " or ".join(map(setting, PROBABILITIES))
            event = f"{setting('temperature')} changes probabilities alone and needs {options}"
            raise ArgumentError("predict", event=event)
        for name in ("data", "split"):
            if self.images is not None and getattr(self, name) is not None:
                event = f"only one of {setting('images')} and {setting(name)} can be given"
                raise ArgumentError("predict", event=event)
        if self.images is None and (self.image_prefix or self.image_suffix):
            names = f"{setting('image_prefix')} and {setting('image_suffix')}"
            hint = "Those of a split are in its dataset.toml."
            raise ArgumentError("predict", event=f"{names} need {setting('images')}", hint=hint)
        if AUTO in self.post and len(self.post) > 1:
            raise ArgumentError(
                "predict", "post", must="auto, or steps without it", got=" ".join(self.post)
            )
        ways = "threshold", "thresholds", "thresholds_from"
        given = [n for n in ways if getattr(self, n) != field_of(type(self), n).default]
        if len(given) > 1:
            event = f"only one of {' and '.join(map(setting, given))} can be given"
            raise ArgumentError("predict", event=event)
        if self.images is not None and self.calibration:
            hint = f"Give a split, not {setting('images')}."
            raise ArgumentError(
                "predict", event=f"{setting('calibration')} needs labels", hint=hint
            )

    @property
    def runs(self) -> tuple[Path, ...]:
        """`run`, one or more."""
        return self.run if isinstance(self.run, tuple) else (self.run,)
