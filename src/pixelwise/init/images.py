"""What the images of a folder hold: the table [images], and a question where it is not certain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pixelwise.audit.headers import Header
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable, open_file
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.stored import stored_nodata
from pixelwise.labels.bands.table import channels_for, names_for
from pixelwise.labels.image import read_image
from pixelwise.sample import sample
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.text import plural

# images that are decoded to see how far their values reach
_MOST_DECODED = 8
_FEWER_BITS = (10, 12, 14)
_TRAIN = "train"
NoData = float | Literal["nan"] | None


def about_images(
    images: Sequence[tuple[Path, Header]], given: Given, written: NoData = None
) -> tuple[Channels, list[Statement]]:
    """The channels of a folder of images, and what is to be said or asked about them.

    Args:
        images: files and their headers.
        given: what a person has decided.
        written: nodata of the dataset.toml that is replaced, which a person may have written.
    """
    types = Counter(header.samples for _, header in images)
    bands = Counter(header.colors for _, header in images)
    nodata, said = _nodata([path for path, _ in images])
    if written not in (None, nodata):
        files = "" if nodata is None else f"; the files name {nodata}"
        text = f"samples of {written} are without data, as in the dataset.toml before{files}"
        nodata, said = written, [Statement(LIKELY if files else SURE, text)]
    if given.channels or given.bands or given.range:
        channels = _given(given, bands)
        text = f"images have {_listed(channels)}, as it was given"
        return replace(channels, nodata=nodata), [Statement(SURE, text), *said]
    if not types or (set(types) == {"uint8"} and set(bands) <= {1, 3}):
        return (RGB, []) if written is None else (replace(RGB, nodata=nodata), said)
    if len(types) > 1 or len(bands) > 1:
        kinds = Counter((header.samples, header.colors) for _, header in images)
        shown = "; ".join(
            f"{number:,} of {plural(count, 'band')} of {kind}"
            for (kind, count), number in kinds.most_common(3)
        )
        text = (
            f"images differ, and a network takes one kind: {shown}. Convert some of them, or name "
            "channels and bands that all of them have in dataset.toml"
        )
        return RGB, [Statement(OPEN, text)]
    (kind,), (count,) = types, bands
    channels = replace(channels_for(count, kind), nodata=nodata)
    if names_for(count)[0] == "band1":
        text = f"images have {plural(count, 'band')}, called {', '.join(channels.names)}"
        said = [Statement(LIKELY, f"{text}: write their names into dataset.toml"), *said]
    if kind == "uint8":
        return channels, said
    return channels, [*said, _question(images, kind, nodata)]


def _given(given: Given, bands: Counter[int]) -> Channels:
    count = len(given.bands or ()) or max(bands, key=lambda c: bands[c], default=3)
    options: dict[str, Any] = {"names": given.channels or names_for(count)}
    options["bands"] = given.bands or ()
    if given.range == (_TRAIN,):
        options["normalization"] = _TRAIN
    elif given.range:
        options["range"] = (tuple(map(float, given.range)),)
    return Channels(**options)


def _listed(channels: Channels) -> str:
    return f"the channels {', '.join(channels.names)}"


def _nodata(paths: Sequence[Path]) -> tuple[NoData, list[Statement]]:
    """The value of samples without data that all of some TIFF files name, and a line about it."""
    found = set[NoData]()
    for path in sample(paths, _MOST_DECODED):
        try:
            with open_file(path) as file:
                found.add(stored_nodata(file))
        except Unreadable:
            continue  # others say so
    value = found.pop() if len(found) == 1 else None
    if value is None:
        return None, []
    if value != "nan" and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    return value, [Statement(SURE, f"samples of {value} are without data, as the files say")]


def _question(images: Sequence[tuple[Path, Header]], kind: str, nodata: NoData) -> Statement:
    """Which values are black and white."""
    lowest, highest, number = _extremes([path for path, _ in images], nodata)
    seen = ""
    if number:
        seen = f": those of {plural(number, 'decoded image')} reach from {lowest:g} to {highest:g}"
    text = f"images have samples of {kind}, and it is not known which are black and white{seen}"
    answers = [Answer("mean and deviation of the train split decide", {"range": (_TRAIN,)})]
    answers += [
        Answer(f"{name} are black and white", {"range": limits})
        for name, limits in _ranges(kind, lowest, highest, number)
    ]
    return Statement(OPEN, text, tuple(answers))


def _ranges(
    kind: str, lowest: float, highest: float, number: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    if kind == "uint16":
        for bits in _FEWER_BITS:
            if number and highest < 1 << bits:
                yield f"0 and {(1 << bits) - 1}, {bits} bits,", (0, (1 << bits) - 1)
                break
        yield "0 and 65535, all 16 bits,", (0, 65535)
    elif number and lowest >= 0 and highest <= 1:
        yield "0 and 1", (0, 1)
    elif number and highest > lowest:
        yield "the lowest and the highest", (int(np.floor(lowest)), int(np.ceil(highest)))


def _extremes(paths: Sequence[Path], nodata: NoData) -> tuple[float, float, int]:
    """The lowest and the highest finite sample of some images, and how many were decoded."""
    missing = np.nan if nodata in (None, "nan") else np.float32(nodata)
    found = []
    for path in sample(paths, _MOST_DECODED):
        try:
            samples = read_image(path)
        except PixelwiseError:
            continue  # others say so
        samples = samples[np.isfinite(samples) & (samples.astype(np.float32) != missing)]
        if samples.size:
            found.append((float(samples.min()), float(samples.max())))
    lows, highs = zip(*found) if found else ((0.0,), (0.0,))
    return min(lows), max(highs), len(found)
