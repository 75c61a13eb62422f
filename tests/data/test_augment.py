"""Presets and functions of the user: image and label move together, chance is of the key alone."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import max_pool2d

import pixelwise as pw
from make import make_dataset, train_settings, write_image, write_stored
from pixelwise.data.augment import apply_function, find_augmentation, recolor_more
from pixelwise.data.dataset import Augmentation, SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS, Preset
from pixelwise.errors import ArgumentError, LabelError, RunError
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import find_pairs
from pixelwise.networks import trust
from pixelwise.plan.config import TrainConfig

CLASSES = Classes(["ground", "disc", "bar"], values=[0, 128, 7], ignore_values=[11])
GREY = np.array([20, 120, 220], np.uint8)  # of each class in a drawn image
CODE = """
import numpy as np
def same(image, label, random):
    return image, label
def upside_down(image, label, random):
    return image[::-1], label[::-1]
def noise(image, label, random):
    return random.integers(0, 256, image.shape, np.uint8), label
def unknown(image, label, random):
    label[:2, :3] = 77
    return image, label
def void(image, label, random):
    label[:] = 255
    return image, label
def cropped(image, label, random):
    return image[1:], label[1:]
def wide(image, label, random):
    return image, label.astype(np.int64)
def floats(image, label, random):
    return image / 255, label
def one(image, label, random):
    return image
def breaks(image, label, random):
    raise KeyError("lost")
number = 3
"""


@pytest.fixture
def drawn(tmp_path):
    """An image that shows its label: the grey level of each class."""
    y, x = np.mgrid[:96, :128]
    index = (np.hypot(y - 40, x - 50) < 25) + 2 * ((x > 90) & (x < 115) & (y > 30))
    stored = np.array([0, 128, 7], np.uint8)[index]
    write_image(tmp_path / "images" / "a.png", np.dstack([GREY[index]] * 3))
    write_stored(tmp_path / "labels" / "a.png", stored)
    return find_pairs(tmp_path / "images", tmp_path / "labels")


def examples(pairs, how, number=30):
    dataset = SegmentationDataset(pairs, CLASSES, how.scale, how, seed=4)
    return [dataset[(epoch, 0)] for epoch in range(number)]


def away_from_borders(target):
    """Pixels with one class in the 7 x 7 pixels around them."""
    plane = torch.nn.functional.pad(target[None, None].float(), [3] * 4, value=255)
    highest, lowest = max_pool2d(plane, 7, 1), -max_pool2d(-plane, 7, 1)
    return (highest == lowest)[0, 0] & (target != 255)


MOVES = {
    "aerial": AUGMENTATIONS["aerial"],
    "rotation": Preset("", upside_down=True, degrees=180, chance=1.0),
    "none": AUGMENTATIONS["none"],
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("crop", [(64, 96), (96, 96)])
def test_image_and_label_move_together(drawn, monkeypatch, name, crop):
    """Away from borders the image has, to two levels, the grey of its label's class."""
    monkeypatch.setitem(AUGMENTATIONS, name, MOVES[name])
    for image, target in examples(drawn, Augmentation(crop, zoom=(0.7, 1.5), flip=True, more=name)):
        assert image.shape == (3, *crop)
        assert target.shape == crop
        inside = away_from_borders(target)
        assert inside.float().mean() > 0.15
        grey = torch.from_numpy(GREY.astype(np.int64))[target[inside].long()]
        assert (image[0][inside].long() - grey).abs().max() <= 2


def test_right_angle_turns_lose_no_pixel_of_a_square_image(tmp_path):
    """A crop of the whole image holds each pixel once, in all eight ways."""
    index = np.random.default_rng(0).choice(np.array([0, 128, 7], np.uint8), (64, 64))
    write_image(tmp_path / "images" / "a.png", np.dstack([index] * 3))
    write_stored(tmp_path / "labels" / "a.png", index)
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    found = examples(pairs, Augmentation((64, 64), flip=True, more="aerial"), 100)
    original = CLASSES.to_index(index)
    eight = {np.rot90(p, k).tobytes() for p in (original, original[::-1]) for k in range(4)}
    assert {target.numpy().tobytes() for _, target in found} == eight
    stored = torch.tensor([0, 128, 7], dtype=torch.uint8)
    assert all(torch.equal(image[1], stored[target.long()]) for image, target in found)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_preset_depends_on_seed_epoch_and_index_alone(drawn, name):
    how = Augmentation((50, 70), scale=0.5, zoom=(0.5, 2), flip=True, color=0.3, more=name)
    first = examples(drawn, how, 12)
    torch.manual_seed(9)
    again = examples(drawn, how, 12)
    assert all(torch.equal(a, b) for one, two in zip(first, again) for a, b in zip(one, two))
    assert {(image.shape, target.shape) for image, target in first} == {((3, 32, 32), (50, 70))}
    assert {image.dtype for image, _ in first} == {torch.uint8}


