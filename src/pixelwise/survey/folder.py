"""Look at an unknown folder and guess its description; the guess behind `pixelwise init`.

layout.py finds the images, labels and splits, stored.py says what the stored values mean. Nothing
is written.
"""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.labels.image import image_size
from pixelwise.labels.png import label_size, read_label
from pixelwise.survey.splits import find_layout
from pixelwise.survey.values import (
    GUESS,
    LIKELY,
    SURE,
    Meaning,
    Note,
    Stored,
    meaning_of,
)
from pixelwise.weights.counts import count_values

# All label files are read up to this number; of more, so many evenly spaced ones.
READ_FILES = 500
CLASS_FILES = (
    *("classes.toml", "classes.json", "classes.txt", "class_names.txt", "labels.txt"),
    *("label_names.txt", "names.txt"),
)
# Headers that are read to compare sizes.
SIZES_COMPARED = 100
# Labels that are kept like those of a known dataset, and have most of its classes.
KNOWN_DATASETS = {
    ("SegmentationClass", ""): "voc",
    ("SegmentationClassAug", ""): "voc",
    ("gtFine", "labelTrainIds"): "cityscapes",
    ("gtFine", "labelIds"): "cityscapes_ids",
}


@dataclass(frozen=True)
class Look:
    """What a look at a folder concludes.

    Args:
        description: ready to be used, or to be written by write_description.
        notes: every conclusion in words, ending in "(sure)", "(likely)" or "(a guess, check it)".
        unsure: those of the notes that are not sure.
    """

    description: Description
    notes: tuple[str, ...]
    unsure: tuple[str, ...]


