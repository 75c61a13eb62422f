"""`--stop evidence`: when a run ends, and that a resumed one ends in the same epoch."""

import json
import re

import pytest

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.plan.config import TrainConfig
from pixelwise.run import train as training
from pixelwise.run.dry_run import plan_training
from pixelwise.run.train import train
from pixelwise.run.val_counts import epochs_kept

LEARNS_NOTHING = {"lr": 1e-12, "epochs": 9, "stop": "evidence", "stop_window": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), val=4)


def settings_of(data, out, **changes):
    return train_settings(data, out, schedule="constant", **{**LEARNS_NOTHING, **changes})


@pytest.fixture(scope="module")
def stopped(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("stopped") / "run"
    return train(TrainConfig(**settings_of(data, out)))


def test_a_run_that_learns_nothing_ends_when_there_is_something_to_compare(stopped):
    """The third epoch is the first behind a window of two."""
    log = (stopped / "log.txt").read_text()
    assert "stopped by evidence after 3 of 9 epochs: the last 2 epochs gained at most " in log
    assert "warning: val has 4 images, too few for evidence" in log
    assert epochs_kept(stopped) == [1, 2, 3]


def test_the_end_says_which_epochs_are_as_good_as_the_best(stopped):
    found = json.loads((stopped / "evidence.json").read_text())
    assert (found["schema"], found["images"]) == ("pixelwise.evidence/1", 4)
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1, 2, 3]
    line = r"best is epoch \d \(val mIoU \d+\.\d\d\); "
    assert re.search(line, (stopped / "log.txt").read_text())


def test_a_run_that_has_ended_by_evidence_is_complete(stopped):
    """Resumed, it says so again and takes no step."""
    before = (stopped / "metrics.jsonl").read_bytes(), (stopped / "evidence.json").read_bytes()
    train(TrainConfig(resume=stopped))
    assert (stopped / "log.txt").read_text().count("stopped by evidence after 3 of 9 epochs") == 2
    after = (stopped / "metrics.jsonl").read_bytes(), (stopped / "evidence.json").read_bytes()
    assert before == after


def test_a_resumed_run_ends_in_the_same_epoch(data, stopped, tmp_path, monkeypatch):
    """Stopped by the time limit after each epoch; the decision is that of all epochs."""
    score_epoch = training.score_epoch

    def takes_hours(run):
        object.__setattr__(run, "started", run.started - 1e6)
        return score_epoch(run)

    monkeypatch.setattr(training, "score_epoch", takes_hours)
    run = train(TrainConfig(**settings_of(data, tmp_path / "run", max_minutes=9)))
    assert epochs_kept(run) == [1]
    train(TrainConfig(resume=run, max_minutes=9))
    assert epochs_kept(run) == [1, 2]
    monkeypatch.undo()
    train(TrainConfig(resume=run))
    for name in ("metrics.jsonl", "evidence.json", "val_counts/3.json"):
        assert (run / name).read_bytes() == (stopped / name).read_bytes()


def test_a_gain_that_nothing_can_reach_ends_the_run_as_soon_as_it_can(data, tmp_path):
    run = train(TrainConfig(**settings_of(data, tmp_path / "run", stop_gain=100, lr=1e-3)))
    assert epochs_kept(run) == [1, 2, 3]


REFUSED = [
    ({"stop": "evidence"}, r"schedule must be constant with stop=.evidence., got cosine"),
    ({"stop": "evidence", "schedule": "poly"}, r"The others end at a fixed epoch"),
    ({"stop_gain": 1.0}, r"stop_gain must be left out without stop=.evidence"),
    ({"stop_window": 3}, r"stop_window must be left out without stop=.evidence"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=str)
def test_options_that_have_no_meaning_together_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        TrainConfig(data="street", **options)


def test_the_plan_of_a_run_that_has_ended_by_evidence_says_so(stopped):
    plan = plan_training(TrainConfig(resume=stopped, plan=True))
    assert plan.step is None
    assert plan.notes[-1].startswith("stopped by evidence after 3 of 9 epochs: the last 2 epochs")
    assert "at most 9 epochs of 3 steps" in plan.text()


def test_a_run_that_is_too_short_to_be_ended_by_evidence_says_so(data, tmp_path):
    settings = settings_of(data, tmp_path / "run", epochs=6, stop_window=5)
    plan = plan_training(TrainConfig(**settings, plan=True))
    assert any("cannot end a run of 6 epochs before its end" in note for note in plan.notes)
    plan = plan_training(TrainConfig(**settings | {"epochs": 7}, plan=True))
    assert not any("cannot end a run" in note for note in plan.notes)
