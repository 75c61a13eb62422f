"""What other tools get wrong in a score."""

import json
import pickle
from itertools import permutations

import numpy as np
import pytest
import torch
from PIL import Image

from pixelwise.cli import main
from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import write_label
from pixelwise.metrics.calibration import count_calibration
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.image_scores import mean_iou_i
from pixelwise.metrics.scores import (
    SCORES,
    classes_averaged,
    dice,
    frequency_weighted_iou,
    iou,
    mean_accuracy,
    mean_iou,
    pixel_accuracy,
)
from pixelwise.metrics.threshold import confusion_at, count_thresholds
from pixelwise.ops.backends import usable_backends
from pixelwise.ops.predict import confusion_matrix, predict_label
from pixelwise.ranks import distributed
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

HERE = usable_backends("cpu")

NAMES = ("ground", "disc", "bar")
VOID = 255


def scored_folders(folder, preds, labels, **options):
    """The configuration that scores label images written into a folder of the test."""
    Classes(NAMES).save(folder / "classes.toml")
    for kind, images in (("preds", preds), ("labels", labels)):
        (folder / kind).mkdir(exist_ok=True)
        for i, image in enumerate(images):
            write_label(folder / kind / f"{i}.png", np.asarray(image, np.uint8))
    classes = str(folder / "classes.toml")
    return ScoreConfig(folder / "preds", labels=folder / "labels", classes=classes, **options)


def words_of(config):
    return [
        *("score", str(config.predictions), "--labels", str(config.labels)),
        *("--classes", config.classes),
    ]


def draw(seed, shape=(7, 9)):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, shape).astype(np.uint8)
    pred = np.where(rng.random(shape) < 0.6, target, rng.integers(0, 3, shape)).astype(np.uint8)
    target[rng.random(shape) < 0.1] = VOID
    return pred, target


def test_a_class_absent_in_both_has_no_score():
    """NaN, left out of the mean, and the number of averaged classes says so."""
    counts = count_confusion(np.array([0, 0, 2]), np.array([0, 2, 2]), 4)
    assert np.isnan(iou(counts)[[1, 3]]).all()
    assert mean_iou(counts) == np.mean([1 / 2, 1 / 2])
    assert classes_averaged(counts).sum() == 2


def test_a_class_that_is_only_predicted_scores_0_and_its_convention_decides():
    """Never dropped silently: whether the mean takes it is in the convention's name."""
    counts = count_confusion(np.array([0, 0, 1]), np.array([0, 0, 0]), 2)
    assert iou(counts).tolist() == [2 / 3, 0]
    assert mean_iou(counts, "present") == 1 / 3
    assert mean_iou(counts, "target") == 2 / 3
    assert (classes_averaged(counts).sum(), classes_averaged(counts, "target").sum()) == (2, 1)


def test_nothing_valid_is_nan_and_the_command_exits_with_1(tmp_path, capsys):
    """No class is averaged, the file has null, and one clear sentence is on stderr."""
    screen = capsys
    counts = count_confusion(np.zeros(5, int), np.full(5, VOID), 3)
    assert np.isnan([mean_iou(counts), pixel_accuracy(counts)]).all()
    assert classes_averaged(counts).sum() == 0
    config = scored_folders(tmp_path, [np.zeros((4, 5))], [np.full((4, 5), VOID)])
    assert main(words_of(config)) == 1
    said = screen.readouterr()
    assert "nothing but void in 1 images" in said.err
    assert said.err.count("\n") == 1
    assert "0 of 3 classes" in said.out
    assert json.loads((config.predictions / "score.json").read_text())["scores"]["mean_iou"] is None


def test_counts_beyond_every_float_are_exact():
    """2^24 stops float32, 2^31 int32, 2^53 float64: one pixel more is still one pixel more."""
    for exponent in (24, 31, 53, 61):
        large = ConfusionCounts(np.array([[2**exponent, 0], [0, 1]]))
        total = large + ConfusionCounts(np.array([[1, 0], [1, 0]]))
        assert total.matrix.tolist() == [[2**exponent + 1, 0], [1, 1]]
        assert (total.valid, total.target_pixels.tolist()) == (
            2**exponent + 3,
            [2**exponent + 1, 2],
        )
        assert iou(total)[1] == 1 / 2
        assert dice(total)[1] == 2 / 3


