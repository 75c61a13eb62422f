"""What the images hold is found where it is certain, and asked where it is not."""

import numpy as np
import pytest
from PIL import Image

from make import make_dataset
from pixelwise.cli.entry import main
from pixelwise.errors import ArgumentError
from pixelwise.init.command import init
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.description import read_description
from pixelwise.survey.ask import answer_commands

RANDOM = np.random.default_rng(4)


def make(folder, change, suffix=".png"):
    """A folder without a description, whose images are changed by a function of (H, W, 3) uint8."""
    make_dataset(folder)
    (folder / "dataset.toml").unlink()
    for path in folder.glob("*/images/*.png"):
        with Image.open(path) as image:
            array = change(np.asarray(image))
        path.unlink()
        if suffix == ".npy":
            np.save(path.with_suffix(suffix), array)
        else:
            Image.fromarray(array).save(path.with_suffix(suffix))
    return folder


def grey16(image):
    return image[:, :, 0].astype(np.uint16) * 15


def with_alpha(image):
    return np.dstack([image, np.full(image.shape[:2], 200, np.uint8)])


@pytest.mark.parametrize("change", [np.asarray, lambda image: image[:, :, 0], with_alpha])
def test_images_of_8_bits_are_certain(tmp_path, change):
    """RGB, grey and RGBA: nothing is written and nothing asked."""
    survey = init(make(tmp_path / "d", change))
    assert survey.description.channels == RGB
    assert not survey.open
    assert "[images]" not in (tmp_path / "d" / "dataset.toml").read_text()


def test_16_bits_are_asked_about_with_what_was_seen(tmp_path):
    """The answers are commands; the description has what the first of them gives."""
    folder = make(tmp_path / "d", grey16)
    survey = init(folder)
    (question,) = survey.open
    assert "images have samples of uint16, and it is not known which are black" in question.text
    assert "those of 8 decoded images reach from" in question.text
    words = [command.split(" --force ")[1] for command in answer_commands(folder, question)]
    assert words == ["--range train", "--range 0 4095", "--range 0 65535"]
    description = read_description(folder)
    assert description.channels == Channels(("grey",), normalization="train")
    assert question.text in description.open


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        (["--range", "train"], Channels(("grey",), normalization="train")),
        (["--range", "0", "4095"], Channels(("grey",), range=((0, 4095),))),
        (
            ["--range", "0", "4095", "--channels", "infrared", "--bands", "1"],
            Channels(("infrared",), (1,), ((0, 4095),)),
        ),
    ],
)
def test_an_answer_is_taken(tmp_path, words, channels, capsys):
    """Afterwards nothing is open."""
    folder = make(tmp_path / "d", grey16)
    assert main(["init", str(folder), *words]) == 0, capsys.readouterr().err
    description = read_description(folder)
    assert description.channels == channels
    assert description.open == ()


@pytest.mark.parametrize("scale", [1.0, 7.5])
def test_floating_point_samples_are_asked_about(tmp_path, scale):
    """Whether 1 is white cannot be known."""
    folder = make(tmp_path / "d", lambda i: (i / 255 * scale).astype(np.float32), ".npy")
    (question,) = init(folder).open
    options = [answer.options["range"] for answer in question.answers]
    assert options[0] == ("train",)
    assert options[1] == ((0, 1) if scale == 1 else (0, 8))
    assert read_description(folder).channels.names == ("red", "green", "blue")


def test_many_bands_of_8_bits_get_names_to_be_corrected(tmp_path):
    """Nothing is asked: what each band shows does not matter to a network."""
    folder = make(tmp_path / "d", lambda i: np.dstack([i, i[:, :, :2]]), ".npy")
    survey = init(folder)
    assert not survey.open
    names = tuple(f"band{number}" for number in range(1, 6))
    assert read_description(folder).channels == Channels(names)
    assert any("images have 5 bands, called band1" in note for note in survey.notes)


def test_images_of_two_kinds_are_asked_about(tmp_path):
    """A network takes one kind."""
    folder = make(tmp_path / "d", np.asarray)
    path = next(iter(folder.glob("train/images/*")))
    with Image.open(path) as image:
        array = grey16(np.asarray(image))
    Image.fromarray(array).save(path)
    (question,) = init(folder).open
    assert "images differ, and a network takes one kind: 7 of 3 bands of uint8; 1 of 1 band" in (
        question.text
    )


@pytest.mark.parametrize("given", [(1.0,), (5, 2), ("val",), (0, 1, 2), ("train", 1)])
def test_a_range_is_two_numbers_or_train(tmp_path, given):
    """Anything else is refused before the folder is looked at."""
    with pytest.raises(ArgumentError, match="range must be a lower and a higher number, or train"):
        init(tmp_path, range=given)


def test_arrays_in_folders_of_splits_are_images(tmp_path):
    """images/train and images/val hold images as images alone does."""
    folder = make(tmp_path / "d", lambda i: np.dstack([i, i]), ".npy")
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (folder / kind).mkdir(exist_ok=True)
            (folder / split / kind).rename(folder / kind / split)
        (folder / split).rmdir()
    assert not init(folder).open
    description = read_description(folder)
    assert {name: split.images for name, split in description.splits.items()} == {
        "train": "images/train",
        "val": "images/val",
    }
    assert len(description.pairs("train")) == 6


@pytest.mark.parametrize(("tag", "value"), [("-9999", -9999), ("nan", "nan"), ("none", None)])
def test_what_geotiff_files_say_is_without_data_is_written(tmp_path, tag, value):
    """It is no part of the values that were seen, and it is kept when the question is answered."""
    tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    folder = make(tmp_path / "d", lambda image: image)
    for path in folder.glob("*/images/*.png"):
        with Image.open(path) as image:
            heights = np.asarray(image)[:, :, 0].astype(np.float32) + 1000
        heights[:3, :3] = np.nan if value is None else float(value)
        tags = [(42113, "s", 0, tag, True)]
        tifffile.imwrite(path.with_suffix(".tif"), heights, extratags=tags)
        path.unlink()
    (question,) = init(folder).open
    assert "reach from 10" in question.text
    assert read_description(folder).channels.nodata == value
    init(folder, force=True, range=("train",))
    expected = Channels(("grey",), normalization="train", nodata=value)
    assert read_description(folder).channels == expected


@pytest.mark.parametrize(("tag", "said"), [("none", "before"), ("-9999", "the files name -9999")])
def test_nodata_that_a_person_wrote_is_kept_when_the_file_is_replaced(tmp_path, tag, said):
    """Also beside what the files say; a damaged file has nothing to keep."""
    tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    folder = make(tmp_path / "d", lambda image: image)
    for path in folder.glob("*/images/*.png"):
        with Image.open(path) as image:
            heights = np.asarray(image)[:, :, 0].astype(np.float32) + 1000
        heights[:3, :3] = -5
        tifffile.imwrite(path.with_suffix(".tif"), heights, extratags=[(42113, "s", 0, tag, True)])
        path.unlink()
    init(folder, range=("train",))
    file = folder / "dataset.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("nodata")]
    text = "\n".join(lines).replace("[images]", "[images]\nnodata = -5")
    file.write_text(text)
    assert read_description(folder).channels.nodata == -5
    survey = init(folder, force=True, range=("train",))
    assert read_description(folder).channels.nodata == -5
    (line,) = [str(s) for s in survey.statements if "without data" in str(s)]
    assert "samples of -5" in line
    assert said in line
    file.write_text("[images\n")
    init(folder, force=True, range=("train",))
    assert read_description(folder).channels.nodata != -5
