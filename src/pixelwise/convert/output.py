"""The folder of the result, and the dataset.toml that describes it."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from os.path import exists, isdir, isfile
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import IMAGES, LABELS, split_word
from pixelwise.errors import ArgumentError, DatasetError, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import real_path
from pixelwise.files.patterns import fixed_part
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import (
    FILE_NAME,
    Description,
    Split,
    fold_of,
    read_description,
    write_description,
)
from pixelwise.survey.folder_names import SPLIT_NAMES
from pixelwise.survey.lists import find_lists
from pixelwise.text import plural, some

_FOLDS = 5
# Files with ids that may be written beside dataset.toml.
LISTS = tuple(f"{split}.txt" for split in SPLIT_NAMES)


@dataclass(frozen=True)
class SplitPlan:
    """The splits of a result.

    Args:
        splits: by name.
        lists: ids by the name of a list that splits ask for.
        notes: where they come from.
    """

    splits: dict[str, Split]
    lists: Mapping[str, Collection[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plan_splits(
    config: ConvertConfig, ids: Collection[str], said: Mapping[str, Collection[str]]
) -> SplitPlan:
    """The split that was given; or one for each top folder, or list of the source; or folds.

    Args:
        config: source, images and split.
        ids: of all labels that have an image; without any there are no splits to describe.
        said: the ids of each split, if the annotations say them.
    """
    if not ids:
        return SplitPlan({})
    if config.split is not None:
        given = Split(f"{config.split}/{IMAGES}", f"{config.split}/{LABELS}")
        return SplitPlan({config.split: given})
    of_source = {split: own for split, named in said.items() if (own := {*named}.intersection(ids))}
    tops = {top for top, _, rest in (name.partition("/") for name in ids) if rest}
    split_of = {top: split_word(top) for top in tops}
    all_below = all("/" in name for name in ids) and all(split_of.values())
    agree = all(
        split_of.get(name.partition("/")[0]) == split
        for split, own in of_source.items()
        for name in own
    )
    if tops and all_below and agree and len(set(split_of.values())) == len(tops):
        by_top = {split_of[t]: Split(f"{IMAGES}/{t}", f"{LABELS}/{t}") for t in sorted(tops)}
        return SplitPlan(by_top)
    if of_source:
        return _with_lists(of_source, ids, "the source")
    return _listed(config, ids) or SplitPlan(_with_folds(Split(IMAGES, LABELS), ids))


def _listed(config: ConvertConfig, ids: Collection[str]) -> SplitPlan | None:
    """Splits by the lists that lie beside the source or the images, if there are any."""
    plain = fixed_part(config.source)
    source = plain if isdir(plain) else plain.parent
    beside = [folder for folder in (source, config.images) if folder is not None]
    folders = [*beside, *(real_path(folder).parent for folder in beside)]
    found = find_lists(folders, ids)
    if not found:
        return None
    files = ", ".join(path.name for path, _ in found.values())
    folder = next(path.parent.name for path, _ in found.values())
    named = {split: ids_of_split for split, (_, ids_of_split) in found.items()}
    return _with_lists(named, ids, f"{files} in {folder}")


def _with_lists(
    named: Mapping[str, Collection[str]], ids: Collection[str], where: str
) -> SplitPlan:
    """Splits of the ids of each, which are written as lists."""
    lists = {f"{split}.txt": sorted(own) for split, own in named.items()}
    splits = {split: Split(IMAGES, LABELS, list=f"{split}.txt") for split in named}
    counts = ", ".join(f"{split} {len(own):,}" for split, own in named.items())
    notes = [f"splits are those of {where}: {counts}"]
    if "val" not in splits and "train" in splits:
        splits |= _with_folds(splits["train"], lists["train.txt"])
        notes.append("there is no list of val, which is a fold of train")
    left = set(ids).difference(*lists.values())
    if left:
        notes.append(f"{plural(len(left), 'label')} in no list and no split, such as {min(left)}")
    return SplitPlan(splits, lists, tuple(notes))


def _with_folds(whole: Split, ids: Collection[str]) -> dict[str, Split]:
    """Train without the lowest fold that has an id, and val of that fold."""
    used = sorted({fold_of(name, _FOLDS) for name in ids})
    if len(used) < 2:
        return {"train": whole}
    kept = tuple(fold for fold in range(_FOLDS) if fold != used[0])
    return {
        "train": replace(whole, folds=_FOLDS, keep=kept),
        "val": replace(whole, folds=_FOLDS, keep=(used[0],)),
    }


def describe(
    config: ConvertConfig, classes: Classes, plan: SplitPlan, comments: tuple[str, ...]
) -> Path:
    """Write dataset.toml, or add the split of this run to the one that is there.

    Args:
        config: out and split.
        classes: of the labels.
        plan: the splits; their lists are written too.
        comments: lines for the top of the file.
    Returns:
        Its path.
    Raises:
        DatasetError: there is one with other classes.
    """
    root, splits = Path(config.out or ""), plan.splits
    if config.split is not None and isfile(root / FILE_NAME):
        splits = {**_other_splits(root, classes), **splits}
    for name, ids in plan.lists.items():
        atomic_write(root / name, "".join(f"{id}\n" for id in ids).encode())
    task = config.task or ("binary" if len(classes) == 2 else "multiclass")
    return write_description(Description(root, classes, splits, task), root, comments)


def check_out(
    config: ConvertConfig, ids: Iterable[str], done: Iterable[str], is_ours: bool
) -> None:
    """Refuse a folder with other files in it, or with labels of another source.

    Args:
        config: out and split.
        ids: what this run writes.
        done: what an earlier run wrote there.
        is_ours: whether an earlier run began to write there.
    Raises:
        ArgumentError: something else is in the folder.
    """
    ids = set(ids)
    others = sorted(set(done) - ids)
    if others:
        must = "a new folder, or one of the same annotations"
        got = f"{config.folder} with {len(others):,} other labels, such as {others[0]}"
        hint = f"Choose another folder for {setting('out')}, or remove it."
        raise ArgumentError("convert", "out", must=must, got=got, hint=hint)
    taken = [config.folder / name for name in (IMAGES, LABELS)]
    if not is_ours and any(exists(folder) for folder in taken):
        must = "a new folder, or one that convert made"
        got = f"{config.folder}, which has {IMAGES} or {LABELS} in it"
        hint = f"Choose another folder for {setting('out')}."
        raise ArgumentError("convert", "out", must=must, got=got, hint=hint)


def check_links(
    config: ConvertConfig, ids: Iterable[str], files: Iterable[str], labels: Iterable[str]
) -> None:
    """Refuse links below the folder of the result: what is written stays in it.

    Args:
        config: out and split.
        ids: what this run writes.
        files: names of what is written beside the labels.
        labels: the folders of labels below the result.
    Raises:
        ArgumentError: one of the folders or files is a link.
    """
    folders = {""}.union(*(_above(folder) for folder in {id.rpartition("/")[0] for id in ids}))
    paths = [config.folder / kind / name for kind in (IMAGES, *labels) for name in folders]
    paths += [config.folder / LABELS]
    paths += [config.folder / name for name in files]
    if config.split is not None:
        paths += [config.folder, Path(config.out or "", FILE_NAME)]
    links = sorted(str(path) for path in paths if os.path.islink(path))
    if links:
        hint = "Remove them, or choose another folder."
        must, got = "a folder without links in it", some(links)
        raise ArgumentError("convert", "out", must=must, got=got, hint=hint)


def _above(folder: str) -> set[str]:
    """A folder and those that it is in: "a/b" is in "a"."""
    parts = folder.split("/")
    return {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}


def _other_splits(root: Path, classes: Classes) -> dict[str, Split]:
    found = read_description(root)
    if bool(classes.files) != bool(found.classes.files):
        must = f"that of {root / FILE_NAME}, {found.task}"
        got = MULTILABEL if classes.files else "one class a pixel"
        hint = f"Give the same {setting('task')} for every split."
        raise DatasetError("convert", "task", must=must, got=got, hint=hint)
    if found.classes != classes:
        must = f"those of {root / FILE_NAME}: {', '.join(found.classes.names)}"
        hint = (
            f"Give the same {setting('classes')} for every split, "
            f"or choose another folder for {setting('out')}."
        )
        got = ", ".join(classes.names)
        raise DatasetError("convert", "classes", must=must, got=got, hint=hint)
    return found.splits
