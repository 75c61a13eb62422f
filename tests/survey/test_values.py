"""StoredValues values mean what a person would say they mean."""

import pytest

from pixelwise.labels.classes import Classes
from pixelwise.survey.statements import LIKELY, SURE, Statement
from pixelwise.survey.values import StoredValues, meaning_of


def stored(*files, wide=False):
    return StoredValues(tuple(frozenset(values) for values in files), wide)


def numbered_objects(*numbers, wide=True, also=()):
    """Files with background 0 and so many objects."""
    return stored(*({*range(n + 1), *also} for n in numbers), wide=wide)


def first_stored(classes):
    return [classes.written(index) for index in range(len(classes))]


@pytest.mark.parametrize(
    ("values", "foreground", "void", "sureness"),
    [
        ({0, 255}, 255, (), SURE),
        ({0, 1}, 1, (), SURE),
        ({0, 1, 255}, 1, (255,), SURE),
        ({0}, 1, (), LIKELY),
        ({1}, 1, (), LIKELY),
        ({255}, 255, (), LIKELY),
    ],
)
def test_0_with_1_or_255_is_binary(values, foreground, void, sureness):
    """255 is foreground, unless 1 is."""
    meaning = meaning_of(stored(values))
    assert meaning.classes.names == ("background", "foreground")
    assert meaning.classes.values == ((0,), (foreground,))
    assert meaning.classes.ignore_values == void
    assert meaning.task == "binary"
    assert meaning.statements[0].sureness == sureness


def test_distant_values_are_grey_levels_and_255_is_one_of_them():
    """0, 128, 255: void is never drawn as the brightest of three levels."""
    meaning = meaning_of(stored({0, 128}, {0, 128, 255}))
    assert meaning.classes == Classes(["class_0", "class_1", "class_2"], values=[0, 128, 255])
    assert meaning.task == "multiclass"
    assert meaning.statements == (
        Statement(LIKELY, "3 classes, stored as the grey levels 0, 128, 255"),
    )


def test_two_distant_values_are_background_and_foreground():
    """0, 128 is binary too."""
    meaning = meaning_of(stored({0, 128}))
    assert meaning.classes == Classes(["background", "foreground"], values=[0, 128])
    assert meaning.task == "binary"


def test_neighbours_are_class_indices_and_255_is_void():
    """0..4 and 255, though no file has all of them."""
    meaning = meaning_of(stored({0, 1, 255}, {0, 2, 4}, {3}))
    assert meaning.classes.names == tuple(f"class_{n}" for n in range(5))
    assert first_stored(meaning.classes) == [0, 1, 2, 3, 4]
    assert meaning.classes.ignore_values == (255,)
    assert Statement(LIKELY, "stored value 255 is void") in meaning.statements


def test_a_missing_index_in_between_is_a_class_too():
    """Classes 0..5 of which 4 was not in the files that were read."""
    meaning = meaning_of(stored({0, 1, 2, 3, 5}))
    assert len(meaning.classes) == 6
    assert (
        Statement(LIKELY, "stored values that were never seen are classes too: 4")
        in meaning.statements
    )


def test_scattered_values_are_classes_without_what_lies_between():
    """7, 8, 11, 30: the values that were seen, and no others."""
    meaning = meaning_of(stored({7, 8}, {11, 30}))
    assert first_stored(meaning.classes) == [7, 8, 11, 30]


def test_values_from_1_on_become_indices_from_0_on():
    """Without value 0 there is no background to keep a place for, but it is doubtful."""
    meaning = meaning_of(stored({1, 2, 3}, {2, 4}))
    assert first_stored(meaning.classes) == [1, 2, 3, 4]
    assert (
        Statement(LIKELY, "the lowest stored value is 1, which becomes class index 0")
        in meaning.statements
    )


def test_void_of_16_bits_is_found():
    """65535 in a file of few classes."""
    meaning = meaning_of(stored({0, 1, 2, 65535}, wide=True))
    assert meaning.classes.ignore_values == (65535,)
    assert len(meaning.classes) == 3


def test_objects_numbered_in_each_file_are_one_class():
    """Ids without a gap from 1 on, of another number in each file: background and object."""
    meaning = meaning_of(numbered_objects(4, 30, 17, 9))
    assert meaning.classes == Classes(["background", "object"], values=[0, "other"])
    assert meaning.task == "binary"
    assert meaning.statements[0].sureness == LIKELY


def test_the_object_with_id_255_is_no_void():
    """With 16 bits, 255 is a number like any other."""
    meaning = meaning_of(numbered_objects(300, 20, 255))
    assert meaning.classes.ignore_values == ()
    assert meaning.classes.to_index([[0, 254, 255, 300]]).tolist() == [[0, 1, 1, 1]]


