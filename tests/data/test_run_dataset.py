"""Pairs as tensors: sizes, padding, and the same example for the same (seed, epoch, index)."""

import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from labels.build_png import chunk, header, join, rows_of
from make import make_dataset, train_settings
from pixelwise.data.dataset import Augmentation, SegmentationDataset
from pixelwise.data.resize import resize_image
from pixelwise.errors import DatasetError, LabelError, PairingError, PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import make_plan

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


def write_pair(folder, image, label, suffix="png"):
    Image.fromarray(image).save(folder / f"image.{suffix}")
    Image.fromarray(label).save(folder / "label.png")
    return Pair("x", folder / f"image.{suffix}", folder / "label.png")


def test_what_lies_beyond_the_picture_is_void(tmp_path):
    """A small image of one class in a larger crop: the class inside, void around it."""
    pair = write_pair(tmp_path, np.full((20, 24, 3), 77, np.uint8), np.full((20, 24), 7, np.uint8))
    how = Augmentation(crop=(64, 64))
    picture, label = SegmentationDataset([pair], CLASSES, 1.0, how)[(0, 0)]
    assert (label == 2).sum() == 20 * 24
    assert (label == 255).sum() == 64 * 64 - 20 * 24
    assert picture.unique().tolist() == [77]


@pytest.mark.parametrize("seed", range(5))
def test_image_and_target_stay_on_top_of_each_other(tmp_path, seed):
    """Where the image shows the label's own values, it still does after cropping and zooming."""
    y, x = np.mgrid[:64, :64]
    label = np.where(np.hypot(y - 30, x - 35) < 18, 128, 0).astype(np.uint8)
    pair = write_pair(tmp_path, np.dstack([label + 72 * (label > 0)] * 3).astype(np.uint8), label)
    how = Augmentation(crop=(64, 64), zoom=(0.5, 2.0), flip=True)
    picture, target = SegmentationDataset([pair], CLASSES, 1.0, how, seed)[(0, 0)]
    shown = picture[0] > 100
    agree = (shown == (target == 1))[target != 255].float().mean()
    assert agree > 0.985


def plain_example(image, index, how, random):
    """An example in the plain way: all of the image and the label, one operation after another."""
    image, label = torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(index)[None]
    zoom = float(np.exp(random.uniform(*np.log(how.zoom))))
    window = [max(1, round(length / zoom)) for length in how.crop]
    missing = [max(0, w - have) for w, have in zip(window, label.shape[1:])]
    beyond = [int(random.integers(m + 1)) for m in missing] if any(missing) else [0, 0]
    padding = [*beyond[::-1], missing[1] - beyond[1], missing[0] - beyond[0]]
    image = functional.pad(image, padding, fill=image.float().mean((1, 2)).tolist())
    label = functional.pad(label, padding, fill=255)
    top, left = (int(random.integers(have - w + 1)) for have, w in zip(label.shape[1:], window))
    image = functional.crop(image, top, left, *window).contiguous()
    label = functional.crop(label, top, left, *window)
    image = resize_image(image, how.crop, how.scale)
    label = functional.resize(label, list(how.crop), InterpolationMode.NEAREST_EXACT)
    mirrored = how.flip and random.random() < 0.5
    image, label = (functional.horizontal_flip(t) if mirrored else t for t in (image, label))
    for name in ["brightness", "contrast", "saturation"] if how.color else []:
        factor = float(random.uniform(1 - how.color, 1 + how.color))
        image = getattr(functional, f"adjust_{name}")(image, factor)
    return image, label[0]


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
@pytest.mark.parametrize(
    "how",
    [
        Augmentation((64, 96)),
        Augmentation((40, 50), zoom=(0.5, 2.0), flip=True),
        Augmentation((64, 64), zoom=(0.5, 2.0), flip=True, color=0.3),
        Augmentation((100, 30), scale=0.4, zoom=(0.4, 1.0), color=0.9),
        Augmentation((7, 200), scale=2.0, zoom=(0.05, 4.0), flip=True),
    ],
)
def test_an_example_is_that_of_the_plain_way(tmp_path, suffix, how):
    """Bit for bit, but for colours, of which one in a thousand may differ by a level."""
    random = np.random.default_rng(3)
    image = random.integers(0, 256, (70, 91, 3), np.uint8)
    stored = random.choice(np.array([0, 128, 7, 11], np.uint8), (70, 91))
    pair = write_pair(tmp_path, image, stored, suffix)
    with Image.open(pair.image) as file:
        image = np.array(file)
    dataset = SegmentationDataset([pair], CLASSES, how.scale, how, seed=5)
    for epoch in range(12):
        found = dataset[(epoch, 0)]
        random = np.random.default_rng((5, epoch, 0))
        expected = plain_example(image, CLASSES.to_index(stored), how, random)
        apart = (found[0].int() - expected[0].int()).abs()
        assert apart.max() <= (how.color > 0)
        assert apart.float().mean() <= 1e-3
        assert torch.equal(found[1], expected[1])
        assert all(tensor.is_contiguous() for tensor in found)


