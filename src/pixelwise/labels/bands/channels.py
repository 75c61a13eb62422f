"""Channels: what a network sees of an image file, the table [images] of dataset.toml.

[images]
channels = ["red", "green", "blue", "nir"]     # names, in the order that the network sees them
bands = [4, 3, 2, 8]                           # optional: places in the file, from 1; default all
range = [0, 10000]                             # optional: values that are black and white
normalization = "train"                        # optional: mean and std of the train split
shown = ["red", "green", "blue"]               # optional: channels of pictures
nodata = -9999                                 # optional: the value of samples without data
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pixelwise.errors import DatasetError
from pixelwise.files.records import from_plain, shown
from pixelwise.files.toml_file import toml_value
from pixelwise.text import plural

Normalization = Literal["encoder", "train"]
# (value that is black, value that is white)
Range = tuple[float, float]
_WHERE = "Channels"
_COLORS = ("red", "green", "blue")
_MOST_BANDS = 1 << 16  # of a file, as a TIFF file counts them


@dataclass(frozen=True)
class Channels:
    """The channels that a network sees, and where they are in an image file.

    The default stands for images as most data sets have them: RGB of 8 bits, where grey is
    repeated, a palette is applied and an alpha channel is dropped. All others are read by
    read_channels, which takes the bands that are named here and refuses files without them.

    Args:
        names: of the channels, in order.
        bands: the band of the file of each channel, from 1; () = the file has these and no others.
        range: the values of each channel that are black and white, one pair for all or one for
            each; () = those of 8 bits, which other samples do not have.
        normalization: "encoder", values in the range become those that the encoder was trained on;
            "train", mean and standard deviation of the train split.
        shown: three channels, or one, for pictures; () = those called red, green and blue, or the
            first three, or the first.
        nodata: a sample of this value says nothing: a number, or "nan"; None = all say something.
    Attributes:
        range, shown: complete.
    Raises:
        DatasetError: one of them is not as it must be.
    """

    names: tuple[str, ...] = _COLORS
    bands: tuple[int, ...] = ()
    range: tuple[Range, ...] = ()
    normalization: Normalization = "encoder"
    shown: tuple[str, ...] = ()
    nodata: float | Literal["nan"] | None = None

    def __post_init__(self) -> None:
        _check_names(self.names)
        if len(self.range) == 1:
            object.__setattr__(self, "range", self.range * len(self))
        object.__setattr__(self, "shown", self.shown or _shown_by_default(self.names))
        if isinstance(self.nodata, float) and math.isnan(self.nodata):
            object.__setattr__(self, "nodata", "nan")  # which equals itself
        _check(self)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_rgb(self) -> bool:
        """Whether images are read as RGB of 8 bits, whatever their files hold."""
        return self == RGB

    @property
    def places(self) -> tuple[int, ...]:
        """The places 0.. of the channels among the bands of a file."""
        if not self.bands:
            return tuple(range(len(self)))
        return tuple(band - 1 for band in self.bands)

    @property
    def shown_places(self) -> tuple[int, ...]:
        """The places 0..C-1 of the channels of pictures; three, or one."""
        return tuple(map(self.names.index, self.shown))

    def lowest_and_highest(self, dtype: np.dtype[Any]) -> tuple[Range, ...]:
        """The values of each channel that are black and white; () where no range is agreed."""
        if self.range:
            return self.range
        return ((0.0, 255.0),) * len(self) if dtype == np.uint8 else ()

    def check_samples(self, where: object, dtype: np.dtype[Any]) -> None:
        """Raise if samples of this type need a range, or statistics, and there are none.

        Raises:
            DatasetError: with the lines that dataset.toml needs.
        """
        if self.normalization == "encoder" and not self.lowest_and_highest(dtype):
            bits = f"{8 * dtype.itemsize}-bit {'numbers' if dtype.kind == 'f' else 'integers'}"
            event = (
                f"its samples are {bits}, and dataset.toml does not say which are black and white"
            )
            high = 1 if dtype.kind == "f" else np.iinfo(dtype).max
            hint = (
                f"Write into it, under [images], the lowest and the highest value: range = "
                f'[0, {high}]; or normalization = "train".'
            )
            raise DatasetError(where, event=event, hint=hint)


@dataclass(frozen=True)
class _Table:
    """The table [images]."""

    channels: tuple[str, ...] = _COLORS
    bands: tuple[int, ...] = ()
    range: tuple[float, float] | tuple[tuple[float, float], ...] = ()  # type: ignore[assignment]
    normalization: Normalization = "encoder"
    shown: tuple[str, ...] = ()
    nodata: float | Literal["nan"] | None = None


def channels_from_toml(where: str, table: Any) -> Channels:
    """The channels of the table [images] of a parsed dataset.toml.

    Raises:
        DatasetError: a key is unknown, or a value is not as it must be.
    """
    if not isinstance(table, Mapping):
        raise DatasetError(where, "images", must="a table", got=shown(table))
    parsed = from_plain(_Table, table, f"{where}: images", DatasetError)
    given: Any = parsed.range
    pairs = (given,) if given and not isinstance(given[0], tuple) else given
    try:
        return Channels(
            *(parsed.channels, parsed.bands, pairs, parsed.normalization, parsed.shown),
            parsed.nodata,
        )
    except DatasetError as error:
        error.replace(_WHERE, f"{where}: images")
        raise


def channels_to_toml(channels: Channels) -> str:
    """The table [images] that channels_from_toml gives back equal; "" for RGB of 8 bits."""
    if channels.is_rgb:
        return ""
    plain = Channels(channels.names)
    lines = [f"channels = {toml_value(channels.names)}"]
    if channels.bands:
        lines.append(f"bands = {toml_value(channels.bands)}")
    if channels.range:
        one = len(set(channels.range)) == 1
        lines.append(f"range = {toml_value(channels.range[0] if one else channels.range)}")
    if channels.normalization != plain.normalization:
        lines.append(f"normalization = {toml_value(channels.normalization)}")
    if channels.shown != plain.shown:
        lines.append(f"shown = {toml_value(channels.shown)}")
    if channels.nodata is not None:
        lines.append(f"nodata = {toml_value(channels.nodata)}")
    return "\n[images]\n" + "".join(f"{line}\n" for line in lines)


def _shown_by_default(names: tuple[str, ...]) -> tuple[str, ...]:
    if set(_COLORS) <= set(names):
        return _COLORS
    return names[:3] if len(names) >= 3 else names[:1]


def _check_names(names: tuple[str, ...]) -> None:
    plain = all(isinstance(n, str) and n.strip() == n != "" and n.isprintable() for n in names)
    if not names or not plain or len(set(names)) < len(names):
        must = "a list of different names, at least one"
        raise DatasetError(_WHERE, "channels", must=must, got=shown(list(names)))


def _check(channels: Channels) -> None:
    count = plural(len(channels), "channel")
    if channels.bands and len(channels.bands) != len(channels):
        must = f"as many as there are names: {len(channels)}"
        raise DatasetError(_WHERE, "bands", must=must, got=len(channels.bands))
    if not all(type(band) is int and 1 <= band <= _MOST_BANDS for band in channels.bands):
        must, got = f"places in the file, 1..{_MOST_BANDS:,}", shown(list(channels.bands))
        raise DatasetError(_WHERE, "bands", must=must, got=got)
    if channels.range and len(channels.range) != len(channels):
        must, got = f"one pair, or one for each of {count}", f"{len(channels.range)} pairs"
        raise DatasetError(_WHERE, "range", must=must, got=got)
    for low, high in channels.range:
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            must = "a lower and a higher finite number"
            raise DatasetError(_WHERE, "range", must=must, got=shown([low, high]))
    if channels.normalization not in ("encoder", "train"):
        must, got = "encoder or train", repr(channels.normalization)
        raise DatasetError(_WHERE, "normalization", must=must, got=got)
    if channels.range and channels.normalization == "train":
        hint = "Remove one of the two lines."
        must, got = "encoder where there is a range", "train"
        raise DatasetError(_WHERE, "normalization", must=must, got=got, hint=hint)
    if len(channels.shown) not in (1, 3) or not set(channels.shown) <= set(channels.names):
        must = f"one or three of the channels {', '.join(channels.names)}"
        raise DatasetError(_WHERE, "shown", must=must, got=shown(list(channels.shown)))
    if isinstance(channels.nodata, float) and math.isinf(channels.nodata):
        must, got = "a finite number or nan", str(channels.nodata)
        raise DatasetError(_WHERE, "nodata", must=must, got=got)


RGB = Channels()
