"""Whether an image file is there to its end and holds one image, without decoding it.

check_parts(part, size) and check_whole(data) look at end markers and at lengths only: some ten
microseconds a file. Whether what lies between is damaged shows when it is decoded; see
labels.decode.

Source: PNG (W3C), section 5; JPEG, ITU-T T.81, annex B; GIF89a, sections 17 to 27; TIFF 6.0,
section 2; the WebP container specification; ITU-T T.800, annexes A and I.
"""

import struct
from collections.abc import Callable

from pixelwise.files.content import RESTORE, Unreadable, format_of
from pixelwise.labels.codecs.tiff import Slice, read_tiff, strips_of
from pixelwise.labels.png_chunks import HEADER_BYTES, SIGNATURE, check_rows, read_header

# Where the end marker of a JPEG file is looked for before the whole file is.
_END_BYTES = 1 << 12
# What is asked for at once: reading markers and chunks one by one takes longer.
_START_BYTES = 1 << 12
_EOI = b"\xff\xd9"
_WITHOUT_BODY = {0x01, *range(0xD0, 0xD9)}
_SOS = 0xDA
# Headers of BMP files: of OS/2, and all others.
_OS2_HEADER, _BMP_HEADER = struct.Struct("<IHHHH"), struct.Struct("<IiiHHII")
_RAW_BMP, _RAW_TGA = {0, 3, 6}, {1, 2, 3}
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"


def check_whole(data: bytes) -> None:
    """check_parts of a file that has been read."""
    check_parts(lambda offset, length: data[offset : offset + length], len(data))


def check_parts(part: Slice, size: int, kind: str = "") -> None:
    """Check that an image file is there to its end and holds one image; its pixels are not decoded.

    Args:
        part: (offset, length) -> bytes of the file; (0, 4096) is what is asked for first.
        size: bytes of the file.
        kind: its format, or OTHER, of a file whose header has been read and is right.
    Raises:
        Unreadable: it is cut, an animation or has several pages; or its header is damaged.
    """
    try:
        if kind == "":
            kind = _kind_of(part)
        _CHECKS.get(kind, _check_other)(part, size)
    except (struct.error, IndexError, OverflowError, ValueError):
        raise _cut(kind, "its header") from None


def _kind_of(part: Slice) -> str:
    try:
        kind = format_of(part(0, 12))
    except Unreadable:
        return "OTHER"
    if kind == "PNG":
        read_header(part(0, HEADER_BYTES))
    return kind


def _cut(kind: str, inside: str) -> Unreadable:
    """A file that ends too early."""
    name = kind if kind != "OTHER" else "image"
    return Unreadable(f"a complete {name} file", f"one that ends inside {inside}", RESTORE, "cut")


def several(got: str) -> Unreadable:
    """A file with more than one image, or with none."""
    return Unreadable("one image", got, "Save the frame you want as a PNG.", "several")


def _check_png(part: Slice, size: int) -> None:
    start = part(0, _START_BYTES)
    ended = part(size - 12, 12) == b"\0\0\0\0IEND\xaeB`\x82"
    position = len(SIGNATURE)
    while position < size:
        head = start[position : position + 8] if position + 8 <= len(start) else part(position, 8)
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name in (b"acTL", b"fdAT"):
            raise several("an animation")
        position += 12 + length
        if position > size:
            raise _cut("PNG", f"chunk {name.decode('ascii', 'backslashreplace')}")
        if name == b"IEND" or (name == b"IDAT" and ended):
            return
    # only the end marker may be missing
    check_rows(part(0, size))


def _check_jpeg(part: Slice, size: int) -> None:
    start, position = part(0, _START_BYTES), 2
    while True:
        head = start[position : position + 4]
        if len(head) < 4 and len(head := part(position, 4)) < 4:
            raise _cut("JPEG", "its header")
        marker = head[1]
        if head[0] != 0xFF or marker == 0xFF:
            position += 1
        elif marker == _SOS:
            break
        elif marker in _WITHOUT_BODY:
            position += 2
        else:
            position += 2 + (head[2] << 8 | head[3])
    end = max(position, size - _END_BYTES)
    # not within the pixels, in which 0 follows every 255; programs append whatever they like
    if _EOI not in part(end, size - end) and _EOI not in part(position, size - position):
        raise Unreadable("a complete JPEG file", "one without its end", RESTORE, "cut")


def _check_gif(part: Slice, size: int) -> None:
    data = part(0, size)
    flags, frames = data[10], 0
    position = 13 + (3 << (flags & 7) + 1 if flags & 128 else 0)
    while True:
        if position >= size:
            raise Unreadable("a complete GIF file", "one without its end", RESTORE, "cut")
        kind = data[position]
        if kind == 0x3B:
            break
        if kind == 0x2C:
            frames += 1
            flags = data[position + 9]
            position += 11 + (3 << (flags & 7) + 1 if flags & 128 else 0)
        elif kind == 0x21:
            position += 2
        else:
            position += 1  # as Pillow does
            continue
        while data[position]:
            position += 1 + data[position]
        position += 1
    if frames != 1:
        raise several(f"{frames} frames")


def _check_bmp(part: Slice, size: int) -> None:
    (pixels,) = struct.unpack("<I", part(10, 4))
    (length,) = struct.unpack("<I", part(14, 4))
    if length == _OS2_HEADER.size:
        _, width, height, _, depth = _OS2_HEADER.unpack(part(14, 12))
        compression = needed = 0
    else:
        header = _BMP_HEADER.unpack(part(14, _BMP_HEADER.size))
        _, width, height, _, depth, compression, needed = header
    if compression in _RAW_BMP:
        needed = (width * depth + 31) // 32 * 4 * abs(height)
    if pixels + needed > size:
        raise _cut("BMP", "its pixels")


def _check_webp(part: Slice, size: int) -> None:
    (length,) = struct.unpack("<I", part(4, 4))
    end = 8 + length
    if end > size:
        raise _cut("WebP", "its pixels")
    position, frames = 12, 0
    while position + 8 <= end:
        name, length = struct.unpack("<4sI", part(position, 8))
        frames += name == b"ANMF"
        position += 8 + length + length % 2
    if position > end + 1:
        raise _cut("WebP", "its pixels")
    if frames > 1:
        raise several(f"{frames} frames")


def _check_tiff(part: Slice, size: int) -> None:
    strips_of(read_tiff(part, size, copies=True), part, size)  # decode_image takes no copies


def _check_npy(part: Slice, size: int) -> None:
    """Reading its header has compared the shape with the size."""


def _check_other(part: Slice, size: int) -> None:
    start = part(0, 12)
    if start[:4] == b"\xff\x4f\xff\x51" or start[4:8] == b"jP  ":
        end = part(max(0, size - _END_BYTES), _END_BYTES)
        if _EOI not in end and _EOI not in part(0, size):
            raise Unreadable("a complete JPEG 2000 file", "one without its end", RESTORE, "cut")
    elif part(size - 18, 18) == _TGA_FOOTER and start[2] in _RAW_TGA:
        colors, depth, width, height, bits = struct.unpack("<5xHB4xHHB", part(0, 17))
        if 18 + start[0] + colors * ((depth + 7) // 8) + width * height * bits // 8 > size - 26:
            raise _cut("TGA", "its pixels")


_CHECKS: dict[str, Callable[[Slice, int], None]] = {
    "PNG": _check_png,
    "JPEG": _check_jpeg,
    "GIF": _check_gif,
    "BMP": _check_bmp,
    "TIFF": _check_tiff,
    "NPY": _check_npy,
    "WebP": _check_webp,
}
