"""Detect the annotation format from the files."""

import re
from itertools import islice
from os.path import exists, isdir
from pathlib import Path
from typing import Any

from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.paths import files_below, json_files
from pixelwise.convert.reading import Reading
from pixelwise.convert.unsupported import OTHER_JSON, Unsupported, named
from pixelwise.convert.unsupported_files import TEXTS, check_tools, named_line, named_text
from pixelwise.errors import DatasetError, setting
from pixelwise.files.content import Unreadable, check_regular, open_file
from pixelwise.files.patterns import fixed_part
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.decode import read_head
from pixelwise.text import some

# JSON files of a folder that are read to find out.
_MOST_READ = 8


def detect(source: Path, reading: Reading | None = None) -> tuple[str, Path]:
    """The format of a source, and the source itself, or the one file in it that holds everything.

    Args:
        source: file or folder.
        reading: keeps the JSON files that were read to find out.
    Raises:
        DatasetError: nothing fits, or there are several such files.
    """
    reading = reading or Reading()
    if not exists(fixed_part(source)):
        raise DatasetError(source, "source", must="an existing file or folder", got="none")
    if isdir(source):
        return _of_folder(source, reading)
    suffix = source.suffix.lower()
    if suffix == ".json":
        try:
            content = reading.look(source)
        except DatasetError:
            tool = named_line(source)
            if tool is not None:
                raise tool.error(source) from None
            raise
        tool, kind = named(content), _kind_of(content)
        if tool is not None:
            raise tool.error(source)
        if kind is None:
            raise OTHER_JSON.error(source)
        return kind, source
    tool = named_text(source) if suffix in TEXTS else None
    if tool is not None:
        raise tool.error(source)
    kinds = (row.name for row in FORMATS.values() if suffix in row.suffixes)
    return next(kinds, None) or _of_image(source), source


def _of_folder(source: Path, reading: Reading) -> tuple[str, Path]:
    names = [name for name, _ in files_below(source)]
    images = [name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES]
    others: dict[Path, Unsupported | None] = {}
    files = json_files(source, names)
    is_open = bool(files)  # whether the JSON files have yet to be looked at
    for row in FORMATS.values():
        if row.file_name and any(re.search(row.file_name, name) for name in names):
            return row.name, source
        if row.json is not None and not row.file_name and is_open:
            found = _of_json_files(source, files, reading, others)
            if found is not None:
                return found
            is_open = False
    cvat = check_tools(source, names, images, others)
    if cvat is not None:
        return "cvat", cvat
    if not images and files:
        raise OTHER_JSON.error(files[0])
    if not images:
        raise _unclear(source, "no file that looks like annotations")
    return _of_image(source / images[0]), source


def _of_json_files(
    source: Path,
    files: list[Path],
    reading: Reading,
    others: dict[Path, Unsupported | None],
) -> tuple[str, Path] | None:
    """The format of the JSON files in a folder; None if it is not one that is known.

    Args:
        source: the folder.
        files: of which some are read.
        reading: keeps what was read.
        others: gets the files of no known format, and the tool of each, as far as it is known.
    """
    whole, error, broken = {}, None, list[Path]()
    for path in islice(files, _MOST_READ):
        try:
            content = reading.look(path)
        except DatasetError as problem:
            error = error or problem
            broken.append(path)
            continue
        tool = named(content)
        kind = None if tool else _kind_of(content)
        if kind is None:
            others[path] = tool
        elif not FORMATS[kind].one_file:
            return kind, source
        else:
            whole[path] = kind
    others |= {path: tool for path in broken if (tool := named_line(path)) is not None}
    kinds = set(whole.values())
    if len(whole) > 1 and len(kinds) == 1 and FORMATS[min(kinds)].several:
        return min(kinds), source
    if len(whole) > 1:
        got = some(f"{path} ({kind})" for path, kind in whole.items())
        hint = "Name one of them."
        raise DatasetError(source, "source", must="one annotation file", got=got, hint=hint)
    if error is not None and not whole and not any(others.values()):
        raise error
    return next(((kind, path) for path, kind in whole.items()), None)


def _kind_of(content: Any) -> str | None:
    """The format of the value of a JSON file; None if it is not one that is known."""
    rows = (row for row in FORMATS.values() if row.json is not None and row.json(content))
    return next((row.name for row in rows), None)


def _of_image(path: Path) -> str:
    try:
        check_regular(path)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None
    try:
        with open_file(path) as file:
            mode = read_head(file).mode
    except Unreadable as error:
        raise _unclear(path, str(error.got)) from None
    return next(row.name for row in FORMATS.values() if row.mode is not None and row.mode(mode))


def _unclear(path: Path, got: str) -> DatasetError:
    hint = f"Give {setting('format')}."
    return DatasetError(path, "format", must="one that can be recognised", got=got, hint=hint)
