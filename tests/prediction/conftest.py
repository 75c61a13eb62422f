"""A run whose images have sides that no stride divides, for tests that need no other."""

import pytest

from make import make_dataset, train_settings
from pixelwise.plan.config import TrainConfig
from pixelwise.run.train import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), size=(101, 131))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(TrainConfig(**train_settings(data, out, crop=(64, 64))))
