"""Classes in JSON files.

["name", ...], [{"name", "color", "id"}, ...]   perhaps below "classes", "categories" or "labels"
{"0": "name"}, {"name": 0}, {"name": [r, g, b]}, {"0": {"name": ...}}
{"id2label": ...}, {"label2id": ...}            config.json of Hugging Face
{"labels": {"name": 0}}                         dataset.json of nnU-Net, in version 1 {"0": "name"}
{"labels": [{"readable", "evaluate"}]}          config.json of Mapillary: line k is class k
{"classes": [{"title", "color", "shape"}]}      meta.json of Supervisely, which has no values
{"label_map", "segmentation_colors"}            dataset_meta.json of datumaro
{"names", "colors", ...}                        pixelwise
"""

from typing import Any

from pixelwise.errors import DatasetError
from pixelwise.files.records import shown
from pixelwise.labels.class_checks import MAX_STORED, parse_number
from pixelwise.legend.rows import Rows, parse_hex
from pixelwise.text import some

_LIST_KEYS = ("classes", "categories", "labels", "class_names")
_NAME_KEYS = ("name", "title", "label", "class")
_RGB = 3


def json_rows(where: str, content: Any) -> Rows | None:
    """The classes of a JSON value; None if it is of another kind.

    Args:
        where: the file, first word of messages.
        content: its value.
    Raises:
        DatasetError: it lists classes and contradicts itself.
    """
    if isinstance(content, dict):
        table = next((content[k] for k in ("id2label", "label2id") if content.get(k)), None)
        if table is not None:
            rows = _mapping_rows(where, table)
            shifted = content.get("do_reduce_labels") or content.get("reduce_labels")
            return without_zero(rows) if rows and shifted else rows
        if isinstance(content.get("label_map"), dict):
            return _datumaro_rows(where, content)
        if isinstance(content.get("labels"), dict):
            return _nnunet_rows(where, content["labels"])
        listed = next((content[k] for k in _LIST_KEYS if isinstance(content.get(k), list)), None)
        if listed is None:
            return _mapping_rows(where, content)
        content = listed
    if not isinstance(content, list) or not content:
        return None
    if all(isinstance(entry, str) for entry in content):
        return Rows(tuple(content))
    if all(isinstance(entry, dict) and "readable" in entry for entry in content):
        return _mapillary_rows(where, content)
    if all(isinstance(entry, dict) and {"title", "shape"} <= set(entry) for entry in content):
        content = [{k: v for k, v in entry.items() if k != "id"} for entry in content]
    return category_rows(where, content)


def category_rows(where: str, entries: list[Any]) -> Rows:
    """Rows of a list of {"name", "color", "id"}; colour and id may be missing from all of them.

    With ids, the classes are in the order of the ids, which are their stored values.

    Raises:
        DatasetError: an entry has no name, or an id is not an integer or not unique.
    """
    names = []
    for place, entry in enumerate(entries):
        table = entry if isinstance(entry, dict) else {}
        name = next((table[key] for key in _NAME_KEYS if key in table), None)
        if not isinstance(name, str):
            must = 'an object with a "name"'
            raise DatasetError(where, f"classes[{place}]", must=must, got=shown(entry))
        names.append(name.strip())
    order = list(range(len(entries)))
    if all("id" in entry for entry in entries):
        ids = [entry["id"] for entry in entries]
        if not all(type(i) is int for i in ids) or len(set(ids)) < len(ids):
            raise DatasetError(where, "ids", must="different integers", got=shown(ids))
        order.sort(key=ids.__getitem__)
    stored = [entries[place].get("id") for place in order]
    fit = all(type(s) is int and 0 <= s <= MAX_STORED for s in stored)
    return Rows(
        tuple(names[place] for place in order),
        _if_all([_color_of(where, entries[place].get("color")) for place in order]),
        tuple(stored) if fit else None,
    )


def without_zero(rows: Rows) -> Rows:
    """Classes of a tool that takes 1 from all stored values, so that 0 is void."""
    values = tuple(value + 1 for name in rows.names for value in rows.values_of(name)[:1])
    return Rows(rows.names, rows.colors, values, (0,), rows.void)


def _nnunet_rows(where: str, labels: dict[str, Any]) -> Rows | None:
    regions = [f"{name}: {ids}" for name, ids in labels.items() if isinstance(ids, list)]
    if regions and all(type(i) is int for i in labels.values() if not isinstance(i, list)):
        must = "one number for each class"
        hint = "Regions overlap; list the classes that the label files hold in a classes.txt."
        raise DatasetError(where, "labels", must=must, got=f"regions: {some(regions)}", hint=hint)
    return _mapping_rows(where, labels)


def _mapillary_rows(where: str, entries: list[dict[str, Any]]) -> Rows:
    rows = category_rows(where, [{k: v for k, v in e.items() if k != "id"} for e in entries])
    void = [n for n, entry in zip(rows.names, entries) if entry.get("evaluate") is False]
    return Rows(rows.names, rows.colors, tuple(range(len(rows.names))), void=tuple(void))


def _datumaro_rows(where: str, content: dict[str, Any]) -> Rows | None:
    names, colors = content["label_map"], content.get("segmentation_colors")
    rows = _mapping_rows(where, names)
    if colors is None or rows is None or not all(isinstance(n, str) for n in names.values()):
        return rows
    if not isinstance(colors, list) or len(names) != len(colors):
        must = "as many as segmentation_colors"
        raise DatasetError(where, "label_map", must=must, got=shown(names))
    # colours are in the order of the file, rows in that of the values
    color_of = dict(zip(names.values(), (_color_of(where, color) for color in colors)))
    return Rows(rows.names, _if_all([color_of.get(n) for n in rows.names]), rows.values)


def _mapping_rows(where: str, content: Any) -> Rows | None:
    """{"0": "name"}, {"name": 0}, {"name": color}, or objects by name or number; else None."""
    if not isinstance(content, dict) or not content:
        return None
    keys, entries = list(content), list(content.values())
    numbered = all(key.isdecimal() for key in keys)
    if numbered and all(isinstance(entry, str) for entry in entries):
        return _by_value(dict(zip(entries, (parse_number(where, key) for key in keys))), entries)
    if all(isinstance(entry, dict) for entry in entries):
        key_of, other = ("id", "name") if numbered else ("name", "id")
        rows = zip(keys, entries)
        given = [
            {key_of: parse_number(where, k) if numbered else k, **e} for k, e in rows if other in e
        ]
        return category_rows(where, given) if len(given) == len(keys) else None
    if all(type(e) is int or (isinstance(e, str) and e.isdecimal()) for e in entries):
        values = [e if type(e) is int else parse_number(where, e) for e in entries]
        return _by_value(dict(zip(keys, values)), keys)
    if not all((isinstance(e, str) and e.startswith("#")) or isinstance(e, list) for e in entries):
        return None
    colors = [_color_of(where, entry) for entry in entries]
    return None if None in colors else Rows(tuple(keys), tuple(colors))


def _by_value(value_of: dict[str, int], names: list[str]) -> Rows:
    if len(value_of) < len(names):
        return Rows(tuple(names))  # Classes names those that are there twice
    names = sorted(value_of, key=value_of.__getitem__)
    return Rows(tuple(names), None, tuple(value_of[name] for name in names))


def _color_of(where: str, value: Any) -> tuple[int, ...] | None:
    if isinstance(value, str):
        return parse_hex(where, value)
    if isinstance(value, list) and len(value) == _RGB and all(type(part) is int for part in value):
        return tuple(value)
    return None


def _if_all(values: list[Any]) -> tuple[Any, ...] | None:
    return None if None in values else tuple(values)
