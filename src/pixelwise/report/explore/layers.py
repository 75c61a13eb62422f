"""The pictures of an image that script/viewer.js lays over each other.

A label and a prediction are indexed PNGs whose colours tell the classes apart, so that the script
finds the errors by itself. The same pictures stand in the page for readers without scripts.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import VOID_COLOR
from pixelwise.pictures.reduce import Box
from pixelwise.report.pictures import Picture, channels_of, read_index, read_photo
from pixelwise.report.reach import reach
from pixelwise.report.source import Source
from pixelwise.score.record import ImageScores

LARGE: Box = (640, 640)
FULL: Box = (2**31, 2**31)
COLORS = 256**3


def distinct(classes: Classes) -> Classes:
    """The classes with colours that are all different, and not that of void.

    Colours that repeat are changed by as little as it takes.
    """
    taken = {VOID_COLOR}
    colors = []
    for red, green, blue in classes.colors:
        number = 65536 * red + 256 * green + blue
        while (color := (number >> 16, number >> 8 & 255, number & 255)) in taken:
            number = (number + 1) % COLORS
        taken.add(color)
        colors.append(color)
    if tuple(colors) == classes.colors:
        return classes
    values = {f.name: getattr(classes, f.name) for f in dataclasses.fields(classes)}
    return Classes(**{**values, "colors": colors, "files": classes.files or None})


class Layers:
    """Reads the layers of the images of a score, those that its page may show.

    Args:
        source: the score.
    """

    def __init__(self, source: Source) -> None:
        score = source.score
        self.folder: Path = source.path.parent
        self.classes: Classes = distinct(score.classes)
        self.channels: Channels = channels_of(score.dataset, self.folder)
        self._reach = reach(self.folder, (score.predictions,), score.dataset)

    def may_show(self, image: ImageScores) -> Callable[[str], bool]:
        """Whether the page may show a file of an image."""
        return lambda name: self._reach(name, image.id)

    def read(self, image: ImageScores, box: Box = FULL) -> tuple[Picture, Picture, Picture]:
        """Image, label and prediction; a picture without data says why there is none.

        Args:
            image: of the score.
            box: that they fit into.
        """
        may_show = self.may_show(image)
        photo, _ = read_photo(image.image, self.folder, may_show, self.channels, box)
        label, prediction = (
            read_index(caption, name, self.folder, self.classes, may_show, box)[0]
            for caption, name in (("Label", image.label), ("Prediction", image.prediction))
        )
        return photo, label, prediction
