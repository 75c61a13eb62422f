"""A run that was cut off and resumed is, bit for bit, the run that was not."""

import json
import os
import signal
import threading
from contextlib import suppress

import pytest

from make import draw, make_dataset, train_settings, write_image, write_stored
from pixelwise.errors import RunError
from pixelwise.interrupt import Terminated
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run import train as training
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train

EPOCHS = 4  # of three steps each


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The run that nothing interrupts."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return train(TrainConfig(**train_settings(data, out, epochs=EPOCHS, log_every=2)))


def interrupted_run(data, out, monkeypatch, step, number=signal.SIGINT):
    """Start the same run and send a signal in the given step."""
    take_step = training.take_step

    def step_with_signal(run, *rest):
        if run.position.step + 1 == step:
            os.kill(os.getpid(), number)
        return take_step(run, *rest)

    monkeypatch.setattr(training, "take_step", step_with_signal)
    with pytest.raises(KeyboardInterrupt) as stop:
        train(TrainConfig(**train_settings(data, out, epochs=EPOCHS, log_every=2)))
    assert isinstance(stop.value, Terminated) == (number == signal.SIGTERM)
    monkeypatch.undo()
    return out


def content_of(run):
    """Everything that two equal runs have equal."""
    names = [
        "metrics.jsonl",
        "evidence.json",
        "last/weights.safetensors",
        "best/weights.safetensors",
    ]
    names += [f"val_counts/{path.name}" for path in (run / "val_counts").iterdir()]
    return {name: (run / name).read_bytes() for name in names}


@pytest.mark.parametrize("step", [1, 5, 6, 12])
def test_a_resumed_run_equals_the_uninterrupted_one(data, whole, tmp_path, monkeypatch, step):
    """Stopped in the first step, in mid-epoch, at the end of an epoch and in the last step."""
    run = interrupted_run(data, tmp_path / "run", monkeypatch, step)
    assert read_checkpoint(run / "last").about.step == step
    train(TrainConfig(resume=run))
    assert content_of(run) == content_of(whole)


def test_two_epochs_and_two_more_are_four(data, whole, tmp_path, monkeypatch):
    """Stopped between epochs by the time limit, as a job on a cluster is."""
    score_epoch = training.score_epoch

    def second_takes_hours(run):
        object.__setattr__(run, "started", run.started - 1e6 * run.position.epochs)
        return score_epoch(run)

    monkeypatch.setattr(training, "score_epoch", second_takes_hours)
    settings = train_settings(data, tmp_path / "run", epochs=EPOCHS, log_every=2, max_minutes=9)
    run = train(TrainConfig(**settings))
    monkeypatch.undo()
    assert read_checkpoint(run / "last").about.epoch == 2
    train(TrainConfig(resume=run))
    assert content_of(run) == content_of(whole)


def test_sigterm_leaves_a_last_checkpoint_that_predicts(data, tmp_path, monkeypatch):
    run = interrupted_run(data, tmp_path / "run", monkeypatch, 2, signal.SIGTERM)
    out = predict(PredictConfig(run))
    assert len(list(out.glob("*.png"))) == 2


def test_a_second_signal_acts_at_once():
    from pixelwise.interrupt import Interrupt, catch_interrupt

    interrupt = Interrupt()
    with catch_interrupt(interrupt):
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_exception_was_lost_is_noted_before_the_first_step(number):
    from pixelwise.interrupt import Interrupt, catch_interrupt, raise_on_sigterm

    interrupt = Interrupt()
    with raise_on_sigterm():
        with suppress(KeyboardInterrupt):  # as Python does in a destructor
            os.kill(os.getpid(), number)
        with catch_interrupt(interrupt):
            assert interrupt.asked == number
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_outside_the_main_thread_signals_are_left_alone():
    from pixelwise.interrupt import Interrupt, catch_interrupt

    before, seen = signal.getsignal(signal.SIGINT), []

    def look():
        with catch_interrupt(Interrupt()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_run_that_is_complete_stays_as_it_is(whole):
    before = content_of(whole)
    assert train(TrainConfig(resume=whole)) == whole
    assert content_of(whole) == before


def test_a_damaged_last_checkpoint_is_passed_over_loudly(
    data, whole, tmp_path, monkeypatch, capsys
):
    """The run goes on from `best`, an earlier epoch, and still ends where it would have."""
    run = interrupted_run(data, tmp_path / "run", monkeypatch, 8)
    weights = run / "last" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    train(TrainConfig(resume=run))
    said = capsys.readouterr().err
    assert "warning: " in said
    assert "best instead" in said
    assert content_of(run) == content_of(whole)


def test_other_data_is_refused_and_named(tmp_path, monkeypatch):
    data = make_dataset(tmp_path / "data")
    run = interrupted_run(data, tmp_path / "run", monkeypatch, 2)
    image, _ = draw(77, (33, 47))
    write_image(data / "train" / "images" / "77.png", image)
    write_stored(data / "train" / "labels" / "77.png", image[:, :, 0] * 0)
    message = r"cannot resume: split train has changed since the run began: 1 pair added \(77\)\."
    with pytest.raises(RunError, match=message):
        train(TrainConfig(resume=run))


def test_labels_edited_in_place_are_noticed(tmp_path, monkeypatch):
    data = make_dataset(tmp_path / "data")
    run = interrupted_run(data, tmp_path / "run", monkeypatch, 2)
    _, label = draw(0, (33, 47))
    write_stored(data / "train" / "labels" / "00.png", label * 0)
    with pytest.raises(
        RunError, match=r"split train has changed since the run began: 1 pair changed \(00\)"
    ):
        train(TrainConfig(resume=run))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"got no config.json in it"):
        train(TrainConfig(resume=tmp_path))


def test_a_run_without_any_checkpoint_is_refused(whole, tmp_path):
    for name in ("config.json", "data.json"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    with pytest.raises(RunError, match=r"a folder with a complete checkpoint, got none"):
        train(TrainConfig(resume=tmp_path))
    about = json.loads((tmp_path / "config.json").read_text())
    about["classes"]["names"][0] = "sea"
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match=r"cannot resume: the classes have changed"):
        train(TrainConfig(resume=tmp_path))
