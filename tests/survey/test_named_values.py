"""Stored values and a list of names."""

import numpy as np
import pytest
from tests.survey.drawn_labels import (
    X,
    Y,
    disc,
    drawn,
    outlined,
    questions,
    regions,
    spotted,
)

from pixelwise.labels.classes import Classes
from pixelwise.survey.given import Given
from pixelwise.survey.statements import SURE
from pixelwise.survey.values.meaning import meaning_of
from pixelwise.survey.values.stored import StoredValues

CORNER = (Y < 20) & (X < 40)


def stored(*files, wide=False):
    """Values that are equally frequent, of which nothing else is known."""
    return StoredValues(tuple(dict.fromkeys(values, 10) for values in files), wide)


def test_names_settle_values(survey):
    named = Classes(["sky", "road"], values=[3, 9], ignore_values=[0])
    meaning, statements = survey(drawn(lambda n: regions(n, [0, 3, 9])), named)
    assert meaning.classes == named
    assert [(s.sureness, s.text) for s in statements] == [(SURE, "2 classes with names: sky, road")]


@pytest.mark.parametrize("name", ["unlabelled", "Unlabeled", "void", "__ignore__", "Don't care"])
def test_a_class_called_void_is_void(name):
    """Its stored value is left out, and the others keep theirs."""
    named = Classes(["sky", name, "road"])
    meaning = meaning_of(stored({0, 1, 2}), named)
    assert meaning.classes.names == ("sky", "road")
    assert meaning.classes.values == ((0,), (2,))
    assert meaning.classes.colors == (named.colors[0], named.colors[2])
    assert meaning.classes.ignore_values == (1,)
    assert f"stored value 1 is void: it is called {name} (sure)" in map(str, meaning.statements)


@pytest.mark.parametrize("own_colors", [False, True])
def test_names_of_a_known_dataset_bring_its_colours(own_colors):
    """Unless the file of names has colours itself."""
    camvid = Classes.named("camvid")
    own = [(0, 0, n) for n in range(11)] if own_colors else None
    meaning = meaning_of(stored(set(range(11))), Classes(camvid.names, own))
    assert meaning.classes.colors == (tuple(own) if own else camvid.colors)
    notes = [s for s in meaning.statements if "colours are those of camvid" in s.text]
    assert len(notes) == (0 if own_colors else 1)


# draw, names, {name: value} as assumed, void, options of the answers
NAMED = {
    "void outlines": (
        lambda n: outlined(regions(n, range(3)), 255), "abc", {"a": 0, "b": 1, "c": 2}, (255,), []),
    "255 in a corner": (
        lambda n: np.where(CORNER, 255, regions(n, range(3))), "abc",
        {"a": 0, "b": 1, "c": 2}, (255,), [(255,), ()]),
    "one value more": (
        lambda n: regions(n, range(4)), "abc", {"a": 0, "b": 1, "c": 2}, (3,), [(3,), ()]),
    "from 1 on": (
        lambda n: regions(n, [1, 2, 3]), "abc", {"a": 1, "b": 2, "c": 3}, (), [(), (3,)]),
    "a far value": (
        lambda n: regions(n, [0, 1, 2, 40, 41]), "abc",
        {"a": 0, "b": 1, "c": 2, "class_40": 40, "class_41": 41}, (), [(), (40, 41)]),
    "one name": (disc, "a", {"background": 0, "a": 1}, (), []),
    "one name, 255": (lambda n: disc(n, 255), "a", {"background": 0, "a": 255}, (), []),
    "greys in order": (
        lambda n: regions(n, [0, 128, 255]), "abc", {"a": 0, "b": 128, "c": 255}, (), []),
    "strange pixels": (
        lambda n: spotted(disc(n), 37) if n % 30 == 4 else disc(n), "ab", {"a": 0, "b": 1}, (), []),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_values_and_names_that_do_not_fit_are_a_question(survey, kind):
    draw, names, values, void, options = NAMED[kind]
    labels = drawn(draw, 30)
    meaning, statements = survey(labels, Classes(list(names)))
    found = dict(zip(meaning.classes.names, (first for first, *_ in meaning.classes.values)))
    assert (found, meaning.classes.ignore_values) == (values, void)
    asked = [a.options["ignore_values"] for q in questions(statements) for a in q.answers]
    assert asked == options
    for answer in options:
        settled, statements = survey(labels, Classes(list(names)), Given(ignore_values=answer))
        assert questions(statements) == []
        assert settled.classes.ignore_values == answer


def test_names_that_are_all_void_name_nothing():
    """Then the values have to speak for themselves."""
    meaning = meaning_of(stored({0, 1}), Classes(["void"]))
    assert meaning.classes.names == ("background", "foreground")


def test_classes_that_take_all_other_values_are_left_alone():
    """Such a table explains every value by itself."""
    named = Classes(["void", "object"], values=[0, "other"])
    assert meaning_of(stored({0, 5, 9}), named).classes == named
