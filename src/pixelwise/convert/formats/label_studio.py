"""Label Studio: a JSON list of tasks, each with the results of its annotations.

Coordinates are percent of original_width and original_height, in the frame before the viewer's
image_rotation. A brush result is a compressed RGBA image whose alpha is the mask. Of several
annotations of a task the first that was not cancelled counts.

Source: Label Studio documentation, JSON format of annotated tasks.
"""

import re
from collections import Counter
from dataclasses import replace
from os.path import isfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.coco import wrong_runs
from pixelwise.convert.formats.geometry import ellipse_points, turned
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.formats.items import named_item, size_of_image
from pixelwise.convert.formats.label_studio_rle import unpack_alpha
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import IMAGES
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Frame, Item, Masks, Object, Parts, Source
from pixelwise.convert.unsupported import named
from pixelwise.errors import DatasetError, LabelError
from pixelwise.files.json_file import get
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Outline, Size, check_size
from pixelwise.legend.rows import Rows
from pixelwise.text import some

# Types of results that have pixels; the key of the names in their value is the same word. Regions
# of <Polygon>, <Brush> and the like have none: <Labels> names them, in a result of the same id.
_TYPES = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")
_BARE = ("polygon", "brush", "rectangle", "ellipse", "labels")
# These have pixels that are not read.
_UNREAD = ("bitmasklabels", "bitmask", "vectorlabels", "vector")
# The class of all regions if none has a name.
_NAMELESS = "object"
# Label Studio puts this before the name of a file that is uploaded.
_PREFIX = re.compile(r"[0-9a-f]{8}-(.+)")
_SIDES = ("height", "width")
# Alpha of a brush stroke is soft at its rim.
_OPAQUE = 127
# Parts of the path of an image that are tried.
_MOST_PARTS = 8
# Kinds of results that are left out and named.
_LISTED = 20


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The tasks of a JSON export that have an annotation."""
    where = str(config.source)
    tasks = reading.json(config.source)
    tool = named(tasks)
    if tool is not None:
        raise tool.error(config.source)
    if not isinstance(tasks, list):
        hint = "Export the project as JSON, not as JSON-MIN or COCO."
        raise DatasetError(where, "file", must="a list of tasks", got=shown(tasks), hint=hint)
    images, items = Images(config, config.source.parent, is_sure=True), list[Item]()
    names: set[str] = set()
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for place, task in enumerate(tasks):
        at = f"[{place}]"
        annotations = get(where, task, "annotations", list, at=at)
        valid = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
        counts["several"] += len(valid) > 1
        counts["predicted"] += not valid and bool(task.get("predictions"))
        found = _results(where, at, valid)
        read_types = (*_TYPES, *_BARE, *_UNREAD)
        left_out.update(
            shown(r.get("type")).strip("'") for r in found if r.get("type") not in read_types
        )
        regions = _regions([result for result in found if result.get("type") in read_types])
        names |= {name for _, own in regions for name in own}
        if regions:
            items.append(_item(config, at, task, regions, images))
        elif not valid:
            left_out["tasks without annotation"] += 1
        elif not found and (empty := _there(config, at, task, images)):
            counts["empty"] += 1
            items.append(empty)
        else:
            left_out["tasks without shapes, whose size is not known"] += 1
    if not items and tasks:
        raise _without_annotation(where, len(tasks), counts["predicted"])
    notes = [f"{counts['several']:,} tasks have several annotations: the first counts"]
    notes = notes * (counts["several"] > 0) + images.notes
    empty_ones = f"{counts['empty']:,} tasks were submitted without regions: all is background"
    notes += [empty_ones] * (counts["empty"] > 0)
    notes += [f"left out: {n:,} {what}" for what, n in sorted(left_out.most_common(_LISTED)) if n]
    drawn = [region for item in items for region, _ in item.data]
    if not names and drawn and all(region.get("type") in _BARE for region in drawn):
        notes.append(f"regions have no labels: all of them are {_NAMELESS}")
        items = [replace(i, data=[[r, [_NAMELESS]] for r, _ in i.data]) for i in items]
        names = {_NAMELESS} if items else names
    return Source(items, Rows(tuple(sorted(names))) if names else None, tuple(notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The results of one task."""
    where = f"{config.source}: {item.id}"
    sizes = {
        tuple(get(where, result, f"original_{s}", int, at=f"result[{n}]") for s in _SIDES)
        for n, (result, _) in enumerate(item.data)
    }
    if not sizes:
        return Drawing(size_of_image(item), frames=("turned",))
    if len(sizes) != 1:
        must = "the same for all results of a task"
        raise DatasetError(where, "original size", must=must, got=some(sorted(sizes)))
    height, width = check_size(where, sizes.pop())
    objects, masks = [], Masks()
    for place, (result, names) in enumerate(item.data):
        at = f"result[{place}]"
        value = get(where, result, "value", dict, at=at)
        parts = _parts(where, at, result, value, (height, width), masks)
        if len(names) != 1 and not isinstance(parts, str):
            parts = f"{len(names)} names instead of one"
        objects.append(Object(names[0] if len(names) == 1 else "", parts, at))
    # browsers show images turned
    frames: tuple[Frame, ...] = ("turned", "stored")
    return Drawing((height, width), tuple(objects), frames=frames)


def _results(where: str, at: str, annotations: list[Any]) -> list[dict[str, Any]]:
    """The results of the first annotation."""
    if not annotations:
        return []
    results = get(where, annotations[0], "result", list, at=f"{at}.annotations[0]")
    return [result for result in results if isinstance(result, dict)]