def test_objects_numbered_with_8_bits_are_doubtful_and_may_have_void():
    """The same pattern could be classes, so it is a guess."""
    meaning = meaning_of(numbered_objects(3, 12, 20, 7, wide=False, also=[255]))
    assert meaning.classes.values == ((0,), "other")
    assert meaning.classes.ignore_values == (255,)
    assert meaning.statements[0].sureness == LIKELY


def test_scattered_ids_are_objects_if_there_are_too_many_for_classes():
    """More than 256 different values."""
    meaning = meaning_of(stored(range(0, 40000, 100), wide=True))
    assert meaning.classes.names == ("background", "object")


@pytest.mark.parametrize(
    "files",
    [
        stored({0, 1, 2}, {0, 1}, {0}, {0, 1, 2, 3}),
        stored(range(12), range(12), range(12)),
        stored(*({0, n} for n in range(1, 20))),
        stored(range(5), range(4), range(3), wide=True),
        stored(*(range(0, 2 * n, 2) for n in (12, 15, 20)), wide=True),
    ],
)
def test_few_or_common_or_scattered_values_are_classes(files):
    """Ids are many, contiguous, and of another number in each file; all three are needed."""
    assert len(meaning_of(files).classes) > 2


def test_names_with_values_are_taken_as_they_are():
    """A file of names that explains every value."""
    named = Classes(["sky", "road"], values=[3, 9], ignore_values=[0])
    meaning = meaning_of(stored({3, 0}, {9}), named)
    assert meaning.classes == named
    assert meaning.statements == (Statement(SURE, "2 classes with names: sky, road"),)
    assert meaning.task == "binary"


@pytest.mark.parametrize("name", ["unlabelled", "Unlabeled", "void", "__ignore__", "Don't care"])
def test_a_class_called_void_is_void(name):
    """Its stored value is left out, and the others keep theirs."""
    named = Classes(["sky", name, "road"])
    meaning = meaning_of(stored({0, 1, 2}), named)
    assert meaning.classes.names == ("sky", "road")
    assert meaning.classes.values == ((0,), (2,))
    assert meaning.classes.colors == (named.colors[0], named.colors[2])
    assert meaning.classes.ignore_values == (1,)
    assert Statement(SURE, f"stored value 1 is void: it is called {name}") in meaning.statements


@pytest.mark.parametrize("own_colors", [False, True])
def test_names_of_a_known_dataset_bring_its_colours(own_colors):
    """Unless the file of names has colours itself."""
    camvid = Classes.named("camvid")
    own = [(0, 0, n) for n in range(11)] if own_colors else None
    meaning = meaning_of(stored(set(range(11))), Classes(camvid.names, own))
    assert meaning.classes.colors == (tuple(own) if own else camvid.colors)
    notes = [s for s in meaning.statements if "colours are those of camvid" in s.text]
    assert len(notes) == (0 if own_colors else 1)


@pytest.mark.parametrize(("values", "void"), [({0, 1, 2, 255}, 255), ({0, 1, 2, 3}, 3)])
def test_255_or_the_value_behind_the_last_name_is_void(values, void):
    """The two places where void is kept by habit."""
    meaning = meaning_of(stored(values), Classes(["a", "b", "c"]))
    assert meaning.classes.names == ("a", "b", "c")
    assert meaning.classes.ignore_values == (void,)
    assert meaning.statements[-1] == Statement(
        LIKELY, f"stored value {void} is void: no class has it"
    )


def test_other_values_without_a_name_become_classes_to_look_at():
    """Nothing is dropped, so that every command works and the guess is seen."""
    meaning = meaning_of(stored({0, 1, 40}), Classes(["a", "b"]))
    assert meaning.classes == Classes(["a", "b", "class_40"], values=[0, 1, 40])
    assert meaning.statements[-1] == Statement(
        LIKELY, "stored values without a name are classes: 40"
    )


def test_names_without_values_are_given_to_grey_levels_in_order():
    """Three names and the values 0, 128, 255."""
    meaning = meaning_of(stored({0, 128, 255}), Classes(["none", "cell", "nucleus"]))
    assert meaning.classes == Classes(["none", "cell", "nucleus"], values=[0, 128, 255])
    assert meaning.statements[-1].sureness == LIKELY


def test_names_that_are_all_void_name_nothing():
    """Then the values have to speak for themselves."""
    meaning = meaning_of(stored({0, 1}), Classes(["void"]))
    assert meaning.classes.names == ("background", "foreground")


def test_classes_that_take_all_other_values_are_left_alone():
    """Such a table explains every value by itself."""
    named = Classes(["void", "object"], values=[0, "other"])
    assert meaning_of(stored({0, 5, 9}), named).classes == named


def test_a_long_list_in_a_note_is_cut_in_the_middle():
    """A note is one line."""
    meaning = meaning_of(stored(range(100)))
    assert meaning.statements[0].text == (
        "100 classes, stored as 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..., 99, without names"
    )
