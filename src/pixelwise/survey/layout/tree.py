"""The image files of each folder below a folder, and the files that may be lists."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.files.walk import ARRAY_SUFFIX, IMAGE_SUFFIXES, walk_files
from pixelwise.labels.description import FILE_NAME
from pixelwise.survey.folder_names import words_of

# A folder by the names of the folders that lead to it.
Parts = tuple[str, ...]

# Folders of archives, systems and programs.
_JUNK = frozenset(("__MACOSX", "__pycache__", "@eaDir", "lost+found", "$RECYCLE.BIN"))
# Lists that init writes beside its dataset.toml.
_OURS = tuple(f"{split}-ids.txt" for split in ("train", "val", "test"))
LIST_SUFFIXES = (".txt", ".lst", ".csv")
_ARRAYS = (".npy", ".npz", ".mat")


@dataclass(frozen=True)
class Tree:
    """The files below a folder that matter to a survey.

    Args:
        root: the folder.
        folders: names of the image files of each folder, sorted.
        texts: names of files that may be lists, relative to the root.
        arrays: number of files with arrays in each folder.
    """

    root: Path
    folders: dict[Parts, list[str]]
    texts: list[str] = field(default_factory=list)
    arrays: dict[Parts, int] = field(default_factory=dict)

    @cached_property
    def children(self) -> dict[Parts, set[str]]:
        """Names of the folders in each folder that have image files in or below them."""
        found: dict[Parts, set[str]] = defaultdict(set)
        for parts in self.folders:
            for depth, name in enumerate(parts):
                found[parts[:depth]].add(name)
        return found

    @property
    def number(self) -> int:
        """Of image files."""
        return sum(map(len, self.folders.values()))

    def names(self) -> Iterator[str]:
        """Of all image files, relative to the root."""
        for parts, names in self.folders.items():
            yield from (joined(parts, name) for name in names)


def read_tree(root: Path) -> Tree:
    """Walk a folder once.

    Raises:
        DatasetError: it, or a folder of images or labels in it, cannot be listed.
    """
    folders: dict[Parts, list[str]] = defaultdict(list)
    array_images: dict[Parts, list[str]] = defaultdict(list)
    is_ours = (root / FILE_NAME).is_file()
    texts, arrays, failures = list[str](), dict[Parts, int](), list[OSError]()
    for name in walk_files(root, failures=failures):
        *parts, last = name.split("/")
        if not _JUNK.isdisjoint(parts):
            continue
        suffix = last[last.rfind(".") :].lower()
        if suffix in IMAGE_SUFFIXES:
            folders[tuple(parts)].append(last)
        elif name in _OURS and is_ours:
            continue
        elif suffix in LIST_SUFFIXES or (suffix == ".json" and "split" in last.lower()):
            texts.append(name)
        elif suffix in _ARRAYS:
            arrays[tuple(parts)] = arrays.get(tuple(parts), 0) + 1
            if suffix == ARRAY_SUFFIX and _holds_images(parts):
                array_images[tuple(parts)].append(last)
    for found, names in array_images.items():
        if found not in folders and len(names) == arrays[found]:
            folders[found] = names
            del arrays[found]
    for error in failures:
        folder = Path(error.filename or root)
        words = words_of(folder.name)
        if folder == root or words.is_image or words.is_label or words.split:
            got = error.strerror or str(error)
            raise DatasetError(folder, "folder", must="readable", got=got)
    return Tree(root, dict(folders), texts, arrays)


def _holds_images(parts: Sequence[str]) -> bool:
    """Whether a folder, or one around those of its splits, has a word for images."""
    for part in reversed(parts):
        words = words_of(part)
        if words.is_image or words.is_label or not words.split:
            return words.is_image
    return False


def joined(parts: Iterable[str], name: str = "") -> str:
    """A path with "/" between folders; "." for the root itself."""
    return "/".join((*parts, *([name] if name else []))) or "."
