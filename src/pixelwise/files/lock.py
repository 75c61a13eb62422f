"""A lock of a folder that ends with its process, also when that is killed.

The system keeps it, on the file `.NAME.lock` beside the folder; the text in that file only says who
holds it. A file that a killed process has left locks nothing.
"""

import errno
import os
import socket
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixelwise.errors import RunError
from pixelwise.files.folder import make_folder

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # a byte far behind the text, which others could not read otherwise
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


# what a system says of a file that another process has locked
_IS_LOCKED = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
# what network file systems without locks say, and folders in which no file can be made
_CANNOT_LOCK = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_CANNOT_MAKE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG}
_held: dict[str, int] = {}  # lock file -> its descriptor


@contextmanager
def locked(
    folder: Path, where: str, say: Callable[[str], object] = warnings.warn
) -> Iterator[bool]:
    """Keep other processes, and other calls in this one, from writing into a folder.

    Nothing of it is left behind. Where files cannot be locked, as on some network file systems,
    that is said and work goes on.

    Args:
        folder: what is written; it need not exist.
        where: the command, which the others are told.
        say: given the line about files that cannot be locked.
    Yields:
        Whether the folder is locked.
    Raises:
        RunError: another process has the folder; the message says which.
    """
    real = os.path.realpath(folder)  # one folder, by whichever link
    parent, name = os.path.split(real)
    file = os.path.join(parent, f".{name}.lock")
    missing = [p for p in Path(file).parents if not os.path.exists(p)]
    try:
        make_folder(Path(parent))
        try:
            descriptor = _acquire(file, folder)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno not in _CANNOT_LOCK | _CANNOT_MAKE:
                must = "one that can be locked"
                raise RunError(file, "file", must=must, got=reason) from None
            say(f"{folder} cannot be locked ({reason}): let no other process write there.")
            yield False
            return
        _held[file] = descriptor
        _tell(descriptor, where)
        try:
            yield True
        finally:
            _release(file)
    finally:
        for made in missing:  # stays unless it is empty
            with suppress(OSError):
                made.rmdir()


def _acquire(file: str, folder: Path) -> int:
    """The descriptor of the locked file."""
    while True:
        descriptor = _open_file(file)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RunError(file, "file", must="a regular file", got="something else")
            try:
                _lock(descriptor)
            except OSError as error:
                if error.errno in _IS_LOCKED:
                    raise _refused(folder, descriptor) from None
                raise
            # who released it in between has removed the file, and a third may have made a new one
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(file)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open_file(file: str) -> int:
    # neither a link nor a pipe that somebody has put there
    safe = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | safe, 0o666)
    except PermissionError:
        if not os.path.exists(file):
            raise
        return os.open(file, os.O_RDONLY | safe)  # left by another user


def _tell(descriptor: int, where: str) -> None:
    with suppress(OSError):  # the lock counts, not the text
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{where}, process {os.getpid()} on {socket.gethostname()}".encode())


def _refused(folder: Path, descriptor: int) -> RunError:
    holder = ""
    with suppress(OSError):
        holder = os.read(descriptor, 200).decode(errors="replace")
    event = f"{holder or 'another process'} is writing to it"
    hint = "Wait until that has ended, or end it, then run this again."
    return RunError(folder, event=event, hint=hint)


def _release(file: str) -> None:
    descriptor = _held.pop(file, None)
    if descriptor is None:  # in a process that was forked meanwhile
        return
    # Windows removes no open file; elsewhere the file goes first, or it may be another's by then
    steps = [lambda: os.unlink(file), lambda: os.close(descriptor)]
    for step in steps[::-1] if sys.platform == "win32" else steps:
        with suppress(OSError):
            step()


def _forget() -> None:
    """In a forked process: its copy of a lock would outlive the process that has it."""
    for descriptor in _held.values():
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
