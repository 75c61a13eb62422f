"""Folders that are named together: "Train/*/images" is that of images in each folder of Train.

"*" stands for all or a part of one folder's name, which becomes a part of the names of what is
below: of "Train/Rural/images/1.png" the name below "Train/*/images" is "Rural/1.png".
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def is_pattern(folder: Path | str) -> bool:
    """Whether the name of a folder stands for several."""
    return "*" in str(folder) and not os.path.isdir(folder)


def fixed_part(folder: Path | str) -> Path:
    """The folder in front of the first "*", below which all are; without one the folder itself."""
    path = Path(folder)
    while is_pattern(path):
        path = path.parent
    return path


def names_below(folder: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name below the folder, name) of the files that are below it.

    Args:
        folder: with "/" and without a folder that is only itself ("."); "" = where names begin.
        names: of files, with "/".
    """
    if "*" not in folder:
        start = f"{folder}/" if folder else ""
        yield from ((name[len(start) :], name) for name in names if name.startswith(start))
        return
    parts = ("([^/]+)".join(map(re.escape, part.split("*"))) for part in folder.split("/"))
    matches = re.compile(f"{'/'.join(parts)}/(.+)").fullmatch
    for name in names:
        if found := matches(name):
            yield "/".join(found.groups()), name
