"""What `pixelwise convert` takes. No format is imported here, so that --help is fast."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pixelwise.convert.formats.table import FORMATS, IGNORE
from pixelwise.convert.painting import Order
from pixelwise.convert.sidecars import SIDECARS
from pixelwise.errors import ArgumentError, setting
from pixelwise.files.names import real_path
from pixelwise.files.records import to_plain
from pixelwise.labels.png import Storage
from pixelwise.labels.shapes import LINE_WIDTH, Rule
from pixelwise.settings import (
    check_settings,
    max_gib_option,
    option,
    required,
    scheduler_option,
    workers_option,
)

# what decides where the work is done and what is written beside a label, not the label itself
_OTHERS = {
    *("source", "out", "images", "image_files", "split", "sidecars", "unpaired"),
    *("workers", "scheduler", "max_gib"),
}


@dataclass(frozen=True)
class ConvertConfig:
    """Which annotations become label images, where, and by which rules."""

    source: Path = required(
        "annotation file, or folder of annotation files", reads="file or folder"
    )
    format: str = option(
        "auto", "what the annotations are", choices=("auto", *FORMATS), group="source"
    )
    out: Path | None = option(
        None, "folder to make (default: SOURCE-converted beside the source)", group="output"
    )
    images: Path | None = option(
        None,
        "folder of the images (default: where the annotations say)",
        reads="folder",
        group="source",
    )
    image_files: Literal["copy", "link", "none"] = option(
        "copy", "how images get into the folder", group="output"
    )
    classes: str | None = option(
        None,
        "class file, known dataset (see pixelwise list classes), or name=#rrggbb,... "
        "(default: as found)",
        group="classes",
    )
    ignore: tuple[str, ...] = option(
        (), "names that mean void, besides void, ignore, unlabeled and the like"
    )
    alias: tuple[str, ...] = option((), "other names of classes", metavar="OLD=NEW")
    background: str | None = option(
        None, "class of pixels that nothing covers, or ignore (default: by format)", metavar="CLASS"
    )
    task: Literal["multilabel"] | None = option(
        None, "multilabel: classes may overlap, and each gets label images of its own"
    )
    ignore_index: int | None = option(
        None, "value to write for void (default: 255, or 65535 with more classes)"
    )
    ignore_values: tuple[int, ...] = option(
        (), "stored values that mean void, of formats that store indices"
    )
    rule: Rule = option("center", "which pixels a shape covers", group="painting")
    order: Order | None = option(
        None, "what is painted first; area: the largest (default: by format)"
    )
    unknown: Literal["error", "ignore", "skip", "nearest"] = option(
        "error", "names, colours or values that are not a class; nearest: of pixels only"
    )
    invalid: Literal["error", "skip"] = option("error", "shapes that cannot be painted")
    boxes: bool = option(False, "paint boxes that have no outline as rectangles")
    line_width: float = option(
        LINE_WIDTH, "width of lines and diameter of points, in pixels", low=1e-3
    )
    storage: Storage = option("palette", "how label PNGs store values", group="output")
    split: str | None = option(
        None, "split to write (default: from folders, else train and val by folds)"
    )
    image_suffix: str = option(
        "", "what follows the id in the names of images, such as _rgb.png", group="source"
    )
    label_suffix: str = option("", "what follows the id in the names of annotations")
    image_prefix: str = option("", "what stands before the id in the names of images: image_")
    label_prefix: str = option("", "what stands before the id in the names of annotations")
    unpaired: Literal["error", "skip", "background"] = option(
        "error",
        "images without annotation and the reverse; background: labels of background alone",
    )
    bgr: bool = option(False, "colours are stored blue first")
    key: str | None = option(
        None,
        "array of .mat and .npz files that have several, such as groundTruth.Segmentation; of VIA "
        "the attribute of regions that names the class",
    )
    divisor: int = option(0, "instances: class = id // DIVISOR; 0: any id is foreground", low=0)
    sidecars: tuple[str, ...] = option(
        (), "class lists to write for other tools", choices=tuple(SIDECARS), group="output"
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        where = "convert"
        for old_is_new in self.alias:
            if len(old_is_new.split("=")) != 2:
                raise ArgumentError(where, "alias", must="OLD=NEW", got=repr(old_is_new))
        if self.split is not None and not _is_folder_name(self.split):
            raise ArgumentError(where, "split", must="the name of a folder", got=repr(self.split))
        if self.out is None:
            # "." has no name of its own
            source = self.source if self.source.name else real_path(self.source)
            object.__setattr__(self, "out", source.with_name(f"{source.stem}-converted"))
        if self.format != "auto":
            self._check_format()
        if self.task is not None:
            self._check_task()

    @property
    def folder(self) -> Path:
        """Where the images and labels of this run go: out, or the folder of its split."""
        out = Path(self.out or "")
        return out if self.split is None else out / self.split

    def settings(self) -> dict[str, Any]:
        """What decides the content of a label file, as JSON can hold it."""
        plain = to_plain(self).items()
        # what was made before there was a task is made in the same way
        return {n: v for n, v in plain if n not in _OTHERS and (n != "task" or v is not None)}

    def _check_task(self) -> None:
        """Refuse what means nothing where classes overlap."""
        with_task, where = f"with {setting('task', self.task)}", "convert"
        given = {"order": self.order, "sidecars": self.sidecars}
        for name in (name for name, value in given.items() if value):
            must = f"left out {with_task}, where every class has label images of its own"
            raise ArgumentError(where, name, must=must, got=repr(given[name]))
        if self.background not in (None, IGNORE):
            must = f"{IGNORE} or left out {with_task}, where background is what no class covers"
            raise ArgumentError(where, "background", must=must, got=repr(self.background))
        if self.format not in ("auto", "array") and FORMATS[self.format].background is None:
            must = f"left out with format {self.format}, whose pixels have one class"
            raise ArgumentError(where, "task", must=must, got=self.task)

    def _check_format(self) -> None:
        """Refuse settings that mean nothing for the format, instead of ignoring them."""
        row, with_format = FORMATS[self.format], f"with format {self.format}"
        if self.unknown not in row.unknown:
            must = f"one of {', '.join(row.unknown)} {with_format}"
            raise ArgumentError("convert", "unknown", must=must, got=repr(self.unknown))
        of_images_alone = self.unpaired == "background"
        if row.background is None and self.background is not None and not of_images_alone:
            must = f"left out {with_format}, whose pixels all have a value"
            raise ArgumentError("convert", "background", must=must, got=repr(self.background))


def _is_folder_name(text: str) -> bool:
    return text not in ("", ".", "..") and not set(text) & set("/\\\0") and text.isprintable()
