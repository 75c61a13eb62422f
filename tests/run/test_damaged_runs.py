"""Files of a run: killed while saving, damaged while training."""

import subprocess
import sys

import pytest
from torch import nn

from make import make_dataset, train_settings
from pixelwise.errors import PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.plan.config import TrainConfig
from pixelwise.run.checkpoint import (
    AboutCheckpoint,
    find_checkpoint,
    load_weights,
    save_checkpoint,
)
from pixelwise.run.train import train

# Saves the files of one folder under the name of another, and dies before the given event.
SAVE = """
import os, sys
from pathlib import Path
from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import staged_folder

source, target, event = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
files = {path.name: path.read_bytes() for path in source.iterdir()}
seen = 0

def die_at_event(name, arguments):
    global seen
    if name in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"):
        seen += 1
        if seen == event:
            os._exit(9)

sys.addaudithook(die_at_event)
with staged_folder(target) as staging:
    for name, data in files.items():
        atomic_write(staging / name, data)
"""
MOST_EVENTS = 60


def saved(folder, step):
    """A checkpoint of a network whose weights tell the step."""
    network = nn.Linear(2, 1)
    nn.init.constant_(network.weight, step)
    about = AboutCheckpoint("small", 1, "binary", Classes(["a", "b"]), 1.0, "data", 0, step, {})
    save_checkpoint(folder, network, about, {"step": step})
    return folder


def weight_in(run):
    """The weight in the checkpoint that a run would go on from."""
    network = nn.Linear(2, 1)
    load_weights(network, find_checkpoint(run, ("last",), pytest.fail).folder)
    return network.weight[0, 0].item()


def test_a_kill_at_any_moment_of_saving_leaves_a_whole_checkpoint(tmp_path):
    """Before every open, rename and remove in turn: the old one or the new one loads."""
    new = saved(tmp_path / "new", 2)
    codes, weights = [], []
    while not codes or (codes[-1] and len(codes) < MOST_EVENTS):
        run = tmp_path / f"run{len(codes)}"
        saved(run / "last", 1)
        words = [sys.executable, "-c", SAVE, new, run / "last", str(len(codes) + 1)]
        codes.append(subprocess.run(words, check=False).returncode)
        weights.append(weight_in(run))
    assert codes[:-1] == [9] * (len(codes) - 1)
    assert (codes[-1], weights[0], weights[-1]) == (0, 1, 2)
    assert weights == sorted(weights)
    assert len(codes) > 10


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("kind", ["images", "labels"])
def test_a_file_that_is_damaged_while_training_is_named(tmp_path, kind, workers):
    """By its path and what is wrong with it, from a worker too."""
    data = make_dataset(tmp_path / "data")
    file = data / "train" / kind / "03.png"
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(PixelwiseError, match=rf"train/{kind}/03\.png: (image|label) must be"):
        train(TrainConfig(**train_settings(data, tmp_path / "run", workers=workers)))
