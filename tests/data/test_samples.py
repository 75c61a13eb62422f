"""Images of any channels: RGB of 8 bits as before, others by the same rules."""

import numpy as np
import pytest
import torch
from tests.make import write_stored
from torchvision.transforms.v2 import functional

from pixelwise.data.augment import recolor_more
from pixelwise.data.dataset import Augmentation, SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS, Preset
from pixelwise.data.samples import as_stored, change_colors, image_to_tensor
from pixelwise.errors import DatasetError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair

FOUR = ("nir", "red", "green", "blue")
DTYPES = ["uint8", "uint16", "float32"]
HIGH = {"uint8": 255.0, "uint16": 10_000.0, "float32": 2.0}
CLASSES = Classes(("ground", "thing"), ignore_values=(9,))


def kind_of(dtype, names=FOUR, **options):
    count = len(names)
    return ImageKind(Channels(names, **options), dtype, (0.0,) * count, (HIGH[dtype],) * count)


def draw(dtype, channels=4, size=(33, 47)):
    unit = np.random.default_rng(5).random((*size, channels))
    return (unit * HIGH[dtype]).astype(dtype)


def write_pair(folder, image):
    label = (np.indices(image.shape[:2]).sum(0) // 7 % 2).astype(np.uint8)
    label[:2] = 9
    np.save(folder / "a.npy", image)
    write_stored(folder / "a.png", label)
    return Pair("a", folder / "a.npy", folder / "a.png")


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_example_without_chance_is_the_image_itself(tmp_path, dtype):
    image = draw(dtype, size=(64, 96))
    pair = write_pair(tmp_path, image)
    how = Augmentation(crop=(64, 96))
    dataset = SegmentationDataset([pair], CLASSES, augmentation=how, kind=kind_of(dtype))
    got, target = dataset[0, 0]
    plain = SegmentationDataset([pair], CLASSES, kind=kind_of(dtype))[0]
    assert got.dtype == (torch.uint8 if dtype == "uint8" else torch.float32)
    assert np.array_equal(got.permute(1, 2, 0), image)
    assert torch.equal(got, plain[0])
    assert torch.equal(target, plain[1])


@pytest.mark.parametrize("more", ["default", *AUGMENTATIONS, f"{__name__}:own"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_preset_takes_any_channels_and_depends_on_its_index_alone(tmp_path, dtype, more):
    pair = write_pair(tmp_path, draw(dtype))
    how = Augmentation((40, 56), zoom=(0.5, 2.0), flip=True, color=0.4, more=more)
    datasets = [
        SegmentationDataset([pair] * 6, CLASSES, augmentation=how, kind=kind_of(dtype))
        for _ in range(2)
    ]
    for index in range(6):
        image, target = datasets[0][0, index]
        assert image.shape == (4, 32, 64)
        assert target.shape == (40, 56)
        assert image.isfinite().all()
        assert float(image.max()) <= HIGH[dtype] * 1.001
        assert torch.equal(image, datasets[1][0, index][0])


def own(image, label, _random):
    assert image.shape[2] == 4
    assert image.dtype in (np.uint8, np.uint16, np.float32)
    return image[::-1].copy(), label[::-1].copy()


def test_colours_of_red_green_and_blue_are_those_of_8_bit_images():
    """The fourth channel changes in brightness and contrast alone, by its own mean."""
    image = image_to_tensor(draw("uint8"))
    factors = (1.2, 0.7, 0.4)
    got = change_colors(image.clone(), factors, kind_of("uint8"))
    nir = image[0].float().mul(1.2).clamp(0, 255)
    expected = (nir.mean() + (nir - nir.mean()) * 0.7).clamp(0, 255)
    assert (got[0] - expected).abs().max() <= 0.51
    grey = change_colors(image.clone(), (1.0, 1.0, 0.0), kind_of("uint8"))
    assert torch.equal(grey[0], image[0])
    assert torch.equal(grey[1], grey[2])
    assert torch.equal(grey[2], grey[3])
    theirs = functional.adjust_saturation(image[1:], 0.0)
    assert (grey[1:].int() - theirs.int()).abs().max() <= 1


def test_saturation_and_hue_leave_images_without_red_green_and_blue_alone():
    kind = kind_of("uint8", ("a", "b", "c"))
    image = image_to_tensor(draw("uint8", 3))
    assert torch.equal(change_colors(image.clone(), (1.0, 1.0, 0.3), kind), image)
    hue = Preset("", hue=0.5, chance=1.0)
    random = np.random.default_rng(0)
    assert torch.equal(recolor_more(image.clone(), hue, random, kind), image)
    changed = recolor_more(image.clone(), hue, random, kind_of("uint8", FOUR[1:], bands=(1, 2, 3)))
    assert not torch.equal(changed, image)


@pytest.mark.parametrize("dtype", DTYPES)
def test_stored_samples_come_back_exactly(dtype):
    image = draw(dtype)
    assert np.array_equal(as_stored(image_to_tensor(image), kind_of(dtype)), image)


def test_pixels_without_data_are_void(tmp_path):
    image = draw("float32")
    image[10:20, 5:9, 2] = np.nan
    pair = write_pair(tmp_path, image)
    kind = kind_of("float32", nodata="nan")
    image, target = SegmentationDataset([pair], CLASSES, kind=kind)[0]
    assert image.isfinite().all()
    assert (target[10:20, 5:9] == 255).all()
    assert (target[2:] == 255).sum() == 40
    how = Augmentation((60, 70), zoom=(0.5, 2.0), flip=True)
    dataset = SegmentationDataset([pair], CLASSES, augmentation=how, kind=kind)
    shares = [(dataset[e, 0][1] == 255).float().mean().item() for e in range(5)]
    assert min(shares) > 0


def test_an_image_of_other_samples_than_those_of_the_run_is_refused(tmp_path):
    pair = write_pair(tmp_path, draw("uint8"))
    dataset = SegmentationDataset([pair], CLASSES, kind=kind_of("uint16"))
    with pytest.raises(DatasetError, match=r"a\.npy: image must be uint16, as in training, got ui"):
        dataset[0]
