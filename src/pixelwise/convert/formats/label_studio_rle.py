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
    place = 0

    def take_bytes(count: int, width: int = 8) -> NDArray[np.uint8]:
        """The next so many numbers of so many bits, the highest bit first, as bits of bytes."""
        nonlocal place
        found = bits[place : place + count * width]
        if len(found) < count * width:
            _refuse("a whole stream", f"one that ends after {len(bits):,} bits")
        place += count * width
        return np.packbits(found)

    def take(width: int) -> int:
        return int.from_bytes(take_bytes(1, width).tobytes(), "big") >> (-width % 8)

    number = take(32)
    expected = _CHANNELS * size[0] * size[1]
    if number != expected:
        _refuse(f"{expected:,} values, 4 for each pixel of {size}", f"{number:,}")
    if take(5) + 1 != 8:
        _refuse("made of values of 8 bits", "others")
    run_bits = [take(4) + 1 for _ in range(4)]

    values = np.empty(number, np.uint8)
    done = 0
    while done < number:
        repeated, which = take(1), take(2)
        run = take(run_bits[which]) + 1
        if run > number - done:
            _refuse(f"{number:,} values", "more")
        values[done : done + run] = take(8) if repeated else take_bytes(run)
        done += run
    return values.reshape(*size, _CHANNELS)[:, :, _ALPHA]


def _refuse(must: str, got: str) -> NoReturn:
    raise LabelError("unpack_alpha", "bits", must=must, got=got)
