"""Rows of an image file, so that an image need not fit into memory: .npy and TIFF files.

Other formats are compressed as a whole, or rarely used for large images: they are read whole. So
are TIFF files whose samples only Pillow gives as they are meant: palettes, JPEG, less than 8 bits.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from pixelwise.errors import DatasetError
from pixelwise.extras import is_installed
from pixelwise.files.content import RESTORE, Unreadable, open_file
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bands.image_kind import ImageKind, check_type
from pixelwise.labels.bands.reading import Samples, as_samples
from pixelwise.labels.bands.stored import Stored
from pixelwise.labels.bands.tiff import TIFF_MAGIC, TiffLayout, read_tiff_layout
from pixelwise.labels.codecs.npy import NPY_MAGIC, read_npy_head
from pixelwise.labels.codecs.tiff import inflates
from pixelwise.text import plural, reason_of

_HEAD = 8
Rows = Callable[[int, int], np.ndarray]


class ImageRows(NamedTuple):
    """An image that is read by rows.

    Attributes:
        size: (height, width) as stored.
        read: (first, stop) -> samples (stop - first, width, C), as ImageKind.read gives them.
    """

    size: tuple[int, int]
    read: Callable[[int, int], Samples]


@contextmanager
def image_by_rows(path: Path, kind: ImageKind) -> Iterator[ImageRows | None]:
    """Rows of an image file; None if its format is read whole.

    Equals: kind.read(path)[0][first:stop]
    Raises:
        DatasetError: when it is opened or when rows are read: see ImageKind.read. Damage is found
            in the rows that are read, not in others.
    """
    try:
        with open_file(path) as file:
            found = _npy_rows(file) or _tiff_rows(file, kind)
            if found is None:
                yield None
                return
            (height, width), bands, itemsize, alpha, read = found

            def rows(first: int, stop: int) -> Samples:
                # as stored, as they are read, and what is made of them
                size = 3 * (stop - first) * width * bands * max(itemsize, 4)
                what = f"{stop - first:,} rows of {width:,} pixels of {plural(bands, 'band')}"
                check_unpacked(size, what)
                stored = Stored(read(first, stop), alpha)
                samples, _ = as_samples(path, stored, kind.channels)
                check_type(str(path), samples, kind.dtype, DatasetError)
                return samples

            yield ImageRows((height, width), rows)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


class _Found(NamedTuple):
    size: tuple[int, int]
    bands: int
    itemsize: int
    alpha: bool
    read: Rows


def _npy_rows(file: BinaryIO) -> _Found | None:
    """Of an array whose rows lie one after the other."""
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(len(NPY_MAGIC)) != NPY_MAGIC:
        return None
    file.seek(0)
    shape, is_fortran, dtype = read_npy_head(file, size)
    start = file.tell()
    if len(shape) not in (2, 3) or is_fortran or dtype.kind not in "biuf" or 0 in shape:
        return None  # what is wrong is said when it is read whole
    bands = shape[2] if len(shape) == 3 else 1
    line = shape[1] * bands * dtype.itemsize

    def read(first: int, stop: int) -> np.ndarray:
        file.seek(start + first * line)
        data = file.read((stop - first) * line)
        rows = np.frombuffer(data, dtype).reshape(stop - first, shape[1], bands)
        return rows.astype(dtype.newbyteorder("="))

    return _Found((shape[0], shape[1]), bands, dtype.itemsize, False, read)


def _tiff_rows(file: BinaryIO, kind: ImageKind) -> _Found | None:
    """Of a TIFF file in strips or tiles whose samples are what they mean."""
    size = file.seek(0, 2)

    def part(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    if part(0, _HEAD)[:4] not in TIFF_MAGIC or not is_installed("tifffile"):
        return None
    layout = read_tiff_layout(part, size)
    bands = layout.bands
    colors = bands.bands - bands.alpha
    if not layout.by_rows or (kind.is_rgb and colors not in (1, 3)):
        return None
    check_unpacked(4 * layout.largest, f"a strip or tile of {layout.largest:,} bytes")
    file.seek(0)
    read = _by_tifffile(file, layout)
    sides = bands.height, bands.width
    return _Found(sides, bands.bands, bands.dtype.itemsize, bands.alpha, read)


def _by_tifffile(file: BinaryIO, layout: TiffLayout) -> Rows:
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    bands = layout.bands
    try:
        page = tifffile.TiffFile(file).pages.first
        axes = page.imagelength, page.imagewidth, page.samplesperpixel
        depth, length, width = page.imagedepth, *page.chunks[:2]
        decode = page.decode
    except Exception as error:
        # anything from struct.error to its own and those of codecs on damaged files
        raise Unreadable("an undamaged TIFF file", reason_of(error), RESTORE) from None
    stored = page.dtype
    if axes != (bands.height, bands.width, bands.bands) or stored is None or depth != 1:
        raise Unreadable("an undamaged TIFF file", f"{axes} of {stored}", RESTORE)
    separate = page.planarconfig == 2 and bands.bands > 1
    planes = bands.bands if separate else 1
    if separate:
        length, width = page.chunks[-2:]
    across, down = -(-bands.width // width), -(-bands.height // length)

    def read(first: int, stop: int) -> np.ndarray:
        shape = (planes, stop - first, bands.width, bands.bands // planes)
        rows = np.empty(shape, stored.newbyteorder("="))
        for plane in range(planes):
            for line in range(first // length, -(-stop // length)):
                for column in range(across):
                    number = (plane * down + line) * across + column
                    segment = _segment(number)
                    top, left = line * length, column * width
                    low, high = max(first, top), min(stop, top + length, bands.height)
                    right = min(left + width, bands.width)
                    if segment.shape[0] < high - top or segment.shape[1] < right - left:
                        got = f"one that ends at pixel {(top, left)}"
                        raise Unreadable("a complete TIFF file", got, RESTORE, "cut")
                    rows[plane, low - first : high - first, left:right] = segment[
                        low - top : high - top, : right - left
                    ]
        return rows[0] if planes == 1 else np.moveaxis(rows[..., 0], 0, 2)

    def _segment(number: int) -> np.ndarray:
        """(rows, columns, samples) of a strip or tile."""
        offset, size = layout.segments[number]
        file.seek(offset)
        data = file.read(size)
        if layout.deflated and not inflates(memoryview(data), layout.needed[number]):
            got = f"{number:,} of {len(layout.segments):,} strips and then damage"
            raise Unreadable("a complete TIFF file", got, RESTORE, "cut")
        try:
            segment = decode(data, number)[0]
        except MemoryError:
            raise
        except Exception as error:
            raise Unreadable("an undamaged TIFF file", reason_of(error), RESTORE) from None
        if segment is None:
            raise Unreadable("a complete TIFF file", "one without pixels", RESTORE, "cut")
        return segment[0]

    return read
