"""Classes given without what stands for them: names of two values, colours of grey values, loss."""

import json

import numpy as np
import pytest
from PIL import Image

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.png import read_label

Y, X = np.mgrid[:60, :80]
DISC = ((Y - 30) ** 2 + (X - 40) ** 2 < 18**2).astype(np.uint8)
THREE = (DISC + ((Y - 30) ** 2 + (X - 40) ** 2 < 9**2)).astype(np.uint8)
GREYS = np.array([0, 128, 255], np.uint8)
COLORS = np.array([(20, 30, 40), (220, 20, 60), (0, 120, 250), (90, 200, 90), (250, 230, 0)])


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    image.save(path, **options)


def converted(folder, **settings):
    return convert(ConvertConfig(source=folder / "labels", out=folder / "out", **settings))


def result(folder):
    return read_label(folder / "out/labels/a.png")


def half(array):
    size = array.shape[1] // 2, array.shape[0] // 2
    return Image.fromarray(array).resize(size, Image.BILINEAR).rotate(5, Image.BILINEAR)


@pytest.mark.parametrize("name", ["a.tif", "a.bmp", "a.png"])
@pytest.mark.parametrize(
    "classes", ["bg=#000000,house=#ffffff", "bg,house", "binary", "bg=0,house=255"]
)
def test_grey_files_of_0_and_255_get_the_classes_that_are_given_in_any_way(name, classes, tmp_path):
    save(tmp_path / "labels" / name, DISC * np.uint8(255))
    report = converted(tmp_path, classes=classes, format="array")
    np.testing.assert_array_equal(result(tmp_path), DISC)
    assert report.classes.ignore_index == 255


@pytest.mark.parametrize("classes", ["bg=#000000,house=#ffffff", "bg,house", "binary"])
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.gif"])
def test_files_of_one_bit_and_palettes_have_values_0_and_1(name, classes, tmp_path):
    save(tmp_path / "labels" / name, DISC > 0)
    converted(tmp_path, classes=classes)
    np.testing.assert_array_equal(result(tmp_path), DISC)


def test_what_was_concluded_about_values_is_in_the_report(tmp_path):
    save(tmp_path / "labels/a.tif", GREYS[THREE])
    report = converted(tmp_path, classes="out,cell,nucleus")
    np.testing.assert_array_equal(result(tmp_path), THREE)
    text = "stored values, in the order of the values: 0 is out, 128 is cell, 255 is nucleus"
    assert text in report.notes


def test_values_that_are_class_indices_stay_what_they_are(tmp_path):
    """Two of the three occur; their order says nothing."""
    save(tmp_path / "labels/a.tif", np.where(DISC, np.uint8(2), np.uint8(0)))
    converted(tmp_path, classes="a,b,c")
    assert set(np.unique(result(tmp_path))) == {0, 2}


def test_more_values_than_names_are_refused(tmp_path):
    save(tmp_path / "labels/a.tif", GREYS[THREE])
    with pytest.raises(DatasetError, match="255"):
        converted(tmp_path, classes="a,b")


@pytest.mark.parametrize("classes", ["binary", "bg=#000000,house=#ffffff", "a,b", "a=0,b=255"])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_one_channel_jpeg_masks_take_the_nearest_value(classes, quality, tmp_path):
    save(tmp_path / "labels/a.jpg", DISC * np.uint8(255), quality=quality)
    report = converted(tmp_path, classes=classes, unknown="nearest")
    assert report.format == "array"
    assert (result(tmp_path) != DISC).mean() < 0.005
    snapped = json.loads((tmp_path / "out/convert.json").read_text())["snapped"]
    assert snapped["files"] == 1
    assert 0 < snapped["pixels"] < DISC.size
    assert 0 < snapped["largest_distance"] < 128


def test_without_nearest_the_message_about_jpeg_masks_has_the_command_that_takes_it(tmp_path):
    save(tmp_path / "labels/a.jpg", DISC * np.uint8(255))
    message = r"without loss, got a JPEG file: .* take the nearest class: .*--unknown nearest"
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path, classes="binary")
    with pytest.raises(DatasetError, match=r"--classes 'background=#000000,.*--unknown nearest$"):
        converted(tmp_path)


