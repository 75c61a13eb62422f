"""Find which label belongs to which image: the same name, each exactly once."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.errors import PairingError

# Endings of the pictures that are looked for in folders.
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
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

Files = Path | str | Sequence[Path | str]


@dataclass(frozen=True)
class Pair:
    """An image and its label; label is None where only predictions are made."""

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
    and ending; in a list of files it is the name alone.

    Args:
        images: a folder, searched with all folders below it, or a list of files.
        labels: the same for labels; None = there are none.
        image_suffix: how the names of images end behind the id, with or without the file's
            ending: "_leftImg8bit", "_leftImg8bit.png", ".bmp". Other files are no images.
        label_suffix: the same for labels. If both are in one folder, a file belongs to the longer
            suffix that it has; if neither suffix is given there, PNGs are the labels.
        ids: pair only these; None = all.
    Returns:
        Pairs sorted by id. In folders, hidden files, hidden folders, links to folders and files
        that are no pictures are left out.
    Raises:
        PairingError: an image or label is missing, an id belongs to two images or two labels, a
            folder cannot be read, or there is no image. All offenders at once.
    """
    is_image, is_label = matchers(images, labels, image_suffix, label_suffix)
    image_of = _by_id("images", images, is_image, image_suffix)
    if labels is None:
        label_of: dict[str, Path | None] = dict.fromkeys(image_of)
    else:
        label_of = dict(_by_id("labels", labels, is_label, label_suffix))
    if not image_of:
        hint = "Is it the right folder, and do their names end in image_suffix?"
        raise PairingError(
            "find_pairs", "images", must="at least one picture", got="none", hint=hint
        )

    wanted = sorted(set(image_of) | set(label_of) if ids is None else set(ids))
    without_image = [key for key in wanted if key not in image_of]
    without_label = [key for key in wanted if key not in label_of]
    if without_image or without_label:
        raise PairingError(_unpaired(without_image, without_label, image_of, label_of))
    return [Pair(key, image_of[key], label_of[key]) for key in wanted]


def matchers(
    images: Files, labels: Files | None, image_suffix: str, label_suffix: str
) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """Which file names are images, and which are labels."""
    if not _is_same_folder(images, labels):
        return lambda name: _ends(name, image_suffix), lambda name: _ends(name, label_suffix)
    if not image_suffix and not label_suffix:
        label_suffix = ".png"

    def is_label(name: str) -> bool:
        also_image = _ends(name, image_suffix) and len(image_suffix) >= len(label_suffix)
        return _ends(name, label_suffix) and not also_image

    return lambda name: _ends(name, image_suffix) and not is_label(name), is_label


def _is_same_folder(images: Files, labels: Files | None) -> bool:
    if not isinstance(images, str | Path) or not isinstance(labels, str | Path):
        return False
    return os.path.realpath(images) == os.path.realpath(labels)


def _ends(name: str, suffix: str) -> bool:
    return name.endswith(suffix) or os.path.splitext(name)[0].endswith(suffix)


def without_suffix(name: str, suffix: str) -> str:
    if suffix and name.endswith(suffix):
        return name.removesuffix(suffix)
    return os.path.splitext(name)[0].removesuffix(suffix)


def _by_id(
    what: str, files: Files, is_wanted: Callable[[str], bool], suffix: str
) -> dict[str, Path]:
    """Every wanted file by its id; two files with one id are an error."""
    found: dict[str, list[Path]] = {}
    for name, path in _named_files(what, files):
        if is_wanted(name):
            found.setdefault(without_suffix(name, suffix), []).append(path)
    twice = [" and ".join(map(str, paths)) for paths in found.values() if len(paths) > 1]
    if twice:
        hint = "Remove one of each, or tell them apart by suffix; in lists, ids are names alone."
        constraint = "one file for each id"
        raise PairingError("find_pairs", what, must=constraint, got=_listed(twice, "; "), hint=hint)
    return {key: path for key, (path,) in found.items()}


def _named_files(what: str, files: Files) -> Iterator[tuple[str, Path]]:
    """(name that ids are made of, path) of every file of a folder or list."""
    if isinstance(files, str | Path):
        yield from _walk(what, Path(files))
        return
    paths = [Path(file) for file in files]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise PairingError("find_pairs", what, must="existing files", got=_listed(missing))
    yield from ((path.name, path) for path in paths)


def _walk(what: str, root: Path) -> Iterator[tuple[str, Path]]:
    if not root.is_dir():
        raise PairingError("find_pairs", what, must="a folder or a list of files", got=str(root))

    def refuse(error: OSError) -> None:
        raise PairingError(
            "find_pairs", what, must="a readable folder", got=f"{error.filename}: {error.strerror}"
        )

    # links to folders are not followed: they can lead in circles
    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(folder).relative_to(root)
        for name in sorted(names):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURES:
                yield (below / name).as_posix(), Path(folder, name)


def _unpaired(
    without_image: list[str],
    without_label: list[str],
    image_of: dict[str, Path],
    label_of: dict[str, Any],
) -> str:
    parts = []
    if without_label:
        shown = [str(image_of.get(key, key)) for key in without_label]
        parts.append(f"every image must have a label, got {len(shown)} without: {_listed(shown)}.")
    if without_image:
        shown = [str(label_of.get(key, key)) for key in without_image]
        parts.append(f"every label must have an image, got {len(shown)} without: {_listed(shown)}.")
    return f"find_pairs: {' '.join(parts)} {_suggestion(without_label, without_image)}".rstrip()


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
            return f"Did you mean {suffix}={rest.pop()!r}?"
    return f"Images have ids such as {image_ids[0]!r}, labels such as {label_ids[0]!r}."


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    more = len(items) - _LISTED
    return separator.join(items[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
