"""Exports of annotation tools that convert does not read: how each is recognised, and a way on.

A row names what a file is and says what to export instead. Only content decides, never the name of
a file: many tools write an annotations.json. Files other than JSON are in unsupported_files.py.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pixelwise.errors import DatasetError


class OtherTool(DatasetError):
    """Annotations of a tool, or in a form, that convert does not read."""


class Unsupported(NamedTuple):
    """What a file is, and what to do."""

    name: str
    advice: str

    def error(self, path: Path) -> OtherTool:
        """The error that names the file."""
        return OtherTool(
            path, "format", must="one that can be recognised", got=self.name, hint=self.advice
        )


OTHER_JSON = Unsupported(
    "JSON of another kind",
    "Known are labelme, COCO, Label Studio, VIA, Supervisely and Cityscapes: `pixelwise convert` "
    "reads them with --format NAME. Of another tool, export COCO and convert that.",
)


def _object(*keys: str) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, dict) and set(keys) <= set(v)


def _first(*keys: str, without: Collection[str] = ()) -> Callable[[Any], bool]:
    """A list whose first entry has all the keys."""

    def fits(content: Any) -> bool:
        entry = _entry(content)
        return set(keys) <= set(entry) and not set(without) & set(entry)

    return fits


def _entry(content: Any) -> dict[str, Any]:
    """The first entry of a list, if that is an object."""
    first = content[0] if isinstance(content, list) and content else None
    return first if isinstance(first, dict) else {}


def _inside(content: Any, key: str) -> dict[str, Any]:
    """The object, or the first object of the list, that an object has below a key."""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, dict) else _entry(value)


def _is_sam(content: Any) -> bool:
    signs = {"predicted_iou", "stability_score"}
    return signs <= set(_inside(content, "annotations")) or signs <= set(_entry(content))


def _is_json_min(content: Any) -> bool:
    entry = _entry(content)
    lists = (v for v in entry.values() if isinstance(v, list))
    return "data" not in entry and (
        {"annotation_id", "lead_time"} <= set(entry)
        or any("original_width" in _entry(value) for value in lists)
    )


COCO = "Export it as COCO (instance segmentation) from that tool and convert that."
MASKS = "Export its masks as indexed PNG with a list of classes, or COCO with polygons."
PROJECT = "Export the project as JSON and convert that."
DRAW = "Boxes say nothing about pixels: label outlines or masks."

# (name, sign, advice): the value of a JSON file
_JSON: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (
        "masks of Segment Anything, which have no classes",
        _is_sam,
        "Name them in an annotation tool and export that as COCO.",
    ),
    (
        "VoTT JSON",
        lambda v: _object("assets", "tags")(v) or _object("asset", "regions")(v),
        "VoTT exports no outlines that convert reads: write its polygons as COCO or labelme.",
    ),
    (
        "ISAT JSON",
        lambda v: _inside(v, "info").get("description") == "ISAT",
        "In ISAT, convert it to COCO or labelme (menu Tools) and convert that.",
    ),
    (
        "EISeg JSON",
        _first("labelIdx", "points"),
        "In EISeg, save as COCO, or use its grey masks (pixel = labelIdx).",
    ),
    ("SuperAnnotate JSON", _object("instances", "metadata"), COCO),
    ("SuperAnnotate JSON", _first("type", "classId"), COCO),
    (
        "SuperAnnotate JSON",
        lambda v: any(
            isinstance(one, dict) and isinstance(one.get("instances"), list) for one in v.values()
        ),
        COCO,
    ),
    (
        "JSON-MIN of Label Studio, without what convert needs",
        _is_json_min,
        "Export the project as JSON instead.",
    ),
    (
        "one task of Label Studio",
        lambda v: _object("data", "annotations")(v) or _object("task", "result")(v),
        "Export the whole project as JSON and convert that.",
    ),
    ("a Labelbox export", _first("External ID", "Label"), COCO),
    ("a Labelbox export", _object("data_row", "projects"), COCO),
    ("a Labelbox export", _first("data_row", "projects"), COCO),
    ("V7 (Darwin) JSON", lambda v: "slots" in _inside(v, "item"), MASKS),
    (
        "V7 (Darwin) JSON",
        _object("dataset", "image", "annotations"),
        MASKS,
    ),
    (
        "CreateML JSON, which has boxes",
        lambda v: (
            _first("image", "annotations", without=("data",))(v)
            and (not _entry(v)["annotations"] or "coordinates" in _inside(_entry(v), "annotations"))
        ),
        DRAW,
    ),
    (
        "COCO results: predictions, not annotations",
        _first("image_id", "category_id"),
        "Name the file that has images, annotations and categories.",
    ),
    (
        "a list of images of COCO, without annotations",
        lambda v: _object("images", "categories")(v) and "annotations" not in v,
        "Name the file that has images, annotations and categories.",
    ),
    (
        "image captions of COCO",
        lambda v: "caption" in _inside(v, "annotations"),
        "Name the file instances_....json.",
    ),
    (
        "Dataloop JSON",
        lambda v: (
            _object("filename", "annotations")(v) and "coordinates" in _inside(v, "annotations")
        ),
        MASKS,
    ),
    (
        "a Kili export",
        lambda v: "jsonResponse" in (v if isinstance(v, dict) else _entry(v)),
        COCO,
    ),
    (
        "an Encord export",
        lambda v: {"label_hash", "data_units"} <= set(v if isinstance(v, dict) else _entry(v)),
        COCO,
    ),
    (
        "a Scale export",
        lambda v: {"task_id", "response"} <= set(v if isinstance(v, dict) else _entry(v)),
        MASKS,
    ),
    (
        "a Hasty export",
        _object("label_classes", "images"),
        "Export it as COCO or Semantic PNG from Hasty and convert that.",
    ),
    (
        "Datumaro JSON",
        lambda v: _object("dm_format_version")(v) or _object("categories", "items")(v),
        "Export it as COCO or Pascal VOC segmentation instead.",
    ),
    ("a Segments.ai release", lambda v: "samples" in _inside(v, "dataset"), MASKS),
    (
        "a FiftyOne dataset",
        lambda v: "filepath" in _inside(v, "samples") or _object("classes", "labels")(v),
        "Export it from FiftyOne as ImageSegmentationDirectory or COCODetectionDataset.",
    ),
    (
        "GeoJSON, as of QuPath or a GIS",
        lambda v: (
            (isinstance(v, dict) and v.get("type") == "FeatureCollection")
            or _entry(v).get("type") == "Feature"
        ),
        "Export label images of the size that you train on (QuPath: labelled image), or rasterise.",
    ),
    (
        "xView2 JSON",
        lambda v: isinstance(v, dict) and "xy" in _inside(v, "features"),
        "Use the label images of its folder targets.",
    ),
    (
        "BDD100K JSON",
        lambda v: (
            bool({"poly2d", "box2d"} & set(_inside(_entry(v), "labels")))
            or bool({"poly2d", "box2d"} & set(_inside(_inside(v, "frames"), "objects")))
        ),
        "Use the masks of its segmentation download.",
    ),
    ("a Prodigy export", _object("spans", "_input_hash"), COCO),
)


def named(content: Any) -> Unsupported | None:
    """The tool that the value of a JSON file is of, if convert does not read it."""
    for name, fits, advice in _JSON:
        with suppress(TypeError, AttributeError, LookupError):  # of other types than the tool's
            if fits(content):
                return Unsupported(name, advice)
    return None
