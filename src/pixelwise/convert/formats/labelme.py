"""labelme: one JSON file an image, with shapes of every kind.

Points are (x, y) in the frame that the image has after its EXIF tag has been applied, and
imageHeight, imageWidth are the size of that frame. imageData is the image in base64, or null;
then imagePath says where it is, relative to the JSON file. The list of shapes is the order of
painting. A mask's points are the first and the last pixel of its box. X-AnyLabeling writes the
same with rectangles by all four corners, and more types.

Source: labelme 7.1 documentation and the files that it writes; X-AnyLabeling user guide.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from math import floor
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.images import ImageFile
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import files_below, inside, safe_id
from pixelwise.convert.reading import JsonFile, NamedFile, Reading, read_json_file, untrusted
from pixelwise.convert.records import Drawing, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.files.affixes import Affixes
from pixelwise.files.content import Unreadable
from pixelwise.files.json_file import get, parse_json
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, read_head
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import LABELME_KINDS, Size, labelme_outline
from pixelwise.legend.rows import Rows
from pixelwise.text import plural, some

Parsed = tuple[Size | None, bytes | None, list[tuple[str, str, Parts | partial[Parts]]]]


def find(config: ConvertConfig, reading: Reading) -> Source:
    """Every JSON file of a folder, and the class names in all of them.

    Names are sorted, so that they do not depend on the order of files; "_background_" is first.
    """
    if isfile(config.source):
        files = [(config.source.name, config.source)]
    else:
        files = list(files_below(config.source, [".json"]))
    affixes = Affixes(config.label_prefix, config.label_suffix)
    named = [(f"{id}.json", path) for name, path in files if (id := affixes.id_of(name))]
    found = list(reading.each(named, partial(_find_one, config)))
    names = {name for _, own, _ in found for name in own}
    errors = [item.data for item, *_ in found if isinstance(item.data, PixelwiseError)]
    if errors and (not names or len(errors) == len(found)):
        raise errors[0]
    rows = Rows(tuple(sorted(names, key=lambda name: (not is_background_name(name), name))))
    renamed = [item.image.name for item, _, by_name in found if by_name and item.image]
    note = f"{plural(len(renamed), 'image')} found by the name of the JSON file: {some(renamed)}"
    return Source([item for item, *_ in found], rows, (note,) if renamed else ())


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The shapes of one JSON file.

    Raises:
        DatasetError: it is not a labelme file.
    """
    where = str(item.files[0])
    size, image, shapes = item.data or _parsed(
        where, parse_json(item.contents[0], where), config.line_width
    )
    masks = Masks()
    objects = (
        Object(name, parts(masks) if isinstance(parts, partial) else parts, at)
        for name, at, parts in shapes
    )
    return Drawing(size, tuple(objects), image=image, frames=("turned",))


def _find_one(
    config: ConvertConfig, file: NamedFile, hand_on: bool, known: JsonFile | None
) -> tuple[Item, frozenset[str], bool]:
    """The item of a JSON file, the classes in it, and whether its image has another name there."""
    name, path = file
    where, names, image, by_name = str(path), frozenset[str](), None, False
    data: Parsed | PixelwiseError | None = None
    json_file = known or read_json_file(path)
    try:
        table = json_file.value
        shapes = get(where, table, "shapes", list)
        labels = (get(where, s, "label", str, at=f"shapes[{n}]") for n, s in enumerate(shapes))
        names = frozenset(label.strip() for label in labels)
        if get(where, table, "imageData", str, type(None)) is None:
            image, by_name = _image_path(config, path, table)
        with untrusted(where, "labelme JSON"):
            data = _parsed(where, table, config.line_width) if hand_on else None
    except PixelwiseError as error:
        data = error
    item = Item(safe_id(where, "name", name), (path,), image, data, json_file.digest)
    return item, names, by_name


def _parsed(where: str, table: Any, line_width: float) -> Parsed:
    """The size, the embedded image, and the name, place and parts of every shape."""
    text = get(where, table, "imageData", str, type(None))
    image = None if text is None else _from_base64(where, "imageData", text)
    shapes = []
    for place, shape in enumerate(get(where, table, "shapes", list)):
        at = f"shapes[{place}]"
        name = get(where, shape, "label", str, at=at).strip()
        shapes.append((name, at, _parts(where, at, shape, line_width)))
    return _size(where, table, image), image, shapes


