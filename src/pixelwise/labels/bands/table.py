"""The table [images] that a folder of images needs, from what their headers say."""

from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.stored import SampleType

_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}
_HIGHEST = {"uint16": "65535", "float32": "1"}


def names_for(bands: int) -> tuple[str, ...]:
    """Names of so many bands: grey, or red, green and blue, or numbers, as nothing is known."""
    return _NAMES.get(bands) or tuple(f"band{number + 1}" for number in range(bands))


def lines_for(bands: int, samples: SampleType) -> tuple[str, ...]:
    """The lines of dataset.toml for images of so many bands; the last one has two ways."""
    quoted = ", ".join(f'"{name}"' for name in names_for(bands))
    lines = ("[images]", f"channels = [{quoted}]")
    if samples == "uint8":
        return lines
    ranged = f"range = [0, {_HIGHEST[samples]}] (the values that are black and white)"
    return (*lines, f'{ranged} or normalization = "train"')


def channels_for(bands: int, samples: SampleType) -> Channels:
    """What is assumed of images of so many bands: statistics of the train split, if any."""
    if samples == "uint8":
        return Channels(names_for(bands))
    return Channels(names_for(bands), normalization="train")
