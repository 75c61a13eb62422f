"""Images of many bands are paired, compared and looked at by what dataset.toml says of them."""

import numpy as np
import pytest
from PIL import Image

from audit.clean_data import make_clean
from pixelwise import audit

TABLE = """
[images]
channels = ["red", "green", "blue", "nir"]
range = [0, 65535]
"""


@pytest.fixture
def data(tmp_path):
    """The clean dataset with four bands of 16 bits in .npy files."""
    folder = make_clean(tmp_path / "data")
    for path in folder.glob("*/images/*.png"):
        with Image.open(path) as image:
            array = np.asarray(image).astype(np.uint16) * 257
        path.unlink()
        np.save(path.with_suffix(".npy"), np.dstack([array, array[:, :, :1] // 2]))
    file = folder / "dataset.toml"
    head, splits = file.read_text().split("[splits", 1)
    file.write_text(f"{head}{TABLE}\n[splits{splits}")
    return folder


def found(folder, **options):
    return {(f.rule, f.file): f.detail for f in audit(folder, **options).findings}


@pytest.mark.parametrize("deep", [False, True])
def test_a_clean_set_of_many_bands_has_no_finding(data, deep):
    """All pairs are counted, and nothing is said about 8 bits."""
    result = audit(data, deep=deep)
    assert result.findings == ()
    assert result.pairs == {"train": 12, "val": 6}
    assert result.notes == ()


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda array: array[:, :, :3], "4 bands (red, green, blue, nir), got 3"),
        (lambda array: (array >> 8).astype(np.uint8), "samples of uint8, 17 others have uint16"),
    ],
)
def test_an_image_of_another_kind_is_found_by_its_header(data, change, detail):
    """F14, also where only headers are read."""
    path = data / "train/images/03.npy"
    np.save(path, change(np.load(path)))
    told = found(data, quick=True)
    assert set(told) == {("F14", "train/images/03.npy")}
    assert detail in told["F14", "train/images/03.npy"]


def test_a_moved_label_is_found_by_the_edges_of_such_an_image(data):
    """G3 looks at the channels that are shown."""
    path = data / "train/images/05.npy"
    np.save(path, np.load(path)[:, ::-1])
    assert ("G3", "train/labels/05.png") in found(data, deep=True)


def test_a_copy_is_found_by_its_samples(data):
    """Two images that differ below the upper 8 bits are no copies."""
    first = np.load(data / "train/images/03.npy")
    np.save(data / "train/images/04.npy", first)
    assert any(rule in ("S1", "S3") for rule, _ in found(data))
