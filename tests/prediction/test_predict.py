"""Predictions: stored values, sizes, palettes, and folders that are complete or absent."""

import json

import numpy as np
import pytest
from PIL import Image

from make import STORED, draw, make_dataset, train_settings, write_image
from pixelwise.errors import ArgumentError, DatasetError, PairingError, RunError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import image_size
from pixelwise.labels.png import read_label
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train
from pixelwise.score.command import score


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(TrainConfig(**train_settings(data, out, epochs=3)))


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*.png")}


def test_predictions_are_label_images_in_stored_values(run, data, tmp_path):
    """The size of the image, the values and the palette of the dataset, under the same id."""
    out = predict(PredictConfig(run, out=tmp_path / "out"))
    classes = read_description(data).classes
    for path in (data / "val" / "images").iterdir():
        with Image.open(out / path.name) as picture:
            assert picture.mode == "P"
            assert picture.getpalette() == classes.palette().reshape(-1).tolist()
            assert (picture.height, picture.width) == image_size(path)
        assert set(np.unique(read_label(out / path.name))) <= set(STORED)
    about = json.loads((out / "prediction.json").read_text())
    assert (about["data"], about["split"], about["images"]) == (str(data), "val", 2)
    assert about["checkpoint"] == str(run / "best")


def test_predicting_twice_gives_the_same_bytes(run, tmp_path):
    first = predict(PredictConfig(run, out=tmp_path / "a"))
    second = predict(PredictConfig(run, out=tmp_path / "b"))
    assert bytes_of(first) == bytes_of(second)
    assert len(bytes_of(first)) == 2


def test_a_prediction_depends_on_its_image_alone(run, data, tmp_path):
    """One image by itself gives the same file as among others."""
    one = sorted((data / "val" / "images").iterdir())[1]
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / one.name).write_bytes(one.read_bytes())
    alone = predict(PredictConfig(run, images=tmp_path / "images", out=tmp_path / "alone"))
    among = predict(PredictConfig(run, out=tmp_path / "among"))
    assert bytes_of(alone) == {one.name: bytes_of(among)[one.name]}


def test_images_beside_their_labels_are_chosen_by_prefix_and_suffix(run, data, tmp_path):
    """The predictions have the ids, so that they pair up with the labels."""
    folder = tmp_path / "all"
    for kind, prefix in (("images", "img_"), ("labels", "gt_")):
        for path in (data / "val" / kind).iterdir():
            (folder / f"{prefix}{path.stem}_x.png").parent.mkdir(exist_ok=True)
            (folder / f"{prefix}{path.stem}_x.png").write_bytes(path.read_bytes())
    affixes = {"image_prefix": "img_", "image_suffix": "_x.png"}
    out = predict(PredictConfig(run, images=folder, out=tmp_path / "out", **affixes))
    assert bytes_of(out) == bytes_of(predict(PredictConfig(run, out=tmp_path / "among")))
    found = score(out, labels=folder, label_prefix="gt_", label_suffix="_x")
    assert len(found.images) == 2
    with pytest.raises(ArgumentError, match="image_prefix and image_suffix need images"):
        PredictConfig(run, image_prefix="img_")


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (33, 47), (200, 31)])
def test_every_size_comes_out_as_it_went_in(run, tmp_path, size):
    image = draw(0, (260, 260))[0][: size[0], : size[1]]
    write_image(tmp_path / "images" / "deep" / "a.png", image)
    out = predict(PredictConfig(run, images=tmp_path / "images", out=tmp_path / "out"))
    assert read_label(out / "deep" / "a.png").shape == size


def test_the_default_folder_is_in_the_run(run):
    assert predict(PredictConfig(run)) == run / "predictions" / "val"
    with pytest.raises(RunError, match=r"new or empty folder, got .*val\. Give overwrite=True"):
        predict(PredictConfig(run))
    assert predict(PredictConfig(run / "last", overwrite=True)) == run / "predictions" / "val"


