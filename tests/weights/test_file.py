"""weights.json read by train: for exactly the classes of the dataset, and never half-believed."""

import json

import pytest

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError, RunError
from pixelwise.plan.config import TrainConfig
from pixelwise.run.train import train
from pixelwise.weights.file import read_weights

NAMES = ("ground", "disc", "bar")
GOOD = {"schema": "pixelwise.weights/1", "classes": {"names": list(NAMES)}, "weights": [1, 2.5, 0]}


def written(folder, content):
    path = folder / "w.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_written_by_hand_needs_three_keys(tmp_path):
    """Schema, names and weights; integers become floats."""
    assert read_weights(written(tmp_path, GOOD), NAMES) == (1.0, 2.5, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "pixelwise.score/1"}, r"schema must be 'pixelwise\.weights/1', got 'pixelwis"),
        ({"classes": ["ground"]}, r"classes must be .*, got \['ground'\]"),
        ({"classes": {"names": ["ground", "disc", "post"]}}, "without bar and with post"),
        ({"classes": {"names": ["ground", "disc"]}}, r"in order, got without bar\. Make the file"),
        ({"classes": {"names": ["disc", "ground", "bar"]}}, "the same in another order"),
        ({"weights": [1, 2]}, "weights must be a list of 3 numbers, got 2"),
        ({"weights": "1 2 3"}, "weights must be a list, got '1 2 3'"),
        ({"weights": [1, -2, 3]}, r"finite numbers >= 0, one of them > 0, got -2\.0 for disc"),
        ({"weights": [1, True, 3]}, r"weights\[1\] must be a number, got True"),
        ({"weights": [1, None, 3]}, r"weights\[1\] must be a number, got None"),
        ({"weights": [1, 2, 10**400]}, r"weights\[2\] must be a number, got 1000"),
        ({"weights": [0, 0, 0]}, "got only zeros"),
    ],
)
def test_any_other_content_is_refused_with_its_place(tmp_path, change, message):
    """One sentence that names the file."""
    with pytest.raises(ArgumentError, match=rf"w\.json: .*{message}"):
        read_weights(written(tmp_path, {**GOOD, **change}), NAMES)


@pytest.mark.parametrize("weight", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(tmp_path, weight):
    """Python's JSON reader lets them through; one of them would poison a training."""
    text = json.dumps(GOOD).replace("2.5", weight)
    with pytest.raises(ArgumentError, match=rf"w\.json: file must be valid JSON, got {weight}"):
        read_weights(written(tmp_path, text), NAMES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "file must be valid JSON"),
        ("[" * 99999, "file must be plain JSON, got deeper nesting"),
        ("[]", r"content must be a JSON object, got \[\]"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path, content, message):
    """Damaged, deeply nested, or a list."""
    with pytest.raises(ArgumentError, match=message):
        read_weights(written(tmp_path, content), NAMES)


def test_a_missing_file_is_named(tmp_path):
    """As the system says it."""
    with pytest.raises(
        ArgumentError, match=r"none\.json: file must be an existing file, got No such"
    ):
        read_weights(tmp_path / "none.json", NAMES)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def test_training_refuses_weights_of_other_classes_before_it_writes(data, tmp_path):
    """The message says which class is missing; there is no run folder."""
    file = written(tmp_path, {**GOOD, "classes": {"names": ["ground", "disc", "post"]}})
    settings = train_settings(data, tmp_path / "run", class_weights=str(file))
    with pytest.raises(ArgumentError, match=r"classes must be those .* without bar and with post"):
        train(TrainConfig(**settings))
    assert not (tmp_path / "run").exists()


def test_a_path_is_taken_and_a_misspelt_method_is_not_a_path(tmp_path):
    """Only a name ending in .json means a file."""
    settings = train_settings(tmp_path, tmp_path / "run")
    config = TrainConfig(**settings, class_weights=tmp_path / "w.json")
    assert config.class_weights == str(tmp_path / "w.json")
    with pytest.raises(ArgumentError, match=r"FILE\.json, got 'enett'\. Did you mean 'enet'"):
        TrainConfig(**settings, class_weights="enett")


def test_a_run_is_not_resumed_with_other_weights(data, tmp_path):
    """The file is read again; if it changed, the run would become another one in silence."""
    file = written(tmp_path, GOOD)
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", class_weights=str(file))))
    written(tmp_path, {**GOOD, "weights": [1, 2, 3]})
    with pytest.raises(
        RunError, match=r"cannot resume: the class weights in .*w\.json have changed"
    ):
        train(TrainConfig(resume=run))
    written(tmp_path, GOOD)
    assert train(TrainConfig(resume=run)) == run
