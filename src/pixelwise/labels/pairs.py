"""Find which label belongs to which image: the same name, each exactly once."""

import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pixelwise.errors import PairingError, setting
from pixelwise.files.affixes import NO_AFFIXES, Affixes, likely_affixes
from pixelwise.files.patterns import fixed_part, names_below
from pixelwise.files.walk import ARRAY_SUFFIX, IMAGE_SUFFIXES, walk_files
from pixelwise.text import some

# Enough offenders to recognise the mistake, as each is a path; the rest are counted.
_LISTED = 3

# Two names that a person takes for one: a function that makes them equal, and what to say.
_LOOK_ALIKE: tuple[tuple[Callable[[str], str], str], ...] = (
    (
        lambda key: unicodedata.normalize("NFC", key),
        "Some names look the same but are other Unicode forms of it (NFC and NFD)",
    ),
    (str.casefold, "Some names differ only in capital letters"),
)

File = TypeVar("File", str, Path)
Files = Path | str | Sequence[Path | str]
# what is done with files without a partner
Unpaired = Literal["error", "skip"]


@dataclass(frozen=True)
class Pair:
    """An image and its label.

    Args:
        id: what both are called; see find_pairs.
        image: its file.
        label: its label file; None where only predictions are made, and where classes overlap.
        labels: for classes that overlap: the label file of each class, None where the class is
            absent; () otherwise.
    """

    id: str
    image: Path
    label: Path | None = None
    labels: tuple[Path | None, ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether there is a label, of any kind."""
        return self.label is not None or bool(self.labels)

    @property
    def label_files(self) -> tuple[Path, ...]:
        """All files of its label."""
        return tuple(file for file in (self.label, *self.labels) if file is not None)


def find_pairs(
    images: Files,
    labels: Files | None,
    *,
    image_suffix: str = "",
    label_suffix: str = "",
    image_prefix: str = "",
    label_prefix: str = "",
    ids: Iterable[str] | None = None,
    unpaired: Unpaired = "error",
) -> list[Pair]:
    """Pair images and labels that have the same id.

    The id of a file is its path below the folder, with "/" between folders, without the prefix and
    suffix of its name and the extension; in a list of files it is the name alone.

    Args:
        images: a folder, searched with all folders below it, or a list of files. "*" in it stands
            for any part of a folder's name, which the ids begin with: "train/*/images".
        labels: the same for labels; None = there are none.
        image_suffix: how the names of images end behind the id, with or without the file's
            extension: "_leftImg8bit", "_leftImg8bit.png", ".bmp". Other files are not images.
            Arrays in .npy files are, where there are no other images or the suffix is theirs.
        label_suffix: the same for labels. If both are in one folder, a file that could be both
            belongs to the longer prefix and suffix; if there are none, PNGs are the labels.
        image_prefix, label_prefix: how the names of images and labels begin before the id:
            "image_". Other files are not images and labels.
        ids: pair only these; None = all.
        unpaired: "skip" leaves out files and ids without a partner; at least one pair must stay.
    Returns:
        Pairs sorted by id. In folders, hidden files, hidden folders, links to folders and files
        that are not images are left out.
    Raises:
        PairingError: an image or label is missing, an id belongs to two images or two labels, a
            folder cannot be read, or there is no image. All offenders at once.
    """
    affixes = Affixes(image_prefix, image_suffix), Affixes(label_prefix, label_suffix)
    pairing = find_pairing(images, labels, *affixes)
    return complete_pairs(pairing, ids, unpaired)


@dataclass(frozen=True)
class Pairing(Generic[File]):
    """Which images and labels have the same id.

    Args:
        image_of, label_of: id -> file, the first of those that have the id; label None where
            labels are not asked for.
        image_twins, label_twins: (first, other) of every other file with the same id.
        image_affixes, label_affixes: what was taken off the names.
    """

    image_of: dict[str, File]
    label_of: dict[str, File | None]
    image_twins: list[tuple[File, File]]
    label_twins: list[tuple[File, File]]
    image_affixes: Affixes = NO_AFFIXES
    label_affixes: Affixes = NO_AFFIXES

    def of(self, ids: Iterable[str] | None = None) -> tuple[list[str], list[str], list[str]]:
        """Sorted ids: with image and label, without label, without image.

        Args:
            ids: look at these only; None = all. One without any file is in both last lists.
        """
        wanted = sorted({*self.image_of, *self.label_of} if ids is None else set(ids))
        return (
            [id for id in wanted if id in self.image_of and id in self.label_of],
            [id for id in wanted if id not in self.label_of],
            [id for id in wanted if id not in self.image_of],
        )


def find_pairing(
    images: Files,
    labels: Files | None,
    image_affixes: Affixes = NO_AFFIXES,
    label_affixes: Affixes = NO_AFFIXES,
    image: str = "image",
    label_files: Collection[str] = IMAGE_SUFFIXES,
) -> Pairing[Path]:
    """Pair files by the rules of find_pairs, which has the arguments; some may have no partner.

    Args:
        image: what the images are called in messages.
        label_files: extensions of labels in a folder, in small letters.
    Raises:
        PairingError: an id belongs to two files, a folder cannot be read, or there is no image.
    """
    side_by_side = is_same_folder(images, labels) and not IMAGE_SUFFIXES.isdisjoint(label_files)
    pairing = pair_files(
        _named_images(f"{image}s", images, image_affixes.suffix),
        None if labels is None else _named_files("labels", labels, label_files),
        *(image_affixes.suffix, label_affixes.suffix, side_by_side),
        *(image_affixes.prefix, label_affixes.prefix),
    )
    for what, twins in ((f"{image}s", pairing.image_twins), ("labels", pairing.label_twins)):
        if twins:
            hint = "Remove one of each, or distinguish them by prefix or suffix; in lists, ids are "
            got = some((f"{first} and {other}" for first, other in twins), _LISTED, "; ")
            must, hint = "one file for each id", f"{hint}names alone."
            raise PairingError("find_pairs", what, must=must, got=got, hint=hint)
    if not pairing.image_of:
        got = f"none in {images}" if isinstance(images, str | Path) else "none"
        begin = f", and do their names begin with {p!r}" if (p := image_affixes.prefix) else ""
        ends = f", and do their names end in {s!r}" if (s := image_affixes.suffix) else ""
        must, hint = f"at least one {image} file", f"Is it the right folder{begin}{ends}?"
        raise PairingError("find_pairs", f"{image}s", must=must, got=got, hint=hint)
    return pairing


def complete_pairs(
    pairing: Pairing[Path],
    ids: Iterable[str] | None = None,
    unpaired: Unpaired = "error",
    *,
    image: str = "image",
    written: Callable[[str, str], str] = setting,
    where: str = "",
    left_out: str | None = None,
) -> list[Pair]:
    """The pairs of a pairing.

    Args:
        pairing: what find_pairing has found.
        ids, unpaired: see find_pairs.
        image: what the images are called in messages.
        written: how a setting is written in hints; where: what is said behind it.
        left_out: how to leave out files without a partner, a clause; None = by unpaired.
    Raises:
        PairingError: a file has no partner and unpaired is "error", or no pair is left.
    """
    both, *alone = pairing.of(ids)
    if any(alone) and (unpaired == "error" or not both):
        parts = []
        for rule, missing, file_of in (
            (f"every {image} must have a label, got {{:,}} without", alone[0], pairing.image_of),
            (f"every label must have {_a(image)}, got {{:,}} without", alone[1], pairing.label_of),
        ):
            if missing:
                files = some((file_of.get(id, id) for id in missing), _LISTED)
                parts.append(f"{rule.format(len(missing))}: {files}")
        if both:
            if left_out is None:
                left_out = f"{written('unpaired', 'skip')}{where} leaves them out"
            hint = f"Ids must be equal, folders below included{left_out and '; '}{left_out}."
        else:
            hint = _hint(pairing, alone, image, written, where)
        raise PairingError("find_pairs", event=". ".join(parts), hint=hint)
    return [Pair(id, pairing.image_of[id], pairing.label_of[id]) for id in both]


def pair_files(
    images: Iterable[tuple[str, File]],
    labels: Iterable[tuple[str, File]] | None,
    image_suffix: str,
    label_suffix: str,
    side_by_side: bool,
    image_prefix: str = "",
    label_prefix: str = "",
) -> Pairing[File]:
    """Pair files by the rules of find_pairs; what does not pair up is in the result.

    Args:
        images, labels: (name that the id is made of, file).
        image_suffix, label_suffix, image_prefix, label_prefix: as in find_pairs.
        side_by_side: images and labels are the files of one folder.
    """
    affixes = Affixes(image_prefix, image_suffix), Affixes(label_prefix, label_suffix)
    image_id, label_id = _ids_of(*affixes, side_by_side)
    image_of, image_twins = _by_id(images, image_id)
    if labels is None:
        return Pairing(image_of, dict.fromkeys(image_of), image_twins, [], *affixes)
    label_of, label_twins = _by_id(labels, label_id)
    return Pairing(image_of, {**label_of}, image_twins, label_twins, *affixes)


def _ids_of(
    image: Affixes, label: Affixes, side_by_side: bool
) -> tuple[Callable[[str], str | None], Callable[[str], str | None]]:
    """Functions of a name: its id if it is an image, and its id if it is a label."""
    if not side_by_side:
        return image.id_of, label.id_of
    if not image and not label:
        label = Affixes(suffix=".png")
    first, second = (image, label) if len(image) >= len(label) else (label, image)

    def second_id(name: str) -> str | None:
        return second.id_of(name) if first.id_of(name) is None else None

    return (first.id_of, second_id) if first is image else (second_id, first.id_of)


def is_same_folder(images: Files | None, labels: Files | None) -> bool:
    """Whether images and labels lie side by side; lists and None are not folders."""
    if not isinstance(images, str | Path) or not isinstance(labels, str | Path):
        return False
    return os.path.realpath(images) == os.path.realpath(labels)


def _by_id(
    files: Iterable[tuple[str, File]], id_of: Callable[[str], str | None]
) -> tuple[dict[str, File], list[tuple[File, File]]]:
    """The first file of every id, and (first, other) of the others."""
    first: dict[str, File] = {}
    twins = []
    for name, file in files:
        id = id_of(name)
        if id is not None and first.setdefault(id, file) is not file:
            twins.append((first[id], file))
    return first, twins


def _named_files(
    what: str, files: Files, extensions: Collection[str]
) -> Iterator[tuple[str, Path]]:
    """(name that ids are made of, path) of every file of a folder or list."""
    if not isinstance(files, str | Path):
        paths = [Path(file) for file in files]
        missing = [path for path in paths if not os.path.isfile(path)]
        if missing:
            got = some(missing, _LISTED)
            raise PairingError("find_pairs", what, must="existing files", got=got)
        yield from ((path.name, path) for path in paths)
        return
    root = fixed_part(files)
    if not os.path.isdir(root):
        raise PairingError("find_pairs", what, must="a folder or a list of files", got=files)
    below = Path(files).relative_to(root).as_posix()
    try:
        names = walk_files(root, extensions)
        for name, path in names_below("" if below == "." else below, names):
            yield name, root / path
    except OSError as error:
        got = f"{error.filename}: {error.strerror}"
        raise PairingError("find_pairs", what, must="a readable folder", got=got) from None


def _named_images(what: str, files: Files, suffix: str) -> Iterable[tuple[str, Path]]:
    """_named_files of images: arrays only where there are no other images, or they are asked for.

    Arrays beside images are often something else: features, depths.
    """
    if suffix.lower().endswith(ARRAY_SUFFIX):
        return _named_files(what, files, (ARRAY_SUFFIX,))
    return list(_named_files(what, files, IMAGE_SUFFIXES)) or _named_files(
        what, files, (ARRAY_SUFFIX,)
    )


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _hint(
    pairing: Pairing[Path],
    alone: list[list[str]],
    image: str,
    written: Callable[[str, str], str],
    where: str,
) -> str:
    """What would pair them: another form of their names, or prefixes and suffixes."""
    images, labels = alone
    if not images or not labels or not set(images).isdisjoint(labels):
        return "Ids must be equal, folders below included."
    for same, meaning in _LOOK_ALIKE:
        if not {same(key) for key in images}.isdisjoint(same(key) for key in labels):
            return f"{meaning}: rename one of each."
    found = likely_affixes(images, labels)
    if found is None:
        return (
            f"{image.capitalize()}s have ids such as {images[0]!r}, labels such as {labels[0]!r}."
        )
    given = pairing.image_affixes, pairing.label_affixes
    settings = []
    for kind, old, new in zip((image, "label"), given, found):
        prefix, suffix = old.prefix + new.prefix, new.suffix + old.suffix
        settings += [written(f"{kind}_prefix", prefix)] if new.prefix else []
        settings += [written(f"{kind}_suffix", suffix)] if new.suffix else []
    return f"Did you mean {' and '.join(settings)}{where}?"
