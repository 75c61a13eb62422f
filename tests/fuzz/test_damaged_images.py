"""Damaged on purpose: images and arrays."""

import pytest

from fuzz.annotation_readers import ARRAYS
from fuzz.attempts import INPUTS, failures
from fuzz.readers import IMAGES


@pytest.mark.parametrize("reader", [*IMAGES, *ARRAYS], ids=lambda reader: reader.name)
def test_a_damaged_file_is_read_or_refused_in_one_line(reader):
    """No other error, no file left behind, no more memory than allowed; FUZZ_SEED repeats one."""
    assert list(failures(reader, range(INPUTS))) == []
