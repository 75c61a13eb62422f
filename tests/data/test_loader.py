"""Batches: a fixed order, the same for any number of workers; errors cross processes unchanged."""

import os
import signal
import sys
import time
from multiprocessing import active_children

import pytest
import torch

import warm
from make import make_dataset
from pixelwise.data.loader import epoch_batches, load_batches
from pixelwise.errors import LabelError, RunError

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


def read_all(*loading):
    with load_batches(*loading) as items:
        return list(items)


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
    with load_batches(Squares(), batches, workers) as items:
        loaded = [keys.tolist() for keys, _ in items]
    assert loaded == [[list(key) for key in batch] for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_ours_keeps_its_type_and_its_one_line(workers):
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    with pytest.raises(LabelError, match=r"^05.png: label must be readable, got damage\.$"):
        read_all(Squares(broken=True), batches, workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_workers(workers):
    """Also while the error is held, whose traceback holds all that the loader has made."""
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    with pytest.raises(LabelError, match=r"05\.png") as held:
        read_all(Squares(broken=True), batches, workers)
    assert held.tb is not None
    assert active_children() == []


def consume(dataset, batches, workers, then):
    """Read a batch, and then do something beside the workers."""
    with load_batches(dataset, batches, workers) as items:
        next(items)
        then(items)


def kill_a_worker(number=signal.SIGKILL):
    os.kill(active_children()[0].pid, number)


@pytest.mark.parametrize("then", [list, lambda _: time.sleep(60)], ids=["reading", "beside it"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_was_killed_is_one_sentence_and_ends_the_others(workers, then):
    """torch raises where the parent is just then, such as in a step of the optimizer."""
    batches = epoch_batches(12, 3, seed=1, epoch=0) * 50
    with pytest.raises(RunError, match=r"train: a process that reads images died \(SIGKILL\)\. O"):
        consume(Squares(), batches, workers, lambda items: (kill_a_worker(), then(items)))
    assert active_children() == []


def raising(error):
    def then(_):
        raise error

    return then


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize("workers", [0, 1, 4])
def test_whatever_is_raised_beside_the_loader_arrives_and_ends_the_workers(workers, error):
    batches = epoch_batches(24, 2, seed=1, epoch=0)
    with pytest.raises(error, match="mine"):
        consume(Squares(), batches, workers, raising(error("mine")))
    assert active_children() == []


class Stuck(Squares):
    """Index 5 is read for an hour."""

    def __getitem__(self, key):
        time.sleep(3600 * (key[1] == 5))
        return super().__getitem__(key)


def test_a_worker_that_does_not_answer_is_killed_when_its_shutdown_is_cut_short(monkeypatch):
    """By a second Ctrl-C; multiprocessing would wait for it for ever when Python ends.

    torch waits for an answer to its own SIGTERM, here for a second.
    """

    def interrupt(*_):
        raise KeyboardInterrupt("second")

    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 1.0)
    before = signal.signal(signal.SIGALRM, interrupt)
    with pytest.raises(KeyboardInterrupt, match="second"):
        consume(
            Stuck(), [[(0, 1)], [(0, 5)]], 1, lambda _: signal.setitimer(signal.ITIMER_REAL, 0.3)
        )
    signal.signal(signal.SIGALRM, before)
    deadline = time.monotonic() + 20
    while active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert active_children() == []


def test_signals_to_the_group_are_left_to_the_parent():
    """Any number of them: a worker would die of the second, and the parent of its death."""
    batches = epoch_batches(12, 3, seed=1, epoch=0) * 5

    def send_signals(items):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
            kill_a_worker(number)
        assert len(list(items)) == len(batches) - 1

    consume(Squares(), batches, 2, send_signals)


@pytest.mark.parametrize(("split", "workers"), [("train", 1), ("val", 2)])
def test_an_image_that_cannot_be_read_ends_the_command(tmp_path, split, workers):
    """With exit code 2 and one line; no process of it stays.

    Both splits are read by load_batches, of which each number is tested above.
    """
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
    return warm.run(
        [*COMMAND, *words.split(), "--workers", str(workers), *options],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
