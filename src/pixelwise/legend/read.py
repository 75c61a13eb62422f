"""Class files of any tool, names of known datasets, and colours typed on the command line -> Rows.

FORMS has the forms of text files; json_lists.py has those of JSON files. What a file is follows
from its suffix and its content, and all of it counts: no line decides alone.

name=#rrggbb,#rrggbb    colours in hex, with or without names, as a word of a command
name=0,name=255         stored values, likewise; a name may have several
name,name               names in the order of the stored values, likewise
names = data/obj.names  obj.data of Darknet, which names its class file
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from os.path import isfile
from pathlib import Path

from pixelwise.errors import DatasetError, LabelError, error_at, setting
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.json_file import read_json
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.class_files import parse_class_file
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.legend.json_lists import json_rows
from pixelwise.legend.python_lists import python_rows
from pixelwise.legend.rows import Rows, classes_of, parse_hex, rows_of
from pixelwise.legend.tables import (
    color_table_rows,
    csv_rows,
    gimp_rows,
    is_table,
    line_rows,
    pbtxt_rows,
    qgis_rows,
    table_rows,
)
from pixelwise.legend.yaml_names import yaml_rows
from pixelwise.text import some

_HEX_ITEM = re.compile(r"(?:[^=,#]+=)?#[0-9a-fA-F]{6}")
_VALUE_ITEM = re.compile(r"[^=,#]+=\d{1,5}")
_NAME_ITEM = re.compile(r"[^=,#/\\.]+")
_NAMES_KEY = re.compile(r"^names[ \t]*=[ \t]*(\S.*)$", re.MULTILINE)
_MOST_TEXT = 1 << 24
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_KNOWN = "pixelwise list classes prints the known datasets."
_HINTS = {
    ".csv": "The first line must name the columns, such as name,r,g,b or id,name.",
    ".json": 'Lists of names or of {"name", "color", "id"}, {"0": "name"} and {"name": [r, g, b]} '
    "are read.",
}


@dataclass(frozen=True)
class Form:
    """A form of text files.

    Args:
        rows: its reader, of file and text; None = the text is of another kind.
        suffixes: files with these have it.
        sign: whether the text of another file has it.
    """

    rows: Callable[[str, str], Rows | None]
    suffixes: tuple[str, ...] = ()
    sign: Callable[[str], object] = lambda text: False  # noqa: ARG005


FORMS = (
    Form(lambda w, t: yaml_rows(w, t) if _has_names(t) else None, (".yaml", ".yml")),
    Form(python_rows, (".py",)),
    Form(qgis_rows, (".qml",)),
    Form(csv_rows, (".csv", ".tsv")),
    Form(pbtxt_rows, (".pbtxt",), re.compile(r"\s*item\s*\{").match),
    Form(gimp_rows, (".gpl",), re.compile(r"GIMP Palette\b").match),
    Form(color_table_rows, (".clr",), re.compile(r"(?:#.*\n)*INTERPOLATION:").match),
    Form(table_rows, (), is_table),
    Form(line_rows, (), lambda text: True),  # noqa: ARG005
)


def read_rows(source: Path | str) -> Rows:
    """The classes that a word names: a known dataset, colours in hex, or a class file.

    Raises:
        DatasetError: it has none of these forms, or the file contradicts itself.
    """
    found = _known_or_file(source)
    return rows_of(found) if isinstance(found, Classes) else found


def read_classes(source: Path | str) -> Classes:
    """The classes that a word names, without those that are void; own files are taken as they are.

    Raises:
        DatasetError: see read_rows; or all classes are void.
    """
    found = _known_or_file(source)
    if isinstance(found, Classes):
        if found.files:
            event = "these classes overlap, and here a pixel has one class"
            raise DatasetError(source, "classes", event=event, hint="See docs/multi-label.md.")
        return found
    if len(found.void_names) == len(found.names):
        must = "of at least one class that is not void"
        raise DatasetError(source, "classes", must=must, got=shown(found.names))
    return classes_of(found, found.void_names)


def read_class_list(path: Path) -> Classes | Rows | None:
    """The classes in a file: a table of its own form, or rows; None if it is of another kind.

    Raises:
        DatasetError: it cannot be read, or lists classes and contradicts itself.
    """
    suffix = path.suffix.lower()
    notes: tuple[str, ...] = ()
    try:
        if suffix == ".toml":
            return Classes.from_dict(parse_class_file(path))
        if suffix == ".json":
            content = read_json(path)
            if isinstance(content, dict) and isinstance(content.get("names"), list):
                return Classes.from_dict(parse_class_file(path, content))
            rows = json_rows(str(path), content)
        else:
            text, notes = _text(path)
            named = _NAMES_KEY.search(text)
            if named and suffix == ".data":
                return read_class_list(_named_file(path, named[1].strip()))
            form = next(f for f in FORMS if suffix in f.suffixes or f.sign(text))
            rows = form.rows(str(path), text)
        if rows is None or not rows.names:
            return None
        classes_of(rows, ())  # says what is wrong with names, colours and values
    except LabelError as error:
        raise error_at(path, error) from None
    images = [name for name in rows.names if Path(name).suffix.lower() in IMAGE_SUFFIXES]
    if images:
        got = f"names of images: {some(images, 2)}"
        raise DatasetError(path, "file", must="a list of classes", got=got)
    return replace(rows, notes=(*rows.notes, *notes))


def _known_or_file(source: Path | str) -> Classes | Rows:
    text = str(source)
    if text in PALETTES:
        return Classes.named(text)
    if "#" in text and all(_HEX_ITEM.fullmatch(item.strip()) for item in text.split(",")):
        return _hex_rows(text)
    path = Path(source)
    if not isfile(path):
        items = [item.strip() for item in text.split(",")]
        if all(map(_VALUE_ITEM.fullmatch, items)):
            values = dict[str, tuple[int, ...]]()
            for name, value in (item.rsplit("=", 1) for item in items):
                values[name.strip()] = (*values.get(name.strip(), ()), int(value))
            each = tuple(v[0] if len(v) == 1 else v for v in values.values())
            return Rows(tuple(values), None, each)
        if len(items) > 1 and all(map(_NAME_ITEM.fullmatch, items)):
            return Rows(tuple(items))
        event = (
            f"{setting('classes')} must be a class file, colours such as sky=#8080ff,#ff0000, "
            "stored values such as sky=0,road=255, names such as sky,road, or a known dataset, "
            f"got {shown(text)}"
        )
        raise DatasetError("pixelwise", event=event, hint=_KNOWN)
    found = read_class_list(path)
    if found is None:
        hint = _HINTS.get(path.suffix.lower(), "")
        raise DatasetError(path, "file", must="a list of classes", got="another kind", hint=hint)
    return found


def _hex_rows(text: str) -> Rows:
    items = [item.strip().rpartition("=") for item in text.split(",")]
    names = tuple((name or color.lower()).strip() for name, _, color in items)
    return Rows(names, tuple(parse_hex("classes", color) for *_, color in items))


def _has_names(text: str) -> bool:
    return re.search(r"^['\"]?names['\"]?\s*:", text, re.MULTILINE) is not None


def _named_file(path: Path, name: str) -> Path:
    """The file that an obj.data names: below its folder, or beside it; never elsewhere."""
    parts = [part for part in with_slashes(name).split("/") if part not in ("", ".")]
    inside = parts and not {"..", "~"} & set(parts) and all(map(str.isprintable, parts))
    for file in (path.parent.joinpath(*parts), path.parent / parts[-1]) if inside else ():
        if file.suffix.lower() != ".data" and isfile(file):
            return file
    raise DatasetError(path, "names", must="a file beside it", got=shown(name))


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and what was assumed: older programs do not write UTF-8."""
    try:
        data = read_file(path, may_be_empty=True, most=_MOST_TEXT)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None
    notes: tuple[str, ...] = ()
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            raise DatasetError(path, "file", must="readable UTF-8 text", got=error) from None
        notes = (f"{path.name} is read as Windows-1252, since it is not UTF-8",)
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes
