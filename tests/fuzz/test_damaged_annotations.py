"""Damaged on purpose: annotation files, class files and lists."""

import pytest

from fuzz.annotation_readers import ANNOTATIONS, CLASSES
from fuzz.attempts import INPUTS, failures


@pytest.mark.parametrize("reader", [*ANNOTATIONS, *CLASSES], ids=lambda reader: reader.name)
def test_a_damaged_file_is_read_or_refused_in_one_line(reader):
    """No other error, no file left behind, no more memory than allowed; FUZZ_SEED repeats one."""
    assert list(failures(reader, range(INPUTS))) == []
