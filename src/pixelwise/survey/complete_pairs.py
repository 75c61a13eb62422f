"""The pairs of each split; files without a partner are counted, and left out if that is wanted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.errors import PairingError
from pixelwise.files.affixes import Affixes
from pixelwise.files.patterns import fixed_part
from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, Split, fold_of
from pixelwise.labels.pairs import Pair, find_pairing
from pixelwise.survey.conversion import command_lines
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, Answer, Statement
from pixelwise.text import plural


@dataclass(frozen=True)
class CompletePairs:
    """What pairs up.

    Args:
        splits: those given; where files are left out, with unpaired "skip".
        pairs: of all splits.
        statements: what was left out.
        unlabelled: for each statement, the split whose images without labels may be background.
    """

    splits: dict[str, Split]
    pairs: tuple[Pair, ...]
    statements: tuple[Statement, ...]
    unlabelled: tuple[dict[str, Split], ...]

    def told(self, root: Path, classes: Classes) -> list[Statement]:
        """The statements, with the command that makes labels of background.

        Args:
            root: the folder of the dataset.
            classes: with their background, or without names; else there is no such command.
        """
        unnamed = classes.names[:1] if classes.names[0] == "class_0" else ()
        ground = next(iter([*filter(is_background_name, classes.names), *unnamed]), None)
        if ground is None:
            return list(self.statements)
        # that file is written together with the question, and has the classes
        options = ["--unpaired", "background", "--classes", str(root / FILE_NAME)]
        options += [] if ground == "background" else ["--background", ground]
        told = []
        for statement, splits in zip(self.statements, self.unlabelled):
            text = statement.text
            if splits:
                command = command_lines(root, splits, options)
                text += f" If an image without a label is all background: {command}"
            told.append(replace(statement, text=text))
        return told


def find_complete(
    draft: Description, lists: Mapping[str, tuple[str, ...]], given: Given
) -> CompletePairs:
    """The pairs of a draft; that some files have no partner is a question.

    Args:
        draft: its splits.
        lists: ids by the name of a list that is not written yet.
        given: what a person has decided.
    Raises:
        PairingError: ids belong to two files, or files have no partner and that is to be an error.
        DatasetError: see Description.pairs.
    """
    splits, pairs = dict(draft.splits), list[Pair]()
    statements, unlabelled = dict[tuple, Statement](), dict[tuple, dict[str, Split]]()
    for name, split in draft.splits.items():
        if split.list in lists:
            pairs += _listed(draft.root, split, lists[str(split.list)])
            continue
        try:
            pairs += draft.pairs(name)
            continue
        except PairingError:
            if given.unpaired == "error":
                raise
            images, labels = _sides(draft, split, draft.unpaired_files(name))
        splits[name] = replace(split, unpaired="skip")
        pairs += replace(draft, splits=splits).pairs(name)
        files = (split.images, split.labels, split.list)
        if files not in statements:
            statements[files] = _unpaired(draft.root, name, images, labels, given)
            asked = given.unpaired != "skip" and not labels
            unlabelled[files] = {name: split} if asked else {}
    return CompletePairs(
        splits, tuple(pairs), tuple(statements.values()), tuple(unlabelled.values())
    )


def _listed(root: Path, split: Split, ids: tuple[str, ...]) -> list[Pair]:
    pairing = find_pairing(
        *(Path(root, split.images), None if split.labels is None else Path(root, split.labels)),
        Affixes(split.image_prefix, split.image_suffix),
        Affixes(split.label_prefix, split.label_suffix),
    )
    chosen = (id for id in ids if not split.folds or fold_of(id, split.folds) in split.keep)
    return [Pair(id, pairing.image_of[id], pairing.label_of.get(id)) for id in chosen]


def _unpaired(
    root: Path, name: str, images: list[str], labels: list[str], given: Given
) -> Statement:
    sides = [(images, "image"), (labels, "label")]
    number = " and ".join(plural(len(side), kind) for side, kind in sides if side)
    shown = " and ".join(_below(root, side[0]) for side, _ in sides if side)
    it, has = ("it", "has") if len(images) + len(labels) == 1 else ("them", "have")
    text = f"{number} of {name} {has} no partner, such as {shown}"
    if given.unpaired == "skip":
        return Statement(LIKELY, f"{text}: left out")
    text += f": leave {it} out?{_numbering(images, labels)}"
    return Statement(OPEN, text, (Answer("leave them out", {"unpaired": "skip"}),))


def _sides(draft: Description, split: Split, left: list[str]) -> tuple[list[str], list[str]]:
    """The images and the labels among files without a partner."""
    folder = fixed_part(Path(draft.root, str(split.labels)))
    alike = split.images == split.labels
    sides: tuple[list[str], list[str]] = ([], [])
    for name in left:
        sides[not alike and Path(name).is_relative_to(folder)].append(name)
    return sides


def _numbering(images: list[str], labels: list[str]) -> str:
    """What is said where numbers in the names of both sides may be meant to be the same."""
    ours, theirs = (
        [int(found[-1]) for name in side if (found := re.findall(r"\d+", Path(name).stem))]
        for side in (images, labels)
    )
    if len(ours) != len(theirs) or not ours:
        return ""
    if sorted(ours) == sorted(theirs):
        return " Their numbers differ in zeros in front: better rename one side."
    if max(ours) < min(theirs) or max(theirs) < min(ours):
        return (
            " If one side counts from 0 and the other from 1, all pairs are wrong: rename one side."
        )
    return ""


def _below(root: Path, name: str) -> str:
    return Path(name).relative_to(root).as_posix() if Path(name).is_relative_to(root) else name
