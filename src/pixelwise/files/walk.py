"""The visible files of a folder, by name, in an order that is the same everywhere."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

# The files that are looked for as images and labels.
IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm")
)
# A folder with this file is not searched together with the one that it is in: what is beside labels
# and is not labels. A walk that begins in it finds its files.
NOT_SEARCHED = ".pixelwise-not-searched"
# Arrays that are images where there are no others; see labels/pairs.py.
ARRAY_SUFFIX = ".npy"


def walk_files(
    root: Path | str,
    suffixes: Collection[str] = (),
    *,
    except_with: str = "",
    failures: list[OSError] | None = None,
    links: list[str] | None = None,
) -> Iterator[str]:
    """Names of the files in and below a folder, relative to it, with "/" between folders.

    The files of a folder come before those of its folders; both are sorted by name. Hidden files
    and folders are left out, and folders below the root that have a file NOT_SEARCHED. Links to
    files are listed; links to folders are not followed, because they can lead in circles.

    Args:
        root: the folder to search; it may be a link.
        suffixes: in small letters; only files with one of them, in any letters. Empty = all.
        except_with: folders below the root that have a file of this name are left out.
        failures: gets the errors of folders that cannot be read; None = the first is raised.
        links: gets the names of links to files.
    Raises:
        OSError: a folder cannot be read; its filename says which.
    """
    wanted, pending = tuple(suffixes), [""]
    while pending:
        folder = pending.pop()
        below = f"{folder}/" if folder else ""
        try:
            with os.scandir(os.path.join(root, folder) if folder else root) as entries:
                found = list(entries)
        except OSError as error:
            if failures is None:
                raise
            failures.append(error)
            continue
        if below and any(entry.name in (NOT_SEARCHED, except_with) for entry in found):
            continue
        visible = sorted((e for e in found if e.name[0] != "."), key=lambda e: e.name)
        folders = []
        for entry in visible:
            name = below + entry.name
            if getattr(entry, "is_junction", bool)():
                continue  # a link to a folder on Windows; known from Python 3.12 on
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif not wanted or name.lower().endswith(wanted):
                is_link = entry.is_symlink()
                if is_link and os.path.isdir(entry.path):
                    continue
                if is_link and links is not None:
                    links.append(name)
                yield name
        pending += folders[::-1]
