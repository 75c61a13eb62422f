"""Label Studio: a JSON list of tasks, each with the results of its annotations.

Coordinates are percent of original_width and original_height, in the frame before the viewer's
image_rotation. A brush result is a compressed RGBA image whose alpha is the mask. Of several
annotations of a task the first that was not cancelled counts.

Source: Label Studio documentation, JSON format of annotated tasks.
"""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.coco import wrong_runs
from pixelwise.convert.formats.geometry import ellipse_points, turned
from pixelwise.convert.formats.items import named_item
from pixelwise.convert.formats.label_studio_rle import unpack_alpha
from pixelwise.convert.image_names import Images
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Frame, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, LabelError
from pixelwise.files.json_file import get
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Outline, Size, check_size
from pixelwise.legend.rows import Rows
from pixelwise.text import some

# Types of results that have pixels; the key of the names in their value is the same word.
_TYPES = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")
_SIDES = ("height", "width")
# Alpha of a brush stroke is soft at its rim.
_OPAQUE = 127
# Kinds of results that are left out and named.
_LISTED = 20


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The tasks of a JSON export that have an annotation."""
    where = str(config.source)
    tasks = reading.json(config.source)
    if not isinstance(tasks, list):
        hint = "Export the project as JSON, not as JSON-MIN or COCO."
        raise DatasetError(where, "file", must="a list of tasks", got=shown(tasks), hint=hint)
    images, items = Images(config, config.source.parent), list[Item]()
    names: set[str] = set()
    several = 0
    left_out: Counter[str] = Counter()
    for place, task in enumerate(tasks):
        at = f"[{place}]"
        annotations = get(where, task, "annotations", list, at=at)
        valid = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
        several += len(valid) > 1
        found = _results(where, at, valid)
        results = [result for result in found if result.get("type") in _TYPES]
        left_out.update(
            shown(r.get("type")).strip("'") for r in found if r.get("type") not in _TYPES
        )
        left_out["tasks without shapes, whose size is not known"] += not results
        if results:
            names |= {name for result in results for name in _names(result)}
            items.append(_item(config, at, task, results, images))
    notes = [f"{several:,} tasks have several annotations: the first counts"] * (several > 0)
    notes += [f"left out: {n:,} {what}" for what, n in sorted(left_out.most_common(_LISTED)) if n]
    return Source(items, Rows(tuple(sorted(names))) if names else None, tuple(notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The results of one task."""
    where = f"{config.source}: {item.id}"
    sizes = {
        tuple(get(where, result, f"original_{s}", int, at=f"result[{n}]") for s in _SIDES)
        for n, result in enumerate(item.data)
    }
    if len(sizes) != 1:
        must = "the same for all results of a task"
        raise DatasetError(where, "original size", must=must, got=some(sorted(sizes)))
    height, width = check_size(where, sizes.pop())
    objects, masks = [], Masks()
    for place, result in enumerate(item.data):
        at = f"result[{place}]"
        value = get(where, result, "value", dict, at=at)
        names = _names(result)
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


def _names(result: dict[str, Any]) -> list[str]:
    value = result.get("value")
    found = value.get(result["type"]) if isinstance(value, dict) else None
    return [n.strip() for n in found if isinstance(n, str)] if isinstance(found, list) else []


def _item(config: ConvertConfig, at: str, task: Any, results: list[Any], images: Images) -> Item:
    """The item of a task; the image is looked for by the end of its address."""
    where = str(config.source)
    data = get(where, task, "data", dict, at=at)
    texts = [value for value in data.values() if isinstance(value, str)]
    addresses = [text for text in texts if _suffix_of(text) in IMAGE_SUFFIXES]
    if not texts:
        raise DatasetError(where, f"{at}.data", must="an object with an image", got=shown(data))
    name = _file_name((addresses or texts)[0])
    return named_item(config, config.source, f"{at}.data", name, results, images)


def _file_name(address: str) -> str:
    """The end of .../upload/3/ab12-name.jpg, or of /data/local-files/?d=folder/name.jpg."""
    plain = with_slashes(address)
    path = plain.partition("?d=")[2] or plain.partition("?")[0]
    return unquote(path).rpartition("/")[2]


def _suffix_of(address: str) -> str:
    return Path(_file_name(address)).suffix.lower()


def _parts(
    where: str, at: str, result: dict[str, Any], value: dict[str, Any], size: Size, masks: Masks
) -> Parts:
    """What a result covers, or what is wrong with it in words."""
    percent = np.array([size[1], size[0]]) / 100
    at = f"{at}.value"

    def numbers(*keys: str) -> list[float]:
        return [float(get(where, value, key, float, at=at)) for key in keys]

    if result["type"] == "polygonlabels":
        points = get(where, value, "points", list, at=at)
        if not all(isinstance(p, list) and len(p) == 2 for p in points):
            return "points that are not all [x, y]"
        if not all(type(v) in (int, float) and abs(v) < 1e300 for point in points for v in point):
            return "points that are not numbers"
        return (Outline(np.array(points, np.float64).reshape(-1, 2) * percent),)
    if result["type"] == "brushlabels":
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
    degrees = float(get(where, value, "rotation", float, type(None), at=at) or 0)
    corner = np.array(numbers("x", "y")) * percent
    if result["type"] == "ellipselabels":
        radii = np.array(numbers("radiusX", "radiusY")) * percent
        return (Outline(ellipse_points(tuple(corner), tuple(radii), degrees)),)
    far = corner + np.array(numbers("width", "height")) * percent
    corners = np.array([corner, (far[0], corner[1]), far, (corner[0], far[1])])
    # unlike CVAT, a rectangle turns about its first corner
    return (Outline(turned(corners, corner, degrees)),)
