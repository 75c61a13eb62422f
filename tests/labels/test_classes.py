"""Classes: one simultaneous table between stored values and class indices, and the way back."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import VOID_COLOR, voc_colormap

AB = ("a", "b")


@st.composite
def tables(draw):
    """Classes with 1 to 6 names, several stored values each, and void values."""
    claimed = draw(st.lists(st.integers(0, 65535), min_size=7, max_size=20, unique=True))
    count = draw(st.integers(1, 6))
    share = len(claimed) // (count + 1)
    *values, void = (claimed[i * share : (i + 1) * share] for i in range(count + 1))
    ignore_index = draw(st.integers(count, 65535))
    return Classes([f"c{i}" for i in range(count)], None, values, ignore_index, void)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(classes=tables(), seed=st.integers(0, 99))
def test_to_index_is_the_dictionary_of_the_table(classes, seed):
    """to_index(v) is the class that v is a value of, or ignore_index for void."""
    meaning = {v: c for c, values in enumerate(classes.values) for v in values}
    meaning |= dict.fromkeys(classes.ignore_values, classes.ignore_index)
    stored = np.random.default_rng(seed).choice(list(meaning), (5, 7))
    found = classes.to_index(stored)
    assert found.tolist() == [[meaning[v] for v in row] for row in stored.tolist()]
    assert found.dtype == classes.dtype


@settings(derandomize=True, deadline=None, max_examples=50)
@given(classes=tables(), seed=st.integers(0, 99))
def test_indices_survive_the_way_to_a_file_and_back(classes, seed):
    """to_index(to_stored(i)) == i for every class index and void."""
    indices = [*range(len(classes)), classes.ignore_index]
    label = np.random.default_rng(seed).choice(indices, (5, 7))
    assert np.array_equal(classes.to_index(classes.to_stored(label)), label)


@pytest.mark.parametrize("name", ["voc", "camvid", "cityscapes", "cityscapes_all"])
def test_stored_values_survive_if_each_class_has_one(name):
    """to_stored(to_index(v)) == v for injective classes with one void value."""
    classes = Classes.named(name)
    void = (*classes.ignore_values, classes.ignore_index)[0]
    stored = np.array([*(classes.written(i) for i in range(len(classes))), void])
    assert np.array_equal(classes.to_stored(classes.to_index(stored)), stored)


def test_values_may_swap_places():
    """{0: 1, 1: 0} in one step; one after the other would make both the same."""
    classes = Classes(AB, values=[1, 0])
    stored = np.array([[0, 1, 1], [1, 0, 255]], np.uint8)
    before = stored.copy()
    assert classes.to_index(stored).tolist() == [[1, 0, 0], [0, 1, 255]]
    assert np.array_equal(stored, before)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint64"])
def test_every_integer_dtype_is_read_by_value(dtype):
    """The dtype and the memory layout of the array say nothing about the values."""
    stored = np.array([[0, 1, 11], [11, 1, 0]], dtype).T
    classes = Classes(AB, ignore_values=[11])
    assert classes.to_index(stored).tolist() == [[0, 255], [1, 1], [255, 0]]


def test_bool_is_a_label_of_two_classes():
    """False is 0 and True is 1."""
    assert Classes(AB).to_index(np.array([[False, True]])).tolist() == [[0, 1]]


def test_several_values_of_a_class_become_one():
    """Many to one on the way in; the first one on the way out."""
    classes = Classes(AB, values=[(7, 3), 9])
    assert classes.to_index(np.array([7, 3, 9])).tolist() == [0, 0, 1]
    assert classes.to_stored(np.array([0, 1])).tolist() == [7, 9]


def test_other_takes_what_nothing_else_claims():
    """Instance ids become foreground, also the id that happens to equal ignore_index."""
    classes = Classes(("background", "nucleus"), values=[0, "other"])
    assert classes.to_index(np.array([0, 1, 255, 300, 65535])).tolist() == [0, 1, 1, 1, 1]
    void = Classes(("background", "nucleus"), values=[0, "other"], ignore_values=[255])
    assert void.to_index(np.array([0, 1, 255, 300])).tolist() == [0, 1, 255, 1]


@pytest.mark.parametrize(("values", "written"), [([0, "other"], 1), ([1, "other"], 0)])
def test_other_is_written_as_its_index_or_the_lowest_free_value(values, written):
    """What is written for "other" is read back as "other"."""
    classes = Classes(AB, values=values)
    assert classes.written(1) == written
    assert classes.to_index(classes.to_stored(np.array([0, 1]))).tolist() == [0, 1]


def test_a_class_may_claim_the_value_of_void():
    """Stored 255 is foreground if a class says so; then void cannot be stored."""
    classes = Classes(AB, values=[0, 255])
    assert classes.to_index(np.array([0, 255])).tolist() == [0, 1]
    with pytest.raises(LabelError, match="void must be a stored value of its own, got 255"):
        classes.to_stored(np.array([0, 255]))


def test_a_single_void_value_needs_no_list():
    """ignore_values=11 is what people write."""
    assert Classes(AB, ignore_values=11) == Classes(AB, ignore_values=[11])


def test_void_is_written_as_the_first_of_its_values():
    """Predictions and labels are stored like the ground truth."""
    classes = Classes(AB, ignore_values=[11, 12])
    assert classes.to_stored(np.array([0, 255])).tolist() == [0, 11]
    assert Classes(AB).to_stored(np.array([0, 255])).tolist() == [0, 255]


def test_unknown_values_are_all_named_with_counts_and_places():
    """Most frequent first; nothing becomes class 0."""
    stored = np.array([[0, 37, 1], [38, 37, 255]])
    message = (
        r"a\.png: stored values must be in the class table or void, got "
        r"37 \(2 pixels, first at y=0 x=1\), 38 \(1 pixel, first at y=1 x=0\)\. Add them"
    )
    with pytest.raises(LabelError, match=message):
        Classes(AB).to_index(stored, where="a.png")


def test_a_single_unknown_value_may_be_void():
    """The usual cause is a void value that was not declared."""
    with pytest.raises(LabelError, match=r"Is 11 the void value\? Add it to ignore_values\."):
        Classes(AB).to_index(np.array([[0, 11]]))


@pytest.mark.parametrize("value", [-1, 65536, 2**40])
def test_values_that_no_file_can_hold_are_unknown(value):
    """They never wrap around into a class, not even into "other"."""
    with pytest.raises(LabelError, match=rf"got {value} \(1 pixel.* Label files hold 0\.\.65535"):
        Classes(AB, values=[0, "other"]).to_index(np.array([[0, value]]))


def test_a_negative_value_in_a_short_dtype_is_unknown():
    """int8 cannot hold the limits that it is compared with."""
    with pytest.raises(LabelError, match="got -1"):
        Classes(AB).to_index(np.array([[0, -1]], np.int8))


def test_many_unknown_values_are_counted():
    """Eight are listed, the others are a number."""
    with pytest.raises(LabelError, match="and 92 more values"):
        Classes(AB, ignore_index=1000).to_index(np.arange(102))


@pytest.mark.parametrize("index", [2, -1, 254])
def test_an_index_that_is_no_class_is_not_stored(index):
    """Predictions outside of the classes are an error with a place."""
    message = rf"label must be class indices 0\.\.1 or ignore_index=255, got {index} \(1 pixel"
    with pytest.raises(LabelError, match=message):
        Classes(AB).to_stored(np.array([[0, index]]))


def test_a_colour_image_or_logits_are_no_label():
    """The way out is named; nothing is reshaped or rounded."""
    with pytest.raises(ArgumentError, match=r"\(H, W\), got \(2, 2, 3\)\. Convert colours with"):
        Classes(AB).to_index(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ArgumentTypeError, match="integer or bool dtype, got dtype float64"):
        Classes(AB).to_index(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("count", "ignore_index", "dtype"),
    [(2, 255, "uint8"), (255, 255, "uint8"), (256, 256, "uint16"), (2, 65535, "uint16")],
)
def test_indices_take_one_byte_if_they_fit(count, ignore_index, dtype):
    """uint8 while all indices and ignore_index are at most 255, even if all 256 are used."""
    classes = Classes([str(i) for i in range(count)], ignore_index=ignore_index)
    stored = np.array([[0, count - 1, ignore_index]])
    found = classes.to_index(stored)
    assert found.dtype == classes.dtype == dtype
    assert np.array_equal(found, stored)


def test_the_palette_is_by_stored_value():
    """Classes by their values, void in the void colour, the rest as in Pascal VOC."""
    classes = Classes(AB, [(1, 1, 1), (2, 2, 2)], values=[(5, 6), 9], ignore_values=[0])
    expected = voc_colormap()
    expected[[5, 6]], expected[9], expected[[0, 255]] = (1, 1, 1), (2, 2, 2), VOID_COLOR
    assert np.array_equal(classes.palette(), expected)


def test_equal_tables_are_equal_hash_equal_and_pickle():
    """Also after use: the cached tables are not a part of the value."""
    one, two = Classes(AB, ignore_values=[7]), Classes(list(AB), ignore_values=(7,))
    one.to_index(np.array([0]))
    assert one == two == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(two)
    assert len(pickle.dumps(one)) < 1000
    assert one != Classes(AB, ignore_values=[8])


def test_a_table_cannot_be_changed():
    """It is shared between threads and is a key of caches."""
    with pytest.raises(AttributeError, match="cannot assign to field 'names'"):
        Classes(AB).names = ("x",)


def test_a_dictionary_holds_everything():
    """from_dict(as_dict) is the same table, and the dictionary is plain."""
    classes = Classes(AB, values=[(7, 3), "other"], ignore_index=254, ignore_values=[9])
    fields = classes.as_dict()
    assert Classes.from_dict(fields) == classes
    assert fields == {
        "names": ["a", "b"],
        "colors": [[0, 0, 0], [128, 0, 0]],
        "values": [[7, 3], "other"],
        "ignore_index": 254,
        "ignore_values": [9],
    }


@pytest.mark.parametrize("fields", [{}, {"colors": []}, {"names": ["a"], "name": ["b"]}])
def test_a_dictionary_of_something_else_is_refused(fields):
    """Files of other programs, or of another version, are not guessed at."""
    with pytest.raises(LabelError, match=r"fields must be names and any of colors, .*, got \["):
        Classes.from_dict(fields)


def test_a_table_introduces_itself_shortly():
    """150 names would fill the screen."""
    assert repr(Classes(AB)) == "<2 Classes ['a', 'b'], ignore_index=255>"
    assert len(repr(Classes.named("ade20k"))) < 120


def test_a_name_that_nobody_knows_is_answered_with_the_nearest():
    """All known names are listed."""
    with pytest.raises(ArgumentError, match=r"one of voc, camvid.*Did you mean 'cityscapes'\?"):
        Classes.named("cityscape")
