"""Deployed: a trained network with everything around it, from samples to stored values."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixelwise.data.resize import network_size
from pixelwise.errors import ArgumentError, RunError, setting
from pixelwise.export.resizing import axis_matrix, resize_by
from pixelwise.labels.classes import Classes
from pixelwise.networks.outputs import logits_of
from pixelwise.run.trained import TrainedNetwork

Size = tuple[int, int]


class Deployed(nn.Module):
    """Samples of images -> stored values of their labels, by operators that every runtime has.

    resize as in training; normalise; network; bilinear to the size of the image, align_corners =
    False; then argmax, the lowest index on ties, or x > logit(threshold); then the stored value.

    Args:
        network: in evaluation mode.
        size: (height, width) of the images; None: every size of multiples of 32.
        thresholds: one for each channel, sigmoid only.
        half: the network computes in float16, all around it in float32.
    Raises:
        ArgumentError: any size was asked for, and the run resizes its images.
        RunError: likewise, and the network resizes them itself.
    """

    rows: Tensor | None
    columns: Tensor | None
    inner_rows: Tensor | None
    inner_columns: Tensor | None
    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor
    cuts: Tensor
    table: Tensor

    def __init__(
        self,
        network: TrainedNetwork,
        size: Size | None,
        thresholds: Sequence[float] = (0.5,),
        half: bool = False,
    ) -> None:
        super().__init__()
        own = network.network
        if size is None and network.scale != 1:
            must = f"left out for a run of scale {network.scale:g}, which resizes its images"
            hint = f"Give the size of the images: {setting('size', '360 480')}."
            raise ArgumentError("export", "any_size", must=must, got="given", hint=hint)
        if size is None and own.multiple > 1:
            event = f"{setting('any_size')} cannot be: the network resizes to {own.multiple}s"
            raise RunError("export", event=event)
        self.size, self.is_half = size, half
        self.is_bytes = network.images.dtype == "uint8"
        self.classes, self.activation = network.classes, network.activation
        self.body = own.body.half() if half else own.body
        self.clips = own.clips
        for name in ("mean", "std", "low", "high") if own.clips else ("mean", "std"):
            self.register_buffer(name, getattr(own, name))
        inner: list[Tensor | None] = [None, None]
        outer: list[Tensor | None] = [None, None]
        if size is not None:
            middle = network_size(size, network.scale)
            outer = matrices(size, middle, self.is_bytes)
            multiple = own.multiple
            last = tuple(max(1, round(length / multiple)) * multiple for length in middle)
            inner = matrices(middle, (last[0], last[1]), False) if multiple > 1 else inner
        names = ("rows", "columns", "inner_rows", "inner_columns")
        for name, matrix in zip(names, (*outer, *inner)):
            if matrix is None:  # torch.export fails at a buffer that is None
                setattr(self, name, None)
            else:
                self.register_buffer(name, matrix)
        cuts = [cut_of(threshold) for threshold in thresholds]
        self.register_buffer("cuts", torch.tensor(cuts).view(1, -1, 1, 1))
        self.register_buffer("table", torch.from_numpy(stored_table(network.classes)))
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """(N, channels, H, W) samples -> (N, H, W) stored values.

        (N, C, H, W) of 0 and 1 where classes overlap.
        """
        size = image.shape[2:] if self.size is None else self.size
        x = resize_by(image.float(), self.rows, self.columns, self.is_bytes)
        if self.clips:
            x = x.clamp(self.low, self.high)
        x = resize_by((x - self.mean) / self.std, self.inner_rows, self.inner_columns, False)
        logits = logits_of(self.body(x.half() if self.is_half else x)).float()
        if self.size is None or tuple(logits.shape[2:]) != tuple(size):
            logits = F.interpolate(logits, size, mode="bilinear", align_corners=False)
        if self.classes.files:
            return (logits > self.cuts).to(torch.uint8)
        index = logits.argmax(1) if self.activation == "softmax" else (logits > self.cuts)[:, 0]
        return self.table[index.long()]


def matrices(size: Size, out: Size, is_bytes: bool) -> list[Tensor | None]:
    """(h, H) and the transposed (W, w) that resize an image; None for an axis that stays."""
    if size == out:
        return [None, None]
    rows, columns = (
        None if own == new else axis_matrix(own, new, is_bytes) for own, new in zip(size, out)
    )
    return [rows, None if columns is None else columns.T.contiguous()]


def cut_of(threshold: float) -> float:
    """The float32 c with x > c exactly where x > log(threshold / (1 - threshold)) in float64."""
    if threshold in (0, 1):
        return -math.inf if threshold == 0 else math.inf
    exact = math.log(threshold / (1 - threshold))
    cut = np.float32(exact)
    return float(np.nextafter(cut, np.float32(-np.inf)) if float(cut) > exact else cut)


def stored_table(classes: Classes) -> np.ndarray:
    """(C,) uint8 or uint16: the value that files store for each class."""
    if classes.files:
        return np.zeros(1, np.uint8)
    values = np.array([classes.written(i) for i in range(len(classes))])
    return values.astype(np.min_scalar_type(values.max()))
