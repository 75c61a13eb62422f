"""How sure predictions are: bytes beside labels, void where they are not sure, sums, a dataset."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

import pixelwise as pw
from make import make_dataset, train_settings
from overlapping import make_set
from pixelwise.errors import ArgumentError, RunError
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.pairs import find_pairs
from pixelwise.labels.png import read_label
from pixelwise.prediction.confidence import check_void
from pixelwise.prediction.config import PredictConfig
from pixelwise.score.confidence import LEVELS


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return pw.train(**train_settings(data, out, epochs=3))


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("binary")
    return pw.train(**train_settings(make_dataset(folder / "data", binary=True), folder / "run"))


@pytest.fixture(scope="module")
def plain(run, tmp_path_factory):
    """Labels without any confidence."""
    return pw.predict(run, out=tmp_path_factory.mktemp("plain") / "out")


@pytest.fixture(scope="module")
def sure(run, tmp_path_factory):
    """Labels with the probability of each, and the expected scores."""
    out = tmp_path_factory.mktemp("sure") / "out"
    return pw.predict(run, out=out, confidence="max", temperature=1.5, expect=True)


def labels_in(folder):
    return {path.stem: read_label(path) for path in sorted(folder.glob("*.png"))}


def bytes_in(folder):
    return labels_in(folder / "confidence")


def probs_of(run, image, temperature):
    network = pw.load_network(run)
    array = read_rgb(image)
    logits = interpolate(network.logits_of(array), array.shape[:2], mode="bilinear")
    if network.activation == "sigmoid":
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return (logits.double() / temperature).softmax(1)[0].numpy()


def record(folder):
    return json.loads((folder / "confidence.json").read_text())


def test_bytes_are_the_probability_of_the_label_in_steps_of_255(run, data, plain, sure):
    images = {pair.id: pair.image for pair in read_description(data).pairs("val")}
    assert bytes_in(sure).keys() == images.keys()
    for id, found in bytes_in(sure).items():
        expected = 255 * probs_of(run, images[id], 1.5).max(0)
        assert np.abs(found - expected).max() <= 0.51
    assert all(np.array_equal(a, labels_in(plain)[id]) for id, a in labels_in(sure).items())


def test_bytes_are_not_taken_for_labels(sure, data):
    """Not by score, and not where labels are paired with images."""
    assert len(pw.score(sure, data=data).images) == 2
    pairs = find_pairs(data / "val" / "images", sure)
    assert [pair.label.parent for pair in pairs] == [sure, sure]
    assert len(find_pairs(sure / "confidence", None)) == 2


def test_sums_are_those_of_the_files(sure, data):
    classes = read_description(data).classes
    labels = {id: classes.to_index(label) for id, label in labels_in(sure).items()}
    found = record(sure)
    assert (found["schema"], found["kind"], found["scale"]) == (
        "pixelwise.confidence/1",
        "max",
        255,
    )
    pixels = np.concatenate([one.ravel() for one in labels.values()])
    bytes_of = np.concatenate([bytes_in(sure)[id].ravel() for id in labels])
    assert found["pixels"] == pixels.size
    assert found["mean"] == pytest.approx(bytes_of.mean() / 255)
    assert found["below"] == pytest.approx([(bytes_of < 255 * at).mean() for at in LEVELS])
    for c, row in enumerate(found["per_class"]):
        own = bytes_of[pixels == c]
        assert row["pixels"] == own.size
        assert own.size == 0 or row["mean"] == pytest.approx(own.mean() / 255)
    assert [one["id"] for one in found["images"]] == sorted(labels)
    assert [one["mean"] for one in found["images"]] == pytest.approx(
        [bytes_in(sure)[id].mean() / 255 for id in sorted(labels)]
    )


def test_the_expected_iou_is_that_of_the_probabilities(run, sure, data):
    """expected TP = sum of the probability of the class where it is predicted."""
    probs = [probs_of(run, pair.image, 1.5) for pair in read_description(data).pairs("val")]
    p = np.concatenate([one.reshape(len(one), -1) for one in probs], 1)
    pred = np.eye(len(p))[p.argmax(0)].T
    inter = (p * pred).sum(1)
    iou = inter / (pred.sum(1) + p.sum(1) - inter)
    there = pred.any(1)
    found = record(sure)
    rows = np.array([row["expected_iou"] for row in found["per_class"]], float)
    assert rows[there] == pytest.approx(iou[there], abs=1e-4)
    assert found["expected_mean_iou"] == pytest.approx(iou[there].mean(), abs=1e-4)


def test_void_is_where_the_byte_is_below_and_nowhere_else(run, sure, data, tmp_path):
    middle = float(np.median(np.concatenate([b.ravel() for b in bytes_in(sure).values()]))) / 255
    out = pw.predict(run, out=tmp_path / "out", unsure=(middle,), temperature=1.5)
    classes = read_description(data).classes
    void = {}
    for id, label in labels_in(out).items():
        below = bytes_in(sure)[id] < 255 * middle
        index = classes.to_index(label)
        assert np.array_equal(index == classes.ignore_index, below)
        assert np.array_equal(label[~below], labels_in(sure)[id][~below])
        void[id] = below
    assert 0 < np.mean([one.mean() for one in void.values()]) < 1
    assert not (out / "confidence").exists()
    shares = [one["void"] for one in record(out)["images"]]
    assert shares == pytest.approx([void[id].mean() for id in sorted(void)])
    about = json.loads((out / "prediction.json").read_text())["confidence"]
    assert about["unsure"] == [middle] * len(classes)
    assert about["temperature"] == 1.5


def test_each_class_may_have_a_number_of_its_own(run, data, sure, tmp_path):
    classes = read_description(data).classes
    numbers = [0.9, *[0.0] * (len(classes) - 1)]
    out = pw.predict(run, out=tmp_path / "out", unsure=numbers, temperature=1.5)
    for id, label in labels_in(out).items():
        before = classes.to_index(labels_in(sure)[id])
        expected = (before == 0) & (bytes_in(sure)[id] < 255 * 0.9)
        assert np.array_equal(classes.to_index(label) == classes.ignore_index, expected)


def test_pseudo_labels_are_a_dataset_at_once(run, data, tmp_path):
    images = data / "val" / "images"
    out = pw.predict(run, images=images, out=tmp_path / "pseudo", unsure=(0.35,), dataset=True)
    made = read_description(out)
    assert made.classes == read_description(data).classes
    pairs = made.pairs("train")
    assert [pair.image.read_bytes() for pair in pairs] == [
        path.read_bytes() for path in sorted(images.iterdir())
    ]
    for pair in pairs:
        assert np.array_equal(read_label(pair.label), read_label(out / f"{pair.id}.png"))
    assert set(pw.audit(out).by_rule()) <= {"V13"}  # every pixel may be void
    settings = train_settings(data, tmp_path / "again", epochs=1)
    again = pw.train(**settings, more_data=(f"{out}:0.5",))
    line = json.loads((again / "metrics.jsonl").read_text().splitlines()[-1])
    assert any(name.startswith("train/seen_data/") for name in line)


def test_a_folder_that_is_gone_on_with_has_the_sums_of_all_images(run, data, tmp_path):
    """An image that fails at first, and is repaired."""
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    first, second = sorted((data / "val" / "images").iterdir())
    (images / first.name).write_bytes(first.read_bytes())
    (images / second.name).write_bytes(b"not an image")
    config = {"images": images, "confidence": "margin", "expect": True}
    with pytest.warns(UserWarning, match="1 of 2 images could not be predicted"):
        pw.predict(run, out=out, **config)
    assert [one["id"] for one in record(out)["images"]] == [first.stem]
    (images / second.name).write_bytes(second.read_bytes())
    pw.predict(run, out=out, **config)
    at_once = record(pw.predict(run, out=tmp_path / "at-once", **config))
    assert record(out)["images"] == at_once["images"]
    assert record(out)["per_class"] == at_once["per_class"]


def test_tiles_have_the_sums_of_their_files(run, data, tmp_path):
    """Rows that are written one band after the other; expected scores of the blended logits."""
    tiles = {"tile": (32, 32), "temperature": 1.5, "expect": True}
    out = pw.predict(run, out=tmp_path / "out", confidence="max", **tiles)
    void = pw.predict(run, out=tmp_path / "void", unsure=(0.5,), **tiles)
    classes, found = read_description(data).classes, record(out)
    labels, beside = labels_in(out), bytes_in(out)
    index = np.concatenate([classes.to_index(one).ravel() for one in labels.values()])
    sure = np.concatenate([beside[id].ravel() for id in labels])
    for c, row in enumerate(found["per_class"]):
        assert row["pixels"] == (index == c).sum()
        assert row["pixels"] == 0 or row["mean"] == pytest.approx(sure[index == c].mean() / 255)
    for id, label in labels_in(void).items():
        is_void = classes.to_index(label) == classes.ignore_index
        assert np.array_equal(is_void, beside[id] < 255 * 0.5)
    rows = record(void)
    assert rows["void"] == pytest.approx((sure < 255 * 0.5).mean())
    assert rows["expected_mean_iou"] == found["expected_mean_iou"] > 0


def test_a_binary_task_has_both_classes(binary, tmp_path):
    out = pw.predict(binary, out=tmp_path / "out", confidence="max", expect=True)
    data = json.loads((binary / "config.json").read_text())["config"]["data"]
    pairs = read_description(data).pairs("val")
    p = np.concatenate([probs_of(binary, x.image, 1).reshape(2, -1) for x in pairs], 1)
    pred = np.stack([p[1] <= 0.5, p[1] > 0.5])
    inter = (p * pred).sum(1)
    iou = inter / np.maximum(pred.sum(1) + p.sum(1) - inter, 1)
    rows = [row["expected_iou"] for row in record(out)["per_class"]]
    there = pred.any(1)
    assert np.array(rows, float)[there] == pytest.approx(iou[there], abs=1e-4)


def test_what_cannot_be_said_is_refused(run, data, tmp_path):
    number = len(read_description(data).classes)
    with pytest.raises(
        ArgumentError, match=f"unsure must be one number, or one for each of the {number}"
    ):
        pw.predict(run, out=tmp_path / "out", unsure=(0.5, 0.5))
    with pytest.raises(ArgumentError, match="temperature changes probabilities alone"):
        PredictConfig(run, temperature=2.0)
    must = r"temperature must be auto, or between 0\.001 and 1000, got -1\.0"
    with pytest.raises(ArgumentError, match=must):
        PredictConfig(run, temperature=-1.0, expect=True)


def test_classes_without_a_value_for_void_are_told_the_line_that_adds_one():
    """Class values 0 and 255 leave nothing that means void."""
    check_void(Classes(["a", "b"]))
    with pytest.raises(ArgumentError, match=r"before its tables: ignore_values = \[254\]"):
        check_void(Classes(["a", "b"], values=[0, 255]))


def test_classes_that_overlap_are_refused(tmp_path):
    data = make_set(tmp_path / "data", train=2, val=1)
    run = pw.train(**train_settings(data, tmp_path / "run"))
    assert read_description(data).task == MULTILABEL
    for asked in ({"confidence": "max"}, {"unsure": (0.5,)}, {"expect": True}):
        with pytest.raises(ArgumentError, match="one class a pixel, and these classes overlap"):
            pw.predict(run, out=tmp_path / "out", **asked)


def test_a_dataset_that_is_gone_on_with_has_the_images_that_have_labels(run, data, tmp_path):
    """One fails at first; then that is repaired, and the other one is gone."""
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    first, second = sorted((data / "val" / "images").iterdir())
    (images / first.name).write_bytes(first.read_bytes())
    (images / second.name).write_bytes(b"not an image")
    with pytest.warns(UserWarning, match="could not be predicted"):
        pw.predict(run, images=images, out=out, dataset=True)
    (images / second.name).write_bytes(second.read_bytes())
    (images / first.name).unlink()
    with pytest.raises(RunError, match="must be a new or empty folder"):
        pw.predict(run, images=images, out=out)  # would leave images without labels
    pw.predict(run, images=images, out=out, dataset=True)
    assert [pair.id for pair in read_description(out).pairs("train")] == [second.stem]


@pytest.mark.parametrize(("folder", "asked"), [("images", "dataset"), ("confidence", "confidence")])
def test_labels_are_not_written_into_folders_that_are_not_searched(
    run, data, tmp_path, folder, asked
):
    photo = next((data / "val" / "images").iterdir())
    (tmp_path / "pool" / folder).mkdir(parents=True)
    (tmp_path / "pool" / folder / photo.name).write_bytes(photo.read_bytes())
    config = {"dataset": True} if asked == "dataset" else {"confidence": "max"}
    with pytest.raises(ArgumentError, match=f"not searched for labels: {folder}/"):
        pw.predict(run, images=tmp_path / "pool", out=tmp_path / "out", **config)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e300, float("inf"), float("nan")])
def test_a_temperature_without_finite_or_different_logits_is_refused(temperature):
    with pytest.raises(ArgumentError, match=r"must be auto, or between 0\.001 and 1000"):
        PredictConfig("run", temperature=temperature, expect=True)


def test_a_temperature_that_is_no_number_is_told_what_it_may_be():
    with pytest.raises(ArgumentError, match="must be a number or auto, got 'automatic'"):
        PredictConfig("run", temperature="automatic", expect=True)
