"""Supervision: labels to and from supervision.Detections with one mask for each class.

from pixelwise.integrate.supervision import to_detections
detections = to_detections(label, classes)
supervision.MaskAnnotator().annotate(image, detections)
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, check_choice, check_shape
from pixelwise.integrate.host import host
from pixelwise.labels.classes import Classes
from pixelwise.labels.label_checks import as_label

OVERLAPS = ("refuse", "last")


def to_detections(label: ArrayLike, classes: Classes) -> Any:
    """A label as supervision.Detections: one detection for each class in it, none for void.

    mask[n] = [label = class_id[n]]

    Args:
        label: (H, W) class indices 0..C-1 or void.
        classes: the C classes and the void index.
    Returns:
        supervision.Detections with mask (n, H, W) bool, class_id (n,), xyxy (n, 4) of the masks
        and data["class_name"] (n,).
    Raises:
        MissingPackageError: supervision is not installed.
        LabelError: values that are neither a class nor void.
        ArgumentError, ArgumentTypeError: not (H, W), or not integers.
    """
    where = "to_detections"
    label = as_label(where, "label", label)
    classes.check_indices(label, where)
    supervision = host(where, "supervision")
    present = [int(c) for c in np.unique(label) if c != classes.ignore_index]
    if not present:
        return supervision.Detections.empty()
    mask = np.stack([label == c for c in present])
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(mask).astype(np.float32),
        mask=mask,
        class_id=np.array(present),
        data={"class_name": np.array([classes.names[c] for c in present])},
    )


def from_detections(
    detections: Any, size: tuple[int, int], classes: Classes, overlap: str = "refuse"
) -> NDArray[np.integer]:
    """A label from supervision.Detections with masks.

    label = class_id of the detection whose mask has the pixel, void where none has it

    Args:
        detections: with mask (n, H, W) and class_id (n,); several may have one class.
        size: (H, W) of the label.
        classes: the C classes and the void index.
        overlap: "refuse" pixels in masks of different classes; "last": the last one decides.
    Returns:
        (H, W) class indices of classes.dtype.
    Raises:
        ArgumentError: no masks or classes, another size, a class_id that is not a class, masks of
            different classes overlap.
    """
    where = "from_detections"
    check_choice(where, "overlap", overlap, OVERLAPS)
    label = np.full(size, classes.ignore_index, classes.dtype)
    if len(detections):
        if detections.mask is None or detections.class_id is None:
            got = "boxes alone" if detections.mask is None else "no class_id"
            raise ArgumentError(where, "detections", must="with masks and class_id", got=got)
        masks, ids = np.asarray(detections.mask, bool), np.asarray(detections.class_id)
        check_shape(where, "mask", masks.shape, (len(ids), *size), "(n, H, W)")
        wrong = (ids < 0) | (ids >= len(classes))
        if wrong.any():
            must, got = f"0..{len(classes) - 1}", ids[wrong].tolist()
            raise ArgumentError(where, "class_id", must=must, got=got)
        for mask, index in zip(masks, ids):
            both = mask & (label != classes.ignore_index) & (label != index)
            if overlap == "refuse" and both.any():
                got = f"{np.count_nonzero(both):,} pixels of {classes.names[index]} and another"
                hint = 'overlap="last" lets the last mask decide.'
                must = "of one class at each pixel"
                raise ArgumentError(where, "mask", must=must, got=got, hint=hint)
            label[mask] = index
    return label
