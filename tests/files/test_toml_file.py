"""What is written as TOML is what TOML readers read."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelwise.errors import DatasetError
from pixelwise.files.toml_file import read_toml, toml_key, toml_value

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
