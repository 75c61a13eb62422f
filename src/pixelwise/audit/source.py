"""What an audit is given becomes a description: that of dataset.toml, or a guess."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.audit.inventory import Inventory, take_inventory
from pixelwise.errors import DatasetError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, Split, read_description
from pixelwise.survey.conversion import convert_commands
from pixelwise.survey.folder import guess_meaning, some_of
from pixelwise.survey.splits import find_layout
from pixelwise.text import shell_line


@dataclass(frozen=True)
class Source:
    """What is audited.

    Args:
        description: the dataset.
        inventory: its files.
        guessed: classes were guessed from the values of the labels.
        known: classes are known at all; False if no label could be read.
        notes: what could not be judged, each a sentence.
        first: the command that writes its dataset.toml; "" if it has one.
        instead: the commands that make label images of its labels; "" if they are ones.
    """

    description: Description
    inventory: Inventory
    guessed: bool = False
    known: bool = True
    notes: tuple[str, ...] = ()
    first: str = ""
    instead: str = ""

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return sum(files.label is not None for files in self.inventory.pairs)


def open_source(dataset: Description | Path | str) -> Source:
    """The description and the files of a dataset.

    Args:
        dataset: a description, a dataset.toml, or a folder with or without one.
    Raises:
        DatasetError: the folder is missing, its dataset.toml is wrong, or there is nothing in it.
    """
    if isinstance(dataset, Description):
        return Source(dataset, take_inventory(dataset))
    path = Path(dataset)
    if path.is_file() or (path / FILE_NAME).is_file() or not path.is_dir():
        return open_source(read_description(path))
    try:
        splits = find_layout(path).splits
    except DatasetError:
        splits = {}
        description = Description(path, Classes(["unknown"]), splits)
        return Source(description, take_inventory(description), guessed=True, known=False)
    return _guessed(Description(path, Classes(["unknown"]), splits))


def folders_as_description(images: Path, labels: Path) -> Description:
    """A folder of images and one of labels as a dataset of one split, its classes not known."""
    try:
        root = Path(os.path.commonpath([os.path.abspath(images), os.path.abspath(labels)]))
    except ValueError as reason:  # two drives of Windows
        got = f"{images} and {labels} ({reason})"
        raise DatasetError("audit", "labels", must="on the drive of the images", got=got) from None
    relative = [os.path.relpath(folder, root) for folder in (images, labels)]
    split = Split(Path(relative[0]).as_posix(), Path(relative[1]).as_posix())
    return Description(root, Classes(["unknown"]), {"all": split})


def open_folders(images: Path, labels: Path) -> Source:
    """Two folders as a source, its classes guessed.

    Raises:
        DatasetError: a folder is missing.
    """
    draft = folders_as_description(images, labels)
    split = draft.splits["all"]
    return _guessed(draft, "--images", split.images, "--labels", str(split.labels))


def _guessed(draft: Description, *options: str) -> Source:
    first = shell_line(["pixelwise", "init", str(draft.root), *options])
    inventory = take_inventory(draft)
    names = [files.label for files in inventory.pairs if files.label is not None]
    labels = some_of([Path(inventory.path(name)) for name in names])
    note = f"whether values are classes (V4, V6, V7, V11): there is no {FILE_NAME}"
    source = Source(draft, inventory, guessed=True, known=False, first=first)
    if not labels:
        return source
    try:
        meaning = guess_meaning(Path(draft.root), draft.splits, labels)
    except LabelError:
        instead, _ = convert_commands(Path(draft.root), draft.splits, labels)
        return replace(source, notes=(note,), instead=instead)
    description = replace(draft, classes=meaning.classes, task=meaning.task)
    return replace(source, description=description, known=True, notes=(note,))
