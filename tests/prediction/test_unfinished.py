"""Predictions of which some failed or that were cut short: what is done stays, the rest is done."""

import json
import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import warm
from make import draw, make_dataset, train_settings, write_image
from pixelwise.cli.entry import main
from pixelwise.errors import ArgumentError, DatasetError, PairingError, RunError
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction import pipeline
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.prediction.unfinished import FILE
from pixelwise.run.train import train
from pixelwise.run.trained import TrainedNetwork
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

LEFT = "out/prediction.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    data = make_dataset(folder / "data")
    return train(TrainConfig(**train_settings(data, folder / "run")))


@pytest.fixture
def images(tmp_path):
    """Four images; b is cut off."""
    for number, name in enumerate("abcd"):
        write_image(tmp_path / "images" / f"{name}.png", draw(number, (33, 47))[0])
    cut(tmp_path / "images" / "b.png")
    return tmp_path / "images"


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def settings(run, images, **changes):
    return PredictConfig(run, images=images, out=images.parent / "out", **changes)


def written(folder):
    return {p.name: p.read_bytes() for p in folder.glob("*.png")}


def predicted_now(monkeypatch):
    """The names of the images that are decoded from now on, in threads, so sort them."""
    names, read = [], ImageKind.read

    def noting(kind, path):
        names.append(path.name)
        return read(kind, path)

    monkeypatch.setattr(ImageKind, "read", noting)
    return names


def about(images):
    return json.loads((images.parent / LEFT).read_text())


def test_the_other_images_are_predicted_when_one_cannot_be_read(run, images):
    with pytest.warns(UserWarning, match=r"1 of 4 images could not be predicted: .*b\.png: image"):
        out = predict(settings(run, images))
    assert set(written(out)) == {"a.png", "c.png", "d.png"}
    (failed,) = about(images)["failed"]
    assert failed["id"] == "b"
    assert "b.png: image must be" in failed["reason"]


