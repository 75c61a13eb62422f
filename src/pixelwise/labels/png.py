"""Read and write label images: the number in the file is the number in the array.

A label image is an indexed PNG: one byte a pixel, which is the stored value itself. Which class a
stored value stands for is said by Classes; the palette only says how it is shown.
"""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, LabelError, check_choice, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import (
    MAX_PIXELS,
    Unreadable,
    check_pixels,
    format_of,
    open_file,
    read_file,
)
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bmp_tiff import bmp_or_tiff_size, decode_bmp_or_tiff
from pixelwise.labels.classes import Classes
from pixelwise.labels.codecs.png_writer import encode_png
from pixelwise.labels.histogram import count_values
from pixelwise.labels.label_checks import FROM_CHANNEL, FROM_COLOR, as_label
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png_chunks import (
    HEADER_BYTES,
    PngHeader,
    count_samples,
    decode_and_count,
    decode_samples,
    read_header,
    read_pixel_stream,
)

Storage = Literal["palette", "grey", "grey16"]

_HINTS = {
    "RGB": FROM_COLOR,
    "RGBA": f"{FROM_COLOR} read_image drops the alpha channel.",
    "grey with alpha": f"Keep the grey channel: {FROM_CHANNEL}.",
}
_FROM_LOSSY = (
    "Its values are no longer those that were drawn: export it again from its source as a PNG, or "
    'use color_to_index(read_image(path), classes, unknown="nearest").'
)


def read_label(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8 | np.uint16]:
    """Read the stored value of every pixel, exactly as it is in the file.

    Indices of a palette and grey samples of 1, 2, 4, 8 or 16 bits come out unscaled, whatever the
    palette, transparency, interlacing or orientation tag says. An index behind the end of a short
    palette is a stored value like any other. Checksums and the number of rows are verified.

    Args:
        path: an indexed or grey PNG; single-page BMP and TIFF files are read too.
        max_pixels: larger images are refused before memory is taken for them.
    Returns:
        (H, W) stored values, uint8; uint16 if the file has more than 8 bits a pixel. Turn them
        into class indices with Classes.to_index.
    Raises:
        LabelError: the file is missing, damaged, incomplete, too large or not an image; or it is
            colour, lossy or an animation, and the message says which call converts it.
    Equals: np.asarray(PIL.Image.open(path)) for intact palette PNGs and for 8-bit and 16-bit grey.
    """
    try:
        return _decode(read_file(path), max_pixels)
    except Unreadable as error:
        raise error.at(LabelError, path, "label") from None


def view_label(path: Path | str) -> NDArray[np.uint8 | np.uint16]:
    """read_label, but what it returns may be read-only and not contiguous, which saves a copy."""
    try:
        return _decode(read_file(path), MAX_PIXELS, own=False)
    except Unreadable as error:
        raise error.at(LabelError, path, "label") from None


def decode_label(where: Path | str, data: bytes) -> np.ndarray:
    """read_label of a file whose bytes have been read; `where` is the file."""
    try:
        return _decode(data, MAX_PIXELS)
    except Unreadable as error:
        raise error.at(LabelError, where, "label") from None


