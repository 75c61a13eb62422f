"""Examples around pixels of classes: they show them, and depend on (seed, epoch, index) alone."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import pixelwise as pw
from make import make_dataset, train_settings, write_image, write_stored
from pixelwise.data.choice import Choice
from pixelwise.data.dataset import Augmentation, SegmentationDataset, draw_cut
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import find_pairs
from pixelwise.labels.png import read_label
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan
from pixelwise.weights.counts import LabelCounts, count_labels
from pixelwise.weights.places import counts_and_places, draw_places

CLASSES = Classes(["ground", "disc", "bar"], values=[0, 128, 7], ignore_values=[11])


@pytest.fixture
def pairs(tmp_path):
    folder = make_dataset(tmp_path)
    return find_pairs(folder / "train" / "images", folder / "train" / "labels")


def test_places_are_pixels_of_their_class_and_at_most_64():
    index = np.random.default_rng(0).choice([0, 1, 2, 255], (90, 70), p=[0.9, 0.09, 0.005, 0.005])
    places = draw_places(index.astype(np.uint8), 4, 3, "a")
    for c, number in zip(range(4), [64, 64, (index == 2).sum(), 0]):
        found = places.of(c)
        assert len(np.unique(found, axis=0)) == len(found) == number
        assert (index[tuple(found.T)] == c).all()
    assert places.of(255).shape == (0, 2)


def test_every_pixel_of_a_class_has_the_same_chance():
    index = np.zeros((4, 25), np.uint8)
    drawn = [draw_places(index, 1, seed, "a", most=10).flat for seed in range(2000)]
    pixels = np.bincount(np.concatenate(drawn), minlength=100)
    assert abs(pixels - 200).max() < 5 * np.sqrt(200 * 0.9)


def test_counts_are_those_of_count_labels_and_places_those_of_one_thread(pairs):
    with ThreadPoolExecutor(3) as executor:
        found = list(counts_and_places(pairs, CLASSES, 5, executor))
    counts = sum((one for one, _ in found), start=LabelCounts.zero(3))
    assert counts == count_labels(pairs, CLASSES)
    for pair, (_, places) in zip(pairs, found):
        alone = draw_places(CLASSES.to_index(read_label(pair.label)), 3, 5, pair.id)
        assert np.array_equal(places.flat, alone.flat)
        assert np.array_equal(places.classes, alone.classes)


def test_a_window_has_its_place_and_stays_in_the_image():
    """Wherever the place is; and it lies anywhere in the window, not in its middle."""
    how, offsets = Augmentation((20, 30), zoom=(0.8, 2.0)), []
    for seed in range(3000):
        random = np.random.default_rng((1, seed))
        place = int(random.integers(90)), int(random.integers(100))
        cut = draw_cut((90, 100), how, random, place)
        rows, columns = cut.inside((90, 100))
        assert (rows[1] - rows[0], columns[1] - columns[0]) == (cut.height, cut.width)
        assert rows[0] <= place[0] < rows[1]
        assert columns[0] <= place[1] < columns[1]
        inside = 30 <= place[0] < 60
        offsets += [(place[0] - cut.top) / cut.height] * inside
    shares = np.histogram(offsets, 5, (0, 1))[0] / len(offsets)
    assert abs(shares - 0.2).max() < 0.05


def test_an_image_smaller_than_the_window_is_in_it_whole():
    cut = draw_cut((10, 12), Augmentation((20, 30)), np.random.default_rng(0), (9, 0))
    assert cut.inside((10, 12)) == ((0, 10), (0, 12))


def rare(folder):
    """Twenty images of ground, of which one has four pixels of bar."""
    for i in range(20):
        label = np.zeros((80, 80), np.uint8)
        label[50:52, 20:22] = 7 * (i == 3)
        write_image(folder / "images" / f"{i:02}.png", np.zeros((80, 80, 3), np.uint8))
        write_stored(folder / "labels" / f"{i:02}.png", label)
    return find_pairs(folder / "images", folder / "labels")


def share_with_bar(pairs, first, share):
    found = list(counts_and_places(pairs, CLASSES, 0))
    pixels = sum((one for one, _ in found), start=LabelCounts.zero(3)).pixels
    choice = Choice([places for _, places in found], pixels, first, share)
    how = Augmentation((16, 16))
    dataset = SegmentationDataset(pairs, CLASSES, 1.0, how, seed=2, choice=choice)
    keys = [(epoch, i) for epoch in range(15) for i in range(20)]
    return np.mean([(dataset[key][1] == 2).any().item() for key in keys]), choice


def test_a_rare_class_is_seen_as_often_as_is_stated(tmp_path):
    """Of 300 crops: almost none uniformly; image-first as often as half of one image's."""
    pairs = rare(tmp_path)
    uniform, _ = share_with_bar(pairs, False, 0.0)
    image_first, _ = share_with_bar(pairs, False, 1.0)
    class_first, choice = share_with_bar(pairs, True, 1.0)
    assert uniform < 0.02
    assert 0.005 <= image_first < 0.06
    assert class_first == pytest.approx(choice.chances[2], abs=0.05)
    f = np.array([20 * 6400 - 4, 4])
    expected = f**-0.5 / (f**-0.5).sum()
    assert np.allclose(choice.chances, [expected[0], 0, expected[1]])


