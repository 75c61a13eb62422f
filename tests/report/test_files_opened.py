"""The command opens each file as seldom as it promises: counted in a process of its own."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from PIL import Image

from audit.clean_data import COLORS, labels_of, make_clean, read, write_label

# Prints {path: times} of every file that is opened and every folder that is listed.
COUNT = """
import json, os, sys
opened, listed = [], []
def note(event, given):
    if event in ("open", "os.scandir", "os.listdir") and isinstance(given[0], (str, os.PathLike)):
        (opened if event == "open" else listed).append(os.path.realpath(given[0]))
from pixelwise.cli import main
sys.addaudithook(note)
main(sys.argv[1:])
print(json.dumps([opened, listed]))
"""


def in_colour(path):
    """The label as a colour image."""
    Image.fromarray(COLORS[read(path)]).save(path)


def with_other_palette(path):
    """The label with the same values and other colours."""
    write_label(path, read(path), COLORS[::-1])


def counted(*words):
    """(files opened, folders listed) by a command, and how often."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *map(str, words)], capture_output=True, text=True, check=True
    )
    return [Counter(paths) for paths in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.parametrize("damage", [in_colour, with_other_palette])
@pytest.mark.parametrize(
    ("options", "most"),
    [([], 1), (["--html"], 2), (["--fix"], 2), (["--html", "--fix"], 2), (["--deep"], 1)],
)
def test_a_label_is_opened_once_for_the_audit_and_once_for_the_rest(
    tmp_path, damage, options, most
):
    """The page and the repair share what they read; nothing is listed or parsed twice."""
    data = make_clean(tmp_path / "data")
    for path in labels_of(data)[::2]:
        damage(path)
    places = {"--html": tmp_path / "audit.html", "--fix": tmp_path / "out"}
    words = [word for name in options for word in (name, places.get(name)) if word is not None]
    opened, listed = counted("audit", data, *words)
    labels = {opened[str(path)] for path in labels_of(data)}
    assert max(labels) == most
    assert min(labels) >= 1
    assert opened[str(data / "dataset.toml")] == 1 + ("--fix" in options)
    folders = [data, *(path for path in data.rglob("*") if path.is_dir())]
    assert {listed[str(folder)] for folder in folders} == {1}


def test_an_image_is_opened_once_by_an_audit(tmp_path):
    """Its first bytes, or all of it with deep."""
    data = make_clean(tmp_path / "data")
    for options in ([], ["--quick"], ["--deep"]):
        opened, _ = counted("audit", data, *options)
        assert {opened[str(path)] for path in data.glob("*/images/*")} == {1}
