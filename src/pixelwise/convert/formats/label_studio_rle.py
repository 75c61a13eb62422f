"""The run lengths of Label Studio's brush: a stream of bits, not those of COCO.

32 bits   number of values N = 4 * height * width: RGBA along the rows
5 bits    bits of a value, less 1
4 x 4     bits of a run length, less 1, for each of four sizes
then, until there are N values:
1 bit     1 = one value repeated, 0 = values one by one
2 bits    which of the four sizes
...       run length less 1, and then the value, or the values

Source: thi.ng/rle-pack, format description.
"""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import LabelError
from pixelwise.labels.shapes import Size

_CHANNELS, _ALPHA = 4, 3
_BYTE = 8


def unpack_alpha(packed: Sequence[int], size: Size) -> NDArray[np.uint8]:
    """The alpha channel of a packed RGBA image.

    Everything is checked before memory is taken for the image.

    Args:
        packed: bytes 0..255.
        size: (height, width) of the image.
    Returns:
        (H, W) uint8.
    Raises:
        LabelError: the stream is cut, holds another number of values, or values of other than
            8 bits.
    """
    if not all(type(byte) is int and 0 <= byte <= 255 for byte in packed):
        _refuse("a list of bytes 0..255", "something else in it")
    bits = np.unpackbits(np.frombuffer(bytes(packed), np.uint8))
    reader = _Bits(bits)
    number = reader.take(32)
    expected = _CHANNELS * size[0] * size[1]
    if number != expected:
        _refuse(f"{expected:,} values, 4 for each pixel of {size}", f"{number:,}")
    if reader.take(5) + 1 != _BYTE:
        _refuse("made of values of 8 bits", "others")
    run_bits = [reader.take(4) + 1 for _ in range(4)]

    values = np.empty(number, np.uint8)
    done = 0
    while done < number:
        repeated, which = reader.take(1), reader.take(2)
        run = reader.take(run_bits[which]) + 1
        if run > number - done:
            _refuse(f"{number:,} values", "more")
        values[done : done + run] = reader.take(_BYTE) if repeated else reader.take_bytes(run)
        done += run
    return values.reshape(*size, _CHANNELS)[:, :, _ALPHA]


class _Bits:
    """Reads numbers from a row of bits, the highest bit first."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self.bits = bits
        self.place = 0

    def take(self, count: int) -> int:
        """The next number of so many bits."""
        packed = np.packbits(self._next(count)).tobytes()
        return int.from_bytes(packed, "big") >> (-count % _BYTE)

    def take_bytes(self, count: int) -> NDArray[np.uint8]:
        """The next so many numbers of 8 bits."""
        return np.packbits(self._next(count * _BYTE))

    def _next(self, count: int) -> NDArray[np.uint8]:
        found = self.bits[self.place : self.place + count]
        if len(found) < count:
            _refuse("a whole stream", f"one that ends after {len(self.bits):,} bits")
        self.place += count
        return found


def _refuse(must: str, got: str) -> NoReturn:
    raise LabelError("unpack_alpha", "bits", must=must, got=got)
