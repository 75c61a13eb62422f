"""Arrays in .npy files, whose header is compared with their size; objects are never unpickled."""

import math
import warnings
from io import BytesIO
from typing import IO

import numpy as np

from pixelwise.files.content import Unreadable
from pixelwise.files.records import shown
from pixelwise.text import reason_of

NPY_MAGIC = b"\x93NUMPY"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy_head(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    """The shape of the array in a .npy file, whether its first axis is the fastest, and its dtype.

    Args:
        file: at its beginning; afterwards at the first sample.
        size: bytes of the file.
    Raises:
        Unreadable: the header is damaged, or promises another number of bytes than there are.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"version {version[0]}.{version[1]}")
        # the parser of Python behind it warns of odd text in a damaged header
        with warnings.catch_warnings(action="ignore"):
            shape, is_fortran, dtype = _HEADERS[version](file)
        if dtype.hasobject:
            raise ValueError("an array of Python objects")
        rest = size - file.tell()
        if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != rest:
            raise ValueError(f"{rest:,} bytes for shape {shown(shape)}")
    except Exception as error:
        # the parser of the header raises anything from TokenError to MemoryError on damaged files
        raise Unreadable("a .npy array of numbers", reason_of(error)) from None
    return shape, is_fortran, dtype


def decode_npy(data: bytes) -> np.ndarray:
    """The array in a .npy file, which shares its memory.

    Raises:
        Unreadable: see read_npy_head.
    """
    stream = BytesIO(data)
    shape, is_fortran, dtype = read_npy_head(stream, len(data))
    start = stream.tell()
    try:
        array = (
            np.frombuffer(data, dtype, offset=start) if start < len(data) else np.empty(0, dtype)
        )
        return array.reshape(shape, order="F" if is_fortran else "C")
    except Exception as error:
        raise Unreadable("a .npy array of numbers", reason_of(error)) from None
