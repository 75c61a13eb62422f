"""What the network sees: some examples of the first steps as pictures in RUN/examples."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.data.loader import epoch_batches
from pixelwise.errors import PixelwiseError
from pixelwise.labels.bands.shown import shown_rgb
from pixelwise.logs.example_pictures import MOST, Example, label_over, write_examples
from pixelwise.run.setup import Run
from pixelwise.run.val_pictures import smaller


def show_examples(run: Run) -> None:
    """Write the first examples of epoch 1, and give them to the loggers; on the first rank.

    An example that cannot be read is left out: its step says why.

    Raises:
        RunError: the file system refuses.
    """
    if not run.fabric.is_global_zero:
        return
    config, classes, shown = run.config, run.train.classes, []
    batches = epoch_batches(len(run.train), config.batch, config.seed, 0)
    for key in [key for batch in batches for key in batch][:MOST]:
        try:
            image, target = run.train[key]
        except PixelwiseError:
            continue
        picture = smaller(as_picture(run, image))
        paste = run.train.pasted_into(key)
        example = Example(run.train.pair_of(key).id, paste.pair.id if paste else None)
        shown.append((example, picture, label_over(picture, target.numpy(), classes)))
    write_examples(run.folder, shown)
    run.loggers.figures(
        0, lambda: [(f"train/{n}", np.hstack(two)) for n, (_, *two) in enumerate(shown, 1)]
    )


def as_picture(run: Run, image: Tensor) -> NDArray[np.uint8]:
    """An image (C, h, w) at the network as (h, w, 3) RGB."""
    kind = run.train.kind
    limits = (kind.low, kind.high) if kind.low else (None, None)
    return shown_rgb(image.permute(1, 2, 0).numpy(), kind.channels, *limits)
