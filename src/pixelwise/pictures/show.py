"""show: image, label, prediction and errors side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError, check_range
from pixelwise.figures.words import percent
from pixelwise.labels.classes import Classes
from pixelwise.labels.label_checks import as_label
from pixelwise.labels.overlap.members import MEMBER, NOT
from pixelwise.labels.tables.distinct import MOST as MOST_COLORS
from pixelwise.labels.tables.distinct import distinct_colormap, shown_classes
from pixelwise.pictures.errors import (
    KINDS,
    MEANING,
    error_map,
    errors_of,
    in_question,
    member_errors,
)
from pixelwise.pictures.layout import GAP, MARGIN, Shown
from pixelwise.pictures.legend import class_entries, error_entries
from pixelwise.pictures.panels import Panel, as_rgb, below, over
from pixelwise.pictures.reduce import Box, enlargement, fitted
from pixelwise.text import some

WHERE = "show"
LEAST, MOST = 320, 8192  # of the width of the whole picture
VOID, MOST_CLASSES = 255, 65535  # where no classes are given


def show(
    image: ArrayLike | None,
    label: ArrayLike | None = None,
    pred: ArrayLike | None = None,
    classes: Classes | None = None,
    *,
    focus: str | int | Sequence[str | int] = (),
    opacity: float = 0.6,
    contours: bool = True,
    width: int = 1200,
) -> Shown:
    """Image, label, prediction and errors side by side, with a legend.

    Errors by kind, for the classes in question: missed = of one, predicted as none of them; false =
    predicted as one, of none of them; confused = of one, predicted as another of them. Void is
    striped in the label, and no error.

    Args:
        image: (H, W), (H, W, 1), (H, W, 3), or more bands, of which the first three are shown;
            uint8, uint16 or floating point; None = none.
        label: (H, W) class indices or ignore_index; (C, H, W) of 0, 1 and ignore_index where
            classes overlap; None = none.
        pred: likewise.
        classes: names and colours; those without colours of their own have distinct_colormap's;
            None = as many as there are indices, up to 65,535; void 255 unless there are more.
        focus: the classes in question, by name or index; () = all but the background, which is a
            class of that name, or the first of two.
        opacity: of the colours over the image, 0..1.
        contours: draw a line around each area, inside of it.
        width: of the whole picture at most, in pixels, 320..8192. Larger images are reduced, by
            area; of labels each pixel is the one at its centre, so that classes are never mixed.
            Pixels of images below 160 are enlarged by a whole number.
    Returns:
        An image of Pillow, to be saved like any other, with `panels`, `.svg()` and `.html()`; a
        notebook shows it.
    Raises:
        ArgumentError, ArgumentTypeError: sizes differ, a dtype or option is wrong, or nothing is
            given.
        LabelError: label or pred has indices that are neither a class nor ignore_index.

    Example:
        >>> classes = pw.Classes(["sky", "road"])
        >>> image = np.full((2, 3, 3), 100, np.uint8)
        >>> label = np.array([[0, 0, 255], [1, 1, 1]])
        >>> shown = pw.show(image, label, np.ones((2, 3), int), classes)
        >>> [panel.caption for panel in shown.panels]
        ['Image', 'Label', 'Prediction', 'Errors']
        >>> shown.entries[-2].text
        'false  40.0 %'
    """
    check_range(WHERE, "opacity", opacity, 0, 1)
    check_range(WHERE, "width", width, LEAST, MOST)
    if not isinstance(classes, Classes | None):
        got = type(classes).__name__
        hint = "Classes(names) makes them; those of a dataset: read_description(folder).classes."
        raise ArgumentTypeError(WHERE, "classes", must="Classes", got=got, hint=hint)
    given = {"label": label, "pred": pred}
    arrays = {name: _as_label(name, array) for name, array in given.items() if array is not None}
    photo, note = (None, "") if image is None else as_rgb(_as_image(image))
    size = _same_size(photo, arrays)
    if classes is None:
        classes = _numbered(arrays)
    classes = shown_classes(classes)
    for name, array in arrays.items():
        _check_values(name, array, classes)
    overlap = any(array.ndim == 3 for array in arrays.values())
    chosen = _indices(focus, classes)
    if chosen and len(arrays) < 2:
        must, got = "left out without both label and pred, as it is of their errors", repr(focus)
        raise ArgumentError(WHERE, "focus", must=must, got=got)
    asked = in_question(classes, chosen, overlap)

    number = (photo is not None) + len(arrays) + (len(arrays) == 2)
    box = (int(width) - 2 * MARGIN - GAP * (number - 1)) // number, int(width)
    small = fitted(*size, box)
    times = enlargement(*size, box) if small == size else 1
    ground = below(photo, small, times)
    panels = []
    if photo is not None:
        panels.append(Panel("Image", "The image.", ground, photo=max(small) > 64))
    for name, array in arrays.items():
        caption = "Label" if name == "label" else "Prediction"
        shown = over(ground, array, classes, opacity, small, times, contours)
        text = f"{caption}: {_largest(array, classes)}."
        panels.append(Panel(caption, text, shown, photo=photo is not None and max(small) > 64))
    entries = class_entries(
        [(("label" if name == "label" else "prediction"), a) for name, a in arrays.items()], classes
    )
    if len(arrays) == 2:
        panel, kinds = _errors(photo, arrays, classes, asked, small, times)
        panels.append(panel)
        entries += kinds
    return Shown(panels, entries, _note(size, small, times, note))


def _errors(
    photo: NDArray[np.uint8] | None,
    arrays: dict[str, NDArray[np.integer]],
    classes: Classes,
    asked: NDArray[np.bool_],
    size: Box,
    times: int,
) -> tuple[Panel, list[Any]]:
    """The panel of errors, and its entries of the legend."""
    label, pred = arrays["label"], arrays["pred"]
    find = member_errors if label.ndim == 3 else errors_of
    masks, void = find(label, pred, classes, asked)
    colored = [(mask, KINDS[kind]) for kind, mask in masks.items()]
    drawn = error_map(photo, colored, void, size, times)
    valid = int(void.size - void.sum())
    told = [
        f"{kind} ({MEANING[kind]}) {percent(float(mask.sum()) / max(1, valid))} %"
        for kind, mask in masks.items()
    ]
    text = f"Errors, of the valid pixels: {'; '.join(told)}."
    return Panel("Errors", text, drawn), error_entries(masks, valid)


def _as_image(image: ArrayLike) -> NDArray:
    array = _as_array("image", image)
    if array.dtype.kind not in "buif":
        raise ArgumentTypeError(WHERE, "image", must="of numbers", got=f"dtype {array.dtype}")
    if array.ndim == 2:
        array = array[:, :, None]
    first_axis = array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] > 8
    if array.ndim != 3 or 0 in array.shape or first_axis:
        hint = "Axes are height, width, channels: image.transpose(1, 2, 0)." if first_axis else ""
        raise ArgumentError(WHERE, "image", must="(H, W) or (H, W, C)", got=array.shape, hint=hint)
    return array


def _as_label(name: str, array: ArrayLike) -> NDArray[np.integer]:
    values = _as_array(name, array)
    if values.ndim == 3 and values.size and values.dtype.kind in "bui":
        return values.astype(np.uint8) if values.dtype == np.bool_ else values
    values = as_label(WHERE, name, values)
    if values.ndim != 2 or values.size == 0:
        raise ArgumentError(WHERE, name, must="(H, W) or (C, H, W)", got=values.shape)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values


def _as_array(name: str, given: ArrayLike) -> NDArray:
    if isinstance(given, str | Path):
        hint = f"Read the file first: read_{'image' if name == 'image' else 'label'}(path)."
        raise ArgumentTypeError(WHERE, name, must="an array", got=repr(str(given)), hint=hint)
    try:
        return np.asarray(given)
    except ValueError:  # rows of different lengths
        got = "rows of different lengths"
        raise ArgumentError(WHERE, name, must="one array", got=got) from None


def _same_size(photo: NDArray | None, arrays: dict[str, NDArray[np.integer]]) -> Box:
    """The (width, height) of all."""
    sizes = {} if photo is None else {"image": photo.shape[:2]}
    sizes |= {name: array.shape[-2:] for name, array in arrays.items()}
    if not sizes:
        raise ArgumentError(WHERE, "image", must="an image, a label or a prediction", got="none")
    (first, size), *others = sizes.items()
    for name, other in others:
        if other != size:
            must = f"of the size of the {first}, (height, width) = {size}"
            raise ArgumentError(WHERE, name, must=must, got=other)
    kinds = {array.ndim for array in arrays.values()}
    if len(kinds) > 1:
        got = arrays["label"].shape, arrays["pred"].shape
        raise ArgumentError(WHERE, "pred", must="of the shape of the label", got=got)
    return size[1], size[0]


def _numbered(arrays: dict[str, NDArray[np.integer]]) -> Classes:
    """Classes without names, as many as the indices need."""
    number = 1
    for array in arrays.values():
        known = array[array != VOID]
        planes = array.shape[0] if array.ndim == 3 else int(known.max(initial=0)) + 1
        number = max(number, planes)
    if number > MOST_CLASSES:
        must, hint = f"indices below {MOST_CLASSES:,} or void {VOID}", "Pass the classes."
        raise LabelError(WHERE, " and ".join(arrays), must=must, got=number - 1, hint=hint)
    names = [f"class {index}" for index in range(number)]
    overlap = any(array.ndim == 3 for array in arrays.values())  # black is what is not the class
    colors = distinct_colormap(number + 1)[1:] if overlap and number < MOST_COLORS else None
    return Classes(names, colors, ignore_index=max(VOID, number))


def _check_values(name: str, array: NDArray[np.integer], classes: Classes) -> None:
    """Raise unless an array holds classes and void alone.

    Raises:
        LabelError: naming the others.
        ArgumentError: there are not as many planes as classes.
    """
    if array.ndim == 2:
        if classes.files:
            must = f"({len(classes)}, H, W), as these classes overlap"
            raise ArgumentError(WHERE, name, must=must, got=array.shape)
        classes.check_indices(array, f"{WHERE}, {name}")
        return
    if len(array) != len(classes):
        must = f"({len(classes)}, H, W), a plane for each class"
        raise ArgumentError(WHERE, name, must=must, got=array.shape)
    wrong = ~np.isin(array, (NOT, MEMBER, classes.ignore_index))
    if wrong.any():
        must = f"0, 1 or {classes.ignore_index} where classes overlap"
        raise LabelError(WHERE, name, must=must, got=some(np.unique(array[wrong]).tolist()))


def _indices(focus: str | int | Sequence[str | int], classes: Classes) -> list[int]:
    """The classes of a focus.

    Raises:
        ArgumentError: one of them is not a class.
    """
    chosen = []
    for one in (focus,) if isinstance(focus, str) or not np.iterable(focus) else focus:
        if isinstance(one, str):
            known = one in classes.names
        else:
            known = isinstance(one, int | np.integer) and 0 <= one < len(classes)
        if not known:
            must = f"names of classes ({some(classes.names)}) or indices below {len(classes)}"
            raise ArgumentError(WHERE, "focus", must=must, got=repr(one))
        chosen.append(classes.names.index(one) if isinstance(one, str) else int(one))
    return chosen


def _largest(array: NDArray[np.integer], classes: Classes) -> str:
    """The shares of the classes in words."""
    entries = [entry.text.replace("  ", " ") for entry in class_entries([("", array)], classes)]
    return some(entries, most=8) or "no class"


def _note(size: Box, small: Box, times: int, done: str) -> str:
    words = [f"{size[0]} x {size[1]} pixels"]
    if small != size:
        words.append(f"reduced to {small[0]} x {small[1]}")
    if times > 1:
        words.append(f"each pixel enlarged {times} times")
    return "; ".join([*words, done] if done else words)
