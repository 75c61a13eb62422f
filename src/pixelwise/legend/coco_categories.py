"""COCO: the categories of files are classes, and what is not a class.

A category that is the supercategory of another and has no annotation is the name of a project.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pixelwise.errors import DatasetError, setting
from pixelwise.files.json_file import get
from pixelwise.files.records import shown
from pixelwise.legend.json_lists import category_rows
from pixelwise.legend.rows import Rows
from pixelwise.text import some

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Whole numbers below are exact with a decimal point too.
_LARGE = 1 << 53


def categories(
    tables: Sequence[tuple[str, Any]], are_alike: bool = True
) -> tuple[Rows, list[dict[Any, str]], list[str]]:
    """The classes of JSON files, for each file the name of each id, and notes.

    Args:
        tables: (where, value) of each file.
        are_alike: whether all files must have the same categories; else the classes are all of
            them, by name.
    Raises:
        DatasetError: there are none, they contradict each other, or those of another file.
    """
    listed = []
    for where, table in tables:
        entries = get(where, table, "categories", list)
        entries = [{**e, "id": plain_id(e["id"])} if _has_id(e) else e for e in entries]
        category_rows(where, entries)  # says what is wrong with an entry
        listed.append(entries)
    roots, used = set[tuple[Any, str]](), set[tuple[Any, str]]()
    for (_, table), own in zip(tables, listed):
        of_file = _roots(table, own)
        roots |= of_file
        used |= set(map(_id_and_name, own)) - of_file
    kept = [[e for e in own if _id_and_name(e) not in roots - used] for own in listed]
    for (where, _), own in zip(tables, kept):
        _check_names(where, own)
    all_rows = [category_rows(where, own) for (where, _), own in zip(tables, kept)]
    with_id = [[entry for entry in own if type(entry.get("id")) is int] for own in listed]
    names = [dict(map(_id_and_name, own)) for own in with_id]
    rows, notes = all_rows[0], _dropped(all_rows, names)
    others = [n for n, own in enumerate(all_rows) if set(own.names) != set(rows.names)]
    if others and are_alike:
        must, got = f"those of {tables[0][0]}: {some(rows.names)}", some(all_rows[others[0]].names)
        hint = f"List the classes of all files in one file and give it as {setting('classes')}."
        raise DatasetError(tables[others[0]][0], "categories", must=must, got=got, hint=hint)
    if others:
        rows = _union(tables[0][0], kept, all_rows)
        rare = [n for n in rows.names if not all(n in own.names for own in all_rows)]
        notes.append(f"classes are those of all files; not in each of them: {some(rare)}")
    return rows, names, notes


def _check_names(where: str, entries: Sequence[Any]) -> None:
    times = Counter(entry["name"].strip() for entry in entries)
    twice = [shown(name) for name, number in times.items() if number > 1]
    if twice:
        hint = "Give each its own name in the file, or their annotations the id of one."
        must, got = "of different names", f"{some(twice)} more than once"
        raise DatasetError(where, "categories", must=must, got=got, hint=hint)


def _union(where: str, kept: Sequence[Sequence[Any]], all_rows: Sequence[Rows]) -> Rows:
    """The classes of all files: in the order of their ids, if no two contradict each other."""
    entry_of = {_id_and_name(entry): entry for own in kept for entry in own}
    ids, names = ({pair[side] for pair in entry_of} for side in (0, 1))
    if len(ids) == len(names) == len(entry_of):
        return category_rows(where, list(entry_of.values()))
    return Rows(tuple(dict.fromkeys(name for own in all_rows for name in own.names)))


def category_of(where: str, at: str, entry: Any, name_of: dict[Any, str]) -> str:
    """The class of an annotation or segment.

    Raises:
        DatasetError: its category is not one of the file.
    """
    category = id_of(where, entry, "category_id", at)
    if category not in name_of:
        hint = "Add it to categories, or remove what names it."
        at = f"{at}.category_id"
        raise DatasetError(where, at, must="an id of categories", got=category, hint=hint)
    return name_of[category]


def id_of(where: str, entry: Any, key: str, at: str) -> int | str:
    """An id; whole numbers with a decimal point or as text are numbers.

    Raises:
        DatasetError: it is something else.
    """
    id = plain_id(entry.get(key) if isinstance(entry, dict) else None)
    return get(where, {key: id} if id is not None else entry, key, int, str, at=at)


def plain_id(id: Any) -> Any:
    """3 for 3.0 and "3"; anything else as it is."""
    if type(id) is float and id.is_integer() and abs(id) < _LARGE:
        return int(id)
    if type(id) is str and _WHOLE.fullmatch(id):
        return int(id)
    return id


def _dropped(all_rows: Sequence[Rows], names: Sequence[dict[Any, str]]) -> list[str]:
    """Which categories are not classes, in words."""
    classes = {name for rows in all_rows for name in rows.names}
    left_out = list(dict.fromkeys(n for own in names for n in own.values() if n not in classes))
    what = f"the parent of others without an annotation: {some(left_out)}"
    return [f"left out as a class: {what}"] * bool(left_out)


def _roots(table: Any, entries: Sequence[Any]) -> set[tuple[Any, str]]:
    """(id, name) of categories that are the parent of another and have no annotation."""
    used = {
        plain_id(a.get("category_id"))
        for entry in _objects(table, "annotations")
        for a in (entry, *_objects(entry, "segments_info"))
        if not isinstance(a.get("category_id"), list | dict)
    }
    parents = Counter(p for e in entries if isinstance(p := e.get("supercategory"), str))
    roots = {
        _id_and_name(entry)
        for entry in entries
        # as the parent of another
        if parents[entry["name"]] > (entry.get("supercategory") == entry["name"])
        and _id_and_name(entry)[0] not in used
    }
    return roots if len(roots) < len(entries) else set()


def _objects(table: Any, key: str) -> list[dict[str, Any]]:
    found = table.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _id_and_name(entry: Any) -> tuple[Any, str]:
    id = entry.get("id")
    return None if isinstance(id, list | dict) else id, entry["name"].strip()


def _has_id(entry: Any) -> bool:
    return isinstance(entry, dict) and "id" in entry
