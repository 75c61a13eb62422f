"""The directory of a TIFF file and the bytes of its strips, without the tags that do harm.

Source: TIFF revision 6.0, sections 2, 3, 8 and 15; ITU-T T.6 for the end of fax strips.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pixelwise.files.content import RESTORE, Unreadable

# (offset, length) -> bytes of a file, fewer behind its end
Slice = Callable[[int, int], bytes]

# Bytes of a value of each type, and how struct calls those of whole numbers.
_BYTES_OF = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES_OF |= {16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q"}
_LETTERS |= {18: "Q"}
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_STRIPS, _ROWS, _STRIP_BYTES, _PLANES = 273, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_KIND, _COPY_OR_MASK = 254, 1 | 4
_RAW, _FAX4, _JPEG, _DEFLATE, _YCBCR = 1, 4, 7, {8, 32946}, 6
# Tags of TIFF that Pillow needs, with one value and with several, and that do no harm: resolution
# and texts.
_ONE_VALUE = {256, 257, 259, 262, 266, 277, 278, 284, 317, 322, 323}
_SOME_VALUES = {258, 273, 279, 320, 324, 325, 338, 339, 347, 530}
_HARMLESS_NUMBERS, _HARMLESS_TEXTS, _ASCII = {254, 282, 283, 296}, {270, 271, 272, 305, 306, 315}, 2
_MOST_PAGES, _MOST_SAMPLES = 1 << 12, 6
_SLICE_BYTES = 1 << 16


@dataclass(frozen=True)
class TiffEntry:
    """Where a value of a TIFF directory is.

    Args:
        kind, count: see _BYTES_OF.
        entry, value: offsets of the entry and of its value, which may be inside the entry.
    """

    kind: int
    count: int
    entry: int
    value: int


@dataclass(frozen=True)
class TiffPage:
    """The first directory of a TIFF file.

    Args:
        order: "<" or ">".
        wide: the variant for files over 4 GiB.
        start: offset of the directory.
        entries: of known types, by tag.
    """

    order: str
    wide: bool
    start: int
    entries: dict[int, TiffEntry]

    def one(self, tag: int, part: Slice, default: int) -> int:
        """The first of the values of a tag."""
        return (self.values(tag, part) or (default,))[0]

    def values(self, tag: int, part: Slice) -> tuple[int, ...]:
        """The whole numbers of a tag; () if there is none."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _LETTERS:
            return ()
        text = part(entry.value, entry.count * _BYTES_OF[entry.kind])
        return struct.unpack(f"{self.order}{entry.count}{_LETTERS[entry.kind]}", text)


def _cut(inside: str) -> Unreadable:
    got = f"one that ends inside {inside}"
    return Unreadable("a complete TIFF file", got, RESTORE, "cut")


def read_tiff(part: Slice, size: int, *, copies: bool = False) -> TiffPage:
    """The directory of a TIFF file with one page.

    Args:
        part, size: the file.
        copies: smaller copies and masks of the first page may follow, as in files for maps.
    Raises:
        Unreadable: it is cut, or there are several pages.
    """
    order, head, tail, number, step = _layout(part)
    wide = head == 16
    width = struct.calcsize(tail)
    (start,) = struct.unpack(order + tail, part(head - width, width))
    first, pages, seen = start, 0, 0
    entries: dict[int, TiffEntry] = {}
    while start:
        pages, seen = pages + 1, seen + 1
        length = struct.calcsize(number)
        (count,) = struct.unpack(order + number, part(start, length))
        last = start + length + count * step
        if last + width > size:
            raise _cut("its directory")
        if seen == 1 or copies:
            own = _tiff_entries(part(start + length, count * step), order, wide, start, size)
            entries = entries or own
            if seen > 1 and TiffPage(order, wide, start, own).one(_KIND, part, 0) & _COPY_OR_MASK:
                pages -= 1
        (start,) = struct.unpack(order + tail, part(last, width))
        # a directory may only be followed by itself in a damaged file
        if start == first or seen == _MOST_PAGES:
            break
    if pages != 1:
        raise Unreadable(
            "one image", f"{pages} pages", "Save the page you want as a PNG.", "several"
        )
    return TiffPage(order, wide, first, entries)


