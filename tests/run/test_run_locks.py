"""A run and a folder of predictions are written by one process at a time."""

import sys
import time

import pytest

import warm
from make import make_dataset, train_settings
from pixelwise.errors import RunError
from pixelwise.files.lock import locked
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run.train import train

TRAIN = """
import sys
from pixelwise.run.train import train

train(data=sys.argv[1], out=sys.argv[2], network="small", epochs=9999, batch=2, workers=1,
      device="cpu", log_every=1)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return train(TrainConfig(**train_settings(data, tmp_path_factory.mktemp("run") / "run")))


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_that_trains_is_neither_resumed_nor_begun_again_until_its_process_has_ended(
    data, tmp_path
):
    """Also when it was killed and the workers that read its images have not noticed yet."""
    out = tmp_path / "run"
    first = warm.Popen([sys.executable, "-c", TRAIN, data, out])
    try:
        until((out / "last").exists)
        refused = rf"run: train, process {first.pid} on \S+ is writing to it\. Wait until"
        with pytest.raises(RunError, match=refused):
            train(TrainConfig(resume=out))
        with pytest.raises(RunError, match=refused):
            train(TrainConfig(**train_settings(data, out)))
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
    assert train(TrainConfig(resume=out, max_minutes=1e-9)) == out
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_new_run_is_refused_while_another_process_makes_the_folder(data, tmp_path):
    refused = pytest.raises(RunError, match=r"out: train, process .* is writing to it")
    with locked(tmp_path / "out", "train"), refused:
        train(TrainConfig(**train_settings(data, tmp_path / "out")))
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_changed_by_a_resume_that_is_refused(run):
    before = files_of(run)
    leftover = run / ".last.new-999999999"
    leftover.mkdir()
    with locked(run, "train"), pytest.raises(RunError, match="is writing to it"):
        train(TrainConfig(resume=run))
    assert (files_of(run), leftover.exists()) == (before, True)
    leftover.rmdir()


def test_what_a_kill_has_left_of_replacing_a_checkpoint_is_removed_by_the_resume(run):
    for name in (".last.new-999999999-aa", ".last.old", ".best.old"):
        (run / name).mkdir()
    train(TrainConfig(resume=run))
    assert [p.name for p in run.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_being_predicted_is_not_predicted_at_the_same_time(
    run, tmp_path, overwrite
):
    out = tmp_path / "out"
    with locked(out, "predict"), pytest.raises(RunError, match="out: predict, process"):
        predict(PredictConfig(run, out=out, overwrite=overwrite))
    assert list(tmp_path.iterdir()) == []
    predict(PredictConfig(run, out=out))
    predict(PredictConfig(run, out=out, overwrite=True))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_prediction_has_left_is_removed_by_the_next(run, tmp_path):
    (tmp_path / ".out.new-999999999-aa").mkdir()
    predict(PredictConfig(run, out=tmp_path / "out"))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
