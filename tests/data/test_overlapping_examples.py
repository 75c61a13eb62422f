"""Classes that overlap in training: planes move together, rare ones are drawn, shares are said."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import max_pool2d

import pixelwise as pw
from make import train_settings, write_image, write_stored
from overlapping import make_set
from pixelwise.data.augment import apply_function
from pixelwise.data.dataset import Augmentation, SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS, Preset
from pixelwise.errors import ArgumentError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.overlap.members import read_members
from pixelwise.plan.bad_images import FILE as BAD_IMAGES
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan
from pixelwise.run.setup import make_datasets
from pixelwise.weights.members import count_members
from pixelwise.weights.places import MOST_PLACES, draw_member_places, draw_places

CLASSES = Classes(["disc", "bar"], files=["disc", "bars"], values=[1, 255], ignore_values=[9])
CODE = """
def transposed(image, label, random):
    assert label.ndim == 3
    return image[::-1], label[:, ::-1]
def unknown(image, label, random):
    label[1, :2, :3] = 2
    return image, label
def one_plane(image, label, random):
    return image, label[0]
"""


@pytest.fixture
def shown(tmp_path):
    """An image whose red is 200 on the disc and whose blue is 200 on the bar, and 20 elsewhere."""
    make_set(tmp_path, train=1, val=1)
    y, x = np.mgrid[:96, :128]
    disc, bar = np.hypot(y - 40, x - 50) < 28, (x > 40) & (x < 75) & (y > 20)
    image = np.full((96, 128, 3), 20, np.uint8)
    image[disc, 0] = image[bar, 2] = 200
    write_image(tmp_path / "train/images/0.png", image)
    write_stored(tmp_path / "train/disc/0.png", disc.astype(np.uint8))
    write_stored(tmp_path / "train/bars/0.png", 255 * bar.astype(np.uint8))
    return read_description(tmp_path).pairs("train")


def away_from_borders(plane):
    """Pixels with one value in the 7 x 7 pixels around them, and no void."""
    padded = torch.nn.functional.pad(plane[None, None].float(), [3] * 4, value=255)
    same = max_pool2d(padded, 7, 1) == -max_pool2d(-padded, 7, 1)
    return same[0, 0] & (plane != 255)


@pytest.mark.parametrize("name", ["aerial", "strong", "rotation"])
@pytest.mark.parametrize("crop", [(64, 96), (96, 96)])
def test_every_plane_moves_with_the_image(shown, monkeypatch, name, crop):
    rotation = Preset("", upside_down=True, degrees=180, chance=1.0)
    monkeypatch.setitem(AUGMENTATIONS, "rotation", rotation)
    how = Augmentation(crop, zoom=(0.7, 1.5), flip=True, more=name)
    dataset = SegmentationDataset(shown, CLASSES, augmentation=how, seed=4)
    for epoch in range(20):
        image, target = dataset[epoch, 0]
        assert (image.shape, target.shape) == ((3, *crop), (2, *crop))
        assert target.dtype == torch.uint8
        for channel, plane in zip(image[[0, 2]], target):
            inside = away_from_borders(plane)
            assert inside.float().mean() > 0.1
            bright = channel[inside] > 110
            assert (bright == (plane[inside] == 1)).float().mean() > 0.97


def test_a_function_is_given_the_planes_and_checked_plane_by_plane(shown, module):
    how = Augmentation((64, 96), flip=True)
    plain = SegmentationDataset(shown, CLASSES, augmentation=how, seed=4)[3, 0]
    own = Augmentation((64, 96), flip=True, more=f"{module}:transposed")
    turned = SegmentationDataset(shown, CLASSES, augmentation=own, seed=4)[3, 0]
    assert torch.equal(plain[0].flip(1), turned[0])
    assert torch.equal(plain[1].flip(1), turned[1])
    image, label = np.zeros((8, 9, 3), np.uint8), np.zeros((2, 8, 9), np.uint8)
    random = np.random.default_rng(0)
    with pytest.raises(LabelError, match=r":unknown, class bar: label must be .*2 \(6 "):
        apply_function(f"{module}:unknown", image, label, random, CLASSES)
    with pytest.raises(ArgumentError, match=r"label must be \(2, 8, 9\) uint8.*got \(8, 9\)"):
        apply_function(f"{module}:one_plane", image, label, random, CLASSES)


def test_places_of_a_plane_are_those_of_the_class_alone(shown):
    members = read_members(shown[0], CLASSES)
    members[1, 21:23] = 255
    places = draw_member_places(members, 5, "a")
    for c, plane in enumerate(members):
        found = places.of(c)
        assert len(np.unique(found, axis=0)) == len(found) == MOST_PLACES
        assert (plane[tuple(found.T)] == 1).all()
    # class 1 of a label (H, W) that says where the disc is not
    alone = draw_places(members[0], 2, 5, "a").of(0)
    assert not (members[0][tuple(alone.T)]).any()
    assert len(draw_member_places(members * 0, 5, "a").classes) == 0


@pytest.mark.parametrize("sample", ["image-first", "class-first"])
def test_a_rare_class_that_overlaps_is_seen_more_often(tmp_path, sample):
    """A bar of 3 x 3 pixels in one image of six: its share in small crops rises."""
    data = make_set(tmp_path, train=6, val=1)
    for index in range(6):
        stored = np.zeros((48, 64), np.uint8)
        stored[40:43, 50:53] = 255 * (index == 2)
        write_stored(data / "train" / "bars" / f"{index}.png", stored)
    shares = {}
    for name in ("uniform", sample):
        config = TrainConfig(data, sample=name, sample_share=1.0, crop=(16, 16), flip=False)
        train, _ = make_datasets(make_plan(config, list))
        targets = [train[epoch, i][1] for epoch in range(1, 40) for i in range(6)]
        shares[name] = np.mean([float((t[1] == 1).any()) for t in targets])
    assert shares["uniform"] < 0.05
    assert shares[sample] > {"image-first": 0.06, "class-first": 0.5}[sample]


def test_a_run_says_which_share_of_each_plane_it_has_seen(tmp_path):
    """Over whole images each once: the share of each class in the pixels not void for it."""
    data = make_set(tmp_path / "data", train=4, val=2)
    runs = [
        pw.train(
            **train_settings(data, tmp_path / f"run{n}", augment="none", workers=n, epochs=2),
            crop=(48, 64),
        )
        for n in (0, 2)
    ]
    lines = [(run / "metrics.jsonl").read_text() for run in runs]
    assert lines[0] == lines[1]
    last = json.loads(lines[0].splitlines()[-1])
    description = read_description(data)
    counts = count_members(description.pairs("train"), description.classes)
    for name, (outside, inside) in zip(("disc", "bar"), counts.pixels.tolist()):
        assert last[f"train/seen/{name}"] == inside / (inside + outside)


def test_pairs_with_a_damaged_plane_are_left_out_where_that_is_asked(tmp_path):
    data = make_set(tmp_path / "data", train=5, val=2)
    path = data / "train" / "bars" / "3.png"
    content = path.read_bytes()
    path.write_bytes(content[:60] + b"\xff\0\xff\0" + content[64:])
    settings = train_settings(data, tmp_path / "run", sample="image-first")
    with pytest.raises(LabelError, match=r"bars.3\.png"):
        pw.train(**settings)
    run = pw.train(**settings, on_bad_image="skip")
    assert list(json.loads((run / BAD_IMAGES).read_text())["left_out"]["train"]) == ["3"]
    # a value that means nothing is no damage
    write_stored(path, np.full((48, 64), 7, np.uint8))
    with pytest.raises(LabelError, match=r"bars.3\.png: stored values must be .*got 7"):
        pw.train(**{**settings, "out": tmp_path / "other"}, on_bad_image="skip")


def test_a_run_that_was_stopped_goes_on_to_the_same_lines(tmp_path):
    data = make_set(tmp_path / "data", train=4, val=2)
    whole = pw.train(**train_settings(data, tmp_path / "whole", epochs=2, sample="class-first"))
    settings = train_settings(data, tmp_path / "parts", epochs=2, sample="class-first")
    parts = pw.train(**settings, max_minutes=1e-6)
    pw.train(resume=parts)
    assert (whole / "metrics.jsonl").read_text() == (parts / "metrics.jsonl").read_text()