def look(folder: Path | str) -> Look:
    """Guess the classes, void, splits and task of a folder of images and labels.

    All label files are read; of more than 500, 500 evenly spaced ones.

    Args:
        folder: the folder of the dataset; only read.
    Returns:
        Look, whose description gives the pairs of each split.
    Raises:
        DatasetError: the folder is missing, or has no images with labels.
        PairingError: an image has no label, or a label no image.
        LabelError: labels are colour or lossy pictures, or cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        got = "a file" if root.exists() else "none"
        raise DatasetError(root, "dataset", must="an existing folder", got=got)
    layout = find_layout(root)
    # the pairs are needed to find out the classes
    draft = Description(root, Classes(["unknown"]), layout.splits)
    pairs = [pair for split in layout.splits for pair in draft.pairs(split)]
    labelled = {pair.label: pair.image for pair in pairs if pair.label is not None}
    read = some_of(list(labelled))
    try:
        meaning = guess_meaning(root, layout.splits["train"], read)
    except LabelError as error:
        commands = " && ".join(convert_commands(root, layout.splits))
        hint = f"If they are colours, make label images of them first: {commands}"
        raise LabelError(f"{error} {hint}") from None
    description = replace(draft, classes=meaning.classes, task=meaning.task)
    notes = [
        *layout.notes,
        (SURE, f"labels: {len(labelled):,}, of which {len(read):,} were read"),
        *meaning.notes,
        (SURE, f"task is {meaning.task}"),
        *_size_notes([(labelled[label], label) for label in read[:SIZES_COMPARED]]),
    ]
    said = [(sureness, f"{text} ({sureness})") for sureness, text in notes]
    unsure = tuple(text for sureness, text in said if sureness != SURE)
    return Look(description, tuple(text for _, text in said), unsure)


def some_of(labels: list[Path]) -> list[Path]:
    """The labels that are read to learn what values there are: all, or evenly spaced ones."""
    return labels[:: max(1, -(-len(labels) // READ_FILES))]


def guess_meaning(root: Path, split: Split, labels: list[Path]) -> Meaning:
    """Guess the classes of label files from their values, and from files with names near them.

    Args:
        root: the folder of the dataset.
        split: where labels are, relative to root.
        labels: the files to read, at least one.
    Raises:
        LabelError: most labels are colour or lossy pictures, or cannot be read.
    """
    stored, read_notes = _read_values(root, labels)
    named, name_notes = _named_classes(root, split, stored)
    meaning = meaning_of(stored, named)
    return replace(meaning, notes=(*read_notes, *name_notes, *meaning.notes))


def _read_values(root: Path, paths: list[Path]) -> tuple[Stored, list[Note]]:
    """The stored values of label files; a few that cannot be read are left to the audit."""
    files, wide, failures = [], False, []
    for path in paths:
        try:
            label = read_label(path)
        except PixelwiseError as error:
            failures.append(str(error))
        else:
            files.append(frozenset(count_values(label)[0].tolist()))
            wide = wide or label.dtype.itemsize > 1
    stored = Stored(tuple(files), wide)
    if not failures:
        return stored, []
    first = failures[0].split(". ")[0].removesuffix(".")  # without what to do about one file
    got = f"{len(failures):,} of {len(paths):,} that are not: {first}"
    if len(failures) < len(files):
        return stored, [(GUESS, f"labels should be label images, got {got}")]
    raise LabelError(root, "labels", must="readable as label images", got=got)


def convert_commands(root: Path, splits: dict[str, Split]) -> list[str]:
    """The command lines that turn the colour labels of a folder into label images.

    One for all of its splits if they lie in the same folders, else one for each.
    """
    out = root.parent / f"{root.resolve().name}-converted"
    commands: dict[tuple[str, str], str] = {}
    for name, split in splits.items():
        if split.labels is None or (split.images, split.labels) in commands:
            continue
        words = ["pixelwise", "convert", root / split.labels, "--images", root / split.images]
        for option in ("image_suffix", "label_suffix"):
            if getattr(split, option):
                words += [f"--{option.replace('_', '-')}", getattr(split, option)]
        words += ["--out", out, "--split", name]
        commands[split.images, split.labels] = shlex.join(map(str, words))
    if len(commands) == 1:
        return [command.rpartition(" --split ")[0] for command in commands.values()]
    return list(commands.values())


def _named_classes(root: Path, split: Split, stored: Stored) -> tuple[Classes | None, list[Note]]:
    """Classes from a file of names, or of the known dataset that this looks like."""
    labels = Path(split.labels or "")
    folders = dict.fromkeys([root, root / labels, *(root / above for above in labels.parents)])
    for file in (folder / name for folder in folders for name in CLASS_FILES):
        if not file.is_file():
            continue
        try:
            classes = Classes.load(file)
        except PixelwiseError as error:
            return None, [(GUESS, f"{file.name} is no list of classes: {error}")]
        if any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in classes.names):
            return None, [(GUESS, f"{file.name} is no list of classes: it names pictures")]
        return classes, [(SURE, f"class names are from {file.relative_to(root).as_posix()}")]
    return _known_dataset(labels, split.label_suffix, stored)


def _known_dataset(
    labels: Path, label_suffix: str, stored: Stored
) -> tuple[Classes | None, list[Note]]:
    for (folder, version), name in KNOWN_DATASETS.items():
        if folder in labels.parts and version in label_suffix:
            classes = Classes.named(name)
            try:
                index = classes.to_index(stored.seen)
            except LabelError:
                return None, []
            seen = set(index.tolist()) - {classes.ignore_index}
            if 2 * len(seen) >= len(classes):
                return classes, [(LIKELY, f"classes are those of {name}, by folder and values")]
    return None, []


def _size_notes(files: list[tuple[Path, Path]]) -> list[Note]:
    """Images and labels of different (height, width), by their headers."""
    differ = []
    for image, label in files:
        try:
            sizes = image_size(image), label_size(label)
        except PixelwiseError as error:
            differ.append(str(error).removesuffix("."))
        else:
            if sizes[0] != sizes[1]:
                differ.append(f"{image.name} is {sizes[0]}, {label.name} is {sizes[1]}")
    if not differ:
        return []
    return [(GUESS, f"{len(differ)} of {len(files)} labels do not fit their image: {differ[0]}")]
