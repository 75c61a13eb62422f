"""Whether files number their own objects."""

from collections.abc import Collection

from pixelwise.survey.values.layout import Extent
from pixelwise.survey.values.stored import StoredValues

# In so many files so many of the numbers up to the highest are there: objects may be hidden.
_FILES, _NUMBERS = 0.9, 0.8
# Classes are seldom so many in one file, and their highest is nearly the same in all files.
_MANY, _LOWER = 20, 0.75
# Objects have areas; the levels of a height or of probabilities have none.
_SOLID = 0.05


def number_objects(stored: StoredValues, left_out: Collection[int] = (255,)) -> bool:
    """Whether files number many objects from 1 on with hardly a gap, to another end in each.

    Args:
        stored: what the label files contain.
        left_out: values that may be void, or mistakes.
    """
    files = [set(file) - {0, *left_out} for file in stored.files]
    ends = [max(file, default=0) for file in files]
    many = sum(end > _MANY for end in ends)
    if len(set(ends)) <= 2 or many <= (1 - _FILES) * len(files):
        return False
    without_gap = sum(len(file) == end for file, end in zip(files, ends)) >= _FILES * len(files)
    if stored.wide and without_gap:
        return True
    full = sum(len(file) >= _NUMBERS * end for file, end in zip(files, ends))
    is_lower = without_gap or min(ends) <= _LOWER * max(ends)
    areas = [extent for value, extent in stored.extents.items() if value not in (0, *left_out)]
    every = sum(areas, Extent())
    return full >= _FILES * len(files) and is_lower and every.inner >= _SOLID * every.pixels
