"""Images that are not RGB of 8 bits: what dataset.toml must say is found before the first step."""

import numpy as np
import pytest

from make import make_dataset
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import image_size
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.splits import labelled_pairs, usable_pairs

FOUR = 'channels = ["red", "green", "blue", "nir"]\n'


def make(folder, table, arrays):
    """A dataset whose images are .npy arrays, made by a function of the number of the image."""
    make_dataset(folder)
    for number, path in enumerate(sorted(folder.glob("*/images/*.png"))):
        size = image_size(path)
        path.unlink()
        np.save(path.with_suffix(".npy"), arrays(number, size))
    file = folder / "dataset.toml"
    head, splits = file.read_text().split("[splits", 1)
    file.write_text(f"{head}{table}\n[splits{splits}")
    return folder


def used(folder, **settings):
    description = read_description(folder)
    config = TrainConfig(data=folder, **settings)
    splits = {name: labelled_pairs(description, name) for name in ("train", "val")}
    return usable_pairs(splits, config, description, None)


def four(number, size, dtype=np.uint16):
    return np.full((*size, 4), number, dtype)


def test_images_as_they_are_described_are_used(tmp_path):
    """A folder of .npy arrays pairs with its labels; headers say what they hold."""
    folder = make(tmp_path / "d", f"[images]\n{FOUR}range = [0, 9]", four)
    pairs, headers, bad = used(folder)
    assert {name: len(found) for name, found in pairs.items()} == {"train": 6, "val": 2}
    found = {(h.bands, h.samples, h.format) for one in headers.values() for h in one.values()}
    assert found == {(4, "uint16", "NPY")}
    assert not any(bad.left_out.values())


def test_without_channels_the_message_has_the_lines_to_add(tmp_path):
    """Nothing is cut to 8 bits in silence."""
    folder = make(tmp_path / "d", "", lambda number, size: four(number, size)[:, :, :3])
    message = (
        r"dataset\.toml: 8 of 8 images have samples of uint16, such as .*\.npy, and it is not said "
        r"which values are black and white\. Write these lines into it: \[images\] / channels = "
        r'\["red", "green", "blue"\] / range = \[0, 65535\] .* or normalization = "train"\. Or use'
    )
    with pytest.raises(DatasetError, match=message):
        used(folder)
    assert len(used(folder, accept_guesses=True)[0]["train"]) == 6


def test_more_bands_than_colours_need_names(tmp_path):
    """Which three of them are red, green and blue cannot be known, whatever is accepted."""
    folder = make(tmp_path / "d", "", lambda n, size: four(n, size, np.uint8))
    message = r'have 4 bands, .*\[images\] / channels = \["band1", "band2", "band3", "band4"\]\.$'
    with pytest.raises(DatasetError, match=message):
        used(folder, accept_guesses=True)


def test_a_range_is_asked_for(tmp_path):
    """Channels alone do not say which values are black and white."""
    folder = make(tmp_path / "d", f"[images]\n{FOUR}", four)
    message = r"samples are 16-bit integers, .*range = \[0, 65535\]; or normalization = \"train\""
    with pytest.raises(DatasetError, match=message):
        used(folder)
    folder = make(tmp_path / "e", f'[images]\n{FOUR}normalization = "train"', four)
    assert len(used(folder)[0]["train"]) == 6


def test_the_wrong_number_of_bands_is_named_with_its_file(tmp_path):
    """As any image that cannot be used."""
    folder = make(
        tmp_path / "d",
        f"[images]\n{FOUR}range = [0, 9]",
        lambda number, size: four(number, size)[:, :, : 3 + (number != 2)],
    )
    with pytest.raises(DatasetError, match=r"02\.npy: image must be .* 4 bands .*, got 3"):
        used(folder)


def test_samples_of_another_type_than_most_are_named_with_their_file(tmp_path):
    """One network has one type of samples; bad pairs can be left out."""
    folder = make(
        tmp_path / "d",
        f"[images]\n{FOUR}range = [0, 9]",
        lambda number, size: four(number, size, np.uint8 if number == 2 else np.uint16),
    )
    message = r"02\.npy: samples must be made of uint16, as 7 of 8 images are, got uint8"
    with pytest.raises(DatasetError, match=message):
        used(folder)
    _, _, bad = used(folder, on_bad_image="skip")
    assert list(bad.left_out["train"]) == ["02"]


def test_an_array_that_would_take_too_much_memory_is_found_before_it_is_read(tmp_path, monkeypatch):
    """By its header."""
    folder = make(tmp_path / "d", f"[images]\n{FOUR}range = [0, 9]", four)
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.00001")
    with pytest.raises(DatasetError, match=r"image must be a file that unpacks to at most"):
        used(folder)


def test_arrays_beside_images_are_no_images(tmp_path):
    """They are features or depths, as before."""
    folder = make_dataset(tmp_path / "d")
    for path in folder.glob("*/images/*.png"):
        np.save(path.with_suffix(".npy"), np.zeros(3))
    assert len(read_description(folder).pairs("train")) == 6
