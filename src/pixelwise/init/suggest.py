"""What to do with a folder that is not a dataset yet: the commands that make one of it."""

import os
from pathlib import Path

from pixelwise.convert.detect import detect
from pixelwise.convert.pixels.array_files import key_of
from pixelwise.convert.unsupported import OtherTool
from pixelwise.convert.unsupported_files import named_beside
from pixelwise.errors import PixelwiseError
from pixelwise.files.names import real_path
from pixelwise.survey.folder_names import SPLIT_NAMES
from pixelwise.survey.pairing import image_folder, subfolders
from pixelwise.survey.splits import find_layout
from pixelwise.survey.statements import SURE
from pixelwise.text import shell_line

# Annotations lie a few folders deep at most, and a person would not list more commands.
_DEEPEST = 3
_MOST_FOLDERS = 200
_MOST_COMMANDS = 6
# Suffixes of annotation files.
_ANNOTATIONS = {".json", ".xml"}
_ARRAYS = {".npy", ".npz", ".mat"}
# Formats that any folder of images is taken for.
_ANY_IMAGES = {"color", "array", "instances"}


def next_step(folder: Path) -> str:
    """A sentence with the commands for the datasets and annotations in a folder; "" if none.

    Annotations that convert does not read are named.

    Args:
        folder: in which no images and labels were found side by side.
    """
    itself = shell_line(["pixelwise", "init", str(folder)])
    commands = [command for command in _commands(folder) if command != itself]
    if not commands:
        return _other_tool(folder)
    more = f" (and {len(commands) - _MOST_COMMANDS} more)" if len(commands) > _MOST_COMMANDS else ""
    return f"These commands fit what is in it: {'; '.join(commands[:_MOST_COMMANDS])}{more}"


def _other_tool(folder: Path) -> str:
    try:
        detect(folder)
        found = named_beside(folder)
    except OtherTool as error:
        found = error
    except PixelwiseError:
        found = named_beside(folder)
    return "" if found is None else f"{found.where} is {found.got}. {found.hint}"


def _commands(folder: Path) -> list[str]:
    whole = convert_command(folder)
    several: dict[Path, list[str]] = {}
    for path in _folders(folder):
        # what is inside of a dataset belongs to it
        commands = [] if several.keys() & set(path.parents) else _command(path)
        if commands:
            several[path] = commands
    tops = {path.relative_to(folder).parts[:1] for path in several}
    # convert makes splits of folders that are called so, and images with their masks lie below too
    if whole and tops <= {(name,) for names in SPLIT_NAMES.values() for name in names}:
        return [whole]
    return [command for commands in several.values() for command in commands]


def _command(folder: Path) -> list[str]:
    """The commands for what lies in one folder itself."""
    if _has_data(folder):
        return [shell_line(["pixelwise", "init", str(folder)])]
    every = sorted(f for f in folder.iterdir() if f.is_file())
    if any(f.suffix.lower() in _ARRAYS for f in every):
        return [_array_command(folder, next(f for f in every if f.suffix.lower() in _ARRAYS))]
    files = [f for f in every if f.suffix.lower() in _ANNOTATIONS]
    if not files:
        return []
    whole = convert_command(folder)
    return [whole] if whole else [c for c in map(convert_command, files) if c]


def _array_command(folder: Path, first: Path) -> str:
    """The command for a folder of arrays, with that of the images beside it, if there is one."""
    key = key_of(first) if first.suffix.lower() != ".npy" else ""
    chosen = ["--key", key] if key else []
    images = image_folder(folder.parent)
    beside = [] if images in (folder, folder.parent) else ["--images", str(images)]
    out = folder.parent.parent / f"{real_path(folder.parent).name}-converted"
    words = ["pixelwise", "convert", str(folder), *beside, *chosen, "--out", str(out)]
    return shell_line(words if beside else [*words[:3], *chosen])


def _has_data(folder: Path) -> bool:
    """Whether folders in it are called what images and labels are called, and their files pair."""
    try:
        return find_layout(folder).statements[0].sureness == SURE
    except PixelwiseError:
        return False


def convert_command(source: Path) -> str:
    """The command for a file or folder of annotations; "" if it is not one."""
    try:
        found, chosen = detect(source)
    except PixelwiseError:
        return ""
    if found in _ANY_IMAGES:
        return ""
    return shell_line(["pixelwise", "convert", str(chosen)])


def _folders(folder: Path) -> list[Path]:
    """The folder and the visible ones below it, level by level; links are not followed."""
    level, found = [folder], [folder]
    for _ in range(_DEEPEST):
        inner = (below for above in level for below in subfolders(above))
        level = [below for below in inner if not os.path.islink(below)]
        found += level
    return found[:_MOST_FOLDERS]
