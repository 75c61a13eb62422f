"""FiftyOne: labels to and from fiftyone.Segmentation.

from pixelwise.integrate.fiftyone import mask_targets, to_segmentation
dataset.default_mask_targets = mask_targets(classes)
sample["label"] = to_segmentation(label, classes)
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, check_shape
from pixelwise.integrate.host import host
from pixelwise.labels.classes import Classes
from pixelwise.labels.label_checks import as_label
from pixelwise.metrics.inputs import as_array, as_integers
from pixelwise.offenders import list_offenders

NOTHING = 0  # value of a mask where FiftyOne draws nothing


def mask_targets(classes: Classes) -> dict[int, str]:
    """Names by value of a mask: class k is value k + 1, void is 0, which FiftyOne does not draw.

    Args:
        classes: names of the C classes.
    Returns:
        {1: name of class 0, ..., C: name of class C-1}, for dataset.default_mask_targets.
    """
    return {index + 1: name for index, name in enumerate(classes.names)}


def to_segmentation(label: ArrayLike, classes: Classes) -> Any:
    """A label as fiftyone.Segmentation.

    mask = label + 1, and 0 where a pixel is void

    Args:
        label: (H, W) class indices 0..C-1 or void.
        classes: the C classes and the void index.
    Returns:
        fiftyone.Segmentation with a mask (H, W), uint8 for C < 256 and uint16 otherwise.
    Raises:
        MissingPackageError: fiftyone is not installed.
        LabelError: values that are neither a class nor void.
        ArgumentError, ArgumentTypeError: not (H, W), or not integers.
    """
    where = "to_segmentation"
    label = as_label(where, "label", label)
    classes.check_indices(label, where)
    kind = np.uint8 if len(classes) < 256 else np.uint16
    void = label == classes.ignore_index
    mask = np.where(void, NOTHING, label.astype(np.int64) + 1).astype(kind)
    return host(where, "fiftyone").Segmentation(mask=mask)


def from_segmentation(segmentation: Any, classes: Classes) -> NDArray[np.integer]:
    """A label from fiftyone.Segmentation whose mask has the values of mask_targets.

    Args:
        segmentation: has a mask (H, W), or get_mask() that reads its mask_path.
        classes: the C classes and the void index.
    Returns:
        (H, W) class indices of classes.dtype; void where the mask is 0.
    Raises:
        ArgumentError: no mask, a mask of colours, or values above C.
        ArgumentTypeError: not integers.
    """
    where = "from_segmentation"
    mask = getattr(segmentation, "mask", None)
    if mask is None and hasattr(segmentation, "get_mask"):
        mask = segmentation.get_mask()
    if mask is None:
        raise ArgumentError(where, "segmentation", must="a Segmentation with a mask", got="none")
    mask = as_integers(where, "mask", as_array(where, "mask", mask))
    hint = "A mask of colours is read with pixelwise.color_to_index." if mask.ndim == 3 else ""
    check_shape(where, "mask", mask.shape, (None, None), "(H, W)", hint)
    unknown = (mask < 0) | (mask > len(classes))
    if unknown.any():
        must = f"0 (void) or 1..{len(classes)} (class index + 1)"
        hint = "mask_targets(classes) names the values that are expected."
        got = list_offenders(mask, unknown)
        raise ArgumentError(where, "mask", must=must, got=got, hint=hint)
    label = np.where(mask == NOTHING, classes.ignore_index, mask.astype(np.int64) - 1)
    return label.astype(classes.dtype)
