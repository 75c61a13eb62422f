"""The conversion: find what there is, decide the classes, make each label, describe the result.

The work on one label is a function of its item and of a plan that can be pickled, so any executor
can do it. Every file appears whole or not at all, and what is done is known by content, so a run
that was stopped goes on where it was and a second run writes the same bytes.
"""

from collections import Counter
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.detect import detect
from pixelwise.convert.formats.table import FORMATS, check_fits
from pixelwise.convert.legend import make_legend
from pixelwise.convert.manifest import (
    FILE_NAME,
    Entry,
    append,
    digest_of_values,
    open_to_append,
    read_entries,
    rewrite,
)
from pixelwise.convert.one_label import Failure, Plan, make_label
from pixelwise.convert.output import check_out, describe
from pixelwise.convert.paths import check_apart
from pixelwise.convert.records import Item, Source
from pixelwise.convert.report import ConvertReport, totals
from pixelwise.convert.sidecars import sidecar_texts
from pixelwise.errors import DatasetError
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.atomic import atomic_write
from pixelwise.sums import Progress, map_over

# Enough offenders to recognise the mistake; the rest are counted.
_LISTED = 5
# Raised when the pixels of a label change although nothing that is in the key has.
_VERSION = 1


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
        ArgumentError: out is no new folder, or an option does not fit the format.
        DatasetError: there is nothing to convert, or some labels could not be made. All others
            are made before it is raised, and the message names the first few that could not.
        RunError: the file system refuses.
    """
    config = with_absolute_paths(config)
    with open_executor(config.workers, config.scheduler, executor) as chosen:
        return _convert(config, chosen, progress)


def _convert(
    config: ConvertConfig, executor: Executor | None, progress: Progress | None
) -> ConvertReport:
    if config.format == "auto":
        found, source_of_all = detect(config.source)
        config = replace(config, format=found, source=source_of_all)
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

    entries, resumed = _make_all(plan, items, executor, progress)

    notes = (*source.notes, *legend.notes)
    with_image = [entry.id for entry in entries.values() if entry.image]
    if not with_image and config.image_files != "none":
        notes += (
            "without images, so dataset.toml has no splits; give --images FOLDER to have them",
        )
    paints = form.background is not None
    first = f"converted from {config.format}"
    if paints:
        first += f", pixel rule {config.rule}, paint order {order}"
    for name, text in sidecars.items():
        atomic_write(config.folder / name, text.encode())
    report = ConvertReport(
        folder=config.folder,
        description=describe(config, legend.classes, with_image, (first, *notes)),
        format=config.format,
        classes=legend.classes,
        rule=config.rule if paints else None,
        order=order if paints else None,
        resumed=resumed,
        notes=notes,
        **totals(entries.values()),
    )
    report.save()
    return report


def _make_all(
    plan: Plan,
    items: list[Item],
    executor: Executor | None,
    progress: Progress | None,
) -> tuple[dict[str, Entry], int]:
    """The entry of every item, and how many were made by an earlier run."""
    manifest = plan.config.folder / FILE_NAME
    done = read_entries(manifest)
    check_out(plan.config, [item.id for item in items], done, manifest.exists())
    entries, failures, resumed = {}, [], 0
    jobs = [(item, done.get(item.id)) for item in items]
    with open_to_append(manifest) as file:
        make = partial(make_label, plan)
        for made in map_over(jobs, make, executor, progress=progress, name=_name_of_job):
            if isinstance(made, Failure):
                failures.append(made)
            else:
                entries[made.entry.id] = made.entry
                resumed += not made.is_new
                if made.is_new:
                    append(file, made.entry)
    if failures:
        raise DatasetError(_failed(failures, len(items)))
    rewrite(manifest, entries)
    return entries, resumed


def _name_of_job(job: tuple[Item, Entry | None]) -> str:
    item, _ = job
    return item.id


def _checked_items(config: ConvertConfig, source: Source) -> list[Item]:
    """Items sorted by id, each id once."""
    items = sorted(source.items, key=lambda item: item.id)
    if not items:
        got = f"none of format {config.format}"
        hint = "Is it the right folder and --format?"
        raise DatasetError(config.source, "source", must="annotations", got=got, hint=hint)
    ids = Counter(item.id for item in items)
    twice = [name for name, count in ids.items() if count > 1]
    if twice:
        got = ", ".join(twice[:_LISTED])
        raise DatasetError(config.source, "names", must="different without their endings", got=got)
    return items


def _failed(failures: list[Failure], total: int) -> str:
    listed = " | ".join(failure.message for failure in failures[:_LISTED])
    more = f" | and {len(failures) - _LISTED:,} more" if len(failures) > _LISTED else ""
    if total == 1:
        return listed
    return f"convert: {len(failures):,} of {total:,} labels could not be made: {listed}{more}"
