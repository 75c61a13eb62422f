"""A file name is prefix + id + suffix + extension: its id, and affixes with which names pair up."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

# Names that are looked at, and affixes of each side that are tried.
_LOOKED_AT = 300
_TRIED = 6
_MARKS = "_-. "


@dataclass(frozen=True)
class Affixes:
    """What stands around the id in the names of files.

    Args:
        prefix: before the id, in the name of the file; "image_".
        suffix: behind it, with or without the extension; "_gt", "_gt.png", ".bmp".
    """

    prefix: str = ""
    suffix: str = ""

    def __bool__(self) -> bool:
        return bool(self.prefix or self.suffix)

    def __len__(self) -> int:
        return len(self.prefix) + len(self.suffix)

    def id_of(self, name: str) -> str | None:
        """The id of a file.

        The folders of the name stay in front; where nothing else is left, they are the id.

        Args:
            name: path below its folder, with "/" between folders.
        Returns:
            None if the name does not have prefix and suffix, or nothing is left of it.
        """
        rest, suffix = name, self.suffix
        if not suffix or not name.endswith(suffix):
            rest = os.path.splitext(name)[0]
            if not rest.endswith(suffix):
                return None
        rest = rest.removesuffix(suffix)
        folder, slash, last = rest.rpartition("/")
        if not last.startswith(self.prefix):
            return None
        return (folder + slash + last.removeprefix(self.prefix)).rstrip("/") or None


NO_AFFIXES = Affixes()


def likely_affixes(images: Sequence[str], labels: Sequence[str]) -> tuple[Affixes, Affixes] | None:
    """The shortest affixes of ids with which the most pair up; None if fewer than half would.

    A prefix ends, and a suffix begins, at a mark such as "_" or between letters and digits.
    """
    images, labels = images[:_LOOKED_AT], labels[:_LOOKED_AT]
    image_sets, label_sets = _ids_by_affixes(images), _ids_by_affixes(labels)
    candidates = [
        (len(image_sets[i] & label_sets[k]), -len(i) - len(k), i, k)
        for i, k in product(image_sets, label_sets)
    ]
    pairs, _, image, label = max(candidates, key=lambda found: found[:2])
    return (image, label) if 2 * pairs >= max(1, min(len(images), len(labels))) else None


def _ids_by_affixes(ids: Sequence[str]) -> dict[Affixes, set[str]]:
    """Affixes that half of the ids have -> what is left of those, if no two become equal."""
    names = [id.rpartition("/")[2] for id in ids]
    prefixes = _common((name[:i] for name in names for i in _cuts(name, 1)), len(ids))
    suffixes = _common((name[i:] for name in names for i in _cuts(name, 0)), len(ids))
    found = {}
    for affixes in map(Affixes, *zip(*product(prefixes, suffixes))):
        # ids have no extension, and id_of() would take one
        left = [rest for id in ids if (rest := affixes.id_of(f"{id}."))]
        if len(set(left)) == len(left):
            found[affixes] = set(left)
    return found


def _cuts(name: str, behind: int) -> Iterator[int]:
    """Where a name may be cut: at a mark, or between a letter and a digit.

    Args:
        name: of a file.
        behind: 1 = a mark belongs to the part in front of it, 0 = to the part behind it.
    """
    for i in range(1, len(name)):
        before, after = name[i - 1], name[i]
        is_edge = (before + after).isalnum() and before.isdigit() != after.isdigit()
        if is_edge or (before if behind else after) in _MARKS:
            yield i


def _common(parts: Iterable[str], number: int) -> list[str]:
    """ "" and the most frequent parts, of those that half of so many names have."""
    found = Counter(parts).most_common(_TRIED)
    return ["", *(part for part, count in found if 2 * count >= number)]
