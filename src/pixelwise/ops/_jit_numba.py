"""How the CPU kernels are compiled: machine code on first use, kept on disk, free of the GIL.

Three decorators, three sets of floating point freedoms:

    kernel   a loop over tasks that Python calls; cached on disk
    inlined  a piece of a kernel; sums may be reordered, so that they run in vector registers
    exact    a piece of a kernel whose additions must happen as written (exp, log: their tricks
             with rounding would be simplified away); only a*b+c may become one operation

None allows the compiler to assume that NaN and infinities do not occur: they must propagate.
A kernel's cache entry is renewed when its own file changes; after a change to another file of
these kernels, delete the `__pycache__` folder.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

REORDER = {"reassoc", "nsz", "contract", "arcp"}
FUSE = {"contract"}


def kernel(function: Callable) -> Any:
    """Compile `function` on first use, release the GIL while it runs, keep the code on disk.

    Where no cache folder can be written, every process compiles for itself.
    """
    options = {"nogil": True, "error_model": "numpy", "fastmath": REORDER}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return njit(cache=False, **options)(function)


def inlined(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; sums may be reordered."""
    return njit(error_model="numpy", fastmath=REORDER, forceinline=True)(function)


def exact(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; every operation as written."""
    return njit(error_model="numpy", fastmath=FUSE, forceinline=True)(function)