def test_the_command_says_the_folder_lists_what_failed_and_ends_with_one(run, images, capsys):
    out = images.parent / "out"
    words = ["predict", str(run), "--images", str(images), "--out", str(out)]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert shown.out.strip() == str(out)
    assert "1 of 4 images could not be predicted" in shown.err
    assert main([*words, "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in content["failed"]] == ["b"]


@pytest.mark.filterwarnings("ignore:predict")
def test_only_what_failed_is_predicted_when_it_is_repaired(run, images, monkeypatch):
    out = predict(settings(run, images))
    write_image(images / "b.png", draw(1, (33, 47))[0])
    names = predicted_now(monkeypatch)
    predict(settings(run, images))
    assert sorted(names) == ["b.png"]
    assert about(images)["failed"] == []
    assert not (out / FILE).exists()
    whole = predict(PredictConfig(run, images=images, out=images.parent / "whole"))
    assert written(out) == written(whole)


@pytest.mark.filterwarnings("ignore:predict")
def test_an_image_that_changed_meanwhile_is_predicted_again(run, images, monkeypatch):
    predict(settings(run, images))
    write_image(images / "c.png", draw(7, (50, 40))[0])
    (images / "d.png").unlink()
    write_image(images / "e.png", draw(4, (33, 47))[0])
    names = predicted_now(monkeypatch)
    out = predict(settings(run, images))
    assert sorted(names) == ["b.png", "c.png", "e.png"]
    assert set(written(out)) == {"a.png", "c.png", "e.png"}


@pytest.mark.filterwarnings("ignore:predict")
def test_an_image_that_became_unreadable_has_no_old_prediction(run, images):
    predict(settings(run, images))
    cut(images / "c.png")
    assert set(written(predict(settings(run, images)))) == {"a.png", "d.png"}
    assert [one["id"] for one in about(images)["failed"]] == ["b", "c"]


@pytest.mark.filterwarnings("ignore:predict")
def test_a_folder_with_other_settings_is_not_completed_but_replaced_when_asked(run, images):
    out = predict(settings(run, images))
    with pytest.raises(RunError, match=r"a new or empty folder, got .*Give overwrite=True"):
        predict(settings(run / "last", images, tile=(64, 64)))
    assert predict(settings(run, images, tile=(64, 64), overwrite=True)) == out
    assert about(images)["tiles"]["tile"] == [64, 64]


def test_a_threshold_of_a_multiclass_task_is_refused_as_it_has_none(run, images):
    match = r"threshold must be left out for a multiclass task, which has no thresholds, got 0\.4"
    with pytest.raises(ArgumentError, match=match):
        predict(settings(run, images, threshold=0.4))
    assert not (images.parent / "out").exists()


def test_a_folder_without_failures_is_complete(run, images):
    (images / "b.png").unlink()
    predict(settings(run, images))
    with pytest.raises(RunError, match=r"a new or empty folder, got"):
        predict(settings(run, images))


def test_if_no_image_can_be_read_there_is_no_folder(run, images):
    for name in "acd":
        cut(images / f"{name}.png")
    message = r"no image could be predicted: .*a\.png.*b\.png.*c\.png.*d\.png"
    with pytest.raises(DatasetError, match=message):
        predict(settings(run, images))
    assert [p.name for p in images.parent.iterdir()] == ["images"]


@pytest.mark.filterwarnings("ignore:predict")
def test_nan_logits_of_one_image_cost_that_image_alone(run, images, monkeypatch):
    forward, calls = TrainedNetwork.forward, []

    def sometimes_nan(self, image):
        calls.append(image.shape)
        found = forward(self, image)
        return found * torch.nan if len(calls) == 2 else found

    monkeypatch.setattr(TrainedNetwork, "forward", sometimes_nan)
    out = predict(settings(run, images))
    assert set(written(out)) == {"a.png", "d.png"}
    assert "NaN" in about(images)["failed"][1]["reason"]


@pytest.mark.filterwarnings("ignore:predict")
def test_an_image_that_is_too_large_for_the_gpu_costs_that_image_alone(run, images, monkeypatch):
    forward, calls = TrainedNetwork.forward, []

    def sometimes_full(self, image):
        calls.append(image.shape)
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return forward(self, image)

    monkeypatch.setattr(TrainedNetwork, "forward", sometimes_full)
    predict(settings(run, images))
    reasons = [one["reason"] for one in about(images)["failed"]]
    assert "out of GPU memory for an image of 33x47" in reasons[0]


@pytest.mark.filterwarnings("ignore:predict")
@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (KeyboardInterrupt("by hand"), "by hand"),
        (RunError("c.png", event="the disk is full"), r"full\. What is done is kept: the same com"),
    ],
)
def test_an_interrupted_prediction_goes_on_where_it_was(run, images, monkeypatch, stop, message):
    """After Ctrl-C and after a full disk; until then there is no folder of that name."""
    write_label = pipeline.write_label

    def stopping(path, *given):  # by name, as two threads write
        if path.stem != "a":
            raise stop
        return write_label(path, *given)

    monkeypatch.setattr(pipeline, "write_label", stopping)
    with pytest.raises(type(stop), match=message):
        predict(settings(run, images))
    assert not (images.parent / "out").exists()
    monkeypatch.undo()
    names = predicted_now(monkeypatch)
    out = predict(settings(run, images))
    assert sorted(names) == ["b.png", "c.png", "d.png"]
    assert set(written(out)) == {"a.png", "c.png", "d.png"}
    assert sorted(p.name for p in images.parent.iterdir()) == ["images", "out"]


KILLED = """
import os, sys
from pixelwise.prediction.predict import predict
from pixelwise.prediction.unfinished import Journal
add, done = Journal.add, []
def kill(self, *given):
    if done:
        os._exit(9)
    done.append(1)
    return add(self, *given)
Journal.add = kill
predict(sys.argv[1], images=sys.argv[2], out=sys.argv[3])
"""


@pytest.mark.filterwarnings("ignore:predict")
def test_a_killed_prediction_goes_on_where_it_was(run, images, monkeypatch):
    out = images.parent / "out"
    words = [sys.executable, "-c", KILLED, str(run), str(images), str(out)]
    assert warm.run(words, check=False, capture_output=True).returncode == 9
    assert not out.exists()
    names = predicted_now(monkeypatch)
    predict(settings(run, images))
    assert sorted(names) == ["b.png", "c.png", "d.png"]


