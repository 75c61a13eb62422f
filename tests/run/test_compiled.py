"""`--compile`: the same training in fewer, larger kernels."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch._inductor.cpp_builder import get_cpp_compiler
from torch._inductor.exc import InvalidCxxCompiler

from make import make_dataset, train_settings
from pixelwise.errors import RunError
from pixelwise.plan.config import TrainConfig
from pixelwise.run import setup
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train


@pytest.fixture(scope="module", autouse=True)
def compiler():
    """What torch compiles with on a CPU."""
    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        pytest.skip("torch finds no C++ compiler here")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


# each of its kernels takes a compiler seconds; it has what compiling must keep: running statistics
NETWORK = """
from torch import nn

def build(num_classes):
    layers = [nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(8, num_classes, 3, padding=1))
"""


@pytest.fixture(scope="module", autouse=True)
def few_layers(tmp_path_factory):
    """The network few_layers:build can be imported."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "few_layers.py").write_text(NETWORK)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield "few_layers:build"


OPTIONS = {"ema": 0.5, "epochs": 2, "loss": "ce", "optimizer": "sgd", "lr": 0.01}


@pytest.fixture(scope="module")
def runs(data, few_layers, tmp_path_factory):
    """The same run without and with compiling."""
    folder, options = tmp_path_factory.mktemp("runs"), {**OPTIONS, "network": few_layers}
    return [
        train(TrainConfig(**train_settings(data, folder / str(c), compile=c, **options)))
        for c in (False, True)
    ]


def test_compiled_training_gives_the_weights_of_eager_training_to_rounding(runs):
    """Under the same names; six steps of SGD, which is as smooth as its gradients."""
    eager, compiled = (load_file(run / "last" / "weights.safetensors") for run in runs)
    assert eager.keys() == compiled.keys()
    for name, tensor in eager.items():
        torch.testing.assert_close(compiled[name], tensor, rtol=1e-4, atol=1e-5)


def test_losses_and_scores_are_the_same_to_rounding(runs):
    rows = [(run / "metrics.jsonl").read_text().splitlines() for run in runs]
    for line, other in zip(*rows, strict=True):
        eager, compiled = json.loads(line), json.loads(other)
        assert list(eager) == list(compiled)
        assert list(compiled.values()) == pytest.approx(list(eager.values()), abs=2e-3)


def test_a_compiled_run_is_resumed_and_predicts_like_any_other(runs):
    """It is complete: nothing is compiled again."""
    run = runs[1]
    before = (run / "metrics.jsonl").read_bytes()
    train(TrainConfig(resume=run))
    assert (run / "metrics.jsonl").read_bytes() == before


def test_without_a_compiler_train_says_so_before_it_makes_a_folder(data, few_layers, tmp_path):
    """A real start, because torch reads the variables when it is imported."""
    words = f"train {data} --out {tmp_path / 'run'} --network {few_layers} --device cpu --compile"
    without = {"CXX": str(tmp_path / "none"), "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pixelwise.cli", *words.split()],
        capture_output=True,
        check=False,
        timeout=600,
        env={**os.environ, **without},
    )
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert "torch.compile does not work on this machine" in said
    assert (
        "It needs a C++ compiler (the variable CXX names another one); or give --no-compile."
        in said
    )
    assert not (tmp_path / "run").exists()


NOT_FOR_COMPILERS = """
import torch
from torch import nn

class Refuses(nn.Conv2d):
    def forward(self, image):
        assert not torch.compiler.is_compiling()
        return super().forward(image)

def build(num_classes):
    return Refuses(3, num_classes, 1)
"""


def test_a_network_that_cannot_be_compiled_is_an_error_in_one_sentence(data, tmp_path, monkeypatch):
    (tmp_path / "refuses.py").write_text(NOT_FOR_COMPILERS)
    monkeypatch.syspath_prepend(tmp_path)
    settings = train_settings(data, tmp_path / "run", network="refuses:build", compile=True)
    with pytest.raises(RunError, match=r"torch.compile cannot compile the network refuses:build"):
        train(TrainConfig(**settings))


def test_a_run_that_began_compiled_goes_on_without_a_compiler(data, tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "compiled", lambda network, _: network)
    settings = train_settings(data, tmp_path / "run", compile=True, epochs=2)
    run = train(TrainConfig(**settings, max_minutes=1e-6))
    monkeypatch.setattr(setup, "compiled", None)
    train(TrainConfig(resume=run, compile=False))
    assert read_checkpoint(run / "last").about.epoch == 2
