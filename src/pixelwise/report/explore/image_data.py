"""All images of a score as columns of numbers: the data of the table that script/list.js draws.

A page of 10,000 images and 150 classes must stay small, so everything that is known for each pair
of classes is kept for the images that have the most of it.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.figures.words import plain
from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import VOID_COLOR
from pixelwise.metrics.means import iou_of_pixels
from pixelwise.score.record import ImageScores, Score

MOST_A_CELL = 50  # images that a confusion lists
MOST_LISTED = 1_000_000  # entries of all confusions; 5 characters each
IMAGES_AT_ONCE = 4096
NONE = -1


class Cells:
    """The confusions of all images, one entry for each pair of classes that occurs in one.

    Attributes:
        image, target, pred, pixels: (K,) int64.
    """

    def __init__(self, images: Sequence[ImageScores], num_classes: int) -> None:
        lengths = [len(image.confusion) for image in images]
        flat = chain.from_iterable(chain.from_iterable(image.confusion for image in images))
        table = np.fromiter(flat, np.int64, 3 * sum(lengths)).reshape(-1, 3)
        self.num_images, self.num_classes = len(images), num_classes
        self.image = np.repeat(np.arange(len(images)), lengths)
        self.target, self.pred, self.pixels = table.T
        self._ends = np.cumsum([0, *lengths])

    def class_pixels(self) -> Iterator[tuple[NDArray[np.int64], ...]]:
        """Correct, target and predicted pixels (n, C) of the images, a few thousand at a time."""
        for first in range(0, self.num_images, IMAGES_AT_ONCE):
            last = min(first + IMAGES_AT_ONCE, self.num_images)
            part = slice(self._ends[first], self._ends[last])
            row = (self.image[part] - first) * self.num_classes
            pixels, target, pred = self.pixels[part], self.target[part], self.pred[part]
            given = [
                (target, np.where(target == pred, pixels, 0)),
                (target, pixels),
                (pred, pixels),
            ]
            sums = [np.zeros((last - first) * self.num_classes, np.int64) for _ in given]
            for whole, (index, value) in zip(sums, given):
                np.add.at(whole, row + index, value)
            yield tuple(whole.reshape(-1, self.num_classes) for whole in sums)


def image_data(score: Score, cells: Cells) -> dict[str, Any]:
    """The columns of the table of images; a position in each of them is an image.

    Returns:
        ids; iou: mean IoU in 1/10000, -1 = none; worst: class, and worst_iou; valid: pixels;
        from, to, lost: the largest confusion and its part of the valid pixels in 1/10000;
        in_label, in_prediction: a bit for each image and class, base64; cells: see _listed.
    """
    images, number = score.images, len(score.classes)
    worst, worst_iou = [], []
    in_label, in_prediction = [], []
    for correct, target, pred in cells.class_pixels():
        iou = iou_of_pixels(correct, target, pred)
        filled = np.where(np.isnan(iou), 2, iou)
        index = filled.argmin(1)
        least = filled[np.arange(len(index)), index]
        worst += np.where(least > 1, NONE, index).tolist()
        worst_iou += np.where(least > 1, NONE, np.rint(least * 10000)).astype(int).tolist()
        in_label.append(np.packbits(target > 0, axis=1))
        in_prediction.append(np.packbits(pred > 0, axis=1))
    wrong = np.flatnonzero((cells.target != cells.pred) & (cells.pixels > 0))
    order = wrong[np.lexsort((-cells.pixels[wrong], cells.image[wrong]))]
    # the first of each image is its largest
    having, first = np.unique(cells.image[order], return_index=True)
    largest = np.full((3, len(images)), NONE)
    entry = order[first]
    valid = np.array([image.valid for image in images], np.int64)
    parts = np.rint(cells.pixels[entry] / np.maximum(valid[having], 1) * 10000)
    largest[:, having] = cells.target[entry], cells.pred[entry], parts
    return {
        "ids": [plain(image.id) for image in images],
        "iou": [_share(image.mean_iou) for image in images],
        "worst": worst,
        "worst_iou": worst_iou,
        "valid": valid.tolist(),
        **dict(zip(("from", "to", "lost"), largest.tolist())),
        "in_label": _base64(in_label),
        "in_prediction": _base64(in_prediction),
        "row_bytes": (number + 7) // 8,
        "cells": _listed(cells, wrong, valid),
    }


def class_data(classes: Classes) -> dict[str, Any]:
    """Names and colours of the classes, and which of them is what nothing else covers."""
    background = [i for i, name in enumerate(classes.names) if is_background_name(name)]
    return {
        "names": [plain(name) for name in classes.names],
        "colors": [list(color) for color in classes.colors],
        "void": list(VOID_COLOR),
        "background": background[0] if background else NONE,
    }


def _share(value: float | None) -> int:
    return NONE if value is None else round(value * 10000)


def _listed(cells: Cells, wrong: NDArray[np.int64], valid: NDArray[np.int64]) -> dict[str, Any]:
    """The images of each confusion, those with the most pixels first.

    Returns:
        keys: target * C + predicted; held: images of each; ends: where the next one's begin in
        images and parts; images: uint32, parts: uint16, of the valid pixels in 1/65535: base64.
    """
    key = cells.target[wrong] * cells.num_classes + cells.pred[wrong]
    order = wrong[np.lexsort((cells.image[wrong], -cells.pixels[wrong], key))]
    key = np.sort(key)
    keys, starts, held = np.unique(key, return_index=True, return_counts=True)
    most = min(MOST_A_CELL, max(1, MOST_LISTED // max(1, len(keys))))
    rank = np.arange(len(key)) - np.repeat(starts, held)
    kept = order[rank < most]
    image = cells.image[kept]
    part = np.rint(cells.pixels[kept] / np.maximum(valid[image], 1) * 65535)
    small = cells.num_images <= 65536
    return {
        "keys": keys.tolist(),
        "held": held.tolist(),
        "ends": np.cumsum(np.minimum(held, most)).tolist(),
        "bytes": 2 if small else 4,
        "images": _base64([image.astype("<u2" if small else "<u4")]),
        "parts": _base64([part.astype("<u2")]),
    }


def _base64(arrays: list[NDArray[Any]]) -> str:
    return b64encode(b"".join(array.tobytes() for array in arrays)).decode()


def as_block(content: dict[str, Any]) -> str:
    """JSON that stands in a script element: no text in it can end the element, or begin another."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
