"""Write a file so that a reader sees the old bytes or the new ones, never a part."""

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pixelwise.errors import RunError

# Network file systems that cannot sync a folder say so with one of these.
_CANNOT_SYNC_FOLDERS = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
# Windows refuses to replace what a program has open, and virus scanners open what is new.
_SECONDS_TO_WAIT = (0.01, 0.05, 0.2, 0.5)


def atomic_write(path: Path | str, data: bytes) -> None:
    """Replace the content of a file in one step, also if the machine stops in between.

    The bytes go to a temporary file in the same folder and reach the disk before it takes the
    name; missing folders are created. A link of that name is replaced, not followed.

    Args:
        path: the file to write.
        data: its whole content.
    Raises:
        RunError: the disk is full, the folder is read-only, ...; the old file is left as it was
            and the temporary one is removed.
    """
    with replaced_file(path, f"{len(data):,} bytes") as file:
        file.write(data)


@contextmanager
def replaced(path: Path | str, what: str) -> Iterator[Path]:
    """A file beside another one, which takes its name when it is complete; see atomic_write.

    Args:
        path: the file that is replaced.
        what: is written, in words, for the message.
    Yields:
        Where to write it; nothing is there yet.
    Raises:
        RunError: see atomic_write.
    """
    path = Path(path)
    # not made from the name of the file, which may already be as long as a name can be
    temporary = path.parent / f".pixelwise-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            take_name(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        got = f"{error.strerror or error} while writing {what}"
        raise RunError(path, "file", must="writable", got=got) from None


@contextmanager
def replaced_file(path: Path | str, what: str) -> Iterator[BinaryIO]:
    """`replaced`, opened to be written and read; its bytes reach the disk before it takes the name.

    Args:
        path, what: see replaced.
    Raises:
        RunError: see atomic_write.
    """
    # "x": two writers never share a temporary file
    with replaced(path, what) as temporary, open(temporary, "xb+") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def append_text(path: Path | str, text: str) -> None:
    """Add text to the end of a file, all of it or nothing.

    Raises:
        RunError: the disk is full, the file is read-only, a link, a pipe or a device, ...
    """
    data = text.encode(errors="backslashreplace")  # names of files may be no text
    try:
        with open(path, "ab", buffering=0, opener=_open_own) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise RunError(path, "file", must="a regular file", got="something else")
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                file.truncate(before.st_size)
                raise
    except OSError as error:
        raise RunError(path, "file", must="writable", got=error.strerror or str(error)) from None


def _open_own(path: str, flags: int) -> int:
    # no link to a file elsewhere; and a pipe that nobody reads must not block
    own = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags | own, 0o666)


def take_name(path: Path, name: Path) -> None:
    """Rename a file or folder, replacing a file of that name; on Windows try it several times.

    Raises:
        OSError: it cannot be renamed.
    """
    for seconds in _SECONDS_TO_WAIT if sys.platform == "win32" else ():
        try:
            os.replace(path, name)
            return
        except PermissionError:
            time.sleep(seconds)
    os.replace(path, name)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a loss of power, where the file system can do that.

    Raises:
        OSError: the disk fails.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # Windows cannot open folders; elsewhere a folder may be writable but not readable
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC_FOLDERS:
            raise
    finally:
        os.close(descriptor)
