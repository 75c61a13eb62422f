"""A run folder is somebody's: what its files hold is checked before it is used."""

import hashlib
import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
import torch

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.errors import DatasetError, PixelwiseError, RunError
from pixelwise.plan.config import TrainConfig
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return train(TrainConfig(**train_settings(make_dataset(folder / "data"), folder / "run")))


@pytest.fixture
def run(whole, tmp_path):
    """A copy that has the checkpoint `last` alone."""
    copy = shutil.copytree(whole, tmp_path / "run")
    shutil.rmtree(copy / "best")
    return copy


def change(path, **values):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **values}))


def replace(folder, name, data):
    """Other bytes in a checkpoint, with a checksum that is right."""
    (folder / name).write_bytes(data)
    sums = json.loads((folder / "config.json").read_text())["sha256"]
    change(folder / "config.json", sha256={**sums, name: hashlib.sha256(data).hexdigest()})


def packed(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_channels", 0),
        ("num_channels", 65537),
        ("num_channels", 3.0),
        ("num_channels", True),
        ("scale", 0),
        ("scale", -1.0),
        ("scale", "1"),
        ("scale", 1e308),
        ("epoch", -1),
        ("step", -1),
        ("step", None),
        ("task", "detection"),
        ("task", ["binary"]),
        ("network", 7),
        ("classes", {}),
        ("classes", {"names": ["a", "a", "b"]}),
        ("score", [1]),
        ("sha256", {}),
        ("sha256", {"weights.safetensors": "0"}),
        ("sha256", {"weights.safetensors": 1, "optimizer.pt": 2}),
        ("sha256", {"weights.safetensors": "0", "optimizer.pt": "0", "/etc/passwd": "0"}),
        ("sha256", {"weights.safetensors": "0", "../last/optimizer.pt": "0"}),
        ("schema", "pixelwise.checkpoint/2"),
        ("more", 1),
    ],
)
def test_the_description_of_a_checkpoint_is_checked_before_it_is_used(run, name, value):
    change(run / "last" / "config.json", **{name: value})
    with pytest.raises(RunError, match=rf"last/config\.json: .*{name}"):
        read_checkpoint(run / "last")
    with pytest.raises(RunError, match=rf"last/config\.json: .*{name}"):
        pw.load_network(run)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[" * 100_000, '{"a": 1, "a": 2}', "\xff", "1e999"]
)
@pytest.mark.parametrize("name", ["config.json", "data.json", "last/config.json"])
def test_a_file_that_is_no_description_is_one_sentence(run, name, text):
    (run / name).write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match=name):
        train(TrainConfig(resume=run))


def test_no_file_but_the_two_of_a_checkpoint_is_opened(run, monkeypatch):
    opened = []
    change(run / "last" / "config.json", sha256={"../../secret": "0"})
    monkeypatch.setattr("pixelwise.run.checkpoint.read_file", opened.append)
    with pytest.raises(RunError, match=r"sha256 must be the checksums of weights\.safetensors and"):
        read_checkpoint(run / "last")
    assert opened == []


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data[:-1],
        lambda data: data[:5],
        lambda _: b"x",
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data[:8] + b"[" * (len(data) - 8),
        lambda data: data.replace(b'"F32"', b'"F99"'),
        lambda data: data.replace(b'"F32"', b'"I32"'),
        lambda data: data.replace(b'"data_offsets":[0,', b'"data_offsets":[9,'),
        lambda _: b"\2\0\0\0\0\0\0\0{}",
    ],
)
def test_damaged_weights_with_a_right_checksum_are_one_sentence(run, cut):
    data = (run / "last" / "weights.safetensors").read_bytes()
    replace(run / "last", "weights.safetensors", cut(data))
    message = r"weights\.safetensors: (content must be tensors in the format|tensors must be those)"
    with pytest.raises(RunError, match=message):
        pw.load_network(run)


def without(table, *path):
    """A nested table without one of its entries."""
    first, *rest = path
    kept = {key: value for key, value in table.items() if key != first}
    return {**kept, first: without(table[first], *rest)} if rest else kept


def with_value(table, value, *path):
    first, *rest = path
    return {**table, first: with_value(table[first], value, *rest) if rest else value}


def with_average(state, change):
    path = "optimizer", "state", 0, "exp_avg"
    average = state["optimizer"]["state"][0]["exp_avg"]
    return with_value(state, change(average), *path)


def doubled(times):
    """A list of 2 ** times numbers in a few bytes."""
    found = [0.0]
    for _ in range(times):
        found = [found, found]
    return found


