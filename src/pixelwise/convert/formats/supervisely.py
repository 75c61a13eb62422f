"""Supervisely: a JSON file an image, with objects of every kind, and meta.json with the classes.

meta.json     DATASET/img/a.jpg     DATASET/ann/a.jpg.json

A bitmap is base64 of a PNG, usually packed by zlib, at an origin (x, y); its set pixels are the
object. Polygons have holes. Both corners of a rectangle belong to it. The list of objects is the
order of painting.

Source: Supervisely developer portal, annotation format; supervisely/geometry/bitmap.py.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from io import BytesIO
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import files_below, safe_id
from pixelwise.convert.reading import JsonFile, NamedFile, Reading, read_json_file
from pixelwise.convert.records import Drawing, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import Unreadable
from pixelwise.files.json_file import get, parse_json
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.decode import decode_image, read_head
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Kind, Outline, Size, patch_of, problem_of
from pixelwise.legend.rows import Rows

_ANNOTATIONS, _IMAGES, _META = "ann", "img", "meta.json"
# Folders above the annotations that may have meta.json.
_ABOVE = 3
# Bytes of the PNG of a bitmap: more than any mask of two values takes.
MAX_BITMAP = 1 << 26
_FAR = 1 << 30
# Types whose exterior says everything, as kinds of shapes.KINDS.
_KINDS: dict[str, Kind] = {
    "polygon": "polygon",
    "rectangle": "rectangle",
    "line": "line",
    "point": "point",
}


def find(config: ConvertConfig, reading: Reading) -> Source:
    """Every annotation file of a folder; classes are those of meta.json, else the names used."""
    if isfile(config.source):
        files = [(config.source.name, config.source)]
    else:
        all_files = list(files_below(config.source, [".json"]))
        files = [file for file in all_files if file[1].parent.name == _ANNOTATIONS]
        files = files or [file for file in all_files if file[1].name != _META]
    shapes = _shapes(config.source if isdir(config.source) else config.source.parent, reading)
    images = Images(config, config.source if isdir(config.source) else config.source.parent)
    found = reading.each(files, _names_of)
    items, used, errors, empty = [], set[str](), [], 0
    for (name, path), names in zip(files, found):
        data: Any = shapes
        if isinstance(names, PixelwiseError):
            data = names
            errors.append(names)
        else:
            used |= names
            empty += not names
        items.append(_item(name, path, data, images))
    if errors and len(errors) == len(items):
        raise errors[0]
    rows = Rows(tuple(shapes) if shapes else tuple(sorted(used))) if shapes or used else None
    notes = (f"{empty:,} images have no objects: all of them is background",) if empty else ()
    return Source(items, rows, notes)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The objects of one annotation file."""
    where = str(item.files[0])
    table = parse_json(item.contents[0], where)
    sides = get(where, table, "size", dict)
    size = (get(where, sides, "height", int, at="size"), get(where, sides, "width", int, at="size"))
    objects, painter = [], _Painter(where, size, config, item.data, Masks())
    for place, entry in enumerate(get(where, table, "objects", list)):
        at = f"objects[{place}]"
        name = get(where, entry, "classTitle", str, at=at).strip()
        objects.append(Object(name, painter.parts(at, name, entry), at))
    return Drawing(size, tuple(objects), frames=("turned", "stored"))


def _shapes(folder: Path, reading: Reading) -> dict[str, str]:
    """The shape of each class of meta.json, in its order; {} without that file.

    Raises:
        DatasetError: it is of another form.
    """
    folders = [folder.absolute(), *folder.absolute().parents][:_ABOVE]
    path = next((f / _META for f in folders if isfile(f / _META)), None)
    if path is None:
        return {}
    where, shapes = str(path), dict[str, str]()
    for place, entry in enumerate(get(where, reading.json(path), "classes", list)):
        name = get(where, entry, "title", str, at=f"classes[{place}]").strip()
        shapes[name] = get(where, entry, "shape", str, type(None), at=f"classes[{place}]") or ""
    return shapes


def _names_of(
    file: NamedFile,
    hand_on: bool,  # noqa: ARG001
    known: JsonFile | None,
) -> frozenset[str] | PixelwiseError:
    """The names of the classes in a file, or what is wrong with it."""
    where, json_file = str(file[1]), known or read_json_file(file[1])
    try:
        listed = enumerate(get(where, json_file.value, "objects", list))
        names = (get(where, e, "classTitle", str, at=f"objects[{n}]") for n, e in listed)
        return frozenset(name.strip() for name in names)
    except PixelwiseError as error:
        return error


