"""Results are read by attribute and by key, written with their origin, and read back equal."""

import json
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypedDict

import pytest

from pixelwise.errors import RunError
from pixelwise.files.records import FLAT, from_plain, to_plain
from pixelwise.files.results import Result, made_by, read_record, write_json


class Tool(TypedDict):
    """A table with fixed keys."""

    name: str
    value: float | None


@dataclass(frozen=True)
class Row:
    """A record with keys of its own among the others."""

    name: str
    scores: dict[str, float | None] = field(metadata=FLAT)


@dataclass(frozen=True, eq=False, repr=False)
class Found(Result):
    """A result with everything that results have."""

    SCHEMA: ClassVar[str] = "pixelwise.found/1"

    version: str
    command: str
    created: str
    rows: tuple[Row, ...]
    means: dict[Literal["a", "b"], float]
    tools: tuple[Tool, ...] = ()

    def text(self):
        return f"{len(self.rows)} rows"


def found(**more):
    rows = (Row("car", {"iou": 0.5, "dice": None}), Row("bus", {"iou": 1.0, "dice": 1.0}))
    return Found(**made_by("pixelwise find"), rows=rows, means={"a": 0.5}, **more)


def test_a_result_is_read_by_key_like_its_file(tmp_path):
    """Attributes hold records, keys hold what JSON has; a field at its default is left out."""
    result = found()
    assert result.rows[0].scores["iou"] == result["rows"][0]["iou"] == 0.5
    assert list(result) == ["schema", "version", "command", "created", "rows", "means"]
    assert (result["schema"], len(result), repr(result)) == (Found.SCHEMA, 6, "2 rows")
    write_json(tmp_path / "found.json", result.as_dict())
    assert json.loads((tmp_path / "found.json").read_text()) == result


def test_a_file_gives_the_result_back(tmp_path):
    """With its origin, its flat keys and its tables."""
    result = found(tools=(Tool(name="smp", value=None),))
    write_json(tmp_path / "found.json", result.as_dict())
    again = read_record(Found, tmp_path / "found.json")
    assert again == result
    assert (again.rows, again.tools, again.command) == (result.rows, result.tools, "pixelwise find")
    assert again != found()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"rows": [{"name": "car", "iou": "high"}]}, r"rows\[0\]\.iou must be a number, got"),
        ({"rows": [{"iou": 0.5}]}, r"rows\[0\]\.name must be given, got nothing"),
        ({"means": {"c": 0.5}}, "a key of means must be one of a, b, got 'c'"),
        ({"tools": [{"name": "smp"}]}, r"tools\[0\]\.value must be given, got nothing"),
        ({"tools": [3]}, r"tools\[0\] must be a table, got 3"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place_and_what_to_do(tmp_path, edit, message):
    """One sentence, and the hint of who reads it."""
    path = tmp_path / "found.json"
    write_json(path, {**found().as_dict(), **edit})
    with pytest.raises(RunError, match=rf"found\.json: {message}.* Find it again\."):
        read_record(Found, path, "Find it again.")


def test_flat_keys_survive_both_ways():
    """They stand beside the fields in a table, and in a dict of their own in the record."""
    row = Row("car", {"iou": 0.5})
    assert to_plain(row) == {"name": "car", "iou": 0.5}
    assert from_plain(Row, to_plain(row), "test") == row
