"""Every reader of a file from outside: an intact file, and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from convert.annotations import (
    random_image,
    square,
    write_image,
)
from pixelwise.audit.headers import read_start, read_whole
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable
from pixelwise.labels.image import image_size, read_image, read_rgb
from pixelwise.labels.png import count_stored, label_size, read_and_count, read_label


@dataclass(frozen=True)
class Reader:
    """A row of the table.

    Args:
        name: in reports, and in FUZZ_SEED.
        file: what is damaged, below a folder.
        kind: of its mutators.
        make: writes everything that the reader needs into a folder, the file too.
        read: a folder -> anything; it may raise PixelwiseError.
    """

    name: str
    file: str
    kind: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]


class Disagreement(AssertionError):
    """Two readers of one file say different things about it."""


def or_none(read, *given):
    """What a reader gives; None if it refuses."""
    try:
        return read(*given)
    except (PixelwiseError, Unreadable):
        return None


def label_readers(path):
    """All readers of label images, which must agree."""
    label, counted, stored = (or_none(f, path) for f in (read_label, read_and_count, count_stored))
    size, header = or_none(label_size, path), or_none(read_start, str(path))
    or_none(read_whole, str(path))
    if len({found is None for found in (label, counted, stored)}) > 1:
        raise Disagreement(f"label {label is not None}, counted {counted}, stored {stored}")
    if label is None:
        return read_label(path)  # its error
    values, pixels = np.unique(label, return_counts=True)
    same = [np.array_equal(counted[0], label), label.shape == size]
    same += [np.array_equal(values, found) for found in (counted[1], stored[0])]
    same += [np.array_equal(pixels, found) for found in (counted[2], stored[1])]
    same.append(header is not None and (header.height, header.width) == label.shape)
    if not all(same):
        raise Disagreement(f"{same} for a label of {label.shape}, size {size}, header {header}")
    return label


def image_readers(path):
    """All readers of images; a size that the header gives is that of the pixels."""
    image, size = or_none(read_image, path), or_none(image_size, path)
    header = or_none(read_start, str(path))
    or_none(read_rgb, path)
    if image is None:
        return read_image(path)  # its error
    if size != image.shape[:2]:
        raise Disagreement(f"image_size {size}, pixels {image.shape}")
    if header is not None and (header.height, header.width) != size:
        raise Disagreement(f"image_size {size}, audit {header}")
    return image


def png(array, mode=None, **options):
    def make(folder):
        Image.fromarray(array, mode).save(folder / "a.png", **options)

    return make


def palette_png(folder):
    image = Image.fromarray(square(3), "P")
    image.putpalette(bytes(range(48)))
    image.save(folder / "a.png")


def interlaced_png(folder):
    import zlib

    from labels.build_png import chunk, header, join

    rows = b"\0" * 9  # 1 x 1 of each pass, and so on: 3 x 3 pixels of 8 bits
    data = zlib.compress(rows + bytes(range(9)))
    (folder / "a.png").write_bytes(join(header(3, 3, 8, 0, True), chunk(b"IDAT", data)))


def saved(name, mode="RGB", **options):
    def make(folder):
        Image.fromarray(random_image()).convert(mode).save(folder / name, **options)

    return make


LABELS = [
    Reader("palette label", "a.png", "png", palette_png, lambda f: label_readers(f / "a.png")),
    Reader("grey label", "a.png", "png", png(square(7)), lambda f: label_readers(f / "a.png")),
    Reader(
        *("wide label", "a.png", "png", png(square(7).astype(np.uint16) * 100)),
        lambda f: label_readers(f / "a.png"),
    ),
    Reader(
        *("one-bit label", "a.png", "png", png(square(1) > 0)), lambda f: label_readers(f / "a.png")
    ),
    Reader(
        "interlaced label", "a.png", "png", interlaced_png, lambda f: label_readers(f / "a.png")
    ),
    Reader(
        "BMP label", "a.bmp", "binary", saved("a.bmp", "P"), lambda f: label_readers(f / "a.bmp")
    ),
    Reader(
        "TIFF label", "a.tif", "binary", saved("a.tif", "L"), lambda f: label_readers(f / "a.tif")
    ),
    Reader(
        *("packed TIFF label", "a.tif", "binary", saved("a.tif", "L", compression="tiff_lzw")),
        lambda f: label_readers(f / "a.tif"),
    ),
]
IMAGES = [
    Reader("PNG image", "a.png", "png", saved("a.png"), lambda f: image_readers(f / "a.png")),
    Reader(
        "RGBA image", "a.png", "png", saved("a.png", "RGBA"), lambda f: image_readers(f / "a.png")
    ),
    Reader("JPEG image", "a.jpg", "binary", saved("a.jpg"), lambda f: image_readers(f / "a.jpg")),
    Reader(
        "GIF image", "a.gif", "binary", saved("a.gif", "P"), lambda f: image_readers(f / "a.gif")
    ),
    Reader("BMP image", "a.bmp", "binary", saved("a.bmp"), lambda f: image_readers(f / "a.bmp")),
    Reader("TIFF image", "a.tif", "binary", saved("a.tif"), lambda f: image_readers(f / "a.tif")),
    Reader(
        "WebP image", "a.webp", "binary", saved("a.webp"), lambda f: image_readers(f / "a.webp")
    ),
    Reader("PPM image", "a.ppm", "binary", saved("a.ppm"), lambda f: image_readers(f / "a.ppm")),
    Reader(
        "turned JPEG",
        "a.jpg",
        "binary",
        lambda f: write_image(f / "a.jpg", orientation=6),
        lambda f: image_readers(f / "a.jpg"),
    ),
]
