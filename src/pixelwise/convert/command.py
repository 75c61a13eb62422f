"""The conversion: find what there is, decide the classes, make each label, describe the result.

The work on one label is a function of its item, of the settings and of the legend, all of which can
be pickled, so any executor can do it. Every file appears whole or not at all, and what is done is
known by content, so a run that was stopped goes on where it was and a second run writes the same
bytes.
"""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os.path import exists, isdir
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.detect import detect
from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.legend import Legend, make_legend
from pixelwise.convert.manifest import (
    FILE_NAME,
    Entry,
    append,
    digest_of_values,
    open_to_append,
    read_entries,
    rewrite,
)
from pixelwise.convert.members import label_folders, make_folders, overlapping, split_of
from pixelwise.convert.one_label import make_label, remove_outdated
from pixelwise.convert.output import LISTS, check_links, check_out, describe, plan_splits
from pixelwise.convert.paths import check_apart
from pixelwise.convert.pixels.labels_alone import one_class_each
from pixelwise.convert.reading import Reading, untrusted
from pixelwise.convert.records import Item, Source
from pixelwise.convert.report import FILE_NAME as REPORT
from pixelwise.convert.report import ConvertReport, totals
from pixelwise.convert.sidecars import sidecar_texts
from pixelwise.convert.unpaired import settle_unpaired
from pixelwise.errors import DatasetError, LabelError, PixelwiseError, error_at, setting
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.atomic import atomic_write
from pixelwise.files.lock import locked
from pixelwise.files.names import check_names
from pixelwise.labels.description import FILE_NAME as DESCRIPTION
from pixelwise.settings import takes_settings
from pixelwise.sums import Progress, map_over
from pixelwise.text import some

# Raised when the pixels of a label change although nothing that is in the key has.
_VERSION = 1