def count_stored(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """The stored values that occur in a label file, ascending, and their pixels.

    Takes about half the time of reading the label and counting its values.

    Args:
        path: see read_label.
    Returns:
        values (K,), pixels (K,); both int64.
    Raises:
        LabelError: see read_label.
    Equals: np.unique(read_label(path), return_counts=True).
    """
    try:
        data = read_file(path)
        if _lossless_format_of(data) == "PNG":
            pixels = count_samples(*_one_channel(data, MAX_PIXELS))
        else:
            pixels = count_values(_decode(data, MAX_PIXELS))
    except Unreadable as error:
        raise error.at(LabelError, path, "label") from None
    values = np.flatnonzero(pixels)
    return values, pixels[values]


def read_and_count(
    path: Path | str, *, data: bytes | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A label together with the values in it, for less than read_label and count_stored take.

    Args:
        path: see read_label.
        data: its content, if it has been read already.
    Returns:
        label (H, W) as from read_label, but perhaps read-only and not contiguous; values (K,) and
        pixels (K,) as from count_stored.
    Raises:
        LabelError: see read_label.
    """
    try:
        data = read_file(path) if data is None else data
        if _lossless_format_of(data) == "PNG":
            label, pixels = decode_and_count(*_one_channel(data, MAX_PIXELS))
        else:
            label = _decode(data, MAX_PIXELS)
            pixels = count_values(label)
    except Unreadable as error:
        raise error.at(LabelError, path, "label") from None
    values = np.flatnonzero(pixels)
    return label, values, pixels[values]


def write_label(
    path: Path | str,
    label: ArrayLike,
    classes: Classes | None = None,
    *,
    storage: Storage = "palette",
) -> None:
    """Write stored values as a PNG, read it back, compare, and only then let it appear.

    The file is indexed: 8 bits a pixel and a palette of 256 entries, so that no value can be
    squeezed into fewer bits; if a value exceeds 255 it has 16 bits and no palette. The same label
    gives the same bytes. Missing folders are created; an existing file is replaced in one step.

    Args:
        path: must end in .png.
        label: (H, W) integers 0..65535 or bool: the values to store, NOT class indices, where the
            two differ. For class indices write classes.to_stored(label).
        classes: gives each stored value its display colour; None uses the Pascal VOC colours.
            Values that the classes do not know are written too.
        storage: "palette", or "grey" and "grey16" for 8 and 16 bits a pixel without a palette.
    Raises:
        ArgumentTypeError: label is not made of integers.
        ArgumentError: label is not (H, W), is empty or has a value outside 0..65535, or 0..255 for
            "grey"; path does not end in .png; storage is not one of the three.
        LabelError: what was written would not be read back equal.
        RunError: the file system refuses, for instance because the disk is full.
    """
    where = "write_label"
    check_choice(where, "storage", storage, get_args(Storage))
    if Path(path).suffix.lower() != ".png":
        hint = "Only a PNG keeps indices and says how to show them."
        raise ArgumentError(where, "path", must="a name ending in .png", got=str(path), hint=hint)
    label = as_label(where, "label", label)
    if label.ndim != 2 or label.size == 0:
        raise ArgumentError(where, "label", must="(H, W) with at least one pixel", got=label.shape)
    low, high = int(label.min()), int(label.max())
    top = 255 if storage == "grey" else 65535
    if low < 0 or high > top:
        hint = "Give void a value of its own, such as 255."
        if low >= 0 and high <= 65535:
            hint = f"Use {setting('storage', 'grey16')}."
        raise ArgumentError(where, "label", must=f"0..{top}", got=f"{low}..{high}", hint=hint)

    palette = None
    if storage == "palette" and high <= 255:
        palette = classes.palette() if classes is not None else voc_colormap()
    deep = high > 255 or storage == "grey16"
    data = encode_png(label.astype(np.uint16 if deep else np.uint8), palette)
    if not np.array_equal(_decode(data, label.size), label):
        raise LabelError(path, "label", must="equal when read back", got="other values")
    atomic_write(path, data)


def label_size(path: Path | str) -> tuple[int, int]:
    """(height, width) of a PNG, BMP or TIFF file, from its header alone.

    Raises:
        LabelError: the file is missing, has no valid header or has another format.
    """
    try:
        with open_file(path) as file:
            start = file.read(HEADER_BYTES)
            kind = _lossless_format_of(start)
            if kind != "PNG":
                file.seek(0)
                return bmp_or_tiff_size(file)
            header = read_header(start)
            return header.height, header.width
    except Unreadable as error:
        raise error.at(LabelError, path, "label") from None
    except OSError as error:
        raise LabelError(path, "label", must="readable", got=error.strerror) from None


def _decode(data: bytes, max_pixels: int, own: bool = True) -> np.ndarray:
    kind = _lossless_format_of(data)
    if kind != "PNG":
        return decode_bmp_or_tiff(data, max_pixels)
    return decode_samples(*_one_channel(data, max_pixels), own)


def _one_channel(data: bytes, max_pixels: int) -> tuple[PngHeader, bytes]:
    """The header and the pixel stream of a PNG file with one sample a pixel."""
    header = read_header(data)
    check_pixels(header.width, header.height, max_pixels)
    # the file, its pixels joined, an array of them and what decoding and counting take beside it
    pixels = header.width * header.height * (3 if header.bit_depth == 16 else 2)
    what = f"{header.width:,} x {header.height:,} pixels"
    check_unpacked(2 * len(data) + pixels, what)
    stream = read_pixel_stream(data, header)
    if header.color_name in _HINTS:
        hint = _HINTS[header.color_name]
        raise Unreadable("an indexed or one-channel image", header.color_name, hint, "storage")
    return header, stream


def _lossless_format_of(data: bytes) -> str:
    """PNG, BMP or TIFF; the other formats cannot be trusted with indices."""
    kind = format_of(data)
    if kind == "GIF":
        hint = "Programs renumber the palette of a GIF. Export it again from its source as a PNG."
        raise Unreadable("an indexed PNG", "a GIF file", hint, "storage")
    if kind == "WebP" and data[12:16] == b"VP8L":
        must = "an indexed or one-channel image"
        raise Unreadable(must, "a colour WebP file", FROM_COLOR, "storage")
    if kind in ("JPEG", "WebP"):
        raise Unreadable("stored without loss", f"a {kind} file", _FROM_LOSSY, "storage")
    return kind