def tiff_pages(data: bytes) -> Iterator[bytes]:
    """Each page of a TIFF file as a file of its own, which shares all bytes but for two places.

    Raises:
        Unreadable: it is cut, or has more than _MOST_PAGES pages.
    """

    def part(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    order, head, tail, number, step = _layout(part)
    width, length = struct.calcsize(tail), struct.calcsize(number)
    (start,) = struct.unpack(order + tail, part(head - width, width))
    starts = set[int]()
    while start:
        if start in starts or len(starts) == _MOST_PAGES:
            got = "one that repeats itself" if start in starts else "more"
            raise Unreadable(f"a TIFF file of at most {_MOST_PAGES:,} pages", got, RESTORE)
        starts.add(start)
        if start + length > len(data):
            raise _cut("its directory")
        (count,) = struct.unpack(order + number, part(start, length))
        last = start + length + count * step
        if last + width > len(data):
            raise _cut("its directory")
        own = bytearray(data)
        own[head - width : head] = struct.pack(order + tail, start)
        own[last : last + width] = bytes(width)
        yield bytes(own)
        (start,) = struct.unpack(order + tail, part(last, width))


def _layout(part: Slice) -> tuple[str, int, str, str, int]:
    """Byte order, bytes of the header, types of offsets and numbers, bytes of an entry."""
    order = "<" if part(0, 2) == b"II" else ">"
    wide = part(2, 2) in (b"+\0", b"\0+")
    return (order, *((16, "Q", "Q", 20) if wide else (8, "I", "H", 12)))


def _tiff_entries(
    table: bytes, order: str, wide: bool, start: int, size: int
) -> dict[int, TiffEntry]:
    form, room = (f"{order}HHQQ", 8) if wide else (f"{order}HHII", 4)
    step, entries = struct.calcsize(form), {}
    base = start + (8 if wide else 2)
    for number, (tag, kind, count, value) in enumerate(struct.iter_unpack(form, table)):
        if kind not in _BYTES_OF or tag in entries:
            continue
        entry = base + number * step
        length = count * _BYTES_OF[kind]
        place = value if length > room else entry + step - room
        if place + length > size:
            raise _cut(f"tag {tag}")
        entries[tag] = TiffEntry(kind, count, entry, place)
    return entries


def strips_of(page: TiffPage, part: Slice, size: int) -> list[tuple[int, int]]:
    """(offset, bytes) of the strips or tiles of a page.

    Raises:
        Unreadable: there are none, or they are not inside the file.
    """
    tiled = _TILES in page.entries
    offsets = page.values(_TILES if tiled else _STRIPS, part)
    lengths = page.values(_TILE_BYTES if tiled else _STRIP_BYTES, part)
    if not offsets:
        raise Unreadable("a TIFF file with pixels", "one without", RESTORE)
    if len(offsets) == 1 and not lengths:
        lengths = (size - offsets[0],)  # some writers of one strip leave its length out
    if len(offsets) != len(lengths):
        got = f"{len(offsets)} offsets and {len(lengths)} lengths of strips"
        raise Unreadable("an undamaged TIFF file", got, RESTORE)
    needed = needed_bytes(page, part, len(offsets))
    strips = list(zip(offsets, lengths, strict=True))
    raw = page.one(_COMPRESSION, part, _RAW) == _RAW
    there = sum(
        0 < length <= size - offset and not (raw and length < least)
        for (offset, length), least in zip(strips, needed, strict=False)
    )
    if there < len(needed):
        got = f"{there:,} of {len(needed):,} {'tiles' if tiled else 'strips'}"
        raise Unreadable("a complete TIFF file", got, RESTORE, "cut")
    return strips[: len(needed)]


def check_strips(data: bytes, *, copies: bool = False) -> None:
    """Check what libtiff does not: that each strip or tile holds all of its bytes.

    Args:
        data: the file.
        copies: see read_tiff.
    Raises:
        Unreadable: one does not.
    """

    def part(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    page = read_tiff(part, len(data), copies=copies)
    strips = strips_of(page, part, len(data))
    needed = needed_bytes(page, part, len(strips))
    kind = page.one(_COMPRESSION, part, _RAW)
    for number, (offset, length) in enumerate(strips):
        strip = memoryview(data)[offset : offset + length]
        if kind in _DEFLATE:
            whole = inflates(strip, needed[number])
        elif kind == _JPEG:
            whole = b"\xff\xd9" in bytes(strip[-4:])
        elif kind == _FAX4:
            whole = _ends_as_fax(bytes(strip[-5:]))
        else:
            return
        if not whole:
            got = f"{number:,} of {len(strips):,} strips and then damage"
            raise Unreadable("a complete TIFF file", got, RESTORE, "cut")


def needed_bytes(page: TiffPage, part: Slice, there: int) -> list[int]:
    """Bytes of each strip or tile before it is compressed; 0 where that is not simple.

    Args:
        page, part: the file.
        there: how many strips or tiles there are.

    Raises:
        Unreadable: more are needed than are there, which a damaged header may count in millions.
    """

    tiled = _TILES in page.entries

    def check(number: int) -> None:
        if there < number:
            got = f"{there:,} of {number:,} {'tiles' if tiled else 'strips'}"
            raise Unreadable("a complete TIFF file", got, RESTORE, "cut")

    width, height = page.one(_WIDTH, part, 0), page.one(_HEIGHT, part, 0)
    samples, bits = page.one(_SAMPLES, part, 1), page.one(_BITS, part, 1)
    planes = samples if page.one(_PLANES, part, 1) == 2 else 1
    depth = bits * samples // planes
    if page.one(_PHOTOMETRIC, part, 0) == _YCBCR:
        depth = 0
    if tiled:
        across, down = page.one(_TILE_WIDTH, part, 0), page.one(_TILE_HEIGHT, part, 0)
        if across < 1 or down < 1:
            raise Unreadable("an undamaged TIFF file", f"tiles of {across} x {down}", RESTORE)
        tiles = -(-width // across) * -(-height // down)
        check(tiles * planes)
        return [(across * depth + 7) // 8 * down] * tiles * planes
    rows = min(page.one(_ROWS, part, height), height)
    if rows < 1:
        raise Unreadable("an undamaged TIFF file", f"strips of {rows} rows", RESTORE)
    check(-(-height // rows) * planes)
    line = (width * depth + 7) // 8
    return [line * min(rows, height - y) for y in range(0, height, rows)] * planes


def inflates(strip: memoryview, least: int) -> bool:
    """Whether a strip inflates to so many bytes, and its checksum is right."""
    inflater, total, rest = zlib.decompressobj(), 0, bytes(strip)
    try:
        while not inflater.eof and total <= least + _SLICE_BYTES:
            part = inflater.decompress(rest, _SLICE_BYTES)
            rest, total = inflater.unconsumed_tail, total + len(part)
            if not part and not rest:
                break
    except zlib.error:
        return False
    return inflater.eof and total >= least


def _ends_as_fax(end: bytes) -> bool:
    """Whether two marks of the end of a line, 11 zeros and a one, are in the last bytes."""
    bits = "".join(f"{byte:08b}" for byte in end)
    mark = "000000000001" * 2
    return mark in bits or mark in "".join(f"{byte:08b}"[::-1] for byte in end)


def plain_tiff(part: Slice, size: int, data: bytes) -> bytes:
    """A TIFF file with the tags that say how its pixels are stored, and no others.

    Pillow warns of damage in others, and turns the pixels as one of them says.

    Args:
        part, size: the file.
        data: its bytes, which stay where they are; b"" for the tags alone.
    """
    page = read_tiff(part, size)
    samples = page.one(_SAMPLES, part, 1)
    if samples > _MOST_SAMPLES:  # Pillow would write this to stderr
        got = f"{samples:,}"
        raise Unreadable(f"a TIFF file with at most {_MOST_SAMPLES} samples a pixel", got)
    if data and all(map(_is_harmless, page.entries.keys(), page.entries.values())):
        return data
    form, room = (f"{page.order}HHQ", 8) if page.wide else (f"{page.order}HHI", 4)
    offset, number = ("Q", "Q") if page.wide else ("I", "H")
    tags = sorted((_ONE_VALUE | _SOME_VALUES) & page.entries.keys())
    head = 16 if page.wide else 8
    start = max(len(data), head)
    end = start + struct.calcsize(number) + len(tags) * (struct.calcsize(form) + room) + room
    table, values = [struct.pack(page.order + number, len(tags))], []
    for tag in tags:
        entry = page.entries[tag]
        count = min(entry.count, 1) if tag in _ONE_VALUE else entry.count
        text = part(entry.value, count * _BYTES_OF[entry.kind])
        if len(text) > room:
            values.append(text)
            text, end = struct.pack(page.order + offset, end), end + len(text)
        table.append(struct.pack(form, tag, entry.kind, count) + text.ljust(room, b"\0"))
    table.append(bytes(room))
    first = part(0, head - room) + struct.pack(page.order + offset, start)
    return b"".join([first, memoryview(data)[head:], *table, *values])


def _is_harmless(tag: int, entry: TiffEntry) -> bool:
    if tag in _ONE_VALUE or tag in _HARMLESS_NUMBERS:
        return entry.count == 1
    return tag in _SOME_VALUES or (tag in _HARMLESS_TEXTS and entry.kind == _ASCII)
