"""COCO instances: one JSON file with images, categories and annotations, or one for each split.

An annotation's segmentation is a list of polygons [x0, y0, x1, y1, ...] that belong together, or
run lengths {"size": [h, w], "counts": [...] or text}. Category ids have gaps, so the class indices
are the places of the ids in order. COCO knows no paint order and no background.

What tools make of it is read where it has one meaning: ids as text or with a decimal point, one
polygon without a list around it, text that was bytes in Python. A category that is the
supercategory of another and has no annotation is the name of a project, not a class. A box says
nothing about pixels and is painted on request alone.

Source: COCO data format documentation.
"""

import re
from ast import literal_eval
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.geometry import number_inside
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.formats.items import named_item, size_of_image
from pixelwise.convert.formats.split_files import SplitFile, notes_of, shared_images, split_files
from pixelwise.convert.formats.table import FORMATS, IGNORE
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import images_below
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Masks, Object, Parts, Source
from pixelwise.errors import DatasetError, LabelError, setting
from pixelwise.files.json_file import get
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.labels.raster import Patch
from pixelwise.labels.rle import rle_to_mask
from pixelwise.labels.shapes import Outline, Size
from pixelwise.legend.coco_categories import categories, category_of, id_of
from pixelwise.text import some

_SHAPES, _SIDES = "segmentation", ("height", "width")
# What is counted, as the report says it.
_ALL = "objects"
_BOXES = "objects are boxes, painted as rectangles"
_EMPTY = "images have no annotation: all of them is background"
_TWICE = "images are listed twice"
_SCRAPS = "polygons of one or two points are left out"
_INNER = "polygons lie inside another of their object: they are joined, as in COCO, not holes"
_LOST = "annotations of images that are not listed are left out"
_SAID = (_BOXES, _EMPTY, _TWICE, _SCRAPS, _INNER, _LOST)
_BYTES = re.compile(r"""b(['"]).*\1""", re.S)
# Numbers of the smallest polygon that covers something.
_LEAST = 6


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The images of a JSON file or of several, each with its annotations."""
    files = split_files(config, reading, FORMATS["coco"].json or bool, "COCO")
    tables = [(str(file.path), file.content) for file in files]
    # splits have the same classes, unless somebody says which there are
    are_alike = config.classes is None and any(file.split for file in files)
    rows, names, said = categories(tables, are_alike)
    notes = [*notes_of(config, files), *said]
    images = Images(config, _root(config, files), is_sure=len(files) > 1)
    counts: Counter[str] = Counter()
    items: Sequence[Item] = [
        item
        for file, name_of in zip(files, names)
        for item in _items(config, file, name_of, images, counts)
    ]
    said = []
    if len(files) == 1:
        items, said = placed(files[0].path, items, config, reading.folder)
        if reading.folder and _is_lost(items):
            counts, images = Counter(), Images(config, reading.folder, is_sure=True)
            items = list(_items(config, files[0], names[0], images, counts))
    notes += [*said, *images.notes, *shared_images(items)]
    _check_boxes(config, counts)
    federated = "neg_category_ids" in next(iter(files[0].content["images"]), ())
    if federated and config.background is None:
        void = setting("background", IGNORE)
        notes.append(f"LVIS: what has no annotation is unknown, not background (see {void})")
    counts[_BOXES] *= config.boxes  # else each of them is named as left out
    notes += [f"{number:,} {what}" for what, number in counts.items() if number and what in _SAID]
    return Source(items, rows, tuple(notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The objects of one image."""
    height, width = item.data["size"] or size_of_image(item)
    size = height, width
    masks = Masks()
    objects = []
    for name, place, outline, box, *is_crowd in item.data["objects"]:
        parts = _box(box, config.boxes) if _is_empty(outline) and box else None
        at = f"annotations[{place}]"
        shapes = parts or _parts(outline, size, masks)
        objects.append(Object(name, shapes, at, is_crowd=bool(is_crowd)))
    return Drawing(size, tuple(objects))


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


