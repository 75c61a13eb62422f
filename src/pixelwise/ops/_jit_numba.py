"""How the CPU kernels are compiled: machine code on first use, kept on disk, free of the GIL.

    kernel           a loop over tasks that Python calls; cached on disk
    compile_cached   the same for a function that kernels call by its address
    inlined          a piece of a kernel; sums may be reordered, to run in vector registers
    exact            a piece whose operations must happen as written (exp and log round on
                     purpose, which would be simplified away); only a*b+c may become one

Nothing lets the compiler assume that NaN and infinities do not occur: they must propagate.
A cache entry is renewed when the file of its function changes; after a change to another file that
it uses, delete the `__pycache__` folder.
"""

from collections.abc import Callable
from typing import Any

from numba import extending, njit

# a type checker cannot follow what these two make of a function
intrinsic: Any = extending.intrinsic
overload: Any = extending.overload

REORDER = {"reassoc", "nsz", "contract", "arcp"}
FUSE = {"contract"}
PIECE: dict[str, Any] = {
    "error_model": "numpy",
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def compile_cached(compiler: Callable, *signature: Any, **options: Any) -> Callable:
    """A decorator like `compiler(*signature, **options)` that keeps machine code on disk.

    Where no cache folder can be written, every process compiles for itself.
    """
    options |= {"error_model": "numpy", "fastmath": REORDER}

    def decorate(function: Callable) -> Any:
        try:
            return compiler(*signature, cache=True, **options)(function)
        except RuntimeError:  # numba: "cannot cache function: no locator available"
            return compiler(*signature, cache=False, **options)(function)

    return decorate


def kernel(function: Callable) -> Any:
    """Compile `function` on first use, release the GIL while it runs."""
    return compile_cached(njit, nogil=True)(function)


def inlined(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; sums may be reordered."""
    return njit(fastmath=REORDER, **PIECE)(function)


def exact(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; every operation as written."""
    return njit(fastmath=FUSE, **PIECE)(function)
