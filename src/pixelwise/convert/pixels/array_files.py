"""Files of arrays: .npy, .npz and .mat, and the palette indices of GIF files."""

import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.mat5 import arrays_of
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.limits import check_unpacked
from pixelwise.files.records import shown
from pixelwise.labels.codecs.npy import decode_npy as decode_array_file
from pixelwise.labels.codecs.npy import read_npy_head
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, image_format
from pixelwise.settings import command_line
from pixelwise.text import reason_of, some

Arrays = list[tuple[str, np.ndarray]]
SUFFIXES = (".npy", ".npz", ".mat")
_MAT_5 = b"MATLAB 5.0"
_OF_ARCHIVES = (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


def decode_npy(path: Path, data: bytes) -> np.ndarray:
    """The array in a .npy file; objects are never unpickled.

    Raises:
        DatasetError: the header is damaged, or promises more than the file holds.
    """
    try:
        return decode_array_file(data)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None


def decode_mat(path: Path, data: bytes, key: str | None = None) -> np.ndarray:
    """The only two-dimensional array of numbers in a MATLAB 5 file, inside structures too.

    Args:
        path: the file.
        data: its content.
        key: name of the array, with dots for fields of structures; None = there is one.
    Raises:
        DatasetError: the file has another version, is damaged, or has no or several arrays.
    """
    return chosen(path, mat_arrays(path, data), key)


def mat_arrays(path: Path, data: bytes) -> Arrays:
    """Every (H, W) array of a MATLAB 5 file.

    Raises:
        DatasetError: the file has another version, or is damaged.
    """
    if not data.startswith(_MAT_5):
        hint = "Save it with save(..., '-v7')."
        raise DatasetError(path, "file", must="MATLAB 5.0 to 7", got=repr(data[:19]), hint=hint)
    try:
        return arrays_of(data)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None


def npz_arrays(path: Path, data: bytes) -> Arrays:
    """Every (H, W) array of numbers in a .npz file; objects are never unpickled.

    Raises:
        DatasetError: it is no such file, is damaged, or would take more memory than a file may.
    """
    found = []
    try:
        with ZipFile(BytesIO(data)) as file:
            entries = [entry for entry in file.infolist() if entry.filename.endswith(".npy")]
            size = sum(entry.file_size for entry in entries)
            check_unpacked(len(data) + 2 * size, f"arrays of {size:,} bytes")
            for entry in entries:
                with file.open(entry) as stream:
                    # no more than the file says, whatever is in it
                    content = stream.read(entry.file_size + 1)
                array = decode_npy(Path(f"{path}: {entry.filename}"), content)
                found.append((entry.filename.removesuffix(".npy"), array))
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None
    except _OF_ARCHIVES as error:
        got = reason_of(error)
        raise DatasetError(path, "file", must="a .npz file of arrays", got=got) from None
    return [
        (name, array) for name, array in found if array.ndim >= 2 and array.dtype.kind in "biuf"
    ]


def npz_names(path: Path, data: bytes) -> list[str]:
    """The names of the (H, W) arrays of numbers in a .npz file, whose samples are not read.

    Raises:
        DatasetError: it is no such file, or is damaged.
    """
    found = []
    try:
        with ZipFile(BytesIO(data)) as file:
            for entry in file.infolist():
                if entry.filename.endswith(".npy"):
                    with file.open(entry) as stream:
                        shape, _, dtype = read_npy_head(stream, entry.file_size)
                    if len(shape) == 2 and dtype.kind in "biuf":
                        found.append(entry.filename.removesuffix(".npy"))
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None
    except _OF_ARCHIVES as error:
        raise DatasetError(path, "file", must="a .npz file", got=reason_of(error)) from None
    return found


def chosen(path: Path, arrays: Arrays, key: str | None) -> np.ndarray:
    """The array of a name, or the only one.

    Raises:
        DatasetError: there is no such array, or there are several and no name is given.
    """
    named = [array for name, array in arrays if key in (name, name.rpartition(".")[2])]
    if len(named) == 1:
        return named[0]
    if key is None and len(arrays) == 1:
        return arrays[0][1]
    listed = some(f"{name} ({' x '.join(map(str, array.shape))})" for name, array in arrays)
    if key is not None:
        raise DatasetError(path, "key", must=f"one of {listed or 'no array'}", got=shown(key))
    got = f"{len(arrays):,}: {listed}" if arrays else "none"
    hint = f"Choose one by {setting('key', likely_key(arrays))}." if arrays else ""
    must = "one with a single (H, W) array"
    raise DatasetError(path, "file", must=must, got=got, hint=hint)


def likely_key(arrays: Arrays) -> str:
    """The name that says most that an array is a label, or else the first."""
    words = ("seg", "label", "class", "mask", "gt", "truth")
    last = [name.rpartition(".")[2].lower() for name, _ in arrays]
    ranked = (i for word in words for i, name in enumerate(last) if word in name)
    return arrays[next(ranked, 0)][0]


def decode_array(config: ConvertConfig, path: Path, data: bytes) -> np.ndarray:
    """The array in a .npy, .npz or .mat file.

    Raises:
        DatasetError: it is damaged, or has several arrays and no key is given; then the message
            has the command that gives one.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return decode_npy(path, data)
    arrays = (mat_arrays if suffix == ".mat" else npz_arrays)(path, data)
    try:
        return chosen(path, arrays, config.key)
    except DatasetError as error:
        if config.key is None and len(arrays) > 1:
            again = command_line(replace(config, key=likely_key(arrays), order=None))
            error.add_hint(f"For example: {again}")
        raise


def key_of(path: Path) -> str:
    """The key that a .mat or .npz file needs, the likeliest; "" if it needs none."""
    try:
        data = read_file(path)
        arrays = (mat_arrays if path.suffix.lower() == ".mat" else npz_arrays)(path, data)
    except (Unreadable, PixelwiseError):
        return ""
    return likely_key(arrays) if len(arrays) > 1 else ""


def decode_gif(path: Path, data: bytes) -> np.ndarray:
    """The palette indices of a GIF file with one image.

    Raises:
        DatasetError: it is damaged, too large or an animation.
    """
    try:
        kind = image_format(data)
        if kind != "GIF":
            raise Unreadable("a GIF file", f"a {kind} file")
        image = decode_image(data)
        if image.mode not in ("P", "L"):
            raise Unreadable("indexed", f"mode {image.mode}")
        return samples_of(image)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None
