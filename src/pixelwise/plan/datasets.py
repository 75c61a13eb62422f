"""The datasets of a plan: how examples are chosen, cut out and changed."""

from pixelwise.data.choice import PASTED, Choice
from pixelwise.data.cut import Augmentation
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.plan.pasting import pasted_classes
from pixelwise.plan.plan import Plan


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
    pixels = plan.counts[config.train_split].pixels
    pixels = pixels[:, 1] if classes.files else pixels
    if config.sample != "uniform":
        choice = Choice(plan.places, pixels, config.sample == "class-first", config.sample_share)
    if config.copy_paste:
        only = pasted_classes(config, classes)
        paste = Choice(plan.places, pixels, True, config.copy_paste, only, PASTED)
    return (
        SegmentationDataset(
            plan.train, classes, config.scale, how, config.seed, choice, plan.images, paste
        ),
        SegmentationDataset(plan.val, classes, config.scale, kind=plan.images),
    )
