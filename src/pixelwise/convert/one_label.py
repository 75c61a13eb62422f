"""One label: recognised as done, or read, checked, painted and written.

What happens to one label depends on its item, the settings and the legend, which can be pickled, so
any executor can make it. What is wrong with it is returned, so that all others are made.
"""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.images import ImageFile, is_turned, write_image_file
from pixelwise.convert.legend import Legend, unknown_hint
from pixelwise.convert.manifest import Entry, digest_of_values, digest_of_written
from pixelwise.convert.members import Plane, files_of, paint_members, write_planes
from pixelwise.convert.painting import paint
from pixelwise.convert.paths import IMAGES
from pixelwise.convert.reading import digest, untrusted
from pixelwise.convert.records import PAINTING, Drawing, Index, Item, Object
from pixelwise.errors import DatasetError, PixelwiseError, RunError, setting
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import write_label
from pixelwise.labels.shapes import Size, check_size
from pixelwise.text import some

# Painting takes time with each, and no image shows more.
_MOST_SHAPES = 1 << 16


def make_label(
    config: ConvertConfig, legend: Legend, key: str, job: tuple[Item, Entry | None]
) -> Entry | PixelwiseError | None:
    """Make one label, unless it is there already.

    Args:
        config: of the run, with format and order.
        legend: what the source means.
        key: digest of what is the same for every label of the run.
        job: the item, and its entry of an earlier run.
    Returns:
        What was made; None if the entry of the earlier run still holds; or what is wrong.
    Raises:
        RunError: the file system refuses, as it would for the next label.
    """
    item, done = job
    if isinstance(item.data, PixelwiseError):
        return item.data
    try:
        file = item.files[0] if item.files else f"{config.source}: {item.id}"
        with untrusted(file, f"annotations of format {config.format}"):
            # a copy: the bytes that it reads go when it does
            return _make(config, legend, key, replace(item), done)
    except RunError:
        raise
    except PixelwiseError as error:
        return error


def _make(
    config: ConvertConfig, legend: Legend, key: str, item: Item, done: Entry | None
) -> Entry | None:
    with_image = config.image_files != "none"
    image = item.image_file if item.image is not None and with_image else None
    if item.digest:
        content = [None, [item.digest]]
    else:
        content = [item.data, [digest(data) for data in item.contents]]
    image_key = digest(image.data) if image else ""
    key = digest_of_values(key, item.id, *content, image_key, config.image_files)
    classes = legend.classes
    if done is not None and done.key == key and _is_there(config.folder, done, classes):
        return None

    if item.alone:
        drawing = Drawing(None, frames=("turned",))  # background alone
    else:
        drawing = FORMATS[config.format].module.read(item, config, legend)
    file = str(item.files[0] if item.files else config.source)
    where = file if item.files else f"{file}: {item.id}"
    size = check_size(f"{file}: {item.id}", drawing.size or item.image_file.turned_size)
    if image is None and drawing.image is not None:
        image = ImageFile(file, drawing.image)
    turned = image is not None and is_turned(image, size, drawing.frames)
    label, entry = _painted(config, legend, where, drawing, size)
    if isinstance(label, dict):
        write_planes(config.folder, item.id, label, classes, config.storage)
    else:
        write_label(
            files_of(config.folder, item.id, classes)[0], label, classes, storage=config.storage
        )
    entry = replace(entry, id=item.id, key=key, label=_digest(config.folder, item.id, classes))
    if image is None or not with_image:
        return entry
    images = config.folder / IMAGES
    link_to = item.image if config.image_files == "link" else None
    path, data = write_image_file(image, turned, images / item.id, link_to)
    name = path.relative_to(images).as_posix()
    if done is not None and done.image_name != name:
        _remove_other_image(images, item.id, done.image_name)
    return replace(entry, image=digest(data), image_name=name, turned=turned)


def _digest(folder: Path, id: str, classes: Classes) -> str:
    """The digest of the label of an image, or of those of all classes that overlap."""
    digests = [digest_of_written(file) for file in files_of(folder, id, classes)]
    return digest_of_values(digests) if classes.files else digests[0]


