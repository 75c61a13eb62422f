"""Folders, or files of one folder, whose names pair up: candidates for images and labels.

Two folders are alike in the folders above and below the part where they differ: "images/train" and
"labels/train" differ in images and labels, "train" and "trainannot" in themselves. Folders that
differ in the same way, in each split or site, are one candidate.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

from pixelwise.files.affixes import Affixes
from pixelwise.sample import sample
from pixelwise.survey.folder_names import split_of, template_of, words_of
from pixelwise.survey.given import Given
from pixelwise.survey.layout.name_forms import NOT_GIVEN, GivenForm, Names, id_in, matching_affixes
from pixelwise.survey.layout.tree import Parts, Tree, joined

# Folders that differ in more levels than this, or of which there are more at one place, are paired
# only if their names are equal but for words of kind.
_MOST_LEVELS, _MOST_FOLDERS = 4, 24
# Folders of a candidate by which the affixes of names are found.
_LINKS = 6


@dataclass(frozen=True)
class Link:
    """Two folders whose files may pair, or one in which they lie side by side.

    Args:
        first, second: the folders.
        below: number of folders at their ends that are the same.
        differ: the folders in which they differ; both () where they lie side by side.
    """

    first: Parts
    second: Parts
    below: int = 0
    differ: tuple[Parts, Parts] = ((), ())

    def turned(self) -> "Link":
        """With the folders the other way round."""
        return Link(self.second, self.first, self.below, self.differ[::-1])


@dataclass(frozen=True)
class Group:
    """Files of one kind.

    Args:
        template: the folders that distinguish it, alike for all splits; () = none do.
        affixes: of their names.
        folders: that have such files.
        example: one of the files, relative to the root.
    """

    template: Parts
    affixes: Affixes
    folders: tuple[Parts, ...]
    example: str

    @property
    def key(self) -> tuple:
        """What distinguishes it from other groups."""
        return self.folders, self.affixes

    @property
    def shown(self) -> str:
        """Such as "images/*.jpg": where the files are."""
        folder = joined(self.folders[0])
        start = "" if folder == "." else f"{folder}/"
        return f"{start}{self.affixes.prefix}*{self.affixes.suffix}"


@dataclass
class Candidate:
    """Two groups of files whose names pair.

    Args:
        image, label: the groups; which is which is not known before they have been looked at.
        links: the folders of both.
        pairs: (image, label) relative to the root, by link.
    """

    image: Group
    label: Group
    links: list[Link]
    pairs: list[list[tuple[str, str]]] = field(repr=False)

    @property
    def number(self) -> int:
        """Of pairs."""
        return sum(map(len, self.pairs))

    @property
    def side_by_side(self) -> bool:
        """Whether images and labels are files of the same folders."""
        return self.links[0].first == self.links[0].second

    def turned(self) -> "Candidate":
        """With images and labels the other way round."""
        links = [link.turned() for link in self.links]
        pairs = [[(label, image) for image, label in one] for one in self.pairs]
        return Candidate(self.label, self.image, links, pairs)


def find_candidates(tree: Tree, given: Given) -> list[Candidate]:
    """All candidates that fit what is given, each in one of its two orders if nothing is."""
    relations = _without_crossings(_relations(tree))
    if not _is_given(given):
        found = [c for links in relations.values() for c in _candidates(tree, links)]
        return [c for c in found if not _is_across_sites(c, found)]
    forms = (
        (given.image_prefix, given.image_suffix),
        (given.label_prefix, given.label_suffix),
    )
    found = []
    for (one, other), links in relations.items():
        orders = [links, [link.turned() for link in links]] if one != other else [links]
        for several in orders:
            fitting = [link for link in several if _fits(link, given)]
            found += _candidates(tree, fitting, forms)
    return [c for c in found if not _is_across_sites(c, found)]


def _is_given(given: Given) -> bool:
    affixes = given.image_prefix, given.image_suffix, given.label_prefix, given.label_suffix
    return any(part is not None for part in (given.images, given.labels, *affixes))


def _fits(link: Link, given: Given) -> bool:
    if given.images is not None and given.images == given.labels and link.first != link.second:
        return False
    return lies_below(link.first, given.images) and lies_below(link.second, given.labels)


def lies_below(parts: Parts, folder: Path | None) -> bool:
    """Whether a folder lies in another one, or in the same one of another split."""
    if folder is None or not folder.parts:
        return True
    own = parts[: len(folder.parts)]
    if "*" in folder.as_posix():
        return len(own) == len(folder.parts) and all(map(fnmatchcase, own, folder.parts))
    return own == folder.parts or template_of(own) == template_of(folder.parts)


def _relations(tree: Tree) -> dict[tuple[Parts, Parts], list[Link]]:
    """Links that differ in the same way, by the two templates in which they do."""
    places: dict[tuple[Parts, Parts], dict[Parts, Parts]] = defaultdict(dict)
    for parts in tree.folders:
        for start in range(len(parts) + 1):
            for stop in range(start, min(len(parts), start + _MOST_LEVELS) + 1):
                places[parts[:start], parts[stop:]][parts[start:stop]] = parts
    relations: dict[tuple[Parts, Parts], list[Link]] = defaultdict(list)
    relations[(), ()] = [Link(parts, parts) for parts in tree.folders]
    for (_, below), entries in places.items():
        sites = _sites(entries)
        for x, y in _differing(entries):
            if _may_pair(x, y, entries) and sites.get(x) == sites.get(y):
                first, second = sorted((x, y), key=template_of)
                relations[_kinds(first, sites), _kinds(second, sites)].append(
                    Link(entries[first], entries[second], len(below), (first, second))
                )
    return relations


def _sites(entries: Iterable[Parts]) -> dict[Parts, str]:
    """The site in the names of folders, such as "rome" of rome_rgb and rome_seg."""
    named = {x: words for x in entries if len(x) == 1 and (words := words_of(x[0])).rest}
    both = (
        {words.rest for words in named.values() if words.is_image},
        {words.rest for words in named.values() if words.is_label},
    )
    sites = set.intersection(*both)
    if len(sites) < 2:
        return {}
    return {x: words.rest for x, words in named.items() if words.rest in sites}


def _kinds(parts: Parts, sites: Mapping[Parts, str]) -> Parts:
    """The template of folders, alike for all sites."""
    template = template_of(parts)
    if parts not in sites:
        return template
    site = sites[parts].split()
    return (" ".join(word for word in template[0].split() if word not in site),)


def _differing(entries: dict[Parts, Parts]) -> Iterator[tuple[Parts, Parts]]:
    """Pairs of the folders at one place."""
    if len(entries) <= _MOST_FOLDERS:
        yield from combinations(entries, 2)
        return
    kinds = [x for x in entries if not x or any(_kind(part) for part in x)]
    if len(kinds) <= _MOST_FOLDERS:
        yield from combinations(kinds, 2)
        return
    alike: dict[Parts, list[Parts]] = defaultdict(list)
    for x in kinds:
        alike[tuple(words_of(part).rest for part in x)].append(x)
    for several in alike.values():
        if len(several) <= _MOST_FOLDERS:
            yield from combinations(several, 2)


def _may_pair(x: Parts, y: Parts, entries: dict[Parts, Parts]) -> bool:
    ends = x and y and (x[0] == y[0] or x[-1] == y[-1])
    if ends or template_of(x) == template_of(y):
        return False
    first, second = split_of(entries[x]), split_of(entries[y])
    return not first or not second or first == second


def _kind(name: str) -> bool:
    words = words_of(name)
    return words.is_image or words.is_label


def _without_crossings(
    relations: dict[tuple[Parts, Parts], list[Link]],
) -> dict[tuple[Parts, Parts], list[Link]]:
    """Leave out what differs in two ways at once: images of one site and labels of another."""

    def inner(x: Parts, y: Parts) -> Iterator[tuple[Parts, Parts]]:
        for cut in range(1, min(len(x), len(y))):
            for one, other in ((x[cut:], y[cut:]), (x[:-cut], y[:-cut])):
                yield _apart(one, other)

    return {
        key: links
        for key, links in relations.items()
        if links and not any(relations.get(one) for one in inner(*key))
    }


def _apart(x: Parts, y: Parts) -> tuple[Parts, Parts]:
    """Two paths without the folders at their beginning and end that they share, in order."""
    while x and y and x[0] == y[0]:
        x, y = x[1:], y[1:]
    while x and y and x[-1] == y[-1]:
        x, y = x[:-1], y[:-1]
    return (x, y) if x <= y else (y, x)


def _is_across_sites(candidate: Candidate, found: list[Candidate]) -> bool:
    """Whether all files pair in their own folders: then these are sites."""
    if candidate.side_by_side:
        return False
    if any(_kind(part) for link in candidate.links for x in link.differ for part in x):
        return False
    own = _files(candidate)
    return any(other.side_by_side and own <= _files(other) for other in found)


def _files(candidate: Candidate) -> set[str]:
    return {name for pairs in candidate.pairs for pair in pairs for name in pair}


def _candidates(
    tree: Tree, links: list[Link], given: tuple[GivenForm, GivenForm] = (NOT_GIVEN, NOT_GIVEN)
) -> list[Candidate]:
    chosen = sorted(links, key=lambda link: -_smaller(tree, link))
    chosen = sample([link for link in chosen if _smaller(tree, link)], _LINKS)
    folders = [(tree.folders[k.first], tree.folders[k.second]) for k in chosen[: 2 * _LINKS]]
    found = (
        matching_affixes(folders, given, same=links[0].first == links[0].second) if links else []
    )
    candidates = []
    for first, second in found:
        pairs = [_pairs(tree, link, first, second) for link in links]
        kept = [(link, some) for link, some in zip(links, pairs) if some]
        if kept:
            candidates.append(_candidate([k for k, _ in kept], [s for _, s in kept], first, second))
    return candidates


def _candidate(
    links: list[Link], pairs: list[list[tuple[str, str]]], first: Affixes, second: Affixes
) -> Candidate:
    groups = [
        Group(
            template_of(links[0].differ[side]),
            affixes,
            tuple(sorted({(link.first, link.second)[side] for link in links})),
            pairs[0][0][side],
        )
        for side, affixes in enumerate((first, second))
    ]
    return Candidate(groups[0], groups[1], links, pairs)


def _smaller(tree: Tree, link: Link) -> int:
    return min(len(tree.folders[link.first]), len(tree.folders[link.second]))


def _pairs(tree: Tree, link: Link, first: Affixes, second: Affixes) -> list[tuple[str, str]]:
    """All pairs of two folders, with their names relative to the root."""
    others, found = Names(tree.folders[link.second]), []
    forms = (first.prefix, first.suffix), (second.prefix, second.suffix)
    same = link.first == link.second
    if not first.suffix and not Names(tree.folders[link.first]).are_different:
        return []
    for name in tree.folders[link.first]:
        id = id_in(forms[0], name)
        partner = None if id is None else others.find(forms[1], id)
        if partner is not None and not (same and partner == name):
            found.append((joined(link.first, name), joined(link.second, partner)))
    return found


def files_of(tree: Tree, folder: Parts, affixes: Affixes) -> list[str]:
    """The files of a folder that have these affixes, relative to the root."""
    form = affixes.prefix, affixes.suffix
    return [joined(folder, n) for n in tree.folders.get(folder, ()) if id_in(form, n) is not None]


def folders_like(tree: Tree, template: Parts) -> Iterable[Parts]:
    """Folders that have these folders somewhere in their path."""
    for parts in tree.folders:
        whole = template_of(parts)
        if not template or any(
            whole[i : i + len(template)] == template for i in range(len(whole) - len(template) + 1)
        ):
            yield parts
