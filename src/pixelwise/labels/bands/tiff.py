"""TIFF files of any number of bands and any type of samples, decoded by tifffile.

Pillow decodes what it gives back exactly: one band, or red, green and blue of 8 bits. All others
need the extra "tiff". What is in the file is compared with its size and with the memory that a file
may take before tifffile sees it, and every strip or tile must be whole.

Source: TIFF revision 6.0; GeoTIFF files are TIFF files, whose coordinates are not needed here.
"""

import logging
import math
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np

from pixelwise.extras import missing_package
from pixelwise.files.content import RESTORE, Unreadable, check_pixels
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.codecs.tiff import (
    Slice,
    TiffPage,
    check_strips,
    needed_bytes,
    read_tiff,
    strips_of,
)
from pixelwise.labels.decode import damage_explained
from pixelwise.text import plural, reason_of

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_PLANES, _EXTRA, _FORMAT, _DEPTH = 284, 338, 339, 32997
_NODATA, _TEXT = 42113, 2  # of GDAL: a number as text
_GREY, _RGB, _PALETTE, _CMYK, _YCBCR = (0, 1), 2, 3, 5, 6
_AS_STORED = (1, 2)  # grey whose 0 is black, and RGB
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ALPHA = (1, 2)
# Compressions that are undone into as much memory as was foreseen.
_BY_TIFFFILE = {1: "none", 5: "LZW", 8: "deflate", 32946: "deflate", 32773: "PackBits"}
_BY_TIFFFILE |= {34925: "LZMA", 50000: "Zstandard"}
_BY_PILLOW = {1, 2, 3, 4, 5, 7, 8, 32946, 32773}
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MOST_BANDS = 1 << 12
_BYTES_OF_BITS = {1: 1, 2: 1, 4: 1, 8: 1, 16: 2, 32: 4, 64: 8}
_KINDS = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f"}


@dataclass(frozen=True)
class TiffBands:
    """What the directory of a TIFF file says of its samples.

    Attributes:
        height, width, bands: its size, alpha among the bands.
        dtype: of the samples.
        alpha: whether the last band is alpha.
        by_pillow: whether Pillow gives the samples exactly.
    """

    height: int
    width: int
    bands: int
    dtype: np.dtype
    alpha: bool
    by_pillow: bool


@dataclass(frozen=True)
class TiffLayout:
    """Where the samples of a TIFF file are.

    Attributes:
        bands: what its directory says of them.
        by_rows: whether strips and tiles can be undone one by one, to the samples that Pillow and
            decode_tiff give.
        segments: (offset, bytes) of each strip or tile, plane after plane.
        needed: bytes of each before it is compressed.
        deflated: whether they are compressed by deflate.
    """

    bands: TiffBands
    by_rows: bool
    segments: tuple[tuple[int, int], ...] = ()
    needed: tuple[int, ...] = ()
    deflated: bool = False

    @property
    def largest(self) -> int:
        """Bytes of the largest strip or tile."""
        return max(self.needed, default=0)


def read_tiff_layout(part: Slice, size: int) -> TiffLayout:
    """The strips or tiles of a TIFF file, all inside the file.

    Raises:
        Unreadable: see read_tiff_bands; it is cut.
    """
    with damage_explained("TIFF"):
        page = read_tiff(part, size, copies=True)
        found = _bands_of(page, part, _is_single(part, size))
        compression, light = page.one(_COMPRESSION, part, 1), page.one(_PHOTOMETRIC, part, 0)
        bits = page.one(_BITS, part, 1)
        if (
            compression not in _BY_TIFFFILE
            or light not in _AS_STORED
            or bits not in (8, 16, 32, 64)
        ):
            return TiffLayout(found, by_rows=False)
        segments = strips_of(page, part, size)
        needed = needed_bytes(page, part, len(segments))
        deflated = _BY_TIFFFILE[compression] == "deflate"
        return TiffLayout(found, True, tuple(segments), tuple(needed), deflated)


