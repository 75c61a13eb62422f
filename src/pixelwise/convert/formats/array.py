"""Index arrays: .npy, .npz, .mat, TIFF, GIF, BMP and PNG files that hold a value for each pixel.

Values become class indices through the class table in one step, so that they may swap places.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os.path import isdir
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import find_label_files, rows_beside
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import files_below
from pixelwise.convert.pixels.array_files import SUFFIXES, decode_array, decode_gif
from pixelwise.convert.pixels.given_classes import Concluded, with_values
from pixelwise.convert.pixels.labels_alone import check_no_photograph
from pixelwise.convert.pixels.stacks import read_stack, stacks
from pixelwise.convert.pixels.suggestion import MOST_TYPED, classes_missing
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Index, Item, Source
from pixelwise.errors import DatasetError, LabelError, PixelwiseError, setting
from pixelwise.files.content import MAX_PIXELS, Unreadable, open_file
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.class_checks import OTHER
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import Snapped
from pixelwise.labels.decode import read_head
from pixelwise.labels.png import decode_label
from pixelwise.legend.rows import Rows, classes_of
from pixelwise.offenders import list_offenders
from pixelwise.sample import sample
from pixelwise.settings import command_line
from pixelwise.survey.content import count_colors, decode_pixels
from pixelwise.survey.statements import OPEN, Statement
from pixelwise.survey.values.meaning import meaning_of
from pixelwise.survey.values.stored import StoredValues

# Arrays whose values are looked at to guess classes; of more, so many.
_FILES_LOOKED_AT = 100
_HIGHEST = 65535
_LOSSY = ("JPEG", "WebP")


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The arrays of a folder; what values of arrays mean is guessed if not given.

    Raises:
        DatasetError: no classes are given for values of image files, or these have lost values and
            the nearest may not be taken; the message has the command that does it.
    """
    suffixes = _suffixes(config.source)
    items = find_label_files(config, suffixes)
    if not items:
        return Source(items)
    if config.task is not None:
        return stacks(items, config)
    if suffixes != IMAGE_SUFFIXES:
        if config.classes is None:
            return Source(items, *_guessed(items, config))
        return Source(items, conclude=partial(_concluded, items, config))
    paths = [item.files[0] for item in items]
    rows, notes = (None, ()) if config.classes else rows_beside(config)
    if config.classes is None and rows is None:
        raise classes_missing(config, paths)
    if config.unknown != "nearest":
        _check_not_lossy(config, paths)
    if rows is not None:
        rows, more = _concluded(items, config, rows)
        notes += more
    return Source(items, rows, notes, partial(_concluded, items, config))


def _guessed(items: list[Item], config: ConvertConfig) -> tuple[Rows, tuple[str, ...]]:
    """Classes from the values of some arrays, as init guesses those of label images; and notes."""
    files, wide = [], False
    for values in _values_of(items, config):
        if values and not 0 <= min(values) <= max(values) <= _HIGHEST:
            return Rows(()), ()  # the message of unknown classes says what to do
        files.append(values)
        wide |= bool(values) and max(values) > 255
    rows, notes = rows_beside(config)
    named = classes_of(rows, rows.void) if rows and set(rows.names) > set(rows.void) else None
    meaning = meaning_of(StoredValues(tuple(files), wide), named)
    classes = meaning.classes
    for statement in meaning.statements:
        if statement.sureness == OPEN:
            raise _open_question(config, statement, meaning.classes)
    notes = (*notes, *map(str, meaning.statements))
    return Rows(classes.names, values=classes.values, ignore_values=classes.ignore_values), notes


def _open_question(config: ConvertConfig, statement: Statement, assumed: Classes) -> DatasetError:
    """The error that asks what values mean; its command gives what would be assumed."""
    typed = [
        f"{name}={value}"
        for name, values in zip(assumed.names, assumed.values)
        for value in (values if isinstance(values, tuple) else ())
    ]
    command = ""
    if len(typed) <= MOST_TYPED and OTHER not in assumed.values:
        chosen = replace(config, classes=",".join(typed), ignore_values=assumed.ignore_values)
        command = f": {command_line(chosen)}"
    hint = f"Give {setting('classes')} with their values, names in any order{command}"
    return DatasetError(config.source, event=statement.text, hint=hint)


def _concluded(items: list[Item], config: ConvertConfig, rows: Rows) -> Concluded:
    """The classes that were given, with the values that stand for them."""
    nearest = config.unknown == "nearest"
    items = sample(items, _FILES_LOOKED_AT)
    if rows.values is not None and not nearest:
        return rows, ()
    pixels = Counter[int]()
    for item in items:
        with suppress(PixelwiseError):  # making the label says what is wrong
            pixels.update(*_values_of([item], config))
    return with_values(rows, pixels, nearest=nearest)


def _values_of(items: list[Item], config: ConvertConfig) -> Iterator[dict[int, int]]:
    """The pixels of each value, but the void ones, of some items."""
    for item in sample(items, _FILES_LOOKED_AT):
        # what is read again later is not kept
        values, void = read_values(replace(item), config)
        found, pixels = count_colors(values[~void])
        yield dict(zip(found.tolist(), pixels.tolist()))