@pytest.mark.filterwarnings("ignore:predict")
@pytest.mark.parametrize(
    "content", [b"", b"\0\xff", b'["a", "b", "c"]\n', b'"' + b"x" * 9999, b"[" * 9999, b'{"a": 1}']
)
def test_a_damaged_list_of_what_is_done_means_that_all_is_done_again(
    run, images, monkeypatch, content
):
    part = images.parent / ".out.part"
    part.mkdir()
    (part / FILE).write_bytes(content)
    (part / "zebra.png").write_bytes(b"of another time")
    names = predicted_now(monkeypatch)
    out = predict(settings(run, images))
    assert sorted(names) == ["a.png", "b.png", "c.png", "d.png"]
    assert "zebra.png" not in written(out)


@pytest.mark.filterwarnings("ignore:predict")
def test_a_link_in_place_of_the_unfinished_folder_is_not_written_through(run, images):
    (images.parent / "mine").mkdir()
    (images.parent / "mine" / "thesis.txt").write_text("years of work")
    os.symlink(images.parent / "mine", images.parent / ".out.part")
    predict(settings(run, images))
    assert [p.name for p in (images.parent / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.filterwarnings("ignore:predict")
def test_a_score_of_predictions_with_failures_says_why_they_are_missing(run, tmp_path):
    data = make_dataset(tmp_path / "data", val=3)
    cut(data / "val" / "images" / "07.png")
    out = predict(PredictConfig(run, data=data, out=tmp_path / "out"))
    message = r"got 1 without: 07\.png\. 1 image could not be predicted: .*07\.png.* again"
    with pytest.raises(PairingError, match=message):
        score(ScoreConfig(out))


@pytest.mark.filterwarnings("ignore:predict")
def test_calibration_counts_every_image_that_could_be_predicted(run, tmp_path):
    data = make_dataset(tmp_path / "data", val=3)
    cut(data / "val" / "images" / "07.png")
    config = PredictConfig(run, data=data, out=tmp_path / "out", calibration=True)
    out = predict(config)
    assert (out / "calibration.json").is_file()
    with pytest.raises(RunError, match=r"Give overwrite=True"):
        predict(config)


def test_images_with_an_orientation_tag_are_counted(run, images, capsys):
    image = Image.open(images / "a.png")
    image.load()
    exif = image.getexif()
    exif[0x0112] = 8
    image.save(images / "a.png", exif=exif)
    (images / "b.png").unlink()
    out = predict(settings(run, images))
    note = "1 of 3 images has an orientation tag (EXIF): it is applied neither to images nor to"
    assert note in capsys.readouterr().err
    stored = np.asarray(Image.open(out / "a.png"))
    assert stored.shape == image.size[::-1]


def test_a_dataset_is_not_a_folder_of_images(run, tmp_path):
    data = make_dataset(tmp_path / "data")
    with pytest.raises(ArgumentError, match=r"alone, got .*a dataset with its labels\. Give data"):
        predict(settings(run, data))
    (data / "dataset.toml").unlink()
    with pytest.raises(ArgumentError, match=r"which has labels too .*Give the images alone"):
        predict(settings(run, data))


@pytest.mark.parametrize("below", ["val/labels", "val", "train/labels"])
def test_the_labels_of_a_dataset_are_never_predicted(run, tmp_path, below):
    data = make_dataset(tmp_path / "data")
    with pytest.raises(ArgumentError, match=r"images must be a folder of images alone"):
        predict(PredictConfig(run, images=data / below, out=tmp_path / "out"))


def test_the_images_of_a_dataset_are_a_folder_of_images(run, tmp_path):
    data = make_dataset(tmp_path / "data")
    out = predict(PredictConfig(run, images=data / "val" / "images", out=tmp_path / "out"))
    assert len(written(out)) == 2


def test_another_suffix_of_the_names_of_images_starts_again(run, tmp_path):
    """Of one id, size and time of change, as files from one archive may have."""
    images = tmp_path / "images"
    images.mkdir()
    for number, name in enumerate(["a_left", "a_right"]):
        np.save(images / f"{name}.npy", draw(9, (33, 47))[0][:: 1 - 2 * number])
        os.utime(images / f"{name}.npy", (1e9, 1e9))
    (images / "b_left.npy").write_bytes(b"\x93NUMPY")
    (images / "b_right.npy").write_bytes(b"\x93NUMPY")
    with pytest.warns(UserWarning, match="1 of 2 images could not be predicted"):
        predict(settings(run, images, image_suffix="_left.npy"))
    with pytest.raises(RunError, match="out must be a new or empty folder"):
        predict(settings(run, images, image_suffix="_right.npy"))
