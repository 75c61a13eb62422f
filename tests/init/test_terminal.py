"""On a terminal `pixelwise init` asks; what is typed decides, and nothing is drawn over it."""

import os
import pty
import subprocess
from contextlib import suppress

import numpy as np

from cli.calls import COMMAND
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
