"""Further data sets of a run, which it learns from beside its own, in the order of its classes."""

from collections.abc import Iterable
from dataclasses import replace

from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.files.names import real_path
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, read_settled
from pixelwise.labels.splits.names import JOIN, split_parts
from pixelwise.plan.config import TrainConfig, data_and_weight
from pixelwise.text import some


def further_data(config: TrainConfig, first: Description) -> list[tuple[Description, float]]:
    """The further data sets of a run, with the classes in the order of the first, and weights.

    Raises:
        ArgumentError: one is given twice.
        DatasetError: one has other classes, another task or other channels than the first.
    """
    found, known = [], {real_path(first.root)}
    for words in config.more_data:
        path, weight = data_and_weight(words)
        description = read_settled(path, config.accept_guesses)
        root = real_path(description.root)
        if root in known:
            hint = "Give it once; how much its pixels count is its weight."
            raise ArgumentError(
                "train", "more_data", must="other datasets than those before", got=root, hint=hint
            )
        known.add(root)
        found.append((in_order(description, first), weight))
    return found


def in_order(other: Description, first: Description) -> Description:
    """A data set whose class indices are those of another one.

    Raises:
        DatasetError: they do not have the same classes by name, or anything else that a network
            depends on.
    """
    where, own, wanted = other.root / FILE_NAME, other.classes, first.classes
    hint = "What a network depends on is the same in all datasets of a run."
    if set(own.names) != set(wanted.names):
        lacks = [name for name in wanted.names if name not in own.names]
        more = [name for name in own.names if name not in wanted.names]
        parts = [f"lacks {some(lacks)}"] * bool(lacks) + [f"has {some(more)} more"] * bool(more)
        must = f"{some(wanted.names, 12)}, in any order"
        raise DatasetError(where, "classes", must=must, got=f"one that {' and '.join(parts)}")
    same: dict[str, tuple[object, object]] = {
        "task": (other.task, first.task),
        "ignore_index": (own.ignore_index, wanted.ignore_index),
        "images": (other.channels, first.channels),
    }
    for name, (found, expected) in same.items():
        if found != expected:
            own_hint = f"It is {expected} in {first.root}. {hint}"
            raise DatasetError(where, name, must="that of the first", got=found, hint=own_hint)
    order = [own.names.index(name) for name in wanted.names]
    if order == sorted(order):
        return other
    classes = Classes(
        wanted.names,
        wanted.colors,
        [own.values[index] for index in order],
        own.ignore_index,
        own.ignore_values,
        [own.files[index] for index in order] if own.files else None,
    )
    return replace(other, classes=classes)


def split_of_further(config: TrainConfig, first: Description) -> str:
    """The split that is learnt of further data sets: the train split, without its folds.

    Those of a cross-validation are of the first data set; the others are learnt in every fold.
    """
    parts = split_parts(config.train_split, first.splits, str(first.root / FILE_NAME))
    return JOIN.join(dict.fromkeys(part.name for part in parts))


def absolute_data(more_data: Iterable[str]) -> tuple[str, ...]:
    """Data sets with weights by their full paths, so that a run can be resumed from anywhere."""
    found = map(data_and_weight, more_data)
    return tuple(f"{real_path(path)}:{weight}" for path, weight in found)
