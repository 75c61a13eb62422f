"""From logits to predicted class indices and to integer counts, interpolation inside."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    check_choice,
    check_range,
    check_shape,
    shown,
)
from pixelwise.ops.activations import check_logits
from pixelwise.ops.backends import Backend, choose_backend, has_kernels, kernels
from pixelwise.ops.batch_axis import batch_hint, refuse_image
from pixelwise.ops.definition.confidence import confidence_of
from pixelwise.ops.nan import check_no_nan, count_nan_later, nan_pixels
from pixelwise.ops.operators import operator
from pixelwise.ops.rows import Rows, check_rows, whole
from pixelwise.ops.spec import Activation
from pixelwise.ops.target import Ignore, check_target_dtype, merge_ignored, unknown_target
from pixelwise.ops.unknown import count_later

Threshold = float | Sequence[float]
Confidence = Literal["none", "max", "margin"]
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)


def predict_label(
    logits: Tensor,
    size: tuple[int, int] | None = None,
    activation: Activation = "softmax",
    threshold: Threshold = 0.5,
    backend: Backend = "auto",
) -> Tensor:
    """Predicted class index of every pixel, at any size.

    softmax: argmax_c x_c, the lowest index on ties;  sigmoid: [sigmoid(x) > threshold] of a channel

    A NaN logit is the largest of its pixel, as in argmax, and is not above any threshold; where a
    prediction is scored or saved, NaN is an error.

    Args:
        logits: (N, C, *S) floating point. (N, C, L) whose last two axes look like an image is
            taken for one without a batch axis and refused: logits[None], or logits[..., None].
        size: (H, W) of the result: logits are interpolated bilinearly (align_corners=False)
            inside, so that nothing of N·C·H·W elements exists; None = as they are.
        activation: "softmax" for C >= 2, "sigmoid" for one channel or classes that overlap.
        threshold: probability above which a pixel is foreground, 0..1, sigmoid only; or one for
            each channel.
        backend: "auto", or one of BACKENDS.
    Returns:
        (N, *S) or (N, H, W); uint8 for C <= 256, uint16 otherwise. With sigmoid and C > 1 channels
        (N, C, *S) or (N, C, H, W) uint8: 1 where a pixel is of the class, 0 elsewhere.
    Raises:
        ArgumentError: size without two spatial axes, threshold outside 0..1, or not one for all
            or each channel.
        BackendError: the backend that was asked for cannot run here.
    Equals: F.interpolate(logits, size, mode="bilinear").argmax(1)
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[[2.0, 0.0]], [[1.0, 3.0]]]])
        >>> pw.predict_label(logits)
        tensor([[[0, 1]]], dtype=torch.uint8)
        >>> pw.predict_label(logits, size=(1, 4))
        tensor([[[0, 0, 1, 1]]], dtype=torch.uint8)
    """
    where = "predict_label"
    thresholds = _check(where, logits, activation, threshold)
    if size is not None and (isinstance(size, str) or not isinstance(size, Sequence)):
        raise ArgumentTypeError(where, "size", must="(H, W)", got=shown(size))
    if size is not None and logits.dim() != 4:
        got = tuple(logits.shape)
        hint = "Add a batch axis: logits[None]." if logits.dim() == 3 else ""
        must = "(N, C, h, w) when a size is given"
        raise ArgumentError(where, "logits", must=must, got=got, hint=hint)
    if size is not None and (len(size) != 2 or min(size) < 1 or 0 in logits.shape[2:]):
        both = f"{tuple(size)} from logits {tuple(logits.shape)}"
        raise ArgumentError(where, "size", must="(H, W) of at least 1 pixel", got=both)
    if logits.dim() == 3:
        refuse_image(where, "logits", logits.shape, "(N, C, *S)")
    chosen = choose_backend(backend, logits)
    if activation == "sigmoid" and logits.shape[1] > 1:
        of_each = zip(logits.split(1, 1), thresholds)
        planes = [predict_label(x, size, activation, t, backend) for x, t in of_each]
        return torch.stack(planes, 1)
    threshold = thresholds[0]
    if size is not None:
        return _predict_label_op(logits, int(size[0]), int(size[1]), activation, threshold, chosen)
    flat = logits if logits.dim() == 4 else logits.reshape(*logits.shape[:2], 1, -1)
    labels = _predict_label_op(flat, flat.shape[2], flat.shape[3], activation, threshold, chosen)
    return labels.view(logits.shape[0], *logits.shape[2:])


def predict_rows(
    logits: Tensor,
    rows: Rows,
    width: int,
    activation: Activation = "softmax",
    threshold: Threshold = 0.5,
    confidence: Confidence = "none",
    temperature: float = 1.0,
    backend: Backend = "auto",
) -> tuple[Tensor, Tensor | None]:
    """Some rows of a label and how sure they are, from a band of the logits of the whole.

    With p = softmax(x / T) of the interpolated logits x, p1 and p2 its two largest:

        max     round(255 p1),  p1 = 1 / Σ_c exp((x_c - x_max) / T)
        margin  round(255 (p1 - p2))

    so 255 stands for 1. With sigmoid p1 = sigmoid(x / T) where a pixel is foreground by the
    threshold and 1 - sigmoid(x / T) elsewhere, the probability of what was predicted, and the
    margin is max(2 p1 - 1, 0). The temperature does not change a label. A pixel with a NaN logit
    has confidence 0.

    Args:
        logits: (N, C, rows of the band, w) floating point.
        rows: which rows of the label are wanted and which rows of its grid the logits are; see
            rows_needed.
        width: of the label.
        activation, threshold, backend: as in predict_label.
        confidence: what the bytes are; "none": there are none.
        temperature: T > 0, finite.
    Returns:
        The labels (N, rows, width), or (N, C, rows, width) of classes that overlap, and uint8 of
        the same shape, or None.
    Raises:
        ArgumentError: the band lacks rows that are needed; see predict_label.
        BackendError: the backend that was asked for cannot run here.
    Equals: predict_label(grid, (height, width))[:, first:stop], bit for bit
    """
    where = "predict_rows"
    thresholds = _check(where, logits, activation, threshold)
    check_choice(where, "confidence", confidence, CONFIDENCES)
    if logits.dim() != 4 or logits.shape[3] == 0 or width < 1:
        got = f"{tuple(logits.shape)} for a width of {width}"
        raise ArgumentError(where, "logits", must="(N, C, h, w) for a width of 1 or more", got=got)
    if not 0 < temperature < math.inf:
        must = "a finite number above 0"
        raise ArgumentError(where, "temperature", must=must, got=temperature)
    check_rows(where, logits, rows)
    chosen = choose_backend(backend, logits)
    if activation == "sigmoid" and logits.shape[1] > 1:
        rest = confidence, temperature, backend
        of_each = [
            predict_rows(x, rows, width, activation, t, *rest)
            for x, t in zip(logits.split(1, 1), thresholds)
        ]
        labels, bytes_of = zip(*of_each)
        return torch.stack(labels, 1), None if confidence == "none" else torch.stack(bytes_of, 1)
    dtype = _label_dtype(logits)
    what = logits, rows, width, activation, thresholds[0], dtype
    how = confidence == "margin", float(temperature)
    if confidence != "none" and has_kernels(chosen, "confidence"):
        sure: tuple[Tensor, Tensor] = kernels(chosen, "confidence").predict_sure(*what, *how)
        return sure
    labels = kernels(chosen, "predict").predict(*what)
    if confidence == "none":
        return labels, None
    return labels, confidence_of(logits, labels, rows, width, activation, *how)


def confusion_matrix(
    logits: Tensor,
    target: Tensor,
    activation: Activation = "softmax",
    threshold: Threshold = 0.5,
    ignore_index: Ignore = 255,
    backend: Backend = "auto",
) -> Tensor:
    """Integer counts of target against predicted class over all valid pixels of a batch.

    out[t, p] = number of valid pixels of class t that were predicted as p

    Args:
        logits: (N, C, *S) floating point; (N, C, h, w) of another size than the target are
            interpolated bilinearly to it inside.
        target: (N, *S) class indices of any integer dtype. With sigmoid (N, C, *S) of 0 and 1 are
            classes that overlap; ignored is then what is ignored in its channel.
        activation, threshold: as in predict_label.
        ignore_index: ignored target value, several of them, or None.
        backend: "auto", or one of BACKENDS.
    Returns:
        (C, C) int64, rows = target; (2, 2) for one sigmoid channel and a target (N, *S), (C, 2, 2)
        for a target (N, C, *S).
    Raises:
        ArgumentError, ArgumentTypeError, BackendError: as predict_label and pixel_stats; logits
            that are NaN at a valid pixel (on a GPU counted, and raised by raise_if_unknown).
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 0.0], [1.0, 3.0, 1.0]]])
        >>> pw.confusion_matrix(logits, torch.tensor([[0, 0, 255]]))
        tensor([[1, 1],
                [0, 0]])
    """
    where = "confusion_matrix"
    thresholds = _check(where, logits, activation, threshold)
    target = check_target_dtype(where, target)
    if activation == "sigmoid" and target.dim() == logits.dim():
        spatial = (None, None) if logits.dim() == 4 else tuple(logits.shape[2:])
        check_shape(where, "target", target.shape, (*logits.shape[:2], *spatial), "(N, C, *S)")
        of_each = zip(logits.split(1, 1), target.unbind(1), thresholds)
        rest = ignore_index, backend
        return torch.stack([confusion_matrix(x, y, "sigmoid", t, *rest) for x, y, t in of_each])
    if activation == "sigmoid" and logits.shape[1] > 1:
        must, got = "(N, C, *S) for sigmoid with several channels", tuple(target.shape)
        raise ArgumentError(where, "target", must=must, got=got)
    threshold = thresholds[0]
    spatial = (None, None) if logits.dim() == 4 else tuple(logits.shape[2:])
    hint = batch_hint(logits.shape, target.shape)
    check_shape(where, "target", target.shape, (logits.shape[0], *spatial), "(N, *S)", hint)
    target, ignored = merge_ignored(target, ignore_index)
    if logits.dim() != 4:
        logits = logits.reshape(*logits.shape[:2], 1, -1)
        target = target.reshape(target.shape[0], 1, -1)
    chosen = choose_backend(backend, logits)
    return _confusion_matrix_op(logits, target, activation, threshold, ignored, chosen)


def _check(where: str, logits: Tensor, activation: str, threshold: Threshold) -> list[float]:
    """The threshold of each channel."""
    check_logits(where, logits, activation)
    several = isinstance(threshold, Sequence) and not isinstance(threshold, str)
    thresholds: list[float] = list(threshold) if several else [threshold]  # type: ignore
    for one in thresholds:
        check_range(where, "threshold", one, 0, 1)
    if len(thresholds) not in (1, logits.shape[1]):
        must = f"one number, or one for each of the {logits.shape[1]} channels"
        raise ArgumentError(where, "threshold", must=must, got=thresholds)
    return thresholds * logits.shape[1] if len(thresholds) == 1 else thresholds


def _label_dtype(logits: Tensor) -> torch.dtype:
    return torch.uint8 if logits.shape[1] <= 256 else torch.uint16


def _fake_predict_label(logits, height, width, *_options):
    return logits.new_empty((logits.shape[0], height, width), dtype=_label_dtype(logits))


@operator(_fake_predict_label)
def _predict_label_op(
    logits: Tensor, height: int, width: int, activation: str, threshold: float, backend: str
) -> Tensor:
    run = kernels(backend, "predict").predict
    rows = whole(logits, height)
    return run(logits, rows, width, activation, threshold, _label_dtype(logits))


def _fake_confusion_matrix(logits, _target, activation, *_options):
    classes = 2 if activation == "sigmoid" else logits.shape[1]
    return logits.new_empty((classes, classes), dtype=torch.int64)


@operator(_fake_confusion_matrix)
def _confusion_matrix_op(
    logits: Tensor,
    target: Tensor,
    activation: str,
    threshold: float,
    ignore_index: int | None,
    backend: str,
) -> Tensor:
    where = "confusion_matrix"
    classes = 2 if activation == "sigmoid" else logits.shape[1]
    if not logits.is_cuda:
        check_no_nan(where, logits, target, ignore_index)
    run = kernels(backend, "predict").confusion
    # GPU kernels count the pixels with NaN as well, so that logits are read once
    counts, unknown, *nan = run(logits, target, classes, activation, threshold, ignore_index)
    if logits.is_cuda:
        count_later(where, "target", "class indices or ignore_index", unknown)
        count_nan_later(where, *(nan or [nan_pixels(logits, target, ignore_index).sum()]))
    elif int(unknown):
        raise unknown_target(where, target, classes, ignore_index)
    return counts
