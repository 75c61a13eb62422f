"""Damaged on purpose: label images are read by all readers alike, or refused."""

import pytest

from fuzz.attempts import INPUTS, failures
from fuzz.readers import LABELS


@pytest.mark.parametrize("reader", LABELS, ids=lambda reader: reader.name)
def test_a_damaged_file_is_read_or_refused_in_one_line(reader):
    """No other error, no file left behind, no more memory than allowed; FUZZ_SEED repeats one."""
    assert list(failures(reader, range(INPUTS))) == []
