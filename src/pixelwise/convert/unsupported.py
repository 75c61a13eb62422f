"""Exports of annotation tools that convert does not read: how each is recognised, and a way on.

A row names what a file is and says what to export instead. Only content decides, never the name of
a file: many tools write an annotations.json.
"""

import csv
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.files.content import Unreadable, open_file
from pixelwise.files.json_file import parse_json
from pixelwise.survey.folder_names import LABEL_FOLDERS
from pixelwise.text import shell_line

# Bytes of a text file that tell what it is.
_START = 1 << 16


# Files of other text of which some are looked at, by suffix.
TEXTS = (".xml", ".csv", ".ndjson", ".jsonl")
_LOOKED_AT = 8


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
    f"Give {setting('format')}. Known are labelme, COCO, Label Studio, VIA, Supervisely and "
    "Cityscapes.",
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
    return {"predicted_iou", "stability_score"} <= set(_inside(content, "annotations"))


def _is_json_min(content: Any) -> bool:
    entry = _entry(content)
    lists = (v for v in entry.values() if isinstance(v, list))
    return "data" not in entry and (
        {"annotation_id", "lead_time"} <= set(entry)
        or any("original_width" in _entry(value) for value in lists)
    )


_COCO = "Export it as COCO (instance segmentation) from that tool and convert that."
_MASKS = "Export its masks as indexed PNG with a list of classes, or COCO with polygons."
_DRAW = "Boxes say nothing about pixels: label outlines or masks."

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
    ("SuperAnnotate JSON", _object("instances", "metadata"), _COCO),
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
    ("a Labelbox export", _first("External ID", "Label"), _COCO),
    ("a Labelbox export", _object("data_row", "projects"), _COCO),
    ("a Labelbox export", _first("data_row", "projects"), _COCO),
    ("V7 (Darwin) JSON", lambda v: "slots" in _inside(v, "item"), _MASKS),
    (
        "V7 (Darwin) JSON",
        _object("dataset", "image", "annotations"),
        _MASKS,
    ),
    (
        "CreateML JSON, which has boxes",
        lambda v: (
            _first("image", "annotations", without=("data",))(v)
            and (not _entry(v)["annotations"] or "coordinates" in _inside(_entry(v), "annotations"))
        ),
        _DRAW,
    ),
    (
        "COCO results: predictions, not annotations",
        _first("image_id", "category_id"),
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
        _MASKS,
    ),
    (
        "a Kili export",
        lambda v: "jsonResponse" in (v if isinstance(v, dict) else _entry(v)),
        _COCO,
    ),
    (
        "an Encord export",
        lambda v: {"label_hash", "data_units"} <= set(v if isinstance(v, dict) else _entry(v)),
        _COCO,
    ),
    (
        "a Scale export",
        lambda v: {"task_id", "response"} <= set(v if isinstance(v, dict) else _entry(v)),
        _MASKS,
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
    ("a Segments.ai release", lambda v: "samples" in _inside(v, "dataset"), _MASKS),
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
    ("a Prodigy export", _object("spans", "_input_hash"), _COCO),
)

# (name, root element, a beginning of another element, advice): an XML file
_XML = (
    ("polygons of LabelMe (XML)", "annotation", "<pt>", _COCO),
    (
        "Pascal VOC polygons (XML)",
        "annotation",
        "<polygon",
        "Export the same project as COCO segmentation.",
    ),
    ("boxes of Pascal VOC (XML)", "annotation", "", _DRAW),
    (
        "annotations of ASAP (XML)",
        "ASAP_Annotations",
        "",
        "Export label images of the size that you train on, from ASAP or QuPath.",
    ),
    (
        "regions of Aperio or HALO (XML)",
        "Annotations",
        "",
        "Export label images of the size that you train on, from QuPath.",
    ),
    (
        "a configuration of Label Studio (XML)",
        "View",
        "",
        "Export the project as JSON and convert that.",
    ),
)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*)")

# (name, words of the header, advice): a CSV file
_CSV = (
    (
        "the CSV export of VGG Image Annotator",
        {"region_shape_attributes", "region_attributes"},
        "Export the annotations as JSON and convert that.",
    ),
    (
        "a table of run lengths (CSV)",
        {"encodedpixels"},
        "Make label images, or a COCO file with run lengths, of its pairs of start and length.",
    ),
    (
        "masks of Open Images (CSV)",
        {"maskpath", "labelname"},
        "Paint the masks of an image into one label image by their classes.",
    ),
    ("boxes (CSV)", {"filename", "xmin", "ymin"}, _DRAW),
)