def placed(
    path: Path, items: Sequence[Item], config: ConvertConfig, folder: Path | None = None
) -> tuple[Sequence[Item], list[str]]:
    """Items with their images, if these lie in another folder than the file says, and a note.

    Args:
        path: the JSON file.
        items: with images where the file says that they are.
        config: images, if they were given.
        folder: the one that was given as the source; what is beside it is of other data sets.
    Raises:
        DatasetError: several folders nearby have the first image, or one that lacks others.
    """
    image = items[0].image if items else None
    if image is None or config.images is not None or isfile(image):
        return items, []
    name = image.relative_to(path.parent)
    folders = _with_image(path.parent, name)
    if not folders and path.parent != folder:
        folders = _with_image(path.parent.parent, name)
    if not folders:
        return items, []
    names = [item.image.relative_to(path.parent) for item in items if item.image]
    if len(folders) == 1 and all(isfile(folders[0] / name) for name in names):
        moved = [replace(i, image=folders[0] / name) for i, name in zip(items, names)]
        return moved, [f"images are in {folders[0]}"]
    hint = f"Give {setting('images', str(folders[0]))}."
    got = f"{name} in {some(folders)}"
    raise DatasetError(path, "images", must=f"in {path.parent}", got=got, hint=hint)


def _is_lost(items: Sequence[Item]) -> bool:
    return bool(items) and items[0].image is not None and not isfile(items[0].image)


def _with_image(above: Path, name: Path) -> list[Path]:
    """The folders in one that have an image."""
    with suppress(OSError):  # a folder that cannot be read has no image for us
        return sorted(found for found in above.iterdir() if isdir(found) and isfile(found / name))
    return []


def _items(
    config: ConvertConfig,
    file: SplitFile,
    name_of: dict[Any, str],
    images: Images,
    counts: Counter[str],
) -> Iterator[Item]:
    """The images of one file.

    Args:
        config: of the run.
        file: what is in it.
        name_of: the class of each category.
        images: finds images.
        counts: gets what happened, by what it is called.
    """
    where, table = str(file.path), file.content
    annotations = _by_image(where, table)
    names: dict[int | str, str] = {}
    id_of_name: dict[str, int | str] = {}
    for place, image in enumerate(get(where, table, "images", list)):
        at = f"images[{place}]"
        has_name = not isinstance(image, dict) or "coco_url" not in image or "file_name" in image
        key = "file_name" if has_name else "coco_url"
        name = get(where, image, key, str, at=at)
        id = id_of(where, image, "id", at)
        if id in names and names[id] == name:
            counts[_TWICE] += 1
            continue
        if id in names:
            got = f"{shown(id)} of {shown(names[id])} and of {shown(name)}"
            raise DatasetError(where, f"{at}.id", must="of one image only", got=got)
        if id_of_name.setdefault(with_slashes(name), id) != id:
            got = f"{shown(name)} of ids {shown(id_of_name[with_slashes(name)])} and {shown(id)}"
            hint = (
                "List each image once. Label Studio does so for each annotation of a task: "
                "export its project as JSON instead."
            )
            raise DatasetError(where, f"{at}.{key}", must="of one id only", got=got, hint=hint)
        names[id] = name
        own = annotations.pop(id, [])
        counts[_EMPTY] += not own
        objects = []
        for n, entry in own:
            outline, box = entry.get(_SHAPES), entry.get("bbox")
            if not _is_empty(outline):
                outline = _without_scraps(outline, counts)
                box = None
            counts[_BOXES] += _is_empty(outline) and box is not None
            counts[_ALL] += 1
            # a crowd is of its class, unless every class has void of its own
            mark = [1] if config.task is not None and entry.get("iscrowd") in (1, True) else []
            objects.append(
                [category_of(where, f"annotations[{n}]", entry, name_of), n, outline, box, *mark]
            )
        has_size = any(image.get(side) for side in _SIDES)
        size = [get(where, image, side, int, at=at) for side in _SIDES] if has_size else None
        data = {"size": size, "objects": objects}
        item = named_item(config, file.path, f"{at}.{key}", name, data, images, split=file.split)
        yield replace(item, id=file.id_of(item.id))
    if annotations and config.invalid != "skip":
        got = f"{len(annotations):,} others, such as {shown(next(iter(annotations)))}"
        hint = f"{setting('invalid', 'skip')} leaves these annotations out."
        name = "image_id of annotations"
        raise DatasetError(where, name, must="ids of images", got=got, hint=hint)
    counts[_LOST] += sum(map(len, annotations.values()))


