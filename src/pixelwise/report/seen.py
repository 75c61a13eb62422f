"""The pictures of what a network saw in training, from the run folder around a score."""

import os
from pathlib import Path
from typing import Any

from pixelwise.files.results import read_record
from pixelwise.logs.example_pictures import INDEX, MOST, Examples, find_examples, names_of
from pixelwise.report.pictures import Picture, read_photo


def seen(folders: list[Path]) -> dict[str, Any]:
    """Image and label of the examples of a run, or none.

    Args:
        folders: that may be the run.
    Raises:
        RunError: examples.json is damaged.
    """
    folder = find_examples(folders)
    if folder is None:
        return {"seen": []}
    examples = read_record(Examples, folder / INDEX).examples[:MOST]
    pictures = []
    for number, example in enumerate(examples, 1):
        of = f"{example.id} with a class of {example.pasted}" if example.pasted else example.id
        for file, what in zip(names_of(number), ("Image", "Label")):
            picture, _ = read_photo(file, folder, lambda name: is_in(folder, name))
            text = f"{what} of a crop of {of}." if picture.data else picture.text
            pictures.append(
                Picture(f"{number} {what.lower()}: {of}", text, picture.data, picture.size)
            )
    return {"seen": pictures}


def is_in(folder: Path, name: str) -> bool:
    """Whether a file, links followed, is in a folder: a run may be anybody's."""
    return os.path.dirname(os.path.realpath(folder / name)) == os.path.realpath(folder)
