"""Copy-paste: the pixels of one class and its void ring on top of an example, exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import pixelwise as pw
from make import make_dataset, train_settings, write_image, write_stored
from pixelwise.data.choice import PASTED, Choice
from pixelwise.data.cut import Augmentation
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.paste import grown, pixels_of_class
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import find_pairs
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.places import counts_and_places

CLASSES = Classes(["ground", "disc", "bar"], ignore_values=[255])
HOW = Augmentation((64, 64))


@pytest.fixture
def pairs(tmp_path):
    """Five images of ground and one of a bar with a void ring; each has a grey level of its own."""
    for number in range(6):
        label = np.zeros((90, 100), np.uint8)
        grey = np.full((90, 100, 3), 10 * number, np.uint8)
        if number == 3:
            label[38:62, 48:56] = 255
            label[40:60, 50:54] = 2
            label[0:20, 0:30] = 255  # void that touches no bar
            grey[40:60, 50:54] = 200
        write_image(tmp_path / "images" / f"{number}.png", grey)
        write_stored(tmp_path / "labels" / f"{number}.png", label)
    return find_pairs(tmp_path / "images", tmp_path / "labels")


def datasets(pairs, how=HOW, share=1.0, only=(2,)):
    """The examples with pasted bars, and the same ones without."""
    found = list(counts_and_places(pairs, CLASSES, 0))
    pixels = sum((one for one, _ in found), start=LabelCounts.zero(3)).pixels
    chosen = np.isin(np.arange(3), only)
    paste = Choice([places for _, places in found], pixels, True, share, chosen, PASTED)
    plain = SegmentationDataset(pairs, CLASSES, how.scale, how, seed=4)
    return SegmentationDataset(pairs, CLASSES, how.scale, how, seed=4, paste=paste), plain


KEYS = [(epoch, index) for epoch in range(6) for index in range(6)]


def test_a_pasted_pixel_has_the_label_and_the_image_of_its_source(pairs):
    """Bar and its ring are new, to the pixel; all else is the example without it, bit for bit."""
    with_bars, plain = datasets(pairs)
    for key in (key for key in KEYS if key[1] != 3):
        (image, target), (image_before, before) = with_bars[key], plain[key]
        changed = (image != image_before).any(0)
        assert torch.equal(image[0] == 200, target == 2)
        assert (target == 2).any()
        ring = (target == 255) & changed
        assert torch.equal(changed, (target == 2) | (target == 255))
        assert (image[:, ring] == 30).all()  # the grey level of the image with the bar
        assert torch.equal(target[~changed], before[~changed])


def test_the_whole_object_and_its_ring_are_pasted_where_the_crop_has_them(pairs):
    """80 pixels of bar and 112 of ring, of an object that lies in the crop as a whole."""
    with_bars, _ = datasets(pairs)
    sizes = {
        tuple(int((with_bars[key][1] == value).sum()) for value in (2, 255))
        for key in KEYS
        if key[1] != 3
    }
    assert (80, 112) in sizes
    assert max(sizes) == (80, 112)


@pytest.mark.parametrize("more", ["default", "aerial", "strong"])
def test_image_and_label_stay_together_with_zoom_mirror_and_presets(pairs, more):
    """Where colours do not change, the grey of a bar is where its label is, but for its border."""
    how = Augmentation((64, 96), scale=1.0, zoom=(0.7, 1.5), flip=True, more=more)
    with_bars, _ = datasets(pairs, how)
    agree = [
        ((image[0] > 110) == (target == 2))[target != 255].float().mean()
        for image, target in (with_bars[key] for key in KEYS)
    ]
    assert np.median(agree) > 0.99


def test_what_is_pasted_depends_on_seed_epoch_and_index_alone(pairs):
    how = Augmentation((50, 70), zoom=(0.5, 2), flip=True, color=0.3)
    with_bars, plain = datasets(pairs, how, share=0.5, only=(0, 1, 2))
    first = [with_bars[key] for key in KEYS]
    torch.manual_seed(3)
    assert all(
        torch.equal(a, b) for one, key in zip(first, KEYS) for a, b in zip(one, with_bars[key])
    )
    untouched = [i for i, key in enumerate(KEYS) if with_bars.pasted_into(key) is None]
    assert 0.3 < len(untouched) / len(KEYS) < 0.7
    for i in untouched:
        assert all(map(torch.equal, first[i], plain[KEYS[i]]))
    epochs = [with_bars.pasted_into((epoch, 0)) for epoch in range(40)]
    assert len({paste and paste.seed for paste in epochs}) > 10


def test_rare_classes_are_pasted_first_and_only_those_that_are_named(pairs):
    every, _ = datasets(pairs, only=(0, 1, 2))
    keys = [(epoch, index) for epoch in range(60) for index in range(6)]
    shares = np.mean([every.pasted_into(key).class_index == 2 for key in keys])
    f = np.array([6 * 9000 - 600 - 192, 80])
    assert shares == pytest.approx((f**-0.5 / (f**-0.5).sum())[1], abs=0.06)
    bars, _ = datasets(pairs, only=(1, 2))  # no pixel is disc
    assert {bars.pasted_into(key).class_index for key in keys} == {2}
    none, _ = datasets(pairs, only=(1,))
    assert none.pasted_into((0, 0)) is None


def test_a_ring_is_void_joined_to_the_class_within_its_steps():
    mask = np.zeros((9, 12), bool)
    mask[4, 2] = True
    into = np.zeros((9, 12), bool)
    into[3:6, 1:7] = into[4, 9:] = True
    assert grown(mask, into, 3).sum() == 3 * 5  # columns 1 to 5
    assert not grown(mask, into, 50)[4, 9:].any()
    target = np.where(mask, 2, np.where(into, 255, 0)).astype(np.uint8)
    inside = np.ones((9, 12), bool)
    inside[5] = False
    assert not pixels_of_class(target, 2, 255, inside, 3)[5].any()
    assert pixels_of_class(np.stack([target * 0, (target == 2)]), 1, 255, None, 3).sum() == 1


def test_void_beyond_the_image_is_not_a_ring(tmp_path):
    """An image smaller than the crop, a class that fills it: nothing but the image is pasted."""
    for number, value in enumerate((0, 2)):
        write_image(tmp_path / "images" / f"{number}.png", np.full((20, 24, 3), 90, np.uint8))
        write_stored(tmp_path / "labels" / f"{number}.png", np.full((20, 24), value, np.uint8))
    dataset, _ = datasets(find_pairs(tmp_path / "images", tmp_path / "labels"), only=(2,))
    for epoch in range(10):
        _, target = dataset[epoch, 0]
        assert (target == 2).sum() == 20 * 24
        assert (target == 255).sum() <= 64 * 64 - 20 * 24


def test_an_error_names_the_pair_that_could_not_be_pasted(pairs):
    with_bars, _ = datasets(pairs)
    data = pairs[3].image.read_bytes()
    pairs[3].image.write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"3\.png") as caught:
        with_bars[1, 0]
    assert with_bars.pair_of((1, 0), caught.value) == pairs[3]
    assert with_bars.pair_of((1, 0)) == pairs[0]


def test_a_run_pastes_the_same_with_any_number_of_workers(tmp_path):
    data = make_dataset(tmp_path / "data")
    changes = {"copy_paste": 0.8, "paste_classes": ["bar"], "crop": (16, 16), "workers": 0}
    runs = [
        pw.train(**train_settings(data, tmp_path / f"run{n}", **(changes | {"workers": n})))
        for n in (0, 2)
    ]
    plain = pw.train(**train_settings(data, tmp_path / "plain", crop=(16, 16)))
    weights, again, without = (
        (run / "last" / "weights.safetensors").read_bytes() for run in (*runs, plain)
    )
    assert weights == again != without
    pw.train(resume=runs[0])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["bars"], "paste_classes must be names of classes: ground, disc, bar, got bars"),
        (
            ["bar", "disc"],
            "no pixel of split train is bar, so it cannot be pasted. Leave it out of",
        ),
    ],
)
def test_classes_that_cannot_be_pasted_are_one_sentence(tmp_path, names, message):
    data = make_dataset(tmp_path / "data")
    for file in (data / "train" / "labels").iterdir():
        write_stored(file, np.full(np.array(pw.read_label(file)).shape, 128, np.uint8))
    config = TrainConfig(**train_settings(data, tmp_path / "run", copy_paste=0.5))
    with pytest.raises(ArgumentError, match=message):
        make_plan(replace(config, paste_classes=tuple(names)), print)
    with pytest.raises(ArgumentError, match="paste_classes must be left out without copy_paste"):
        replace(config, copy_paste=0.0, paste_classes=tuple(names))
