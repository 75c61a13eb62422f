"""The stored values of label files: how often each occurs, and how it lies."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add
from pathlib import Path

import numpy as np

from pixelwise.errors import LabelError, PixelwiseError
from pixelwise.files.content import Unreadable, open_file
from pixelwise.labels.decode import read_head
from pixelwise.labels.description import Split
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_and_count, read_label
from pixelwise.sample import sample
from pixelwise.survey.content import pack_colors
from pixelwise.survey.conversion import convert_commands, without_labels
from pixelwise.survey.statements import LIKELY, Statement
from pixelwise.survey.values.layout import Extent, Layout, layout_of

# Labels whose layout is looked at: some of so many pixels together, and for a value
# that is rare the labels that hold most of it.
_LOOKED_AT, _FEWEST, _PIXELS = 48, 6, 40e6
# Labels of which colours are looked at too.
_SHOWN = 8
_RARE_VALUES, _FILES_OF_ONE, _RARE = 24, 3, 1e-3


@dataclass(frozen=True)
class StoredValues:
    """The stored values of the label files that were read.

    Args:
        files: of each file how many pixels a value has; at least one file.
        wide: some file has 16 bits a pixel.
        layouts: of some files, by their place in `files`.
        names: of the files, for messages; () if they have none.
        places: (row, column) of the first pixel of a value that is rare, by file and value.
        colors: packed colours (red << 16 | green << 8 | blue) that files show values in.
        palettes: the same of each file that has a palette.
    """

    files: tuple[Mapping[int, int], ...]
    wide: bool = False
    layouts: Mapping[int, Layout] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    places: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    colors: Mapping[int, int] = field(default_factory=dict)
    palettes: tuple[Mapping[int, int], ...] = ()

    @cached_property
    def pixels(self) -> Counter[int]:
        """Of each value, in all files."""
        found = Counter[int]()
        for file in self.files:
            found.update(file)
        return found

    @cached_property
    def holders(self) -> dict[int, int]:
        """How many files hold a value."""
        return Counter(value for file in self.files for value in file)

    @cached_property
    def seen(self) -> list[int]:
        """The values of all files, ascending."""
        return sorted(self.holders)

    @cached_property
    def total(self) -> int:
        """The pixels of all values."""
        return self.pixels.total()

    @cached_property
    def extents(self) -> dict[int, Extent]:
        """How each value lies in the files that were looked at."""
        found: dict[int, Extent] = {}
        for layout in self.layouts.values():
            for value, extent in layout.extents.items():
                found[value] = found.get(value, Extent()) + extent
        return found

    @cached_property
    def rims(self) -> Counter[tuple[int, int, int]]:
        """See Layout."""
        return reduce(add, (layout.rims for layout in self.layouts.values()), Counter())

    def share(self, values: Iterable[int], of: Iterable[int] | None = None) -> float:
        """Of the pixels of some values among those of others, or all."""
        every = self.total if of is None else sum(self.pixels[v] for v in of)
        return sum(self.pixels[v] for v in values) / max(1, every)


def read_values(
    root: Path, paths: list[Path], splits: dict[str, Split]
) -> tuple[StoredValues, list[Statement]]:
    """The stored values of label files; a few that cannot be read are left to the audit.

    Args:
        root: folder of the dataset.
        paths: label files, at least one.
        splits: where they are, for the commands of a message.
    Raises:
        LabelError: most labels are colour or lossy images, or cannot be read.
    """
    files, failures, read, wide = [], list[PixelwiseError](), list[Path](), False
    for path in paths:
        try:
            label, values, pixels = read_and_count(path)
        except PixelwiseError as error:
            failures.append(error)
        else:
            files.append(dict(zip(values.tolist(), pixels.tolist())))
            read.append(path)
            wide = wide or label.dtype.itemsize > 1
    notes = []
    if failures:
        got = f"{len(failures):,} of {len(paths):,} that are not: {failures[0].without_hint}"
        if len(failures) >= len(files):
            raise _unreadable(root, paths, splits, got)
        notes = [Statement(LIKELY, f"labels should be label images, got {got}")]
    stored = StoredValues(tuple(files), wide)
    rare = _rare(stored)
    layouts, places = dict[int, Layout](), dict[tuple[int, int], tuple[int, int]]()
    for place in sorted({*_some(stored), *(n for several in rare.values() for n in several)}):
        label = read_label(read[place])
        layouts[place] = layout_of(label)
        for value in (v for v, several in rare.items() if place in several):
            y, x = divmod(int((label == value).argmax()), label.shape[1])
            places[place, value] = (y, x)
    names = tuple(Path(os.path.relpath(path, root)).as_posix() for path in read)
    colors = _shown([read[place] for place in list(layouts)[:_SHOWN]])
    palettes = tuple(filter(None, map(_palette, read, files)))
    return StoredValues(tuple(files), wide, layouts, names, places, colors, palettes), notes


def _palette(path: Path, values: Iterable[int]) -> dict[int, int]:
    """The packed colours that the palette of a file has for values; none without a palette."""
    try:
        with open_file(path) as file:
            palette = np.frombuffer(read_head(file).palette, np.uint8)
    except (Unreadable, OSError):
        return {}
    packed = pack_colors(palette[: len(palette) // 3 * 3].reshape(1, -1, 3)).ravel().tolist()
    return {v: packed[v] for v in values if v < len(packed)}


def _shown(paths: list[Path]) -> dict[int, int]:
    """The colours that label files show their values in: those of a palette, or greys."""
    colors = dict[int, int]()
    for path in paths:
        with suppress(PixelwiseError):
            values, first = np.unique(read_label(path), return_index=True)
            shown = pack_colors(read_rgb(path)).ravel()[first]
            colors.update(zip(values.tolist(), shown.tolist()))
    return colors


def _some(stored: StoredValues) -> list[int]:
    """The places of the files whose layout is looked at in any case."""
    number = len(stored.files)
    most = int(_PIXELS * number / max(1, stored.total))
    return sample(range(number), int(np.clip(most, _FEWEST, _LOOKED_AT)))


def _rare(stored: StoredValues) -> dict[int, list[int]]:
    """The places of the files that hold most of a value, of the rarest values."""
    rare = [v for v in stored.seen if stored.share([v]) < _RARE]
    chosen = sorted(rare, key=lambda value: stored.pixels[value])[:_RARE_VALUES]
    holders = {v: [n for n, file in enumerate(stored.files) if v in file] for v in chosen}
    return {
        v: sorted(several, key=lambda n: -stored.files[n][v])[:_FILES_OF_ONE]
        for v, several in holders.items()
    }


def _unreadable(root: Path, paths: list[Path], splits: dict[str, Split], got: str) -> LabelError:
    commands, lossy, note = convert_commands(root, splits, paths)
    hint = "Export the values of classes as images of one channel, without alpha."
    if commands:
        hint = f"{note}If they are colours, make label images of them first: {commands}"
    if lossy:
        hint = f"{note}Their values were changed: export them again from their source as PNGs."
        if commands:
            hint += " Only if that is lost, add the colours of thin objects, which are not found, "
            hint += f"and take the nearest class: {commands}"
    hint = without_labels(splits) * bool(commands) + hint
    must = "readable as label images"
    return LabelError(root, "labels", must=must, got=got, hint=hint, command=commands)