@pytest.mark.parametrize("classes", ["a=#000000,b=#808080,c=#ffffff", "a,b,c", "a=0,b=128,c=255"])
@pytest.mark.parametrize("soft", [True, False])
def test_three_grey_levels_with_values_between_them_take_the_nearest(classes, soft, tmp_path):
    big = np.kron(GREYS[THREE], np.ones((4, 4), np.uint8))
    expected = np.asarray(Image.fromarray(big).resize((160, 120), Image.NEAREST).rotate(5))
    name = "a.png" if soft else "a.jpg"
    save(tmp_path / "labels" / name, half(big) if soft else Image.fromarray(expected))
    converted(tmp_path, classes=classes, unknown="nearest")
    assert (GREYS[result(tmp_path)] != expected).mean() < 0.03


def test_the_lower_of_two_values_that_are_equally_near_is_taken(tmp_path):
    save(tmp_path / "labels/a.tif", np.array([[0, 4, 5, 6, 10, 200]], np.uint8))
    converted(tmp_path, classes="a=0,b=10", unknown="nearest", format="array")
    np.testing.assert_array_equal(result(tmp_path), [[0, 0, 0, 1, 1, 1]])


def test_void_values_attract_too_and_are_not_counted_as_guessed(tmp_path):
    save(tmp_path / "labels/a.tif", np.array([[0, 1, 254, 255, 99]], np.uint8))
    report = converted(
        tmp_path, classes="a=0,b=100", unknown="nearest", format="array", ignore_values=(255,)
    )
    np.testing.assert_array_equal(result(tmp_path), [[0, 0, 255, 255, 1]])
    assert report.snapped.pixels == 3


@pytest.mark.parametrize("classes", ["bg,house", "bg=0,house=255", "binary"])
def test_black_and_white_masks_in_colour_need_no_colours(classes, tmp_path):
    save(tmp_path / "labels/a.png", np.repeat(DISC[..., None] * np.uint8(255), 3, 2))
    converted(tmp_path, classes=classes)
    np.testing.assert_array_equal(result(tmp_path), DISC)


def follow(folder):
    """The result of the command that is printed when no classes are given."""
    with pytest.raises(DatasetError, match="classes must be given for") as caught:
        converted(folder)
    typed = str(caught.value).partition("--classes ")[2].partition(" --")[0].strip("'")
    nearest = "nearest" if "--unknown nearest" in str(caught.value) else "error"
    return converted(folder, classes=typed, unknown=nearest, format="color")


@pytest.mark.parametrize("quality", [60, 90])
def test_five_colours_saved_with_loss_get_one_command_that_finds_them_again(quality, tmp_path):
    index = (X + Y // 3) // 20 % 5
    big = np.kron(index, np.ones((3, 3), int))
    save(tmp_path / "labels/a.jpg", COLORS[big].astype(np.uint8), quality=quality)
    report = follow(tmp_path)
    assert len(report.classes) == 5
    shown = np.array(report.classes.colors)[result(tmp_path)]
    assert (np.abs(shown - COLORS[big]).max(axis=-1) > 10).mean() < 0.03


def test_colours_that_were_resized_like_an_image_get_one_command_too(tmp_path):
    index = (X + Y // 3) // 20 % 5
    big = COLORS[np.kron(index, np.ones((4, 4), int))].astype(np.uint8)
    save(tmp_path / "labels/a.png", half(big))
    assert sorted(follow(tmp_path).classes.colors)[1:] == sorted(map(tuple, COLORS.tolist()))


def test_values_are_listed_with_shares_and_a_command_that_names_them(tmp_path):
    save(tmp_path / "labels/a.tif", np.array([[0, 5, 19, 41] * 2 + [0, 0]], np.uint8))
    message = (
        r"given for 1 label with 4 values, 0 \(40.0 %\), 5 \(20.0 %\), 19 \(20.0 %\), "
        r"41 \(20.0 %\), got none.*--classes class_0=0,class_5=5,class_19=19,class_41=41$"
    )
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path)


def test_colours_of_many_large_labels_are_listed_together(tmp_path):
    for number in range(14):
        block = COLORS[np.random.default_rng(number).integers(0, 5, (8, 8))].astype(np.uint8)
        save(tmp_path / f"labels/{number}.png", np.kron(block, np.ones((32, 32, 1), np.uint8)))
    with pytest.raises(DatasetError, match="14 labels with 5 colours"):
        converted(tmp_path)
