"""The only code that decodes image files: of known formats, whole, and within the memory allowed.

read_head(file) reads a header; decode_image(data) decodes. Pillow is handed what has been checked:
the format is decided by content, among raster formats that no other program is started for; size
and memory are compared with their limits; a file with missing pixels or several images is refused.
Whether a file is there to its end, without decoding it, is told by labels.complete.check_parts.

See docs/adr/0015-untrusted-files.md.
"""

import ctypes
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageChops, ImageFile
from PIL.BmpImagePlugin import BmpImageFile, DibImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TgaImagePlugin import TgaImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pixelwise.files.content import MAX_PIXELS, RESTORE, Unreadable, check_pixels, format_of
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.codecs.jpeg import Scans, read_scans
from pixelwise.labels.codecs.tiff import Slice, check_strips, plain_tiff, read_tiff
from pixelwise.labels.complete import check_whole, several
from pixelwise.labels.png_chunks import (
    HEADER_BYTES,
    IMAGE_MODES,
    PngHeader,
    decode_png,
    read_header,
)

try:
    from PIL.AvifImagePlugin import AvifImageFile
except ImportError:  # pragma: no cover  (before Pillow 11.3)
    AvifImageFile = None  # type: ignore[assignment,misc]


class _Jpeg(JpegImageFile):
    """Without a look at camera data, of which Pillow warns when they are damaged."""

    def _read_dpi_from_exif(self) -> None:
        pass


class _Tiff(TiffImageFile):
    """Without Pillow's own limit of pixels, which is smaller than ours."""

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = Image.core.new(self.mode, self.size)
        super().load_prepare()


# The classes themselves: Image.open would ask other formats too, and has a limit of its own.
_CLASSES: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "JPEG": _Jpeg,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": _Tiff,
    "WebP": WebPImageFile,
    "DIB": DibImageFile,
    "PPM": PpmImageFile,
    "JPEG 2000": Jpeg2KImageFile,
    "TGA": TgaImageFile,
}
if AvifImageFile is not None:
    _CLASSES["AVIF"] = AvifImageFile
_DIB_HEADERS = {12, 40, 52, 56, 64, 108, 124}
# Tags of TIFF and EXIF.
_ORIENTATION, _SAMPLE_FORMAT, _BITS_PER_SAMPLE = 274, 339, 258
# Bytes of a pixel in Pillow's memory; of all other modes 4.
_STORED = {"1": 1, "L": 1, "P": 1, **dict.fromkeys(("I;16", "I;16B", "I;16L"), 2)}
# Bytes of a pixel that a decoder takes beside that.
_BESIDE = {"WebP": 12, "AVIF": 12, "JPEG 2000": 20, "JPEG": 6, "PPM": 8, "TIFF": 1}
# What is taken whatever the size of an image.
_BASE_BYTES = 1 << 24
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Head:
    """What the header of an image file says.

    Args:
        format: PNG, JPEG, GIF, BMP, TIFF, WebP, DIB, PPM, JPEG 2000, AVIF or TGA.
        mode: Pillow's name of how its pixels are decoded.
        height, width: pixels as stored.
        orientation: EXIF tag 1..8; 1 = as stored.
        palette: red, green, blue of each entry; b"" without a palette.
        is_number: of a TIFF file: samples are signed or floating-point numbers.
        is_wide: of a TIFF file: samples have 16 bits.
    """

    format: str
    mode: str
    height: int
    width: int
    orientation: int = 1
    palette: bytes = b""
    is_number: bool = False
    is_wide: bool = False


