"""Where the images and labels of a candidate are, in the form that dataset.toml has.

A split has one folder of images and one of labels, each with a prefix and a suffix of the names in
it. "*" in a folder's name stands for all sites, patients or sequences.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Any

from pixelwise.files.affixes import Affixes
from pixelwise.files.patterns import names_below
from pixelwise.labels.description import Split
from pixelwise.labels.pairs import Pairing, pair_files
from pixelwise.survey.folder_names import template_of, words_of
from pixelwise.survey.layout.candidates import Candidate, Link, files_of
from pixelwise.survey.layout.evidence import decoy_in
from pixelwise.survey.layout.tree import Parts, Tree, joined

_MARKS = "_-. "


@dataclass(frozen=True)
class Place:
    """Folders, prefixes and suffixes of the images and labels of a split.

    Args:
        images, labels: folders relative to the root; labels None = there are none.
        image, label: affixes of the names.
        expected: images, and pairs of an image and its label, that are meant; relative to the root.
        tree: of the folder.
    """

    images: str
    labels: str | None
    image: Affixes
    label: Affixes
    expected_images: frozenset[str]
    expected: frozenset[tuple[str, str]]
    tree: Tree

    @cached_property
    def pairing(self) -> Pairing[str]:
        """What find_pairs makes of it."""
        names = list(self.tree.names())
        images, labels = (
            None if f is None else list(names_below("" if f == "." else f, names))
            for f in (self.images, self.labels)
        )
        return pair_files(
            *(images or [], labels, self.image.suffix, self.label.suffix),
            *(self.images == self.labels, self.image.prefix, self.label.prefix),
        )

    @cached_property
    def fit(self) -> int:
        """2 = exactly the files that are meant, 1 = with others that pair with none, 0 = wrong."""
        pairing = self.pairing
        if pairing.image_twins or pairing.label_twins:
            return 0
        found = frozenset(pairing.image_of.values())
        if self.labels is None:
            return 2 if found == self.expected_images else int(found >= self.expected_images)
        pairs = {
            (image, pairing.label_of[id])
            for id, image in pairing.image_of.items()
            if id in pairing.label_of
        }
        if not pairs >= self.expected:
            return 0
        return 2 if pairs == self.expected and found <= self.expected_images else 1

    def ids(self) -> tuple[str, ...]:
        """Of the pairs that are meant, or of the images without labels."""
        pairing = self.pairing
        if self.labels is None:
            wanted = (id for id, name in pairing.image_of.items() if name in self.expected_images)
        else:
            wanted = (
                id
                for id, name in pairing.image_of.items()
                if (name, pairing.label_of.get(id)) in self.expected
            )
        return tuple(sorted(wanted))

    def split(self) -> Split:
        """As a split of dataset.toml."""
        has = self.labels is not None
        return Split(
            *(self.images, self.labels, self.image.suffix, self.label.suffix if has else ""),
            image_prefix=self.image.prefix,
            label_prefix=self.label.prefix if has else "",
        )

    def shown(self, role: str) -> str:
        """Such as "images/*.jpg"."""
        folder, affixes = (
            (self.images, self.image) if role == "image" else (str(self.labels), self.label)
        )
        return f"{'' if folder == '.' else f'{folder}/'}{affixes.prefix}*{affixes.suffix}"

    def options(self) -> Mapping[str, Any]:
        """The options of `pixelwise init` that say this."""
        named = {
            "images": self.images,
            "labels": self.labels,
            "image_prefix": self.image.prefix,
            "image_suffix": self.image.suffix,
            "label_prefix": self.label.prefix,
            "label_suffix": self.label.suffix,
        }
        return {name: value for name, value in named.items() if value}


def place_of(
    tree: Tree,
    candidate: Candidate,
    links: Sequence[Link] | None = None,
    more: Iterable[Parts] = (),
) -> Place:
    """Where the images and labels of some of the links of a candidate are.

    Args:
        links: of one split; None = all.
        more: folders with images that have no labels.
    """
    chosen = candidate.links if links is None else links
    more, wanted = list(more), frozenset(chosen)
    pairs = frozenset(
        pair
        for link, several in zip(candidate.links, candidate.pairs)
        if link in wanted
        for pair in several
    )
    image, label = candidate.image.affixes, candidate.label.affixes
    folders = {link.first for link in chosen} | set(more)
    expected = frozenset(_images(tree, candidate, folders, pairs))
    if candidate.side_by_side:
        images = labels = joined(_common(folders))
    else:
        images, labels = _patterns(candidate, chosen, more)
    place = Place(
        *(images, labels if chosen else None, image, label, expected, pairs, tree),
    )
    return max(_variants(place), key=lambda one: one.fit)


def shared_start(several: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The first folders, or letters, that all have."""
    alike = takewhile(lambda parts: len(set(parts)) == 1, zip(*several))
    return tuple(parts[0] for parts in alike)


