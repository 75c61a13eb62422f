"""An image that cannot be decoded in the middle of a run: stop and go on, or go on without it."""

import functools
import json
import os
import signal
import sys
import zlib

import numpy as np
import pytest

import warm
from labels.build_png import chunk, header, join, rows_of
from make import make_dataset, train_settings
from pixelwise.data import dataset as loading
from pixelwise.data.loader import epoch_batches, load_batches, others
from pixelwise.errors import DatasetError, LabelError, RunError
from pixelwise.labels.image import image_size
from pixelwise.plan.bad_images import FILE
from pixelwise.plan.config import TrainConfig
from pixelwise.run import train as training
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Names (and splits) of damaged images -> the run that goes through to the end without them."""

    @functools.cache
    def trained(*damaged):
        data = make_dataset(tmp_path_factory.mktemp("undisturbed") / "data")
        for name in damaged:
            damage(data, *name)
        return train(settings(data, on_bad_image="skip" if damaged else "error"))

    return trained


def settings(data, name="run", **changes):
    every = {**train_settings(data, data.parent / name, epochs=2, log_every=2), **changes}
    return TrainConfig(**every)


def damage(data, name, split="train", kind="images"):
    """Bytes in the middle are others; header and end are as they were. Returns what undoes it."""
    path = data / split / kind / f"{name}.png"
    before = path.read_bytes()
    middle = len(before) // 2
    path.write_bytes(before[:middle] + b"\xff\0\xff\0" + before[middle + 4 :])
    return lambda: path.write_bytes(before)


def content_of(run):
    names = ["metrics.jsonl", "last/weights.safetensors", "best/weights.safetensors"]
    return {name: (run / name).read_bytes() for name in names}


def failed_in(run):
    return {s: list(found) for s, found in json.loads((run / FILE).read_text())["failed"].items()}


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_an_image_stopped_goes_on_when_the_image_is_repaired(
    data, undisturbed, split, workers
):
    """In the first epoch, where no checkpoint would be there; the end has the same bits."""
    repair = damage(data, {"train": "03", "val": "07"}[split], split)
    message = r"0[37]\.png: image must be .* Repair them, then go on with: pixelwise train --resume"
    with pytest.raises(DatasetError, match=message):
        train(settings(data, workers=workers))
    run = data.parent / "run"
    assert read_checkpoint(run / "last").about.epoch == 0
    repair()
    train(TrainConfig(resume=run))
    assert content_of(run) == content_of(undisturbed())


def test_an_image_that_was_repaired_may_have_another_size(data):
    repair = damage(data, "03")
    with pytest.raises(DatasetError, match=r"03\.png"):
        train(settings(data))
    repair()
    path = data / "train" / "images" / "03.png"
    path.write_bytes(path.read_bytes() + b"behind the end")
    assert read_checkpoint(train(TrainConfig(resume=data.parent / "run")) / "last").about.epoch == 2


def test_another_image_that_changed_is_still_refused(data):
    repair = damage(data, "03")
    with pytest.raises(DatasetError, match=r"03\.png"):
        train(settings(data))
    repair()
    path = data / "train" / "images" / "04.png"
    path.write_bytes(path.read_bytes() + b"behind the end")
    with pytest.raises(RunError, match=r"split train has changed .*: 1 pair changed \(04\)"):
        train(TrainConfig(resume=data.parent / "run"))


def test_a_stopped_run_may_go_on_without_the_image(data, undisturbed):
    damage(data, "02")
    with pytest.raises(DatasetError, match=r"With on_bad_image=.skip. others take the place"):
        train(settings(data))
    run = data.parent / "run"
    train(TrainConfig(resume=run, on_bad_image="skip"))
    assert content_of(run) == content_of(undisturbed(("02",)))


@pytest.mark.parametrize("workers", [1, 3])
def test_what_takes_the_place_of_an_image_does_not_depend_on_the_workers(
    data, undisturbed, workers
):
    damage(data, "02")
    damage(data, "06", "val")
    alone = undisturbed(("02",), ("06", "val"))
    among = train(settings(data, "among", on_bad_image="skip", workers=workers))
    assert content_of(alone) == content_of(among)
    assert failed_in(alone) == failed_in(among) == {"train": ["02"], "val": ["06"]}


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_resumed_run_with_a_bad_image_equals_the_uninterrupted_one(
    data, undisturbed, monkeypatch, step
):
    """Stopped at once, at the end of the first epoch, and at the start of the second."""
    damage(data, "02")
    take_step = training.take_step

    def step_with_signal(run, *rest):
        if run.position.step + 1 == step:
            os.kill(os.getpid(), signal.SIGINT)
        return take_step(run, *rest)

    monkeypatch.setattr(training, "take_step", step_with_signal)
    with pytest.raises(KeyboardInterrupt):
        train(settings(data, on_bad_image="skip"))
    monkeypatch.undo()
    train(TrainConfig(resume=data.parent / "run"))
    assert content_of(data.parent / "run") == content_of(undisturbed(("02",)))


def test_a_bad_image_is_listed_once(data):
    damage(data, "02")
    run = train(settings(data, on_bad_image="skip"))
    log = (run / "log.txt").read_text()
    assert log.count("02.png") == 1
    assert "bad image: " in log
    assert failed_in(run) == {"train": ["02"]}


def without_last_row(path):
    """One is missing, and all checksums are right."""
    height, width = image_size(path)
    rows = rows_of(np.full((height, width), 9), 8)[: (height - 1) * (1 + width)]
    path.write_bytes(join(header(width, height, 8, 0), chunk(b"IDAT", zlib.compress(rows))))


def test_a_missing_row_is_found_though_the_first_epoch_left_the_image_out(data):
    """No crop need show them."""
    first, second = (
        {index for keys in epoch_batches(6, 4, 0, epoch) for _, index in keys} for epoch in (0, 1)
    )
    path = sorted((data / "train" / "images").iterdir())[min(second - first)]
    without_last_row(path)
    with pytest.raises(DatasetError, match=rf"{path.name}: .* a complete PNG file"):
        train(settings(data, batch=4, crop=(8, 8), scale_jitter=(1, 1)))


def test_an_image_without_its_last_row_is_bad_in_every_epoch(data, monkeypatch):
    """Others take its place, also where a crop does not show what is missing."""
    without_last_row(data / "train" / "images" / "02.png")
    looked = []
    real = loading.read_example

    def seen(pair, classes, how, random, whole, *rest):
        looked.append((pair.id, whole))
        return real(pair, classes, how, random, whole, *rest)

    monkeypatch.setattr(loading, "read_example", seen)
    train(settings(data, on_bad_image="skip", crop=(8, 8), scale_jitter=(1, 1)))
    assert {whole for id, whole in looked if id == "02"} == {True}
    assert {whole for id, whole in looked if id != "02"} == {True, False}


def test_more_than_one_in_a_hundred_stops_the_run_which_can_go_on(data):
    repairs = [damage(data, name) for name in ("01", "04")]
    message = (
        r"2 of the 6 pairs of split train cannot be used, and at most 1 .*0[14]\.png.*; .*0[14]"
    )
    with pytest.raises(RunError, match=message):
        train(settings(data, on_bad_image="skip"))
    run = data.parent / "run"
    assert set(failed_in(run)["train"]) == {"01", "04"}
    repairs[0]()
    train(TrainConfig(resume=run))
    found = json.loads((run / FILE).read_text())
    assert [list(found[key]["train"]) for key in ("failed", "repaired")] == [["04"], ["01"]]


def test_what_was_left_out_and_what_failed_are_counted_together(data):
    path = data / "train" / "images" / "05.png"
    path.write_bytes(b"nothing")
    damage(data, "02")
    with pytest.raises(RunError, match=r"2 of the 6 pairs of split train"):
        train(settings(data, on_bad_image="skip"))


def test_a_resumed_run_leaves_out_what_it_left_out_though_it_is_repaired(data):
    path = data / "train" / "images" / "05.png"
    before = path.read_bytes()
    path.write_bytes(b"nothing")
    whole = train(settings(data, "whole", on_bad_image="skip", epochs=2))
    run = train(settings(data, on_bad_image="skip", epochs=2, max_minutes=1e-9))
    path.write_bytes(before)
    train(TrainConfig(resume=run))
    assert content_of(run) == content_of(whole)


def test_a_label_that_is_damaged_while_the_run_goes_on_is_replaced_too(data, monkeypatch):
    score_epoch, repairs = training.score_epoch, []

    def damage_then_score(run):
        repairs[:] = repairs or [damage(data, "01", kind="labels")]
        return score_epoch(run)

    monkeypatch.setattr(training, "score_epoch", damage_then_score)
    assert failed_in(train(settings(data, on_bad_image="skip"))) == {"train": ["01"]}


def test_a_damaged_label_stops_a_run_that_may_not_go_on_without_it(data, undisturbed, monkeypatch):
    score_epoch = training.score_epoch
    repairs = []

    def damage_then_score(run):
        repairs[:] = repairs or [damage(data, "01", kind="labels")]
        return score_epoch(run)

    monkeypatch.setattr(training, "score_epoch", damage_then_score)
    with pytest.raises(LabelError, match=r"01\.png: label must be .*--resume"):
        train(settings(data))
    monkeypatch.undo()
    repairs[0]()
    train(TrainConfig(resume=data.parent / "run"))
    assert content_of(data.parent / "run") == content_of(undisturbed())


def test_the_others_of_a_key_are_a_fixed_order_without_the_key():
    assert others((3, 5), 9, seed=1, most=99) == others((3, 5), 9, seed=1, most=99)
    assert {index for _, index in others((3, 5), 9, 1, 99)} == set(range(9)) - {5}
    assert len(others((3, 5), 900, 1, 9)) == 9
    assert others((3, 5), 9, 1, 99) != others((4, 5), 9, 1, 99)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_item_without_others_is_left_out_of_its_batch(workers):
    """And a batch that would be empty is left out whole."""
    met = []
    batches = [[0, 1], [2, 3], [4]]
    on_bad = lambda key, _: met.append(key)  # noqa: E731
    with load_batches(OddOnes(), batches, workers, on_bad=on_bad) as loaded:
        assert [batch.tolist() for batch in loaded] == [[1], [3]]
    assert met == [0, 2, 4]


class OddOnes:
    """key -> itself, unless it is even."""

    def __getitem__(self, key):
        if key % 2 == 0:
            raise LabelError(f"{key}.png", event="it is damaged")
        return key


def test_ranks_count_their_bad_images_together(data):
    damage(data, "02")
    damage(data, "06", "val")
    done = train_in_shell(data, "tolerant")
    assert done.returncode == 0, done.stderr
    assert failed_in(data.parent / "tolerant") == {"train": ["02"], "val": ["06"]}
    damage(data, "04")
    done = train_in_shell(data, "run")
    assert done.returncode == 2
    assert "2 of the 6 pairs of split train cannot be used" in done.stderr


def train_in_shell(data, name):
    words = f"train {data} --out {data.parent / name} --network small --device cpu --batch 2"
    words += " --epochs 2 --workers 0 --devices 2 --on-bad-image skip --log-every 1"
    return warm.run(
        [sys.executable, "-m", "pixelwise.cli", *words.split()],
        capture_output=True,
        check=False,
        text=True,
        timeout=200,
    )
