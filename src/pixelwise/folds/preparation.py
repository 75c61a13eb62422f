"""The folds of a split, checked before the first of them is trained."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pixelwise.errors import ArgumentError, setting
from pixelwise.files.folder import make_folder
from pixelwise.files.names import real_path
from pixelwise.folds.record import Fold, Folds, write_folds
from pixelwise.labels.description import Description, read_settled
from pixelwise.labels.splits.groups import likely_groups
from pixelwise.labels.splits.names import fold_number, fold_split, group_of
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.further import absolute_data
from pixelwise.plan.plan import absolute, make_plan
from pixelwise.plan.preflight import check_early, check_out
from pixelwise.plan.splits import labelled_pairs
from pixelwise.run.run_folder import free_run_name, lock_run
from pixelwise.settings import command_line
from pixelwise.text import plural, shell_line, some
from pixelwise.weights.formulas import METHODS

UNEVEN = 2  # times as many pairs in the largest fold as in the smallest is said


def begin(config: TrainConfig, held: ExitStack, log: Callable[[str], None]) -> tuple[Path, Folds]:
    """Check all folds, make their folder and lock it.

    Args:
        config: with `folds` and `data`.
        held: keeps the lock.
        log: given lines about the folds.
    Raises:
        PixelwiseError: what would stop one of the runs before its first step.
    """
    assert config.data is not None  # a resumed one has begun
    assert config.folds is not None
    if config.out is not None:
        lock_run(config.out, log, held)
    check_early(config)
    description = read_settled(config.data, config.accept_guesses)
    config = replace(
        config,
        data=real_path(config.data),
        more_data=absolute_data(config.more_data),
        class_weights=absolute(config.class_weights),
        start=None if config.start is None else real_path(config.start),
    )
    folds = divide(config, description, log)
    for fold in folds[: len(folds) if differs_by_fold(config) else 1]:
        make_plan(settings_of(config, fold, None), lambda _: None)
    folder = config.out
    if folder is None:
        folder = free_run_name(real_path(description.root).name)
        lock_run(folder, log, held)
    check_out(folder)
    make_folder(folder)
    config = replace(config, out=folder)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    begun = Folds(command_line(config), created, config, config.train_split, folds)
    write_folds(folder, begun)
    return folder, begun


def differs_by_fold(config: TrainConfig) -> bool:
    """Whether one fold may be refused where another is not: all read the same files."""
    return config.class_weights in METHODS or config.on_bad_image == "skip"


def settings_of(config: TrainConfig, fold: Fold, folder: Path | None) -> TrainConfig:
    """The settings of the run of a fold."""
    splits = {"train_split": fold.train_split, "val_split": fold.val_split}
    return replace(config, folds=None, fold_by="", trust=False, out=folder, **splits)  # type: ignore[arg-type]


def divide(
    config: TrainConfig, description: Description, log: Callable[[str], None]
) -> tuple[Fold, ...]:
    """The folds of the train split.

    Raises:
        ArgumentError: the split is one of folds already, or a fold would have no pair.
        PixelwiseError: the split cannot be used.
    """
    split, number, by = config.train_split, config.folds or 0, config.fold_by
    if any(part.folds for part in description.parts(split)):
        must = f"a split without folds in its name if {setting('folds')} is given"
        raise ArgumentError("train", "train_split", must=must, got=split)
    ids = [pair.id for pair in labelled_pairs(description, split)]
    check_groups(ids, by, log)
    found = Counter(fold_number(id, number, by) for id in ids)
    sizes = [found[fold] for fold in range(1, number + 1)]
    log(f"folds of {split}: {some(map(str, sizes), number)} pairs")
    if empty := [str(fold) for fold, size in enumerate(sizes, 1) if not size]:
        event = f"{plural(len(empty), 'fold')} of {number} without a pair: {some(empty)}"
        hint = f"Give fewer {setting('folds')}."
        if by:
            hint = f"Give fewer {setting('folds')}, or smaller groups with {setting('fold_by')}."
        raise ArgumentError("train", "folds", event=event, hint=hint)
    if max(sizes) >= UNEVEN * min(sizes):
        log(
            f"warning: the folds are uneven, of {min(sizes)} to {max(sizes)} pairs: their own "
            "scores say little, the joined one is of all pairs alike"
        )
    return tuple(
        Fold(
            f"fold-{fold}",
            fold_split(split, description.splits, fold, number, by, is_left_out=True),
            fold_split(split, description.splits, fold, number, by),
            size,
        )
        for fold, size in enumerate(sizes, 1)
    )


def check_groups(ids: list[str], by: str, log: Callable[[str], None]) -> None:
    """Say which pairs stay together, or that some look as if they should."""
    if by:
        groups = {group_of(id, by) for id in ids}
        alone = [id for id in ids if group_of(id, by) == id]
        note = f"; {plural(len(alone), 'id')} without it: {some(alone)}" if alone else ""
        log(f"{plural(len(groups), 'group')} of ids that begin alike up to {by!r}{note}")
    elif likely := likely_groups(ids):
        log(
            f"warning: {len(ids):,} ids have {likely[1]:,} beginnings up to {likely[0]!r}. If "
            "these are frames of a video or tiles of an image, they leak from fold to fold: start "
            f"again with {shell_line(['--fold-by', likely[0]])}"
        )
