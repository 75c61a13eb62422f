"""MATLAB 5.0 to 7 files: the two-dimensional arrays of numbers in them, inside structures too.

file      128 bytes of text, version and byte order, then elements
element   type and number of bytes, 32 bits each, then the bytes, padded to a multiple of 8; up to 4
          bytes may stand in the upper half of a tag that has both numbers in 16 bits
matrix    an element of elements: flags and class, dimensions, name, then numbers or fields
packed    a matrix in a zlib stream

Numbers are kept as they are stored: MATLAB writes doubles that are whole as integers. Cells, text,
functions and structure arrays are passed over, as are arrays of other than two dimensions.

Source: MathWorks, MAT-File Format, version 5.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pixelwise.files.content import Unreadable, check_pixels
from pixelwise.files.limits import check_unpacked
from pixelwise.text import some

_HEADER, _TAG = 128, 8
_MATRIX, _PACKED = 14, 15
_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_STRUCT, _FIRST_NUMERIC, _LAST_NUMERIC = 2, 6, 15
# classes that could be a label but are not read
_REFUSED = {3: "an object", 5: "sparse", 17: "an object"}
_COMPLEX = 0x08
# No label is deeper, has more dimensions, longer names, or lies among more elements.
_MOST_DEPTH, _MOST_DIMENSIONS, _MOST_LETTERS, _MOST_ELEMENTS = 16, 32, 255, 100_000
# Flags, dimensions and name of a matrix take no more, so the limits above can be checked first.
_START = 1024


def arrays_of(data: bytes) -> list[tuple[str, np.ndarray]]:
    """(name, array) of every array with at least two rows and columns; nothing is copied.

    Args:
        data: the whole file, which starts with "MATLAB 5.0".
    Returns:
        Names with dots for fields of structures; arrays (H, W) of integers or floats.
    Raises:
        Unreadable: the file is damaged, takes more memory than a file may, or has no such array but
            one that is sparse, complex or an object.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        raise _damaged(f"the byte order {data[126:128]!r}")
    reader = _Reader(order)
    try:
        reader.read_file(memoryview(data)[_HEADER:])
    except (struct.error, zlib.error) as error:
        raise _damaged(str(error)) from None
    if reader.refused and not reader.found:
        raise Unreadable("one with an array of real numbers", some(reader.refused))
    return reader.found


