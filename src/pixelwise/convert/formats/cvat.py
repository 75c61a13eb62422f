"""CVAT for images 1.1: one XML file with all images.

<polygon points="x,y;x,y"> <box xtl ytl xbr ybr rotation> <ellipse cx cy rx ry rotation>
<polyline points> <points points> <mask rle left top width height>, each with label and z_order

A mask's run lengths go along the rows of its box, starting with pixels outside. Larger z_order lies
on top. Documents with a DTD or entities are refused: no annotation needs them.

Source: CVAT documentation, XML annotation format.
"""

import re
import warnings
from dataclasses import replace
from os.path import isdir, isfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.coco import wrong_runs
from pixelwise.convert.formats.geometry import ellipse_points, rectangle_points
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.formats.items import named_item
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import IMAGES, files_below, safe_id
from pixelwise.convert.reading import Reading, read_content
from pixelwise.convert.records import Drawing, Frame, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.labels.raster import Patch
from pixelwise.labels.rle import rle_to_mask
from pixelwise.labels.shapes import Kind, Outline
from pixelwise.legend.rows import Rows, parse_hex
from pixelwise.text import reason_of, some

_SHAPES = ("polygon", "box", "ellipse", "polyline", "points", "mask", "cuboid", "skeleton")
# elements whose points say everything -> kind of shapes.KINDS
_KINDS: dict[str, Kind] = {"polygon": "polygon", "polyline": "line", "points": "point"}
_FILE_NAME = "annotations.xml"
_LABEL = ("labels", "label")
_BOX = ("left", "top", "width", "height")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The images of an XML file, each with its shapes.

    Of a project with several subsets these are folders: the same name may be in each of them.
    """
    path = _xml_file(config.source)
    where = str(path)
    reader = _Reader(where)
    reader.read(read_content(path))
    images, items = Images(config, path.parent, is_sure=True), []
    subsets = {image.get("subset", "").strip() for image, _ in reader.images}
    for place, (image, shapes) in enumerate(reader.images):
        at, subset = f"image[{place}]", image.get("subset", "").strip()
        text = _attribute(where, at, image, "name")
        data = {
            "size": [int(_number(where, at, image, side)) for side in ("height", "width")],
            "shapes": shapes,
        }
        folders = [f"{IMAGES}/{subset}", subset] if subset else []
        folders += ["", IMAGES]
        item = named_item(config, path, f"{at}.name", text, data, images, folders, subset)
        if len(subsets) > 1 and subset and item.id.partition("/")[0] != subset:
            id = safe_id(where, f"{at}.subset", f"{subset}/{item.id}.")
            item = replace(item, id=id)
        items.append(item)
    notes = [f"subsets are folders: {some(sorted(subsets))}"] * (len(subsets) > 1) + images.notes
    return Source(items, reader.rows(), tuple(notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The shapes of one image."""
    objects, masks = [], Masks()
    for place, (kind, attributes) in enumerate(item.data["shapes"]):
        name, z = attributes.get("label", "").strip(), attributes.get("z_order", "0")
        if _WHOLE.fullmatch(z):
            parts = _parts(kind, attributes, config.line_width, masks)
        else:
            parts, z = f"z_order {z[:20]!r}, which is not a number of at most 9 digits", "0"
        objects.append(Object(name, parts, f"shape {place} of {item.id}", int(z)))
    height, width = item.data["size"]
    # CVAT shows images turned
    frames: tuple[Frame, ...] = ("turned", "stored")
    return Drawing((height, width), tuple(objects), frames=frames)


def _xml_file(source: Path) -> Path:
    """The file annotations.xml of a source.

    Raises:
        DatasetError: there are several in its folders.
    """
    if not isdir(source) or isfile(source / _FILE_NAME):
        return source / _FILE_NAME if isdir(source) else source
    found = [p for _, p in files_below(source, [".xml"]) if p.name.lower() == _FILE_NAME]
    if len(found) > 1:
        got, hint = some(path.relative_to(source) for path in found), "Name one of them."
        raise DatasetError(source, "source", must=f"one {_FILE_NAME}", got=got, hint=hint)
    return found[0] if found else source / _FILE_NAME


