"""Which pairs a command takes: a split of dataset.toml, folds of it, or several splits joined.

train               [splits.train] of dataset.toml
train+val           the pairs of both; no id may be in both
train.2of5          fold 2 of 5 of train
train.not2of5       the pairs of train that are not in fold 2 of 5
train.2of5by_       fold 2 of 5, where ids that begin alike up to the first "_" stay together
train.2of5by_*_     ... up to the second "_": "*" is anything between
train.2of5+val      a fold is one of the split before it

A name that dataset.toml has is that split, whatever it looks like. The fold of a pair depends on
its id alone, so it stays where it is when files are added, removed, or joined with others. It is
another number than fold_of, on which the keys folds and keep of dataset.toml depend: a split that
keeps 4 of 5 of those would be in only 4 of 5 of these.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from pixelwise.errors import ArgumentError, DatasetError, PixelwiseError, check_choice
from pixelwise.labels.pairs import Pair
from pixelwise.text import plural, some

JOIN = "+"
MOST_FOLDS = 1000
MOST_IN_FILE = 10_000  # of the key folds
_FOLD = re.compile(
    r"(?P<name>.+)\.(?P<no>not)?(?P<fold>\d{1,9})of(?P<folds>\d{1,9})(?:by(?P<by>.+))?"
)


@dataclass(frozen=True)
class SplitPart:
    """One of the splits that are joined, or folds of it.

    Attributes:
        name: of the split in dataset.toml.
        fold, folds: 1..folds, and how many there are; 0 takes all pairs.
        is_left_out: all folds but this one.
        by: see group_of.
    """

    name: str
    fold: int = 0
    folds: int = 0
    is_left_out: bool = False
    by: str = ""

    def __str__(self) -> str:
        if not self.folds:
            return self.name
        left_out, by = "not" if self.is_left_out else "", f"by{self.by}" if self.by else ""
        return f"{self.name}.{left_out}{self.fold}of{self.folds}{by}"

    def has(self, id: str) -> bool:
        """Whether a pair of the split belongs to this part."""
        return not self.folds or (fold_number(id, self.folds, self.by) == self.fold) != (
            self.is_left_out
        )


def split_parts(
    text: str,
    names: Collection[str],
    where: str,
    error: type[PixelwiseError] = ArgumentError,
) -> tuple[SplitPart, ...]:
    """The parts that the name of a split in a command stands for.

    Args:
        text: such as train, train+val or train.not1of5.
        names: of the splits in dataset.toml.
        where: that file, for messages.
        error: raised if there is no such split.
    Raises:
        ArgumentError, or `error`: a part is not a split and not a fold of one.
    """
    if text in names:
        return (SplitPart(text),)
    return tuple(_part(part, names, where, error) for part in text.split(JOIN))


def _part(text: str, names: Collection[str], where: str, error: type[PixelwiseError]) -> SplitPart:
    found = None if text in names else _FOLD.fullmatch(text)
    check_choice(where, "split", found["name"] if found else text, names, error)
    if not found:
        return SplitPart(text)
    fold, folds = int(found["fold"]), int(found["folds"])
    if not 2 <= folds <= MOST_FOLDS or not 1 <= fold <= folds:
        must = f"fold K of N with 1 <= K <= N and 2 <= N <= {MOST_FOLDS:,}"
        raise error(where, "split", must=must, got=repr(text))
    return SplitPart(found["name"], fold, folds, found["no"] is not None, found["by"] or "")


def join_parts(
    where: str, parts: Sequence[SplitPart], pairs_of: Callable[[str], list[Pair]]
) -> list[Pair]:
    """The pairs of the parts together, sorted by id.

    Args:
        where: dataset.toml, for messages.
        parts: of the name of a split.
        pairs_of: the pairs of a split of dataset.toml.
    Raises:
        DatasetError: they have no pair, or an id is in two of them.
    """
    found: dict[str, Pair] = {}
    twice: list[str] = []
    for part in parts:
        own = [pair for pair in pairs_of(part.name) if part.has(pair.id)]
        twice += [pair.id for pair in own if pair.id in found]
        found.update((pair.id, pair) for pair in own)
    if not found:
        hint = "Take fewer folds, or smaller groups." if parts[0].by else "Take fewer folds."
        event = f"split {JOIN.join(map(str, parts))} has no pair"
        raise DatasetError(where, "split", event=event, hint=hint)
    if twice:
        names = " and ".join(map(str, parts))
        event = f"{plural(len(twice), 'id')} in more than one of {names}: {some(sorted(twice))}"
        hint = "Predictions and scores are by id: give the pairs of each split names of their own."
        raise DatasetError(where, "split", event=event, hint=hint)
    return [found[id] for id in sorted(found)]


def fold_split(
    split: str, names: Collection[str], fold: int, folds: int, by: str, is_left_out: bool = False
) -> str:
    """The name of fold 1..folds of a split, or of all others; of a joined one for each part."""
    parts = [split] if split in names else split.split(JOIN)
    return JOIN.join(str(SplitPart(part, fold, folds, is_left_out, by)) for part in parts)


def fold_number(id: str, folds: int, by: str = "") -> int:
    """The fold 1..folds of a pair: a hash of its id, or of the group that it is in."""
    group = group_of(id, by).encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(group, digest_size=8).digest(), "big") % folds + 1


def group_of(id: str, by: str) -> str:
    """The beginning of an id that the pairs of a group share.

    It ends with the first `by`, in which "*" is anything between, so that "_*_" is up to the second
    "_"; without it in the id, and where `by` is empty, it is the whole id.
    """
    end = 0
    for piece in by.split("*"):
        place = id.find(piece, end)
        if place < 0:
            return id
        end = place + len(piece)
    return id[:end] if by else id


def folder_of_split(split: str) -> str:
    """The name of a folder for what was made of a split, on every system."""
    return re.sub(r'[/\\*:?"<>|]', "-", split)


def check_folds(where: str, key: str, folds: int, keep: Sequence[int]) -> None:
    """Raise unless the folds that a split of dataset.toml keeps are some of those there are.

    Raises:
        DatasetError: naming the key.
    """
    if folds == 0 and not keep:
        return
    if folds > MOST_IN_FILE:
        raise DatasetError(where, f"{key}.folds", must=f"<= {MOST_IN_FILE:,}", got=folds)
    if folds < 2:
        hint = f"Remove {key}.keep to use all pairs."
        raise DatasetError(where, f"{key}.folds", must=">= 2", got=folds, hint=hint)
    exist = all(type(fold) is int and 0 <= fold < folds for fold in keep)
    if not keep or not exist or len(set(keep)) < len(keep):
        constraint = f"a list of different folds 0..{folds - 1}"
        raise DatasetError(where, f"{key}.keep", must=constraint, got=list(keep))
