"""What `pixelwise init` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixelwise.errors import ArgumentError
from pixelwise.settings import check_settings, max_gib_option, option, required


@dataclass(frozen=True)
class InitConfig:
    """Which folder is looked at to write its dataset.toml, and what is known about it already."""

    folder: Path = required("folder with images and label images", reads="folder")
    images: Path | None = option(
        None, "folder of the images, in FOLDER (default: found)", group="files"
    )
    labels: Path | None = option(None, "folder of the labels, in FOLDER (default: found)")
    image_prefix: str | None = option(
        None, "what stands before the id in the names of images, such as image_"
    )
    image_suffix: str | None = option(None, "what follows the id there, such as _rgb.png")
    label_prefix: str | None = option(None, "the same for labels, such as mask_")
    label_suffix: str | None = option(None, "the same for labels, such as _mask.png")
    split_train: Path | None = option(
        None, "folder of the images of split train, or list of its ids (default: found)"
    )
    split_val: Path | None = option(None, "the same for split val")
    split_test: Path | None = option(None, "the same for split test")
    unpaired: Literal["error", "skip"] | None = option(
        None, "what is done with files without a partner (default: asked)"
    )
    classes: str | None = option(
        None,
        "class file, or known dataset (see pixelwise list classes; default: found)",
        group="values",
    )
    ignore_values: tuple[int | str, ...] | None = option(
        None, "stored values that are void, or none (default: found)", metavar="VALUE"
    )
    foreground: int | None = option(
        None, "the stored value that is the object, of two", low=0, high=65535, metavar="VALUE"
    )
    task: Literal["multilabel"] | None = option(
        None, "multilabel: each class has masks of its own, and they may overlap"
    )
    channels: tuple[str, ...] | None = option(
        None, "names of the channels of the images (default: found)", metavar="NAME", group="images"
    )
    bands: tuple[int, ...] | None = option(
        None, "their places in the files, from 1 (default: all)", low=1, metavar="N"
    )
    range: tuple[float | str, ...] | None = option(
        None,
        "the values that are black and white, LOW HIGH, or train: mean and deviation of the train "
        "split (default: asked, but for 8 bits)",
        metavar="VALUE",
    )
    force: bool = option(False, "replace an existing dataset.toml", group="output")
    accept_guesses: bool = option(False, "leave no question open: take what is assumed")
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        if self.ignore_values == ("none",):
            object.__setattr__(self, "ignore_values", ())
        for value in self.ignore_values or ():
            if not isinstance(value, int) or not 0 <= value <= 65535:
                must = "numbers from 0 to 65535, or none"
                raise ArgumentError("init", "ignore_values", must=must, got=repr(value))
        numbers = [v for v in self.range or () if isinstance(v, float)]
        ordered = len(numbers) == len(self.range or ()) == 2 and numbers[0] < numbers[1]
        if self.range not in (None, ("train",)) and not ordered:
            must, got = "a lower and a higher number, or train", repr(self.range)
            raise ArgumentError("init", "range", must=must, got=got)
