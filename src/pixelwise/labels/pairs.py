"""Find which label belongs to which image: the same name, each exactly once."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pixelwise.errors import PairingError, setting
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.text import some

# Enough offenders to recognise the mistake; the rest are counted.
_LISTED = 10

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


@dataclass(frozen=True)
class Pair:
    """An image and its label.

    Args:
        id: what both are called; see find_pairs.
        image: its file.
        label: its label file; None where only predictions are made.
    """

    id: str
    image: Path
    label: Path | None = None


def find_pairs(
    images: Files,
    labels: Files | None,
    *,
    image_suffix: str = "",
    label_suffix: str = "",
    ids: Iterable[str] | None = None,
) -> list[Pair]:
    """Pair images and labels that have the same id.

    The id of a file is its path below the folder, with "/" between folders, without its suffix
    and extension; in a list of files it is the name alone.

    Args:
        images: a folder, searched with all folders below it, or a list of files.
        labels: the same for labels; None = there are none.
        image_suffix: how the names of images end behind the id, with or without the file's
            extension: "_leftImg8bit", "_leftImg8bit.png", ".bmp". Other files are not images.
        label_suffix: the same for labels. If both are in one folder, a file belongs to the longer
            suffix that it has; if neither suffix is given there, PNGs are the labels.
        ids: pair only these; None = all.
    Returns:
        Pairs sorted by id. In folders, hidden files, hidden folders, links to folders and files
        that are not images are left out.
    Raises:
        PairingError: an image or label is missing, an id belongs to two images or two labels, a
            folder cannot be read, or there is no image. All offenders at once.
    """
    pairing = pair_files(
        _named_files("images", images),
        None if labels is None else _named_files("labels", labels),
        *(image_suffix, label_suffix, is_same_folder(images, labels)),
    )
    for what, twins in (("images", pairing.image_twins), ("labels", pairing.label_twins)):
        if twins:
            hint = (
                "Remove one of each, or distinguish them by suffix; in lists, ids are names alone."
            )
            got = some((f"{first} and {other}" for first, other in twins), _LISTED, "; ")
            raise PairingError("find_pairs", what, must="one file for each id", got=got, hint=hint)
    if not pairing.image_of:
        got = f"none in {images}" if isinstance(images, str | Path) else "none"
        ends = f", and do their names end in {image_suffix!r}" if image_suffix else ""
        must, hint = "at least one image file", f"Is it the right folder{ends}?"
        raise PairingError("find_pairs", "images", must=must, got=got, hint=hint)
    paired, without_label, without_image = pairing.of(ids)
    if without_label or without_image:
        raise _unpaired(pairing, paired, without_label, without_image)
    return [Pair(id, pairing.image_of[id], pairing.label_of[id]) for id in paired]


@dataclass(frozen=True)
class Pairing(Generic[File]):
    """Which images and labels have the same id.

    Args:
        image_of, label_of: id -> file, the first of those that have the id; label None where
            labels are not asked for.
        image_twins, label_twins: (first, other) of every other file with the same id.
    """

    image_of: dict[str, File]
    label_of: dict[str, File | None]
    image_twins: list[tuple[File, File]]
    label_twins: list[tuple[File, File]]

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


def pair_files(
    images: Iterable[tuple[str, File]],
    labels: Iterable[tuple[str, File]] | None,
    image_suffix: str,
    label_suffix: str,
    side_by_side: bool,
) -> Pairing[File]:
    """Pair files by the rules of find_pairs; what does not pair up is in the result.

    Args:
        images, labels: (name that the id is made of, file).
        image_suffix, label_suffix: as in find_pairs.
        side_by_side: images and labels are the files of one folder.
    """
    is_image, is_label = _matchers(image_suffix, label_suffix, side_by_side)
    image_of, image_twins = _by_id(images, is_image, image_suffix)
    if labels is None:
        return Pairing(image_of, dict.fromkeys(image_of), image_twins, [])
    label_of, label_twins = _by_id(labels, is_label, label_suffix)
    return Pairing(image_of, {**label_of}, image_twins, label_twins)


def _matchers(
    image_suffix: str, label_suffix: str, side_by_side: bool
) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """Which file names are images, and which are labels."""
    if not side_by_side:
        return lambda name: _ends(name, image_suffix), lambda name: _ends(name, label_suffix)
    if not image_suffix and not label_suffix:
        label_suffix = ".png"

    def is_label(name: str) -> bool:
        also_image = _ends(name, image_suffix) and len(image_suffix) >= len(label_suffix)
        return _ends(name, label_suffix) and not also_image

    return lambda name: _ends(name, image_suffix) and not is_label(name), is_label


def is_same_folder(images: Files | None, labels: Files | None) -> bool:
    """Whether images and labels lie side by side; lists and None are not folders."""
    if not isinstance(images, str | Path) or not isinstance(labels, str | Path):
        return False
    return os.path.realpath(images) == os.path.realpath(labels)


def _ends(name: str, suffix: str) -> bool:
    return name.endswith(suffix) or os.path.splitext(name)[0].endswith(suffix)


def _without_suffix(name: str, suffix: str) -> str:
    if suffix and name.endswith(suffix):
        return name.removesuffix(suffix)
    return os.path.splitext(name)[0].removesuffix(suffix)


def _by_id(
    files: Iterable[tuple[str, File]], is_wanted: Callable[[str], bool], suffix: str
) -> tuple[dict[str, File], list[tuple[File, File]]]:
    """The first wanted file of every id, and (first, other) of the others."""
    first: dict[str, File] = {}
    twins = []
    for name, file in files:
        if is_wanted(name):
            id = _without_suffix(name, suffix)
            if id in first:
                twins.append((first[id], file))
            else:
                first[id] = file
    return first, twins


def _named_files(what: str, files: Files) -> Iterator[tuple[str, Path]]:
    """(name that ids are made of, path) of every file of a folder or list."""
    if not isinstance(files, str | Path):
        paths = [Path(file) for file in files]
        missing = [path for path in paths if not os.path.isfile(path)]
        if missing:
            got = some(missing, _LISTED)
            raise PairingError("find_pairs", what, must="existing files", got=got)
        yield from ((path.name, path) for path in paths)
        return
    root = Path(files)
    if not os.path.isdir(root):
        raise PairingError("find_pairs", what, must="a folder or a list of files", got=root)
    try:
        yield from ((name, root / name) for name in walk_files(root, IMAGE_SUFFIXES))
    except OSError as error:
        got = f"{error.filename}: {error.strerror}"
        raise PairingError("find_pairs", what, must="a readable folder", got=got) from None


def _unpaired(
    pairing: Pairing[Path], paired: list[str], without_label: list[str], without_image: list[str]
) -> PairingError:
    parts, alone = [], list[str]()
    for rule, ids, file_of in (
        ("every image must have a label", without_label, pairing.image_of),
        ("every label must have an image", without_image, pairing.label_of),
    ):
        if ids:
            files = [str(file_of.get(id, id)) for id in ids]
            parts.append(f"{rule}, got {len(ids):,} without: {some(files, _LISTED)}")
            alone += files
    hint = _suggestion(without_label, without_image)
    error = PairingError("find_pairs", event=". ".join(parts), hint=hint)
    error.paired, error.unpaired = tuple(paired), tuple(alone)
    return error


def _suggestion(image_ids: list[str], label_ids: list[str]) -> str:
    """What would pair them: another form of their names, or a suffix for the first one."""
    if not image_ids or not label_ids or not set(image_ids).isdisjoint(label_ids):
        return "Ids must be equal, folders below included."
    for same, meaning in _LOOK_ALIKE:
        if not {same(key) for key in image_ids}.isdisjoint(same(key) for key in label_ids):
            return f"{meaning}: rename one of each."
    for suffix, short, long in (
        ("label_suffix", image_ids[0], label_ids),
        ("image_suffix", label_ids[0], image_ids),
    ):
        rest = {key.removeprefix(short) for key in long if key.startswith(short)}
        if len(rest) == 1:
            return f"Did you mean {setting(suffix, rest.pop())}?"
    return f"Images have ids such as {image_ids[0]!r}, labels such as {label_ids[0]!r}."
