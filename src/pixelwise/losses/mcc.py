"""Matthews correlation of target and prediction as a formula on PixelStats."""

from typing import Unpack

import torch
from torch import Tensor

from pixelwise.errors import ArgumentTypeError
from pixelwise.losses.class_mean import ClassOptions, mean_over_classes
from pixelwise.losses.options import PassSettings
from pixelwise.losses.region import Region
from pixelwise.ops.spec import Activation
from pixelwise.ops.stats import PixelStats

EVERYWHERE = 1e-6  # a class fills an image if the share of other pixels is at most this


class MCCOptions(PassSettings, ClassOptions, total=False):
    """Options of Region that the correlation has too."""

    per_image: bool
    smooth: float
    activation: Activation


class MCC(Region):
    """Matthews correlation loss: 1 minus the correlation of target and probability, in 0..2.

    loss = mean_c 1 − (TP TN − FP FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) with soft counts
    = mean_c 1 − (I V − P T) / √(P T (V − P) (V − T)),  V = valid pixels

    Args:
        shared: see Region; squared, form, pool_classes and weighted_mean do not apply. smooth is
            one number, added to each of TP, FP, FN and TN.
    Absent classes: left out of the mean by default; see `absent`. A class that fills every valid
        pixel counts as absent too, as nothing correlates with a constant; with absent="keep" and
        smooth=0 its loss is 0 if the prediction is the same constant, else 1.
    Equals: MCCLoss(eps=smooth) of segmentation_models_pytorch for one channel and absent="keep".
    Source: Abhishek and Hamarneh 2021, equations 3 to 5.
    """

    smooth: float

    def __init__(self, **shared: Unpack[MCCOptions]) -> None:
        super().__init__(**shared)
        if isinstance(self.smooth, tuple):
            raise ArgumentTypeError("MCC", "smooth", must="one number", got=self.smooth)

    def formula(self, stats: PixelStats) -> Tensor:
        inter, prob, target, valid, factors = self.class_sums(stats)
        smooth = self.smooth
        present = (target > 0) & (valid - target > EVERYWHERE * valid)
        i, p, t, v = inter + smooth, prob + 2 * smooth, target + 2 * smooth, valid + 4 * smooth
        squared = p * t * (v - p) * (v - t)
        some = ~(squared <= torch.finfo(squared.dtype).tiny)  # and not >, which would hide a NaN
        root = torch.where(some, squared, torch.ones_like(squared)).sqrt()
        score = torch.where(some, (i * v - p * t) / root, (p == t).to(root))
        return mean_over_classes(1 - score, present, valid, factors, self.absent)