STATES = {
    "nothing": lambda _: {},
    "a list": lambda _: [],
    "a tensor": lambda _: torch.zeros(3),
    "no position": lambda s: without(s, "position"),
    "no optimizer": lambda s: without(s, "optimizer"),
    "no precision": lambda s: without(s, "precision"),
    "a step as text": lambda s: with_value(s, "3", "position", "step"),
    "a step behind the end": lambda s: with_value(s, 10**9, "position", "step"),
    "a step before the start": lambda s: with_value(s, -1, "position", "step"),
    "a field too many": lambda s: with_value(s, 1, "position", "more"),
    "losses as text": lambda s: with_value(s, ["a"], "position", "losses"),
    "a time that is no number": lambda s: with_value(s, float("nan"), "position", "seconds"),
    "a best score as a list": lambda s: with_value(s, [], "position", "best"),
    "a position that is a list": lambda s: with_value(s, [], "position"),
    "an optimizer that is a list": lambda s: with_value(s, [], "optimizer"),
    "no moments": lambda s: without(s, "optimizer", "state"),
    "moments that are text": lambda s: with_value(s, "a", "optimizer", "state"),
    "moments of another parameter": lambda s: with_value(
        s, s["optimizer"]["state"][0], "optimizer", "state", 10**6
    ),
    "no average": lambda s: without(s, "optimizer", "state", 0, "exp_avg"),
    "an average of another shape": lambda s: with_value(
        s, torch.zeros(2), "optimizer", "state", 0, "exp_avg"
    ),
    "an average as integers": lambda s: with_value(
        s, s["optimizer"]["state"][0]["exp_avg"].int(), "optimizer", "state", 0, "exp_avg"
    ),
    "losses without end": lambda s: with_value(s, doubled(60), "position", "losses"),
    "a position without end": lambda s: with_value(s, doubled(60), "position"),
    "an average of one number for all": lambda s: with_average(s, lambda t: t[:1].expand(t.shape)),
    "an average without numbers": lambda s: with_average(s, lambda t: t.to("meta")),
    "a negative step of a parameter": lambda s: with_value(
        s, torch.tensor(-1.0), "optimizer", "state", 0, "step"
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_of_the_optimizer_that_does_not_fit_is_one_sentence(run, name):
    state = read_checkpoint(run / "last").training_state()
    replace(run / "last", "optimizer.pt", packed(STATES[name](state)))
    with pytest.raises(RunError, match=r"last/optimizer\.pt: "):
        train(TrainConfig(resume=run))


def test_a_state_of_the_optimizer_that_is_compressed_is_not_unpacked(run):
    packed, data = zipfile.ZipFile(run / "last" / "optimizer.pt"), io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name in packed.namelist():
            file.writestr(name, packed.read(name))
    replace(run / "last", "optimizer.pt", data.getvalue())
    with pytest.raises(RunError, match=r"optimizer\.pt: content must be plain tensors"):
        read_checkpoint(run / "last").training_state()


def test_a_checkpoint_that_cannot_be_used_leaves_nothing_where_predictions_were_to_be(run):
    change(run / "last" / "config.json", network="nothing")
    with pytest.raises(RunError, match=r"last/config\.json: network must be one of"):
        pw.predict(run=run)
    assert not (run / "predictions").exists()


def test_an_image_that_the_scale_of_a_checkpoint_makes_too_large_is_refused(run, monkeypatch):
    change(run / "last" / "config.json", scale=16)
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.001")
    message = r"predict: image must be a file that unpacks .* at scale 16"
    network = pw.load_network(run)
    with pytest.raises(DatasetError, match=message):
        network.predict(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize(
    "line", [b"[]\n", b"{}\n", b'{"step": "1"}\n', b"{\n", b"\xff\n", b'{"step": 1, "step": 1}\n']
)
def test_a_damaged_line_of_the_metrics_is_named_by_its_number(run, line):
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(line)
    number = len((run / "metrics.jsonl").read_bytes().splitlines())
    with pytest.raises(RunError, match=rf"metrics\.jsonl:{number}: "):
        train(TrainConfig(resume=run))


def test_a_last_line_that_was_cut_off_is_dropped(run):
    before = (run / "metrics.jsonl").read_bytes()
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 9, "epo')
    train(TrainConfig(resume=run))
    assert (run / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["metrics.jsonl", "log.txt"])
@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/dev/full"), os.mkdir])
def test_a_log_that_is_no_file_of_the_run_is_one_sentence(run, name, put):
    (run / name).unlink()
    put(run / name)
    with pytest.raises(RunError, match=rf"run/{name}: file must be"):
        train(TrainConfig(resume=run))


@pytest.mark.parametrize(
    "name", ["config.json", "data.json", "last/config.json", "last/weights.safetensors"]
)
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(PixelwiseError, match="got a pipe"):
        train(TrainConfig(resume=run))


def test_other_versions_than_those_of_the_start_are_said_where_bits_are_promised(run, capsys):
    versions = json.loads((run / "config.json").read_text())["versions"]
    own = versions["torch"]
    change(run / "config.json", versions={**versions, "torch": "0.4.1", "jax": "7"})
    train(TrainConfig(resume=run))
    line = rf"began with torch 0.4.1 (now {own}), jax 7 (now none): what follows need not be"
    assert line in capsys.readouterr().err
    assert line in (run / "log.txt").read_text()
