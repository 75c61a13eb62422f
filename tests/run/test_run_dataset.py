"""Pairs as tensors: sizes, padding, and the same example for the same (seed, epoch, index)."""

import numpy as np
import pytest
import torch

from make import make_dataset, train_settings
from pixelwise.errors import LabelError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.run.config import TrainConfig
from pixelwise.run.dataset import Augmentation, SegmentationDataset, augment
from pixelwise.run.plan import make_plan

CLASSES = Classes(["ground", "disc", "bar"], values=[0, 128, 7], ignore_values=[11])
HOW = Augmentation(crop=(40, 50), scale=1.0, zoom=(0.5, 2.0), flip=True, color=0.3)


@pytest.fixture
def pairs(tmp_path):
    folder = make_dataset(tmp_path)
    return find_pairs(folder / "train" / "images", folder / "train" / "labels")


def test_for_evaluation_the_target_keeps_its_size(pairs):
    """The image goes to the nearest multiple of 32, the target stays as it is on disk."""
    image, target = SegmentationDataset(pairs, CLASSES)[0]
    assert (image.shape, image.dtype) == ((3, 32, 32), torch.uint8)
    assert (target.shape, target.dtype) == ((33, 47), torch.uint8)
    assert set(target.unique().tolist()) <= {0, 1, 2, 255}


def test_an_example_depends_on_seed_epoch_and_index_alone(pairs):
    """Asked twice, in any order, it is the same; another epoch or seed gives another."""
    dataset = SegmentationDataset(pairs, CLASSES, 1.0, HOW, seed=7)
    first = dataset[(3, 1)]
    dataset[(0, 0)]
    torch.manual_seed(1)
    again = dataset[(3, 1)]
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first[0], dataset[(4, 1)][0])
    assert not torch.equal(
        first[0], SegmentationDataset(pairs, CLASSES, 1.0, HOW, seed=8)[(3, 1)][0]
    )


def test_examples_have_the_crop_and_only_known_classes(pairs):
    """Scaled down, the image shrinks and the target does not."""
    how = Augmentation(crop=(60, 90), scale=0.5, zoom=(0.5, 2.0), flip=True, color=0.3)
    dataset = SegmentationDataset(pairs, CLASSES, 0.5, how)
    for epoch in range(5):
        image, target = dataset[(epoch, 0)]
        assert image.shape == (3, 32, 32)
        assert target.shape == (60, 90)
        assert set(target.unique().tolist()) <= {0, 1, 2, 255}


def test_what_lies_beyond_the_picture_is_void():
    """A small image of one class in a larger crop: the class inside, void around it."""
    image = torch.full((3, 20, 24), 77, dtype=torch.uint8)
    target = torch.full((20, 24), 1, dtype=torch.uint8)
    how = Augmentation(crop=(64, 64))
    picture, label = augment(image, target, how, np.random.default_rng(0), 255)
    assert (label == 1).sum() == 20 * 24
    assert (label == 255).sum() == 64 * 64 - 20 * 24
    assert picture.unique().tolist() == [77]


@pytest.mark.parametrize("seed", range(5))
def test_image_and_target_stay_on_top_of_each_other(seed):
    """Where the image shows the label's own values, it still does after cropping and zooming."""
    y, x = np.mgrid[:64, :64]
    label = torch.from_numpy((np.hypot(y - 30, x - 35) < 18).astype(np.uint8))
    image = (label * 200).expand(3, 64, 64).contiguous()
    how = Augmentation(crop=(64, 64), zoom=(0.5, 2.0), flip=True)
    picture, target = augment(image, label, how, np.random.default_rng(seed), 255)
    shown = picture[0] > 100
    agree = (shown == (target == 1))[target != 255].float().mean()
    assert agree > 0.985


def test_more_than_256_classes_fit_into_a_target(tmp_path):
    """uint16 labels become int32 targets."""
    from PIL import Image

    Image.fromarray(np.full((8, 8), 300, np.uint16)).save(tmp_path / "label.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "image.png")
    classes = Classes([f"c{i}" for i in range(400)], ignore_index=65535)
    pair = Pair("x", tmp_path / "image.png", tmp_path / "label.png")
    _, target = SegmentationDataset([pair], classes)[0]
    assert (target.dtype, target.unique().tolist()) == (torch.int32, [300])


def test_a_label_of_another_size_is_refused(pairs):
    mixed = Pair("x", pairs[0].image, pairs[1].label)
    with pytest.raises(LabelError, match=r"size must be that of the image, got \(37, 41\) for"):
        SegmentationDataset([mixed], CLASSES)[0]


def test_files_without_a_partner_are_left_out_and_said(tmp_path):
    """As dataset.toml asks for; without that they are an error."""
    data = make_dataset(tmp_path / "data")
    (data / "train/labels/00.png").unlink()
    config, lines = TrainConfig(**train_settings(data, tmp_path / "run")), []
    with pytest.raises(PairingError, match=r"every image must have a label, got 1 without"):
        make_plan(config, lines.append)
    toml = data / "dataset.toml"
    toml.write_text(toml.read_text() + 'unpaired = "skip"\n')
    toml.write_text(toml.read_text().replace("[splits.val]", 'unpaired = "skip"\n[splits.val]'))
    plan = make_plan(config, lines.append)
    assert (len(plan.train), len(plan.val)) == (5, 2)
    assert [line for line in lines if "partner" in line] == [
        "train: 1 file without a partner left out: 00.png"
    ]
