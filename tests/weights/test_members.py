"""Counts and pos_weight of classes that overlap: by hand, in a file, in a training."""

import json

import numpy as np
import pytest
import torch
from tests.make import write_image, write_stored, write_toml

import pixelwise as pw
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError
from pixelwise.labels.description import read_description
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan

TOML = """task = "multilabel"
[[classes]]
name = "car"
[[classes]]
name = "wheel"
value = 255
""" + "".join(
    f'[splits.{name}]\nimages = "images"\nlabels = "{{class}}"\nmissing = "absent"\n'
    for name in ("train", "val")
)
# 16 pixels an image; 255 is void of car and the class wheel
CAR = {"a": [1] * 4 + [0] * 8 + [255] * 4, "b": [1] * 2 + [0] * 14}
WHEEL = {"a": [255] * 1 + [0] * 15}


@pytest.fixture
def data(tmp_path):
    """Car 6 of 28 pixels in two images, wheel 1 of 32 in one."""
    folder = tmp_path / "set"
    for name in "ab":
        write_image(folder / "images" / f"{name}.png", np.zeros((4, 4, 3), np.uint8))
    for kind, labels in (("car", CAR), ("wheel", WHEEL)):
        for name, values in labels.items():
            write_stored(folder / kind / f"{name}.png", np.array(values, np.uint8).reshape(4, 4))
    (folder / "dataset.toml").write_text(TOML)
    return folder


def test_pos_weight_is_pixels_outside_by_pixels_inside(data):
    """Void of a class is on neither side of it."""
    found = pw.weights(data)
    assert found.counts.pixels.tolist() == [[22, 6], [31, 1]]
    assert found.counts.ignored.tolist() == [4, 0]
    assert found.counts.images.tolist() == [2, 1]
    assert found.weights == pytest.approx((22 / 6, 31))
    description = read_description(data)
    counts = pw.count_members(description.pairs("train"), description.classes)
    assert pw.pos_weights(counts).tolist() == list(found.weights)
    text = found.text()
    assert "pixels outside / pixels inside" in text
    assert f"pixelwise train {data} --class-weights pos_weight" in text


def test_the_file_and_the_name_give_the_same_loss(data, tmp_path):
    """bce gets the weights of the train split by either; what its own text says stays."""
    file = tmp_path / "weights.json"
    pw.weights(data, method="pos_weight", out=file)
    assert json.loads(file.read_text())["schema"] == "pixelwise.pos_weights/1"
    for given in ("pos_weight", str(file)):
        config = TrainConfig(data, network="small", class_weights=given, out=tmp_path / "run")
        plan = make_plan(config, print)
        assert plan.class_weights == pytest.approx((22 / 6, 31))
        (_, bce), (_, dice) = plan.criterion.terms()
        assert bce.pos_weight.tolist() == pytest.approx([22 / 6, 31])
        assert not hasattr(dice, "pos_weight")
    config = TrainConfig(
        data, network="small", loss="bce(pos_weight=2)", class_weights="pos_weight", out=None
    )
    assert make_plan(config, print).criterion.pos_weight.tolist() == [2]


@pytest.mark.parametrize(
    ("value", "event"),
    [(255, "every pixel is void"), (0, "no pixel is inside of car, inside of wheel")],
)
def test_a_set_without_a_class_that_has_two_sides_is_named(data, value, event):
    """Whatever `zero` says: there is nothing that could be weighed."""
    for file in data.glob("car/*.png"):
        write_stored(file, np.full((4, 4), value, np.uint8))
    text = (data / "dataset.toml").read_text().replace("value = 255", "value = 7")
    (data / "dataset.toml").write_text(
        text.replace("[[classes]]", "ignore_values = [255]\n[[classes]]", 1)
    )
    for name in "ab":
        write_stored(data / "wheel" / f"{name}.png", np.full((4, 4), value, np.uint8))
    for zero in ("error", "zero"):
        with pytest.raises(ArgumentError, match=rf"{data}: split train: {event}\. No class can"):
            pw.weights(data, zero=zero)


def test_a_binary_task_has_one_pos_weight(tmp_path):
    """Background pixels / foreground pixels."""
    for split in ("train", "val"):
        write_image(tmp_path / split / "images" / "a.png", np.zeros((4, 4, 3), np.uint8))
        stored = np.array([128] * 4 + [0] * 12, np.uint8).reshape(4, 4)
        write_stored(tmp_path / split / "labels" / "a.png", stored)
    write_toml(tmp_path, ("ground", "disc"), binary=True)
    config = TrainConfig(tmp_path, network="small", class_weights="pos_weight", out=tmp_path / "r")
    assert make_plan(config, print).class_weights == (3,)


