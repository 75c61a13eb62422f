"""What an audit is given becomes a description: that of dataset.toml, or a guess."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixelwise.audit.inventory import Inventory, take_inventory
from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import (
    FILE_NAME,
    Description,
    Split,
    read_description,
)
from pixelwise.settings import flag
from pixelwise.survey.ask import question_lines
from pixelwise.survey.folder import guess_meaning, some_of, survey_folder
from pixelwise.survey.given import Given
from pixelwise.survey.splits import find_layout
from pixelwise.survey.statements import Survey
from pixelwise.text import shell_line

NOTHING = Given()
# what works where classes overlap, in place of a repair
NOT_REPAIRED = (
    "audit lists the findings of each class; convert --task multilabel makes labels anew."
)


@dataclass(frozen=True)
class Source:
    """What is audited.

    Args:
        description: the dataset.
        inventory: its files.
        guessed: there is no dataset.toml, and classes were guessed from the values of the labels.
        known: classes are known at all; False if no label could be read.
        notes: what could not be judged, each a sentence.
        first: the command that writes its dataset.toml; "" if it has one.
        instead: the commands that make label images of its labels; "" if they are ones.
        survey: what is known of a folder without dataset.toml; None if it has one, or if too little
            is known to write one.
        refused: why its labels are no label images, and what to do; () if they are.
    """

    description: Description
    inventory: Inventory
    guessed: bool = False
    known: bool = True
    notes: tuple[str, ...] = ()
    first: str = ""
    instead: str = ""
    survey: Survey | None = None
    refused: tuple[str, ...] = ()

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return sum(files.label is not None for files in self.inventory.pairs)

    def questions(self) -> tuple[str, ...]:
        """The lines of what has to be decided before the dataset is used, with the commands."""
        if self.survey is not None and self.survey.open:
            survey, root = self.survey, Path(self.description.root)
            return tuple(question_lines(root, survey.open, survey.given.options()))
        if self.description.open:
            return (*self.description.open, f"The commands that answer are in {FILE_NAME}.")
        return ()


def open_source(dataset: Description | Path | str) -> Source:
    """The description and the files of a dataset.

    Args:
        dataset: a description, a dataset.toml, or a folder with or without one.
    Raises:
        DatasetError: the folder is missing, its dataset.toml is wrong, or there is nothing in it.
    """
    if isinstance(dataset, Description):
        overlap = dataset.task == MULTILABEL
        return Source(dataset, take_inventory(without_labels(dataset) if overlap else dataset))
    path = Path(dataset)
    if path.is_file() or (path / FILE_NAME).is_file() or not path.is_dir():
        return open_source(read_description(path))
    return _surveyed(path)


def without_labels(description: Description) -> Description:
    """The images of a dataset alone."""
    splits = {
        name: replace(split, labels=None, label_prefix="", label_suffix="", missing="error")
        for name, split in description.splits.items()
    }
    none = Classes(["unknown"])
    return replace(description, classes=none, splits=splits, task="multiclass", exclusive=())


def folders_as_description(images: Path, labels: Path, **affixes: Any) -> Description:
    """A folder of images and one of labels as a dataset of one split, its classes not known."""
    try:
        root = Path(os.path.commonpath([os.path.abspath(images), os.path.abspath(labels)]))
    except ValueError as reason:  # two drives of Windows
        got = f"{images} and {labels} ({reason})"
        raise DatasetError("audit", "labels", must="on the drive of the images", got=got) from None
    relative = [os.path.relpath(folder, root) for folder in (images, labels)]
    split = Split(Path(relative[0]).as_posix(), Path(relative[1]).as_posix(), **affixes)
    return Description(root, Classes(["unknown"]), {"all": split})


def open_folders(images: Path, labels: Path, **affixes: Any) -> Source:
    """Two folders as a source, its classes guessed.

    Args:
        images, labels: the folders.
        affixes: of the names in them, as in a split: image_prefix="image_".
    Raises:
        DatasetError: a folder is missing.
    """
    draft = folders_as_description(images, labels, **affixes)
    split = draft.splits["all"]
    decided = {name: text for name, text in affixes.items() if text}
    given = Given(images=Path(split.images), labels=Path(str(split.labels)), **decided)
    return _surveyed(Path(draft.root), given, draft.splits)


def _surveyed(root: Path, given: Given = NOTHING, splits: dict[str, Split] | None = None) -> Source:
    """A folder without dataset.toml.

    Args:
        root: the folder.
        given: what a person decided.
        splits: what is audited; None = the splits that are found.
    """
    survey = failure = None
    lists: Mapping[str, tuple[str, ...]] = {}
    try:
        survey = survey_folder(root, given)
    except PixelwiseError as error:
        failure = error
    if splits is None and survey is not None:
        # nobody has decided that files are left out
        found = survey.description.splits
        splits = {name: replace(split, unpaired="error") for name, split in found.items()}
        lists = survey.lists
    elif splits is None:
        try:
            layout = find_layout(root)
            splits, lists = layout.splits, layout.lists
        except DatasetError:
            empty = Description(root, Classes(["unknown"]), {})
            return Source(empty, take_inventory(empty), guessed=True, known=False)
    options = (word for name, value in given.options().items() for word in (flag(name), str(value)))
    first = shell_line(["pixelwise", "init", str(root), *options])
    if survey is not None and survey.description.task == MULTILABEL:
        return replace(open_source(survey.description), survey=survey, first=first)
    draft = Description(root, Classes(["unknown"]), splits)
    inventory = take_inventory(draft, lists)
    source = Source(draft, inventory, True, False, first=first, survey=survey)
    note = f"whether values are classes (V4, V6, V7, V11): there is no {FILE_NAME}"
    if survey is not None:
        described = survey.description
        draft = replace(draft, classes=described.classes, task=described.task)
        return replace(source, description=draft, known=True, notes=(note,))
    names = [files.label for files in inventory.pairs if files.label is not None]
    labels = some_of([Path(inventory.path(name)) for name in names])
    if not labels:
        return source
    source = replace(source, notes=(note,))
    try:
        if isinstance(failure, LabelError):
            raise failure
        meaning = guess_meaning(root, splits, labels)
    except LabelError as error:
        instead = error.command
        refused = (f"{error.without_hint}.", error.hint)
        return replace(source, instead=instead, refused=tuple(filter(None, refused)))
    draft = replace(draft, classes=meaning.classes, task=meaning.task)
    return replace(source, description=draft, known=True)
