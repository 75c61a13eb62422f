"""The table [images] of dataset.toml: what is written is read, what is wrong is named."""

import numpy as np
import pytest

from pixelwise.errors import DatasetError
from pixelwise.files.toml_file import read_toml
from pixelwise.labels.bands.channels import RGB, Channels, channels_from_toml, channels_to_toml
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, read_description, write_description

NAMES = ("red", "green", "blue", "nir")
EVERY = [
    RGB,
    Channels(("grey",)),
    Channels(NAMES),
    Channels(NAMES, (4, 3, 2, 8), ((0, 10000),), shown=("nir", "red", "green"), nodata=-9999),
    Channels(("a", "b"), range=((0, 1), (-0.5, 1e-7)), shown=("b",), nodata=float("nan")),
    Channels(("a", "b", "c"), normalization="train", nodata=1e30),
    Channels(range=((0, 65535),)),
]


@pytest.mark.parametrize("channels", EVERY)
def test_what_is_written_is_read(tmp_path, channels):
    """read_description(write_description(d)) == d for every kind of channels."""
    description = Description(
        tmp_path, Classes(["a", "b"]), {"train": Split("images")}, channels=channels
    )
    write_description(description, tmp_path)
    assert read_description(tmp_path) == description


@pytest.mark.parametrize("channels", EVERY)
def test_written_channels_are_equal_to_themselves(tmp_path, channels):
    """Also where nodata is NaN, which as a number does not equal itself."""
    (tmp_path / "a.toml").write_text(channels_to_toml(channels))
    table = read_toml(tmp_path / "a.toml").get("images", {})
    assert channels_from_toml("a.toml", table) == channels


def test_a_description_of_rgb_says_nothing_about_channels(tmp_path):
    """Its text is what it was before there were channels."""
    description = Description(tmp_path, Classes(["a"]), {"train": Split("images")})
    assert "[images]" not in write_description(description, tmp_path).read_text()
    assert description.channels.is_rgb


def test_the_example_in_the_documentation_is_read(tmp_path):
    """The docstring of the module is a valid table, but that a range excludes normalization."""
    from pixelwise.labels.bands import channels as module

    example = module.__doc__.split("\n\n", 1)[1]
    kept = [line for line in example.splitlines() if not line.startswith("normalization")]
    (tmp_path / "a.toml").write_text("\n".join(kept))
    channels = channels_from_toml("a.toml", read_toml(tmp_path / "a.toml")["images"])
    assert channels == Channels(NAMES, (4, 3, 2, 8), ((0, 10000),), nodata=-9999)


@pytest.mark.parametrize(
    ("names", "shown", "places"),
    [
        (("grey",), ("grey",), (0,)),
        (("a", "b"), ("a",), (0,)),
        (("a", "b", "c", "d"), ("a", "b", "c"), (0, 1, 2)),
        (("nir", "blue", "green", "red"), ("red", "green", "blue"), (3, 2, 1)),
    ],
)
def test_pictures_show_colours_by_name_or_the_first_channels(names, shown, places):
    """Red, green and blue where there are such; else three, or one."""
    channels = Channels(names)
    assert (channels.shown, channels.shown_places) == (shown, places)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"channels": []}, r"a.toml: images: channels must be a list of different names"),
        ({"channels": ["a", "a"]}, r"channels must be a list of different names, .*got \['a', 'a'"),
        ({"channels": [" a"]}, r"channels must be a list of different names"),
        ({"chanels": ["a"]}, r"key must be one of .*did you mean 'channels'|key must be one of"),
        ({"channels": ["a", "b"], "bands": [1]}, r"bands must be as many as .* 2, got 1"),
        ({"channels": ["a"], "bands": [0]}, r"bands must be places in the file, 1\.\.65,536, got"),
        ({"range": [5, 5]}, r"range must be a lower and a higher finite number, got \[5.0, 5.0\]"),
        ({"range": [[0, 1], [0, 2]]}, r"range must be one pair, or one for each of 3 channels"),
        ({"range": [0, float("inf")]}, r"range must be a lower and a higher finite number"),
        ({"range": [0]}, r"range must be"),
        ({"normalization": "val"}, r"normalization must be one of encoder, train, got 'val'"),
        (
            {"normalization": "train", "range": [0, 9]},
            r"normalization must be encoder where there is a range, got train\. Remove one",
        ),
        ({"shown": ["red", "green"]}, r"shown must be one or three of the channels red, green"),
        ({"shown": ["nir"]}, r"shown must be one or three of the channels red, green, blue, got"),
        ({"nodata": float("inf")}, r"nodata must be a finite number or nan, got inf"),
        (["red"], r"a.toml: images must be a table"),
    ],
)
def test_a_wrong_table_is_named_with_file_and_key(table, message):
    """What it must be and what it is, in one sentence."""
    with pytest.raises(DatasetError, match=message):
        channels_from_toml("a.toml", table)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_samples_without_a_range_are_refused_with_the_lines_to_add(dtype):
    """8 bits have a range; others need one, or statistics of the train split."""
    RGB.check_samples("x.tif", np.dtype(np.uint8))
    Channels(NAMES, range=((0, 9),)).check_samples("x.tif", np.dtype(dtype))
    Channels(NAMES, normalization="train").check_samples("x.tif", np.dtype(dtype))
    with pytest.raises(DatasetError, match=r"range = \[0, .*or normalization = \"train\""):
        Channels(NAMES).check_samples("x.tif", np.dtype(dtype))
