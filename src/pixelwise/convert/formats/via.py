"""VGG Image Annotator: regions of all images in one JSON file, of version 1, 2 or 3.

{"a.jpg123": {"filename": "a.jpg", "regions": [{"shape_attributes", "region_attributes"}, ...]}}

is what versions 1 and 2 export; regions are an object with the keys "0", "1", ... in version 1. A
project of version 2 has the same below _via_img_metadata, one of version 3 lists of numbers. No
field says the class: it is the value of one attribute of regions, which people name as they like.
The list of regions is the order of painting; sizes are not stored.

Source: ox-vgg/via, via-2.x.y/src/via.js and via-3.x.y/src/js/_via_metadata.js.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.geometry import ellipse_points
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.formats.items import size_of_image
from pixelwise.convert.formats.split_files import notes_of, shared_images, split_files
from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Object, Parts, Source
from pixelwise.errors import DatasetError, setting
from pixelwise.files.json_file import get
from pixelwise.files.records import shown
from pixelwise.labels.shapes import Outline
from pixelwise.legend.rows import Rows
from pixelwise.text import some

# The class of regions that have no attributes at all.
_NAMELESS = "object"
# What people call the attribute that names the class.
_USUAL = ("class", "class_name", "label", "category", "type", "name", "object")
_PROJECT = "_via_img_metadata"
# Shapes of version 3 by number: the name of version 2, and the keys of its numbers.
_SHAPES_3 = {
    1: ("point", ("cx", "cy")),
    2: ("rect", ("x", "y", "width", "height")),
    3: ("circle", ("cx", "cy", "r")),
    4: ("ellipse", ("cx", "cy", "rx", "ry")),
    5: ("polyline", ()),
    6: ("polyline", ()),
    7: ("polygon", ()),
}


class _Image(NamedTuple):
    """One image of a file.

    Args:
        at: its place in the file.
        name: of its file.
        regions: (place, shape, attributes) of each; the attributes by their names.
    """

    at: str
    name: str
    regions: list[tuple[str, Any, dict[str, Any]]]


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The images of a JSON file or of several, each with its regions."""
    files = split_files(config, reading, FORMATS["via"].json or bool, "VIA")
    found = [(file, list(_images(str(file.path), file.content))) for file in files]
    attributes = [a for _, images in found for image in images for *_, a in image.regions]
    attribute = _class_attribute(config, attributes)
    root = files[0].path.parent if len(files) == 1 else config.source
    where_images = Images(config, root, is_sure=True)
    items, names = [], Counter[str]()
    rectangles = empty = 0
    for file, images in found:
        for image in images:
            objects = [[_names(own, attribute), shape, at] for at, shape, own in image.regions]
            names.update(name for own, *_ in objects for name in own)
            rectangles += sum(_kind(shape) == "rect" for _, shape, _ in objects)
            empty += not objects
            at = f"{image.at}.filename"
            id, path = where_images.find(
                str(file.path), at, image.name, file.path.parent, split=file.split
            )
            items.append(Item(file.id_of(id), (), path, objects))
    notes = [*notes_of(config, files), *where_images.notes, *shared_images(items)]
    if attribute:
        notes.append(f"the attribute {attribute} of regions names the class")
    notes += [f"regions have no attributes: all of them are {_NAMELESS}"] * (not attribute)
    notes += [f"{rectangles:,} regions are rectangles"] * bool(rectangles)
    notes += [f"{empty:,} images have no regions: all of them is background"] * bool(empty)
    return Source(items, Rows(tuple(sorted(names))) if names else None, tuple(notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The regions of one image."""
    where = f"{config.source}: {item.id}"
    size, objects = size_of_image(item), []
    for names, shape, at in item.data:
        parts = _parts(where, at, shape, config.line_width)
        if len(names) != 1 and not isinstance(parts, str):
            parts = f"{len(names)} names instead of one"
        objects.append(Object(names[0] if len(names) == 1 else "", parts, at))
    # browsers show images turned
    return Drawing(size, tuple(objects), frames=("turned",))


def _images(where: str, content: Any) -> Iterator[_Image]:
    """The images of a file of any version."""
    if isinstance(content, dict) and {"project", "attribute", "metadata"} <= set(content):
        yield from _images_3(where, content)
        return
    captions: dict[str, Any] = {}
    if _PROJECT in content:
        listed = content.get("_via_attributes")
        region = listed.get("region") if isinstance(listed, dict) else None
        captions = region if isinstance(region, dict) else {}
        content = get(where, content, _PROJECT, dict)
    for key, entry in content.items():
        at = f"[{shown(key)}]"
        name = get(where, entry, "filename", str, at=at)
        listed = get(where, entry, "regions", list, dict, type(None), at=at) or []
        if isinstance(listed, dict):
            order = sorted(listed, key=lambda k: (not k.isdecimal(), len(k), k))
            listed = [listed[k] for k in order]
        regions = []
        for place, region in enumerate(listed):
            here = f"{at}.regions[{place}]"
            shape = get(where, region, "shape_attributes", dict, at=here)
            own = get(where, region, "region_attributes", dict, type(None), at=here) or {}
            own = {key: _captioned(value, captions.get(key)) for key, value in own.items()}
            regions.append((here, shape, own))
        yield _Image(at, name, regions)


def _images_3(where: str, content: dict[str, Any]) -> Iterator[_Image]:
    """The images of a project of version 3."""
    files, views, attributes = (
        get(where, content, key, dict) for key in ("file", "view", "attribute")
    )
    regions: dict[str, list[tuple[str, Any, dict[str, Any]]]] = {view: [] for view in views}
    for key, entry in get(where, content, "metadata", dict).items():
        at = f"metadata.{key}"
        if get(where, entry, "z", list, type(None), at=at):
            must, hint = "of images", "Regions of videos are not read."
            raise DatasetError(where, f"{at}.z", must=must, got="times of a video", hint=hint)
        numbers = get(where, entry, "xy", list, type(None), at=at)
        view = get(where, entry, "vid", str, at=at)
        if not numbers:
            continue  # of the image as a whole
        own = {}
        for number, value in (get(where, entry, "av", dict, type(None), at=at) or {}).items():
            attribute = attributes.get(number)
            if isinstance(attribute, dict):
                own[str(attribute.get("aname"))] = _captioned(value, attribute)
        if view not in regions:
            raise DatasetError(where, f"{at}.vid", must="a key of view", got=shown(view))
        regions[view].append((at, _shape_3(numbers), own))
    for view, own_regions in regions.items():
        ids = get(where, views[view], "fid_list", list, at=f"view.{view}")
        if len(ids) != 1:
            got = f"{len(ids)} of them"
            raise DatasetError(where, f"view.{view}.fid_list", must="of one file", got=got)
        at = f"file.{ids[0]}"
        name = get(where, files.get(str(ids[0]), {}), "fname", str, at=at)
        yield _Image(at, name, own_regions)


def _shape_3(numbers: list[Any]) -> dict[str, Any]:
    """The numbers of version 3 as the shape of version 2; {} if it is not known."""
    kind, values = numbers[0], numbers[1:]
    if type(kind) is not int or kind not in _SHAPES_3:
        return {"name": f"number {shown(kind)}"}
    name, keys = _SHAPES_3[kind]
    if not keys:
        return {"name": name, "all_points_x": values[::2], "all_points_y": values[1::2]}
    return {"name": name, **dict(zip(keys, values))}


def _captioned(value: Any, attribute: Any) -> Any:
    """What a list of options shows for a value; the value itself without one."""
    options = attribute.get("options") if isinstance(attribute, dict) else None
    caption = options.get(value) if isinstance(options, dict) and isinstance(value, str) else None
    return caption if isinstance(caption, str) and caption.strip() else value


def _class_attribute(config: ConvertConfig, attributes: list[dict[str, Any]]) -> str:
    """The attribute of regions that names the class; "" if there is none.

    Raises:
        DatasetError: there are several and none is chosen, or another one.
    """
    values: dict[str, Counter[str]] = {}
    for own in attributes:
        for attribute in own:
            values.setdefault(attribute, Counter()).update(_names(own, attribute))
    values = {attribute: counts for attribute, counts in values.items() if counts}
    if config.key is None and len(values) < 2:
        return next(iter(values), "")
    if config.key in values:
        return str(config.key)
    listed = (
        f"{attribute} ({some((f'{n}: {k:,}' for n, k in counts.most_common(4)), 3)})"
        for attribute, counts in values.items()
    )
    must = "an attribute of regions"
    usual = (attribute for attribute in values if attribute.strip().lower() in _USUAL)
    best = next(usual, None) or max(values, key=lambda a: len(values[a]), default="NAME")
    hint = f"Choose it with {setting('key', best)}."
    got = some(listed, separator="; ") if config.key is None else shown(config.key)
    raise DatasetError(config.source, "class", must=must, got=got, hint=hint)


def _names(attributes: Mapping[str, Any], attribute: str) -> list[str]:
    """The names that a region has by an attribute."""
    if not attribute:
        return [_NAMELESS]
    value = attributes.get(attribute)
    if isinstance(value, dict):  # boxes that are ticked
        return [name.strip() for name, ticked in value.items() if ticked is True and name.strip()]
    if type(value) in (int, float):
        return [str(value)]
    return [value.strip()] if isinstance(value, str) and value.strip() else []


def _kind(shape: Any) -> Any:
    return shape.get("name")


def _parts(where: str, at: str, shape: Any, line_width: float) -> Parts:
    """What a region covers, or what is wrong with it in words."""

    def numbers(*keys: str) -> list[float]:
        return [float(get(where, shape, key, float, at=at)) for key in keys]

    kind = _kind(shape)
    if kind in ("polygon", "polyline"):
        x, y = (get(where, shape, f"all_points_{axis}", list, at=at) for axis in "xy")
        if len(x) != len(y) or not all(type(v) in (int, float) for v in (*x, *y)):
            return "points that are not as many numbers x as y"
        points = list(zip(x, y))
        return (Outline(points, "polygon" if kind == "polygon" else "line", line_width),)
    if kind == "rect":
        left, top, width, height = numbers("x", "y", "width", "height")
        return (Outline([(left, top), (left + width, top + height)], "rectangle"),)
    if kind == "circle":
        x, y, radius = numbers("cx", "cy", "r")
        return (Outline([(x, y), (x + radius, y)], "circle"),)
    if kind == "ellipse":
        x, y, width, height = numbers("cx", "cy", "rx", "ry")
        theta = float(get(where, shape, "theta", float, type(None), at=at) or 0)
        return (Outline(ellipse_points((x, y), (width, height), float(np.degrees(theta)))),)
    if kind == "point":
        return (Outline([numbers("cx", "cy")], "point", line_width),)
    return f"the shape {shown(kind)}, which cannot be painted"
