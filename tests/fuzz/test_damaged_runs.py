"""Damaged on purpose: what the commands write themselves, and settings."""

import pytest

from fuzz.attempts import INPUTS, failures
from fuzz.run_readers import RUNS


@pytest.mark.parametrize("reader", RUNS, ids=lambda reader: reader.name)
def test_a_damaged_file_is_read_or_refused_in_one_line(reader):
    """No other error, no file left behind, no more memory than allowed; FUZZ_SEED repeats one."""
    assert list(failures(reader, range(INPUTS))) == []
