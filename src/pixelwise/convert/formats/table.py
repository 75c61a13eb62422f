"""FORMATS: every annotation format, its reader, and the defaults that its tool implies."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats import (
    array,
    cityscapes,
    coco,
    coco_panoptic,
    color,
    cvat,
    instances,
    label_studio,
    labelme,
    masks,
    yolo,
)
from pixelwise.convert.legend import IGNORE, Legend
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.errors import ArgumentError, check_choice

Find = Callable[[ConvertConfig, Executor | None], Source]
Read = Callable[[Item, ConvertConfig, Legend], Drawing]

# What --unknown may be: names of objects can be left out, colours replaced by the nearest one.
_NAMES = ("error", "ignore", "skip")
_COLORS = ("error", "ignore", "nearest")
_VALUES = ("error", "ignore")


@dataclass(frozen=True)
class Format:
    """A row of FORMATS.

    Args:
        find: configuration -> Source; looks for files and classes, and reads no more than that.
        read: one item -> its Drawing; can be pickled.
        background: what objects are painted on: a class name or "ignore"; None = pixels are kept
            as they are stored.
        order: paint order unless the user says otherwise.
        unknown: what can be done about names, values or colours that are no class.
    """

    find: Find
    read: Read
    background: str | None = "background"
    order: str = "file"
    unknown: tuple[str, ...] = _NAMES


FORMATS = {
    "labelme": Format(labelme.find, labelme.read),
    # COCO has no order; that small objects lie on top is the common practice
    "coco": Format(coco.find, coco.read, order="area"),
    "coco_panoptic": Format(coco_panoptic.find, coco_panoptic.read, None, unknown=_VALUES),
    "cityscapes": Format(cityscapes.find, cityscapes.read, IGNORE),
    "cityscapes_ids": Format(cityscapes.find_ids, array.read, None, unknown=_VALUES),
    "yolo": Format(yolo.find, yolo.read),
    "cvat": Format(cvat.find, cvat.read, order="z"),
    "label_studio": Format(label_studio.find, label_studio.read),
    "color": Format(color.find, color.read, None, unknown=_COLORS),
    "instances": Format(instances.find, instances.read, None, unknown=_VALUES),
    "masks": Format(masks.find, masks.read),
    "array": Format(array.find, array.read, None, unknown=_VALUES),
}


def check_fits(form: Format, config: ConvertConfig) -> None:
    """Refuse options that mean nothing for a format, instead of ignoring them.

    Raises:
        ArgumentError: an option does not fit.
    """
    check_choice(f"convert --format {config.format}", "unknown", config.unknown, form.unknown)
    if form.background is None and config.background is not None:
        got = f"{config.background!r} with format {config.format}, whose pixels all have a value"
        raise ArgumentError("convert", "background", must="left out", got=got)
