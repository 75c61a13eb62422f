"""XML, CSV, text and images of annotation tools that convert does not read; see unsupported.py."""

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path

from pixelwise.convert.paths import files_below
from pixelwise.convert.unsupported import (
    COCO,
    DRAW,
    MASKS,
    OTHER_JSON,
    PROJECT,
    OtherTool,
    Unsupported,
    named,
)
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable, open_file
from pixelwise.files.json_file import parse_json
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.survey.folder_names import LABEL_FOLDERS
from pixelwise.text import shell_line

# Lines before the boxes of DOTA.
_HEAD_OF_DOTA = ("imagesource:", "gsd:")
# Bytes of a text file that tell what it is.
_START = 1 << 16


# Files of other text of which some are looked at, by suffix.
TEXTS = (".xml", ".csv", ".ndjson", ".jsonl")
_LOOKED_AT = 8


# (name, root element, a beginning of another element, advice): an XML file
_XML = (
    ("polygons of LabelMe (XML)", "annotation", "<pt>", COCO),
    (
        "Pascal VOC polygons (XML)",
        "annotation",
        "<polygon",
        "Export the same project as COCO segmentation.",
    ),
    ("boxes of Pascal VOC (XML)", "annotation", "", DRAW),
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
        PROJECT,
    ),
)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*)")

RUNS = "Make label images, or a COCO file with run lengths, of its pairs of start and length."
_SHARD = re.compile(r"-\d+-of-\d+$")

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
        RUNS,
    ),
    (
        "masks of Open Images (CSV)",
        {"maskpath", "labelname"},
        "Paint the masks of an image into one label image by their classes.",
    ),
    (
        "masks of Segment Anything, which have no classes (CSV)",
        {"predicted_iou", "stability_score"},
        "Name them in an annotation tool and export that as COCO.",
    ),
    ("boxes (CSV)", {"xmin", "ymin"}, DRAW),
    ("a table of Label Studio (CSV)", {"annotation_id", "lead_time"}, PROJECT),
    ("a Labelbox export", {"labeled data", "label"}, COCO),
)

# (name, ends of names, advice): files that are named only where no file looks like a label
_BESIDE = (
    ("an archive", (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar"), "Unpack it first."),
    (
        "a file of HDF5",
        (".h5", ".hdf5"),
        "Write its labels as PNG or .npy files, one for each image.",
    ),
    ("a database or table", (".mdb", ".lmdb", ".parquet", ".arrow", ".pkl", ".pickle"), MASKS),
)
_RUNS = re.compile(r"\d+ \d+( \d+ \d+)+")
_LINES_READ = 3

# (name, ends of names, advice): files that are not opened
_SUFFIXES = (
    (
        "shapes of a GIS or of QuPath",
        (".geojson", ".shp", ".gpkg", ".kml"),
        "Rasterise them to label images of the size of the images.",
    ),
    ("a TFRecord", (".tfrecord", ".tfrecords"), MASKS),
    (
        "regions of ImageJ",
        (".roi", "roiset.zip"),
        "Save them as label images in ImageJ (ROI map) and convert these.",
    ),
    (
        "a volume",
        (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".dcm"),
        "Write the slices of images and labels as PNG or TIFF files.",
    ),
)

# (name, pattern of a name, advice): images that a tool has written
_IMAGES = (
    (
        "masks that Label Studio exported one by one",
        re.compile(r"-annotation-\d+-by-\d+-"),
        PROJECT,
    ),
    (
        "folders of labelme_json_to_dataset, whose numbers differ from folder to folder "
        "(label_names.txt)",
        re.compile(r"_json/label_names\.txt$"),
        "Convert the JSON files of labelme that they were made of.",
    ),
)


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
    return named_line(path) if suffix in (".ndjson", ".jsonl") else None


def named_line(path: Path) -> Unsupported | None:
    """The tool of a file with a JSON object in each line, whatever its suffix."""
    with suppress(PixelwiseError):
        return named(parse_json(_start_of(path).partition("\n")[0].encode(), str(path)))
    return None


def named_beside(folder: Path) -> OtherTool | None:
    """What else may have the labels of a folder in which no file looks like one."""
    with suppress(PixelwiseError):
        for name, path in files_below(folder):
            row = next((row for row in _BESIDE if name.lower().endswith(row[1])), None)
            tool = Unsupported(row[0], row[2]) if row else None
            if name.lower().endswith(".csv"):
                tool = named_text(path) or _table(path)
            if tool is not None:
                return tool.error(path)
    return None


def _table(path: Path) -> Unsupported | None:
    """Run lengths or boxes in a CSV file, by its first rows."""
    with suppress(csv.Error):
        for row in list(csv.reader(_start_of(path).splitlines()[:_LINES_READ])):
            if any(_RUNS.fullmatch(cell.strip()) for cell in row):
                return Unsupported("a table of run lengths (CSV)", RUNS)
            image = any(cell.lower().endswith(tuple(IMAGE_SUFFIXES)) for cell in row)
            if image and sum(map(_is_number, row)) >= 4:
                return Unsupported("boxes (CSV)", DRAW)
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
    for what, suffixes, advice in _SUFFIXES:
        found = next((n for n in names if _SHARD.sub("", n.lower()).endswith(suffixes)), None)
        if found is not None:
            raise Unsupported(what, advice).error(folder / found)
    xml = [path for path in texts if path.suffix.lower() == ".xml"]
    if len(xml) == 1 and _root_of(_start_of(xml[0])) == "annotations":
        return xml[0]
    stems = {name.rpartition("/")[2].partition(".")[0]: name for name in reversed(images)}
    lines = [name for name in names if name.lower().endswith(".txt")]
    lines = [name for name in lines if Path(name).stem in stems]
    for name in lines[:_LOOKED_AT]:
        text_tool = _named_lines(folder, folder / name, folder / stems[Path(name).stem])
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


def _named_lines(folder: Path, path: Path, image: Path) -> Unsupported | None:
    """The format of a text file that has the name of an image, by its first line."""
    lines = (line.split() for line in _start_of(path).splitlines() if line.strip())
    words = next((words for words in lines if not words[0].startswith(_HEAD_OF_DOTA)), [])
    if len(words) > 4 and words[0].isdecimal() and all(map(_is_fraction, words[1:])):
        texts, images = path.parent, image.parent
        while texts.name == images.name and folder not in (texts, images):
            texts, images = texts.parent, images.parent  # train/ and the like are in both
        command = ["pixelwise", "convert", str(texts), "--format", "yolo", "--images"]
        return Unsupported("text of YOLO", f"{shell_line([*command, str(images)])}")
    if len(words) in (9, 10) and all(map(_is_number, words[:8])) and not _is_number(words[8]):
        return Unsupported("boxes of DOTA", DRAW)
    if len(words) in (15, 16) and not _is_number(words[0]) and all(map(_is_number, words[1:])):
        return Unsupported("boxes of KITTI", DRAW)
    return None


def _is_number(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False


def _is_fraction(word: str) -> bool:
    return _is_number(word) and 0 <= float(word) <= 1
