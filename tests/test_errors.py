"""Errors keep their parts, and say them in one sentence."""

import inspect
import pickle

import pytest

from pixelwise import errors
from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    PixelwiseError,
    RunError,
    check_choice,
    check_range,
    check_shape,
    error_at,
    setting,
)

TREE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, PixelwiseError)
]
PARTS = ("where", "name", "must", "got", "event", "hint")


def parts_of(error):
    return {name: getattr(error, name) for name in PARTS}


def test_something_wrong_has_a_form():
    error = ArgumentError("train", "lr", must="> 0", got=-1)
    assert str(error) == "train: lr must be > 0, got -1."
    assert error.reason == "lr must be > 0, got -1."


def test_something_that_happened_has_another_form():
    error = RunError("street_017", event="the worker process was killed twice", hint="Leave it.")
    assert str(error) == "street_017: the worker process was killed twice. Leave it."
    assert error.reason == "the worker process was killed twice. Leave it."
    assert (error.name, error.must, error.got) == ("", None, None)


def test_a_hint_comes_behind():
    error = DatasetError("a.toml", "task", must="one of a, b", got="'c'", hint="Did you mean 'b'?")
    assert str(error) == "a.toml: task must be one of a, b, got 'c'. Did you mean 'b'?"


@pytest.mark.parametrize("kind", TREE)
def test_parts_survive_a_journey_to_another_process(kind):
    error = kind("here", "lr", must="> 0", got=0.5, hint=f"See {setting('zero', 'max')}.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert parts_of(again) == parts_of(error)
    assert str(again) == str(error)


@pytest.mark.parametrize("kind", TREE)
def test_an_event_survives_a_journey_to_another_process(kind):
    error = kind("here", event="the disk is full", hint="Free some space.")
    again = pickle.loads(pickle.dumps(error))
    assert parts_of(again) == parts_of(error)
    assert str(again) == "here: the disk is full. Free some space."


@pytest.mark.parametrize(
    ("given", "python", "shell"),
    [
        (setting("zero", "zero"), 'zero="zero"', "--zero zero"),
        (setting("ignore_index", 255), "ignore_index=255", "--ignore-index 255"),
        (setting("unknown"), "unknown", "--unknown"),
        (setting("rate", 0.5), "rate=0.5", "--rate 0.5"),
    ],
)
def test_a_setting_is_said_in_the_words_of_the_caller(given, python, shell):
    def option(name, value=None):
        return " ".join(["--" + name.replace("_", "-"), *([] if value is None else [str(value)])])

    error = ArgumentError("weights", "counts", must="> 0", got=0, hint=f"Give {given}.")
    assert str(error) == f"weights: counts must be > 0, got 0. Give {python}."
    message = error.message(option, option)
    assert message == f"weights: --counts must be > 0, got 0. Give {shell}."


def test_text_of_a_file_that_looks_like_a_setting_stays_text():
    error = ArgumentError("here", event="\x1fa\x1fb c\x1f and \x1fd\x1f1 +\x1f")
    assert str(error) == 'here: a="b c" and d="1 +".'


def test_an_integer_that_no_float_can_hold_is_out_of_range():
    with pytest.raises(ArgumentError, match="workers must be between 0 and 9, got 1000"):
        check_range("train", "workers", 10**400, 0, 9)


def test_a_setting_in_an_event_is_said_in_the_words_of_the_caller():
    error = ArgumentError("score", event=f"only one of {setting('data')} can be given")
    assert str(error) == "score: only one of data can be given."


def test_parts_are_said_in_the_words_of_python_and_keep_their_settings():
    """Also where they are handed on, to another process or as the error of a file."""
    given = {"must": f"used with {setting('fix')}", "hint": f"Give {setting('zero', 'max')}."}
    error = pickle.loads(pickle.dumps(ArgumentError("audit", "rules", got="none", **given)))
    error.add_hint("Or do not.")
    assert (error.must, error.hint) == ("used with fix", 'Give zero="max". Or do not.')
    event = RunError("a", event=f"no {setting('fix')}").event
    assert event == "no fix"
    said = error_at("a", error).message(with_value=lambda name, value: f"--{name} {value}")
    assert said == "a: rules must be used with --fix None, got none. Give --zero max. Or do not."


def test_an_error_of_a_part_becomes_one_of_its_file():
    error = error_at("a.png", ArgumentError("to_index", "values", must="known", got=7, hint="So."))
    assert isinstance(error, DatasetError)
    assert str(error) == "a.png: values must be known, got 7. So."


def test_a_number_stays_a_number_and_anything_else_is_text():
    assert ArgumentError("here", "lr", must="> 0", got=-1).got == -1
    assert ArgumentError("here", "crop", must="2 values", got=(1,)).got == "(1,)"


def test_a_choice_has_the_nearest_word():
    check_choice("here", "mode", "sum", ["sum", "mean"])
    with pytest.raises(ArgumentError, match=r"mode must be one of sum, mean, got 'men'\. Did you "):
        check_choice("here", "mode", "men", ["sum", "mean"])
    with pytest.raises(RunError, match=r"mode must be one of sum, mean, got 7\.$"):
        check_choice("here", "mode", 7, ["sum", "mean"], RunError)


@pytest.mark.parametrize(
    ("value", "low", "high", "must"),
    [
        (2, 0, 1, "between 0 and 1"),
        (-1, 0, None, ">= 0"),
        (2, None, 1, "<= 1"),
        (float("nan"), 0, None, ">= 0"),
    ],
)
def test_a_range_is_said_with_its_bounds(value, low, high, must):
    with pytest.raises(ArgumentError, match=f"^here: share must be {must}, got {value}"):
        check_range("here", "share", value, low, high)


def test_a_shape_is_said_in_letters_and_numbers():
    check_shape("here", "logits", (2, 3, 4), (None, 3, 4), "(N, H, W)")
    with pytest.raises(ArgumentError, match=r"logits must be \(N, H, W\) = \(any, 3, 4\), got \(2"):
        check_shape("here", "logits", (2, 4, 4), (None, 3, 4), "(N, H, W)")


def test_a_message_has_a_length_that_no_file_decides():
    """Whichever part a name of a million letters has come into."""
    long = "x" * 1_000_000
    for parts in ({"event": long}, {"must": long, "got": 1}, {"must": 1, "got": long}):
        assert len(str(RunError(long, long, hint=long, **parts))) < 20_000
