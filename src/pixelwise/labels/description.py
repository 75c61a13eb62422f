"""dataset.toml <-> Description: the classes and splits that every command is given.

task = "multiclass"              # or "binary": background and foreground, one sigmoid channel
ignore_index = 255               # optional
ignore_values = [11]             # optional: stored values that are void
open = ["is 255 void?"]          # optional: questions to be answered before the file is used

[[classes]]
name = "sky"
value = 0                        # optional: a stored value, a list of them, or "other"
color = [128, 128, 128]          # optional

[images]                         # optional: not RGB of 8 bits, see bands/channels.py
channels = ["red", "green", "blue", "nir"]
range = [0, 10000]

[splits.train]
images = "train/images"          # a folder, relative to the file's own
labels = "train/labels"          # optional, like all that follow
image_suffix = ".bmp"
label_suffix = ".png"
list = "train.txt"               # only the ids in this file, one a line
folds = 5                        # a pair belongs to one of so many folds, by its id
keep = [1, 2, 3, 4]              # the folds that this split keeps
image_prefix = "image_"          # what the names of images begin with, before the id
label_prefix = "mask_"
unpaired = "skip"                # leave out files without a partner; "error" refuses them
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

from pixelwise.errors import DatasetError, LabelError, check_choice, setting
from pixelwise.files.affixes import Affixes
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import with_slashes
from pixelwise.files.patterns import fixed_part
from pixelwise.files.records import converted
from pixelwise.files.toml_file import read_text, read_toml, toml_key, toml_value
from pixelwise.labels.bands.channels import RGB, Channels, channels_from_toml, channels_to_toml
from pixelwise.labels.class_files import MULTILABEL, classes_from_toml, classes_to_toml
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.pairing import (
    PLACE,
    Missing,
    check_exclusive,
    exclusive_from_toml,
    join_classes,
    named,
    unpaired_ids,
)
from pixelwise.labels.pairs import Pair, Pairing, Unpaired, complete_pairs, find_pairing
from pixelwise.labels.splits.names import SplitPart, check_folds, join_parts, split_parts
from pixelwise.text import plural, shell_line

FILE_NAME = "dataset.toml"
TASKS = ("multiclass", "binary", MULTILABEL)


def read_description(path: Path | str) -> "Description":
    """Read a dataset.toml.

    Args:
        path: the file, or the folder that it is in.
    Raises:
        DatasetError: the file is missing or no TOML; a key is unknown, missing or wrong; a path
            leaves the folder. The message names the file and the key.
    """
    file = Path(path)
    if os.path.isdir(file):
        file = file / FILE_NAME
    where = str(file)
    if not os.path.lexists(file):
        got, hint = "one that does not exist", ""
        if os.path.isdir(path):
            got, hint = "one without", f"Make one with: pixelwise init {shell_line([str(path)])}"
        raise DatasetError(path, "dataset", must=f"a folder with {FILE_NAME}", got=got, hint=hint)
    document = read_toml(file)
    questions = converted(tuple[str, ...], document.get("open", ()), where, "open", DatasetError)
    try:
        classes = Classes.from_dict(classes_from_toml(where, document))
    except LabelError as error:
        raise DatasetError(f"{where}: {error}") from None
    splits = converted(dict[str, Split], document.get("splits", {}), where, "splits", DatasetError)
    task = document.get("task", TASKS[0])
    _check(where, file.parent, classes, splits, task)
    channels = channels_from_toml(where, document.get("images", {}))
    groups = exclusive_from_toml(where, document, classes)
    return Description(file.parent, classes, splits, task, questions, channels, groups)


def read_settled(path: Path | str, accept_guesses: bool) -> "Description":
    """Read a dataset.toml that has no open questions.

    Args:
        path: the file, or the folder that it is in.
        accept_guesses: open questions do not matter.
    Raises:
        DatasetError: there are open questions; or as read_description.
    """
    description = read_description(path)
    if description.open and not accept_guesses:
        file = Path(path) / FILE_NAME if os.path.isdir(path) else Path(path)
        more = f" (and {len(description.open) - 1} more)" if len(description.open) > 1 else ""
        event = f"there is an open question: {description.open[0]}{more}"
        command = shell_line(["pixelwise", "init", str(description.root), "--force"])
        hint = (
            f"Its answers are commands: {command} shows them. Or correct the file and remove its "
            f"line open, or give {setting('accept_guesses', True)}."
        )
        raise DatasetError(file, event=event, hint=hint)
    return description


def without_overlap(description: "Description", command: str, instead: str) -> "Description":
    """The description, for a command that takes one class a pixel; `instead` says what works.

    Raises:
        DatasetError: its classes overlap.
    """
    if description.task == MULTILABEL:
        event = f"{command} takes one class a pixel, and these classes overlap"
        hint = f"{instead} See docs/multi-label.md."
        raise DatasetError(description.root / FILE_NAME, "task", event=event, hint=hint)
    return description


def write_description(
    description: "Description", path: Path | str, comments: Iterable[str] = ()
) -> Path:
    """Write a dataset.toml that read_description gives back equal.

    Args:
        description: its paths are relative to its root, so the file belongs there.
        path: the file, or the folder to write dataset.toml into.
        comments: lines for the top of the file, without "#".
    Returns:
        The path of the file.
    Raises:
        RunError: the file system refuses.
    """
    file = Path(path)
    if file.suffix != ".toml":
        file = file / FILE_NAME
    text = "".join(f"# {line}\n" for comment in comments for line in _printable_lines(comment))
    text += "\n" if text else ""
    text += f"task = {toml_value(description.task)}\n"
    for key in ("open", "exclusive"):
        if value := getattr(description, key):
            text += f"{key} = {toml_value(value)}\n"
    text += classes_to_toml(description.classes.as_dict()) + channels_to_toml(description.channels)
    for name, split in description.splits.items():
        text += f"\n[splits.{toml_key(name)}]\n"
        for key, value in asdict(split).items():
            if key == "images" or value not in (None, "", 0, (), "error"):
                text += f"{key} = {toml_value(value)}\n"
    atomic_write(file, text.encode())
    return file


def fold_of(id: str, folds: int) -> int:
    """The fold 0..folds-1 of a pair: crc32(id) mod folds.

    It depends on the id alone, so a pair stays in its fold when files are added or removed.
    """
    return crc32(id.encode("utf-8", "surrogateescape")) % folds


@dataclass(frozen=True)
class Split:
    """Where the images and labels of a split are; folders are relative to the description's root.

    Args:
        images: folder of the images; "*" as in find_pairs.
        labels: folder of the labels; None = predictions only.
        image_suffix, label_suffix: see find_pairs.
        list: text file with the ids to use, one a line; None = all.
        folds: 0 = no folds; otherwise pairs are divided by fold_of(id, folds).
        keep: the folds that belong to this split.
        image_prefix, label_prefix: see find_pairs.
        unpaired: "skip" leaves out files without a partner, and ids of the list without a pair.
        missing: of classes that overlap, what it means that a class has no file for an image:
            "absent", the class is not there; "error", it is refused.
    """

    images: str
    labels: str | None = None
    image_suffix: str = ""
    label_suffix: str = ""
    list: str | None = None
    folds: int = 0
    keep: tuple[int, ...] = ()
    image_prefix: str = ""
    label_prefix: str = ""
    unpaired: Unpaired = "error"
    missing: Missing = "error"

    def __post_init__(self) -> None:
        for key in ("images", "labels", "list"):
            text = getattr(self, key)
            if isinstance(text, str):
                object.__setattr__(self, key, with_slashes(text))


@dataclass(frozen=True)
class Description:
    """A dataset: its folder, classes, splits and task.

    Args:
        root: the folder that paths in splits are relative to.
        classes: what stored values mean.
        splits: by name, such as "train" and "val".
        task: "multiclass"; "binary", for two classes that one sigmoid channel separates; or
            "multilabel", for classes that overlap.
        open: questions that have to be answered before the rest can be relied on.
        channels: what a network sees of an image.
        exclusive: groups of names of classes that overlap others, but not each other.
    Raises:
        DatasetError: the task is unknown or does not fit the classes; a path in a split leaves the
            root; folds and keep contradict each other.
    """

    root: Path
    classes: Classes
    splits: dict[str, Split]
    task: str = TASKS[0]
    open: tuple[str, ...] = ()
    channels: Channels = RGB
    exclusive: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        _check("Description", self.root, self.classes, self.splits, self.task)
        check_exclusive("Description", self.exclusive, self.classes)

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_table

        rows = [[n, s.images, s.labels or "", s.list or ""] for n, s in self.splits.items()]
        caption = f"{self.root}: task {self.task}, {len(self.classes)} classes"
        questions = [f"please decide: {question}" for question in self.open]
        columns = ["split", "images", "labels", "list"]
        table = html_table(columns, rows, caption, questions, words=True)
        return table + self.classes._repr_html_()

    @property
    def num_channels(self) -> int:
        """Output channels of a network for this dataset: 1 for the task "binary", otherwise C."""
        return 1 if self.task == "binary" else len(self.classes)

    def parts(self, split: str) -> tuple[SplitPart, ...]:
        """The splits, or folds of them, that a name stands for: see splits.names.

        Raises:
            ArgumentError: there is no such split.
        """
        return split_parts(split, self.splits, str(self.root / FILE_NAME))

    def pairs(self, split: str) -> list[Pair]:
        """The pairs of a split, sorted by id.

        Args:
            split: its name; or several, or folds, such as "train+val" or "train.not1of5".
        Raises:
            ArgumentError: there is no such split.
            DatasetError: a folder or the list of ids is missing, a file is a link that leads out
                of the root, no pair is left, or an id is in two splits that are joined.
            PairingError: images and labels do not match up, see find_pairs.
        """
        return join_parts(str(self.root / FILE_NAME), self.parts(split), self._pairs)

    def _pairs(self, split: str) -> list[Pair]:
        chosen, pairings, ids = self._pairings(split)
        where = f" under [splits.{toml_key(split)}] in {FILE_NAME}"
        how = partial(complete_pairs, written=_toml_line, where=where)
        if self.task == MULTILABEL and chosen.labels is not None:
            found = dict(zip(self.classes.names, pairings))
            pairs = join_classes(found, ids, chosen.unpaired, chosen.missing, how)
        else:
            pairs = how(pairings[0], ids, chosen.unpaired)
        self._check_links(split, pairs)
        if chosen.folds:
            pairs = [pair for pair in pairs if fold_of(pair.id, chosen.folds) in chosen.keep]
        if not pairs:
            hint = "Look at its list, folds and keep."
            raise DatasetError(self.root, f"splits.{split}", must="a pair", got="none", hint=hint)
        return pairs

    def unpaired_files(self, split: str) -> list[str]:
        """Files without a partner, and ids of its list without a file, whatever becomes of them.

        Raises:
            ArgumentError, DatasetError, PairingError: see pairs.
        """
        chosen, pairings, ids = self._pairings(split)
        if len(pairings) > 1:
            return unpaired_ids(pairings, ids, chosen.missing)
        pairing = pairings[0]
        _, without_label, without_image = pairing.of(ids)
        labels = [str(pairing.label_of.get(id, id)) for id in without_image]
        return [*(str(pairing.image_of.get(id, id)) for id in without_label), *labels]

    def _pairings(self, split: str) -> tuple[Split, list[Pairing[Path]], Sequence[str] | None]:
        """A split, its files by id, of each class if classes overlap, and the ids of its list."""
        check_choice(str(self.root / FILE_NAME), "split", split, self.splits)
        chosen, pairings = self.splits[split], []
        for file in self.classes.files if chosen.labels and self.classes.files else ("",):
            labels = None
            if chosen.labels is not None:
                labels = self._folder(split, "labels", named(chosen.labels, file))
            affixes = named(chosen.label_prefix, file), named(chosen.label_suffix, file)
            pairing = find_pairing(
                *(self._folder(split, "images", chosen.images), labels),
                *(Affixes(chosen.image_prefix, chosen.image_suffix), Affixes(*affixes)),
            )
            pairings.append(pairing)
        ids = None if chosen.list is None else _read_ids(Path(self.root, chosen.list))
        return chosen, pairings, ids

    def _check_links(self, split: str, pairs: list[Pair]) -> None:
        """Refuse files that are somewhere else: what is read stays in the folder of the dataset."""
        files = (file for pair in pairs for file in (pair.image, *pair.label_files))
        # only links are followed: that takes far longer than a check for links
        outside = [f for f in files if os.path.islink(f) and not _ends_below(self.root, f)]
        if outside:
            got = f"{plural(len(outside), 'link')} out of it, such as {outside[0]}"
            hint = "Copy the files, or move dataset.toml up to where it is above all of them."
            constraint = "of files in the folder of the dataset"
            raise DatasetError(self.root, f"splits.{split}", must=constraint, got=got, hint=hint)

    def _folder(self, split: str, key: str, text: str) -> Path:
        folder = Path(self.root, text)
        if not os.path.isdir(fixed_part(folder)):
            name = f"splits.{split}.{key}"
            raise DatasetError(self.root, name, must="an existing folder", got=repr(text))
        return folder


def _toml_line(key: str, value: str) -> str:
    return f"{key} = {toml_value(value)}"


def _read_ids(path: Path) -> list[str]:
    lines = (with_slashes(line.strip()) for line in read_text(path).splitlines())
    return [line for line in lines if line]


def _printable_lines(comment: str) -> list[str]:
    return ["".join(c if c.isprintable() else " " for c in line) for line in comment.splitlines()]


def _check(where: str, root: Path, classes: Classes, splits: dict[str, Split], task: str) -> None:
    if task not in TASKS:
        raise DatasetError(where, "task", must=f"one of {', '.join(TASKS)}", got=repr(task))
    if task == "binary" and len(classes) != 2:
        got = f"binary with {len(classes)}"
        raise DatasetError(where, "task", must="multiclass unless there are two classes", got=got)
    if (task == MULTILABEL) != bool(classes.files):
        must = f"{MULTILABEL} for classes that overlap, and for no others"
        raise DatasetError(where, "task", must=must, got=repr(task))
    for name, split in splits.items():
        for key in ("images", "labels", "list"):
            text = getattr(split, key)
            for file in classes.files or ("",) if text is not None else ():
                _check_inside(where, f"splits.{name}.{key}", root, named(text, file))
        _check_classes(where, f"splits.{name}", split, task)
        check_folds(where, f"splits.{name}", split.folds, split.keep)


def _check_inside(where: str, key: str, root: Path, text: str) -> None:
    """Refuse a path that leaves the root, also one that leaves it through a link."""
    plain = text != "" and text.isprintable() and not Path(text).is_absolute()
    if not plain or not _ends_below(root, Path(root, text)):
        hint = "Move the data into the folder, or the file up to where it is above all of them."
        constraint = "a relative path that stays in the folder of the dataset"
        raise DatasetError(where, key, must=constraint, got=repr(text), hint=hint)


def _ends_below(root: Path, path: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _check_classes(where: str, key: str, split: Split, task: str) -> None:
    """Refuse a split that does not say where each class is, or says it without need."""
    keys = ("labels", "label_prefix", "label_suffix")
    placed = [k for k in keys if PLACE in (getattr(split, k) or "")]
    if task == MULTILABEL and split.labels is not None and not placed:
        must, hint = f"with {PLACE} in it", f'Or one of {", ".join(keys[1:])}: "_{PLACE}".'
        raise DatasetError(where, f"{key}.labels", must=must, got=repr(split.labels), hint=hint)
    if task != MULTILABEL and (placed or split.missing != "error"):
        event = f"{key}.{(*placed, 'missing')[0]} is for classes that overlap"
        raise DatasetError(where, key, event=event, hint=f'Write task = "{MULTILABEL}".')
