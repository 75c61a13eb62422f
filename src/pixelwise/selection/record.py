"""The images to label next: what `pixelwise next` finds. No torch here.

The gain of an image is how unsure the network is of it,

    gain = mean over pixels of 1 - (p1 - p2)

with p1 and p2 the largest probabilities of a pixel: 0 where it is sure of all, 1 where two classes
are equal everywhere. Images are taken in that order; one that is almost the same as one that was
taken before says little new and is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pixelwise.files.results import Result
from pixelwise.score.confidence import FULL, LEVELS, ConfidenceSums
from pixelwise.text import percent, plural, some, text_table

LEVEL = 0.5  # of the margin, below which a pixel is one that the network is not sure of
MOST_CLASSES = 3  # that are named


@dataclass(frozen=True)
class NextImage:
    """An image to label.

    Attributes:
        id, image: of the image, and its file.
        gain: 0..1.
        unsure: share of its pixels with a margin below LEVEL.
        predicted: the classes that most of these are predicted as, most first.
    """

    id: str
    image: str
    gain: float
    unsure: float
    predicted: tuple[str, ...]


@dataclass(frozen=True)
class NearCopy:
    """An image that was left out, and the chosen one that it is almost the same as."""

    id: str
    like: str


@dataclass(frozen=True)
class Unread:
    """An image that could not be looked at, and why."""

    id: str
    reason: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NextImages(Result):
    """The images of a pool to label next; it can be read by key too.

    Attributes:
        version, command, created: which release made it, how and when.
        run, images: the run, and the folder of the pool.
        temperature: that logits were divided by.
        looked: images that were looked at.
        chosen: in the order of their gain.
        near: left out, for one that is almost the same.
        unread: images that could not be looked at.
    """

    SCHEMA: ClassVar[str] = "pixelwise.next/1"

    version: str
    command: str
    created: str
    run: str
    images: str
    temperature: float
    looked: int
    chosen: tuple[NextImage, ...]
    near: tuple[NearCopy, ...]
    unread: tuple[Unread, ...]

    def text(self) -> str:
        """A row for each image, and what was left out."""
        rows = [["image", "gain", f"margin < {100 * LEVEL:.0f}", "mostly predicted"]]
        for one in self.chosen:
            rows.append([one.id, percent(one.gain), percent(one.unsure), ", ".join(one.predicted)])
        lines = [text_table(rows), ""]
        lines.append(f"{len(self.chosen):,} of {plural(self.looked, 'image')}, least sure first")
        if self.near:
            ids = some([f"{one.id} (like {one.like})" for one in self.near])
            lines.append(f"left out, almost the same: {ids}")
        if self.unread:
            lines.append(f"not looked at: {some([one.reason for one in self.unread], 3, '; ')}")
        return "\n".join(lines)

    def finding(self) -> str:
        """What exit code 1 is for; "" if every image could be looked at."""
        if not self.unread:
            return ""
        number = plural(len(self.unread), "image")
        return f"next: {number} could not be looked at: {some([one.reason for one in self.unread])}"


def next_image(id: str, image: str, sums: ConfidenceSums, names: Sequence[str]) -> NextImage:
    """An image with its gain, from the sums of its margins."""
    pixels, below = int(sums.pixels.sum()), sums.below[:, LEVELS.index(LEVEL)]
    most = [c for c in np.argsort(-below, kind="stable")[:MOST_CLASSES] if below[c]]
    return NextImage(
        id,
        image,
        1 - float(sums.bytes.sum()) / (FULL * pixels),
        float(below.sum()) / pixels,
        tuple(names[c] for c in most),
    )
