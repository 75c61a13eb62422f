"""Repair one image: turn it, or resize it, to lie on its label. Labels are never resized."""

from io import BytesIO

import numpy as np
from PIL import Image

from pixelwise.audit.pair_rules import same_aspect
from pixelwise.audit.rules import RULES
from pixelwise.convert.images import ImageFile, upright_png
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable
from pixelwise.labels.decode import decode_image
from pixelwise.labels.shapes import Size
from pixelwise.repair.color import Unrepairable

# Modes that can be resized and that a PNG can hold; others become RGB.
_RESIZED = ("L", "RGB", "RGBA")
_HOW = Image.Resampling.BICUBIC


def repair_image(path: str, data: bytes, size: Size, rule: str) -> bytes:
    """An image as a PNG that lies on its label.

    Args:
        path, data: the image.
        size: (height, width) of its label.
        rule: what is wrong: G1, G2 or G5.
    Raises:
        Unrepairable: it does not become like its label by that, or is damaged.
    """
    image = ImageFile(path, data)
    try:
        return (_turned if RULES[rule].repair == "turn" else _resized)(image, size, rule)
    except PixelwiseError as error:
        raise Unrepairable(rule, error.reason) from None


def _turned(image: ImageFile, size: Size, rule: str) -> bytes:
    """Without its orientation tag, its pixels turned as that says."""
    if image.header[1] == 1 or image.turned_size != size:
        raise Unrepairable(rule, "no orientation tag of the image says how it is to be turned")
    return upright_png(image)


def _resized(image: ImageFile, size: Size, rule: str) -> bytes:
    """With the size of its label."""
    stored, orientation = image.header
    if not same_aspect(stored, size):
        raise Unrepairable(rule, "image and label differ in their aspect: one of them was cropped")
    if orientation != 1:
        raise Unrepairable(rule, "the image has an orientation tag: turn it first")
    try:
        pixels = decode_image(image.data)
    except Unreadable as error:
        raise Unrepairable(rule, f"it must be {error.must}, got {error.got}") from None
    height, width = size
    if pixels.mode.startswith("I;16"):
        wide = Image.fromarray(np.asarray(pixels).astype(np.float32))
        values = np.asarray(wide.resize((width, height), _HOW)).round().clip(0, 65535)
        found = Image.fromarray(values.astype(np.uint16))
    else:
        plain = pixels if pixels.mode in _RESIZED else pixels.convert("RGB")
        found = plain.resize((width, height), _HOW)
    out = BytesIO()
    found.save(out, "PNG")
    return out.getvalue()
