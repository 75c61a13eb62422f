"""Formats that describe many images in one file: a folder may have one such file for each split.

train/_annotations.coco.json, valid/...                     the folder says the split
annotations/instances_train2017.json, instances_val2017.json    the name of the file says it

Files that say no split are one data set together; ids tell their images apart.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from os.path import isdir
from pathlib import Path
from typing import Any, NamedTuple

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import files_below, json_files, split_word
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Item
from pixelwise.errors import DatasetError
from pixelwise.text import some

# Beginning of the name of a file whose folder says the split.
_OF_FOLDER = "_annotations."


class SplitFile(NamedTuple):
    """One annotation file.

    Args:
        path: of the file.
        content: its value.
        split: "train", "val" or "test"; "" = it is all there is, or no file says a split.
        prefix: what goes before the ids of its images, with "/" at its end; "" = nothing.
    """

    path: Path
    content: Any
    split: str
    prefix: str

    def id_of(self, id: str) -> str:
        """The id of one of its images in the whole data set."""
        first = id.partition("/")
        if self.split and first[1] and split_word(first[0]) == self.split:
            return f"{self.split}/{first[2]}"
        return f"{self.prefix}{id}"


def split_files(
    config: ConvertConfig, reading: Reading, fits: Callable[[Any], bool], name: str
) -> list[SplitFile]:
    """The annotation files of a source, with what they say.

    Args:
        config: the source, a file or a folder.
        reading: reads them.
        fits: whether the value of a JSON file is of the format.
        name: of the format, for messages.
    Raises:
        DatasetError: there is none, or only some say which split they are.
    """
    if not isdir(config.source):
        split = _split_of_one(config, reading.folder)
        prefix = f"{split}/" if split else ""
        return [SplitFile(config.source, reading.json(config.source), split, prefix)]
    names = [name for name, _ in files_below(config.source, [".json"])]
    values = ((path, reading.json(path)) for path in json_files(config.source, names))
    found = sorted((path, value) for path, value in values if fits(value))
    if not found:
        must, got = f"a folder with JSON of {name}", f"none in {len(names)} files"
        raise DatasetError(config.source, "source", must=must, got=got)
    if len(found) == 1:
        return [SplitFile(*found[0], "", "")]
    splits = [_split_of(path.relative_to(config.source)) for path, _ in found]
    if config.split is not None or not any(splits):
        splits = [""] * len(found)
    unsaid = [path.relative_to(config.source) for (path, _), s in zip(found, splits) if not s]
    if any(splits) and unsaid:
        must = "files that say which split they are (train, val or test), or none that does"
        got = f"{some(unsaid)} beside others"
        raise DatasetError(config.source, "source", must=must, got=got, hint="Name one of them.")
    times = Counter(splits)
    files = []
    for (path, value), split in zip(found, splits):
        parts = [split] if split else []
        if times[split] > 1:
            parts += [p for p in path.relative_to(config.source).parts[:-1] if not split_word(p)]
        files.append(SplitFile(path, value, split, "".join(f"{part}/" for part in parts)))
    return files


def _split_of_one(config: ConvertConfig, folder: Path | None) -> str:
    """ "val" or "test" if the only file says so; what is train alone is split by folds."""
    path, named = config.source, config.source.name.startswith(_OF_FOLDER)
    if config.split is not None or not (named or (folder and path.is_relative_to(folder))):
        return ""
    below = path.relative_to(folder) if folder else Path(path.parent.name, path.name)
    split = _split_of(below)
    return "" if split == "train" else split


def notes_of(config: ConvertConfig, files: list[SplitFile]) -> list[str]:
    """What is said about several files."""
    if len(files) == 1:
        return [f"all of it is {files[0].split}"] * bool(files[0].split)
    if not files[0].split:
        return [f"{len(files):,} annotation files are one data set"]
    named = (f"{file.split}: {file.path.relative_to(config.source)}" for file in files)
    return [f"splits are annotation files: {some(named)}"]


def shared_images(items: Sequence[Item]) -> list[str]:
    """That files list the same images, so that what is trained on is in other splits too."""
    times = Counter(item.image for item in items if item.image is not None)
    shared = sum(number > 1 for number in times.values())
    return [f"{shared:,} images are in several annotation files"] * bool(shared)


def _split_of(path: Path) -> str:
    """The split that the name of a file says, or the nearest folder."""
    return next(
        (word for part in (path.stem, *path.parts[-2::-1]) if (word := split_word(part))), ""
    )