@pytest.mark.parametrize("part", ["hue", "gamma", "blur", "noise", "shrink"])
def test_every_part_of_strong_changes_an_image_and_keeps_its_type(part):
    strong = AUGMENTATIONS["strong"]
    how = replace(Preset("", chance=1.0), **{part: getattr(strong, part)})
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 64, 96), np.uint8))
    found = recolor_more(image.clone(), how, np.random.default_rng(1))
    assert (found.shape, found.dtype) == (image.shape, torch.uint8)
    assert not torch.equal(found, image)


def test_a_function_is_given_the_crop_and_a_generator_of_the_example(drawn, module):
    """The same function gives the same example; at the size of the crop nothing is resampled."""
    how = Augmentation((64, 96), flip=True)
    plain = examples(drawn, how)
    same = examples(drawn, replace(how, more=f"{module}:same"))
    turned = examples(drawn, replace(how, more=f"{module}:upside_down"))
    for (image, target), one, two in zip(plain, same, turned):
        assert torch.equal(image, one[0])
        assert torch.equal(target, one[1])
        assert torch.equal(image.flip(1), two[0])
        assert torch.equal(target.flip(0), two[1])
    noise = [examples(drawn, replace(how, more=f"{module}:noise"), 3) for _ in range(2)]
    assert all(torch.equal(a[0], b[0]) for a, b in zip(*noise))
    assert not torch.equal(noise[0][0][0], noise[0][1][0])


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("unknown", LabelError, r":unknown: label must be .*77 \(6 "),
        ("cropped", ArgumentError, r":cropped: image must be \(8, 9, 3\) uint8.*got \(7, 9, 3\)"),
        ("wide", ArgumentError, r":wide: label must be \(8, 9\) uint8.*got \(8, 9\) int64"),
        ("floats", ArgumentError, r":floats: image must be .*float64"),
        ("one", ArgumentError, r":one: result must be \(image, label\), got ndarray"),
        (
            "breaks",
            RunError,
            r":breaks failed: KeyError: .*lost.* \(own_code.*, line .*in breaks\)",
        ),
    ],
)
def test_what_a_function_does_wrong_names_it(module, function, error, message):
    image, label = np.zeros((8, 9, 3), np.uint8), np.zeros((8, 9), np.uint8)
    with pytest.raises(error, match=message):
        apply_function(f"{module}:{function}", image, label, np.random.default_rng(0), CLASSES)
    assert not image.any()
    assert not label.any()  # it was given copies


def test_void_is_a_value_that_a_function_may_give(module):
    image, label = np.zeros((8, 9, 3), np.uint8), np.zeros((8, 9), np.uint8)
    random = np.random.default_rng(0)
    assert (apply_function(f"{module}:void", image, label, random, CLASSES)[1] == 255).all()


def test_a_module_of_the_current_folder_is_said_to_be_there(tmp_path, monkeypatch):
    (tmp_path / "own_changes.py").write_text("def darker(image, label, random): ...")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=r"own_changes is in this folder, .* PYTHONPATH=\."):
        find_augmentation("own_changes:darker")


def test_names_that_are_not_there_are_one_sentence(module):
    for name in ("no_such_module:f", f"{module}:no", f"{module}:number"):
        with pytest.raises(ArgumentError, match="train: augment must be "):
            find_augmentation(name)
    with pytest.raises(ArgumentError, match="train: augment must be one of default, none"):
        TrainConfig("street", augment="stronger")
    with pytest.raises(ArgumentError, match="flip must be left out with augment none"):
        TrainConfig("street", augment="none", flip=False)


def test_a_run_takes_a_function_and_is_resumed_only_where_it_is_trusted(
    module, tmp_path, monkeypatch
):
    settings = train_settings(make_dataset(tmp_path / "data"), tmp_path / "run", workers=1)
    run = pw.train(**settings, augment=f"{module}:upside_down")
    pw.train(resume=run)
    sys.modules.pop(module)
    monkeypatch.setattr(trust, "_trusted_here", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    with pytest.raises(RunError, match=rf"its augmentation {module}:upside_down is code"):
        pw.train(resume=run)
    assert module not in sys.modules
    pw.train(resume=run, trust=True)
