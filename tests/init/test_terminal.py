"""On a terminal `pixelwise init` asks; what is typed decides, and nothing is drawn over it."""

import json
import os
import pty
import subprocess
from contextlib import suppress

import numpy as np
import pytest

from cli.calls import COMMAND, call, fails
from make import draw, write_image, write_stored
from pixelwise.labels.description import read_description


def on_a_terminal(words, typed):
    """The exit code of a command and what it shows on a terminal on which lines were typed."""
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    process = subprocess.Popen([*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux says that the other end was closed
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    return process.wait(), shown.decode().replace("\r\n", "\n")


def surroundings_of_ones(root):
    """Images and labels in which 1 has most of the pixels."""
    for number in range(6):
        image, _ = draw(number, (40, 40))
        label = np.ones((40, 40), np.uint8)
        label[5 : 12 + number, 8:20] = 0
        write_image(root / f"images/{number}.png", image)
        write_stored(root / f"labels/{number}.png", label)
    return root


def test_what_is_typed_on_a_terminal_answers(tmp_path):
    root = surroundings_of_ones(tmp_path / "data")
    code, shown = on_a_terminal(["init", str(root)], b"yes\n2\n")
    assert code == 0
    assert shown.count("  Type 1 or 2, or Enter to leave it open: ") == 2
    assert "\x1b" not in shown  # no bar, which would erase what is typed
    description = read_description(root)
    assert (description.open, description.classes.values) == ((), ((1,), (0,)))


def test_the_end_of_what_is_typed_leaves_the_question_open(tmp_path):
    root = surroundings_of_ones(tmp_path / "data")
    code, shown = on_a_terminal(["init", str(root)], b"\x04")
    assert code == 1
    assert f"leave it open: \nwrote {root}" in shown
    assert len(read_description(root).open) == 1


def test_json_has_each_question_with_the_commands_of_its_answers(tmp_path, capsys):
    root = surroundings_of_ones(tmp_path / "data")
    assert call("init", root, "--json") == 1
    (question,) = json.loads(capsys.readouterr().out)["open"]
    assert question["question"].endswith("is it the foreground, or is 0?")
    start = f"pixelwise init {root} --force --foreground"
    assert question["answers"] == [
        {"answer": "1 is foreground", "command": f"{start} 1"},
        {"answer": "0 is foreground", "command": f"{start} 0"},
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--labels", "nothing"], "--labels must be a folder in {root}, got nothing."),
        (["--classes", "nothing"], "pixelwise: --classes must be a class file, "),
        (["--foreground", 7], "--foreground must be one of the stored values 0, 1, got 7."),
    ],
)
def test_a_wrong_option_is_named_without_advice_that_leads_back(tmp_path, capsys, words, message):
    root = surroundings_of_ones(tmp_path / "data")
    assert call("init", root, *words) == 2
    told = capsys.readouterr().err
    assert message.format(root=root) in told
    assert "fit what is in it" not in told


def test_a_refusal_ends_the_question_once_and_has_the_command_that_shows_its_answers(
    tmp_path, capsys
):
    root = surroundings_of_ones(tmp_path / "data")
    assert call("init", root) == 1
    capsys.readouterr()
    command = f"or is 0? Its answers are commands: pixelwise init {root} --force shows them."
    fails(capsys, command, "weights", root)