def _images(
    tree: Tree, candidate: Candidate, folders: Iterable[Parts], pairs: frozenset[tuple[str, str]]
) -> Iterator[str]:
    """The images of some folders, with those that have no label.

    What lies beside an image and is called like it, with something behind, belongs to it.
    """
    images = {image for image, _ in pairs}
    yield from images
    stems = {os.path.splitext(name)[0] for name in images}
    for folder in folders:
        labels = frozenset[str]()
        if candidate.side_by_side:
            labels = frozenset(files_of(tree, folder, candidate.label.affixes))
        for name in files_of(tree, folder, candidate.image.affixes):
            if name in images or name in labels or decoy_in(tree, name, "image"):
                continue
            stem = os.path.splitext(name)[0]
            starts = (stem[:i] for i in range(len(stem)) if stem[i] in _MARKS)
            if stems.isdisjoint(starts):
                yield name


def _variants(place: Place) -> Iterable[Place]:
    """With and without extensions in the suffixes."""
    yield place
    images, labels = (
        {os.path.splitext(name)[1] for name in names}
        for names in (place.expected_images, (label for _, label in place.expected))
    )
    if len(images) == 1 and not place.image.suffix:
        (suffix,) = images
        place = replace(place, image=Affixes(place.image.prefix, suffix))
        yield place
    if len(labels) == 1 and not place.label.suffix:
        (suffix,) = labels
        yield replace(place, label=Affixes(place.label.prefix, suffix))


def _common(folders: Iterable[Parts]) -> Parts:
    """The folder that has all; not below that of a split."""
    several = list(folders)
    common = list(shared_start(several)) if several else []
    if len(several) > 1 or not common:
        return tuple(common)
    for depth, part in enumerate(common):
        if words_of(part).split:
            return tuple(common[: depth + 1])
    return tuple(common)


def _patterns(
    candidate: Candidate, links: Sequence[Link], more: Sequence[Parts]
) -> tuple[str, str]:
    """The folders of images and labels, with "*" where they are several."""
    firsts = [link.first[: len(link.first) - link.below] for link in links]
    seconds = [link.second[: len(link.second) - link.below] for link in links]
    belows = [link.first[len(link.first) - link.below :] for link in links]
    for parts in more:
        root, below = cut_at(parts, candidate.image.template)
        firsts.append(root)
        belows.append(below)
    if len(set(firsts)) == 1 and len(set(seconds)) <= 1:
        shared = shared_start(belows)
        depth = next((i + 1 for i, part in enumerate(shared) if words_of(part).split), 0)
        below = tuple(shared[:depth])
        return joined((*firsts[0], *below)), joined((*seconds[0], *below)) if seconds else "."
    return _pattern(firsts), _pattern(seconds) if seconds else "."


def cut_at(parts: Parts, template: Parts) -> tuple[Parts, Parts]:
    """A folder of images, and what is below it."""
    whole = template_of(parts)
    for start in range(len(whole) - len(template) + 1):
        if whole[start : start + len(template)] == template:
            stop = start + len(template)
            return parts[:stop], parts[stop:]
    return parts, ()


def _pattern(folders: Sequence[Parts]) -> str:
    if len(set(map(len, folders))) > 1:
        return joined(shared_start(list(folders)))
    return joined(_starred(set(several)) for several in zip(*folders))


def _starred(names: set[str]) -> str:
    """One name for several: "*", or "*_images" where all end so."""
    if len(names) == 1:
        return next(iter(names))
    texts = sorted(names)
    end = "".join(shared_start([text[::-1] for text in texts]))[::-1]
    start = "".join(shared_start(texts))
    for text, is_end in ((end, True), (start, False)):
        words = words_of(text)
        if words.is_image or words.is_label or words.split:
            return f"*{text}" if is_end else f"{text}*"
    return "*"