def _regions(results: list[dict[str, Any]]) -> list[list[Any]]:
    """[result with an outline, names] of each region; results of one region have one id."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for place, result in enumerate(results):
        id = result.get("id")
        groups.setdefault(id if isinstance(id, str) and id else place, []).append(result)
    regions = []
    for group in groups.values():
        drawn = next((result for result in group if result["type"] != "labels"), group[0])
        names = dict.fromkeys(name for result in group for name in _names(result))
        regions.append([drawn, list(names)])
    return regions


def _names(result: dict[str, Any]) -> list[str]:
    value = result.get("value")
    keys = {result["type"], "labels"}
    found = [value.get(key) for key in sorted(keys)] if isinstance(value, dict) else []
    lists = (names for names in found if isinstance(names, list))
    return [name.strip() for names in lists for name in names if isinstance(name, str)]


def _without_annotation(where: str, tasks: int, predicted: int) -> DatasetError:
    """That there is nothing that people have annotated."""
    got = f"none in {tasks:,} tasks" + (f", {predicted:,} with predictions" if predicted else "")
    hint = "Predictions count when they are submitted as annotations: do so and export again."
    hint = hint if predicted else "Export a project whose tasks have polygons, brushes or boxes."
    must = "regions of submitted annotations"
    return DatasetError(where, "annotations", must=must, got=got, hint=hint)


def _item(config: ConvertConfig, at: str, task: Any, regions: list[Any], images: Images) -> Item:
    """The item of a task; the image is looked for by the end of its address."""
    where = str(config.source)
    data = get(where, task, "data", dict, at=at)
    texts = [value for value in data.values() if isinstance(value, str)]
    addresses = [text for text in texts if _suffix_of(text) in IMAGE_SUFFIXES]
    if not texts:
        raise DatasetError(where, f"{at}.data", must="an object with an image", got=shown(data))
    name = _file_name((addresses or texts)[0])
    plain = _PREFIX.fullmatch(name)
    folders = (images.root, images.root / IMAGES)
    if plain and not any(isfile(folder / name) for folder in folders):
        name = plain[1] if any(isfile(folder / plain[1]) for folder in folders) else name
    name = _below(images.root, (addresses or texts)[0]) or name
    return named_item(config, config.source, f"{at}.data", name, regions, images, ("", IMAGES))


def _below(root: Path, address: str) -> str:
    """As many parts of the end of an address as are there below a folder of another name."""
    parts = [part for part in _path_of(address).split("/") if part not in ("", ".", "..")]
    tails = [
        "/".join(parts[first:]) for first in range(max(0, len(parts) - _MOST_PARTS), len(parts))
    ]
    there = (tail for tail in tails[:-1] if "\0" not in tail and isfile(root / tail))
    found = next(there, "")
    return "" if found == "/".join((IMAGES, *parts[-1:])) else found


def _there(config: ConvertConfig, at: str, task: Any, images: Images) -> Item | None:
    """The item of a task without regions, if its image is there, which has its size."""
    item = _item(config, at, task, [], images)
    return item if item.image is not None and isfile(item.image) else None


def _path_of(address: str) -> str:
    """The path in .../upload/3/ab12-name.jpg, or in /data/local-files/?d=folder/name.jpg."""
    plain = with_slashes(address)
    return with_slashes(unquote(plain.partition("?d=")[2] or plain.partition("?")[0]))


def _file_name(address: str) -> str:
    return _path_of(address).rpartition("/")[2]


def _suffix_of(address: str) -> str:
    return Path(_file_name(address)).suffix.lower()


def _kind_of(type: str, value: dict[str, Any]) -> str:
    """What a region is drawn with; <Labels> has the outline of any of them."""
    if type != "labels":
        return type.removesuffix("labels")
    keys = {"points": "polygon", "rle": "brush", "radiusX": "ellipse", "width": "rectangle"}
    return next((kind for key, kind in keys.items() if key in value), type)


def _parts(
    where: str, at: str, result: dict[str, Any], value: dict[str, Any], size: Size, masks: Masks
) -> Parts:
    """What a result covers, or what is wrong with it in words."""
    percent = np.array([size[1], size[0]]) / 100
    at = f"{at}.value"

    def numbers(*keys: str) -> list[float]:
        return [float(get(where, value, key, float, at=at)) for key in keys]

    kind = _kind_of(result["type"], value)
    if kind == "polygon":
        if value.get("closed") is False:
            return "a polygon that is not closed"
        points = get(where, value, "points", list, at=at)
        if not all(isinstance(p, list) and len(p) == 2 for p in points):
            return "points that are not all [x, y]"
        if not all(type(v) in (int, float) and abs(v) < 1e300 for point in points for v in point):
            return "points that are not numbers"
        return (Outline(np.array(points, np.float64).reshape(-1, 2) * percent),)
    if kind == "brush":
        if result.get("image_rotation"):
            return (
                f"a brush on an image that was turned by {shown(result['image_rotation'])} degrees"
            )
        try:
            packed = get(where, value, "rle", list, at=at)
            # red, green, blue, alpha, and whether it is opaque
            return (masks.add(size, lambda: Patch(unpack_alpha(packed, size) > _OPAQUE), 5),)
        except LabelError as error:
            return wrong_runs(error)
    if kind not in ("rectangle", "ellipse"):
        return f"the type {shown(kind)}, which cannot be painted"
    degrees = float(get(where, value, "rotation", float, type(None), at=at) or 0)
    corner = np.array(numbers("x", "y")) * percent
    if kind == "ellipse":
        radii = np.array(numbers("radiusX", "radiusY")) * percent
        return (Outline(ellipse_points(tuple(corner), tuple(radii), degrees)),)
    far = corner + np.array(numbers("width", "height")) * percent
    corners = np.array([corner, (far[0], corner[1]), far, (corner[0], far[1])])
    # unlike CVAT, a rectangle turns about its first corner
    return (Outline(turned(corners, corner, degrees)),)
