"""Batches: a fixed order, the same for any number of workers; errors cross processes unchanged."""

import os
import signal
import subprocess
import sys
from multiprocessing import active_children

import pytest
import torch

from make import make_dataset
from pixelwise.errors import LabelError, RunError
from pixelwise.run.loader import epoch_batches, load_batches

COMMAND = (sys.executable, "-m", "pixelwise.cli")


class Squares:
    """key (epoch, index) -> tensors; index 5 cannot be read if `broken`."""

    def __init__(self, broken=False):
        self.broken = broken

    def __getitem__(self, key):
        epoch, index = key
        if self.broken and index == 5:
            raise LabelError("05.png: label must be readable, got damage.")
        return torch.tensor([epoch, index]), torch.tensor(index * index)


def test_an_epoch_has_each_pair_once_in_full_batches():
    batches = epoch_batches(11, 4, seed=3, epoch=2)
    indices = [index for batch in batches for _, index in batch]
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(set(indices)) == 8
    assert {epoch for batch in batches for epoch, _ in batch} == {2}
    assert batches == epoch_batches(11, 4, seed=3, epoch=2)
    assert batches != epoch_batches(11, 4, seed=3, epoch=3)


def test_fewer_pairs_than_a_batch_are_one_batch():
    assert sorted(epoch_batches(3, 8, seed=0, epoch=0)[0]) == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_order_for_any_number_of_workers(workers):
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    loaded = [keys.tolist() for keys, _ in load_batches(Squares(), batches, workers)]
    assert loaded == [[list(key) for key in batch] for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_ours_keeps_its_type_and_its_one_line(workers):
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    with pytest.raises(LabelError, match=r"^05.png: label must be readable, got damage\.$"):
        list(load_batches(Squares(broken=True), batches, workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_workers(workers):
    """Also while the error is held, whose traceback holds all that the loader has made."""
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    with pytest.raises(LabelError, match=r"05\.png") as held:
        list(load_batches(Squares(broken=True), batches, workers))
    assert held.tb is not None
    assert active_children() == []


def test_a_worker_that_was_killed_ends_the_others():
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    loaded = load_batches(Squares(), batches * 50, 2)
    next(loaded)
    os.kill(active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(RunError, match=r"a process that reads images died \(DataLoader worker"):
        list(loaded)
    assert active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("split", ["train", "val"])
def test_an_image_that_cannot_be_read_ends_the_command(tmp_path, split, workers):
    """With exit code 2 and one line; no process of it stays."""
    data = make_dataset(tmp_path / "data", train=8)
    image = next((data / split / "images").iterdir())
    image.write_bytes(image.read_bytes()[:-60])
    done = train_in_shell(data, tmp_path / "run", workers)
    assert done.returncode == 2
    assert f"pixelwise: {image}: image must be" in done.stderr


def test_an_error_beside_the_workers_ends_the_command(tmp_path):
    """A loss that is not finite, while a worker reads ahead."""
    data = make_dataset(tmp_path / "data", train=8)
    done = train_in_shell(data, tmp_path / "run", 1, "--lr", "1e30")
    assert done.returncode == 2
    assert "must be finite" in done.stderr


def train_in_shell(data, out, workers, *options):
    """The command, as a process of its own; a command that hangs is killed and fails the test."""
    words = f"train {data} --out {out} --network small --device cpu --batch 2 --epochs 2"
    return subprocess.run(
        [*COMMAND, *words.split(), "--workers", str(workers), *options],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
