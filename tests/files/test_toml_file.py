"""What is written as TOML is what TOML readers read."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelwise.errors import DatasetError
from pixelwise.files.toml_file import read_text, read_toml, toml_key, toml_value

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(TEXT | st.integers(-(2**63), 2**63 - 1), st.lists, max_leaves=8)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(key=TEXT, value=VALUES)
def test_every_string_integer_and_list_survives(key, value):
    """tomllib reads back the key and the value, whatever is in them."""
    text = f"{toml_key(key)} = {toml_value(value)}\n"
    assert tomllib.loads(text) == {key: value}


@pytest.mark.parametrize("value", ["\x7f", "\x00\x1f", '"\\\n\t', "😀", "# no comment", ""])
def test_characters_that_formats_disagree_on_survive(value):
    """Control characters, quotes, backslashes and characters beyond 16 bits."""
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}


def test_an_integer_of_too_many_digits_is_refused(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(f"a = {'9' * 5000}")
    with pytest.raises(DatasetError, match=r"a\.toml: file must be valid TOML, got .* digits"):
        read_toml(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 0x" + "f" * 5000, "an integer of more than 64 bits"),
        ("a = [1, [9223372036854775808]]", "an integer of more than 64 bits"),
        ("a." * 200_000 + "b = 1", "a key of 64 parts or more"),
        ('"a" . ' * 200_000 + "b = 1", "a key of 64 parts or more"),
        ("[" + "a." * 200_000 + "b]", "a key of 64 parts or more"),
        ("a = " + "[" * 100_000, "deeper nesting than any settings have"),
        ("a = " + "{a=" * 100_000, "deeper nesting than any settings have"),
    ],
    ids=["hex", "64 bits", "key", "quoted key", "table", "lists", "tables"],
)
def test_toml_that_takes_time_or_memory_to_read_is_refused(tmp_path, text, message):
    """The parser of Python would take hours or gigabytes, or give up with another error."""
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(DatasetError, match=f"file must be valid TOML, got {message}"):
        read_toml(tmp_path / "a.toml")


def test_numbers_with_points_are_not_taken_for_keys(tmp_path):
    (tmp_path / "a.toml").write_text("a = [" + "1.5, " * 5000 + "2.5]\n")
    assert len(read_toml(tmp_path / "a.toml")["a"]) == 5001


def test_a_file_that_is_too_large_for_settings_is_refused_before_it_is_read(tmp_path):
    """Sparse: it takes no room on the disk."""
    with open(tmp_path / "dataset.toml", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DatasetError, match=r"at most 8,388,608 bytes, got 1,099,511,627,776"):
        read_toml(tmp_path / "dataset.toml")
    with pytest.raises(DatasetError, match=r"at most 134,217,728 bytes, got 1,099,511,627,776"):
        read_text(tmp_path / "dataset.toml")
