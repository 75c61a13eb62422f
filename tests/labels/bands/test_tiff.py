"""TIFF files of any number of bands and any type come out as they were written, or are refused."""

import os
import sys

import numpy as np
import pytest

from pixelwise.errors import DatasetError, MissingPackageError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.reading import read_channels
from pixelwise.labels.image import read_image

tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
pytest.importorskip("imagecodecs", reason="the extra tiff is not installed")

RANDOM = np.random.default_rng(8)
FIVE = RANDOM.integers(0, 65536, (37, 53, 5), dtype=np.uint16)
LAYOUTS = {
    "contiguous": {"planarconfig": "contig"},
    "planes": {"planarconfig": "separate"},
    "tiles": {"tile": (16, 32)},
    "planes of tiles": {"tile": (16, 32), "planarconfig": "separate"},
    "strips": {"rowsperstrip": 5},
    "big endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "LZW": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "zlib", "predictor": True, "rowsperstrip": 7},
    "Zstandard": {"compression": "zstd", "tile": (16, 16)},
    "PackBits": {"compression": "packbits"},
    "LZMA": {"compression": "lzma"},
}


def names(count):
    return tuple("abcdefgh"[:count])


def write(path, array, **how):
    """A TIFF file, (H, W, B); in planes the bands come first."""
    byteorder, big = how.pop("byteorder", "<"), how.pop("bigtiff", False)
    how = {"planarconfig": "contig" if array.shape[2] > 1 else None, **how}
    planes = how["planarconfig"] == "separate"
    stored = np.moveaxis(array, 2, 0) if planes else array.squeeze(2 if array.shape[2] == 1 else ())
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=big) as file:
        file.write(stored, photometric="minisblack", metadata=None, **how)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4"])
def test_every_layout_and_type_comes_out_exactly(tmp_path, layout, dtype):
    """Chunky, planar, tiled, compressed; integers with a sign become float32 without loss."""
    array = (FIVE.astype(np.int64) - (dtype == "i2") * 32768).astype(dtype)
    path = write(tmp_path / "a.tif", array, **LAYOUTS[layout])
    found = read_channels(path, Channels(names(5)))
    assert found.dtype == {"i2": np.float32}.get(dtype, np.dtype(dtype))
    assert found.dtype.isnative
    assert np.array_equal(found, array)
    assert np.array_equal(read_image(path), array)


@pytest.mark.parametrize(
    ("dtype", "high"), [("u4", 1 << 24), ("i4", 1 << 24), ("f8", 1000), ("f2", 1000), ("i1", 100)]
)
def test_other_types_become_float32(tmp_path, dtype, high):
    """Where it holds them."""
    array = RANDOM.integers(0, high + 1, (9, 8, 3)).astype(dtype)
    found = read_channels(write(tmp_path / "a.tif", array), Channels(names(3)))
    assert found.dtype == np.float32
    assert np.array_equal(found, array)


def test_integers_beyond_24_bits_are_refused(tmp_path):
    """Nothing is rounded in silence."""
    path = write(tmp_path / "a.tif", np.full((4, 4, 2), (1 << 24) + 1, np.uint32))
    with pytest.raises(DatasetError, match=r"up to 24 bits, got .*16777217"):
        read_channels(path, Channels(names(2)))


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_few_bands_are_read_whoever_decodes_them(tmp_path, bands, dtype):
    """Pillow decodes some of them; the samples are the same."""
    array = FIVE[:, :, :bands].astype(dtype)
    path = write(tmp_path / "a.tif", array)
    assert np.array_equal(read_channels(path, Channels(names(bands))), array)


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
def test_the_fourth_band_is_what_a_channel_makes_of_it(tmp_path, kind):
    """Near infrared is often stored as alpha; no colour is divided by it."""
    array = FIVE[:, :, :4].astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=[kind])
    found = read_channels(tmp_path / "a.tif", Channels(("red", "green", "blue", "nir")))
    assert np.array_equal(found, array)


