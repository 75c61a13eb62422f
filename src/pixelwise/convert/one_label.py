"""One label: recognised as done, or read, checked, painted and written.

What happens to one label depends on its item and on a plan, both of which can be pickled, so any
executor can make it. What goes wrong with it is returned, so that all others are made.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.images import Picture, is_turned, read_picture, write_picture
from pixelwise.convert.legend import Legend
from pixelwise.convert.manifest import Entry, digest, digest_of_file, digest_of_values
from pixelwise.convert.output import IMAGES, LABELS
from pixelwise.convert.painting import paint
from pixelwise.convert.records import Drawing, Item, Object
from pixelwise.errors import DatasetError, PixelwiseError, RunError
from pixelwise.labels.png import write_label
from pixelwise.labels.shapes import check_size, problem_of

# Enough offenders to recognise the mistake; the rest are counted.
_LISTED = 5


@dataclass(frozen=True)
class Plan:
    """What is the same for every label of a run; it can be pickled."""

    config: ConvertConfig
    legend: Legend
    order: str
    key: str


@dataclass(frozen=True)
class Made:
    """A label that is there; is_new unless an earlier run had made it."""

    entry: Entry
    is_new: bool


@dataclass(frozen=True)
class Failure:
    """A label that could not be made, and why."""

    id: str
    message: str


def make_label(plan: Plan, job: tuple[Item, Entry | None]) -> Made | Failure:
    """Make one label, unless it is there already; what is wrong with it is returned.

    Raises:
        RunError: the file system refuses, as it would for the next label.
    """
    item, done = job
    try:
        entry = _make(plan, item, done)
    except RunError:
        raise
    except PixelwiseError as error:
        return Failure(item.id, str(error))
    return Made(entry, is_new=entry is not done)


def _make(plan: Plan, item: Item, done: Entry | None) -> Entry:
    """The entry of a label that was made now, or `done` itself if that is still true."""
    config, folder = plan.config, plan.config.folder
    with_image = config.image_files != "none"
    picture = read_picture(item.image) if item.image is not None and with_image else None
    content = [digest_of_file(path) for path in item.files]
    image_key = digest(picture.data) if picture else ""
    key = digest_of_values(plan.key, item.id, item.data, content, image_key, config.image_files)
    label_path = folder / LABELS / f"{item.id}.png"
    if done is not None and done.key == key and _is_there(folder, label_path, done):
        return done

    drawing = FORMATS[config.format].read(item, config, plan.legend)
    where = str(item.files[0] if item.files else config.source)
    check_size(f"{where}: {item.id}", drawing.size)
    if picture is None and drawing.image is not None:
        picture = Picture(where, drawing.image)
    turned = picture is not None and is_turned(picture, drawing.size, drawing.frames)
    label, entry = _painted(plan, f"{where}: {item.id}" if not item.files else where, drawing)
    write_label(label_path, label, plan.legend.classes, storage=config.storage)
    entry = replace(entry, id=item.id, key=key, label=digest_of_file(label_path))
    if picture is None or not with_image:
        return entry
    link_to = item.image if config.image_files == "link" else None
    image = write_picture(picture, turned, folder / IMAGES / item.id, link_to)
    name = image.relative_to(folder / IMAGES).as_posix()
    if done is not None and done.image_name != name:
        _remove_other_image(folder, item.id, done.image_name)
    return replace(entry, image=digest_of_file(image), image_name=name, turned=turned)


def _is_there(folder: Path, label: Path, done: Entry) -> bool:
    same_label = digest_of_file(label) == done.label
    same_image = not done.image or digest_of_file(folder / IMAGES / done.image_name) == done.image
    return same_label and same_image


def _remove_other_image(folder: Path, key: str, name: str) -> None:
    """Remove the image of an earlier run that had another ending: an id has one image."""
    # the name comes from a file, so it must be one that this id can have
    if str(PurePosixPath(name).with_suffix("")) == key:
        (folder / IMAGES / name).unlink(missing_ok=True)


def _painted(plan: Plan, where: str, drawing: Drawing) -> tuple[np.ndarray, Entry]:
    """The label of a drawing, and what happened while it was painted."""
    config, legend = plan.config, plan.legend
    problems = list(drawing.problems)
    valid = []
    for thing in drawing.objects:
        wrong = [problem for part in thing.parts if (problem := problem_of(part))]
        problems += [f"{_called(thing)} has {problem}" for problem in wrong]
        if not wrong:
            valid.append(thing)
    if problems and config.invalid == "error":
        hint = "Mend them, or leave them out with --invalid skip."
        raise DatasetError(
            where, "shapes", must="ones that can be painted", got=_some(problems), hint=hint
        )
    known = _known(where, valid, plan)
    unknown = Counter(t.name for t in valid if t.name not in legend.index_of)
    background = drawing.label
    if background is None:
        background = np.full(drawing.size, legend.background, legend.classes.dtype)
    indices = [legend.index_of.get(t.name, legend.classes.ignore_index) for t in known]
    painting = paint(known, indices, background, config.rule, plan.order)
    return painting.label, Entry(
        id="",
        key="",
        label="",
        objects=len(known) + drawing.count,
        overlapped=painting.overlapped,
        vanished=(*drawing.vanished, *(_called(known[place]) for place in painting.vanished)),
        skipped=tuple(problems),
        unknown=tuple(sorted(unknown.items())),
    )


def _called(thing: Object) -> str:
    return f"{thing.where} ({thing.name})"


def _known(where: str, objects: list[Object], plan: Plan) -> list[Object]:
    """The objects to paint; those of unknown classes as the configuration says."""
    unknown = [thing for thing in objects if thing.name not in plan.legend.index_of]
    if not unknown or plan.config.unknown == "ignore":
        return objects
    if plan.config.unknown == "skip":
        return [thing for thing in objects if thing.name in plan.legend.index_of]
    got = _some([f"{thing.name!r} in {thing.where}" for thing in unknown])
    constraint = f"one of {', '.join(plan.legend.index_of)}"
    hint = "Use --classes, --alias OLD=NEW, --unknown ignore or --unknown skip."
    raise DatasetError(where, "classes of objects", must=constraint, got=got, hint=hint)


def _some(items: list[str]) -> str:
    more = f" and {len(items) - _LISTED:,} more" if len(items) > _LISTED else ""
    return "; ".join(items[:_LISTED]) + more
