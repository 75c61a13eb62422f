"""A JPEG file without all of its scans is refused, not painted grey."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelwise.files.content import Unreadable
from pixelwise.labels.decode import decode_image

NOISE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
IMAGE = Image.fromarray(NOISE).resize((64, 64), Image.Resampling.BICUBIC)
END = b"\xff\xd9"


def encoded(image=IMAGE, **options):
    file = BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_pixels_that_end_early_before_a_proper_end_are_an_error(mode, share):
    """libjpeg paints the rest grey and Pillow says nothing."""
    data = encoded(IMAGE.convert(mode), quality=95)
    cut = data[: int(share * len(data))] + END
    with pytest.raises(Unreadable, match=r"complete JPEG file.*\d+ of 64 rows"):
        decode_image(cut)


def test_every_number_of_bytes_between_is_noticed_up_to_the_last_block():
    """Wherever the pixels end."""
    data = encoded(subsampling=0)
    accepted = []
    for cut in range(100, 900, 9):
        try:
            decode_image(data[: -2 - cut] + END)
        except Unreadable:
            continue
        accepted.append(cut)
    assert accepted == []


def test_a_missing_restart_interval_is_an_error():
    """The rows between two restart markers are cut out."""
    data = encoded(restart_marker_rows=1)
    places = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    with pytest.raises(Unreadable, match=r"3 of 4 restart intervals"):
        decode_image(data[: places[0]] + data[places[1] :])


def test_a_restart_interval_that_ends_early_is_an_error():
    """All markers are there, but not the pixels between two of them."""
    data = encoded(restart_marker_rows=1)
    places = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    with pytest.raises(Unreadable, match=r"\d+ of 64 rows"):
        decode_image(data[: places[1] - 150] + data[places[1] :])


def test_a_progressive_file_without_its_last_scans_is_an_error():
    """It would look soft, as if it had been photographed so."""
    data = encoded(progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(Unreadable, match=r"\d+ of 192 parts of a progressive one"):
        decode_image(data[:last] + END)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_a_grey_image_is_not_taken_for_missing_pixels(options):
    """The colour that libjpeg paints is the colour of many roads."""
    grey = Image.new("RGB", (70, 50), (128, 128, 128))
    assert np.array_equal(decode_image(encoded(grey, **options)), grey)


@pytest.mark.parametrize("behind", [b"", b"\0" * 20, b"text \xff\xd8 behind" * 500])
def test_what_is_appended_behind_the_end_does_no_harm(behind):
    """Cameras append films, small images and padding."""
    data = encoded()
    assert np.array_equal(decode_image(data + behind), Image.open(BytesIO(data)))