def _by_image(where: str, table: Any) -> dict[Any, list[tuple[int, Any]]]:
    """(place, annotation) of every image id."""
    found = defaultdict(list)
    for place, entry in enumerate(get(where, table, "annotations", list)):
        found[id_of(where, entry, "image_id", f"annotations[{place}]")].append((place, entry))
    return dict(found)


def _root(config: ConvertConfig, files: Sequence[SplitFile]) -> Path:
    """Where images may be: below the source, else beside it, as in COCO's download."""
    if len(files) == 1:
        return files[0].path.parent
    return config.source if any(images_below(config.source)) else config.source.absolute().parent


def _check_boxes(config: ConvertConfig, counts: Counter[str]) -> None:
    """Refuse boxes: they cover what is not the object."""
    boxes, total = counts[_BOXES], counts[_ALL]
    if not boxes or config.boxes or (config.invalid == "skip" and boxes < total):
        return
    raise boxes_error(str(config.source), boxes, total)


def boxes_error(where: str, boxes: int, total: int) -> DatasetError:
    """That objects have no outlines, and what can be done."""
    event = f"{boxes:,} of {total:,} objects are boxes, not outlines"
    hint = f"Label outlines, or paint the boxes as rectangles with {setting('boxes', True)}"
    if boxes < total:
        hint += f", or leave them out with {setting('invalid', 'skip')}"
    return DatasetError(where, event=event, hint=f"{hint}.")


def _is_empty(outline: Any) -> bool:
    return outline in (None, [], [[]], {})


def _without_scraps(outline: Any, counts: Counter[str]) -> Any:
    """An outline without polygons of one or two points, which cover nothing, unless all are."""
    if not isinstance(outline, list) or not all(isinstance(ring, list) for ring in outline):
        return outline
    kept = [ring for ring in outline if len(ring) % 2 or len(ring) >= _LEAST]
    if not kept:
        return outline
    counts[_SCRAPS] += len(outline) - len(kept)
    if _are_numbers(chain(*kept)) and not any(len(ring) % 2 for ring in kept):
        counts[_INNER] += number_inside(kept)
    return kept


def _box(box: Any, is_wanted: bool) -> Parts:
    """The rectangle of a box [x, y, width, height]."""
    if not is_wanted:
        return "a box and no outline"
    if not isinstance(box, list) or len(box) != 4 or not _are_numbers(box):
        return f"the box {shown(box)} instead of x, y, width, height"
    x, y, width, height = box
    return (Outline([(x, y), (x + width, y + height)], "rectangle"),)


def _are_numbers(values: Iterable[Any]) -> bool:
    return set(map(type, values)) <= {int, float}


def _parts(segmentation: Any, size: Size, masks: Masks) -> Parts:
    """What a segmentation covers, or what is wrong with it in words."""
    if isinstance(segmentation, list) and segmentation and _are_numbers(segmentation):
        is_runs = sum(segmentation) == size[0] * size[1]
        if is_runs:
            segmentation = {"size": [*size], "counts": segmentation}
        elif len(segmentation) >= _LEAST:
            segmentation = [segmentation]
    if isinstance(segmentation, dict):
        if segmentation.get("size") != list(size):
            return f"run lengths of size {shown(segmentation.get('size'))} on an image of {size}"
        try:
            counts = _unquoted(segmentation.get("counts", []))
            return (masks.add(size, lambda: Patch(rle_to_mask(counts, size))),)
        except LabelError as error:
            return wrong_runs(error)
    if not isinstance(segmentation, list) or not segmentation:
        return f"the segmentation {shown(segmentation)}"
    parts: list[Outline] = []
    for polygon in segmentation:
        numbers = isinstance(polygon, list) and _are_numbers(polygon)
        if not numbers or len(polygon) % 2:
            return f"the polygon {shown(polygon)} instead of x, y, x, y, ..."
        parts.append(Outline(list(zip(polygon[::2], polygon[1::2]))))
    return tuple(parts)


def _unquoted(counts: Any) -> Any:
    """Run lengths; text that Python made of bytes, b'...', as those bytes."""
    if isinstance(counts, str) and _BYTES.fullmatch(counts):
        with suppress(ValueError, SyntaxError):
            return literal_eval(counts)
    return counts


def wrong_runs(error: LabelError) -> str:
    """What is wrong with run lengths, in words."""
    return f"run lengths whose {error.name} must be {error.must}, got {error.got}"
