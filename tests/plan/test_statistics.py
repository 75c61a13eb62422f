"""Statistics of the train split: those of NumPy over all valid pixels at once."""

import numpy as np
import pytest
from tests.make import write_stored

from pixelwise.errors import DatasetError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair
from pixelwise.plan.statistics import find_kind, numbers_of, ordered

CLASSES = Classes(("ground", "thing"), ignore_values=(9,))
CHANNELS = Channels(("a", "b"), normalization="train")


def write_set(folder, images):
    """Pairs of arrays, with void in every fifth row."""
    pairs = []
    for number, image in enumerate(images):
        label = np.zeros(image.shape[:2], np.uint8)
        label[::5] = 9
        np.save(folder / f"{number}.npy", image)
        write_stored(folder / f"{number}.png", label)
        pairs.append(Pair(str(number), folder / f"{number}.npy", folder / f"{number}.png"))
    return pairs


def draw(dtype, number=5):
    random = np.random.default_rng(3)
    drawn = [random.normal(0, 1, (20 + n, 31, 2)) ** 3 for n in range(number)]
    top = {"uint8": 20, "uint16": 3000, "float32": 1}[dtype]
    lowest = 0 if dtype == "float32" else 100
    return [(lowest + top * one).clip(*limits(dtype)).astype(dtype) for one in drawn]


def limits(dtype):
    return (-1e9, 1e9) if dtype == "float32" else (0, np.iinfo(dtype).max)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_percentiles_are_exact_and_moments_those_of_clipped_values(tmp_path, dtype):
    images = draw(dtype)
    lines = []
    kind = find_kind(CHANNELS, write_set(tmp_path, images), CLASSES, False, lines.append)
    valid = [np.delete(one, np.arange(0, len(one), 5), 0).reshape(-1, 2) for one in images]
    pixels = np.concatenate(valid).astype(np.float64)
    low, high = np.percentile(pixels, (0.5, 99.5), axis=0, method="inverted_cdf")
    clipped = pixels.clip(low, high)
    assert kind.dtype == dtype
    assert kind.low == tuple(low)
    assert kind.high == tuple(high)
    assert kind.mean == pytest.approx(clipped.mean(0), rel=1e-9)
    assert kind.std == pytest.approx(clipped.std(0), rel=1e-9)
    assert [line.split(":")[0] for line in lines] == ["channel a", "channel b"]
    assert "0.5 and 99.5 %" in lines[0]


def test_bits_of_float32_are_ordered_as_the_numbers_are():
    values = np.array([-np.inf, -1e30, -2, -1e-40, -0.0, 0, 1e-40, 1, 1.0000001, 3e38], np.float32)
    bits = ordered(values)
    assert (np.diff(bits.astype(np.int64)) > 0).all()
    assert np.array_equal(numbers_of(bits), values)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_channel_of_mostly_one_value_keeps_its_extremes(tmp_path, dtype):
    image = np.zeros((50, 50, 2), dtype)
    image[1, 1] = 3
    image[..., 1] += np.arange(50, dtype=dtype)
    kind = find_kind(CHANNELS, write_set(tmp_path, [image]), CLASSES, False, str)
    assert (kind.low[0], kind.high[0]) == (0, 3)
    assert kind.std[0] > 0


def test_a_constant_channel_is_named(tmp_path):
    image = np.full((10, 10, 2), 7, np.uint16)
    image[..., 0] = np.arange(10)
    with pytest.raises(DatasetError, match=r"all 80 pixels of channel b are 7. Leave it out of ch"):
        find_kind(CHANNELS, write_set(tmp_path, [image]), CLASSES, False, str)


def test_images_of_another_type_are_named_or_left_out(tmp_path):
    images = draw("uint16")
    images[3] = images[3].astype(np.float32)
    pairs = write_set(tmp_path, images)
    with pytest.raises(DatasetError, match=r"3\.npy: image must be uint16, as in training, got fl"):
        find_kind(CHANNELS, pairs, CLASSES, False, str)
    without = find_kind(CHANNELS, pairs[:3] + pairs[4:], CLASSES, False, str)
    assert find_kind(CHANNELS, pairs, CLASSES, True, str) == without


def test_a_range_needs_no_statistics_and_16_bits_need_one_of_both(tmp_path):
    pairs = write_set(tmp_path, draw("uint16"))
    ranged = Channels(("a", "b"), range=((0, 10), (5, 7)))
    kind = find_kind(ranged, pairs, CLASSES, False, str)
    assert kind == ImageKind(ranged, "uint16", (0, 5), (10, 7))
    with pytest.raises(DatasetError, match=r"which are black and white"):
        find_kind(Channels(("a", "b")), pairs, CLASSES, False, str)
    assert find_kind(Channels(), pairs, CLASSES, False, str) is RGB8


def test_pixels_without_data_are_left_out(tmp_path):
    image = draw("float32", 1)[0]
    holes = image.copy()
    holes[3:6, 4:9] = np.nan
    channels = Channels(("a", "b"), normalization="train", nodata="nan")
    kind = find_kind(channels, write_set(tmp_path, [holes]), CLASSES, False, str)
    rest = np.delete(holes, np.arange(0, len(holes), 5), 0).reshape(-1, 2)
    rest = rest[~np.isnan(rest).any(1)]
    assert kind.low == tuple(np.percentile(rest, 0.5, axis=0, method="inverted_cdf"))
