"""A rotated crop: nothing is void that the image has, and a chosen pixel is in it."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from make import write_image, write_stored
from pixelwise.data.dataset import Augmentation, SegmentationDataset, draw_cut, read_example
from pixelwise.data.presets import AUGMENTATIONS, Preset
from pixelwise.data.rotation import Rotation, draw_rotation
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import find_pairs

CLASSES = Classes(["ground", "disc", "bar"])
ROTATION = Preset("", degrees=180, chance=1.0)


@pytest.fixture(autouse=True)
def preset(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "rotation", ROTATION)


def a_pair(folder, label):
    write_image(folder / "images" / "a.png", np.dstack([label * 100] * 3).astype(np.uint8))
    write_stored(folder / "labels" / "a.png", label)
    return find_pairs(folder / "images", folder / "labels")


def void_shares(pairs, how, number=60):
    dataset = SegmentationDataset(pairs, CLASSES, how.scale, how, seed=4)
    targets = [dataset[(epoch, 0)][1] for epoch in range(number)]
    assert {tuple(target.shape) for target in targets} == {how.crop}
    return np.array([(target == 255).float().mean().item() for target in targets])


@pytest.mark.parametrize("crop", [(64, 64), (40, 90), (33, 7)])
@pytest.mark.parametrize("zoom", [(1, 1), (0.8, 2)])
def test_no_pixel_is_void_where_the_image_is_large_enough(tmp_path, crop, zoom):
    pairs = a_pair(tmp_path, np.zeros((130, 140), np.uint8))
    how = Augmentation(crop, zoom=zoom, flip=True, more="rotation")
    assert void_shares(pairs, how).max() == 0


def rotated_after_the_crop(how, number=60):
    """Void of the crop alone, rotated: what is beyond it is missing, whatever the image has."""
    random = np.random.default_rng(0)
    whole = torch.zeros(1, *how.crop)
    angles = [float(random.uniform(-180, 180)) for _ in range(number)]
    return np.array([functional.rotate(whole, a, fill=[1.0]).mean().item() for a in angles])


def test_the_larger_crop_leaves_less_void_than_a_rotation_after_the_crop(tmp_path):
    """A crop of the whole image has no more to take; of two thirds of it half of the void goes."""
    pairs = a_pair(tmp_path, np.zeros((96, 144), np.uint8))
    whole = Augmentation((96, 144), more="rotation")
    assert void_shares(pairs, whole).mean() < rotated_after_the_crop(whole).mean() + 0.02
    part = Augmentation((64, 96), more="rotation")
    assert rotated_after_the_crop(part).mean() > 0.15
    assert void_shares(pairs, part).mean() < 0.06


@pytest.mark.parametrize("place", [(0, 0), (0, 139), (129, 70), (60, 60), (128, 138)])
@pytest.mark.parametrize("crop", [(40, 60), (20, 90), (64, 64)])
def test_a_rotated_crop_has_its_place(tmp_path, place, crop):
    """Wherever the place is, also where the image ends; a pixel beside it may be cut off."""
    label = np.zeros((130, 140), np.uint8)
    row, column = place
    label[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 2
    (pair,) = a_pair(tmp_path, label)
    how, places = Augmentation(crop, flip=True, more="rotation"), []
    for seed in range(40):
        _, target = read_example(pair, CLASSES, how, np.random.default_rng(seed), True, place)
        found = np.argwhere(target.numpy() == 2)
        assert len(found)
        places.append(found.mean(0) / crop)
    assert np.ptp(places, axis=0).min() > 0.5  # anywhere in the crop, not in its middle


def test_a_window_of_a_place_inside_the_image_stays_in_it():
    random = np.random.default_rng(0)
    for _ in range(200):
        rotation = draw_rotation((30, 40), ROTATION, random)
        how = Augmentation(rotation.larger)
        cut = draw_cut((200, 220), how, random, (100, 110), rotation)
        rows, columns = cut.inside((200, 220))
        assert (rows[1] - rows[0], columns[1] - columns[0]) == (cut.height, cut.width)


@pytest.mark.parametrize("degrees", [0.0, 90.0, -90.0, 180.0])
@pytest.mark.parametrize("crop", [(20, 30), (30, 20), (21, 21), (7, 91)])
def test_right_angles_are_exact(degrees, crop):
    """They are those of numpy, about the centre; a mirrored crop is rotated the other way."""
    rotation = Rotation(degrees, crop)
    label = np.random.default_rng(1).integers(0, 3, rotation.larger, np.uint8)
    image = torch.from_numpy(np.stack([label, 5 * label, 9 * label]))
    full = np.rot90(label, round(degrees / 90))
    top, left = ((have - wanted) // 2 for have, wanted in zip(full.shape, crop))
    expected = full[top : top + crop[0], left : left + crop[1]]
    found, target = rotation.apply(image, label, False, 255)
    assert np.array_equal(target, expected)
    assert np.array_equal(found[2].numpy(), 9 * expected)
    mirrored = rotation.apply(image.flip(-1), label[:, ::-1].copy(), True, 255)[1]
    assert np.array_equal(mirrored, expected[:, ::-1])


def test_planes_of_classes_that_overlap_rotate_like_one_label():
    rotation = Rotation(33.0, (20, 31))
    planes = np.random.default_rng(1).integers(0, 2, (4, *rotation.larger), np.uint8)
    image = torch.zeros(3, *rotation.larger, dtype=torch.uint8)
    together = rotation.apply(image, planes, False, 255)[1]
    alone = [rotation.apply(image, plane, False, 255)[1] for plane in planes]
    assert together.dtype == np.uint8
    assert np.array_equal(together, np.stack(alone))