def _image_path(config: ConvertConfig, path: Path, table: Any) -> tuple[Path, bool]:
    """Where imagePath points: beside the JSON file, or into the folder of images.

    If nothing is there, the only image that is called like the JSON file, and True.
    """
    where = str(path)
    text = get(where, table, "imagePath", str)
    folder = config.source if isdir(config.source) else path.parent
    roots = [folder] if config.images is None else [folder, config.images]
    folders = [path.parent]
    if config.images is not None:
        folders += [config.images / path.parent.relative_to(folder), config.images]
    name = Path(with_slashes(text)).name
    candidates = [above / name for above in folders if _stays(where, name, above, roots)]
    problem = None
    try:
        candidates.insert(0, inside(where, "imagePath", text, path.parent, roots))
    except DatasetError as error:
        problem = error  # of another computer: only its name may be that of an image here
    there = next(filter(isfile, candidates), None)
    if there is not None:
        return there, False
    stem = Affixes(config.label_prefix, config.label_suffix).id_of(path.name) or path.stem
    stem = f"{config.image_prefix}{stem}{config.image_suffix}"
    names = [stem, *(stem + end for one in IMAGE_SUFFIXES for end in (one, one.upper()))]
    called = [
        above / name
        for above in folders
        for name in names
        if isfile(above / name) and _stays(where, name, above, roots)
    ]
    # where capital letters do not matter, both names are of one file
    if called and all(os.path.samefile(called[0], other) for other in called):
        return called[0], True
    if problem is not None and config.images is not None:
        must = f"that of an image beside it or in {config.images}"
        raise DatasetError(where, "imagePath", must=must, got=shown(text)) from None
    if problem is not None:
        raise _elsewhere(where, text, path) from None
    return candidates[-1], False


def _elsewhere(where: str, text: str, path: Path) -> DatasetError:
    """That a name leads out of the source; with the folder that it leads to, if there is one."""
    folder = Path(os.path.normpath(path.parent / with_slashes(text))).parent
    lies_there = ".." in with_slashes(text).split("/") and isdir(folder)
    given = setting("images", str(folder)) if lies_there else setting("images")
    must = "a relative path that stays in the folders of the annotations or images"
    hint = f"Give {'' if lies_there else 'the folder of the images as '}{given}."
    return DatasetError(where, "imagePath", must=must, got=shown(text), hint=hint)


def _stays(where: str, name: str, folder: Path, roots: Sequence[Path]) -> bool:
    try:
        inside(where, "imagePath", name, folder, roots)
    except DatasetError:
        return False
    return True


def _size(where: str, table: Any, image: bytes | None) -> Size | None:
    height, width = (get(where, table, f"image{s}", int, type(None)) for s in ("Height", "Width"))
    # templates of X-AnyLabeling have -1
    if height is not None and width is not None and (height, width) != (-1, -1):
        return height, width
    return None if image is None else ImageFile(where, image).turned_size


def _parts(where: str, at: str, shape: Any, line_width: float) -> Parts | partial[Parts]:
    """What a shape covers, or what is wrong with it in words."""
    points = get(where, shape, "points", list, at=at)
    # files of labelme before version 3.6 have polygons only, and do not say so
    kind = get(where, shape, "shape_type", str, type(None), at=at) or "polygon"
    if kind == "mask":
        # decoded when it is painted: until then it takes no more memory than in the file
        text = get(where, shape, "mask", str, at=at)
        return partial(_mask, _from_base64(where, f"{at}.mask", text), points)
    if kind not in LABELME_KINDS:
        why = ", as its faces hide each other: draw its outline" if kind == "cuboid" else ""
        return f"the type {shown(kind)}, which cannot be painted{why}"
    return (labelme_outline(kind, _compact(points), line_width),)


def _compact(points: list[Any]) -> Any:
    """Points as an array, which takes an eighth of the memory; as they are if they are wrong."""
    try:
        return np.array(points, np.float64)
    except (TypeError, ValueError, OverflowError):
        return points


def _mask(png: bytes, points: Sequence[Any], masks: Masks) -> Parts:
    if not _is_box(points):
        return f"the box {shown(points)} around a mask"
    try:
        head = read_head(BytesIO(png))
        size = head.height, head.width
        # up to four channels of 8 bits, and whether each is not 0
        patch = masks.add(size, lambda: Patch(_is_set(samples_of(decode_image(png)))), 8)
    except Unreadable as error:
        if error.hint:
            return f"a mask that must be {error.must}, got {error.got}"
        return "a mask that is not a readable image"
    corners = np.array(points, np.float64)
    (left, top), (right, bottom) = corners
    whole = (corners == np.floor(corners)).all()
    height, width = int(bottom - top) + 1, int(right - left) + 1
    if whole and size != (height, width):
        # a fractional box says only where the mask begins
        return f"a mask of {size} pixels in a box of ({height}, {width})"
    return (replace(patch, top=patch.top + floor(top), left=patch.left + floor(left)),)


def _is_set(samples: np.ndarray) -> np.ndarray:
    return (samples != 0).any(axis=2) if samples.ndim == 3 else samples != 0


def _is_box(points: Sequence[Any]) -> bool:
    if len(points) != 2 or not all(isinstance(p, list) and len(p) == 2 for p in points):
        return False
    values = [value for point in points for value in point]
    return all(type(value) in (int, float) and abs(value) <= 1e8 for value in values)


def _from_base64(where: str, name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DatasetError(where, name, must="base64", got=str(error)) from None
