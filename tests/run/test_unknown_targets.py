"""Unknown targets that a GPU has only counted end the run, at a line of the log or in scoring."""

import pytest
import torch

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.ops.unknown import count_later
from pixelwise.plan.config import TrainConfig
from pixelwise.run.train import train


@pytest.mark.parametrize(("log_every", "lines"), [(1, 0), (1000, 0)], ids=["step", "scoring"])
def test_unknown_targets_that_were_counted_end_the_run(tmp_path, log_every, lines):
    """Nothing is logged from steps that taught a wrong target, and no checkpoint is kept."""
    settings = train_settings(make_dataset(tmp_path / "data"), tmp_path / "run", epochs=1)
    count_later("pixel_stats", "target", "class indices", torch.tensor(9))
    with pytest.raises(ArgumentError, match="class indices, got 9 other pixels on cpu"):
        train(TrainConfig(**settings | {"log_every": log_every}))
    log = tmp_path / "run" / "metrics.jsonl"
    assert len(log.read_text().splitlines() if log.exists() else []) == lines
    assert not (tmp_path / "run" / "last").exists()