def test_the_share_of_chosen_crops_is_that_asked_for(tmp_path):
    _, choice = share_with_bar(rare(tmp_path), True, 0.33)
    chosen = [choice.of(0, epoch, i)[1] is not None for epoch in range(100) for i in range(20)]
    assert np.mean(chosen) == pytest.approx(0.33, abs=0.04)
    assert [choice.of(0, 4, 5), choice.of(0, 4, 6)] == [choice.of(0, 4, 5), choice.of(0, 4, 6)]


def test_what_is_not_chosen_is_the_uniform_example(pairs):
    """Bit for bit; and the pair that is named is the one that was cut."""
    found = list(counts_and_places(pairs, CLASSES, 0))
    pixels = sum((one for one, _ in found), start=LabelCounts.zero(3)).pixels
    choice = Choice([places for _, places in found], pixels, True, 0.4)
    how = Augmentation((20, 30), zoom=(0.5, 2), flip=True, color=0.3)
    plain = SegmentationDataset(pairs, CLASSES, 1.0, how, seed=2)
    dataset = SegmentationDataset(pairs, CLASSES, 1.0, how, seed=2, choice=choice)
    keys = [(epoch, i) for epoch in range(9) for i in range(len(pairs))]
    free = [key for key in keys if choice.of(2, *key)[1] is None]
    assert 0.4 < len(free) / len(keys) < 0.8
    for key in free:
        assert all(map(torch.equal, dataset[key], plain[key]))
    assert all(dataset.pair_of(key) == pairs[choice.of(2, *key)[0]] for key in keys)


def test_an_image_of_void_alone_is_cut_anywhere():
    places = draw_places(np.full((9, 9), 255, np.uint8), 3, 0, "a")
    for first in (True, False):
        choice = Choice([places], np.zeros(3, np.int64), first, 1.0)
        assert choice.of(0, 0, 0) == (0, None)


def lines_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seen" in k} for line in lines if "val/miou" in line]


@pytest.mark.parametrize("sample", ["image-first", "class-first"])
def test_a_run_says_what_it_has_seen_the_same_with_any_number_of_workers(tmp_path, sample):
    data = make_dataset(tmp_path / "data")
    settings = {"sample": sample, "sample_share": 1.0, "epochs": 2, "crop": (16, 16)}
    runs = [
        pw.train(**train_settings(data, tmp_path / f"run{n}", workers=n, **settings))
        for n in (0, 2)
    ]
    seen, again = map(lines_of, runs)
    assert seen == again
    assert [list(line) for line in seen] == [[f"train/seen/{n}" for n in CLASSES.names]] * 2
    assert all(sum(line.values()) == pytest.approx(1) for line in seen)
    weights = [(run / "last" / "weights.safetensors").read_bytes() for run in runs]
    assert weights[0] == weights[1]
    log = (runs[0] / "log.txt").read_text()
    assert "seen in epoch 2: ground" in log


def test_places_are_read_only_where_they_are_asked_for(tmp_path):
    data, lines = make_dataset(tmp_path / "data"), []
    plans = [
        make_plan(TrainConfig(**train_settings(data, tmp_path / "run", sample=s)), lines.append)
        for s in ("uniform", "class-first")
    ]
    assert [len(plan.places) for plan in plans] == [0, len(plans[1].train)]
    assert plans[0].counts == plans[1].counts


def datasets_of(folder, labels, first, crop):
    """Examples that all show a chosen pixel, of labels without void values of their own."""
    classes = Classes([f"c{i}" for i in range(150)], ignore_values=[255])
    for number, label in enumerate(labels):
        write_image(folder / "images" / f"{number}.png", np.zeros((*label.shape, 3), np.uint8))
        write_stored(folder / "labels" / f"{number}.png", label)
    pairs = find_pairs(folder / "images", folder / "labels")
    found = list(counts_and_places(pairs, classes, 0))
    pixels = sum((one for one, _ in found), start=LabelCounts.zero(150)).pixels
    choice = Choice([places for _, places in found], pixels, first, 1.0)
    return SegmentationDataset(pairs, classes, 1.0, Augmentation(crop), seed=2, choice=choice)


@pytest.mark.parametrize("first", [True, False])
def test_classes_of_one_pixel_in_images_smaller_than_the_crop_are_shown(tmp_path, first):
    """150 classes, some of one pixel, an image of void, images of one pixel and of one row."""
    labels = [
        np.pad(np.arange(140, dtype=np.uint8).reshape(10, 14), 3),
        np.full((9, 9), 255, np.uint8),
        np.full((1, 1), 149, np.uint8),
        np.arange(100, 150, dtype=np.uint8)[None],
    ]
    dataset = datasets_of(tmp_path, labels, first, (16, 64))
    shown = set()
    keys = [(epoch, i) for epoch in range(120) for i in range(4)]
    for key in keys:
        chosen = dataset.choice.drawn(2, *key)
        _, target = dataset[key]
        assert target.shape == (16, 64)
        if chosen is None:
            assert (target == 255).all()
        else:
            assert (target == chosen.class_index).any()
            shown.add(chosen.class_index)
    assert len(shown) > 90
    assert 149 in shown
