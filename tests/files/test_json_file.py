"""Untrusted JSON: each thing that Python's reader lets pass is one sentence here."""

import pytest

from pixelwise.errors import DatasetError
from pixelwise.files.json_file import get, parse_json, read_json
from pixelwise.files.limits import allow_unpacked


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": NaN}', "NaN, which JSON does not allow"),
        (b"[-Infinity]", "-Infinity, which JSON does not allow"),
        (b'{"a": {"b": 1, "b": 1}}', "the key 'b' twice in one object"),
        (b"[" * 100_000, "deeper nesting than any annotation has"),
        (b'{"a":' * 100_000, "deeper nesting than any annotation has"),
        (b"1" * 5000, "valid JSON, got Exceeds the limit"),
        (b'{"a": "\xff"}', "valid JSON, got 'utf-8'"),
        (b'{"a": 1', "valid JSON, got Expecting"),
        (b"", "valid JSON, got Expecting value"),
    ],
    ids=["nan", "infinity", "twins", "lists", "objects", "digits", "bytes", "cut", "empty"],
)
def test_what_is_no_plain_json_is_refused(data, message):
    """With the name of the file in front."""
    with pytest.raises(DatasetError, match=rf"^a\.json: file must be .*{message}"):
        parse_json(data, "a.json")


def test_a_mark_in_front_is_no_error():
    """Editors on Windows write it."""
    assert parse_json(b'\xef\xbb\xbf{"a": 1}', "a.json") == {"a": 1}


def test_a_file_that_is_none_is_refused(tmp_path):
    """Missing, a folder."""
    with pytest.raises(DatasetError, match="an existing file"):
        read_json(tmp_path / "a.json")
    with pytest.raises(DatasetError, match="a regular file, got a folder"):
        read_json(tmp_path)


@pytest.mark.parametrize(
    ("table", "key", "types", "message"),
    [
        ({"a": 1.5}, "a", (int,), "x.a must be an integer, got 1.5"),
        ({"a": True}, "a", (int,), "x.a must be an integer, got True"),
        ({}, "a", (list,), "x.a must be a list, got none"),
        ({"a": None}, "a", (str,), "x.a must be text, got none"),
        ([1], 3, (int,), r"x\[3\] must be an integer, got none"),
        (3, "a", (int,), "x must be an object, got 3"),
        ({"a": "b" * 900}, "a", (int,), r"got 'b{59}\.\.\."),
    ],
)
def test_a_value_of_another_type_is_named(table, key, types, message):
    """With its place, and only the beginning of it."""
    with pytest.raises(DatasetError, match=message):
        get("a.json", table, key, *types, at="x")


def test_values_of_the_right_type_come_back():
    """An integer is a number; null and a missing key are the same."""
    assert get("f", {"a": 3}, "a", float) == 3
    assert get("f", {}, "a", str, type(None)) is None
    assert get("f", [1, 2], 1, int) == 2


def test_a_twin_among_very_many_keys_is_found_in_one_look():
    """In linear time: comparing every key with every other would take hours."""
    keys = ",".join(f'"{number}": 0' for number in range(200_000))
    with pytest.raises(DatasetError, match="the key 'x' twice in one object"):
        parse_json(f'{{{keys}, "x": 1, "x": 2}}'.encode(), "a.json")


def test_an_integer_that_no_column_of_numbers_holds_is_refused():
    for value in (2**63, -(10**400)):
        with pytest.raises(DatasetError, match="width must be a number of at most 64 bits"):
            get("a.json", {"width": value}, "width", int)


def test_a_text_that_takes_more_memory_than_a_file_may_is_refused_with_the_option(tmp_path):
    """A sparse file, which takes no room on the disk, is not read; nor is a text too long."""
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(DatasetError, match=r"at most 1,073,741,824 bytes.*PIXELWISE_MAX_GIB=2"):
        read_json(path)
    with allow_unpacked(1e-6), pytest.raises(DatasetError, match="1,000 bytes of text"):
        parse_json(b" " * 1000, "a.json")