def test_alpha_of_a_tiff_file_is_no_band_unless_asked_for(tmp_path):
    """Of 16 bits too."""
    tifffile.imwrite(
        tmp_path / "a.tif", FIVE[:, :, :4], photometric="rgb", extrasamples=["unassalpha"]
    )
    channels = Channels(("red", "green", "blue"), range=((0, 65535),))
    assert np.array_equal(read_channels(tmp_path / "a.tif", channels), FIVE[:, :, :3])


def test_smaller_copies_behind_the_image_are_left_out(tmp_path):
    """Files for maps have them."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        options = {"photometric": "minisblack", "metadata": None, "tile": (16, 16)}
        options["planarconfig"] = "contig"
        file.write(FIVE, **options)
        file.write(FIVE[::2, ::2], subfiletype=1, **options)
        file.write(FIVE[::4, ::4], subfiletype=1, **options)
    assert np.array_equal(read_channels(tmp_path / "a.tif", Channels(names(5))), FIVE)


def test_several_images_in_one_file_are_refused(tmp_path):
    """Which one is meant is not known."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for _ in range(2):
            file.write(FIVE, photometric="minisblack", metadata=None, planarconfig="contig")
    with pytest.raises(DatasetError, match=r"a\.tif: image must be one image, got 2 pages"):
        read_channels(tmp_path / "a.tif", Channels(names(5)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_cut_is_refused(tmp_path, layout):
    """Wherever it is cut: no row is made up."""
    path = write(tmp_path / "a.tif", FIVE, **LAYOUTS[layout])
    data = path.read_bytes()
    for length in np.linspace(8, len(data) - 1, 12).astype(int):
        (tmp_path / "cut.tif").write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"cut\.tif: image must be"):
            read_channels(tmp_path / "cut.tif", Channels(names(5)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_is_read_or_refused_in_a_sentence(tmp_path, layout):
    """Nothing else is raised, and nothing is written to stderr."""
    data = bytearray(write(tmp_path / "a.tif", FIVE, **LAYOUTS[layout]).read_bytes())
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[int(random.integers(min(len(data), 700)))] = int(random.integers(256))
        (tmp_path / "b.tif").write_bytes(damaged)
        try:
            assert read_channels(tmp_path / "b.tif", Channels(names(5))).shape[2] == 5
        except DatasetError:
            refused += 1
    assert refused


def test_memory_is_compared_with_its_limit_before_anything_is_decoded(tmp_path, monkeypatch):
    """A small file can stand for gigabytes."""
    array = np.zeros((4000, 4000, 5), np.uint16)
    path = write(tmp_path / "a.tif", array, compression="zlib", rowsperstrip=4000)
    assert os.path.getsize(path) < 1 << 20
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.1")
    message = (
        r"at most 0\.1 GiB, got 4,000 x 4,000 pixels of 5 bands, which takes 0\.[0-9] GiB\. .*"
    )
    with pytest.raises(DatasetError, match=message):
        read_channels(path, Channels(names(5)))


def test_a_compression_that_could_take_any_memory_is_refused(tmp_path):
    """JPEG 2000 and the like have sizes of their own; the message names a way out."""
    path = tmp_path / "a.tif"
    write(path, FIVE[:32, :32], compression="jpeg2000", tile=(16, 16))
    with pytest.raises(DatasetError, match=r"compressed by none, LZW, .*gdal_translate"):
        read_channels(path, Channels(names(5)))


def test_without_tifffile_the_message_says_what_to_install(tmp_path, monkeypatch):
    """What Pillow reads exactly needs it not."""
    path = write(tmp_path / "a.tif", FIVE)
    grey = write(tmp_path / "grey.tif", FIVE[:, :, :1])
    monkeypatch.setitem(sys.modules, "tifffile", None)
    assert np.array_equal(read_channels(grey, Channels(("grey",))), FIVE[:, :, :1])
    with pytest.raises(MissingPackageError, match=r"pip install 'pixelwise\[tiff\]'"):
        read_channels(path, Channels(names(5)))
