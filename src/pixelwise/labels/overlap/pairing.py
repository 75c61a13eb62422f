"""Find the label file of each class that belongs to an image, by the rules of find_pairs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pixelwise.errors import DatasetError, PairingError, check_choice
from pixelwise.files.records import converted
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair, Pairing, Unpaired
from pixelwise.text import some

# what stands in a split for the `file` of a class
PLACE = "{class}"
# what it means that a class has no file for an image
Missing = Literal["error", "absent"]
_ABSENT_HINT = 'missing = "absent" there says that a class without a file is nowhere in the image.'


def named(text: str, file: str) -> str:
    """A folder, prefix or suffix of a split for one class."""
    return text.replace(PLACE, file)


def exclusive_from_toml(
    where: str, document: dict[str, Any], classes: Classes
) -> tuple[tuple[str, ...], ...]:
    """The key exclusive of a parsed dataset.toml.

    Raises:
        DatasetError: see check_exclusive.
    """
    given, kind = document.get("exclusive", ()), tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, ...], ...] = converted(kind, given, where, "exclusive", DatasetError)
    check_exclusive(where, groups, classes)
    return groups


def check_exclusive(where: str, groups: Sequence[Sequence[str]], classes: Classes) -> None:
    """Raise unless groups name two or more of classes that overlap, each once.

    Raises:
        DatasetError: naming the key and what is wrong.
    """
    if groups and not classes.files:
        event = "exclusive is for classes that overlap"
        raise DatasetError(where, "exclusive", event=event, hint='Write task = "multilabel".')
    for number, group in enumerate(groups):
        name = f"exclusive[{number}]"
        for one in group:
            check_choice(where, name, one, classes.names, DatasetError)
        if len(set(group)) < max(2, len(group)):
            must = "two or more different classes"
            raise DatasetError(where, name, must=must, got=some(map(repr, group)) or "none")


def join_classes(
    pairings: dict[str, Pairing[Path]],
    ids: Sequence[str] | None,
    unpaired: Unpaired,
    missing: Missing,
    complete: Callable[..., list[Pair]],
) -> list[Pair]:
    """Pairs of an image with the label file of each class, sorted by id.

    Args:
        pairings: by the name of the class.
        ids, unpaired: see find_pairs.
        missing: see Split.
        complete: complete_pairs, which says what is missing.
    Raises:
        PairingError: see find_pairs; the message names the class.
    """
    found: list[dict[str, Pair]] = []
    for name, pairing in zip(pairings, _apart(list(pairings.values()), missing)):
        try:
            found.append({pair.id: pair for pair in complete(pairing, ids, unpaired)})
        except PairingError as error:
            event, hint = f"class {name}: {error.event}", error.hint
            if missing == "error" and pairing.of(ids)[1]:
                hint += f" {_ABSENT_HINT}"
            raise PairingError("find_pairs", event=event, hint=hint) from None
    both = sorted(set.intersection(*map(set, found)))
    if not both:
        event = "no image has a label file of every class"
        raise PairingError("find_pairs", event=event, hint='Do you mean missing = "absent"?')
    return [
        Pair(id, found[0][id].image, labels=tuple(pairs[id].label for pairs in found))
        for id in both
    ]


def unpaired_ids(
    pairings: Sequence[Pairing[Path]], ids: Sequence[str] | None, missing: Missing
) -> list[str]:
    """Files without a partner in one class or more."""
    alone: dict[str, None] = {}
    for pairing in _apart(pairings, missing):
        _, without_label, without_image = pairing.of(ids)
        alone |= {str(pairing.image_of.get(id, id)): None for id in without_label}
        alone |= {str(pairing.label_of.get(id, id)): None for id in without_image}
    return list(alone)


def _apart(pairings: Sequence[Pairing[Path]], missing: Missing) -> list[Pairing[Path]]:
    """The pairings without the label files of other classes, where all lie in one folder.

    A file that could be of two classes belongs to the one with the longer prefix and suffix, and
    what is a label of one class is an image of none.
    """
    longest: dict[Path | None, int] = {}
    for pairing in pairings:
        for file in pairing.label_of.values():
            longest[file] = max(longest.get(file, 0), len(pairing.label_affixes))
    images = {id: file for id, file in pairings[0].image_of.items() if file not in longest}
    parted = []
    for pairing in pairings:
        own = {
            id: file
            for id, file in pairing.label_of.items()
            if longest[file] == len(pairing.label_affixes)
        }
        absent: dict[str, Path | None] = dict.fromkeys(images) if missing == "absent" else {}
        parted.append(replace(pairing, image_of=images, label_of={**absent, **own}))
    return parted
