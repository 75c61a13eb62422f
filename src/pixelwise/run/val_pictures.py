"""Pictures of the val split for the loggers: label and prediction over the image, side by side."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.labels.bands.shown import shown_rgb
from pixelwise.labels.color import overlay
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.png import read_label
from pixelwise.labels.tables.distinct import shown_classes
from pixelwise.run.setup import Run
from pixelwise.run.trained import TrainedNetwork

NUMBER = 3  # images, the same ones in every epoch
LONGEST = 640  # pixels of a side, about


def val_pictures(run: Run) -> list[tuple[str, NDArray[np.uint8]]]:
    """The name and the picture (H, 2 W, 3) RGB of some images of the val split.

    Left is the label, right what the network predicts now. A pair that cannot be decoded is an
    error, as it is for the evaluation before.
    """
    pairs, classes = run.val.pairs, run.val.classes
    shown = shown_classes(classes)
    chosen = sorted({i * len(pairs) // NUMBER for i in range(NUMBER)})
    kind, scale = run.plan.images, run.config.scale
    trained = TrainedNetwork(run.scored, classes, run.plan.activation, scale, kind)
    was_training = run.scored.training
    trained.eval()
    try:
        found = []
        for pair in (pairs[i] for i in chosen):
            image, _ = kind.read(pair.image)
            picture = shown_rgb(image, kind.channels, kind.low or None, kind.high or None)
            label: NDArray[np.integer]
            if classes.files:
                label = read_members(pair, classes)
            else:
                assert pair.label is not None  # a plan has checked it
                label = classes.to_index(read_label(pair.label))
            both = [overlay(picture, one, shown) for one in (label, trained.predict(image))]
            found.append((f"val/{pair.id}", smaller(np.hstack(both))))
        return found
    finally:
        run.scored.train(was_training)


def smaller(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of two images, reduced by a whole number to about LONGEST a side of each."""
    height, width = picture.shape[:2]
    factor = math.ceil(max(height, width / 2) / LONGEST)
    return np.asarray(Image.fromarray(picture).reduce(factor)) if factor > 1 else picture