def test_order_and_number_of_parts_change_no_bit():
    """Images in every order, merged from either side, and in any number of shards."""
    parts = [count_confusion(*draw(seed), 3) for seed in range(4)]
    total = sum(parts)
    assert all(sum(order) == total for order in permutations(parts))
    assert (parts[0] + parts[1]) + (parts[2] + parts[3]) == parts[0] + (parts[1] + sum(parts[2:]))
    for shards in (1, 2, 3, 5):
        merged = sum(sum(parts[i::shards], ConfusionCounts.zero(3)) for i in range(shards))
        assert {name: str(SCORES[name].fn(merged)) for name in SCORES} == {
            name: str(SCORES[name].fn(total)) for name in SCORES
        }


def test_uneven_shards_count_every_image_once(monkeypatch):
    """Seven images on four ranks: none is repeated to make the parts equal."""
    seen, patch = [], monkeypatch
    for rank in range(4):
        patch.setattr(distributed, "rank_and_world", lambda rank=rank: (rank, 4))
        seen += distributed.shard(range(7))
    assert sorted(seen) == list(range(7))


def test_the_mean_of_images_and_the_pooled_mean_have_names_of_their_own():
    """Pooled is the default; an average over images is asked for by name."""
    small = count_confusion(np.array([0, 1]), np.array([0, 0]), 2)
    large = count_confusion(np.repeat([0, 1], 50), np.repeat([0, 1], 50), 2)
    pooled = mean_iou(small + large)
    assert pooled == pytest.approx((51 / 52 + 50 / 51) / 2)
    assert mean_iou([small, large], "per_image") == pytest.approx((1 / 4 + 1) / 2)
    assert mean_iou_i([small, large]) == pytest.approx((1 / 2 + 1) / 2)
    with pytest.raises(ArgumentTypeError, match='a list, one record an image, for "per_image"'):
        mean_iou(small + large, "per_image")


def test_a_prediction_under_void_is_no_false_positive():
    """Whatever it is, even no class at all."""
    target = np.array([0, 1, VOID, VOID])
    expected = count_confusion(np.array([0, 1, 0, 0]), target, 3)
    assert count_confusion(np.array([0, 1, 2, 99]), target, 3) == expected
    assert iou(expected)[:2].tolist() == [1, 1]


def test_a_prediction_that_is_no_class_is_an_error_with_its_place():
    """Neither dropped from the union nor counted as another class; void is not a class either."""
    target = np.zeros((2, 3), int)
    for value in (3, 99, -1, VOID):
        pred = np.array([[0, 0, 0], [0, value, value]])
        message = rf"pred must be class indices 0\.\.2 or ignored, got {value} \(2 pixels, first at"
        with pytest.raises(ArgumentError, match=message + " y=1 x=1"):
            count_confusion(pred, target, 3)


def test_nan_logits_are_an_error_and_no_class():
    """argmax takes NaN for the largest; float predictions are refused as such."""
    logits, target = torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long)
    logits[0, 1, 1, 0] = float("nan")
    for backend in HERE:
        with pytest.raises(ArgumentError, match="got NaN at 1 pixels, first at n=0 y=1 x=0"):
            confusion_matrix(logits, target, backend=backend)
    with pytest.raises(ArgumentTypeError, match="take the argmax of logits"):
        count_confusion(logits.numpy(), target.numpy(), 3)


def test_ties_go_to_the_lowest_index():
    """On every backend, in every type."""
    target = torch.full((1, 2, 2), 2)
    for backend in HERE:
        for dtype in (torch.float32, torch.float64, torch.bfloat16):
            logits = torch.ones(1, 3, 2, 2, dtype=dtype)
            assert predict_label(logits, backend=backend).unique().tolist() == [0]
            assert confusion_matrix(logits, target, backend=backend)[2].tolist() == [4, 0, 0]


def test_sizes_that_differ_are_an_error_and_only_logits_are_interpolated(tmp_path):
    """A label image is never resized; logits are, inside, to the size of the target."""
    with pytest.raises(ArgumentError, match=r"pred must be as large as target.*nothing is resized"):
        count_confusion(np.zeros((2, 2), int), np.zeros((4, 4), int), 2)
    config = scored_folders(tmp_path, [np.zeros((2, 2))], [np.zeros((4, 4))])
    with pytest.raises(LabelError, match=r"size \(H, W\) must be \(4, 4\) as in .*got \(2, 2\)"):
        score(config)
    logits = torch.zeros(1, 2, 2, 2)
    assert confusion_matrix(logits, torch.zeros(1, 4, 4, dtype=torch.long)).sum() == 16


