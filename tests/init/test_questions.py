"""Open questions: in the file, as commands, on a terminal; no command uses a file that has some."""

import tomllib
from dataclasses import replace

import pytest

import pixelwise as pw
from make import make_dataset
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.description import read_description, read_settled, write_description
from pixelwise.survey.ask import answer_commands, ask, init_command, question_lines, together
from pixelwise.survey.statements import LIKELY, OPEN, Answer, Statement

SIDE = Statement(
    OPEN,
    "93 % of the pixels are foreground: is 0 the object?",
    (
        Answer("the object is 1", {"foreground": 1}),
        Answer("the object is 0", {"foreground": 0}),
    ),
)
VOID = Statement(
    OPEN,
    "is 255 void?",
    (Answer("it is", {"ignore_values": (255,)}), Answer("it is a class", {"ignore_values": ()})),
)


def test_each_answer_is_a_command_that_keeps_what_was_given(tmp_path):
    commands = answer_commands(tmp_path, SIDE, {"labels": "1st manual"})
    start = f"pixelwise init {tmp_path} --force --labels '1st manual' --foreground"
    assert commands == [f"{start} 1", f"{start} 0"]
    assert init_command(tmp_path, {"ignore_values": ()}).endswith("--ignore-values none")


def test_one_question_has_whole_commands_and_several_have_one_for_all(tmp_path):
    lines = question_lines(tmp_path, [SIDE])
    assert lines[1] == f"  the object is 1: pixelwise init {tmp_path} --force --foreground 1"
    lines = question_lines(tmp_path, [SIDE, VOID])
    assert lines[1] == "  the object is 1: --foreground 1"
    every = f"pixelwise init {tmp_path} --force --foreground 1 --ignore-values 255"
    assert lines[-1] == f"With the first answer to each: {every}"


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        (["2", "1"], {"foreground": 0, "ignore_values": (255,)}),
        (["", ""], {}),
        (["x", "3", " 1 ", ""], {"foreground": 1}),
    ],
)
def test_questions_are_asked_until_a_number_or_an_empty_line(typed, options):
    lines, shown = iter(typed), []
    assert ask([SIDE, VOID], lambda _: next(lines), shown.append) == options
    assert "  2  the object is 0" in shown


def test_answers_about_values_are_put_together():
    assert together([{"ignore_values": (255,)}, {"ignore_values": (0,)}, {"foreground": 1}]) == {
        "ignore_values": (255, 0),
        "foreground": 1,
    }


def typed(lines):
    """Input that ends after some lines, or is interrupted there."""

    def read(_):
        line = lines.pop(0)
        if isinstance(line, str):
            return line
        raise line

    return read


def test_the_end_of_the_input_leaves_the_other_questions_open():
    shown = []
    assert ask([SIDE, VOID], typed(["1", EOFError()]), shown.append) == {"foreground": 1}
    assert ask([SIDE, VOID], typed([EOFError()]), shown.append) == {}
    assert shown[-1] == ""  # what follows begins a line


def test_an_interrupted_question_ends_its_line():
    shown = []
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        ask([SIDE], typed([KeyboardInterrupt()]), shown.append)
    assert shown[-1] == ""


def test_a_file_with_open_questions_says_them_and_is_not_used(tmp_path):
    root = make_dataset(tmp_path / "data", train=2, val=2)
    description = replace(read_description(root), open=(SIDE.text, VOID.text))
    write_description(description, root)
    assert read_description(root) == description
    assert tomllib.loads((root / "dataset.toml").read_text())["open"] == [SIDE.text, VOID.text]
    refused = pytest.raises(DatasetError, match=r"there is an open question: 93 %.* \(and 1 more\)")
    for command in (pw.weights, pw.train):
        with refused:
            command(root)
    with refused:
        pw.score(root / "val/labels", data=root)
    assert read_settled(root, accept_guesses=True) == description
    assert pw.weights(root, accept_guesses=True, zero="zero")


@pytest.mark.parametrize("values", [("x",), (-1,), (70000,), (1, "none")])
def test_values_of_void_are_numbers_or_none(tmp_path, values):
    with pytest.raises(ArgumentError, match="ignore_values must be numbers from 0 to 65535"):
        pw.init(tmp_path, ignore_values=values)


def test_accepted_questions_are_notes(tmp_path):
    root = make_dataset(tmp_path / "data", train=2, val=2)
    survey = pw.init(root, force=True)
    asked = replace(
        survey,
        statements=(*survey.statements, SIDE),
        description=replace(survey.description, open=(SIDE.text,)),
    )
    assert asked.finding() == "1 question is open: the commands above decide"
    accepted = asked.accepted()
    assert (accepted.finding(), accepted.description.open) == ("", ())
    assert replace(SIDE, sureness=LIKELY, answers=()) in accepted.statements
