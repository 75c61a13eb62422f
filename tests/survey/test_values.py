"""What stored values mean: each kind of labels, its traps and its near misses, at random."""

import numpy as np
import pytest
from tests.survey.drawn_labels import (
    X,
    Y,
    disc,
    drawn,
    line,
    objects,
    outlined,
    questions,
    regions,
    spotted,
)

from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.legend.read import read_classes
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, SURE
from pixelwise.survey.values.meaning import meaning_of
from pixelwise.survey.values.stored import StoredValues

SEEDS = [0, 100]
CORNER = (Y < 20) & (X < 40)


def stored(*files, wide=False):
    """Values that are equally frequent, of which nothing else is known."""
    return StoredValues(tuple(dict.fromkeys(values, 10) for values in files), wide)


def options_of(statements):
    """The options of each answer of the only question."""
    (question,) = questions(statements)
    return [dict(answer.options) for answer in question.answers]


# draw, stored values of the classes, void: nothing is asked
CLEAR = {
    "0 and 1": (disc, [0, 1], ()),
    "0 and 255": (lambda n: disc(n, 255), [0, 255], ()),
    "0 and 128": (lambda n: disc(n, 128), [0, 128], ()),
    "thin lines of 255": (lambda n: line(n, 255), [0, 255], ()),
    "single points": (lambda n: spotted(disc(n, 0), 1, 1), [0, 1], ()),
    "three greys": (lambda n: np.where(CORNER, 255, disc(n, 128)), [0, 128, 255], ()),
    "four greys": (lambda n: regions(n, [0, 85, 170, 255]), [0, 85, 170, 255], ()),
    "greys with thin lines": (lambda n: line(n, 60, disc(n, 240)), [0, 60, 240], ()),
    "void outlines of one class": (lambda n: outlined(disc(n), 255, 2), [0, 1], (255,)),
    "void outlines of classes": (
        lambda n: outlined(regions(n, range(5)), 255),
        [*range(5)],
        (255,),
    ),
    "void of 16 bits": (lambda n: outlined(regions(n, range(5)), 65535), [*range(5)], (65535,)),
    "indices": (lambda n: regions(n, range(4)), [0, 1, 2, 3], ()),
    "indices from 1": (lambda n: regions(n, range(1, 5)), [1, 2, 3, 4], ()),
    "an index never seen": (lambda n: regions(n, [0, 1, 2, 3, 5]), [*range(6)], ()),
    "few indices of many": (lambda n: regions(n, [7, 8, 11, 21]), [7, 8, 11, 21], ()),
    "thin classes": (lambda n: line(n, 1, line(n + 5, 2)), [0, 1, 2], ()),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", CLEAR)
def test_what_is_clear_is_not_asked(survey, kind, seed):
    draw, values, void = CLEAR[kind]
    meaning, statements = survey(drawn(draw, seed=seed))
    assert questions(statements) == []
    assert meaning.classes.values == tuple((v,) for v in values)
    assert meaning.classes.ignore_values == void
    assert all(f"{v} is void" in str(statements) for v in void)


# draw, void as it is assumed, options of the answers
ASKED = {
    "255 in a corner": (
        lambda n: np.where(CORNER, 255, disc(n)),
        (255,),
        [{"ignore_values": (255,)}, {"ignore_values": ()}],
    ),
    "255 in a corner, many classes": (
        lambda n: np.where(CORNER, 255, regions(n, range(4))),
        (255,),
        [{"ignore_values": (255,)}, {"ignore_values": ()}],
    ),
    "255 as lines within one region": (
        lambda n: np.where(
            abs(X - 20 - n % 9) < 1, 255, np.where(X > 64, 2, np.where(Y > 48, 1, 0))
        ),
        (255,),
        [{"ignore_values": (255,)}, {"ignore_values": ()}],
    ),
    "a far value": (
        lambda n: regions(n, [0, 1, 2, 3, 100]),
        (100,),
        [{"ignore_values": (100,)}, {"ignore_values": ()}],
    ),
    "two far values": (
        lambda n: regions(n, [0, 1, 2, 100, 255]),
        (100, 255),
        [{"ignore_values": v} for v in ((100, 255), (100,), (255,), ())],
    ),
    "255 above 0 and 5": (
        lambda n: np.where(CORNER, 255, disc(n, 5)),
        (255,),
        [{"ignore_values": (255,)}, {"ignore_values": ()}],
    ),
    "the highest as outlines": (
        lambda n: outlined(regions(n, range(4)), 4),
        (4,),
        [{"ignore_values": (4,)}, {"ignore_values": ()}],
    ),
    "a grey between two as outlines": (
        lambda n: outlined(disc(n, 255), 128),
        (),
        [{"ignore_values": ()}, {"ignore_values": (128,)}],
    ),
    "a class between two as outlines": (
        lambda n: outlined(disc(n, 2), 1),
        (),
        [{"ignore_values": ()}, {"ignore_values": (1,)}],
    ),
    "twelve classes": (
        lambda n: regions(n, range(12), 24),
        (),
        [{"ignore_values": ()}, {"ignore_values": (11,)}, {"ignore_values": (0,)}],
    ),
    "inverted": (lambda n: 1 - disc(n), (), [{"foreground": 1}, {"foreground": 0}]),
    "inverted with 255": (
        lambda n: 255 - disc(n, 255),
        (),
        [{"foreground": 255}, {"foreground": 0}],
    ),
    "1 and 2": (lambda n: disc(n) + 1, (), [{"foreground": 2}, {"foreground": 1}]),
    "2 and 1": (lambda n: 2 - disc(n), (), [{"foreground": 1}, {"foreground": 2}]),
    "1 alone": (lambda n: 0 * disc(n) + 1, (), [{"foreground": 1}, {"foreground": 0}]),
    "255 alone": (lambda n: 0 * disc(n) + 255, (), [{"foreground": 255}, {"foreground": 0}]),
    "0 alone": (lambda n: 0 * disc(n), (), [{"foreground": 1}, {"foreground": 255}]),
    "1 in files, 255 in others": (
        lambda n: disc(n, (1, 255)[n % 3 == 0]),
        (),
        [{"classes": "binary"}, {"ignore_values": (255,)}],
    ),
    "objects numbered with 8 bits": (
        lambda n: objects(10 + n % 12),
        (),
        [{"classes": "objects"}, {"ignore_values": ()}],
    ),
    "few objects": (
        lambda n: objects(2 + n % 4),
        (),
        [{"ignore_values": ()}, {"classes": "objects"}],
    ),
    "any ids of 16 bits": (
        lambda n: np.random.default_rng(n).permutation(60000)[:81][objects(80)],
        (),
        [{"classes": "objects"}, {"ignore_values": ()}],
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ASKED)
def test_what_is_not_sure_is_asked_and_each_answer_settles_it(survey, kind, seed):
    """The first answer is what the description assumes."""
    draw, void, options = ASKED[kind]
    labels = drawn(draw, seed=seed)
    meaning, statements = survey(labels)
    assert options_of(statements) == options
    assert meaning.classes.ignore_values == void
    table = {"objects": Classes.named("objects"), "binary": Classes.named("binary")}
    for number, answer in enumerate(options):
        decided = {key: value for key, value in answer.items() if key != "classes"}
        named = table.get(answer.get("classes", ""))
        settled, statements = survey(labels, named, Given(**decided))
        assert questions(statements) == []
        assert settled.classes.ignore_values == answer.get("ignore_values", void)
        assert number or settled.classes.values == meaning.classes.values


# base, strange values, classes
ROGUE = {
    "binary": (disc, (37, 24), 2),
    "binary with 255": (lambda n: disc(n, 255), (37, 24), 2),
    "beside 255": (lambda n: disc(n, 255), (254,), 2),
    "between classes": (lambda n: regions(n, [0, 1, 2, 4]), (3,), 4),
    "above classes": (lambda n: regions(n, [0, 1, 2]), (3,), 3),
    "beside void": (lambda n: outlined(regions(n, range(5)), 255), (254, 253), 5),
    "three greys": (lambda n: regions(n, [0, 128, 255]), (77,), 3),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ROGUE)
def test_a_few_pixels_of_a_strange_value_are_named_with_their_place(survey, kind, seed):
    draw, values, classes = ROGUE[kind]
    labels = drawn(draw, 30, seed)
    labels[4] = spotted(labels[4], *values)
    meaning, statements = survey(labels)
    assert len(meaning.classes) == classes
    assert not set(values) & {v for several in meaning.classes.values for v in several}
    assert not set(values) & set(meaning.classes.ignore_values)
    (question,) = questions(statements)
    for number, value in enumerate(values):
        place = f"x={5 + 2 * number}, y={3 + number}"
        assert f"{value} in 1 file, 1 pixel, first in labels/04.png at {place}" in question.text
    void = question.answers[1].options["ignore_values"]
    assert set(values) <= set(void)
    given, statements = survey(labels, given=Given(ignore_values=void))
    assert (questions(statements), given.classes.ignore_values) == ([], void)
    last = question.answers[-1].options
    given, statements = survey(
        labels, read_classes(last["classes"]), Given(ignore_values=last["ignore_values"])
    )
    assert questions(statements) == []
    assert {v for several in given.classes.values for v in several} >= set(values)


def test_strange_values_in_some_files_are_no_objects(survey):
    """The highest value differs from file to file, and most files have no gap."""
    labels = drawn(disc, 30)
    for number, value in ((3, 9), (5, 24), (8, 37)):
        labels[number] = spotted(labels[number], value)
    meaning, statements = survey(labels)
    assert meaning.classes.values == ((0,), (1,))
    assert "9, 24, 37 are hardly classes" in questions(statements)[0].text


def test_a_foreground_that_no_label_has_is_an_error(survey):
    with pytest.raises(DatasetError, match=r"foreground must be one of .* 0, 1, got 7"):
        survey(drawn(disc, 4), given=Given(foreground=7))


def test_a_strange_value_in_every_file_beside_255_is_a_suspect(survey):
    meaning, statements = survey([spotted(disc(n, 255), 254) for n in range(5)])
    assert meaning.classes.values == ((0,), (255,))
    assert "254 in 5 files, 5 pixels" in questions(statements)[0].text


def test_a_rare_class_is_not_swallowed(survey):
    """An area in one file of forty."""
    labels = drawn(lambda n: regions(n, [0, 1, 2]), 40)
    labels[7] = np.where((Y < 6) & (X < 6), 3, labels[7])
    meaning, statements = survey(labels)
    assert meaning.classes.values == ((0,), (1,), (2,), (3,))
    assert questions(statements) == []


def test_void_and_foreground_are_one_question(survey):
    """1 is the animal, 2 its surroundings, 3 the border between them: void, or a third class."""
    labels = drawn(lambda n: outlined(2 - disc(n), 3))
    meaning, statements = survey(labels)
    assert meaning.classes.values == ((2,), (1,))
    assert meaning.classes.ignore_values == (3,)
    options = options_of(statements)
    settled = [survey(labels, given=Given(**answer)) for answer in options]
    assert [questions(statements) for _, statements in settled] == [[], [], []]
    values = [meaning.classes.values for meaning, _ in settled]
    assert values == [((2,), (1,)), ((1,), (2,)), ((1,), (2,), (3,))]
    assert [m.classes.ignore_values for m, _ in settled] == [(3,), (3,), ()]


@pytest.mark.parametrize("other", [1, 252, 254])
def test_two_values_that_never_occur_together_may_both_be_foreground(survey, other):
    labels = drawn(lambda n: disc(n, (other, 255)[n % 3 == 0]))
    _, statements = survey(labels)
    both, void = options_of(statements)
    assert void == {"ignore_values": (255,)}
    meaning, statements = survey(labels, read_classes(both["classes"]))
    assert meaning.classes.values == ((0,), (other, 255))
    assert questions(statements) == []


def test_a_name_for_most_of_the_pixels_is_a_question(survey):
    """Masks of 0 on 255: crack may be the surroundings."""
    labels = drawn(lambda n: 255 - disc(n, 255))
    _, statements = survey(labels, Classes(["background", "crack"]))
    options = options_of(statements)
    tables = [read_classes(answer["classes"]) for answer in options]
    assert [table.values for table in tables] == [((0,), (255,)), ((255,), (0,))]
    assert all(questions(survey(labels, table)[1]) == [] for table in tables)
    _, statements = survey(drawn(lambda n: disc(n, 255)), Classes(["background", "crack"]))
    assert questions(statements) == []


@pytest.mark.parametrize("void", [(), (255,)])
def test_objects_of_which_some_are_hidden_are_numbered_nevertheless(survey, void):
    """Every seventh is missing; void around them stays void."""

    def some_objects(seed):
        label = objects(20 + 4 * seed)
        label = np.where(label % 7 == 3, 0, label)
        return np.where(Y > 90, void[0], label) if void else label

    labels = drawn(some_objects)
    _, statements = survey(labels)
    as_objects = options_of(statements)[0]
    assert as_objects.pop("classes") == "objects"
    meaning, statements = survey(labels, Classes.named("objects"), Given(**as_objects))
    assert meaning.classes.values == ((0,), "other")
    assert meaning.classes.ignore_values == void
    assert questions(statements) == []


def test_many_objects_numbered_with_16_bits_are_sure(survey):
    """Wide, without a gap, of another number in each file, and no classes."""
    meaning, statements = survey(drawn(lambda n: objects(15 + 4 * n)), deep=True)
    assert meaning.classes == Classes(["background", "object"], values=[0, "other"])
    assert [s.sureness for s in statements] == [SURE]


def test_a_long_list_in_a_note_is_cut_in_the_middle():
    """A note is one line."""
    note = meaning_of(stored(range(100))).statements[0]
    assert note.sureness == LIKELY
    assert note.text == (
        "100 classes, stored as 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..., 99, without names"
    )
