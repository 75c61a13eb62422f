"""Classes: what every class index is called, how it is shown, and what files store for it."""

import dataclasses
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import DatasetError, LabelError, check_choice
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.class_checks import (
    MAX_STORED,
    OTHER,
    Values,
    as_colors,
    as_files,
    as_ignore_index,
    as_ignore_values,
    as_names,
    as_values,
    check_claims,
)
from pixelwise.labels.class_files import class_file_text, parse_class_file
from pixelwise.labels.label_checks import as_label
from pixelwise.labels.palettes import PALETTES, VOID_COLOR, voc_colormap
from pixelwise.labels.tables.class_table import Color
from pixelwise.offenders import list_offenders, unknown_values
from pixelwise.text import some


@dataclass(frozen=True, init=False, repr=False)
class Classes:
    """The table of classes of a dataset; it cannot be changed, and equal tables are equal.

    Three numbers are kept apart. The stored value is what a label file holds. The class index
    0..C-1, or ignore_index for void, is what losses and scores work with. The display colour is
    only for eyes.

    Args:
        names: C class names.
        colors: C display colours (red, green, blue), 0..255; None = the Pascal VOC colours,
            without black for classes that overlap.
        values: for each class the stored value that means it, or several, of which the first is
            written; None = its class index. One class may have "other" instead: it takes every
            stored value that no class names and that is not in ignore_values, ignore_index too.
        ignore_index: the class index of void, C..65535.
        ignore_values: stored values that mean void, or a single one. A stored value equal to
            ignore_index means void as well, unless a class takes it.
        files: for classes that overlap: what the label files of each one are called, see
            docs/multi-label.md. Each class has label images of its own then, where 0 is not the
            class, its values (default 1) are the class, and void is void for this class alone; see
            `members`. None = every pixel has one class.
    Raises:
        LabelError: lengths differ, a name repeats, a value has two meanings or is out of range.
    Example:
        >>> classes = pw.Classes(["sky", "road"], values=[7, 23], ignore_values=(0,))
        >>> classes.to_index(np.array([[7, 23, 0]])).tolist()
        [[0, 1, 255]]
    """

    names: tuple[str, ...]
    colors: tuple[Color, ...]
    values: tuple[Values, ...]
    ignore_index: int
    ignore_values: tuple[int, ...]
    files: tuple[str, ...] = ()

    def __init__(
        self,
        names: Iterable[str],
        colors: Iterable[Sequence[int]] | NDArray[np.integer] | None = None,
        values: Iterable[int | Sequence[int] | str] | None = None,
        ignore_index: int = 255,
        ignore_values: int | Iterable[int] = (),
        files: Iterable[str] | None = None,
    ) -> None:
        # a frozen dataclass forbids plain assignment, also to its own constructor
        keep = object.__setattr__
        keep(self, "names", as_names(names))
        keep(self, "files", as_files(files, self.names))
        if colors is None and self.files:  # black is what is not the class
            colors = voc_colormap(len(self.names) + 1)[1:]
        keep(self, "colors", as_colors(colors, self.names))
        if self.files and values is None:
            values = [1] * len(self.names)
        keep(self, "values", as_values(values, self.names))
        sides = ("not the class", "the class") if self.files else self.names
        keep(self, "ignore_index", as_ignore_index(ignore_index, sides))
        keep(self, "ignore_values", as_ignore_values(ignore_values))
        if not self.files:
            check_claims(self.names, self.values, self.ignore_values)
        _ = self.members  # each is checked

    @classmethod
    def named(cls, name: str) -> "Classes":
        """The classes of a known dataset: a name in palettes.PALETTES, such as "voc".

        Raises:
            ArgumentError: there is no such name; the message lists those there are.
        """
        check_choice("Classes.named", "name", name, PALETTES)
        table = PALETTES[name]
        return cls(table.names, table.colors, table.values, table.ignore_index, table.ignore_values)

    @classmethod
    def load(cls, path: Path | str) -> "Classes":
        """Read classes from a file written by save, a dataset.toml, or a text file.

        A text file has one class a line, see class_files. Files of other tools are read by the
        commands, see legend.read.

        Raises:
            DatasetError: the file cannot be read or contradicts itself.
        """
        try:
            return cls.from_dict(parse_class_file(path))
        except LabelError as error:
            raise DatasetError(f"{path}: {error}") from None

    def save(self, path: Path | str) -> None:
        """Write a .toml or .json file that load gives back equal.

        Raises:
            ArgumentError: path ends in something else.
            RunError: the file system refuses.
        """
        atomic_write(path, class_file_text(self.as_dict(), Path(path).suffix).encode())

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Classes":
        """The inverse of as_dict; fields that are missing have their defaults.

        Raises:
            LabelError: there are no names, other fields, or a wrong table.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        if "names" not in fields or not set(fields) <= set(known):
            constraint = f"names and any of {', '.join(known[1:])}"
            raise LabelError("Classes.from_dict", "fields", must=constraint, got=list(fields))
        return cls(**fields)

    def as_dict(self) -> dict[str, Any]:
        """The fields as lists, numbers and strings for JSON; files if they overlap."""
        return {
            "names": list(self.names),
            "colors": [list(color) for color in self.colors],
            "values": [v if isinstance(v, str) else list(v) for v in self.values],
            "ignore_index": self.ignore_index,
            "ignore_values": list(self.ignore_values),
            **({"files": list(self.files)} if self.files else {}),
        }

    @cached_property
    def members(self) -> "tuple[Classes, ...]":
        """For classes that overlap: for each one the two classes of its label images.

        Index 0 is not the class, stored as 0; index 1 is the class. () if they do not overlap.
        """
        sides = zip(self.names, self.colors, self.values) if self.files else ()
        return tuple(
            Classes(
                *([f"not {name}", name], [(0, 0, 0), color], [0, value]),
                *(self.ignore_index, self.ignore_values),
            )
            for name, color, value in sides
        )

    def with_colors(self, colors: Iterable[Sequence[int]]) -> "Classes":
        """The same classes with other display colours."""
        fields = (self.names, colors, self.values, self.ignore_index, self.ignore_values)
        return Classes(*fields, self.files or None)

    @property
    def dtype(self) -> np.dtype:
        """uint8 if every class index and ignore_index fit, otherwise uint16."""
        return np.dtype(np.uint8 if max(len(self) - 1, self.ignore_index) <= 255 else np.uint16)

    @property
    def unknown_index(self) -> int:
        """An index that is neither a class nor void: it marks what is unknown in tables."""
        return len(self) if self.ignore_index != len(self) else len(self) + 1

    def to_index(
        self, array: ArrayLike, where: str = "Classes.to_index"
    ) -> NDArray[np.uint8 | np.uint16]:
        """Stored values -> class indices, through one table, so that values may swap places.

        Args:
            array: (H, W) stored values of any integer dtype, or a row of them; not modified.
            where: the function or file that a message names.
        Returns:
            Class indices 0..C-1, ignore_index where void; the shape of array, dtype self.dtype.
        Raises:
            LabelError: some stored values mean neither a class nor void; the message names each
                one with its pixel count and first place.
        """
        stored = as_label(where, "stored values", array)
        inside = _is_within(stored, MAX_STORED)
        index = self._index_of.take(
            stored if inside else stored.astype(np.int64).clip(0, MAX_STORED)
        )
        unknown = index == self.unknown_index
        if not inside:
            unknown |= (stored < 0) | (stored > MAX_STORED)
        if unknown.any():
            raise self._unknown_error(where, stored, unknown)
        return index.astype(self.dtype, copy=False)

    def to_stored(
        self, label: ArrayLike, where: str = "Classes.to_stored"
    ) -> NDArray[np.uint8 | np.uint16]:
        """Class indices -> the values that files store for them; the way back from to_index.

        Args:
            label: (H, W) class indices 0..C-1 or ignore_index, any integer dtype; not modified.
            where: the function or file that a message names.
        Returns:
            Stored values of the same shape, uint8 or uint16: written(index) for a class, and for
            void the first of ignore_values, or else ignore_index.
        Raises:
            LabelError: some indices are not classes, or there is void but no value to store it as.
        """
        index = as_label(where, "class indices", label)
        self.check_indices(index, where)
        stored = np.zeros(max(len(self), self.ignore_index + 1), np.uint16)
        stored[: len(self)] = [self.written(i) for i in range(len(self))]
        if self.stored_void is not None:
            stored[self.ignore_index] = self.stored_void
        elif (index == self.ignore_index).any():
            hint = "Add the value that means void to ignore_values."
            got = f"{self.ignore_index}, which would be read back as a class"
            raise LabelError(where, "void", must="a stored value of its own", got=got, hint=hint)
        return stored.astype(np.min_scalar_type(stored.max())).take(index)

    def check_indices(self, index: np.ndarray, where: str) -> None:
        """Raise unless every entry is a class index or ignore_index.

        Raises:
            LabelError: the message names each offender with its pixel count and first place.
        """
        if _is_within(index, len(self) - 1):
            return
        error = unknown_values(
            where,
            "label",
            index,
            index != self.ignore_index,
            len(self),
            hint="Stored values become class indices by Classes.to_index.",
            void=f"ignore_index={self.ignore_index}",
            error=LabelError,
        )
        if error:
            raise error

    def written(self, index: int) -> int:
        """The stored value that is written for a class.

        It is the first of its values; for "other" its own class index, or the lowest value that
        nothing else takes if that one is taken.
        """
        claimed = self.values[index]
        if not isinstance(claimed, str):
            return claimed[0]
        taken = {v for values in self.values if values != OTHER for v in values}
        taken.update(self.ignore_values)
        return next(v for v in (index, *range(MAX_STORED + 1)) if v not in taken)

    def palette(self) -> np.ndarray:
        """The display colour of every stored value up to 255, for the palette of a label image.

        Returns:
            (256, 3) uint8 RGB. Values that mean void have the Pascal VOC colour of void, values
            that mean nothing their own Pascal VOC colour.
        """
        index = self._index_of[:256]
        known = index != self.unknown_index
        palette = voc_colormap(256)
        palette[known] = self.index_palette()[index[known]]
        return palette

    def index_palette(self) -> np.ndarray:
        """The display colour of every class index and of ignore_index.

        Returns:
            (max(C, ignore_index + 1), 3) uint8 RGB; other rows have the void colour.
        """
        palette = np.empty((max(len(self), self.ignore_index + 1), 3), np.uint8)
        palette[:] = VOID_COLOR
        palette[: len(self)] = self.colors
        return palette

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        names = reprlib.repr(list(self.names))
        return f"<{len(self)} Classes {names}, ignore_index={self.ignore_index}>"

    def _repr_html_(self) -> str:
        from pixelwise.figures.drawing import hex_color
        from pixelwise.figures.table import html_table
        from pixelwise.labels.tables.distinct import shown_colors

        stored = [str(v) if isinstance(v, str) else ", ".join(map(str, v)) for v in self.values]
        rows = [
            [name, str(index), value] for index, (name, value) in enumerate(zip(self.names, stored))
        ]
        void = some(dict.fromkeys((*self.ignore_values, self.ignore_index)), most=20)
        notes = [
            f"void: class index {self.ignore_index}; stored values {void} unless a class has them"
        ]
        colors = [hex_color(color) for color in shown_colors(self)]
        return html_table(["class", "class index", "stored values"], rows, "", notes, colors)

    def __reduce__(self) -> tuple[Any, ...]:
        # through the constructor, so that the cached tables do not travel to every worker
        fields = (self.names, self.colors, self.values, self.ignore_index, self.ignore_values)
        return _made_once, (*fields, self.files or None)

    @cached_property
    def _index_of(self) -> np.ndarray:
        """(65536,) class index, ignore_index or unknown_index of every stored value."""
        if self.files:
            event = f"{self.names[0]} and the other classes may overlap, so no value is one class"
            hint = "Read each class with its own of `members`, or all of them with read_members."
            raise LabelError("Classes", event=event, hint=hint)
        largest = max(self.unknown_index, self.ignore_index)
        table = np.full(MAX_STORED + 1, self.unknown_index, np.min_scalar_type(largest))
        table[self.ignore_index] = self.ignore_index
        if OTHER in self.values:
            table[:] = self.values.index(OTHER)
        for index, claimed in enumerate(self.values):
            if not isinstance(claimed, str):
                table[list(claimed)] = index
        table[list(self.ignore_values)] = self.ignore_index
        return table

    @cached_property
    def place_in_table(self) -> NDArray[np.int64]:
        """(65536,) of every stored value its class index; C if it is void, C + 1 if unknown.

        A table of so many rows or columns counts classes, void and what is unknown.
        """
        place = self._index_of.astype(np.int64)
        place[self._index_of == self.ignore_index] = len(self)
        place[self._index_of == self.unknown_index] = len(self) + 1
        return place

    @property
    def stored_void(self) -> int | None:
        """The value that void is stored as; None if a class has taken it."""
        first = (*self.ignore_values, self.ignore_index)[0]
        return first if self._index_of[first] == self.ignore_index else None

    def _unknown_error(self, where: str, stored: np.ndarray, unknown: np.ndarray) -> LabelError:
        values = np.unique(stored[unknown])
        hint = "Add them to the values of a class, or to ignore_values if they are void."
        if values[0] < 0 or values[-1] > MAX_STORED:
            hint = f"Label files hold 0..{MAX_STORED}: map the others before."
        elif len(values) == 1:
            hint = f"Is {values[0]} the void value? Add it to ignore_values."
        got = list_offenders(stored, unknown)
        must = "in the class table or void"
        return LabelError(where, "stored values", must=must, got=got, hint=hint)


@lru_cache(maxsize=16)
def _made_once(*fields: Any) -> Classes:
    """What a pickle holds; a worker takes the one of the task before, with its tables."""
    return Classes(*fields)


def _is_within(array: np.ndarray, high: int) -> bool:
    """Whether 0 <= array <= high everywhere."""
    if array.dtype == bool or (array.dtype.kind == "u" and np.iinfo(array.dtype).max <= high):
        return high >= 1 or not array.any()
    return array.size == 0 or bool(array.min() >= 0 and array.max() <= high)
