"""Post-processing of predictions: by hand, or the steps that the images of val speak for."""

import json

import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset, train_settings
from overlapping import make_set
from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.post.steps import apply_steps, read_steps
from pixelwise.prediction.post import choose_steps
from pixelwise.prediction.post_choice import candidates, changed_sums, gain_of, sums_of
from pixelwise.prediction.predictor import Predictor

CLASSES = Classes(["sky", "road", "pole"])


def scene(seed, size=48):
    """A label of large regions with a ring of void."""
    random = np.random.default_rng(seed)
    y, x = np.ogrid[:size, :size]
    label = np.zeros((size, size), np.uint8)
    label[int(random.integers(24, 36)) :] = 1
    cy, cx = random.uniform(12, 30, 2)
    distance = np.hypot(y - cy, x - cx)
    label[distance < 9] = 2
    label[abs(distance - 9) < 0.7] = 255
    return label


def shifted(label):
    """Wrong along the borders, as predictions are, and without specks."""
    pred = np.roll(label, 1, 1)
    pred[pred == 255] = 2
    return pred


def with_specks(label, seed):
    """The same with some pixels of pole far from it."""
    random, pred = np.random.default_rng(seed), shifted(label)
    for y, x in random.integers(0, 46, (10, 2)):
        pred[y : y + 2, x : x + 2] = 2
    return pred


def chosen_on(pairs):
    steps = candidates(CLASSES, "multiclass")
    return choose_steps(pairs, len(pairs), steps, CLASSES)


def test_planted_specks_are_taken_away():
    targets = [scene(seed) for seed in range(24)]
    pairs = [(with_specks(target, seed), target) for seed, target in enumerate(targets)]
    steps, before, after = chosen_on(pairs)
    assert any(step.kind in ("min-region", "largest") for step in steps)
    found = gain_of(before, after, len(candidates(CLASSES, "multiclass")))
    assert found.is_kept
    assert found.gain > 0.02
    assert 0 < found.low <= found.gain <= found.high


def test_without_specks_nothing_is_chosen():
    pairs = [(shifted(target), target) for target in map(scene, range(24))]
    steps, before, after = chosen_on(pairs)
    assert list(steps) == []
    np.testing.assert_array_equal(before, after)


def test_small_objects_that_are_there_are_not_taken_away():
    """One region would gain in some images and lose in as many: that is no evidence."""
    pairs = []
    for seed in range(24):
        target = scene(seed)
        pred = shifted(target)
        if seed % 2:
            target[2:4, 2:4] = 2
        pred[2:4, 2:4] = 2
        pairs.append((pred, target))
    assert list(chosen_on(pairs)[0]) == []


@pytest.mark.parametrize("overlap", [False, True])
def test_sums_of_what_has_changed_are_the_difference_of_all_sums(overlap):
    random = np.random.default_rng(0)
    classes = Classes(["a", "b"], files=["a", "b"]) if overlap else CLASSES
    shape, number = ((2, 9, 11), 2) if overlap else ((9, 11), 3)
    before, target = random.integers(0, number, (2, *shape)).astype(np.uint8)
    target[random.random(shape) < 0.2] = 255
    after = np.where(random.random(shape) < 0.3, 1, before).astype(np.uint8)
    expected = sums_of(after, target, classes) - sums_of(before, target, classes)
    np.testing.assert_array_equal(changed_sums(before, after, target, classes), expected)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("post")
    data = make_dataset(folder / "data", train=8, val=20)
    return pw.train(**train_settings(data, folder / "run", epochs=8, lr=0.01))


@pytest.fixture
def specks(monkeypatch):
    """A network that sees a class in single pixels of every image."""
    labels_of = Predictor.labels_of

    def planted(self, *given):
        labels = labels_of(self, *given)
        labels[:, 4::7, 4::7] = 2
        return labels

    monkeypatch.setattr(Predictor, "labels_of", planted)


def labels_in(folder):
    return {path.name: read_label(path) for path in folder.glob("*.png")}


@pytest.mark.usefixtures("specks")
def test_steps_that_val_speaks_for_are_kept_in_the_run_and_named(run, tmp_path, capfd):
    plain = labels_in(pw.predict(run, out=tmp_path / "plain"))
    folder = pw.predict(run, out=tmp_path / "post", post=("auto",))
    found = json.loads((run / "post.json").read_text())
    assert found["schema"] == "pixelwise.post/1"
    assert found["dataset"]["split"] == "val"
    assert found["steps"]
    assert found["low"] > 0
    assert found["mean_iou"] == pytest.approx(found["mean_iou_before"] + found["gain"])
    assert pw.score(folder).scores["mean_iou"] == pytest.approx(found["mean_iou"])
    assert pw.score(tmp_path / "plain").scores["mean_iou"] == pytest.approx(
        found["mean_iou_before"]
    )
    classes = read_description(json.loads((run / "config.json").read_text())["config"]["data"])
    own = classes.classes
    steps = read_steps(found["steps"], own, "multiclass")
    for name, stored in labels_in(folder).items():
        expected = apply_steps(own.to_index(plain[name]), steps, own)
        np.testing.assert_array_equal(own.to_index(stored), expected)
    about = json.loads((folder / "prediction.json").read_text())["post"]
    assert about["steps"] == found["steps"]
    assert about["chosen"]["gain"] == found["gain"]
    assert about["chosen"]["note"].startswith("optimistic: ")
    assert "optimistic" in capfd.readouterr().err

    path = run / "post.json"
    path.write_text(path.read_text().replace('"images": 20', '"images": 21'))
    other = pw.predict(run, split="train", out=tmp_path / "train", post=("auto",))
    assert '"images": 21' in path.read_text()  # read, not made again
    about = json.loads((other / "prediction.json").read_text())["post"]
    assert about["chosen"]["same_images"] is False
    assert "note" not in about["chosen"]
    path.write_text("{")
    pw.predict(run, split="train", out=tmp_path / "again", post=("auto",))
    assert json.loads(path.read_text())["steps"] == found["steps"]


@pytest.mark.usefixtures("specks")
def test_steps_by_hand_are_named_and_another_choice_is_not_gone_on_with(run, tmp_path):
    folder = pw.predict(run, out=tmp_path / "hand", post=("min-region=2",))
    about = json.loads((folder / "prediction.json").read_text())["post"]
    assert about == {"steps": ["min-region=2"], "chosen": None}
    plain = pw.predict(run, out=tmp_path / "hand", overwrite=True)
    assert "post" not in json.loads((plain / "prediction.json").read_text())


def test_overlapping_classes_are_changed_each_for_itself(tmp_path):
    data = make_set(tmp_path / "data", train=4, val=4)
    run = pw.train(**train_settings(data, tmp_path / "run"))
    folder = pw.predict(run, post=("min-region=30", "fill-holes"))
    assert (folder / "prediction.json").is_file()
    pw.predict(run, out=tmp_path / "auto", post=("auto",))
    assert json.loads((run / "post.json").read_text())["tried"] > 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"post": ("min-region",)}, r"post must be KIND"),
        ({"post": ("auto", "min-region=3")}, r"post must be auto, or steps"),
        ({"post": ("min-region=3:poles",)}, r"post must be of the classes"),
        ({"post": ("min-region=3",), "tile": (32, 32)}, r"post must be left out with .*tile"),
    ],
)
def test_steps_that_cannot_be_taken_are_refused(run, tmp_path, settings, message):
    with pytest.raises(ArgumentError, match=message):
        pw.predict(run, out=tmp_path / "out", **settings)