def test_a_probability_of_exactly_the_threshold_is_background():
    """Foreground is above it, in predictions, counts, sweeps and calibration."""
    logits, target = torch.zeros(1, 1, 1, 2), torch.tensor([[[0, 1]]])
    probs = logits.sigmoid().numpy()[0]
    for backend in HERE:
        label = predict_label(logits, activation="sigmoid", threshold=0.5, backend=backend)
        assert label.tolist() == [[[0, 0]]]
    counts = confusion_at(count_thresholds(probs[0], target[0].numpy()), 0.5)
    assert counts.matrix.tolist() == [[1, 0], [1, 0]]
    assert count_calibration(probs, target[0].numpy()).correct.sum() == 1
    assert "above" in predict_label.__doc__


def test_counts_before_the_first_image_twice_and_after_a_pickle():
    """Zero counts have no score, scoring changes nothing, and a copy is equal."""
    zero = ConfusionCounts.zero(3)
    assert np.isnan([mean_iou(zero), mean_accuracy(zero)]).all()
    counts = zero + count_confusion(*draw(0), 3)
    assert mean_iou(counts) == mean_iou(counts) == mean_iou(pickle.loads(pickle.dumps(counts)))
    assert zero == ConfusionCounts.zero(3)
    with pytest.raises(ValueError, match="read-only"):
        counts.matrix[0, 0] = 9


def test_weights_that_add_up_to_0_give_no_score():
    """Frequency-weighted IoU of nothing is NaN; a class without pixels has weight 0."""
    assert np.isnan(frequency_weighted_iou(ConfusionCounts.zero(3)))
    counts = count_confusion(np.array([0, 2]), np.array([0, 0]), 3)
    assert frequency_weighted_iou(counts) == 1 / 2


def test_grey_predictions_and_palette_labels_are_compared_by_value(tmp_path):
    """Colours are for viewers."""
    pred, target = draw(4)
    config = scored_folders(tmp_path, [pred], [target])
    by_palette = score(config)["confusion"]
    Image.fromarray(pred).save(config.predictions / "0.png")
    with Image.open(config.predictions / "0.png") as grey:
        assert grey.mode == "L"
    assert score(config)["confusion"] == by_palette
    assert by_palette == count_confusion(pred, target, 3).matrix.tolist()


def test_a_prediction_of_200_among_the_cityscapes_classes_is_an_error():
    """Where a table is indexed unchecked it is a write outside of it."""
    classes = Classes.named("cityscapes")
    target = np.zeros((2, 2), np.uint8)
    pred = np.array([[0, 200], [0, 0]], np.uint8)
    with pytest.raises(ArgumentError, match=r"got 200 \(1 pixel, first at y=0 x=1\)"):
        count_confusion(pred, target, len(classes), classes.ignore_index)
    with pytest.raises(LabelError, match=r"got 200 \(1 pixel"):
        classes.to_index(pred)


def test_scores_that_are_nan_are_null_in_json(tmp_path):
    """A NaN token is no JSON; --all has the most of them."""
    config = scored_folders(tmp_path, [np.zeros((3, 3))], [np.full((3, 3), VOID)], all=True)
    content = score(config)
    text = (config.predictions / "score.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == content
    assert {entry["iou"] for entry in content["per_class"]} == {None}


def test_identical_folders_score_exactly_1_and_disjoint_ones_exactly_0(tmp_path):
    """To the last bit, in every score of the file."""
    labels = [np.arange(9).reshape(3, 3) % 3, np.eye(3) * 2]
    same = score(scored_folders(tmp_path, labels, labels))
    other = score(scored_folders(tmp_path, [(label + 1) % 3 for label in labels], labels))
    assert set(same["scores"].values()) == {1.0}
    assert set(other["scores"].values()) == {0.0}


def test_totals_are_the_sums_of_the_images(tmp_path):
    """Exact integers: the confusion, valid and void pixels, and the pixels of the classes."""
    pairs = [draw(seed, (5 + seed, 6)) for seed in range(4)]
    content = score(scored_folders(tmp_path, *zip(*pairs)))
    total = np.zeros((3, 3), int)
    for image in content["images"]:
        for t, p, pixels in image["confusion"]:
            total[t, p] += pixels
    assert content["confusion"] == total.tolist()
    for key, kind in (("valid_pixels", "valid"), ("ignored_pixels", "ignored")):
        assert content[key] == sum(image[kind] for image in content["images"])
    assert content["valid_pixels"] + content["ignored_pixels"] == sum(t.size for _, t in pairs)