def test_an_image_smaller_than_what_stands_between_two_pixels_may_not_be_seen(tmp_path):
    """One row of an image, of which a crop shows every twentieth, and void around it."""
    pair = write_pair(tmp_path, np.full((1, 64, 3), 9, np.uint8), np.full((1, 64), 7, np.uint8))
    how = Augmentation((64, 64), zoom=(0.05, 0.05))
    dataset = SegmentationDataset([pair], CLASSES, 1.0, how)
    values = {value for epoch in range(30) for value in dataset[(epoch, 0)][1].unique().tolist()}
    assert values == {2, 255}


def outcome(dataset, epoch):
    """The values of an example's image, or why there is none."""
    try:
        return str(dataset[(epoch, 0)][0].unique().tolist())
    except PixelwiseError as error:
        return str(error)


def test_unknown_values_are_met_in_epoch_0_wherever_they_are(tmp_path):
    """Later they are an error where an example shows them; it names all that the file has."""
    label = np.zeros((64, 64), np.uint8)
    label[0, 0], label[60:, 60:] = 99, 77
    pair = write_pair(tmp_path, np.zeros((64, 64, 3), np.uint8), label)
    dataset = SegmentationDataset([pair], CLASSES, 1.0, Augmentation((8, 8)))
    message = rf"{pair.label}: stored values must be .*77 \(16 .*99 \(1 "
    with pytest.raises(LabelError, match=message) as whole:
        dataset[(0, 0)]
    outcomes = [outcome(dataset, epoch) for epoch in range(1, 200)]
    assert set(outcomes) == {"[0]", str(whole.value)}
    assert outcomes.count("[0]") > 100


def test_missing_rows_are_met_in_epoch_0_wherever_they_are(tmp_path):
    """Later where an example shows them; what is shown is in the file."""
    rows = rows_of(np.full((64, 40), 9), 8)[: 50 * 41]
    data = join(header(40, 64, 8, 0), chunk(b"IDAT", zlib.compress(rows)))
    pair = write_pair(tmp_path, np.zeros((64, 40, 3), np.uint8), np.zeros((64, 40), np.uint8))
    pair.image.write_bytes(data)
    dataset = SegmentationDataset([pair], CLASSES, 1.0, Augmentation((32, 32)))
    with pytest.raises(DatasetError, match=r"complete PNG file, got 50 of 64 rows"):
        dataset[(0, 0)]
    outcomes = {outcome(dataset, epoch) for epoch in range(1, 30)}
    message = f"{pair.image}: image must be a complete PNG file, got 50 of 64 rows"
    assert {text[: len(message)] for text in outcomes} == {"[9]", message}


def test_more_than_256_classes_fit_into_a_target(tmp_path):
    """uint16 labels become int32 targets."""
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
