"""By which prefixes and suffixes the names in two folders pair, or those in one folder.

A prefix ends, and a suffix begins, at a mark such as "_" or between letters and digits. Names are
looked up, not compared with each other, so that large folders take no longer than reading them.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

from pixelwise.files.affixes import Affixes
from pixelwise.sample import sample

# Names in each folder by which affixes are found; affixes that are tried.
_NAMES, _PREFIXES, _SUFFIXES = 48, 5, 24
# Affixes with fewer pairs than this share of the best are chance.
_LEAST_OF_BEST = 0.2
_MARKS = "_-. "
_DIGITS = re.compile(r"\d+")
# A prefix and a suffix; the same as a person has given them, or None for each.
Form = tuple[str, str]
GivenForm = tuple[str | None, str | None]
NOT_GIVEN: GivenForm = (None, None)
# Affixes that differ in a number only, of which so many may be kinds of files.
_MOST_NUMBERED = 3


def matching_affixes(
    folders: Sequence[tuple[list[str], list[str]]],
    given: tuple[GivenForm, GivenForm],
    *,
    same: bool,
) -> list[tuple[Affixes, Affixes]]:
    """The affixes by which names in some folders pair, each different files; the best first.

    Args:
        folders: the names of image files of two folders that are alike.
        given: what is known of the affixes of the first and of the second of them.
        same: the two are one folder.
    """
    first_forms, second_forms = (
        (
            list(dict.fromkeys(_as_given(form, known) for form in _forms(several)))
            for several, known in zip(zip(*folders), given)
        )
        if folders
        else ([], [])
    )
    is_ordered = given == (NOT_GIVEN, NOT_GIVEN)
    samples = [(_some(a), Names(a).are_different, Names(b)) for a, b in folders]
    found: dict[frozenset, tuple[Form, Form]] = {}
    for first, second in product(first_forms, second_forms):
        if same and (first == second or (first > second and is_ordered)):
            continue
        pairs = frozenset(
            (number, name, partner)
            for number, (names, are_different, others) in enumerate(samples)
            for name in names
            if first[1] or are_different
            if (id := id_in(first, name)) is not None
            if (partner := others.find(second, id)) is not None
            if not (same and partner == name)
        )
        if not pairs:
            continue
        best = found.get(pairs)
        if best is None or _length(first, second) < _length(*best):
            found[pairs] = first, second
    most = max(map(len, found), default=0)
    kept, files = list[frozenset](), list[tuple[set, set]]()
    for pairs in sorted(found, key=lambda pairs: -len(pairs)):
        sides = {(n, name) for n, name, _ in pairs}, {(n, partner) for n, _, partner in pairs}
        # with files that are paired better already, they pair by chance
        again = any(
            (sides[0] <= one and sides[1] <= other)
            or (same and sides[0] <= other and sides[1] <= one)
            for one, other in files
        )
        if len(pairs) >= _LEAST_OF_BEST * most and not again:
            kept.append(pairs)
            files.append(sides)
    return [(Affixes(*found[p][0]), Affixes(*found[p][1])) for p in kept]


def _as_given(form: Form, given: GivenForm) -> Form:
    prefix, suffix = given
    return form[0] if prefix is None else prefix, form[1] if suffix is None else suffix


def _length(*forms: Form) -> int:
    return sum(len(part) for form in forms for part in form)


def id_in(form: Form, name: str) -> str | None:
    """The id in a name; None if it does not have the affixes."""
    prefix, suffix = form
    stem = name if suffix and name.endswith(suffix) else os.path.splitext(name)[0]
    if len(stem) < len(prefix) + len(suffix):
        return None
    if not stem.startswith(prefix) or not stem.endswith(suffix):
        return None
    return stem[len(prefix) : len(stem) - len(suffix)]


class Names:
    """The names in a folder, to look up one by its id and affixes."""

    def __init__(self, names: list[str]) -> None:
        self.whole = set(names)
        self.stems = {os.path.splitext(name)[0]: name for name in names}
        self.are_different = len(self.stems) == len(names)

    def find(self, form: Form, id: str) -> str | None:
        """The name; None if there is none, or if it is not the only one."""
        prefix, suffix = form
        if not suffix:
            return self.stems.get(f"{prefix}{id}") if self.are_different else None
        name = f"{prefix}{id}{suffix}"
        if name in self.whole:
            return name
        return self.stems.get(name) if self.are_different else None


def _forms(folders: Sequence[list[str]]) -> list[Form]:
    """(prefix, suffix) that many names have; a suffix has the extension, or is ""."""
    names = [name for folder in folders for name in _some(folder)]
    least = 1 if len(names) < 6 else max(2, int(0.03 * len(names)))
    suffixes = Counter(name[i:] for name in names for i in _suffix_starts(name))
    prefixes = Counter(name[:i] for name in names for i in _prefix_ends(name))
    if len(folders) > 1:
        # image.png in every folder: its folder is its id
        suffixes.update(name for name in names if names.count(name) > 1)
    enough = max(2, len(names) // 9)
    tried = ["", *(s for s, n in _constant(suffixes).most_common(_SUFFIXES) if n >= least)]
    fronts = ["", *(p for p, n in _constant(prefixes).most_common(_PREFIXES) if n >= enough)]
    return [
        form
        for form in product(fronts, tried)
        if any(id_in(form, name) is not None for name in names)
    ]


def _constant(affixes: Counter[str]) -> Counter[str]:
    """Those whose digits are the same; others are of ids, but for x_class1 and x_class2."""
    alike = Counter(_DIGITS.sub("0", affix) for affix in affixes)
    return Counter(
        {
            affix: number
            for affix, number in affixes.items()
            if (same := alike[_DIGITS.sub("0", affix)]) == 1
            or (same <= _MOST_NUMBERED and affix[0] in _MARKS and affix[1:2].isalpha())
        }
    )


def _some(names: list[str]) -> list[str]:
    return sample(names, _NAMES)


def _suffix_starts(name: str) -> Iterator[int]:
    end = name.rfind(".")
    for i in range(1, end + 1):
        if name[i] in _MARKS or (name[i - 1].isdigit() and name[i].isalpha()):
            yield i


def _prefix_ends(name: str) -> Iterator[int]:
    for i in range(1, name.rfind(".")):
        if name[i - 1] in _MARKS or (name[i - 1].isalpha() and name[i].isdigit()):
            yield i
