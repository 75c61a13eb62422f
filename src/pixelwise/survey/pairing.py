"""Which folder holds the images and which the labels, and by which suffixes their names pair up."""

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.labels.description import Split
from pixelwise.labels.png import read_label
from pixelwise.survey.folder_names import IMAGE_FOLDERS, LABEL_FOLDERS, SPLIT_NAMES
from pixelwise.weights.counts import count_values

# Of the several label files that some datasets have for an image, these hold classes.
CLASS_FILES = ("labelTrainIds", "labelIds")
# A suffix is tried only if it is among the most frequent ones of its folder.
TRIED_SUFFIXES = 8
# Files that are read to distinguish labels from images.
READ_TO_TELL = 3
# Among more folders without telling names a person would not guess either.
MOST_UNKNOWN_FOLDERS = 4
NOT_A_LABEL = 1 << 24


@dataclass(frozen=True)
class FolderPair:
    """A folder of images and one of labels, or one folder of both, whose names pair up.

    Args:
        images, labels: the folders.
        image_suffix, label_suffix: as in find_pairs.
        ids: of the pairs.
        by_name: both folders are called what such folders are called.
    """

    images: Path
    labels: Path
    image_suffix: str
    label_suffix: str
    ids: frozenset[str]
    by_name: bool

    def split(self, root: Path) -> Split:
        """This match as a split of a dataset in the folder root."""
        images, labels = (f.relative_to(root).as_posix() for f in (self.images, self.labels))
        return Split(images, labels, self.image_suffix, self.label_suffix)


def find_match(folder: Path) -> FolderPair | None:
    """The best match among the folders in a folder, or else side by side in the folder itself.

    Folders with telling names are preferred; without them it is the labels that can be read as
    label images and have fewer values. None if no two files pair up.
    """
    folders = subfolders(folder, needed=True)
    images, labels = _known(folders, IMAGE_FOLDERS), _known(folders, LABEL_FOLDERS)
    by_name = bool(images and labels)
    others = [f for f in folders if f not in (*images, *labels) and not _is_data_set(f)]
    if len(others) > MOST_UNKNOWN_FOLDERS:
        others = []
    candidates = product(images or others, labels or others)
    matches = [match_folders(i, label, by_name) for i, label in candidates if i != label]
    matches = [match for match in matches if match] or [
        match_folders(folder, folder, by_name=False)
    ]
    return max(filter(None, matches), key=lambda match: len(match.ids), default=None)


def image_folder(folder: Path) -> Path:
    """The folder of images in a folder, or else the folder itself."""
    return next(iter(_known(subfolders(folder), IMAGE_FOLDERS)), folder)


def subfolders(folder: Path, *, needed: bool = False) -> list[Path]:
    """The visible folders in a folder, by name.

    Raises:
        DatasetError: it cannot be listed and is needed; otherwise it has none then.
    """
    try:
        return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError as error:
        if needed:
            raise _unlisted(folder, error) from None
        return []


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be listed.

    Raises:
        DatasetError: the system does not allow it.
    """
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise _unlisted(folder, error) from None


def _unlisted(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(folder, "folder", must="readable", got=error.strerror or str(error))


def image_names(folder: Path) -> list[str]:
    """The image files in and below a folder, as paths relative to it."""
    return list(walk_files(folder, IMAGE_SUFFIXES))


def _is_data_set(folder: Path) -> bool:
    """Whether a folder has images and labels, or a split, of its own."""
    inside = subfolders(folder)
    pair = _known(inside, IMAGE_FOLDERS) and _known(inside, LABEL_FOLDERS)
    return bool(pair or _known(inside, SPLIT_NAMES["train"]))


def _known(folders: Iterable[Path], names: tuple[str, ...]) -> list[Path]:
    """The folders with one of the names, in the order of the names."""
    known = [folder for folder in folders if folder.name.lower() in names]
    return sorted(known, key=lambda folder: names.index(folder.name.lower()))


def match_folders(images: Path, labels: Path, by_name: bool) -> FolderPair | None:
    """The suffixes by which most names of two folders pair up; None if no two files do.

    Args:
        images, labels: the folders; one folder for both where they lie side by side.
        by_name: it is known which is which; otherwise the files decide.
    """
    for folder in (images, labels) if by_name else ():
        check_folder(folder)
    images_here, labels_here = image_names(images), image_names(labels)
    image_of, label_of = _names_by_suffix(images_here), _names_by_suffix(labels_here)
    matches = []
    for i, k in product(image_of, label_of):
        ids = _shared_ids(image_of[i], label_of[k], side_by_side=images == labels)
        matches += [FolderPair(images, labels, i, k, ids, by_name)] if ids else []
    best = max(matches, key=_quality, default=None)
    if best is None or by_name:
        return best
    # names alone prove nothing: half of the files must pair up, and one half must be labels
    files = {images / name for name in images_here} | {labels / name for name in labels_here}
    if 4 * len(best.ids) < len(files):
        return None
    some_ids = sorted(best.ids)[:READ_TO_TELL]
    image_values = _most_values(images / image_of[best.image_suffix][i] for i in some_ids)
    label_values = _most_values(labels / label_of[best.label_suffix][i] for i in some_ids)
    if min(image_values, label_values) == NOT_A_LABEL:
        return None
    return best if label_values <= image_values else _swapped(best)


def _names_by_suffix(names: list[str]) -> dict[str, dict[str, str]]:
    """suffix -> id -> name, for the suffixes that most names have, the shortest first.

    A suffix starts at the file's extension or at any "_" or "-" of its name; "" stands for any
    extension, if that leaves no two files with one id.
    """
    name_of: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        name_of[""][os.path.splitext(name)[0]] = name
        for i in range(name.rfind("/") + 2, len(name)):
            if name[i] in "_-.":
                name_of[name[i:]][name[:i]] = name
    if len(name_of[""]) < len(names):
        del name_of[""]
    common = sorted(name_of, key=lambda suffix: (-len(name_of[suffix]), len(suffix)))
    return {suffix: name_of[suffix] for suffix in common[:TRIED_SUFFIXES]}


def _shared_ids(
    image_of: dict[str, str], label_of: dict[str, str], side_by_side: bool
) -> frozenset[str]:
    ids = frozenset(image_of).intersection(label_of)
    if not side_by_side:
        return ids
    # one and the same file may have an id by either suffix
    return frozenset(i for i in ids if image_of[i] != label_of[i])


def _quality(match: FolderPair) -> tuple[int, bool, int]:
    """More pairs are better, then label files known to hold classes, then short suffixes."""
    holds_classes = any(name in match.label_suffix for name in CLASS_FILES)
    return len(match.ids), holds_classes, -len(match.image_suffix + match.label_suffix)


def _most_values(paths: Iterable[Path]) -> int:
    """The most different values in one of the files; NOT_A_LABEL if all are colour or lossy."""
    numbers = []
    for path in paths:
        with suppress(PixelwiseError):
            numbers.append(len(count_values(read_label(path))[0]))
    return max(numbers, default=NOT_A_LABEL)


def _swapped(match: FolderPair) -> FolderPair:
    return replace(
        match,
        images=match.labels,
        labels=match.images,
        image_suffix=match.label_suffix,
        label_suffix=match.image_suffix,
    )
