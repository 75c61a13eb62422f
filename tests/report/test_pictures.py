"""Thumbnails: their size, their colours, and what stands there when a file is missing."""

from base64 import b64decode
from collections import namedtuple
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.bands.channels import RGB
from pixelwise.labels.classes import Classes
from pixelwise.pictures.reduce import fitted
from pixelwise.report.pictures import (
    SMALL,
    WRONG,
    channels_of,
    error_picture,
    four_pictures,
    label_picture,
    photo,
)
from pixelwise.score.record import DataSplit

Files = namedtuple("Files", ["image", "label", "prediction"])
CLASSES = Classes(["sky", "road", "tree"], colors=[(0, 0, 255), (90, 90, 90), (0, 160, 0)])


def pixels(picture):
    """(H, W, 3) of the picture in a data URI."""
    data = b64decode(picture.data.split(",", 1)[1])
    return np.array(Image.open(BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("size", "thumbnail"),
    [
        ((640, 480), (320, 240)),
        ((2048, 1024), (320, 160)),
        ((100, 50), (100, 50)),
        ((300, 3000), (48, 480)),
        ((10000, 1), (320, 1)),
    ],
)
def test_a_thumbnail_fits_and_keeps_its_shape(size, thumbnail):
    """Small pictures are not enlarged, and no side vanishes."""
    assert fitted(*size, SMALL) == thumbnail


def test_an_image_becomes_a_jpeg_of_the_same_colours():
    """To within what JPEG changes on a plain area."""
    picture = photo(np.full((480, 640, 3), (200, 100, 50), np.uint8))
    assert picture.data.startswith("data:image/jpeg;base64,")
    assert np.abs(pixels(picture) - (200, 100, 50)).max() <= 3
    assert picture.size == (320, 240)


def test_a_label_keeps_its_exact_colours():
    """PNG, nearest pixel: no colour between two classes appears."""
    label = np.repeat(np.array([[0, 1], [2, 255]], np.uint8), 321, axis=0).repeat(321, axis=1)
    picture = label_picture("Label", label, CLASSES)
    shown = pixels(picture)
    assert picture.data.startswith("data:image/png;base64,")
    corners = [shown[y, x].tolist() for y, x in [(0, 0), (0, -1), (-1, 0), (-1, -1)]]
    assert corners == [[0, 0, 255], [90, 90, 90], [0, 160, 0], [224, 224, 192]]
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 4


def test_more_classes_than_a_palette_holds_are_shown_too():
    """300 classes, 300 colours, no index wrapped at 256."""
    colors = [(i % 256, i // 256, 7) for i in range(300)]
    classes = Classes([f"c{i}" for i in range(300)], colors=colors, ignore_index=65535)
    label = np.arange(300, dtype=np.uint16).reshape(15, 20)
    assert pixels(label_picture("Label", label, classes)).reshape(-1, 3).tolist() == [
        list(color) for color in colors
    ]


def test_a_label_is_described_by_its_largest_classes():
    """For those who do not see it."""
    label = np.array([[0, 0, 0, 1], [1, 2, 255, 0]], np.uint8)
    text = label_picture("Label", label, CLASSES).text
    assert text == "Label: sky 50.0 %, road 25.0 %, tree 12.5 % and void 12.5 %."


def test_many_classes_are_described_by_four_and_a_number():
    """Not a list of 150."""
    classes = Classes([f"c{i}" for i in range(9)])
    text = label_picture("Label", np.arange(9, dtype=np.uint8)[None], classes).text
    assert text.endswith("c3 11.1 % and 5 other classes.")


def test_errors_are_strongly_coloured_and_the_rest_is_grey():
    """Wrong, correct and void are three looks; what was predicted on void does not matter."""
    label = np.zeros((96, 96), np.uint8)
    label[:, 64:] = 255
    pred = np.zeros((96, 96), np.uint8)
    pred[:, :32] = 1
    pred[:, 80:] = 2
    picture = error_picture(np.full((96, 96, 3), 255, np.uint8), label, pred, 255)
    shown = pixels(picture)
    assert np.abs(shown[40:56, 4:28] - WRONG).max() <= 12
    assert np.ptp(shown[40:56, 36:60].mean(axis=(0, 1))) <= 2
    void = shown[40:56, 72:92]
    assert void.max() - void.min() >= 30
    assert picture.text == "Errors: 50.0 % of the valid pixels are wrong."


def test_a_thin_error_does_not_vanish_in_a_thumbnail():
    """Its colour is as strong as its part of the thumbnail's pixel: one column of four."""
    label = np.zeros((128, 1280), np.uint8)
    pred = label.copy()
    pred[:, 401] = 1
    shown = pixels(error_picture(None, label, pred, 255))
    reddest = (shown[:, :, 0] - shown[:, :, 1]).mean(axis=0)
    assert reddest.argmax() == 100
    assert reddest.max() > 30


def test_all_void_is_not_wrong():
    """No pixel to be wrong, and no division by zero."""
    label = np.full((8, 8), 255, np.uint8)
    assert error_picture(None, label, label * 0, 255).text == (
        "Errors: 0.0 % of the valid pixels are wrong."
    )


def test_errors_of_two_sizes_are_a_sentence():
    """Nothing is resized to fit."""
    picture = error_picture(None, np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 255)
    assert (picture.data, picture.text) == (
        "",
        "Label and prediction have the sizes (H, W) = (2, 3) and (3, 2).",
    )


def test_missing_and_damaged_files_become_sentences(tmp_path):
    """The others are still shown."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "label.png")
    (tmp_path / "prediction.png").write_bytes(b"no picture")
    entry = Files(None, "label.png", "prediction.png")
    image, label, prediction, errors = four_pictures(entry, tmp_path, CLASSES)
    assert image.text == "The score names no file."
    assert label.data.startswith("data:image/png")
    assert "prediction.png" in prediction.text
    assert errors.text == "Without label and prediction there are no errors to show."
    gone = four_pictures(Files(None, "gone.png", "prediction.png"), tmp_path, CLASSES)
    assert gone[1].text == "The file gone.png is not there."


def test_a_label_with_unknown_values_is_a_sentence_that_names_them(tmp_path):
    """The classes of the score do not know the value 7."""
    Image.fromarray(np.full((4, 4), 7, np.uint8)).save(tmp_path / "a.png")
    _, label, *_ = four_pictures(Files(None, "a.png", "a.png"), tmp_path, CLASSES)
    assert (label.data, "7" in label.text) == ("", True)


def test_an_image_of_many_bands_is_shown_as_its_dataset_says(tmp_path):
    """Of six bands of float32 the one that is shown; the channels are those of dataset.toml."""
    text = (
        'task = "binary"\n[[classes]]\nname = "a"\n[[classes]]\nname = "b"\n'
        '[images]\nchannels = ["heat", "b", "c", "d", "e", "f"]\nrange = [0, 2]\nshown = ["heat"]\n'
        '[splits.val]\nimages = "images"\n'
    )
    (tmp_path / "dataset.toml").write_text(text)
    image = np.zeros((8, 8, 6), np.float32)
    image[:, :, 0] = 1.0
    np.save(tmp_path / "a.npy", image)
    channels = channels_of(DataSplit(str(tmp_path), "val"), tmp_path)
    first, *_ = four_pictures(
        Files("a.npy", None, "gone.png"), tmp_path, CLASSES, channels=channels
    )
    assert np.abs(pixels(first).astype(int) - 128).max() <= 2


@pytest.mark.parametrize("path", [None, "gone", "\0"])
def test_images_of_a_dataset_that_is_not_there_are_shown_as_rgb(tmp_path, path):
    assert channels_of(DataSplit(path, "val"), tmp_path) is RGB