@dataclass
class _Reader:
    """Collects arrays.

    Args:
        order: "<" or ">".
    """

    order: str
    found: list[tuple[str, np.ndarray]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    elements: int = 0
    unpacked: int = 0

    def read_file(self, rest: memoryview) -> None:
        while rest:
            kind, body, rest = self.element(rest, top=True)
            if kind == _PACKED:
                kind, body = self.inflated(body)
            if kind != _MATRIX:
                raise _damaged(f"an element of type {kind} in place of a matrix")
            self.matrix(body, "", 0)

    def element(self, data: memoryview, top: bool = False) -> tuple[int, memoryview, memoryview]:
        """Type and bytes of the first element, and what follows it."""
        self.elements += 1
        if self.elements > _MOST_ELEMENTS:
            raise Unreadable(f"a file of at most {_MOST_ELEMENTS:,} elements", "more")
        kind, size = struct.unpack_from(f"{self.order}II", data)
        if kind >> 16:
            if kind >> 16 > 4:
                raise _damaged(f"{kind >> 16} bytes in a tag for 4")
            return kind & 0xFFFF, data[4 : 4 + (kind >> 16)], data[_TAG:]
        if size > len(data) - _TAG:
            raise _damaged(f"an element of {size:,} bytes in {len(data) - _TAG:,}")
        # packed elements have no padding
        end = _TAG + size + (0 if top and kind == _PACKED else -size % 8)
        return kind, data[_TAG : _TAG + size], data[end:]

    def inflated(self, packed: memoryview) -> tuple[int, memoryview]:
        """The matrix in a zlib stream; its size, dimensions and kind are looked at first."""
        stream = zlib.decompressobj()
        start = stream.decompress(packed, _START)
        kind, size = struct.unpack_from(f"{self.order}II", start)
        if kind != _MATRIX:
            return kind, memoryview(b"")
        self.unpacked += size
        check_unpacked(self.unpacked, f"{self.unpacked:,} bytes behind compression")
        if len(start) == _START and not self.is_wanted(memoryview(start)[_TAG:]):
            return kind, memoryview(b"")
        whole = start + stream.decompress(stream.unconsumed_tail, max(1, size + _TAG - len(start)))
        if len(whole) != size + _TAG or stream.decompress(stream.unconsumed_tail, 1):
            raise _damaged(f"other than {size:,} bytes behind compression")
        if not stream.eof:
            raise _damaged("a compressed stream without its end")
        return kind, memoryview(whole)[_TAG:]

    def is_wanted(self, data: memoryview) -> bool:
        """Whether a matrix, of which this is the beginning, may have an array in it."""
        kind, _, shape, _, _ = self.start_of(data)
        return kind == _STRUCT or (_FIRST_NUMERIC <= kind <= _LAST_NUMERIC and _is_label(shape))

    def start_of(self, data: memoryview) -> tuple[int, int, tuple[int, ...], str, memoryview]:
        """Class, flags, dimensions, name of a matrix, and what follows."""
        kind, flags, data = self.element(data)
        if kind != 6 or len(flags) != 8:
            raise _damaged("a matrix without flags")
        word = struct.unpack(f"{self.order}I", flags[:4])[0]
        shape, data = self.integers(data, _MOST_DIMENSIONS, "dimensions")
        kind, name, data = self.element(data)
        if min(shape, default=-1) < 0:
            raise _damaged(f"dimensions {shape}")
        if len(name) > _MOST_LETTERS:
            raise Unreadable(f"names of at most {_MOST_LETTERS} letters", f"{len(name):,}")
        if _is_label(shape) and _FIRST_NUMERIC <= word & 0xFF <= _LAST_NUMERIC:
            check_pixels(*shape)
        return word & 0xFF, word >> 8 & 0xFF, shape, bytes(name).decode("ascii", "replace"), data

    def integers(
        self, data: memoryview, most: int, what: str
    ) -> tuple[tuple[int, ...], memoryview]:
        """The next element as integers of 32 bits."""
        kind, body, rest = self.element(data)
        if kind not in (5, 6) or len(body) % 4 or len(body) > 4 * most:
            raise _damaged(f"{what} of {len(body):,} bytes and type {kind}")
        return struct.unpack(f"{self.order}{len(body) // 4}i", body), rest

    def matrix(self, data: memoryview, owner: str, depth: int) -> None:
        """Collect what a matrix, or the fields of a structure, has."""
        if not data:
            return  # [], or one that is not wanted
        kind, flags, shape, name, data = self.start_of(data)
        name = owner or name
        if kind == _STRUCT and math.prod(shape) == 1:
            if depth == _MOST_DEPTH:
                raise Unreadable(f"structures of at most {_MOST_DEPTH} levels", f"more in {name}")
            for field_name, body in self.fields(data):
                self.matrix(body, f"{name}.{field_name}", depth + 1)
        elif kind in _REFUSED:
            self.refused.append(f"{name}, which is {_REFUSED[kind]}")
        elif _FIRST_NUMERIC <= kind <= _LAST_NUMERIC and _is_label(shape):
            if flags & _COMPLEX:
                self.refused.append(f"{name}, which is complex")
            else:
                self.found.append((name, self.numbers(data, shape)))

    def fields(self, data: memoryview) -> Iterator[tuple[str, memoryview]]:
        """Name and matrix of every field of a structure."""
        lengths, data = self.integers(data, 1, "field names")
        _, names, data = self.element(data)
        length = lengths[0] if lengths else 0
        if not 0 < length <= _MOST_LETTERS + 1:
            if not names:
                return
            raise _damaged(f"field names of {length:,} letters")
        for place in range(0, len(names), length):
            kind, body, data = self.element(data)
            if kind != _MATRIX:
                raise _damaged(f"a field of type {kind} in place of a matrix")
            letters = bytes(names[place : place + length]).partition(b"\0")[0]
            yield letters.decode("ascii", "replace"), body

    def numbers(self, data: memoryview, shape: tuple[int, ...]) -> np.ndarray:
        """The real part of a numeric matrix."""
        kind, body, _ = self.element(data)
        if kind not in _NUMBERS:
            raise _damaged(f"numbers of type {kind}")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        if len(body) != math.prod(shape) * dtype.itemsize:
            raise _damaged(f"{len(body):,} bytes for {shape} of {dtype}")
        return np.frombuffer(body, dtype).reshape(shape, order="F")


def _is_label(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and min(shape) > 1


def _damaged(got: str) -> Unreadable:
    return Unreadable("an undamaged .mat file", got)