# (name, pattern of a name, advice): images that a tool has written
_IMAGES = (
    (
        "masks that Label Studio exported one by one",
        re.compile(r"-annotation-\d+-by-\d+-"),
        "Export the project as JSON and convert that.",
    ),
    (
        "folders of labelme_json_to_dataset, whose numbers differ from folder to folder "
        "(label_names.txt)",
        re.compile(r"_json/label_names\.txt$"),
        "Convert the JSON files of labelme that they were made of.",
    ),
)


def named(content: Any) -> Unsupported | None:
    """The tool that the value of a JSON file is of, if convert does not read it."""
    for name, fits, advice in _JSON:
        with suppress(TypeError, AttributeError, LookupError):  # of other types than the tool's
            if fits(content):
                return Unsupported(name, advice)
    return None


def named_text(path: Path) -> Unsupported | None:
    """The tool that an XML, CSV or NDJSON file is of, if convert does not read it."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        text = _start_of(path)
        rows = (row for row in _XML if row[1] == _root_of(text) and row[2] in text)
        return next((Unsupported(name, advice) for name, *_, advice in rows), None)
    first = _start_of(path).partition("\n")[0]
    if suffix == ".csv":
        with suppress(csv.Error):
            header = next(csv.reader([first]), [])
            words = {cell.strip().lstrip("#").lower() for cell in header}
            return next((Unsupported(n, a) for n, w, a in _CSV if w <= words), None)
    if suffix in (".ndjson", ".jsonl"):
        with suppress(PixelwiseError):
            return named(parse_json(first.encode(), str(path)))
    return None


def check_tools(
    folder: Path,
    names: Sequence[str],
    images: Sequence[str],
    others: Mapping[Path, Unsupported | None],
) -> Path | None:
    """Refuse annotations that convert does not read, before the images beside them are looked at.

    Args:
        folder: where they are.
        names: of all files in it.
        images: those of images.
        others: JSON files of no known format, and the tool of each, as far as it is known.
    Returns:
        A file of CVAT with a name of its own; None = the images must be the labels.
    Raises:
        DatasetError: see above.
    """
    for what, pattern, advice in _IMAGES:
        found = next((name for name in names if pattern.search(name)), None)
        if found is not None:
            raise Unsupported(what, advice).error(folder / found)
    folders = {name.rpartition("/")[0].lower() for name in images}
    if any(
        set(LABEL_FOLDERS).intersection([*f.split("/"), *re.findall("[a-z]+", f)]) for f in folders
    ):
        return None  # the labels may lie there
    texts = [folder / name for name in names if name.lower().endswith(TEXTS)]
    tools = {**others, **{path: named_text(path) for path in texts[:_LOOKED_AT]}}
    for path, tool in tools.items():
        if tool is not None:
            raise tool.error(path)
    xml = [path for path in texts if path.suffix.lower() == ".xml"]
    if len(xml) == 1 and _root_of(_start_of(xml[0])) == "annotations":
        return xml[0]
    stems = {name.rpartition("/")[2].partition(".")[0]: name for name in reversed(images)}
    lines = [name for name in names if name.lower().endswith(".txt")]
    lines = [name for name in lines if Path(name).stem in stems]
    for name in lines[:_LOOKED_AT]:
        text_tool = _named_lines(folder / name, (folder / stems[Path(name).stem]).parent)
        if text_tool is not None:
            raise text_tool.error(folder / name)
    alike = next((path for path in others if path.name.partition(".")[0] in stems), None)
    if alike is not None:
        raise OTHER_JSON.error(alike)
    return None


def _start_of(path: Path) -> str:
    with suppress(OSError, Unreadable), open_file(path) as file:
        return file.read(_START).decode("utf-8", "replace").lstrip("\ufeff")
    return ""


def _root_of(text: str) -> str:
    """The name of the root element of an XML file."""
    root = _ROOT.search(text)
    return root[1] if root else ""


def _named_lines(path: Path, images: Path) -> Unsupported | None:
    """The format of a text file that has the name of an image, by its first line."""
    words = next((line.split() for line in _start_of(path).splitlines() if line.strip()), [])
    if len(words) > 4 and words[0].isdecimal() and all(map(_is_fraction, words[1:])):
        command = ["pixelwise", "convert", str(path.parent), "--format", "yolo", "--images"]
        return Unsupported("text of YOLO", f"{shell_line([*command, str(images)])}")
    if len(words) in (9, 10) and all(map(_is_number, words[:8])) and not _is_number(words[8]):
        return Unsupported("boxes of DOTA", _DRAW)
    if len(words) in (15, 16) and not _is_number(words[0]) and all(map(_is_number, words[1:])):
        return Unsupported("boxes of KITTI", _DRAW)
    return None


def _is_number(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False


def _is_fraction(word: str) -> bool:
    return _is_number(word) and 0 <= float(word) <= 1
