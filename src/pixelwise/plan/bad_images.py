"""Pairs of a run that cannot be used: which they are, how many may be, and the file about them.

Before the first step they are found by their headers and ends (preflight.py) and left out. Damage
in the middle of a file shows when it is decoded: then another pair takes the place of that example,
and validation counts the other images.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.files.records import to_plain
from pixelwise.files.results import read_record, write_json
from pixelwise.text import plural, shell_line, some

FILE = "bad-images.json"
MOST = 0.01  # share of a split that may be bad

Reasons = dict[str, dict[str, str]]  # split -> id of a pair -> what is wrong with it


@dataclass
class BadImages:
    """The bad pairs of a run, in bad-images.json of its folder.

    Attributes:
        left_out: before the first step; a resumed run leaves them out too, repaired or not.
        failed: while training or scoring; they are tried again each time.
        repaired: had failed before the run was resumed, and could be read then.
    """

    SCHEMA: ClassVar[str] = "pixelwise.bad_images/1"

    left_out: Reasons = field(default_factory=dict)
    failed: Reasons = field(default_factory=dict)
    repaired: Reasons = field(default_factory=dict)

    def add(self, split: str, id: str, reason: str) -> bool:
        """Note a pair that could not be decoded; whether it is the first time."""
        found = self.failed.setdefault(split, {})
        is_new = id not in found
        found.setdefault(id, reason)
        return is_new

    def note_repaired(self, split: str, ids: Iterable[str]) -> None:
        """Count pairs that had failed no longer."""
        failed, repaired = self.failed.get(split, {}), self.repaired.setdefault(split, {})
        repaired.update({id: failed.pop(id) for id in ids})

    def may_have_changed(self, split: str) -> set[str]:
        """Ids of pairs whose files may be others than when the run began."""
        return {*self.failed.get(split, {}), *self.repaired.get(split, {})}

    def check(self, sizes: Mapping[str, int], hint: str) -> None:
        """Raise if there are more than `most_bad` in a split.

        Args:
            sizes: pairs of each split, with those that were left out.
            hint: what to do, whole sentences.
        Raises:
            RunError: naming them.
        """
        for split, size in sizes.items():
            bad = {**self.left_out.get(split, {}), **self.failed.get(split, {})}
            most = most_bad(size)
            if len(bad) > most:
                event = (
                    f"{len(bad):,} of the {plural(size, 'pair')} of split {split} cannot be used, "
                    f"and at most {most:,} may be left out: {some(bad.values(), separator='; ')}"
                )
                raise RunError("train", "images", event=event, hint=hint)

    def write(self, run: Path) -> None:
        """Write the file, unless there is nothing to say."""
        if any(any(found.values()) for found in vars(self).values()):
            write_json(run / FILE, {"schema": self.SCHEMA, **to_plain(self)})


def most_bad(size: int) -> int:
    """How many pairs of a split of `size` may be bad: 1 %, at least one, and never all."""
    return min(max(1, int(MOST * size)), size - 1)


def read_bad_images(run: Path) -> BadImages:
    """Those of a run; none if it has no such file."""
    return read_record(BadImages, run / FILE) if (run / FILE).exists() else BadImages()


def all_of(where: str, errors: list[PixelwiseError], event: str, hint: str) -> PixelwiseError:
    """One error about all pairs that are bad, as the first of them is; a single one is itself.

    Args:
        where: the command.
        errors: at least one.
        event: such as "3 of 200 pairs cannot be used".
        hint: what to do.
    """
    first = errors[0]
    if len(errors) == 1:
        first.add_hint(hint)
        return first
    own = {error.hint for error in errors}
    hint = f"{own.pop()} {hint}".strip() if len(own) == 1 else hint
    listed = some((error.without_hint for error in errors), separator="; ")
    return type(first)(where, "images", event=f"{event}: {listed}", hint=hint)


def leave_out(
    bad: BadImages,
    wrong: Mapping[str, Mapping[str, PixelwiseError]],
    sizes: Mapping[str, int],
    skip: bool,
    root: Path,
) -> None:
    """Leave out the pairs of a new run that cannot be used, or raise about all of them.

    Args:
        bad: gets them.
        wrong: split -> id -> what is wrong.
        sizes: pairs of each split.
        skip: whether they may be left out.
        root: of the dataset.
    Raises:
        PixelwiseError: they may not, or there are too many.
    """
    errors = [error for found in wrong.values() for error in found.values()]
    find = f"Find all defects with: {shell_line(['pixelwise', 'audit', str(root)])}."
    if errors and not skip:
        option = setting("on_bad_image", "skip")
        hint = f"{find} {option} leaves out up to 1 % of a split, at least one pair."
        raise all_of("train", errors, f"{plural(len(errors), 'pair')} cannot be used", hint)
    for split, found in wrong.items():
        own = bad.left_out.setdefault(split, {})
        own.update({id: error.without_hint for id, error in found.items()})
    bad.check(sizes, find)
