"""FORMATS: every annotation format, how it is recognised, and the defaults that its tool implies.

A row is enough to name a format and to recognise it. What reads it is in the module of this package
that has its name, which is imported when it is used:

    find(config, reading) -> Source             files and classes, and no more than that
    read(item, config, legend) -> Drawing       one label; runs in workers
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from pixelwise.convert.painting import Order
from pixelwise.files.walk import IMAGE_SUFFIXES

# The background of a format whose pixels are void where nothing covers them.
IGNORE = "ignore"
# What can be done about names of objects, colours and values that are not a class: objects can be
# left out, colours replaced by the nearest one.
_NAMES = ("error", "ignore", "skip")
_PIXELS = ("error", "ignore", "nearest")
_VALUES = ("error", "ignore")
# Modes of Pillow.
_COLOR_MODES = {"RGB", "RGBA", "CMYK", "YCbCr"}
_WIDE_MODES = {"I;16", "I;16B", "I;16L", "I"}


@dataclass(frozen=True)
class Format:
    """A row of FORMATS.

    Args:
        name: of the format and of its module.
        background: what objects are painted on: a class name or "ignore"; None = pixels are kept
            as they are stored.
        order: paint order unless the user says otherwise.
        unknown: what can be done about names, values or colours that are not a class.
        file_name: pattern of a name below a folder that only folders of this format have.
        suffixes: of files of this format that are a source by themselves.
        json: whether the value of a JSON file is of this format.
        one_file: whether one JSON file describes all images.
        several: whether a folder may hold several such files, one for each split.
        mode: whether label images of a mode of Pillow are of this format.
    """

    name: str
    background: str | None = "background"
    order: Order = "file"
    unknown: tuple[str, ...] = _NAMES
    file_name: str = ""
    suffixes: tuple[str, ...] = ()
    json: Callable[[Any], bool] | None = None
    one_file: bool = False
    several: bool = False
    mode: Callable[[str], bool] | None = None

    @property
    def module(self) -> ModuleType:
        """What reads the format."""
        return import_module(f"pixelwise.convert.formats.{self.name}")


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda content: isinstance(content, dict) and set(keys) <= set(content)


_is_coco = _has("annotations", "images")


def _is_panoptic(content: Any) -> bool:
    return _is_coco(content) and _has("segments_info")(_first(content["annotations"]))


def _is_label_studio(content: Any) -> bool:
    return _has("annotations")(_first(content))


def _is_via(content: Any) -> bool:
    if not isinstance(content, dict) or not content:
        return False
    if "_via_img_metadata" in content or set(_VIA_3) <= set(content):
        return True
    return all(_has("filename", "regions")(value) for value in content.values())


def _first(entries: Any) -> Any:
    return entries[0] if isinstance(entries, list) and entries else None


_VIA_3 = ("project", "attribute", "file", "view", "metadata")
# In the order in which they are tried: file names first, then JSON, then pixels.
_ROWS = (
    Format("cityscapes", IGNORE, file_name=r"(?i:_polygons\.json)$", json=_has("imgHeight")),
    Format("cityscapes_ids", None, unknown=_VALUES, file_name=r"(?i:_labelids\.png)$"),
    Format("labelme", json=_has("shapes")),
    Format("via", json=_is_via, one_file=True, several=True),
    Format("supervisely", json=_has("size", "objects")),
    Format("coco_panoptic", None, unknown=_VALUES, json=_is_panoptic, one_file=True),
    # COCO has no order; that small objects lie on top is the common practice
    Format("coco", order="area", json=_is_coco, one_file=True, several=True),
    Format("label_studio", json=_is_label_studio, one_file=True),
    Format("cvat", order="z", file_name=r"(^|/)(?i:annotations\.xml)$", suffixes=(".xml",)),
    Format(
        "array",
        None,
        unknown=_PIXELS,
        file_name=r"(?i:\.npy|\.npz|\.mat)$",
        suffixes=(".npy", ".npz", ".mat"),
        mode=lambda mode: mode not in _COLOR_MODES | _WIDE_MODES,
    ),
    Format("yolo", file_name=r"(^|/)labels/.*(?i:\.txt)$"),
    Format("masks", file_name=rf"/masks/.*(?i:{'|'.join(IMAGE_SUFFIXES)})$"),
    Format("color", None, unknown=_PIXELS, mode=_COLOR_MODES.__contains__),
    Format("instances", None, unknown=_VALUES, mode=_WIDE_MODES.__contains__),
)
FORMATS = {row.name: row for row in _ROWS}
