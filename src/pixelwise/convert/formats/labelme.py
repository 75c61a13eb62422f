"""labelme: one JSON file an image, with shapes of every kind.

Points are (x, y) in the frame that the image has after its EXIF tag has been applied, and
imageHeight, imageWidth are the size of that frame. imageData is the image in base64, or null;
then imagePath says where it is, relative to the JSON file. The list of shapes is the order of
painting. A mask's points are the first and the last pixel of its box.

Source: labelme 7.1 documentation and the files that it writes.
"""

import base64
import binascii
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.images import Picture, read_picture
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import files_below, inside, safe_id
from pixelwise.convert.records import Drawing, Item, Object, Rows, Source
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import check_pixels
from pixelwise.files.json_file import get, read_json, shown
from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import LABELME_KINDS, Outline, Size
from pixelwise.sums import map_over


def find(config: ConvertConfig, executor: Executor | None) -> Source:
    """Every JSON file of a folder, and the class names in all of them.

    Names are sorted, so that they do not depend on the order of files; "_background_" is first.
    """
    if config.source.is_file():
        files = [(config.source.name, config.source)]
    else:
        files = list(files_below(config.source, [".json"]))
    looks = list(map_over((path for _, path in files), partial(_look, config), executor))
    items, names = [], set()
    for (name, path), look in zip(files, looks):
        stem = name.removesuffix(config.label_suffix) if config.label_suffix else name
        items.append(Item(safe_id(str(path), "name", stem), (path,), look.image))
        names |= look.names
    errors = [look.error for look in looks if look.error]
    if errors and not names:
        raise DatasetError(errors[0])
    rows = Rows(tuple(sorted(names, key=lambda name: (not is_background_name(name), name))))
    return Source(items, rows)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The shapes of one JSON file.

    Raises:
        DatasetError: the file is no labelme file, or its image is somewhere it must not be.
    """
    path = item.files[0]
    where = str(path)
    table = read_json(path)
    shapes = get(where, table, "shapes", list)
    image = _embedded(where, table)
    if image is None:
        _image_path(config, path, table)
    size = _size(where, table, image, item.image)
    objects, problems = [], []
    for place, shape in enumerate(shapes):
        at = f"shapes[{place}]"
        name = get(where, shape, "label", str, at=at).strip()
        part = _part(where, at, shape, config.line_width)
        if isinstance(part, str):
            problems.append(f"{at} ({name}) has {part}")
        else:
            objects.append(Object(name, (part,), at))
    return Drawing(size, tuple(objects), problems=tuple(problems), image=image, frames=("turned",))


@dataclass(frozen=True)
class _Look:
    """The image and the names of a JSON file, or what is wrong with it; read says that again."""

    image: Path | None = None
    names: frozenset[str] = frozenset()
    error: str = ""


def _look(config: ConvertConfig, path: Path) -> _Look:
    where = str(path)
    try:
        table = read_json(path)
        shapes = get(where, table, "shapes", list)
        names = [get(where, s, "label", str, at=f"shapes[{n}]") for n, s in enumerate(shapes)]
        embedded = get(where, table, "imageData", str, type(None)) is not None
        image = None if embedded else _image_path(config, path, table)
        return _Look(image, frozenset(name.strip() for name in names))
    except PixelwiseError as error:
        return _Look(error=str(error))


def _image_path(config: ConvertConfig, path: Path, table: Any) -> Path:
    """Where imagePath points: beside the JSON file, or into the folder of images."""
    where = str(path)
    text = get(where, table, "imagePath", str)
    folder = config.source if config.source.is_dir() else path.parent
    if config.images is None:
        return inside(where, "imagePath", text, path.parent, [folder])
    beside = inside(where, "imagePath", text, path.parent, [folder, config.images])
    name = Path(text.replace("\\", "/")).name
    below = path.parent.relative_to(folder)
    candidates = [beside, config.images / below / name, config.images / name]
    return next((c for c in candidates if c.is_file()), candidates[-1])


def _embedded(where: str, table: Any) -> bytes | None:
    text = get(where, table, "imageData", str, type(None))
    return None if text is None else _from_base64(where, "imageData", text)


def _size(where: str, table: Any, image: bytes | None, path: Path | None) -> Size:
    height, width = (get(where, table, f"image{s}", int, type(None)) for s in ("Height", "Width"))
    if height is not None and width is not None:
        return height, width
    if image is None and path is None:
        raise DatasetError(where, "imageHeight, imageWidth", must="given", got="none")
    picture = Picture(where, image) if image is not None else read_picture(Path(str(path)))
    return picture.turned_size


def _part(where: str, at: str, shape: Any, line_width: float) -> Outline | Patch | str:
    """What a shape covers, or what is wrong with it in words."""
    points = get(where, shape, "points", list, at=at)
    # files of labelme before version 3.6 have polygons only, and do not say so
    kind = get(where, shape, "shape_type", str, type(None), at=at) or "polygon"
    if kind == "mask":
        return _mask(where, at, shape, points)
    if kind not in LABELME_KINDS:
        return f"the type {kind!r}, which cannot be painted"
    return Outline(points, LABELME_KINDS[kind], line_width)


def _mask(where: str, at: str, shape: Any, points: Sequence[Any]) -> Patch | str:
    data = _from_base64(where, f"{at}.mask", get(where, shape, "mask", str, at=at))
    try:
        with Image.open(BytesIO(data)) as image:
            check_pixels(*image.size)
            mask = np.asarray(image) != 0
    except Exception:
        # decoders raise anything from KeyError to struct.error on damaged files
        return "a mask that is no readable picture"
    mask = mask.any(axis=2) if mask.ndim == 3 else mask
    corners = np.array(points, np.float64) if _is_box(points) else np.full((2, 2), np.nan)
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e8:
        return f"the box {shown(points)} around a mask"
    (left, top), (right, bottom) = corners
    whole = (corners == np.floor(corners)).all()
    height, width = int(bottom - top) + 1, int(right - left) + 1
    if whole and mask.shape != (height, width):
        # a fractional box says only where the mask begins
        return f"a mask of {mask.shape} pixels in a box of ({height}, {width})"
    return Patch(mask, int(np.floor(top)), int(np.floor(left)))


def _is_box(points: Sequence[Any]) -> bool:
    if len(points) != 2 or not all(isinstance(p, list) and len(p) == 2 for p in points):
        return False
    return all(type(value) in (int, float) for point in points for value in point)


def _from_base64(where: str, name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DatasetError(where, name, must="base64", got=str(error)) from None
