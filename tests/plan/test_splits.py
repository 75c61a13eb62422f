"""The splits of a training may be joined ones and folds; what is in both is said."""

from make import make_dataset
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan


def plan_of(data, said, **splits):
    return make_plan(TrainConfig(data=data, network="small", **splits), said.append)


def test_a_training_takes_folds_and_joined_splits(tmp_path):
    said = []
    data = make_dataset(tmp_path / "data")
    plan = plan_of(data, said, train_split="train.not2of3+val", val_split="train.2of3")
    learnt, scored = ({p.id for p in pairs} for pairs in (plan.train, plan.val))
    assert learnt | scored == {f"{i:02}" for i in range(8)}
    assert not learnt & scored
    assert not any("is partly of what was learnt" in line for line in said)


def test_pairs_that_are_learnt_and_scored_are_said(tmp_path):
    said = []
    plan_of(make_dataset(tmp_path / "data"), said, train_split="train+val")
    lines = [line for line in said if line.startswith("warning: 2 pairs in train+val and in val")]
    assert len(lines) == 1
