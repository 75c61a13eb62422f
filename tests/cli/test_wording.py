"""Errors in the words of the command line, where they are about its settings."""

import ast
from pathlib import Path

import pytest

import pixelwise
from cli.calls import fails
from pixelwise.cli.wording import sentence, settings_of
from pixelwise.errors import ArgumentError, RunError, setting


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ArgumentError("train", "lr", must="> 0", got=-1), "train: --lr must be > 0, got -1."),
        (
            ArgumentError("train", "data", must="a folder", got="a"),
            "train: DATA must be a folder, got a.",
        ),
        (
            ArgumentError("train", "class_weights", must="x", got="y"),
            "train: --class-weights must be x, got y.",
        ),
        (
            ArgumentError("train", "crop[1]", must="x", got="y"),
            "train: --crop[1] must be x, got y.",
        ),
        (
            ArgumentError("train", "epochs, batch", must="x", got="y"),
            "train: --epochs, --batch must be x, got y.",
        ),
        (
            ArgumentError("train", "loss of a step", must="finite", got="nan"),
            "train: loss of a step must be finite, got nan.",
        ),
        (
            ArgumentError("config.json", "lr", must="> 0", got=-1),
            "config.json: lr must be > 0, got -1.",
        ),
        (
            ArgumentError("criterion", "loss", must="known", got="x"),
            "train: --loss must be known, got x.",
        ),
    ],
)
def test_a_name_is_an_option_if_the_command_speaks(error, said):
    assert sentence(error, ["train", "x"]) == said


@pytest.mark.parametrize("where", ["find_pairs", "open_executor", "criterion"])
def test_no_name_of_a_function_is_on_the_command_line(where):
    error = ArgumentError(where, event="it is wrong", hint=f"Change {setting('images')}.")
    assert sentence(error, ["predict", "x"]) == "predict: it is wrong. Change --images."


def hint_of(hint, command="train"):
    error = RunError("a.png", event="it is damaged", hint=hint)
    return sentence(error, [command]).removeprefix("a.png: it is damaged. ")


def test_a_setting_in_a_hint_may_have_the_name_of_what_is_wrong_in_a_file():
    hint = f"Give {setting('format')}."
    error = RunError("a.json", "format", must="known", got="none", hint=hint)
    assert sentence(error, ["convert"]) == (
        "a.json: format must be known, got none. Give --format."
    )


def test_settings_in_hints_are_typed_like_options():
    """Wherever the error comes from."""
    assert hint_of(f"Try {setting('workers', 0)}.") == "Try --workers 0."
    assert hint_of(f"Try {setting('crop', (32, 64))}.") == "Try --crop 32 64."
    assert hint_of(f"Try {setting('out', 'my runs')}.") == "Try --out 'my runs'."
    assert hint_of(f"Try a smaller {setting('batch')}.") == "Try a smaller --batch."
    assert hint_of(f"Try {setting('flip', False)}.") == "Try --no-flip."
    assert hint_of(f"Try {setting('flip', True)}.") == "Try --flip."
    assert hint_of(f"Try {setting('epochs', 1)}.") == "Try --epochs 1."
    assert hint_of(f"Give {setting('data')}.") == "Give DATA."


def test_a_setting_that_only_another_command_has_is_named_with_it():
    hint = f"Pass {setting('beta', 0.5)}."
    assert hint_of(hint, "weights") == "Pass --beta 0.5."
    assert hint_of(hint, "train") == "Pass --beta 0.5 of pixelwise weights."


def settings_named_in(package):
    """The settings that the code of a package names in messages."""
    for file in (Path(pixelwise.__file__).parent / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setting":
                yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


@pytest.mark.parametrize(
    ("package", "commands"),
    [
        *[(name, (name,)) for name in ("convert", "score", "weights", "audit", "init")],
        ("run", ("train", "predict")),
        ("repair", ("audit",)),
        ("report", ("report", "audit", "weights")),
    ],
)
def test_messages_of_a_command_name_options_that_it_has(package, commands):
    """Who follows them must be able to type them."""
    known = {name for command in commands for name in settings_of(command)}
    assert set(settings_named_in(package)) <= known


def test_a_setting_of_no_command_stays_as_in_python():
    assert hint_of(f"Pass {setting('upsample', 'bilinear')}.") == 'Pass upsample="bilinear".'
    assert hint_of(f"Pass {setting('upsample')}.") == "Pass upsample."


def test_an_error_of_no_command_is_said_as_it_is(capsys):
    error = ArgumentError("pixelwise", event="a\nb", hint="c")
    assert sentence(error, []) == "a b. c"
    fails(capsys, "unknown command lr", "lr")
