"""A drawn set, a checkpoint of a network that tells its colours apart, and its artefact."""

import pytest

import pixelwise as pw
from export.networks import SIZE, write_checkpoint
from make import make_dataset


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), size=SIZE)


@pytest.fixture(scope="session")
def best(data, tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("runs") / "run", data, scale=0.5)


@pytest.fixture(scope="session")
def artefact(best):
    return pw.export(best, size=SIZE, trust=True)