def read_tiff_bands(part: Slice, size: int) -> TiffBands:
    """The bands of a TIFF file; smaller copies and masks behind the first page are left out.

    Raises:
        Unreadable: it is damaged, has several pages, or samples that are not read.
    """
    with damage_explained("TIFF"):
        return _bands_of(read_tiff(part, size, copies=True), part, _is_single(part, size))


def read_nodata(part: Slice, size: int) -> float | Literal["nan"] | None:
    """The value of samples without data as GDAL writes it; None if there is none that is usable."""
    try:
        entry = read_tiff(part, size, copies=True).entries.get(_NODATA)
        if entry is None or entry.kind != _TEXT:
            return None
        value = float(part(entry.value, entry.count).rstrip(b"\0 "))
    except (Unreadable, struct.error, ValueError):
        return None  # decoding it says why
    if math.isnan(value):
        return "nan"
    return value if abs(value) <= np.finfo(np.float32).max else None


def has_copies(data: bytes) -> bool:
    """Whether a file is a TIFF file with one image and smaller copies or masks of it."""
    if data[:4] not in TIFF_MAGIC:
        return False

    def part(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    try:
        read_tiff(part, len(data), copies=True)
        return not _is_single(part, len(data))
    except (Unreadable, struct.error):
        return False  # decoding it says why


def tiff_bands(data: bytes) -> TiffBands | None:
    """The bands of a TIFF file; None of other files, and of damaged ones."""
    if data[:4] not in TIFF_MAGIC:
        return None
    try:
        return read_tiff_bands(lambda offset, length: data[offset : offset + length], len(data))
    except Unreadable:
        return None


def decode_tiff(data: bytes) -> tuple[np.ndarray, bool] | None:
    """The samples (H, W, B) of a TIFF file, and whether the last band is alpha.

    Returns:
        None where Pillow gives them.
    Raises:
        Unreadable: see read_tiff_bands; it takes too much memory, or is compressed in a way that is
            not undone here.
        MissingPackageError: tifffile is needed and not installed.
    """

    def part(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    with damage_explained("TIFF"):
        page = read_tiff(part, len(data), copies=True)
        found = _bands_of(page, part, _is_single(part, len(data)))
        if found.by_pillow:
            return None
        check_pixels(found.width, found.height)
        _check_decodable(data, page, part, found)
    return _by_tifffile(data, found), found.alpha


def _check_decodable(data: bytes, page: TiffPage, part: Slice, found: TiffBands) -> None:
    """Refuse what tifffile would take too much memory for, and what is not whole."""
    compression = page.one(_COMPRESSION, part, 1)
    if compression not in _BY_TIFFFILE:
        must = f"compressed by {', '.join(dict.fromkeys(_BY_TIFFFILE.values()))}, as it has "
        must += plural(found.bands, "band") if found.bands > 1 else f"samples of {found.dtype}"
        hint = "Save it again: gdal_translate -co COMPRESS=DEFLATE."
        raise Unreadable(must, f"compression {compression}", hint, "storage")
    strips = strips_of(page, part, len(data))
    samples = found.bands * found.dtype.itemsize * found.height * found.width
    largest = max(needed_bytes(page, part, len(strips)), default=0)
    what = f"{found.width:,} x {found.height:,} pixels of {plural(found.bands, 'band')}"
    check_unpacked(2 * len(data) + 2 * samples + 4 * largest, what)
    check_strips(data, copies=True)


def _is_single(part: Slice, size: int) -> bool:
    try:
        read_tiff(part, size)
    except Unreadable:
        return False
    return True


def _bands_of(page: TiffPage, part: Slice, is_single: bool) -> TiffBands:
    bands, planes = page.one(_SAMPLES, part, 1), page.one(_PLANES, part, 1)
    if not 1 <= bands <= _MOST_BANDS:
        raise Unreadable(f"a TIFF file with 1..{_MOST_BANDS:,} bands", f"{bands:,}")
    all_bits = page.values(_BITS, part) or (1,)
    formats = page.values(_FORMAT, part) or (_UNSIGNED,)
    if len({*all_bits}) > 1 or len({*formats}) > 1 or page.one(_DEPTH, part, 1) != 1:
        must, got = "one type of samples in all bands", f"{all_bits} bits, formats {formats}"
        raise Unreadable(must, got, "Save it with one type.", "storage")
    bits, kind = all_bits[0], _KINDS.get(formats[0], "u" if formats[0] == 4 else "")
    bytes_of = _BYTES_OF_BITS.get(bits, 2 if 8 < bits < 16 else 0)
    if not kind or not bytes_of or (kind == "f" and bytes_of == 1):
        must = "made of integers or floating-point numbers of 8 to 64 bits"
        raise Unreadable(must, f"{bits} bits, format {formats[0]}", "", "storage")
    extra = page.values(_EXTRA, part)
    photometric, compression = page.one(_PHOTOMETRIC, part, 1), page.one(_COMPRESSION, part, 1)
    alpha = bands > 1 and bool(extra) and extra[-1] in _ALPHA
    dtype = np.dtype(f"{kind}{bytes_of}")
    exact = is_single and compression in _BY_PILLOW
    if photometric == _PALETTE and bands == 1:
        bands = 3  # it is applied
    elif photometric == _CMYK and bands == 4 and (bits, kind, planes, exact) == (8, "u", 1, True):
        bands, alpha = 3, False  # it becomes RGB
    elif bands == 1:
        exact &= (bits in (1, 8, 16) and kind == "u") or (bits == 32 and kind == "f")
        exact &= photometric in _GREY
    else:
        straight = (bands == 3 and not extra) or (bands == 4 and extra == (2,))
        exact &= straight and bits == 8 and kind == "u" and planes == 1
        exact &= photometric == _RGB or (photometric == _YCBCR and bands == 3)
    height, width = page.one(_HEIGHT, part, 0), page.one(_WIDTH, part, 0)
    if min(height, width) < 1:
        raise Unreadable("an undamaged TIFF file", f"{width} x {height} pixels", RESTORE)
    return TiffBands(height, width, bands, dtype, alpha, exact)


def _by_tifffile(data: bytes, found: TiffBands) -> np.ndarray:
    try:
        import tifffile
    except ModuleNotFoundError:
        raise missing_package("read_channels", "tifffile") from None
    # what it would write to stderr arrives as an error, or is of no importance to samples
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    sides = found.height, found.width
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            page = file.pages.first
            axes = page.imagelength, page.imagewidth, page.samplesperpixel
            if axes != (*sides, found.bands) or page.dtype is None or page.imagedepth != 1:
                raise Unreadable("an undamaged TIFF file", f"{axes} of {page.dtype}", RESTORE)
            planes = found.bands if page.planarconfig == 2 and found.bands > 1 else 1
            samples = np.empty(
                (planes, *sides, found.bands // planes), page.dtype.newbyteorder("=")
            )
            for segment, (plane, _, top, left, _), shape in page.segments(maxworkers=1):
                rows, columns = min(shape[1], sides[0] - top), min(shape[2], sides[1] - left)
                if segment is None or segment.shape[1] < rows or segment.shape[2] < columns:
                    got = f"one that ends at pixel {(top, left)}"
                    raise Unreadable("a complete TIFF file", got, RESTORE, "cut")
                samples[plane, top : top + rows, left : left + columns] = segment[
                    0, :rows, :columns
                ]
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # it raises anything from struct.error to its own and those of codecs on damaged files
        raise Unreadable("an undamaged TIFF file", reason_of(error), RESTORE) from None
    return samples[0] if planes == 1 else np.moveaxis(samples[..., 0], 0, 2)
