"""COCO instances: one JSON file with images, categories and annotations.

An annotation's segmentation is a list of polygons [x0, y0, x1, y1, ...] that belong together, or
run lengths {"size": [h, w], "counts": [...] or text}. Category ids have gaps, so the class indices
are the places of the ids in order. COCO knows no paint order and no background.

Source: COCO data format documentation.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import named_item
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, LabelError, setting
from pixelwise.files.json_file import get
from pixelwise.files.records import shown
from pixelwise.labels.raster import Patch
from pixelwise.labels.rle import rle_to_mask
from pixelwise.labels.shapes import Outline, Size
from pixelwise.legend.json_lists import category_rows
from pixelwise.legend.rows import Rows
from pixelwise.text import some

_SHAPES = "segmentation"


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The images of a JSON file, each with its annotations."""
    path = json_file(config.source)
    where = str(path)
    table = reading.json(path)
    rows, name_of = categories(where, table)
    annotations = _by_image(where, table)
    items, ids = [], set[int | str]()
    for place, image in enumerate(get(where, table, "images", list)):
        at = f"images[{place}]"
        name = get(where, image, "file_name", str, at=at)
        id = get(where, image, "id", int, str, at=at)
        if id in ids:
            raise DatasetError(where, f"{at}.id", must="of one image only", got=shown(id))
        ids.add(id)
        own = annotations.pop(id, [])
        data = {
            "size": [get(where, image, side, int, at=at) for side in ("height", "width")],
            "objects": [
                [category_of(where, f"annotations[{n}]", entry, name_of), n, entry.get(_SHAPES)]
                for n, entry in own
            ],
        }
        items.append(named_item(config, path, f"{at}.file_name", name, data))
    check_images(path, items, config)
    if annotations:
        got = f"{len(annotations):,} others, such as {shown(next(iter(annotations)))}"
        raise DatasetError(where, "image_id of annotations", must="ids of images", got=got)
    return Source(items, rows)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The objects of one image."""
    height, width = item.data["size"]
    masks = Masks()
    objects = (
        Object(name, _parts(segmentation, (height, width), masks), f"annotations[{place}]")
        for name, place, segmentation in item.data["objects"]
    )
    return Drawing((height, width), tuple(objects))


def json_file(source: Path) -> Path:
    """The JSON file that a source is, or the only one in the folder.

    Raises:
        DatasetError: there is none, or more than one.
    """
    if not isdir(source):
        return source
    files = sorted(source.glob("*.json"))
    if len(files) != 1:
        got = f"{len(files)} of them: {some(file.name for file in files)}"
        hint = "Name the file itself."
        raise DatasetError(source, "source", must="a folder with one .json", got=got, hint=hint)
    return files[0]


def categories(where: str, table: Any) -> tuple[Rows, dict[Any, str]]:
    """The classes of a JSON file, and the name of each id.

    Raises:
        DatasetError: there are none, or they contradict each other.
    """
    entries = get(where, table, "categories", list)
    rows = category_rows(where, entries)
    with_id = [entry for entry in entries if type(entry.get("id")) is int]
    return rows, {entry["id"]: entry["name"].strip() for entry in with_id}


def category_of(where: str, at: str, entry: Any, name_of: dict[Any, str]) -> str:
    """The class of an annotation or segment.

    Raises:
        DatasetError: its category is not one of the file.
    """
    category = get(where, entry, "category_id", int, at=at)
    if category not in name_of:
        raise DatasetError(where, f"{at}.category_id", must="an id of categories", got=category)
    return name_of[category]


def check_images(path: Path, items: Sequence[Item], config: ConvertConfig) -> None:
    """Say which folder the images are in, if they are not where the file says.

    Raises:
        DatasetError: the first image is missing, but lies in a folder nearby.
    """
    image = items[0].image if items else None
    if image is None or config.images is not None or isfile(image):
        return
    name, near = image.relative_to(path.parent), []
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):  # a folder that cannot be read has no image for us
            near += [found for found in folder.iterdir() if isdir(found)]
    folders = sorted(folder for folder in near if isfile(folder / name))
    if folders:
        hint = f"Give {setting('images', str(folders[0]))}."
        got = f"{name} in {folders[0]}"
        raise DatasetError(path, "images", must=f"in {path.parent}", got=got, hint=hint)


def _by_image(where: str, table: Any) -> dict[Any, list[tuple[int, Any]]]:
    """(place, annotation) of every image id."""
    found = defaultdict(list)
    for place, entry in enumerate(get(where, table, "annotations", list)):
        at = f"annotations[{place}]"
        found[get(where, entry, "image_id", int, str, at=at)].append((place, entry))
    return dict(found)


def _parts(segmentation: Any, size: Size, masks: Masks) -> Parts:
    """What a segmentation covers, or what is wrong with it in words."""
    if isinstance(segmentation, dict):
        if segmentation.get("size") != list(size):
            return f"run lengths of size {shown(segmentation.get('size'))} on an image of {size}"
        try:
            counts = segmentation.get("counts", [])
            return (masks.add(size, lambda: Patch(rle_to_mask(counts, size))),)
        except LabelError as error:
            return wrong_runs(error)
    if not isinstance(segmentation, list) or not segmentation:
        return f"the segmentation {shown(segmentation)}"
    parts: list[Outline] = []
    for polygon in segmentation:
        numbers = isinstance(polygon, list) and all(type(v) in (int, float) for v in polygon)
        if not numbers or len(polygon) % 2:
            return f"the polygon {shown(polygon)} instead of x, y, x, y, ..."
        parts.append(Outline(list(zip(polygon[::2], polygon[1::2]))))
    return tuple(parts)


def wrong_runs(error: LabelError) -> str:
    """What is wrong with run lengths, in words."""
    return f"run lengths whose {error.name} must be {error.must}, got {error.got}"