@takes_settings(ConvertConfig)
def convert(
    config: ConvertConfig,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ConvertReport:
    """Turn annotation files into label images and a dataset.toml.

    Args:
        config: source, format, out, and the rules; see ConvertConfig.
        executor: any concurrent.futures executor; None takes the one that config asks for.
        progress: called with (labels done, all labels) after each label.
    Returns:
        ConvertReport; it is also written to convert.json beside the labels.
    Raises:
        ArgumentError: out is not a new folder, or an option does not fit the format.
        DatasetError: there is nothing to convert, or not one label could be made. If some could,
            the result lists the others in `failed`; the same call makes those alone.
        RunError: the file system refuses.
    """
    config = with_absolute_paths(config)
    with open_executor(config.workers, config.scheduler, executor) as chosen:
        return _convert(config, chosen, progress)


def _convert(
    config: ConvertConfig, executor: Executor | None, progress: Progress | None
) -> ConvertReport:
    config, source = _find(config, executor)
    background, overlap = FORMATS[config.format].background, config.task is not None
    items = _checked_items(config, source)
    named = config.classes or config.source
    try:
        with untrusted(named, "list of classes"):
            legend = make_legend(source, config, background or ("background" if overlap else None))
            legend = overlapping(legend) if overlap else legend
    except LabelError as error:
        if error.where != "Classes":
            raise
        raise error_at(named, error, LabelError) from None
    sidecars = sidecar_texts(config.sidecars, legend.classes, len(items))
    files = (FILE_NAME, REPORT, DESCRIPTION, *LISTS, *sidecars)
    check_links(config, [item.id for item in items], files, label_folders(legend.classes))
    unlocked: list[str] = []
    with locked(Path(config.out or ""), "pixelwise convert", unlocked.append):
        source = replace(source, notes=(*source.notes, *unlocked))
        return _write(config, source, legend, items, sidecars, executor, progress)


def _write(
    config: ConvertConfig,
    source: Source,
    legend: Legend,
    items: list[Item],
    sidecars: Mapping[str, str],
    executor: Executor | None,
    progress: Progress | None,
) -> ConvertReport:
    entries, resumed, failed = _make_all(config, legend, items, executor, progress)

    notes = (*source.notes, *legend.notes)
    if failed:
        notes += (f"{len(failed):,} of {len(items):,} labels could not be made and are left out",)
    with_image = [entry.id for entry in entries.values() if entry.image]
    if not with_image and config.image_files != "none":
        notes += ("without images, so dataset.toml has no splits; give their folder to have them",)
    plan = plan_splits(config, with_image, source.splits)
    if config.task is not None:
        splits = {n: split_of(s, config.split is not None) for n, s in plan.splits.items()}
        plan = replace(plan, splits=splits)
        make_folders(Path(config.out or ""), legend.classes, splits)
    notes += plan.notes
    paints = FORMATS[config.format].background is not None
    first = f"converted from {config.format}"
    if paints:
        first += f", pixel rule {config.rule}"
        first += f", paint order {config.order}" if config.order else ""
    for name, text in sidecars.items():
        atomic_write(config.folder / name, text.encode())
    report = ConvertReport(
        folder=config.folder,
        description=describe(config, legend.classes, plan, (first, *notes)),
        format=config.format,
        classes=legend.classes,
        rule=config.rule if paints else None,
        order=config.order if paints else None,
        resumed=resumed,
        errors=failed,
        notes=notes,
        **totals(entries.values()),
    )
    report.save()
    return report


def _find(config: ConvertConfig, executor: Executor | None) -> tuple[ConvertConfig, Source]:
    """The configuration with format and order decided, and what there is to convert."""
    reading = Reading(executor, config.source if isdir(config.source) else None)
    if config.format == "auto":
        with untrusted(config.source, "annotations"):
            found, source_of_all = detect(config.source, reading)
            if FORMATS[found].mode is not None and one_class_each(config):
                found = "masks"
        config = replace(config, format=found, source=source_of_all)
    form = FORMATS[config.format]
    if config.task is None:
        config = replace(config, order=config.order or form.order)
    check_apart(config.source, config.folder, may_be_below=form.several)
    with untrusted(config.source, f"annotations of format {config.format}"):
        return config, settle_unpaired(config, form.module.find(config, reading))


def _make_all(
    config: ConvertConfig,
    legend: Legend,
    items: list[Item],
    executor: Executor | None,
    progress: Progress | None,
) -> tuple[dict[str, Entry], int, list[PixelwiseError]]:
    """The entry of every label, how many an earlier run had made, and why others are not there."""
    manifest = config.folder / FILE_NAME
    done = read_entries(manifest)
    was_there = exists(manifest)
    check_out(config, [item.id for item in items], done, was_there)
    check_names("convert", config.folder, (f"{item.id}.png" for item in items), DatasetError)
    classes = legend.classes.as_dict()
    # what an earlier release made of colours of no class was not counted
    version = _VERSION + (config.unknown == "nearest")
    key = digest_of_values(version, config.settings(), classes, dict(legend.index_of))
    entries: dict[str, Entry] = {}
    errors: list[PixelwiseError] = []
    jobs = [(item, done.get(item.id)) for item in items]
    with open_to_append(manifest) as file:
        make = partial(make_label, config, legend, key)
        results = map_over(jobs, make, executor, progress=progress, name=_name_of_job)
        for made, item in zip(results, items):
            if isinstance(made, PixelwiseError):
                errors.append(made)
                if item.id in done:
                    remove_outdated(config.folder, done[item.id], legend.classes)
            elif made is None:
                entries[item.id] = done[item.id]
            else:
                entries[item.id] = made
                append(file, made)
    if not entries:
        if not was_there:
            manifest.unlink()
            with suppress(OSError):  # somebody else's files are in it
                config.folder.rmdir()
        raise _failed(errors)
    rewrite(manifest, entries)
    return entries, sum(entries[id] is done.get(id) for id in entries), errors


def _name_of_job(job: tuple[Item, Entry | None]) -> str:
    item, _ = job
    return item.id


def _checked_items(config: ConvertConfig, source: Source) -> list[Item]:
    """Items sorted by id, each id once."""
    items = sorted(source.items, key=lambda item: item.id)
    if not items:
        got = f"none of format {config.format}"
        hint = f"Is it the right folder and {setting('format')}?"
        raise DatasetError(config.source, "source", must="annotations", got=got, hint=hint)
    twice = [id for id, count in Counter(item.id for item in items).items() if count > 1]
    if twice:
        of_twice = [item for item in items if item.id == twice[0]]
        files = sorted({str(file) for item in of_twice for file in item.files})
        hint = f"{some(files)} have the same: name one of them as the source, or rename one."
        if len(files) < 2:
            hint = (
                "If several annotation files list the same images, name one of them as the source; "
                "else rename one of each, in the annotations too."
            )
        must = "different without their suffixes"
        raise DatasetError(config.source, "names", must=must, got=some(twice), hint=hint)
    return items


def _failed(errors: list[PixelwiseError]) -> PixelwiseError:
    if len(errors) == 1:
        return error_at(errors[0].where, errors[0])
    event = f"not one of {len(errors):,} labels could be made"
    if len({(error.name, error.hint) for error in errors}) == 1:
        listed = f"{errors[0].message(with_value=setting)} The others are alike."
    else:
        listed = some([error.message(with_value=setting) for error in errors], separator=" | ")
    return DatasetError("convert", event=event, hint=listed)
