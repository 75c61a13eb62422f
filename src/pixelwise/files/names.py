"""Names that a file can have where it is written, and whether two paths are one place.

Windows refuses names that other systems allow, some without an error: "a:b" is a hidden part of a
file "a", and "con" the terminal. Folders of Windows, macOS and memory cards ignore case.
"""

import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from pixelwise.errors import PixelwiseError, RunError
from pixelwise.text import some

# Source: Microsoft, "Naming Files, Paths, and Namespaces".
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.I)
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')


def with_slashes(text: str) -> str:
    """A path in a file, with "/" between folders: programs on Windows write backslashes."""
    return text.replace("\\", "/")


def is_portable(name: str) -> bool:
    """Whether Windows allows a name, with "/" between folders."""
    return not any(
        _RESERVED.fullmatch(part) or _FORBIDDEN.search(part) or part.endswith((".", " "))
        for part in name.split("/")
    )


def check_names(
    where: str, folder: Path, names: Iterable[str], error: type[PixelwiseError] = RunError
) -> None:
    """Refuse names that cannot all be files of a folder, before the first one is written.

    Args:
        where: the command.
        folder: where they will be written; it need not exist.
        names: below the folder, with "/" between folders.
        error: type of the error.
    Raises:
        PixelwiseError: Windows would refuse a name, or the folder ignores case and two names
            differ in nothing else: the second file would replace the first.
    """
    names = list(names)
    refused = [name for name in names if sys.platform == "win32" and not is_portable(name)]
    if refused:
        hint = "Rename them, or do this on another system."
        raise error(where, "names", must="allowed on Windows", got=some(refused), hint=hint)
    first: dict[str, str] = {}
    alike = [
        f"{other} and {name}"
        for name in names
        if (other := first.setdefault(_folded(name), name)) != name
    ]
    if alike and _ignores_case(folder):
        must = f"different in more than capital letters, which the folder {folder} ignores"
        raise error(where, "names", must=must, got=some(alike))


def real_path(path: Path | str) -> Path:
    """A path without links, as far as it exists; Path.resolve raises on links in a circle."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a character that no name can have: there is no such file
        return Path(path).absolute()


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or below it, under whatever name, if the two exist."""
    resolved = real_path(path)
    return any(_is_same(above, folder) for above in (resolved, *resolved.parents))


def _is_same(path: Path, folder: Path) -> bool:
    try:
        return os.path.samefile(path, folder)
    except OSError:
        return path == real_path(folder)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower()


def _ignores_case(folder: Path) -> bool:
    """Found by trying, as it depends on the disk and not on the system."""
    paths = (folder.absolute(), *folder.absolute().parents)
    above = next(path for path in paths if os.path.isdir(path))
    probe = above / f".pixelwise-{secrets.token_hex(8)}.tmp"
    try:
        probe.touch()
        try:
            return probe.with_name(probe.name.upper()).exists()
        finally:
            probe.unlink()
    except OSError:
        return False  # writing there will say what is wrong
