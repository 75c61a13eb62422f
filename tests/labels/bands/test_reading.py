"""Bands come out as they are stored; the description decides which, not the file."""

import numpy as np
import pytest
from PIL import Image

from labels.build_png import ADAM7, WHOLE, chunk, filter_row, header, join
from pixelwise.errors import DatasetError
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import read_channels, read_with_gaps
from pixelwise.labels.image import read_rgb

RANDOM = np.random.default_rng(5)
FOUR = RANDOM.integers(0, 65536, (7, 5, 4), dtype=np.uint16)
SAMPLES = {1: 0, 2: 4, 3: 2, 4: 6}  # samples a pixel -> colour type


def write_png(path, array, interlaced=False):
    """A PNG of 8 or 16 bits with every filter, byte by byte."""
    import zlib

    height, width, samples = array.shape
    depth = 8 * array.dtype.itemsize
    stream = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else WHOLE:
        part = array[y0::dy, x0::dx].astype(array.dtype.newbyteorder(">"))
        previous = bytes(part.shape[1] * samples * depth // 8)
        for number, row in enumerate(part if part.size else ()):
            packed = row.tobytes()
            stream += filter_row(packed, previous, number % 5, samples * depth // 8)
            previous = packed
    head = header(width, height, depth, SAMPLES[samples], interlaced)
    path.write_bytes(join(head, chunk(b"IDAT", zlib.compress(stream))))
    return path


def names(count):
    return tuple("abcdefgh"[:count])


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_every_png_comes_out_to_the_last_bit(tmp_path, samples, dtype, interlaced):
    """Grey and colour of 8 and 16 bits, with and without alpha: no lower byte is lost."""
    array = FOUR[:, :, :samples].astype(dtype)
    path = write_png(tmp_path / "a.png", array, interlaced)
    found = read_channels(path, Channels(names(samples)))
    assert found.dtype == dtype
    assert np.array_equal(found, array)


@pytest.mark.parametrize("samples", [2, 4])
def test_alpha_is_no_band_unless_a_channel_asks_for_it(tmp_path, samples):
    """A file of grey and alpha has one band, or two if the description has two."""
    path = write_png(tmp_path / "a.png", FOUR[:, :, :samples])
    found = read_channels(path, Channels(names(samples - 1)))
    assert np.array_equal(found, FOUR[:, :, : samples - 1])
    alone = read_channels(path, Channels(("alpha",), (samples,)))
    assert np.array_equal(alone, FOUR[:, :, samples - 1 : samples])


def test_rgb_of_8_bits_is_read_as_ever(tmp_path):
    """Without channels: read_rgb, whatever the file holds."""
    for number, array in enumerate((FOUR[:, :, :1], FOUR[:, :, :3], FOUR)):
        path = write_png(tmp_path / f"{number}.png", array)
        assert np.array_equal(read_channels(path, RGB), read_rgb(path))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize(
    ("stored", "read"),
    [
        *(("u1", "u1"), ("u2", "u2"), ("f4", "f4"), ("f2", "f4"), ("f8", "f4"), ("i1", "f4")),
        *(("i2", "f4"), ("i4", "f4"), ("u4", "f4"), ("i8", "f4"), ("b1", "u1")),
    ],
)
def test_arrays_of_every_type_become_one_of_three(tmp_path, stored, read, fortran, order):
    """8 and 16 bits and float32 stay; the others become float32, which holds these exactly."""
    array = (RANDOM.integers(0, 100, (4, 6, 5)) - (stored[0] in "fi") * 50).astype(order + stored)
    np.save(tmp_path / "a.npy", np.asfortranarray(array) if fortran else array)
    found = read_channels(tmp_path / "a.npy", Channels(names(5)))
    assert found.dtype == np.dtype(read)
    assert found.dtype.isnative
    assert np.array_equal(found, array)


def test_bands_are_chosen_by_their_places_in_the_file(tmp_path):
    """In the order of the names; a band may be read twice."""
    array = RANDOM.integers(0, 9999, (3, 4, 9), dtype=np.uint16)
    np.save(tmp_path / "a.npy", array)
    found = read_channels(tmp_path / "a.npy", Channels(names(4), (9, 2, 2, 1)))
    assert np.array_equal(found, array[:, :, [8, 1, 1, 0]])


def test_an_array_of_two_axes_has_one_band(tmp_path):
    """(H, W) is (H, W, 1)."""
    np.save(tmp_path / "a.npy", FOUR[:, :, 0])
    assert np.array_equal(read_channels(tmp_path / "a.npy", Channels(("grey",))), FOUR[:, :, :1])


def test_a_grey_image_is_one_channel_when_asked(tmp_path):
    """It is not repeated; a colour image is refused."""
    Image.fromarray(FOUR[:, :, 0].astype(np.uint8)).save(tmp_path / "grey.png")
    assert read_channels(tmp_path / "grey.png", Channels(("grey",))).shape == (7, 5, 1)
    Image.new("RGB", (5, 7)).save(tmp_path / "color.png")
    message = r"color\.png: image must be an image with 1 band \(grey\), got 3\. .*bands = \[1\]"
    with pytest.raises(DatasetError, match=message):
        read_channels(tmp_path / "color.png", Channels(("grey",)))


@pytest.mark.parametrize(
    ("array", "channels", "message"),
    [
        (np.zeros((2, 3, 4)), Channels(names(5)), r"5 bands \(a, b, c, d, e\), got 4\. Name its"),
        (np.zeros((2, 3, 4)), Channels(("x",), (5,)), r"at least 5 bands, got 4"),
        (np.zeros((4, 9, 9)), Channels(names(4)), r"4 bands .*got 9\. Axes are height, width"),
        (np.zeros((2, 3, 4, 5)), Channels(names(4)), r"\(H, W, C\) or \(H, W\) of numbers"),
        (np.zeros((2, 3), complex), Channels(names(1)), r"of numbers, got \(2, 3\) of complex"),
        (np.full((2, 3), 1 << 25), Channels(names(1)), r"float32 holds, up to 24 bits, got"),
        (np.full((2, 3), 1e39), Channels(names(1)), r"numbers that float32 holds, got"),
    ],
)
def test_what_is_not_as_described_is_refused_in_a_sentence(tmp_path, array, channels, message):
    """The file, what it must be, what it is, and what helps."""
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DatasetError, match=rf"a\.npy: image must be .*{message}"):
        read_channels(tmp_path / "a.npy", channels)


def test_objects_in_arrays_are_never_unpickled(tmp_path):
    """Unpickling executes what is in the file."""
    np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(DatasetError, match="an array of Python objects"):
        read_channels(tmp_path / "a.npy", Channels(("a",)))


def test_an_array_is_compared_with_the_memory_limit_before_it_is_copied(tmp_path, monkeypatch):
    """As every other image."""
    np.save(tmp_path / "a.npy", np.zeros((100, 100), np.float32))
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.00005")
    with pytest.raises(DatasetError, match="which takes"):
        read_channels(tmp_path / "a.npy", Channels(("a",)))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path, odd):
    """Unless nodata says that NaN means there are no data; infinity never does."""
    array = np.ones((4, 6, 2), np.float32)
    array[2, 5, 1] = odd
    np.save(tmp_path / "a.npy", array)
    message = r"finite numbers, got 1 sample of NaN or infinity, such as at \(2, 5\)\. .*nodata"
    with pytest.raises(DatasetError, match=message):
        read_channels(tmp_path / "a.npy", Channels(("a", "b")))
    with pytest.raises(DatasetError, match=message):
        read_channels(tmp_path / "a.npy", Channels(("a", "b"), nodata=-9999))
    # a band that is not read does not matter
    assert read_channels(tmp_path / "a.npy", Channels(("a",), (1,))).shape == (4, 6, 1)


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("u1", 0), ("u2", 65535), ("f4", -9999), ("f4", "nan"), ("i2", -1)]
)
def test_samples_without_data_become_the_lowest_and_their_pixels_are_named(tmp_path, dtype, nodata):
    """One channel without data is enough: a part of what the network should see is unknown."""
    array = RANDOM.integers(1, 100, (4, 6, 3)).astype(dtype)
    places = np.zeros((4, 6, 3), bool)
    places[1, 2, 0] = places[3, 3] = True
    array[places] = float(nodata)
    np.save(tmp_path / "a.npy", array)
    channels = Channels(names(3), range=((5, 9), (6, 9), (7, 9)), nodata=nodata)
    found, gaps = read_with_gaps(tmp_path / "a.npy", channels)
    assert np.array_equal(gaps, places.any(axis=2))
    assert np.array_equal(found, np.where(places, [5, 6, 7], array))


def test_no_pixel_is_named_without_nodata(tmp_path):
    """Nothing is looked for."""
    np.save(tmp_path / "a.npy", FOUR)
    found, gaps = read_with_gaps(tmp_path / "a.npy", Channels(names(4)))
    assert np.array_equal(found, FOUR)
    assert gaps is None
