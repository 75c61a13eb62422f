"""Folders in a folder, by their names."""

import os
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.survey.folder_names import IMAGE_FOLDERS


def image_folder(folder: Path) -> Path:
    """The folder of images in a folder, or else the folder itself."""
    named = {below.name.lower(): below for below in subfolders(folder)}
    return next((named[name] for name in IMAGE_FOLDERS if name in named), folder)


def subfolders(folder: Path) -> list[Path]:
    """The visible folders in a folder, by name; none if it cannot be listed."""
    try:
        return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError:
        return []


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be listed.

    Raises:
        DatasetError: the system does not allow it.
    """
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        got = error.strerror or str(error)
        raise DatasetError(folder, "folder", must="readable", got=got) from None
