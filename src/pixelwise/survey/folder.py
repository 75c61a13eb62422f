"""Survey an unknown folder: what is in it, as a description with statements about it.

splits.py finds the images, labels and splits, values.py says what the stored values mean. Nothing
is written.
"""

from dataclasses import replace
from pathlib import Path

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.labels.image import image_size
from pixelwise.labels.png import label_size
from pixelwise.sample import sample
from pixelwise.survey.class_list import NOTHING_GIVEN, listed_classes
from pixelwise.survey.class_masks import survey_masks
from pixelwise.survey.complete_pairs import find_complete
from pixelwise.survey.conversion import folders_above
from pixelwise.survey.given import Given
from pixelwise.survey.known_classes import check_form, choose_classes
from pixelwise.survey.known_sets import known_of
from pixelwise.survey.pairing import check_folder
from pixelwise.survey.splits import find_layout
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Statement, Survey
from pixelwise.survey.values.meaning import meaning_of
from pixelwise.survey.values.sites import about_sites
from pixelwise.survey.values.stored import read_values
from pixelwise.survey.values.unusable import check_values
from pixelwise.survey.values.void import Meaning
from pixelwise.text import plural, shell_line

# All label files are read up to this number; of more, so many.
READ_FILES = 500
# Headers that are read to compare sizes.
SIZES_COMPARED = 100


def survey_folder(folder: Path | str, given: Given | None = None) -> Survey:
    """Conclude the classes, void, splits and task of a folder of images and labels.

    All label files are read; of more than 500, 500 of them.

    Args:
        folder: the folder of the dataset; only read.
        given: what a person has decided.
    Returns:
        Survey, whose description gives the pairs of each split.
    Raises:
        DatasetError: the folder is missing, or has no images with labels.
        PairingError: an image has no label, or a label no image.
        LabelError: labels are colour or lossy images, or cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        got = "a file" if root.exists() else "none"
        raise DatasetError(root, "dataset", must="an existing folder", got=got)
    check_folder(root)
    given = given or Given()
    masks = survey_masks(root, given)
    if masks is not None:
        return masks
    layout = find_layout(root, given)
    # the pairs are needed to find out the classes
    draft = Description(root, Classes(["unknown"]), layout.splits)
    found = find_complete(draft, layout.lists, given)
    labelled = {pair.label: pair.image for pair in found.pairs if pair.label is not None}
    read = some_of(list(labelled))
    meaning = guess_meaning(root, found.splits, read, given)
    were = "was" if len(read) == 1 else "were"
    statements = (
        *layout.statements,
        *found.told(root, meaning.classes),
        Statement(
            SURE,
            f"labels: {len(labelled):,}, of which {len(read):,} {were} read",
        ),
        *meaning.statements,
        Statement(SURE, f"task is {meaning.task}"),
        *_compare_sizes(root, [(labelled[label], label) for label in read[:SIZES_COMPARED]]),
    )
    questions = tuple(s.text for s in statements if s.sureness == OPEN)
    description = Description(root, meaning.classes, found.splits, meaning.task, questions)
    return Survey(description, statements, found.pairs, given, layout.lists)


def some_of(labels: list[Path]) -> list[Path]:
    """The labels that are read to learn what values there are."""
    return sample(labels, READ_FILES)


def guess_meaning(
    root: Path, splits: dict[str, Split], labels: list[Path], given: Given = NOTHING_GIVEN
) -> Meaning:
    """Guess the classes of label files from their values, and from files with names near them.

    Args:
        root: the folder of the dataset.
        splits: where labels are, relative to root; "train" or the first one is looked at.
        labels: the files to read, at least one.
        given: what a person decided.
    Raises:
        LabelError: most labels are colour or lossy images, or cannot be read, or hold values that
            are not those of classes; the message has the command that makes label images.
    """
    stored, read = read_values(root, labels, splits)
    split = splits.get("train") or next(iter(splits.values()))
    known = known_of(root, splits, labels)
    check_form(root, splits, known)
    folders = folders_above([root / (split.labels or "")], root)
    listed = listed_classes(root, folders, stored.seen, given)
    named, names = choose_classes(known, stored, *listed, folders, given)
    soft = check_values(root, splits, stored, named, given)
    meaning = meaning_of(stored, named, given)
    sites = about_sites(split, stored, given) if known is None else ()
    return replace(meaning, statements=(*sites, *read, *names, *soft, *meaning.statements))


def _compare_sizes(root: Path, files: list[tuple[Path, Path]]) -> list[Statement]:
    """Images and labels of different (height, width), by their headers."""
    differ, unread = [], list[str]()
    for image, label in files:
        try:
            (height, width), size = image_size(image), label_size(label)
        except PixelwiseError as error:
            unread.append(f"{Path(error.where).name}: {error.reason}".removesuffix("."))
        else:
            if (height, width) != size:
                shown = f"image {image.name} is {height} x {width} (height x width)"
                differ.append(f"{shown}, label {label.name} is {size[0]} x {size[1]}")
    number = plural(len(files), "pair")
    more = f"; for more: {shell_line(['pixelwise', 'audit', str(root)])}"
    notes = []
    if differ:
        have = "has" if len(differ) == 1 else "have"
        text = f"{len(differ):,} of {number} {have} sizes that differ: {differ[0]}{more}"
        notes.append(Statement(LIKELY, text))
    if unread:
        text = f"the header of an image or label cannot be read in {len(unread):,} of {number}"
        notes.append(Statement(LIKELY, f"{text}: {unread[0]}{more}"))
    return notes
