"""How much memory the content of one file may take, checked before that memory is taken.

A file of a few kilobytes can say that it holds gigabytes. Whoever unpacks a file, or reads a number
in it that becomes the size of something, asks here first.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pixelwise.errors import setting
from pixelwise.files.content import Unreadable

# What one file may take when nothing is said, in GiB.
MAX_GIB = 1.0
# A variable of the environment reaches the worker processes too, forked or spawned.
VARIABLE = "PIXELWISE_MAX_GIB"
_GIB = 1 << 30


def max_unpacked() -> int:
    """Bytes that the content of one file may take in memory."""
    try:
        return int(float(os.environ[VARIABLE]) * _GIB)
    except (KeyError, ValueError, OverflowError):
        return int(MAX_GIB * _GIB)


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
        must = f"a file that unpacks to at most {limit / _GIB:.3g} GiB"
        got = f"{what}, which takes {size / _GIB:,.1f} GiB"
        need = -(-size // _GIB)
        allow = (
            f"{setting('max_gib', need)} of the command, or {VARIABLE}={need} in the environment"
        )
        # no machine has a million GiB
        hint = f"If that is right, allow it: {allow}." if need < 1 << 20 else ""
        raise Unreadable(must, got, hint, "memory")


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
