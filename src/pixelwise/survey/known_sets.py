"""Known data sets, recognised by the names of their files and folders, whatever values are seen.

Values only choose between the forms of a set that is recognised, and tell that a copy was changed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pixelwise.errors import PixelwiseError
from pixelwise.files.affixes import Affixes
from pixelwise.files.content import Unreadable, open_file
from pixelwise.files.names import real_path
from pixelwise.files.patterns import names_below
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split
from pixelwise.labels.image import image_size
from pixelwise.labels.palettes import PALETTES
from pixelwise.sample import sample
from pixelwise.survey.known_other import AERIAL, INDUSTRY, MEDICAL, TOOLS
from pixelwise.survey.known_row import Encoding, Row
from pixelwise.survey.known_scenes import SCENES
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement, Sureness
from pixelwise.text import plural

ROWS = (*SCENES, *AERIAL, *MEDICAL, *INDUSTRY, *TOOLS)
# Of more files, so many are compared with the patterns.
_LOOKED_AT = 300
# Labels whose images are looked for.
_IMAGES_LOOKED_FOR = 60
_MOST = 0.9
# Bytes of a file next to the data that are searched.
_SIDE_BYTES = 1 << 16
_BLACK_WHITE = ((0, 1), (0, 255))
# No values of a set with more classes than this, but of masks.
_MASKS, _FEW = ({0, 1}, {0, 255}), 3


@dataclass(frozen=True)
class Known:
    """A known data set that a folder is, or looks like.

    Args:
        row: the set.
        encoding: the form of its labels.
        sure: two independent kinds of signs agree; otherwise it looks like the set by one.
        signs: what was recognised, for a sentence.
    """

    row: Row
    encoding: Encoding
    sure: bool
    signs: str

    @property
    def name(self) -> str:
        """As people call the set."""
        return self.row.name

    @property
    def convert(self) -> tuple[str, ...]:
        """Options of `pixelwise convert` for labels that cannot be used as they are."""
        forms = (self.encoding, *(e for e in self.row.encodings if e.form == "colors"))
        return next((form.options for form in forms if form.options), ())

    @property
    def needs_convert(self) -> bool:
        """Whether the labels cannot be used as they are: ids that hold a class and a number."""
        return self.encoding.form == "ids" and bool(self.encoding.options)

    @property
    def classes(self) -> Classes | None:
        """The classes of the set in this form; None if a file of the set says them."""
        encoding = self.encoding
        if encoding.table in PALETTES:
            return Classes.named(encoding.table)
        if encoding.object:
            foreground = "other" if encoding.form == "ids" else (1, 255)
            return Classes(["background", encoding.object], values=[0, foreground])
        return None

    @property
    def legal(self) -> set[int]:
        """The stored values that the set has, void among them; empty if it does not tell."""
        classes = self.classes
        if classes is None:
            return set()
        values = {v for several in classes.values for v in several if not isinstance(v, str)}
        return values | set(self._void(classes))

    def meaning(self, seen: Sequence[int]) -> tuple[Classes | None, tuple[Statement, ...]]:
        """What stored values mean in the set.

        Args:
            seen: stored values of the labels, ascending.
        Returns:
            The classes, None if the set does not tell; and statements.
        """
        classes = self.classes
        if classes is None:
            return None, self._notes(SURE if self.sure else LIKELY, "")
        if self.encoding.object:
            return self._masks(classes, seen)
        if self.encoding.form == "colors":
            text = (
                f"this looks like a copy of {self.name}, whose labels are colours, by {self.signs}"
            )
            return None, (Statement(LIKELY, text),)
        void = self._void(classes)
        stored = {v for values in classes.values for v in values if not isinstance(v, str)}
        unknown = [value for value in seen if value not in stored and value not in void]
        if self.row.enough == "half" and (unknown or not _half(classes, seen)):
            return None, ()
        if unknown:
            return self._changed(classes, unknown)
        which = _void_text(void)
        own_void, classes = classes.ignore_values, with_void(classes, void)
        if self.row.ask:
            return classes, (self._choice(),)
        if (set(seen) in _MASKS and len(classes) > _FEW) or (not set(seen) & stored and seen):
            return classes, (self._masks_instead(seen),)
        if self.sure:
            return classes, self._notes(SURE, which)
        if own_void or not _half(classes, seen):
            return classes, (self._question(which),)
        return classes, self._notes(LIKELY, which)

    def _void(self, classes: Classes) -> tuple[int, ...]:
        """Stored values that mean void in the set."""
        stored = (classes.ignore_index,) if self.encoding.void else ()
        return (*classes.ignore_values, *self.encoding.legal) or stored

    def _notes(self, sureness: Sureness, which: str) -> tuple[Statement, ...]:
        is_it = "this is" if self.sure else "this looks like"
        told = which or f"its classes are in its {self.encoding.table}"
        notes = [Statement(sureness, f"{is_it} {self.name}, by {self.signs}: {told}")]
        notes += [Statement(LIKELY, f"{self.name}: {self.row.note}")] if self.row.note else []
        return tuple(notes)

    def _masks(
        self, classes: Classes, seen: Sequence[int]
    ) -> tuple[Classes | None, tuple[Statement, ...]]:
        """Two values; others are not those of the set, and the values have to speak."""
        which = f"0 is background, any other value is {self.encoding.object}"
        if self.encoding.form == "ids":
            return classes, self._notes(SURE if self.sure else LIKELY, which)
        plain = [values for values in _BLACK_WHITE if set(seen) <= set(values)]
        notes = self._notes(SURE if self.sure else LIKELY, which)
        return (classes if plain else None), notes if plain else notes[1:]

    def _changed(
        self, classes: Classes, unknown: Sequence[int]
    ) -> tuple[Classes, tuple[Statement, ...]]:
        """A copy with values that the set does not have; they are void until someone decides."""
        table = self.encoding.table
        own = set(self.row.ask) | {e.table for e in self.row.encodings if e.form != "ids"}
        others = [
            name
            for name in PALETTES
            if name in own and name != table and not set(unknown) - _stored(name)
        ]
        values = _shortened(unknown)
        are = "value {} is not one" if len(unknown) == 1 else "values {} are none"
        text = f"this looks like {self.name}, by {self.signs}, but {are.format(values)} of its"
        void = (*self._void(classes), *unknown)
        answers = [
            *(Answer(f"the classes are those of {name}", {"classes": name}) for name in others),
            Answer(f"{values} is void too", {"classes": table, "ignore_values": void}),
            Answer("it is not: every stored value is a class", {"ignore_values": ()}),
        ]
        if others:
            classes = Classes.named(others[0])
            void = classes.ignore_values or (classes.ignore_index,)
        return with_void(classes, void), (Statement(OPEN, text, tuple(answers)),)

    def _masks_instead(self, seen: Sequence[int]) -> Statement:
        text = f"this looks like {self.name}, by {self.signs}, but only {_shortened(seen)} "
        text += "was seen" if len(seen) == 1 else "were seen"
        answers = (
            Answer(f"it is {self.name}", {"classes": self.encoding.table}),
            Answer("they are masks of one class", {"classes": "binary"}),
        )
        return Statement(OPEN, text, answers)

    def _question(self, which: str) -> Statement:
        answers = (
            Answer(f"it is {self.name}", {"classes": self.encoding.table}),
            Answer("it is not: every stored value is a class", {"ignore_values": ()}),
        )
        return Statement(OPEN, f"this looks like {self.name}, by {self.signs}: {which}?", answers)

    def _choice(self) -> Statement:
        answers = (
            Answer(f"{plural(len(c), 'class')}, {_void_text(c.ignore_values)}", {"classes": table})
            for table in self.row.ask
            for c in [Classes.named(table)]
        )
        text = f"this is {self.name}, by {self.signs}, which is used in two ways"
        return Statement(OPEN, text, tuple(answers))


def with_void(classes: Classes, void: Sequence[int]) -> Classes:
    """The same classes with these stored values as void."""
    return Classes(classes.names, classes.colors, classes.values, classes.ignore_index, void)


def recognise(root: Path, images: Sequence[str], labels: Sequence[str]) -> Known | None:
    """The known data set that a folder is or looks like; None if it is no known one.

    Args:
        root: the folder; files next to the images and labels are looked for in it.
        images, labels: paths of the files of its pairs relative to the root, with "/".
    """
    if not images or not labels:
        return None
    files = _Files(root, images, labels)
    found = list(filter(None, (_match(row, files) for row in ROWS)))
    return next((known for known in found if known.sure), found[0] if found else None)


def known_of(root: Path, splits: Mapping[str, Split], labels: Sequence[Path]) -> Known | None:
    """The known data set that labels belong to; None if it is no known one.

    Args:
        root: folder of the dataset.
        splits: where its images and labels are.
        labels: their files.
    """
    images, found = [], []
    for label in sample(labels, _IMAGES_LOOKED_FOR):
        image = next(filter(None, (_image_of(root, s, label) for s in splits.values())), None)
        if image is not None:
            images.append(image.relative_to(root).as_posix())
            found.append(label.relative_to(root).as_posix())
    return recognise(root, images, found)


class _Files:
    """The names that rows are compared with."""

    def __init__(self, root: Path, images: Sequence[str], labels: Sequence[str]) -> None:
        self.root = root
        name = real_path(root).name
        self.images = [f"/{name}/{path}" for path in _some(images)]
        self.labels = [f"/{name}/{path}" for path in _some(labels)]
        self.image = root / images[0]
        above = [path for file in (images[0], labels[0]) for path in PurePosixPath(file).parents]
        self.folders = list(dict.fromkeys(root / path for path in above))


def _match(row: Row, files: _Files) -> Known | None:
    signs, kinds = [], 0
    if row.unless and any(_most(row.unless, f, 0.5) for f in (files.images, files.labels)):
        return None
    names = [(row.images, files.images), (row.labels, files.labels)]
    if not all(_most(pattern, _names(paths)) for pattern, paths in names if pattern):
        return None
    if row.images or row.labels:
        kinds += 1
        example = (files.labels if row.labels else files.images)[0]
        signs.append(f"names such as {PurePosixPath(example).name}")
    folders = [(row.image_folder, files.images), (row.label_folder, files.labels)]
    folders = [(pattern, paths) for pattern, paths in folders if pattern]
    in_folders = bool(folders) and all(_most(pattern, paths) for pattern, paths in folders)
    if in_folders:
        kinds += 1
        folder = "/".join(PurePosixPath(files.labels[0]).parent.parts[-2:]).removeprefix("//")
        signs.append(f"its folder {folder}")
    side = next((s for s in row.side if _is_there(s, files.folders)), None)
    if side:
        kinds += 1
        signs.append(f"its file {side.partition(':')[0]}")
    if row.size and _size(files.image) == row.size:
        kinds += 1
        signs.append(f"images of {row.size[0]} x {row.size[1]} pixels")
    sure = row.unique or kinds > 1
    if row.enough != "half" and sure and not _folders_needed(row, in_folders):
        return None
    if not sure and not _is_enough(row, in_folders):
        return None
    encoding = next((e for e in row.encodings if _most(e.labels, files.labels)), None)
    if encoding is None:
        return None
    return Known(row, encoding, sure and row.enough != "half", " and ".join(signs))


def _folders_needed(row: Row, in_folders: bool) -> bool:
    """A row that is known by folders alone has to have them."""
    return in_folders or bool(row.images or row.labels)


def _is_enough(row: Row, in_folders: bool) -> bool:
    return row.enough == "names" or (row.enough in ("folders", "half") and in_folders)


def _most(pattern: str, paths: Sequence[str], share: float = _MOST) -> bool:
    search = re.compile(pattern).search
    return sum(search(path) is not None for path in paths) >= share * len(paths)


def _names(paths: Sequence[str]) -> list[str]:
    return [path.rsplit("/", 1)[-1] for path in paths]


def _some(paths: Sequence[str]) -> Sequence[str]:
    return sample(paths, _LOOKED_AT)


def _is_there(side: str, folders: Sequence[Path]) -> bool:
    """Whether one of the folders has a file "name", or one that contains "name:pattern"."""
    name, _, pattern = side.partition(":")
    for path in (folder / name for folder in folders):
        try:
            if not pattern:
                if path.exists():
                    return True
            elif path.is_file():
                with open_file(path) as file:
                    text = file.read(_SIDE_BYTES).decode("utf-8", "replace")
                if re.search(pattern, text, re.MULTILINE):
                    return True
        except (OSError, Unreadable):
            continue
    return False


def _size(image: Path) -> tuple[int, int] | None:
    try:
        return image_size(image)
    except PixelwiseError:
        return None


def _half(classes: Classes, seen: Sequence[int]) -> bool:
    return 2 * sum(bool(set(values) & set(seen)) for values in classes.values) >= len(classes)


def _stored(name: str) -> set[int]:
    classes = Classes.named(name)
    values = {v for several in classes.values for v in several if not isinstance(v, str)}
    return values | set(classes.ignore_values or (classes.ignore_index,))


def _void_text(void: Sequence[int]) -> str:
    if not void:
        return "no stored value is void"
    values = f"stored values {_shortened(void)} are" if len(void) > 1 else f"stored {void[0]} is"
    return f"{values} void"


def _shortened(values: Sequence[int]) -> str:
    shown = ", ".join(map(str, values[:7]))
    return f"{shown}, ..." if len(values) > 7 else shown


def _image_of(root: Path, split: Split, label: Path) -> Path | None:
    if split.labels is None:
        return None
    folder = "" if split.labels == "." else split.labels
    below = next(names_below(folder, [label.relative_to(root).as_posix()]), None)
    id = below and Affixes(split.label_prefix, split.label_suffix).id_of(below[0])
    if not id:
        return None
    folder = split.images
    while "*" in folder and "/" in id:
        part, _, id = id.partition("/")
        folder = folder.replace("*", part, 1)
    above, slash, last = id.rpartition("/")
    name = f"{folder}/{above}{slash}{split.image_prefix}{last}{split.image_suffix}"
    whole = root / name
    paths = [whole] if whole.suffix.lower() in IMAGE_SUFFIXES else []
    paths += [root / (name + end) for s in IMAGE_SUFFIXES for end in (s, s.upper())]
    return next((path for path in paths if path != label and path.is_file()), None)