def _item(name: str, path: Path, data: Any, images: Images) -> Item:
    """The item of DATASET/ann/a.jpg.json, whose image is DATASET/img/a.jpg."""
    where = str(path)
    *folders, last = name.removesuffix(path.suffix).split("/")
    folders = [folder for folder in folders if folder != _ANNOTATIONS]
    id = safe_id(where, "name", "/".join((*folders, last)))
    if Path(last).suffix.lower() not in IMAGE_SUFFIXES:  # a.json, as older exports have it
        id = "/".join((*folders, last))
    below = path.parent
    if below.name == _ANNOTATIONS:
        below = below.parent / _IMAGES
    image = below / last
    if not isfile(image):
        same = (below / f"{last}{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        image = next((other for other in same if isfile(other)), image)
    if not isfile(image) and images.has_root:
        _, image = images.find(where, "name", "/".join((*folders, last)), path.parent)
    return Item(id, (path,), image, data)


class _Painter:
    """Makes outlines and masks of the objects of one file."""

    def __init__(
        self, where: str, size: Size, config: ConvertConfig, shapes: dict[str, str], masks: Masks
    ) -> None:
        self.where, self.size, self.config = where, size, config
        self.shapes, self.masks = shapes, masks

    def parts(self, at: str, name: str, entry: dict[str, Any]) -> Parts:
        """What an object covers, or what is wrong with it in words."""
        kind = entry.get("geometryType") or self.shapes.get(name, "")
        if kind in ("", "any", None):
            kind = "bitmap" if "bitmap" in entry else "polygon"
        if kind in ("bitmap", "alpha_mask"):
            return self._bitmap(at, get(self.where, entry, kind, dict, at=at))
        if kind == "multipolygon":
            polygons = get(self.where, entry, "parts", list, at=at)
            return self._union(
                [self._polygon(f"{at}.parts[{n}]", p) for n, p in enumerate(polygons)]
            )
        if kind not in _KINDS:
            return f"the type {shown(kind)}, which cannot be painted"
        points = get(self.where, entry, "points", dict, at=at)
        if kind == "polygon":
            return self._polygon(f"{at}.points", points)
        outer = get(self.where, points, "exterior", list, at=f"{at}.points")
        if kind != "rectangle":
            return (Outline(outer, _KINDS[kind], self.config.line_width),)
        try:
            corners = np.array(outer, np.float64)
        except (TypeError, ValueError, OverflowError):
            return "corners that are not numbers"
        if corners.shape == (2, 2):  # the last pixel belongs to it
            corners = np.stack([corners.min(axis=0), corners.max(axis=0) + 1])
        return (Outline(corners, "rectangle"),)

    def _union(self, found: Sequence[Parts]) -> Parts:
        wrong = next((parts for parts in found if isinstance(parts, str)), None)
        if wrong is not None:
            return wrong
        return tuple(part for parts in found if not isinstance(parts, str) for part in parts)

    def _polygon(self, at: str, points: Any) -> Parts:
        """A polygon without its holes."""
        outer = Outline(get(self.where, points, "exterior", list, at=at))
        holes = get(self.where, points, "interior", list, type(None), at=at) or []
        inner = [Outline(hole) for hole in holes]
        problem = next((p for ring in (outer, *inner) if (p := problem_of(ring))), None)
        if problem is not None or not inner:
            return problem or (outer,)
        try:
            return (self.masks.add(self.size, lambda: self._without(outer, inner)),)
        except Unreadable as error:
            raise error.at(DatasetError, self.where, "file") from None

    def _without(self, outer: Outline, inner: Sequence[Outline]) -> Patch:
        mask = np.zeros(self.size, bool)
        for outline, value in ((outer, True), *((hole, False) for hole in inner)):
            patch = patch_of(outline, self.size, self.config.rule)
            mask[patch.place][patch.mask] = value
        return Patch(mask)

    def _bitmap(self, at: str, bitmap: dict[str, Any]) -> Parts:
        text = get(self.where, bitmap, "data", str, at=f"{at}.bitmap")
        origin = get(self.where, bitmap, "origin", list, at=f"{at}.bitmap")
        if len(origin) != 2 or not all(type(v) is int and abs(v) < _FAR for v in origin):
            return f"a bitmap at {shown(origin)} instead of x, y"
        png = _unpacked(text)
        if isinstance(png, str):
            return png
        try:
            head = read_head(BytesIO(png))
            left, top = origin
            # up to four channels of 8 bits, and whether each is not 0
            size = head.height, head.width
            return (self.masks.add(size, lambda: Patch(_is_set(decode_image(png)), top, left), 8),)
        except Unreadable as error:
            if error.hint:
                return f"a bitmap that must be {error.must}, got {error.got}"
            return "a bitmap that is not a readable image"


def _unpacked(text: str) -> bytes | str:
    """The PNG of a bitmap, or what is wrong with it in words."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "a bitmap that is not base64"
    try:
        png = zlib.decompressobj().decompress(data, MAX_BITMAP + 1)
    except zlib.error:
        return data  # older ones are not packed
    return png if len(png) <= MAX_BITMAP else f"a bitmap of more than {MAX_BITMAP:,} bytes"


def _is_set(image: Image.Image) -> np.ndarray:
    """The pixels of a bitmap that belong to the object: not transparent, or not 0."""
    samples = np.asarray(image)
    if image.mode in ("LA", "RGBA"):
        return samples[..., -1] != 0
    return (samples != 0).any(axis=2) if samples.ndim == 3 else samples != 0
