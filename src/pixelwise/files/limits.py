"""How much memory the content of one file may take, checked before that memory is taken.

A file of a few kilobytes can say that it holds gigabytes. Whoever unpacks a file, or reads a number
in it that becomes the size of something, asks here first.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pixelwise.files.content import GIB, VARIABLE, Unreadable, how_to_allow, max_unpacked


def check_unpacked(size: int, what: str) -> None:
    """Refuse what would take more memory than one file may.

    Args:
        size: bytes that unpacking the file takes at most, all copies included.
        what: it in a few words, such as "16,384 x 16,384 pixels of RGBA".
    Raises:
        Unreadable: it is more than max_unpacked().
    """
    limit = max_unpacked()
    if size > limit:
        must = f"a file that unpacks to at most {limit / GIB:.3g} GiB"
        got = f"{what}, which takes {size / GIB:,.1f} GiB"
        raise Unreadable(must, got, how_to_allow(size), "memory")


@contextmanager
def allow_unpacked(gib: float | None) -> Iterator[None]:
    """Set what one file may take, for this process and those that it starts.

    Args:
        gib: None leaves it as it is.
    """
    if gib is None:
        yield
        return
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = repr(float(gib))
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