def _check_not_lossy(config: ConvertConfig, paths: list[Path]) -> None:
    for path in paths:
        try:
            with open_file(path) as file:
                kind = read_head(file).format
        except Unreadable:
            continue  # reading it says why
        if kind in _LOSSY:
            again = command_line(replace(config, unknown="nearest", order=None))
            must, got = "stored without loss", f"a {kind} file: {path}"
            hint = f"If there is no PNG of its source, take the nearest class: {again}"
            raise DatasetError(config.source, "labels", must=must, got=got, hint=hint)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """One array as class indices.

    Raises:
        LabelError: it has values that are neither a class nor void, and unknown is "error"; or it
            is a photograph.
    """
    if config.task is not None:
        return read_stack(item, config, legend)
    values, void = read_values(item, config)
    snapped, known = None, legend.known_values
    if config.unknown == "nearest" and known is not None:
        values, snapped = _nearest(values, void, legend)
    label = values_to_label(str(item.files[0]), values, void, config, legend)
    guessed = snapped.pixels if snapped else np.count_nonzero(label == legend.classes.ignore_index)
    if config.unknown != "error" and 2 * guessed > label.size:
        check_no_photograph(item.files[0], item.contents[0])
    return Drawing(label.shape, label=label, snapped=snapped)


def _nearest(
    values: NDArray[np.integer], void: NDArray[np.bool], legend: Legend
) -> tuple[NDArray[np.integer], Snapped | None]:
    """Each value that is neither a class nor void becomes the nearest that is, the lower of two."""
    stored = legend.stored
    own = [v for several in stored.values if several != OTHER for v in several]
    known = np.unique(np.array([*own, *stored.ignore_values], np.int64))
    found, pixels = count_colors(values[~void])
    above = np.searchsorted(known, found).clip(1, len(known) - 1) if len(known) > 1 else 0 * found
    below = np.maximum(above - 1, 0)
    nearer = np.where(known[above] - found < found - known[below], above, below)
    distance = np.abs(known[nearer] - found)
    if not distance.any():
        return values, None
    snapped = Snapped.measured(distance[distance > 0], pixels[distance > 0])
    places = np.searchsorted(found, values).clip(max=len(found) - 1)
    return np.where(void, values, known[nearer][places]), snapped


def values_to_label(
    where: str,
    values: NDArray[np.integer],
    void: NDArray[np.bool],
    config: ConvertConfig,
    legend: Legend,
) -> Index:
    """Stored values -> class indices.

    Args:
        where: the file, first word of messages.
        values: (H, W) integers.
        void: (H, W) bool, True where the label is void whatever the value.
        config: unknown.
        legend: what values mean.
    Raises:
        LabelError: there are values that are neither a class nor void, and unknown is "error".
    """
    known = legend.known_values
    if config.unknown == "ignore" and known is not None:
        void = void | ~_among(values, known)
    if void.any():
        # any value that means something will do where the label becomes void anyway
        any_known = 0 if known is None else int(known[0])
        values = np.where(void, np.array(any_known, np.min_scalar_type(any_known)), values)
    label = legend.written[legend.stored.to_index(values, where)]
    label[void] = legend.classes.ignore_index
    return label


def read_values(item: Item, config: ConvertConfig) -> tuple[NDArray[np.integer], NDArray[np.bool]]:
    """The values of the file of an item, and where they are among ignore_values.

    Returns:
        values (H, W) in the dtype of the file, int64 for floating point; void (H, W) bool.
    Raises:
        DatasetError, LabelError: the file is damaged, holds something else than one array of whole
            numbers, or is too large.
    """
    (path,), (data,) = item.files, item.contents
    plain = _decode_shown if config.unknown == "nearest" else decode_label
    suffix = path.suffix.lower()
    array = decode_array(config, path, data) if suffix in SUFFIXES else None
    if array is None:
        array = decode_gif(path, data) if suffix == ".gif" else plain(path, data)
    values = _whole_numbers(str(path), array)
    return values, _among(values, config.ignore_values)


def _decode_shown(path: Path, data: bytes) -> np.ndarray:
    """The values of one channel, whatever the file format has made of them."""
    pixels = decode_pixels(path, data)
    if not pixels.is_packed:
        return pixels.packed
    if not pixels.is_grey:
        hint = f"For colours give {setting('format', 'color')}."
        raise LabelError(path, "label", must="one channel, or grey", got="colours", hint=hint)
    return (pixels.packed & 255).astype(np.uint8)


def _among(values: NDArray[np.integer], chosen: Collection[int]) -> NDArray[np.bool]:
    """np.isin(values, chosen), row by row: it takes several copies of what it is given."""
    found, wanted = np.zeros(values.shape, bool), np.array([*chosen], np.int64)
    for row, answer in zip(values, found, strict=True):
        answer[:] = np.isin(row, wanted)
    return found


def _suffixes(source: Path) -> Collection[str]:
    """Those of arrays if there are any; otherwise those of images."""
    for suffix in SUFFIXES:
        if isdir(source) and next(files_below(source, [suffix]), None) is not None:
            return [suffix]
    return IMAGE_SUFFIXES


def _whole_numbers(where: str, array: np.ndarray) -> NDArray[np.integer]:
    """(H, W) in the dtype it has; floating-point numbers, only if they are whole, as int64."""
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    elif array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not array.size:
        got = f"{array.dtype} with shape {array.shape}"
        hint = f"If it is a plane for each class: {setting('task', 'multilabel')}."
        hint = hint if array.ndim == 3 else ""
        raise LabelError(where, "array", must="(H, W) whole numbers", got=got, hint=hint)
    if array.size > MAX_PIXELS:
        got = f"{array.shape[0]:,} x {array.shape[1]:,}"
        raise LabelError(where, "array", must=f"at most {MAX_PIXELS:,} pixels", got=got)
    if array.dtype.kind == "f":
        broken = ~np.isfinite(array) | (array != np.floor(array)) | (np.abs(array) > 2**53)
        if broken.any():
            bits = np.where(np.isnan(array), 0, 1)
            kinds = {0: "NaN", 1: "fractions or infinity"}
            got = list_offenders(bits, broken, lambda kind: kinds[kind])
            raise LabelError(where, "array", must="(H, W) whole numbers", got=got)
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array.astype(np.int64) if array.dtype.kind == "f" else array
