"""A command opens each of its files once."""

import json
import subprocess
import sys

import numpy as np
import pytest

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.labels.png import read_label

# counts the files that a command opens, and prints them as its last line
COUNTING = """
import json, os, sys
from collections import Counter
opened = Counter()
def count(event, args):
    if event == "open" and not isinstance(args[0], int):
        opened[os.path.realpath(os.fsdecode(args[0]))] += 1
sys.addaudithook(count)
from pixelwise.cli import main
code = main(sys.argv[1:])
print(json.dumps(opened))
sys.exit(code)
"""


def opened_by(*words):
    """How often a command opens each file, by path."""
    run = [sys.executable, "-c", COUNTING, *map(str, words)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def data(tmp_path):
    """A dataset, and the folders a and b of predictions beside it."""
    data = make_dataset(tmp_path / "data", val=3)
    for shift, name in enumerate("ab"):
        for path in (data / "val" / "labels").iterdir():
            label = read_label(path)
            filled = np.where(label == VOID, STORED[0], label)
            write_stored(tmp_path / name / path.name, np.roll(filled, shift, axis=1))
        about = {"data": str(data), "split": "val"}
        (tmp_path / name / "prediction.json").write_text(json.dumps(about))
    return data


def inputs(data, *folders):
    """The labels, the predictions of the folders, and what describes both."""
    predictions = [data.parent / name for name in folders]
    found = [p for folder in (data / "val" / "labels", *predictions) for p in folder.iterdir()]
    return [str(path.resolve()) for path in (*found, data / "dataset.toml")]


@pytest.mark.parametrize("options", [[], ["--all", "--boundary"]])
def test_a_score_opens_each_label_and_prediction_once(data, options):
    """And dataset.toml and prediction.json, whatever is counted."""
    wanted = inputs(data, "a")
    opened = opened_by("score", data.parent / "a", *options)
    assert {path: opened[path] for path in wanted} == dict.fromkeys(wanted, 1)


def test_a_comparison_opens_each_label_once_for_both_predictions(data):
    """And each prediction, and dataset.toml, once."""
    wanted = inputs(data, "a", "b")
    opened = opened_by("score", data.parent / "a", data.parent / "b")
    assert {path: opened[path] for path in wanted} == dict.fromkeys(wanted, 1)


def test_a_page_opens_each_file_once(data):
    """score.json, and the image, label and prediction of every image that is shown."""
    opened_by("score", data.parent / "a")
    wanted = [path for path in inputs(data, "a") if path.endswith(".png")]
    wanted += [str(path.resolve()) for path in (data / "val" / "images").iterdir()]
    wanted.append(str(data.parent / "a" / "score.json"))
    opened = opened_by("report", data.parent / "a")
    assert {path: opened[path] for path in wanted} == dict.fromkeys(wanted, 1)
