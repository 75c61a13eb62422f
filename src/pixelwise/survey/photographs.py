"""The images of a folder that predict is given: photographs, never label files."""

import os
from contextlib import suppress
from pathlib import Path

from pixelwise.errors import ArgumentError, PixelwiseError, setting
from pixelwise.files.names import real_path
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.labels.description import FILE_NAME, read_description
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.survey.folder_names import IMAGE_FOLDERS, LABEL_FOLDERS
from pixelwise.text import plural

# Folders above the images that may be the dataset that they are of.
_ABOVE = 4


def photographs(
    folder: Path, prefix: str = "", suffix: str = "", where: str = "predict"
) -> list[Pair]:
    """The images in and below a folder.

    Args:
        folder: of images.
        prefix, suffix: of their names; other files are not images.
        where: the command.
    Raises:
        ArgumentError: there are label files among them.
        PairingError: there are none, or two of one id.
    """
    if (folder / FILE_NAME).is_file():
        hint = "Give the folder of its images."
        if where == "predict":  # others take no split
            data, split = setting("data", str(folder)), setting("split")
            hint = f"Give {data} and {split}, or the folder of its images."
        raise _refused(where, f"{folder}, a dataset with its labels", hint)
    named = _named_folders(folder)
    if named is not None:
        images, labels = named
        hint = f"Give the images alone: {setting('images', str(images))}."
        raise _refused(where, f"{folder}, which has labels too ({labels})", hint)
    pairs = find_pairs(folder, None, image_prefix=prefix, image_suffix=suffix)
    described = _described_labels(folder)
    found = [pair.image for pair in pairs if real_path(pair.image) in described]
    if found:
        got = f"{folder} with {plural(len(found), 'label file')}, such as {found[0]}"
        affixes = f"{setting('image_prefix')} and {setting('image_suffix')}"
        hint = f"Give the folder of its images, or what their names have: {affixes}."
        raise _refused(where, got, hint)
    return pairs


def _refused(where: str, got: str, hint: str) -> ArgumentError:
    return ArgumentError(where, "images", must="a folder of images alone", got=got, hint=hint)


def _named_folders(folder: Path) -> tuple[Path, Path] | None:
    """Two folders below, side by side, that are called like those of images and of labels."""
    for parent, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = {name.lower(): Path(parent, name) for name in folders}
        images = next((names[name] for name in IMAGE_FOLDERS if name in names), None)
        labels = next((names[name] for name in LABEL_FOLDERS if name in names), None)
        if images and labels and any(walk_files(labels, IMAGE_SUFFIXES)):
            return images, labels
    return None


def _described_labels(folder: Path) -> set[Path]:
    """The label files of the dataset that a folder is in."""
    folder = real_path(folder)
    root = next((p for p in folder.parents[:_ABOVE] if (p / FILE_NAME).is_file()), None)
    labels: set[Path] = set()
    with suppress(PixelwiseError):  # a dataset that cannot be read is not what is predicted
        description = read_description(root) if root else None
        for split in description.splits if description else ():
            pairs = description.pairs(split) if description else []
            labels |= {real_path(file) for pair in pairs for file in pair.label_files}
    return labels
