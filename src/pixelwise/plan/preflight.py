"""What would stop a training run, found before the first step. No torch here.

check_early looks at settings alone, check_pairs at the header and the end of every image and at
the header of every label: some 70 microseconds a pair, so nothing of it is kept for the next time.
"""

import math
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from pixelwise.audit.headers import NUMBER, Header, read_start
from pixelwise.errors import ArgumentError, DatasetError, LabelError, PixelwiseError, setting
from pixelwise.extras import missing_package
from pixelwise.files.content import Unreadable, max_unpacked, open_file
from pixelwise.files.folder import check_free
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.decode import check_memory, read_head
from pixelwise.labels.description import read_settled
from pixelwise.labels.image import read_rgb
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import label_size
from pixelwise.networks.table import check_name
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.further import further_data
from pixelwise.plan.samples import check_image
from pixelwise.text import shell_line
from pixelwise.weights.file import read_weights

# more than decoding takes in any format; only of larger images is it looked at exactly
_MOST_BYTES_A_PIXEL = 40


@dataclass(frozen=True)
class Preflight:
    """What the headers of a split say.

    Attributes:
        headers: of the images that can be used, by the id of their pair.
        bad: what is wrong with the other pairs.
    """

    headers: dict[str, Header]
    bad: dict[str, PixelwiseError]


def check_early(config: TrainConfig) -> None:
    """Check the settings that can be wrong without a look at an image.

    Raises:
        PixelwiseError: the folder to make is not free, the file of class weights is not one of this
            dataset, there is no such network, a logger is not installed, or a training example
            would not fit into memory.
    """
    if config.data is None:
        return  # a resumed run has passed
    check_out(config.out)
    check_name(config.network)
    check_loggers(config)
    description = read_settled(config.data, config.accept_guesses)
    further_data(config, description)
    check_crop(config, description.channels)
    if config.class_weights.endswith(".json"):
        read_weights(config.class_weights, description.classes.names, description.task)


def check_out(folder: Path | None) -> None:
    """Raise unless a run can be made there."""
    if folder is not None:
        command = shell_line(["pixelwise", "train", "--resume", str(folder)])
        hint = f"Choose another {setting('out')}, or go on with: {command}"
        check_free("train", folder, hint)


def check_loggers(config: TrainConfig) -> None:
    """Raise if the package of a logger, which has its name, is not installed."""
    for name in config.log:
        if sys.modules.get(name) is None and find_spec(name) is None:
            raise missing_package("train", name)


def check_crop(config: TrainConfig, channels: Channels) -> None:
    """Raise if cutting out one training example takes more memory than a file may."""
    if config.crop is None:
        return
    # the window that is cut out, or what the network sees of it
    side = max(1 / config.scale_jitter[0], config.scale, 1.0)
    pixels = math.prod(float(length) * side for length in config.crop)
    height, width = config.crop
    # image and label, before and after
    bytes_a_pixel = 2 * (len(channels) * (1 if channels.is_rgb else 4) + 1)
    try:
        # beyond 1e30 bytes a message needs no digits
        check_unpacked(int(min(bytes_a_pixel * pixels, 1e30)), f"{height:,} x {width:,} pixels")
    except Unreadable as reason:
        must, hint = "one whose examples fit into memory", reason.hint
        raise ArgumentError("train", "crop", must=must, got=reason.got, hint=hint) from None


def check_pairs(pairs: Sequence[Pair], channels: Channels = RGB) -> Preflight:
    """Look at the header and the end of every image, and at the header of every label.

    Args:
        pairs: with labels.
        channels: of the images.
    Returns:
        What was found; nothing is raised.
    """
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        found = list(zip(pairs, executor.map(partial(check_pair, channels=channels), pairs)))
    return Preflight(
        {pair.id: one for pair, one in found if isinstance(one, Header)},
        {pair.id: one for pair, one in found if isinstance(one, PixelwiseError)},
    )


def check_pair(pair: Pair, channels: Channels = RGB) -> Header | PixelwiseError:
    """The header of the image, or why the pair cannot be used."""
    try:
        header = read_start(str(pair.image))
        pixels = header.height * header.width
        if not channels.is_rgb or not header.as_rgb or header.format == "NPY":
            check_image(pair.image, header, channels)
            size = 2 * header.bands * math.ceil(header.depth / 8) * pixels
            check_unpacked(size, f"{header.width:,} x {header.height:,} pixels")
        elif _MOST_BYTES_A_PIXEL * pixels > max_unpacked():
            with open_file(pair.image) as file:
                head = read_head(file)
                size = file.seek(0, os.SEEK_END)
            check_memory(head.format, head.mode, head.width, head.height, size)
        if channels.is_rgb and header.storage == NUMBER:
            read_rgb(pair.image)  # few are, and they have no range
    except Unreadable as reason:
        return reason.at(DatasetError, pair.image, "image")
    except DatasetError as error:
        return error
    for label in pair.label_files:
        try:
            height, width = label_size(label)
        except LabelError as error:
            return error
        if (height, width) != (header.height, header.width):
            must = f"{header.height}x{header.width} (height x width), that of {pair.image}"
            hint = "Labels are never resized."
            return LabelError(label, "size", must=must, got=f"{height}x{width}", hint=hint)
    return header
