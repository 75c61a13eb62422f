"""Hooks of a run: when they are called, with what, and what becomes of an error."""

import json
import sys
from functools import partial

import pytest

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.run.checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def settings(data, out, **changes):
    return pw.TrainConfig(**train_settings(data, out, epochs=2, **changes))


def test_hooks_are_called_after_steps_epochs_and_checkpoints(data, tmp_path):
    told = []
    hooks = {"on_step": told.append, "on_epoch": told.append, "on_checkpoint": told.append}
    run = pw.train(settings(data, tmp_path / "run"), **hooks)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [one for one in told if isinstance(one, pw.StepDone)]
    epochs = [one for one in told if isinstance(one, pw.EpochDone)]
    saved = [one for one in told if isinstance(one, pw.CheckpointSaved)]
    assert [(one.step, one.epoch, float(one.loss), one.lr) for one in steps] == [
        (line["step"], line["epoch"], line["train/loss"], line["train/lr"])
        for line in lines
        if "train/loss" in line
    ]
    scored = [line for line in lines if "val/loss" in line]
    assert [(one.step, one.epoch, one.values["val/miou"]) for one in epochs] == [
        (line["step"], line["epoch"], line["val/miou"]) for line in scored
    ]
    assert [pw.mean_iou(one.counts) for one in epochs] == [line["val/miou"] for line in scored]
    assert [one.folder for one in saved if one.epoch == 1] == [run / "best", run / "last"]
    assert epochs[0].is_best
    assert {one.run for one in (*steps, *epochs)} == {run}
    kinds = "".join(type(one).__name__[0] for one in told)
    assert kinds[:6] == "SSSCCE"


def test_hooks_are_not_in_the_settings_and_change_no_number(data, tmp_path):
    plain = pw.train(settings(data, tmp_path / "a"))
    hooked = pw.train(settings(data, tmp_path / "b"), on_step=lambda *_: None)
    for name in ("metrics.jsonl", "last/weights.safetensors"):
        assert (plain / name).read_bytes() == (hooked / name).read_bytes()
    assert "on_step" not in (hooked / "config.json").read_text()


def test_what_a_hook_raises_stops_the_run_and_last_is_kept(data, tmp_path):
    def stops(epoch):
        raise ZeroDivisionError(f"after epoch {epoch.epoch}")

    with pytest.raises(ZeroDivisionError, match="after epoch 1"):
        pw.train(settings(data, tmp_path / "run"), on_epoch=stops)
    assert read_checkpoint(tmp_path / "run" / "last").about.epoch == 1
    run = pw.train(resume=tmp_path / "run")
    assert read_checkpoint(run / "last").about.epoch == 2


def test_a_hook_must_be_callable(data, tmp_path):
    with pytest.raises(ArgumentTypeError, match="on_step must be callable, got int"):
        pw.train(settings(data, tmp_path / "run"), on_step=1)


@pytest.mark.parametrize("hook", [lambda *_: None, partial(print), [].append])
def test_with_several_devices_a_hook_must_be_importable(data, tmp_path, hook):
    with pytest.raises(ArgumentError, match=r"on_step must be a function of an importable module"):
        pw.train(settings(data, tmp_path / "run", devices=2), on_step=hook)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("warm_ranks")
def test_with_several_devices_the_first_calls_the_hooks(data, tmp_path, monkeypatch):
    (tmp_path / "own_hooks.py").write_text(
        "def told(epoch):\n"
        "    with open(epoch.run / 'told.txt', 'a') as file:\n"
        "        print(epoch.epoch, file=file)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import own_hooks

    run = pw.train(settings(data, tmp_path / "run", devices=2), on_epoch=own_hooks.told)
    assert (run / "told.txt").read_text().split() == ["1", "2"]
    sys.modules.pop("own_hooks")