def _is_there(folder: Path, done: Entry, classes: Classes) -> bool:
    image = folder / IMAGES / done.image_name
    same_label = _digest(folder, done.id, classes) == done.label
    return same_label and (not done.image or digest_of_written(image) == done.image)


def remove_outdated(folder: Path, done: Entry, classes: Classes) -> None:
    """Remove what an earlier run made of annotations that cannot be read any more."""
    image, outdated = folder / IMAGES / done.image_name, list[Path]()
    # what somebody has changed since is theirs
    if _digest(folder, done.id, classes) == done.label:
        outdated += files_of(folder, done.id, classes)
    if _is_of(done.id, done.image_name) and digest_of_written(image) == done.image:
        outdated.append(image)
    for path in outdated:
        with suppress(OSError):  # of a folder in which nothing can be written either
            path.unlink()


def _remove_other_image(images: Path, id: str, name: str) -> None:
    """Remove the image of an earlier run that had another suffix: an id has one image."""
    if _is_of(id, name):
        (images / name).unlink(missing_ok=True)


def _is_of(id: str, name: str) -> bool:
    """Whether the name of an image, which comes from a file, is one that this id can have."""
    return os.path.splitext(name)[0] == id


def _painted(
    config: ConvertConfig, legend: Legend, where: str, drawing: Drawing, size: Size
) -> tuple[Index | dict[int, Plane], Entry]:
    """The label of a drawing, or that of each class, and what happened while it was painted."""
    shapes = sum(max(1, len(thing.parts)) for thing in drawing.objects)
    if shapes > _MOST_SHAPES:
        must = f"at most {_MOST_SHAPES:,} on one image"
        raise DatasetError(where, "shapes", must=must, got=f"{shapes:,}")
    problems = [f"{thing} has {one}" for thing in drawing.objects for one in thing.problems]
    if problems and config.invalid == "error":
        must = "ones that can be painted"
        hint = f"Repair them, or leave them out with {setting('invalid', 'skip')}."
        got = some(problems, separator="; ")
        raise DatasetError(where, "shapes", must=must, got=got, hint=hint)
    valid = [thing for thing in drawing.objects if not thing.problems]
    known = _known(config, legend, where, valid)
    unknown = Counter(thing.name for thing in valid if thing.name not in legend.index_of)
    indices = [legend.index_of.get(thing.name, legend.classes.ignore_index) for thing in known]
    planes = len(set(indices)) if legend.classes.files else 0
    a_pixel, shown = PAINTING + planes, f"a label of {size[0]:,} x {size[1]:,} pixels"
    check_unpacked(size[0] * size[1] * a_pixel, shown)
    label: Index | dict[int, Plane]
    if legend.classes.files:
        label, overlapped, vanished = paint_members(known, indices, legend, size, config.rule)
    else:
        background = drawing.label
        if background is None:
            background = np.full(size, legend.background, legend.classes.dtype)
        order = config.order or "file"
        label, overlapped, vanished = paint(known, indices, background, config.rule, order)
    return label, Entry(
        id="",
        key="",
        label="",
        objects=len(known) + drawing.count,
        overlapped=overlapped,
        vanished=(*drawing.vanished, *(str(known[place]) for place in vanished)),
        skipped=tuple(problems),
        unknown=tuple(sorted(unknown.items())),
        snapped=drawing.snapped,
    )


def _known(
    config: ConvertConfig, legend: Legend, where: str, objects: list[Object]
) -> list[Object]:
    """The objects to paint; those of unknown classes as the configuration says."""
    known = [thing for thing in objects if thing.name in legend.index_of]
    if config.unknown == "ignore":
        return objects
    if config.unknown == "skip" or len(known) == len(objects):
        return known
    wrong = (thing for thing in objects if thing.name not in legend.index_of)
    got = some((f"{thing.name!r} in {thing.where}" for thing in wrong), separator="; ")
    must = f"one of {some(legend.index_of, 30)}"
    raise DatasetError(where, "classes of objects", must=must, got=got, hint=unknown_hint("skip"))
