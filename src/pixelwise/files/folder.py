"""Folders that appear under their name only when they are complete.

Work goes on in `.NAME.new-PID-RANDOM`; then the old folder, if any, becomes `.NAME.old` for the
moment in which the new one takes its name. After a failure the old folder is what it was. Messages
name the folder, never one of these.
"""

import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixelwise.errors import PixelwiseError, RunError
from pixelwise.files.atomic import sync_folder, take_name


def check_free(where: str, folder: Path, hint: str, replaceable: str | None = None) -> None:
    """Raise if `folder` holds anything and may not be replaced.

    Args:
        where: the command.
        folder: what it is about to make.
        hint: what to do.
        replaceable: a file that this command writes; a folder that has it may be replaced, any
            other may not. None = nothing may be replaced.
    Raises:
        RunError: it exists and is not an empty folder.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise RunError(where, "out", must="a folder", got=f"the file {folder}")
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        is_replaceable = replaceable is not None and (folder / replaceable).exists()
    except OSError as error:
        raise cannot(folder, "used", error) from None
    if replaceable is None:
        raise RunError(where, "out", must="a new or empty folder", got=folder, hint=hint)
    if not is_replaceable:
        hint = f"It has no {replaceable}, so it is not replaced."
        raise RunError(where, "out", must=f"made by {where}", got=folder, hint=hint)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        RunError: the file system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot(folder, "made", error) from None


def remove(folder: Path) -> None:
    """Remove a folder, if there is one, with all that is in it; of a link the link alone.

    Raises:
        RunError: the file system refuses.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise cannot(folder, "replaced", error) from None


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on leaving without an error it takes the name `folder`.

    Args:
        folder: final name; an existing folder of that name is replaced.
    Raises:
        RunError: the file system refuses.
    """
    make_folder(folder.parent)
    staging = folder.with_name(f".{folder.name}.new-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        staging.mkdir()  # never one that is there already, or a link to one
    except OSError as error:
        raise cannot(folder, "made", error) from None
    try:
        yield staging
        swap_in(staging, folder)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, PixelwiseError):
            error.replace(str(staging), str(folder))
        if isinstance(error, OSError) and str(error.filename).startswith(str(staging)):
            raise cannot(folder, "filled", error) from None
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left of making a folder.

    The caller has the folder locked. What a process of this machine that still runs has begun stays
    even so: an earlier release took no lock.
    """
    for leftover in folder.parent.glob(f".{glob.escape(folder.name)}.new-*"):
        pid = leftover.name.rpartition(".new-")[2].partition("-")[0]
        if not (pid.isdecimal() and _runs(int(pid))):
            shutil.rmtree(leftover, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether another process of this number runs here, or may run."""
    if pid == os.getpid():
        return False
    if os.name == "nt":
        return True  # os.kill() would end it
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def swap_in(staging: Path, folder: Path) -> None:
    """Rename `staging` to `folder`, keeping the old one until the new one has its place."""
    old = previous_of(folder)
    try:
        if folder.exists():
            with suppress(RunError):
                remove(old)
            take_name(folder, old)
        try:
            take_name(staging, folder)
        except OSError:
            if not folder.exists() and old.exists():
                take_name(old, folder)
            raise
        sync_folder(folder.parent)
    except OSError as error:
        raise cannot(folder, "replaced", error) from None
    with suppress(RunError):
        remove(old)


def part_of(folder: Path) -> Path:
    """Where a folder is filled that may take several attempts."""
    return folder.with_name(f".{folder.name}.part")


def previous_of(folder: Path) -> Path:
    """Where the old folder lies while it is being replaced."""
    return folder.with_name(f".{folder.name}.old")


def cannot(folder: Path, what: str, error: OSError) -> RunError:
    """The error of a folder that the file system refuses: what must be possible, and why not."""
    got = error.strerror or str(error)
    return RunError(folder, "folder", must=f"one that can be {what}", got=got)
