"""The conversion: find what there is, decide the classes, make each label, describe the result.

The work on one label is a function of its item and of a plan that can be pickled, so any executor
can do it. Every file appears whole or not at all, and what is done is known by content, so a run
that was stopped goes on where it was and a second run writes the same bytes.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats import FORMATS, check_fits
from pixelwise.convert.legend import Legend, make_legend
from pixelwise.convert.manifest import (
    FILE_NAME,
    Entry,
    append,
    digest,
    digest_of_file,
    digest_of_values,
    open_to_append,
    read_entries,
    rewrite,
)
from pixelwise.convert.output import IMAGES, LABELS, check_out, describe, write_stored
from pixelwise.convert.painting import paint
from pixelwise.convert.paths import check_apart
from pixelwise.convert.pictures import Picture, is_turned, read_picture, write_picture
from pixelwise.convert.records import Drawing, Item, Object, Source
from pixelwise.convert.report import ConvertReport, totals
from pixelwise.convert.sidecars import sidecar_texts
from pixelwise.errors import DatasetError, PixelwiseError, sentence
from pixelwise.labels.atomic import atomic_write
from pixelwise.labels.shapes import check_size, problem_of
from pixelwise.sums import map_over

# Enough offenders to recognise the mistake; the rest are counted.
_LISTED = 5
# Raised when the pixels of a label change although nothing that is in the key has.
_VERSION = 1


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


def convert(
    config: ConvertConfig,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConvertReport:
    """Turn annotation files into label images and a dataset.toml.

    Args:
        config: source, format, out, and the rules; see ConvertConfig.
        executor: any concurrent.futures executor; None works in this thread.
        progress: called with (labels done, all labels) after each label.
    Returns:
        ConvertReport; it is also written to convert.json beside the labels.
    Raises:
        ArgumentError: out is no new folder, or an option does not fit the format.
        DatasetError: there is nothing to convert, or some labels could not be made. All others
            are made before it is raised, and the message names the first few that could not.
        RunError: the file system refuses.
    """
    form = FORMATS[config.format]
    check_fits(form, config)
    check_apart(config.source, config.folder)
    source = form.find(config, executor)
    items = _checked_items(config, source)
    order = config.order or form.order
    legend = make_legend(source, config, form.background)
    sidecars = sidecar_texts(config, legend.classes, len(items))
    settings = {**config.settings(), "order": order}
    key = digest_of_values(_VERSION, settings, legend.classes.as_dict(), dict(legend.index_of))
    plan = Plan(config, legend, order, key)

    manifest = config.folder / FILE_NAME
    done = read_entries(manifest)
    check_out(config, [item.id for item in items], done, manifest.exists())
    entries, failures, resumed = {}, [], 0
    jobs = ((item, done.get(item.id)) for item in items)
    with open_to_append(manifest) as file:
        for number, made in enumerate(map_over(jobs, partial(_make, plan), executor), start=1):
            if isinstance(made, Failure):
                failures.append(made)
            else:
                entries[made.entry.id] = made.entry
                resumed += not made.is_new
                if made.is_new:
                    append(file, made.entry)
            if progress is not None:
                progress(number, len(items))
    if failures:
        raise DatasetError(_failed(failures, len(items)))
    rewrite(manifest, entries)

    notes = (*source.notes, *legend.notes)
    rules = f"converted from {config.format}, pixel rule {config.rule}, paint order {order}"
    description = describe(config, legend.classes, entries, (rules, *notes))
    report = ConvertReport(
        folder=config.folder,
        description=description,
        format=config.format,
        classes=legend.classes,
        rule=config.rule,
        order=order,
        resumed=resumed,
        notes=notes,
        **totals(entries.values()),
    )
    report.save()
    for name, text in sidecars.items():
        atomic_write(config.folder / name, text.encode())
    return report


def _checked_items(config: ConvertConfig, source: Source) -> list[Item]:
    """Items sorted by id, each id once."""
    items = sorted(source.items, key=lambda item: item.id)
    if not items:
        got = f"none of format {config.format}"
        hint = "Is it the right folder and --format?"
        raise DatasetError(sentence(str(config.source), "source", "annotations", got, hint))
    ids = Counter(item.id for item in items)
    twice = [name for name, count in ids.items() if count > 1]
    if twice:
        got = ", ".join(twice[:_LISTED])
        raise DatasetError(
            sentence(str(config.source), "names", "different without their endings", got)
        )
    return items


def _make(plan: Plan, job: tuple[Item, Entry | None]) -> Made | Failure:
    """Make one label, unless it is there already; what goes wrong is returned."""
    item, done = job
    try:
        entry = _make_label(plan, item, done)
    except PixelwiseError as error:
        return Failure(item.id, str(error))
    return Made(entry, is_new=entry is not done)


def _make_label(plan: Plan, item: Item, done: Entry | None) -> Entry:
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
    turned = picture is not None and is_turned(picture, drawing.size, drawing.turned)
    label, entry = _painted(plan, f"{where}: {item.id}" if not item.files else where, drawing)
    write_stored(label_path, label, plan.legend.classes, config.storage)
    entry = replace(entry, id=item.id, key=key, label=digest_of_file(label_path))
    if picture is None or not with_image:
        return entry
    link_to = item.image if config.image_files == "link" else None
    image = write_picture(picture, turned, folder / IMAGES / item.id, link_to)
    name = image.relative_to(folder / IMAGES).as_posix()
    return replace(entry, image=digest_of_file(image), image_name=name)


def _is_there(folder: Path, label: Path, done: Entry) -> bool:
    same_label = digest_of_file(label) == done.label
    same_image = not done.image or digest_of_file(folder / IMAGES / done.image_name) == done.image
    return same_label and same_image


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
            sentence(where, "shapes", "ones that can be painted", _some(problems), hint)
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
    raise DatasetError(sentence(where, "classes of objects", constraint, got, hint))


def _failed(failures: list[Failure], total: int) -> str:
    listed = " | ".join(failure.message for failure in failures[:_LISTED])
    more = f" | and {len(failures) - _LISTED:,} more" if len(failures) > _LISTED else ""
    if total == 1:
        return listed
    return f"convert: {len(failures):,} of {total:,} labels could not be made: {listed}{more}"


def _some(items: list[str]) -> str:
    more = f" and {len(items) - _LISTED:,} more" if len(items) > _LISTED else ""
    return "; ".join(items[:_LISTED]) + more
