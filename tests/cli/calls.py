"""Calls of the command line, as tests make them."""

import sys

from pixelwise.cli import main

COMMAND = [sys.executable, "-m", "pixelwise.cli"]
TINY = ["--network=small", "--epochs=1", "--batch=2", "--workers=0", "--device=cpu"]


def call(*words):
    return main([str(word) for word in words])


def train_words(data, out, *more):
    return ["train", data, "--out", out, *TINY, *more]


def fails(capsys, message, *words):
    """Exit code 2, nothing on stdout, one line on stderr that holds the message."""
    code = call(*words)
    said = capsys.readouterr()
    last = said.err.strip().splitlines()[-1]
    assert (code, said.out) == (2, "")
    assert said.err.count("pixelwise: ") == 1
    assert last.startswith("pixelwise: ")
    assert message in last
