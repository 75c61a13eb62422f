"""check_whole tells a cut file and an animation from a whole image by a few of its bytes."""

from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelwise.files.content import Unreadable
from pixelwise.labels.complete import check_whole

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
KINDS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000"]


def encoded(kind, image=None, **options):
    file = BytesIO()
    (image or Image.fromarray(NOISE)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", [*KINDS, "PPM", "TGA"])
def test_a_whole_image_passes(kind):
    check_whole(encoded(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_a_cut_image_is_an_error(kind, share):
    data = encoded(kind)
    with pytest.raises(Unreadable, match=r"complete [\w ]+ file"):
        check_whole(data[: int(share * len(data))])


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "WEBP"])
def test_two_frames_are_an_error(kind):
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    data = encoded(kind, frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(Unreadable, match=r"one image.*(an animation|2 frames|2 pages)"):
        check_whole(data)


@pytest.mark.parametrize("size", [(3, 3), (400, 300)])
def test_a_small_image_inside_a_photograph_is_not_its_end(size):
    """The preview in the camera data has an end marker of its own."""
    preview = encoded("JPEG", Image.fromarray(NOISE))
    photo = encoded("JPEG", Image.fromarray(NOISE).resize(size), exif=b"Exif\0\0" + preview)
    check_whole(photo)
    with pytest.raises(Unreadable, match=r"complete JPEG file.*one without its end"):
        check_whole(photo[:-2])


def test_a_png_that_lacks_its_end_marker_alone_passes():
    """Its rows are counted then, as read_label does."""
    data = encoded("PNG")
    check_whole(data[:-12])


def test_damage_in_a_header_is_one_error():
    """Every first kilobyte of random bytes ends in the same type of error, or passes."""
    random = np.random.default_rng(1)
    for kind in KINDS:
        data = bytearray(encoded(kind))
        for _ in range(60):
            place = int(random.integers(0, 100))
            changed = data[:place] + random.bytes(4) + data[place + 4 :]
            with suppress(Unreadable):
                check_whole(bytes(changed))
