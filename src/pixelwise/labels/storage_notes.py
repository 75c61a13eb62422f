"""What is done with images that are not 8-bit RGB as shown: one sentence a kind, with a count.

Every command that reads images says it, from their headers alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pixelwise.errors import PixelwiseError
from pixelwise.labels.image import decode_rgb, read_rgb
from pixelwise.sample import sample
from pixelwise.text import plural

# kind: (what such an image has, what is done with it)
_KINDS = {
    "turned": (
        "an orientation tag (EXIF)",
        "it is applied neither to images nor to labels, which are used as their pixels are stored",
    ),
    "deep": ("16 bits a sample", "the upper 8 are used"),
    "cmyk": ("CMYK colours", "they are converted to RGB"),
    "alpha": ("an alpha channel or transparency", "it is dropped without blending"),
    "palette": ("a palette", "it is applied"),
}
# 12-bit data in 16-bit files reaches a sixteenth of the range; of the upper 8 bits, this is a
# quarter.
DARK = 64
# 16-bit images that are decoded to see whether they are dark.
_MOST_DECODED = 8


class Stored(Protocol):
    """What a header says of an image; see audit.headers.Header."""

    orientation: int
    depth: int
    cmyk: bool
    alpha: bool
    palette: bytes
    extras: tuple[str, ...]


def count_kinds(images: Iterable[Stored]) -> Counter[str]:
    """How many images are of each kind; an image may be of several."""
    return Counter(kind for image in images for kind in _kinds(image))


def storage_notes(kinds: Mapping[str, int], images: int, is_rgb: bool = True) -> tuple[str, ...]:
    """A sentence for each kind that occurs: how many images, and what is done with them.

    Args:
        kinds: of count_kinds.
        images: how many were looked at.
        is_rgb: they are read as RGB of 8 bits; otherwise nothing is cut off.
    """
    return tuple(
        f"{kinds[kind]:,} of {plural(images, 'image')} "
        f"{'has' if kinds[kind] == 1 else 'have'} {what}: {done}"
        for kind, (what, done) in _KINDS.items()
        if kinds.get(kind) and (is_rgb or kind != "deep")
    )


def dark_note(deep: Sequence[Path | str]) -> str:
    """A sentence if 16-bit images, of which a few are decoded, become nearly black; "" if not.

    Args:
        deep: the images whose header says 16 bits a sample.
    """
    some = sample(deep, _MOST_DECODED)
    dark = [path for path in some if is_dark(path)]
    if not dark:
        return ""
    return (
        f"{len(dark):,} of {plural(len(some), 'decoded 16-bit image')} "
        f"{'has' if len(dark) == 1 else 'have'} no sample above a quarter of the range, such as "
        f"{Path(dark[0]).name}: the upper 8 bits of such images are nearly black. Multiply 12-bit "
        "samples by 16, or save the images with 8 bits"
    )


def is_dark(path: Path | str, data: bytes = b"") -> bool:
    """Whether the upper 8 bits of a 16-bit image are below a quarter of their range.

    An image that cannot be decoded is not: others say so.

    Args:
        path: of the image.
        data: its content, if it has been read.
    """
    try:
        return bool((decode_rgb(path, data) if data else read_rgb(path)).max() < DARK)
    except PixelwiseError:
        return False


def _kinds(image: Stored) -> Iterable[str]:
    found = {
        "turned": image.orientation != 1,
        "deep": image.depth == 16,
        "cmyk": image.cmyk,
        "alpha": image.alpha or "transparency" in image.extras,
        "palette": bool(image.palette),
    }
    return (kind for kind, holds in found.items() if holds)
