"""Rows of a file are those of the whole file, or the file is read whole."""

from itertools import pairwise

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.errors import DatasetError
from pixelwise.files.limits import allow_unpacked
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.windows import image_by_rows

RANDOM = np.random.default_rng(0)
COLORS = RANDOM.integers(0, 256, (61, 47, 3), np.uint8)
FIVE = RANDOM.integers(0, 65536, (61, 47, 5), np.uint16)
NUMBERS = RANDOM.normal(size=(61, 47)).astype(np.float32)
PARTS = (0, 1, 20, 23, 48, 61)


def kind(count, dtype, **options):
    names = tuple(f"b{n}" for n in range(count))
    low, high = (0.0,) * count, (1000.0,) * count
    channels = Channels(names, range=((0.0, 1000.0),), **options)
    return ImageKind(channels, dtype, low, high)


def tiff(samples, **options):
    options = {"photometric": "minisblack", "planarconfig": "contig", **options}
    return lambda path: tifffile.imwrite(path, samples, **options)


def rgb(**options):
    return tiff(COLORS, photometric="rgb", **options)


FILES = {
    "npy RGB": (".npy", lambda p: np.save(p, COLORS), RGB8),
    "npy grey as RGB": (".npy", lambda p: np.save(p, COLORS[:, :, 0]), RGB8),
    "npy 16 bits": (".npy", lambda p: np.save(p, FIVE.astype(">u2")), kind(5, "uint16")),
    "npy chosen": (".npy", lambda p: np.save(p, FIVE), kind(2, "uint16", bands=(4, 1))),
    "npy float64": (".npy", lambda p: np.save(p, NUMBERS.astype(np.float64)), kind(1, "float32")),
    "strips": (".tif", rgb(rowsperstrip=5), RGB8),
    "one strip": (".tif", rgb(), RGB8),
    "grey of 16 bits as RGB": (".tif", tiff(FIVE[:, :, 0]), RGB8),
    "deflated strips": (".tif", rgb(rowsperstrip=8, compression="deflate"), RGB8),
    "tiles": (".tif", rgb(tile=(16, 32), compression="lzw", predictor=True), RGB8),
    "planes": (
        ".tif",
        tiff(np.moveaxis(FIVE, 2, 0), planarconfig="separate", rowsperstrip=9),
        kind(5, "uint16"),
    ),
    "planes in tiles": (
        ".tif",
        tiff(np.moveaxis(FIVE, 2, 0), planarconfig="separate", tile=(32, 16)),
        kind(2, "uint16", bands=(5, 2)),
    ),
    "numbers": (".tif", tiff(NUMBERS, tile=(16, 16)), kind(1, "float32")),
    "big": (".tif", rgb(bigtiff=True, rowsperstrip=11), RGB8),
}
WHOLE = {
    "PNG": (".png", lambda p: Image.fromarray(COLORS).save(p)),
    "columns first": (".npy", lambda p: np.save(p, np.asfortranarray(COLORS))),
    "palette": (".tif", lambda p: Image.fromarray(COLORS).quantize(16).save(p)),
    "white is 0": (".tif", tiff(COLORS[:, :, 0], photometric="miniswhite")),
    "JPEG inside": (".tif", lambda p: Image.fromarray(COLORS).save(p, compression="jpeg")),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_are_those_of_the_whole_file(tmp_path, name):
    suffix, write, images = FILES[name]
    path = tmp_path / f"a{suffix}"
    write(path)
    whole, _ = images.read(path)
    with image_by_rows(path, images) as found:
        assert found.size == whole.shape[:2]
        parts = [found.read(*ends) for ends in pairwise(PARTS)]
        across = found.read(13, 55)
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(across, whole[13:55])
    assert parts[0].dtype == whole.dtype


@pytest.mark.parametrize("name", WHOLE)
def test_other_files_are_read_whole(tmp_path, name):
    suffix, write = WHOLE[name]
    write(tmp_path / f"a{suffix}")
    with image_by_rows(tmp_path / f"a{suffix}", RGB8) as found:
        assert found is None


def test_samples_without_data_are_those_of_the_whole_file(tmp_path):
    images = kind(5, "uint16", nodata=7)
    samples = FIVE.copy()
    samples[10:30, 5:20] = 7
    np.save(tmp_path / "a.npy", samples)
    with image_by_rows(tmp_path / "a.npy", images) as found:
        assert np.array_equal(found.read(5, 40), images.read(tmp_path / "a.npy")[0][5:40])


def read_rows(path, images=RGB8):
    with image_by_rows(path, images) as found:
        return found.read(0, found.size[0])


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_a_file_that_is_cut_is_refused(tmp_path, compression):
    path = tmp_path / "a.tif"
    rgb(rowsperstrip=5, compression=compression)(path)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offset, size = file.pages[0].dataoffsets[-1], file.pages[0].databytecounts[-1]
    path.write_bytes(data[: offset + size // 2])
    with pytest.raises(DatasetError, match=r"a\.tif"):
        read_rows(path)


def test_damage_inside_a_strip_is_found_when_it_is_read(tmp_path):
    path = tmp_path / "a.tif"
    rgb(rowsperstrip=5, compression="deflate")(path)
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[7]
    data = bytearray(path.read_bytes())
    data[offset + 20 : offset + 60] = bytes(40)
    path.write_bytes(data)
    with image_by_rows(path, RGB8) as found:
        assert len(found.read(0, 35)) == 35
    with pytest.raises(DatasetError, match="complete TIFF file"):
        read_rows(path)


def test_other_samples_than_those_of_the_run_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", FIVE)
    with pytest.raises(DatasetError, match="must be float32, as in training"):
        read_rows(tmp_path / "a.npy", kind(5, "float32"))
    with pytest.raises(DatasetError, match="an image with 4 bands"):
        read_rows(tmp_path / "a.npy", kind(4, "uint16"))


def test_rows_that_take_too_much_memory_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", COLORS)
    with allow_unpacked(1e-5), pytest.raises(DatasetError, match="61 rows of 47 pixels"):
        read_rows(tmp_path / "a.npy")