def read_head(file: BinaryIO) -> Head:
    """The header of an image file.

    Raises:
        Unreadable: it is damaged, or of no format that is read.
    """

    def part(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    kind = image_format(part(0, HEADER_BYTES))
    if kind == "PNG":
        header, mode, palette, exif = _png_head(part)
        sides = header.height, header.width
        return Head(kind, mode, *sides, orientation_of(exif), palette)
    file.seek(0)
    orientation, is_number, is_wide = 1, False, False
    with damage_explained(kind):
        if kind == "TIFF":
            size = file.seek(0, 2)
            page = read_tiff(part, size)
            orientation = (page.values(_ORIENTATION, part) or (1,))[0]
            is_number = any(value != 1 for value in page.values(_SAMPLE_FORMAT, part))
            is_wide = page.values(_BITS_PER_SAMPLE, part)[:1] == (16,)
            file = BytesIO(plain_tiff(part, size, b""))
        image = _CLASSES[kind](file)
        if kind != "TIFF":
            orientation = orientation_of(image.info.get("exif", b""))
        palette = _palette(image)
    orientation = orientation if 1 <= orientation <= 8 else 1
    sides = image.height, image.width
    mode = "I;16" if _is_wide_grey(kind, image) else image.mode
    return Head(kind, mode, *sides, orientation, palette, is_number, is_wide)


def read_size(file: BinaryIO) -> tuple[int, int]:
    """(height, width) of an image file, from its header.

    Raises:
        Unreadable: see read_head.
    """
    start = file.read(HEADER_BYTES)
    if image_format(start) == "PNG":
        header = read_header(start)
        return header.height, header.width
    head = read_head(file)
    return head.height, head.width


def decode_image(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    check: Callable[[ImageFile.ImageFile], None] | None = None,
) -> Image.Image:
    """Decode an image file that holds one image, with all of its pixels.

    Args:
        data: the whole file.
        max_pixels: refuse larger images before decoding them.
        check: sees the image before it is decoded, unless it is a PNG.
    Returns:
        The image in Pillow's mode for it, its pixels as stored: not turned.
    Raises:
        Unreadable: damaged, incomplete, too large, an animation, or of no format that is read.
    """
    kind = image_format(data[:HEADER_BYTES])
    if kind == "PNG":
        header, mode, palette, _ = _png_head(lambda start, size: data[start : start + size])
        check_pixels(header.width, header.height, max_pixels)
        check_memory(kind, mode, header.width, header.height, len(data))
        return decode_png(data, header, palette)
    with damage_explained(kind):
        content = data
        if kind == "TIFF":
            content = plain_tiff(lambda start, size: data[start : start + size], len(data), data)
        image = _CLASSES[kind](BytesIO(content))
        check_pixels(*image.size, max_pixels)
        check_memory(kind, image.mode, *image.size, len(data), is_label=check is not None)
        check_whole(data)
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise several(f"{frames} frames")
        if check is not None:
            check(image)
        if ImageFile.LOAD_TRUNCATED_IMAGES:
            got = "ImageFile.LOAD_TRUNCATED_IMAGES = True"
            hint = "It turns missing rows into zeros."
            raise Unreadable("read with Pillow's own checks", got, hint)
        if kind == "TIFF":
            check_strips(data)
            with _silent_libtiff():
                image.load()
        elif kind == "JPEG":
            scans = read_scans(data)
            image.load()
            _check_no_grey(image, data, scans)
        else:
            image.load()
    return image.convert("I;16") if _is_wide_grey(kind, image) else image


def image_format(start: bytes) -> str:
    """The format of a file by its first HEADER_BYTES bytes; see Head.

    Raises:
        Unreadable: it is of none that is read.
    """
    try:
        kind = format_of(start)
    except Unreadable:
        kind = _rare_format(start)
    if kind not in _CLASSES and kind != "PNG":
        got = "a file in no format that is read"
        raise Unreadable("a readable image", got, cause="format")
    return kind


def orientation_of(exif: bytes) -> int:
    """The tag Orientation of EXIF data, with or without "Exif" in front; 1 if there is none."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 10:
        return 1
    (directory,) = struct.unpack_from(order + "I", exif, 4)
    if directory + 2 > len(exif):
        return 1
    (entries,) = struct.unpack_from(order + "H", exif, directory)
    for entry in range(directory + 2, min(directory + 2 + 12 * entries, len(exif) - 11), 12):
        tag, _, _, value = struct.unpack_from(order + "HHIH", exif, entry)
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1


def _png_head(part: Slice) -> tuple[PngHeader, str, bytes, bytes]:
    """The header of a PNG file, the mode that Pillow decodes it to, its palette and camera data.

    Args:
        part: (offset, length) -> bytes of the file.
    Raises:
        Unreadable: see read_header.
    """
    header, palette, exif = read_header(part(0, HEADER_BYTES)), b"", b""
    position = HEADER_BYTES
    while len(head := part(position, 8)) == 8:
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"PLTE":
            palette = part(position + 8, length)
        elif name == b"eXIf":
            exif = part(position + 8, length)
        position += 12 + length
    return header, IMAGE_MODES[header.color_type][header.bit_depth][0], palette, exif


def _is_wide_grey(kind: str, image: Image.Image) -> bool:
    """Whether Pillow decodes 16 bits to 32, as it does for PGM files."""
    return kind == "PPM" and image.mode == "I"


def _palette(image: Image.Image) -> bytes:
    """The palette of an image, which is not decoded for it."""
    if image.mode != "P" or image.palette is None:
        return b""
    raw_mode, content = image.palette.getdata()
    pixel = Image.new("P", (1, 1))
    pixel.putpalette(content, raw_mode)
    return bytes(pixel.getpalette() or b"")


def _rare_format(start: bytes) -> str:
    if start[:1] == b"P" and start[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6", b"f", b"F"):
        return "PPM"
    if start[:4] == b"\xff\x4f\xff\x51" or start[:12] == b"\0\0\0\x0cjP  \r\n\x87\n":
        return "JPEG 2000"
    if start[4:12] in (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmsf1"):
        return "AVIF"
    if int.from_bytes(start[:4], "little") in _DIB_HEADERS:
        return "DIB"
    # a header without a beginning of its own: a map of colours or not, and few kinds of pixels
    is_tga = len(start) >= 18 and start[1] <= 1 and start[2] in (1, 2, 3, 9, 10, 11)
    return "TGA" if is_tga and start[16] in (1, 8, 16, 24, 32) else ""


def check_memory(
    kind: str, mode: str, width: int, height: int, file_bytes: int, is_label: bool = False
) -> None:
    """Refuse what would take too much memory: the file, Pillow's image and an array of it."""
    stored = _STORED.get(mode, 4)
    array = 3 if mode in ("RGB", "P", "CMYK", "YCbCr", "LAB", "HSV") else 4
    converted = 0 if mode in ("RGB", "L", "1", "LA", "RGBA", "F", "I") else 4 * (stored != 2)
    if is_label:
        array, converted = stored, 0
    a_pixel = stored + converted + array + _BESIDE.get(kind, 0)
    what = f"{width:,} x {height:,} pixels of mode {mode}"
    check_unpacked(_BASE_BYTES + 2 * file_bytes + a_pixel * width * height, what)


@contextmanager
def damage_explained(kind: str) -> Iterator[None]:
    """Decoders raise anything from KeyError to struct.error on damaged files."""
    try:
        yield
    except Unreadable:
        raise
    except MemoryError:
        got = "one that does not"
        raise Unreadable("an image that fits into memory", got, cause="memory") from None
    except Exception as error:
        got = str(error).strip(" :'") or type(error).__name__
        raise Unreadable(f"an undamaged {kind} file", got) from None


def _check_no_grey(image: Image.Image, data: bytes, scans: Scans) -> None:
    """Refuse a JPEG file with rows that libjpeg painted grey because there were no data for them.

    Grey at the end of the data is also the colour of a road: then the image is decoded with more
    bytes behind the data, which no complete file needs.
    """
    pixels = [np.array(image.getpixel(place), int, ndmin=1) for place in scans.probes]
    grey = any((abs(pixel - 128) <= 1).all() for pixel in pixels)
    # the colour of the last pixel may come from its neighbours, but not how bright it is
    if not grey and not (pixels and abs(_brightness(pixels[-1]) - 128) <= 2):
        return
    other = _Jpeg(BytesIO(scans.filled(data)))
    box = ImageChops.difference(image, other).getbbox(alpha_only=False)
    if box is not None:
        got = f"{box[1]:,} of {image.height:,} rows"
        raise Unreadable("a complete JPEG file", got, RESTORE, "cut")


def _brightness(pixel: np.ndarray) -> float:
    return float(pixel @ _LUMA if len(pixel) == len(_LUMA) else pixel[-1])


def _ignored(handler: object) -> object:
    return handler


class _Silence:
    """Keeps libtiff from writing to stderr what arrives as an error anyway."""

    def __init__(self) -> None:
        self.lock, self.users, self.handler = threading.Lock(), 0, None
        try:
            set_handler: Any = ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler
            set_handler.restype, set_handler.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        except (AttributeError, OSError):  # pragma: no cover  (linked in another way)
            set_handler = _ignored
        self.set = set_handler


_silence = _Silence()


@contextmanager
def _silent_libtiff() -> Iterator[None]:
    """From the first to the last of the threads that are in here."""
    with _silence.lock:
        if not _silence.users:
            _silence.handler = _silence.set(None)
        _silence.users += 1
    try:
        yield
    finally:
        with _silence.lock:
            _silence.users -= 1
            if not _silence.users:
                _silence.set(_silence.handler)
