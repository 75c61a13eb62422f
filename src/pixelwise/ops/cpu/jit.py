"""How the CPU kernels are compiled: machine code on first use, kept on disk, free of the GIL.

    kernel           a loop over tasks that Python calls; cached on disk
    compile_cached   the same for a function that kernels call by its address
    inlined          a piece of a kernel; sums may be reordered, to run in vector registers
    exact            a piece whose operations must happen as written (exp and log round on
                     purpose, which would be simplified away); only a*b+c may become one

Nothing lets the compiler assume that NaN and infinities do not occur: they must propagate.

numba renews a cache entry when the function's own file changes, but a kernel contains code of other
files as well. So the cache is a folder whose name is a fingerprint of all files that kernels are
made of: `__pycache__/kernels-<fingerprint>`, or a subfolder of NUMBA_CACHE_DIR if that is set.
Processes that run side by side may share it: what one of them loses, it compiles again.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from numba import config, extending, njit
from numba.core import caching

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


PACKAGE = Path(__file__).parent


def _fingerprint() -> str:
    """Of everything that ends up in machine code."""
    tables = (PACKAGE.parent / name for name in ("spec.py", "formula.py"))
    files = sorted([*PACKAGE.glob("*.py"), *tables])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


FOLDER = f"kernels-{_fingerprint()}"


class _Index(caching.IndexDataCacheFile):
    """The index of a function's machine code, in files that no other process writes.

    numba numbers them, so of two processes that compile for other types at the same time, one would
    load the code of the other.
    """

    def _data_name(self, number: int) -> str:  # noqa: ARG002
        return f"{self._index_name}.{uuid4().hex}.nbc"


@contextmanager
def _own_cache() -> Iterator[None]:
    """Let numba, which looks when a function is decorated, choose the folder of this version."""
    settings: Any = config
    files: Any = caching
    before, index = settings.CACHE_DIR, files.IndexDataCacheFile
    settings.CACHE_DIR = str(Path(before or PACKAGE / "__pycache__") / FOLDER)
    files.IndexDataCacheFile = _Index
    try:
        yield
    finally:
        settings.CACHE_DIR, files.IndexDataCacheFile = before, index


def compile_cached(compiler: Callable, *signature: Any, **options: Any) -> Callable:
    """A decorator like `compiler(*signature, **options)` that keeps machine code on disk.

    Where no cache folder can be written, every process compiles for itself.
    """
    options |= {"error_model": "numpy", "fastmath": REORDER}

    def decorate(function: Callable) -> Any:
        try:
            with _own_cache():
                return compiler(*signature, cache=True, **options)(function)
        except RuntimeError:  # numba: "cannot cache function: no locator available"
            return compiler(*signature, cache=False, **options)(function)

    return decorate


def kernel(function: Callable) -> Any:
    """Compile `function` on first use, release the GIL while it runs."""
    return compile_cached(njit, nogil=True, no_cfunc_wrapper=True)(function)


def inlined(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; sums may be reordered."""
    return njit(fastmath=REORDER, **PIECE)(function)


def exact(function: Callable) -> Any:
    """Compile `function` into the kernels that call it; every operation as written."""
    return njit(fastmath=FUSE, **PIECE)(function)
