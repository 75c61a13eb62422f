"""A wrong table of classes is refused when it is made, with all offenders."""

import pytest

from pixelwise.errors import LabelError
from pixelwise.labels.classes import Classes

AB = ("a", "b")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"names": []}, "names must be at least one class, got none"),
        ({"names": "ab"}, "names must be a list of strings, got 'ab'"),
        ({"names": 3}, "names must be a list of strings, got 3"),
        ({"names": ["a", 3]}, "printable text without blanks at the ends, got 3"),
        ({"names": ["a", ""]}, "printable text without blanks at the ends"),
        ({"names": ["a", " dog"]}, "printable text without blanks at the ends, got ' dog'"),
        ({"names": ["a", "b\n"]}, r"printable text without blanks at the ends, got 'b\\n'"),
        ({"names": ["a", "b", "a"]}, "different from each other, got 'a' more than once"),
        ({"colors": [(1, 2, 3)]}, "colors must be one for each of the 2 classes, got 1 entries"),
        ({"colors": [(1, 2), (1, 2, 3)]}, r"color of a must be three integers 0\.\.255"),
        ({"colors": [(0, 0, 0), (1, 2, 256)]}, r"color of b must be three integers 0\.\.255"),
        ({"colors": [(0, 0, 0), (1, 2, 0.5)]}, r"color of b must be three integers 0\.\.255"),
        ({"colors": "red"}, "colors must be a list with one entry for each class"),
        ({"values": [0]}, "values must be one for each of the 2 classes, got 1 entries"),
        ({"values": [0, -1]}, r"values of b must be an integer 0\.\.65535, got -1"),
        ({"values": [0, 65536]}, r"values of b must be an integer 0\.\.65535, got 65536"),
        ({"values": [0, "others"]}, r"values of b must be an integer 0\.\.65535, got 'others'"),
        ({"values": [0, True]}, r"values of b must be an integer 0\.\.65535, got True"),
        ({"values": [0, []]}, "values of b must be one or more different stored values"),
        ({"values": [0, (1, 1)]}, "values of b must be one or more different stored values"),
        ({"values": [0, 0]}, "values must be claimed only once, got 0 for a and b"),
        ({"values": ["other", "other"]}, "claimed only once, got other for a and b"),
        ({"ignore_values": [1]}, "values must be claimed only once, got 1 for b and void"),
        ({"ignore_values": [7, 7]}, "ignore_values must be one or more different stored values"),
        (
            {"ignore_index": 1},
            r"outside of the class indices 0\.\.1, got 1, which is the class 'b'",
        ),
        ({"ignore_index": -100}, r"ignore_index must be an integer 0\.\.65535, got -100"),
    ],
)
def test_a_contradiction_is_named(fields, message):
    """The message says which field, what it must be and what it is."""
    with pytest.raises(LabelError, match=f"Classes: .*{message}"):
        Classes(**{"names": AB, **fields})


def test_many_classes_need_another_ignore_index():
    """With more than 255 classes, 255 is a class; the message proposes a value."""
    names = [str(i) for i in range(300)]
    with pytest.raises(LabelError, match="Choose a larger one, such as 65535"):
        Classes(names)
    assert len(Classes(names, ignore_index=65535)) == 300
