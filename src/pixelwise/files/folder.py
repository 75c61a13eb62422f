"""Folders that appear under their name only when they are complete.

Work goes on in `.NAME.new-PID`; then the old folder, if any, becomes `.NAME.old` for the moment in
which the new one takes its name. After a failure the old folder is what it was.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelwise.errors import RunError
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
    if folder.exists() and not folder.is_dir():
        raise RunError(where, "out", must="a folder", got=f"the file {folder}")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if replaceable is None:
        raise RunError(where, "out", must="a new or empty folder", got=folder, hint=hint)
    if not (folder / replaceable).exists():
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
        got = error.strerror or str(error)
        raise RunError(folder, "folder", must="one that can be made", got=got) from None


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on leaving without an error it takes the name `folder`.

    Args:
        folder: final name; an existing folder of that name is replaced.
    """
    staging = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    make_folder(staging)
    try:
        yield staging
        _swap_in(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _swap_in(staging: Path, folder: Path) -> None:
    """Rename `staging` to `folder`, keeping the old one until the new one has its place."""
    old = previous_of(folder)
    try:
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            take_name(folder, old)
        try:
            take_name(staging, folder)
        except OSError:
            if old.exists() and not folder.exists():
                take_name(old, folder)
            raise
        sync_folder(folder.parent)
    except OSError as error:
        got = error.strerror or str(error)
        raise RunError(folder, "folder", must="one that can be replaced", got=got) from None
    shutil.rmtree(old, ignore_errors=True)


def previous_of(folder: Path) -> Path:
    """Where the old folder lies while it is being replaced."""
    return folder.with_name(f".{folder.name}.old")
