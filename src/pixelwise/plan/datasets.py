"""The datasets of a plan: how examples are chosen, cut out and changed."""

import numpy as np
from numpy.typing import NDArray

from pixelwise.data.choice import PASTED, Choice
from pixelwise.data.cut import Augmentation
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.plan.pasting import pasted_classes
from pixelwise.plan.plan import Plan
from pixelwise.plan.several import all_counts
from pixelwise.plan.splits import AnyCounts


def make_datasets(plan: Plan) -> tuple[SegmentationDataset, SegmentationDataset]:
    """The train split with augmentation, and the val split without."""
    config, classes = plan.config, plan.description.classes
    assert config.crop is not None  # make_plan has filled it in
    how = Augmentation(
        crop=config.crop,
        scale=config.scale,
        zoom=config.scale_jitter,
        flip=config.flip,
        color=config.color_jitter,
        more=config.augment,
    )
    if config.augment in AUGMENTATIONS and AUGMENTATIONS[config.augment].crop_only:
        how = Augmentation(crop=config.crop, scale=config.scale, more=config.augment)
    choice, paste = None, None
    if config.sample != "uniform":
        pixels = pixels_inside(all_counts(plan.sources))
        choice = Choice(plan.places, pixels, config.sample == "class-first", config.sample_share)
    if config.copy_paste:
        first, only = plan.sources[0], pasted_classes(config, classes)
        places = plan.places[: len(first.pairs)]
        paste = Choice(places, pixels_inside(first.counts), True, config.copy_paste, only, PASTED)
    tables = [one.description.classes for one in plan.sources for _ in one.pairs]
    return (
        SegmentationDataset(
            *(plan.train, classes, config.scale, how, config.seed, choice, plan.images, paste),
            tables if len(plan.sources) > 1 else (),
        ),
        SegmentationDataset(plan.val, classes, config.scale, kind=plan.images),
    )


def pixels_inside(counts: AnyCounts) -> NDArray[np.int64]:
    """(C,) pixels of each class."""
    return counts.pixels[:, 1] if counts.pixels.ndim == 2 else counts.pixels