def test_the_default_split_is_the_one_that_the_run_was_scored_on(data, tmp_path):
    """Of a checkpoint of an earlier release, which does not say, it is val."""
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", val_split="train.2of3")))
    assert predict(PredictConfig(run)) == run / "predictions" / "train.2of3"
    found = score(run)
    assert found.dataset.split == "train.2of3"
    assert (
        found.mean_iou_by_convention["present"]
        == read_checkpoint(run / "best").about.score["val/miou"]
    )
    about = json.loads((run / "best" / "config.json").read_text())
    del about["val_split"]
    (run / "best" / "config.json").write_text(json.dumps(about))
    assert predict(PredictConfig(run)) == run / "predictions" / "val"


def test_a_folder_of_something_else_is_never_replaced(run, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match=r"It has no prediction.json, so it is not replaced"):
        predict(PredictConfig(run, out=tmp_path, overwrite=True))
    assert (tmp_path / "thesis.txt").exists()


def test_what_does_not_exist_is_named(run, tmp_path):
    with pytest.raises(RunError, match=r"a run folder or a checkpoint, got no such folder"):
        predict(PredictConfig(tmp_path / "nowhere"))
    with pytest.raises(RunError, match=r"a folder with a complete checkpoint, got none"):
        predict(PredictConfig(tmp_path))
    with pytest.raises(DatasetError, match=r"split must be one of train, val, got 'test'"):
        predict(PredictConfig(run, split="test", out=tmp_path / "out"))
    with pytest.raises(PairingError, match=r"at least one image file"):
        predict(PredictConfig(run, images=tmp_path, out=tmp_path / "out"))


def test_another_class_list_is_refused(run, tmp_path):
    other = make_dataset(tmp_path / "data", names=("ground", "ring", "bar"))
    with pytest.raises(DatasetError, match=r"those of the network \(ground, disc, bar\), got"):
        predict(PredictConfig(run, data=other, out=tmp_path / "out"))


def test_a_checkpoint_with_other_tensors_is_refused(run, tmp_path):
    """The names of what is wrong are in the message; nothing is loaded in part."""
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    for name in ("best", "last"):
        about = json.loads((copy / name / "config.json").read_text())
        about["num_channels"] = 5
        (copy / name / "config.json").write_text(json.dumps(about))
    with pytest.raises(
        RunError, match=r"tensors must be those of the network, got \d+ differences"
    ):
        predict(PredictConfig(copy, out=tmp_path / "out"))


def test_a_damaged_checkpoint_is_found_by_its_checksum(run, tmp_path, capsys):
    """`best` is damaged: `last` is used and the damage is said aloud."""
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    weights = copy / "best" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(
        RunError, match=r"weights.safetensors: damaged: its checksum does not match"
    ):
        read_checkpoint(copy / "best")
    out = predict(PredictConfig(copy, out=tmp_path / "out"))
    assert json.loads((out / "prediction.json").read_text())["checkpoint"] == str(copy / "last")
    assert "warning: " in capsys.readouterr().err


def test_no_file_of_a_checkpoint_is_unpickled(run, tmp_path):
    """An optimizer.pt that would run code when unpickled is refused."""
    import hashlib
    import pickle
    import shutil

    class Attack:
        def __reduce__(self):
            return print, ("unpickled",)

    copy = tmp_path / "last"
    shutil.copytree(run / "last", copy)
    (copy / "optimizer.pt").write_bytes(pickle.dumps(Attack()))
    about = json.loads((copy / "config.json").read_text())
    about["sha256"]["optimizer.pt"] = hashlib.sha256(pickle.dumps(Attack())).hexdigest()
    (copy / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match=r"optimizer.pt: content must be plain tensors"):
        read_checkpoint(copy).training_state()


def test_the_threshold_moves_the_foreground(tmp_path):
    data = make_dataset(tmp_path / "data", binary=True)
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", epochs=3)))
    disc = []
    for threshold in (0.0, 0.5, 1.0):
        out = tmp_path / f"out{threshold}"
        predict(PredictConfig(run, out=out, threshold=threshold))
        disc.append(sum((read_label(p) == 128).sum() for p in out.glob("*.png")))
    assert disc[0] > disc[1] >= disc[2] == 0