class _Reader:
    """Collects images, their shapes, and the labels of the task, as the parser meets them."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.images: list[tuple[dict[str, str], list[list[Any]]]] = []
        self.labels: list[dict[str, str]] = []
        self.open: list[str] = []

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = self.refuse
        parser.EntityDeclHandler = self.refuse
        parser.buffer_text = True
        try:
            with warnings.catch_warnings(action="ignore"):  # of encodings that no XML file has
                parser.Parse(data, True)
        except PixelwiseError:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:
            # of an encoding that Python does not have, or that is not of single bytes
            got = reason_of(error)
            raise DatasetError(self.where, "file", must="valid XML", got=got) from None

    def refuse(self, *_: Any) -> None:
        got = "a document type or entity declaration"
        raise DatasetError(self.where, "file", must="plain XML", got=got)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "track":
            hint = "Export the task as `CVAT for images`."
            got = "`CVAT for video`, with tracks"
            raise DatasetError(self.where, "file", must="`CVAT for images`", got=got, hint=hint)
        if tag == "image":
            self.images.append((attributes, []))
        elif tag in _SHAPES and self.open[-1:] == ["image"]:
            self.images[-1][1].append([tag, attributes])
        elif (*self.open[-1:], tag) == _LABEL:
            self.labels.append({})
        self.open.append(tag)

    def end(self, _: str) -> None:
        self.open.pop()

    def text(self, text: str) -> None:
        if tuple(self.open[-3:-1]) == _LABEL and self.open[-1] in ("name", "color"):
            label = self.labels[-1]
            label[self.open[-1]] = label.get(self.open[-1], "") + text

    def rows(self) -> Rows | None:
        """The labels of the task; without them, the sorted names of the shapes."""
        if not self.labels:
            used = {a.get("label", "").strip() for _, shapes in self.images for _, a in shapes}
            return Rows(tuple(sorted(used))) if used else None
        names = tuple(label.get("name", "").strip() for label in self.labels)
        colors = [label.get("color") for label in self.labels]
        if None in colors:
            return Rows(names)
        return Rows(names, tuple(parse_hex(self.where, str(color).strip()) for color in colors))


def _parts(kind: str, attributes: dict[str, str], line_width: float, masks: Masks) -> Parts:
    """What a shape covers, or what is wrong with it in words."""
    try:
        if kind == "mask":
            return (_mask(attributes, masks),)
        if kind in ("polygon", "polyline", "points"):
            pairs = attributes["points"].split(";")
            points = np.array([pair.split(",") for pair in pairs], np.float64)
            return (Outline(points, _KINDS[kind], line_width),)
        turn = float(attributes.get("rotation", "0"))
        if kind == "box":
            x0, y0, x1, y1 = (float(attributes[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            if turn:
                return (Outline(rectangle_points((x0, y0), (x1, y1), turn)),)
            return (Outline([(x0, y0), (x1, y1)], "rectangle"),)
        if kind == "ellipse":
            cx, cy, rx, ry = (float(attributes[key]) for key in ("cx", "cy", "rx", "ry"))
            return (Outline(ellipse_points((cx, cy), (rx, ry), turn)),)
    except KeyError as error:
        return f"no attribute {error}"
    except LabelError as error:
        return wrong_runs(error)
    except ValueError:
        return "attributes that are not numbers, or whole numbers of more than 9 digits"
    return f"the type {kind!r}, which cannot be painted"


def _mask(attributes: dict[str, str], masks: Masks) -> Patch:
    words = [*attributes["rle"].split(","), *(attributes[key] for key in _BOX)]
    if not all(map(_WHOLE.fullmatch, map(str.strip, words))):
        raise ValueError("numbers of more digits than an image has pixels")
    *runs, left, top, width, height = map(int, words)
    size = height, width
    return masks.add(size, lambda: Patch(rle_to_mask(runs, size, order="rows"), top, left))


def _attribute(where: str, at: str, attributes: dict[str, str], name: str) -> str:
    if name not in attributes:
        raise DatasetError(where, f"{at}.{name}", must="given", got="none")
    return attributes[name]


def _number(where: str, at: str, attributes: dict[str, str], name: str) -> int:
    text = _attribute(where, at, attributes, name)
    if not text.isdecimal() or len(text) > 9:
        raise DatasetError(where, f"{at}.{name}", must="an integer > 0", got=repr(text[:40]))
    return int(text)