def test_one_number_weighs_the_positives_of_all_channels():
    """As torch broadcasts it; the command prints such a loss."""
    logits, target = torch.randn(2, 3, 4, 4), torch.randint(0, 2, (2, 3, 4, 4))
    one = pw.criterion("bce(pos_weight=2.5)", num_classes=1)(logits, target)
    each = pw.BinaryCrossEntropy(pos_weight=[2.5, 2.5, 2.5])(logits, target)
    torch.testing.assert_close(one, each)
    factor = torch.tensor(2.5)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target.float(), pos_weight=factor
    )
    torch.testing.assert_close(one, theirs)
    with pytest.raises(ArgumentError, match="weight must be"):
        pw.BinaryCrossEntropy(weight=[2.0])(logits, target)


@pytest.mark.parametrize(("zero", "weight"), [("zero", 0), ("max", 22 / 6)])
def test_a_class_without_a_side_weighs_what_is_said(data, zero, weight, capsys):
    """Nowhere or everywhere, there is no ratio; the counts are shown with the question."""
    (data / "wheel" / "a.png").unlink()
    write_stored(data / "wheel" / "a.png", np.zeros((4, 4), np.uint8))
    assert main(["weights", str(data)]) == 2
    shown = capsys.readouterr()
    assert "no pixel is inside of wheel" in shown.err
    assert "--zero zero" in shown.err
    assert "wheel" in shown.out
    assert pw.weights(data, zero=zero).weights == pytest.approx((22 / 6, weight))
    config = {"network": "small", "class_weights": "pos_weight"}
    with pytest.raises(ArgumentError, match="no pixel of split train is inside of wheel"):
        make_plan(TrainConfig(data, **config), print)
    plan = make_plan(TrainConfig(data, **config, zero=zero), print)
    assert plan.class_weights == pytest.approx((22 / 6, weight))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "enet"}, "method must be pos_weight for a multilabel task"),
        (
            {"html": "page.html"},
            "html: not for classes that overlap. The table of counts",
        ),
        ({"drop_background": 0.9}, "drop_background: not for classes that overlap"),
        ({"beta": 0.5}, "beta: not for classes that overlap"),
    ],
)
def test_settings_of_one_class_a_pixel_are_refused(data, settings, message):
    """In one sentence, before anything is read."""
    with pytest.raises(ArgumentError, match=message):
        pw.weights(data, **settings)


def test_a_file_of_the_other_kind_is_refused(data, tmp_path):
    """Class weights of softmax are no pos_weight; the message has the command that makes one."""
    file = tmp_path / "weights.json"
    content = {"schema": "pixelwise.weights/1", "weights": [1, 2]}
    file.write_text(json.dumps({**content, "classes": {"names": ["car", "wheel"]}}))
    config = TrainConfig(data, network="small", class_weights=str(file))
    message = "schema must be 'pixelwise.pos_weights/1' for a multilabel task.*--method pos_weight"
    with pytest.raises(ArgumentError, match=message):
        make_plan(config, print)


def test_all_wrong_files_are_counted(data):
    """The message of several names them."""
    description = read_description(data)
    for name in "ab":
        write_stored(data / "car" / f"{name}.png", np.full((4, 4), 7, np.uint8))
    with pytest.raises(LabelError, match=r"count_members.*2 label files are wrong"):
        pw.count_members(description.pairs("train"), description.classes)


def test_counts_of_one_class_a_pixel_are_told_apart():
    """Either function says which counts it takes."""
    counts = pw.LabelCounts([60, 30], [1, 1], 0, 1, [90, 90])
    with pytest.raises(ArgumentTypeError, match=r"a MemberLabelCounts, got LabelCounts.*count_"):
        pw.pos_weights(counts)
    with pytest.raises(ArgumentTypeError, match=r"a LabelCounts, got MemberLabelCounts.*pos_weigh"):
        pw.class_weights(pw.MemberLabelCounts(np.ones((2, 2)), np.zeros(2), np.ones(2), 1))


def test_count_labels_says_what_counts_classes_that_overlap(data):
    """Instead of a number that is not one."""
    description = read_description(data)
    files = [pair.labels[0] for pair in description.pairs("train")]
    with pytest.raises(LabelError, match=r"these classes overlap.*count_members\(pairs, classes"):
        pw.count_labels(files, description.classes)
