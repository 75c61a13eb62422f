"""Configurations: checked when made, the same by name, by file and by command line."""

import pickle
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pixelwise.cli.wording import sentence
from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    MissingPackageError,
    PixelwiseError,
)
from pixelwise.extras import explain_missing
from pixelwise.files.records import from_plain, to_plain
from pixelwise.plan.config import OF_RESUMED, TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.score.config import ScoreConfig
from pixelwise.settings import command_line, takes_settings


def test_every_field_has_help_and_every_path_is_a_path():
    """Text becomes a Path, an integer becomes a float, a list becomes a tuple."""
    config = TrainConfig(data="street", lr=1, crop=[64, 96], out="runs/a")
    assert (config.data, config.out) == (Path("street"), Path("runs/a"))
    assert (config.lr, type(config.lr), config.crop) == (1.0, float, (64, 96))
    for kind in (TrainConfig, PredictConfig, ScoreConfig):
        assert all(field.metadata["help"] for field in fields(kind))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, r"train: epochs must be >= 1, got 0"),
        ({"epochs": 10**400}, r"train: epochs must be at most 9,223,372,036,854,775,807, got 1000"),
        ({"lr": float("nan")}, r"train: lr must be > 0, got nan"),
        ({"scale": 0}, r"train: scale must be > 0, got 0"),
        ({"warmup": 2}, r"train: warmup must be between 0 and 1, got 2"),
        ({"schedule": "cosin"}, r"schedule must be one of .* Did you mean 'cosine'\?"),
        ({"class_weights": "median"}, r"class_weights must be one of none, inverse"),
        ({"encoder_weights": "coco"}, r"encoder_weights must be one of auto, imagenet"),
        ({"device": "gpu"}, r"device must be one of auto, cpu, cuda, got 'gpu'"),
        ({"crop": (64,)}, r"train: crop must be 2 values"),
        ({"crop": (0, 64)}, r"train: crop must be > 0, got 0"),
        ({"scale_jitter": (2, 1)}, r"scale_jitter must be 0 < LOWEST <= HIGHEST, got \(2.0, 1.0\)"),
        ({"batch": "8"}, r"train: batch must be an integer, got '8'"),
        ({"flip": 1}, r"train: flip must be true or false, got 1"),
        ({"data": None}, r"exactly one of data and resume"),
        ({"resume": "runs/a"}, r"exactly one of data and resume"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(settings, message):
    with pytest.raises(ArgumentError, match=message):
        TrainConfig(**{"data": "street", **settings})


def test_a_resumed_run_keeps_its_settings():
    """Only the time limit may be new; anything else would change the schedule silently."""
    TrainConfig(resume="runs/a", max_minutes=5)
    with pytest.raises(
        ArgumentError, match=r"a resumed run keeps its settings, got epochs, lr as well"
    ):
        TrainConfig(resume="runs/a", epochs=3, lr=0.1)


@pytest.mark.parametrize(
    "field",
    [f for f in fields(TrainConfig) if f.name not in (*OF_RESUMED, "data")],
    ids=lambda field: field.name,
)
def test_a_resumed_run_refuses_a_setting_by_its_name_even_if_it_is_the_default(field):
    name = f"{field.name}=False" if field.default is False else field.name
    with pytest.raises(ArgumentError, match=rf"keeps its settings, got {name} as well"):
        TrainConfig(resume="runs/a", **{field.name: field.default})


def test_a_flag_that_a_resumed_run_refuses_is_named_as_it_was_typed():
    with pytest.raises(ArgumentError, match="got flip=False as well") as caught:
        TrainConfig(resume="runs/a", flip=False)
    words = ["train", "--resume", "runs/a", "--no-flip"]
    assert "got --no-flip as well" in sentence(caught.value, words)


def test_replacing_a_setting_counts_what_differs_from_the_defaults_as_given():
    config = replace(TrainConfig(resume="runs/a", devices=1), max_minutes=5)
    assert config.given == {"resume", "max_minutes"}
    assert TrainConfig(resume="runs/a", devices=1).but(max_minutes=5).given == {
        "resume",
        "devices",
        "max_minutes",
    }


def test_what_was_given_is_known_in_another_process_too():
    config = TrainConfig(resume="runs/a", devices=1)
    assert pickle.loads(pickle.dumps(config)).given == config.given


def test_settings_survive_json():
    """from_plain(to_plain(config)) == config."""
    config = TrainConfig(data="street", crop=(64, 96), loss="ce", clip=None, max_minutes=1.5)
    assert from_plain(TrainConfig, to_plain(config), "config.json") == config


def test_an_unknown_setting_is_an_error_with_a_suggestion():
    with pytest.raises(ArgumentError, match=r"config.json: key must be .* mean 'epochs'"):
        from_plain(TrainConfig, {"epoch": 3}, "config.json")


def test_the_command_line_names_what_differs_from_the_defaults():
    config = TrainConfig(data="my street", crop=(64, 96), clip=None, flip=False, lr=0.01)
    expected = "pixelwise train 'my street' --lr 0.01 --clip none --crop 64 96 --no-flip"
    assert command_line(config) == expected


def test_settings_of_bare_labels_need_their_folder():
    with pytest.raises(ArgumentError, match=r"only one of labels and data"):
        ScoreConfig("predictions", labels="labels", data="data")
    with pytest.raises(ArgumentError, match=r"label_suffix need labels"):
        ScoreConfig("predictions", label_suffix="_gt")
    with pytest.raises(ArgumentError, match=r"need labels"):
        ScoreConfig("predictions", classes="voc")


@takes_settings(PredictConfig)
def shown_run(config, more=0):
    return config.run, config.split, more


@takes_settings(PredictConfig)
def needs_a_package(config):
    raise ModuleNotFoundError(f"No module named {config.split!r}", name=config.split)


def test_a_command_takes_its_configuration_or_the_settings():
    config = PredictConfig("runs/a", split="test")
    assert shown_run(config, 1) == shown_run(config=config, more=1) == (Path("runs/a"), "test", 1)
    assert shown_run("runs/a", split="test", more=1) == (Path("runs/a"), "test", 1)


def test_a_command_refuses_a_setting_that_it_does_not_have():
    with pytest.raises(ArgumentError, match=r"setting must be one of .* Did you mean 'split'\?"):
        shown_run("runs/a", splt="test")
    message = r"arguments without a name must be at most 1 \(run\), got 2"
    with pytest.raises(ArgumentTypeError, match=message):
        shown_run("runs/a", "test")
    with pytest.raises(ArgumentTypeError, match="config must be given without other arguments"):
        shown_run("runs/a", config=PredictConfig("runs/b"))
    with pytest.raises(ArgumentTypeError, match="split belongs into the configuration, not beside"):
        shown_run(PredictConfig("runs/a"), split="test")
    with pytest.raises(ArgumentTypeError, match="run is given twice, by position and by name"):
        shown_run("runs/a", run="runs/b")
    with pytest.raises(ArgumentTypeError, match="shown_run: run must be given, got nothing"):
        shown_run(split="test")


def test_a_package_that_is_missing_is_named_with_the_line_that_installs_it():
    """As PixelwiseError and as ImportError; what pixelwise does not know of stays as it was."""
    message = r"^needs_a_package: the package scipy is not installed\. .*'pixelwise\[scipy\]'\.?$"
    with pytest.raises(ImportError, match=message) as caught:
        needs_a_package("runs/a", split="scipy.ndimage")
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), PixelwiseError)
    with pytest.raises(ModuleNotFoundError, match="No module named 'other'"):
        needs_a_package("runs/a", split="other")


def test_a_training_command_asks_for_all_that_training_needs():
    with (
        pytest.raises(MissingPackageError, match=r"train: .* torch .*'pixelwise\[train\]'"),
        explain_missing("train", "pixelwise.run.train"),
    ):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
