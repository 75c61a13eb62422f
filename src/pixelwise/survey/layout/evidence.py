"""What speaks for a candidate: what its files look like, what they are called, how many pair."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pixelwise.files.content import Unreadable, read_file
from pixelwise.sample import sample
from pixelwise.survey.content import MOST_VALUES, Content, look
from pixelwise.survey.decoys import Role, decoy_of
from pixelwise.survey.folder_names import words_of
from pixelwise.survey.layout.candidates import Candidate, Group
from pixelwise.survey.layout.tree import Parts, Tree

# Files of each group that are looked at; large ones are fewer.
_LOOKED_AT, _LARGE, _FEW_LARGE = 5, 1 << 23, 2
# Labels that are all the same: of so many, this is no chance.
_ENOUGH = 3
# Kinds of decoys that are labels where there are no others.
COPIES, OBJECTS = "colour copies of labels", "ids of objects"

# What a group is like -> how much speaks for it as labels, and as images.
AS_LABELS = {
    "index": 5.0,
    "grey colours": 3.5,
    "soft": 3.5,
    "colours": 3.0,
    "wide": 2.0,
    "many": 0.0,
    "unreadable": 0.0,
    "unclear": -1.0,
    "same": -1.0,
    "photograph": -9.0,
}
_AS_IMAGES = {"photograph": 4.0, "unclear": 1.0, "many": 1.0, "unreadable": 0.0}
# Kinds that are not known to be labels.
_NO_LABELS = ("photograph", "unclear", "many", "unreadable")
_NO_IMAGES = -4.0
_CALLED, _CALLED_OTHERWISE, _CALLED_CLASSES, _DECOY = 3.0, -3.0, 0.5, -7.0
_FARTHER = 0.01
_SAME_SIZE, _OTHER_SIZE, _SHARE = 1.0, -2.0, 3.0


@dataclass(frozen=True)
class Appearance:
    """What the files of a group look like.

    Args:
        kind: a key of the tables above.
        values: the most different values, or colours, in one file.
        plain: they have one channel without loss, as label images do.
        sizes: (height, width) by file.
    """

    kind: str
    values: int
    plain: bool
    sizes: dict[str, tuple[int, int]]

    @property
    def is_binary(self) -> bool:
        """Whether they have at most two values."""
        return 0 < self.values <= 2

    @property
    def is_label(self) -> bool:
        """Whether the pixels can be those of labels."""
        return self.kind not in _NO_LABELS


class Evidence:
    """Scores candidates; files are looked at once.

    Args:
        tree: of the folder.
        ordered: it is known which files of a candidate are the images.
    """

    def __init__(self, tree: Tree, *, ordered: bool = False) -> None:
        self._tree, self._ordered = tree, ordered
        self._seen: dict[str, Content | None] = {}
        self._groups: dict[tuple, Appearance] = {}

    def directed(self, candidate: Candidate) -> "Scored":
        """The candidate in the order of which more speaks."""
        images, labels = self._appearances(candidate)
        one = Scored(candidate, images, labels, self._tree)
        other = Scored(candidate.turned(), labels, images, self._tree)
        return one if self._ordered or one.score >= other.score else other

    def _appearances(self, candidate: Candidate) -> list[Appearance]:
        pairs = [pair for several in candidate.pairs for pair in several]
        chosen = sample(pairs, _LOOKED_AT)
        sides = zip((candidate.image, candidate.label), zip(*chosen))
        return [self.appearance(group, names) for group, names in sides]

    def appearance(self, group: Group, names: Iterable[str]) -> Appearance:
        """What some files of a group look like."""
        if group.key not in self._groups:
            self._groups[group.key] = self._look(list(names))
        return self._groups[group.key]

    def _look(self, names: list[str]) -> Appearance:
        found = dict[str, Content]()
        for number, name in enumerate(names):
            path = self._tree.root / name
            try:
                if number >= _FEW_LARGE and path.stat().st_size > _LARGE:
                    continue
            except OSError:
                continue
            if name not in self._seen:
                self._seen[name] = look(path)
            if (content := self._seen[name]) is not None:
                found[name] = content
        kinds = Counter(map(_kind_of, found.values()))
        kind = kinds.most_common(1)[0][0] if kinds else "unreadable"
        if kind not in _NO_LABELS and self._are_same([self._tree.root / name for name in found]):
            kind = "same"
        sizes = {name: (content.height, content.width) for name, content in found.items()}
        values = max((content.colors for content in found.values()), default=0)
        plain = all(content.channels == 1 and not content.lossy for content in found.values())
        return Appearance(kind, values, plain and bool(found), sizes)

    def _are_same(self, paths: list[Path]) -> bool:
        if len(paths) < _ENOUGH:
            return False
        try:
            return len({read_file(path) for path in paths}) == 1
        except Unreadable:
            return False


def _kind_of(content: Content) -> str:
    few = content.colors <= MOST_VALUES and content.channels == 1 and not content.lossy
    if content.kind in ("photograph", "unclear"):
        return "many" if few else content.kind
    if content.kind == "soft" or content.lossy:
        return "soft"
    if content.channels > 1:
        return "grey colours" if content.is_grey else "colours"
    return "wide" if content.bits > 8 else "index"


@dataclass(frozen=True)
class Scored:
    """A candidate in one of its two orders, with what speaks for it.

    Args:
        candidate: the groups of images and labels.
        images, labels: what they look like.
        tree: of the folder.
    """

    candidate: Candidate
    images: Appearance
    labels: Appearance
    tree: Tree

    @cached_property
    def decoys(self) -> tuple[str | None, str | None]:
        """What the images and labels hold instead, by their names."""
        candidate = self.candidate
        return (
            decoy_in(self.tree, candidate.image.example, "image"),
            decoy_in(self.tree, candidate.label.example, "label"),
        )

    @cached_property
    def named(self) -> tuple[float, float]:
        """How much the names speak for images and for labels; 0 = nothing does."""
        candidate = self.candidate
        return (
            _by_name(candidate.image, _differing(candidate, 0), "image"),
            _by_name(candidate.label, _differing(candidate, 1), "label"),
        )

    @cached_property
    def score(self) -> float:
        """How much speaks for the candidate, but for the number of its pairs."""
        content = _AS_IMAGES.get(self.images.kind, _NO_IMAGES) + AS_LABELS[self.labels.kind]
        decoys = sum(_DECOY for decoy in self.decoys if decoy)
        affixes = len(self.candidate.image.affixes) + len(self.candidate.label.affixes)
        levels = sum(map(len, self.candidate.links[0].differ))
        return content + sum(self.named) + decoys + self._sizes - 0.01 * affixes - 0.1 * levels

    @property
    def _sizes(self) -> float:
        partner = {i: k for several in self.candidate.pairs for i, k in several}
        compared = [
            self.images.sizes[i] == self.labels.sizes[partner[i]]
            for i in self.images.sizes
            if partner.get(i) in self.labels.sizes
        ]
        if not compared:
            return 0.0
        return _SAME_SIZE if 2 * sum(compared) >= len(compared) else _OTHER_SIZE

    @property
    def is_possible(self) -> bool:
        """Whether these may be images and labels at all."""
        image_decoy, label_decoy = self.decoys
        if image_decoy or label_decoy not in (None, COPIES, OBJECTS):
            return False
        if label_decoy == OBJECTS:
            return self.labels.plain  # where there are no others; in colours they are for COCO
        if self.labels.kind == "photograph":
            return self.labels.plain and min(self.named) > 0
        if self.labels.kind in _NO_LABELS:
            return self.named[1] > 0
        # drawings and scans have few values too: then the names of both must tell
        return not self.images.is_label or min(self.named) > 0


def with_share(score: float, number: int, most: int) -> float:
    """A score with what the number of pairs adds to it."""
    return score + _SHARE * number / max(most, 1)


def decoy_in(tree: Tree, name: str, role: Role) -> str | None:
    """What a file holds instead of images or labels, by its name and those beside it."""
    *parts, _ = name.split("/")
    beside = set(tree.folders.get(tuple(parts), ())[:50])
    for depth, part in enumerate(parts):
        beside |= tree.children[tuple(parts[:depth])] - {part}
    return decoy_of(name, role, beside)


def _differing(candidate: Candidate, side: int) -> Parts:
    """The folders in which one side differs; where there are none, the innermost folder."""
    return candidate.links[0].differ[side]


def _by_name(group: Group, folders: Parts, role: Role) -> float:
    names = [*folders[::-1], f"{group.affixes.prefix} {group.affixes.suffix}"]
    score = 0.0
    for place, name in enumerate(names):
        words = words_of(name)
        mine, others = words.is_image, words.is_label
        if role == "label":
            mine, others = others, mine
        if words.classes and role == "label":
            score += _CALLED_CLASSES
        if mine:
            # images/rgb, not images/nir
            return score + _CALLED - _FARTHER * place
        if others:
            return score + _CALLED_OTHERWISE
    return score
