"""Colour images of labels <-> class indices, and a label on top of its image."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    LabelError,
    check_choice,
    check_range,
    setting,
)
from pixelwise.labels.classes import Classes
from pixelwise.labels.label_checks import as_label
from pixelwise.labels.overlap.drawing import overlay_members
from pixelwise.labels.palettes import VOID_COLOR
from pixelwise.offenders import list_offenders
from pixelwise.text import plural

Unknown = Literal["error", "ignore", "nearest"]
# A band of packed pixels and its indices stay in the cache; larger bands are not faster.
_BAND_PIXELS = 1 << 15
# Distances to all classes are held for this many unknown colours at a time.
_NEAREST_BLOCK = 1 << 12
# Drawn labels have few colours; a image saved with loss has thousands.
_MANY_COLORS = 100


@dataclass(frozen=True)
class Snapped:
    """Colours or values of no class that became the nearest: the more and the farther, the worse.

    Args:
        colors: different ones, of the label that has the most of them.
        pixels: with such a colour or value.
        mean_distance: in RGB, or of the values, to the class that was taken, over the pixels.
        largest_distance: likewise.
        files: labels that have some.
    """

    colors: int
    pixels: int
    mean_distance: float
    largest_distance: float
    files: int = 1

    @classmethod
    def measured(cls, distances: NDArray, pixels: NDArray) -> "Snapped | None":
        """Of the distance of each colour, and its pixels; None without colours."""
        if not len(distances):
            return None
        mean = float(np.average(distances, weights=pixels))
        return cls(
            len(distances), int(pixels.sum()), round(mean, 3), round(float(max(distances)), 3)
        )

    @classmethod
    def joined(cls, parts: "Iterable[Snapped | None]") -> "Snapped | None":
        """Of several labels; None if none of them has any."""
        own = [part for part in parts if part is not None]
        if not own:
            return None
        pixels = sum(part.pixels for part in own)
        return cls(
            max(part.colors for part in own),
            pixels,
            round(sum(part.mean_distance * part.pixels for part in own) / pixels, 3),
            max(part.largest_distance for part in own),
            sum(part.files for part in own),
        )

    def text(self) -> str:
        """A clause for a terminal."""
        return (
            f"{plural(self.pixels, 'pixel')} in {plural(self.files, 'label')}, of up to "
            f"{plural(self.colors, 'colour')} each, took the nearest class, "
            f"{self.mean_distance:.1f} away on average and {self.largest_distance:.1f} at most"
        )


def color_to_index(
    image: ArrayLike, classes: Classes, unknown: Unknown = "error"
) -> NDArray[np.uint8 | np.uint16]:
    """Class index of every pixel of a colour image, by exact display colour.

    label[y, x] = the class c with classes.colors[c] == image[y, x].

    The void colour of Pascal VOC, (224, 224, 192), becomes ignore_index unless a class has it.

    Args:
        image: (H, W, 3) uint8 RGB, as from read_rgb; any memory layout.
        classes: their colours must differ from each other.
        unknown: what to do with a colour that no class has: "error"; "ignore" makes it
            ignore_index; "nearest" takes the class with the smallest squared distance in RGB, the
            lowest index if several are equally near.
    Returns:
        (H, W) class indices, dtype classes.dtype.
    Raises:
        ArgumentTypeError: image is not uint8.
        ArgumentError: image is not (H, W, 3), or unknown is not one of its choices.
        LabelError: two classes share a colour; or, with "error", the image has unknown colours:
            each with its pixel count, first place and nearest class.
    Example:
        >>> classes = pw.Classes(["sky", "road"], colors=[(0, 0, 255), (128, 64, 128)])
        >>> pw.color_to_index(np.array([[(128, 64, 128), (0, 0, 255)]], np.uint8), classes).tolist()
        [[1, 0]]
    """
    return index_and_snapped(image, classes, unknown)[0]


def index_and_snapped(
    image: ArrayLike, classes: Classes, unknown: Unknown
) -> tuple[NDArray[np.uint8 | np.uint16], Snapped | None]:
    """color_to_index, and what "nearest" did; None if all colours are those of classes."""
    where, snapped = "color_to_index", None
    check_choice(where, "unknown", unknown, get_args(Unknown))
    image = np.asarray(image)
    check_image(where, image)
    table = _index_of_color(classes)
    index = _look_up(image, table)
    missing = index == classes.unknown_index
    if missing.any():
        if unknown == "error":
            raise _unknown_error(where, image, missing, classes)
        if unknown == "nearest":
            index[missing], snapped = _nearest(image[missing], classes)
        else:
            index[missing] = classes.ignore_index
    return index.astype(classes.dtype, copy=False), snapped


def index_to_color(label: ArrayLike, classes: Classes) -> NDArray[np.uint8]:
    """The colour image of a label: the display colour of every class index.

    image[y, x] = classes.colors[label[y, x]]; void is shown as (224, 224, 192).

    Args:
        label: (H, W) class indices 0..C-1 or ignore_index, any integer dtype.
        classes: gives the colours.
    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        ArgumentTypeError, ArgumentError: label is not an (H, W) array of integers.
        LabelError: label has indices that are neither a class nor ignore_index.
    Example:
        >>> classes = pw.Classes(["sky", "road"], colors=[(0, 0, 255), (128, 64, 128)])
        >>> pw.index_to_color(np.array([[1, 255]]), classes).tolist()
        [[[128, 64, 128], [224, 224, 192]]]
    """
    index = as_label("index_to_color", "label", label)
    classes.check_indices(index, "index_to_color")
    return np.take(classes.index_palette(), index, axis=0)


def overlay(
    image: NDArray[np.uint8], label: NDArray[np.integer], classes: Classes, opacity: float = 0.5
) -> NDArray[np.uint8]:
    """The image with the display colour of every class over it.

    shown = (1 − opacity) · image + opacity · colour, rounded; void shows the image as it is.
    Where classes overlap, colour is the mean of those of a pixel, and each class has a contour.

    Args:
        image: (H, W, 3) uint8 RGB, as from read_image.
        label: (H, W) class indices 0..C-1 or ignore_index, any integer dtype; (C, H, W) of 0, 1
            and ignore_index where classes overlap.
        classes: gives the colours.
        opacity: of the colours: 0 shows the image alone, 1 the colours alone.
    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        ArgumentTypeError: image is not uint8, or label is not of integers.
        ArgumentError: image is not (H, W, 3), label is not of its size, or opacity is not from 0
            to 1.
        LabelError: label has indices that are neither a class nor ignore_index.

    Example:
        >>> import numpy as np
        >>> import pixelwise as pw
        >>> classes = pw.Classes(["sky", "road"], colors=[(0, 0, 255), (128, 128, 128)])
        >>> image = np.full((1, 3, 3), 100, np.uint8)
        >>> pw.overlay(image, np.array([[0, 1, 255]]), classes).tolist()
        [[[50, 50, 178], [114, 114, 114], [100, 100, 100]]]
    """
    where = "overlay"
    image = np.asarray(image)
    check_image(where, image)
    check_range(where, "opacity", opacity, 0, 1)
    if classes.files:
        return overlay_members(image, np.asarray(label), classes, opacity)
    colors = index_to_color(label, classes)
    if colors.shape != image.shape:
        must = f"of the image's size {image.shape[:2]}"
        raise ArgumentError(where, "label", must=must, got=colors.shape[:2])
    amount = np.where(np.asarray(label) == classes.ignore_index, 0, np.float32(opacity))[..., None]
    return np.rint(image + amount * (colors.astype(np.float32) - image)).astype(np.uint8)


def check_image(where: str, image: np.ndarray) -> None:
    """Raise unless image is (H, W, 3) uint8.

    Raises:
        ArgumentError, ArgumentTypeError: another shape or dtype.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        hint = ""
        if image.ndim == 2:
            hint = "One channel holds stored values already: use Classes.to_index."
        elif image.ndim == 3 and image.shape[2] == 4:
            hint = "Drop the alpha channel: image[:, :, :3]."
        raise ArgumentError(where, "image", must="(H, W, 3)", got=image.shape, hint=hint)
    if image.dtype != np.uint8:
        raise ArgumentTypeError(where, "image", must="uint8", got=f"dtype {image.dtype}")


def pack(colors: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 -> (...) uint32 with red in the lowest byte and zero in the highest."""
    packed = np.zeros((*colors.shape[:-1], 4), np.uint8)
    for channel in range(3):  # three strided copies are faster than one of three-byte pieces
        packed[..., channel] = colors[..., channel]
    return packed.view("<u4")[..., 0]


def _unpack(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack."""
    return packed.astype("<u4")[..., None].view(np.uint8)[..., :3]


@lru_cache(maxsize=4)  # 16 or 32 MiB each
def _index_of_color(classes: Classes) -> np.ndarray:
    """(2^24,) class index, ignore_index or unknown_index of every packed colour."""
    shared = _classes_by_shared_color(classes)
    if shared:
        hint = "Give them different colours, or convert by stored values: Classes.to_index."
        got = "; ".join(f"{color} for {' and '.join(names)}" for color, names in shared.items())
        raise LabelError("color_to_index", "colors", must="one class each", got=got, hint=hint)
    largest = max(classes.unknown_index, classes.ignore_index)
    table = np.full(1 << 24, classes.unknown_index, np.min_scalar_type(largest))
    table[pack(np.array(VOID_COLOR, np.uint8))] = classes.ignore_index
    table[pack(np.array(classes.colors, np.uint8))] = np.arange(len(classes))
    table.setflags(write=False)
    return table


def _classes_by_shared_color(classes: Classes) -> dict[tuple[int, int, int], list[str]]:
    owners: dict[tuple[int, int, int], list[str]] = {}
    for color, name in zip(classes.colors, classes.names):
        owners.setdefault(color, []).append(name)
    return {color: names for color, names in owners.items() if len(names) > 1}


def _look_up(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """(H, W) entries of the table, in bands of rows."""
    height, width, _ = image.shape
    index = np.empty((height, width), table.dtype)
    rows = max(1, _BAND_PIXELS // max(1, width))
    for y in range(0, height, rows):
        # "clip" writes into the result directly; packed colours are never out of range
        table.take(pack(image[y : y + rows]), out=index[y : y + rows], mode="clip")
    return index


def _nearest(colors: np.ndarray, classes: Classes) -> tuple[np.ndarray, Snapped | None]:
    """(K, 3) uint8 -> (K,) index of the class with the nearest colour, and how far they are."""
    packed, places, pixels = np.unique(pack(colors), return_inverse=True, return_counts=True)
    rgb = _unpack(packed).astype(np.int64)
    wanted = np.array(classes.colors, np.int64)
    nearest, distance = np.empty(len(rgb), np.int64), np.empty(len(rgb))
    for start in range(0, len(rgb), _NEAREST_BLOCK):
        block = slice(start, start + _NEAREST_BLOCK)
        squared = ((rgb[block, None] - wanted) ** 2).sum(axis=-1)
        nearest[block], distance[block] = squared.argmin(axis=-1), np.sqrt(squared.min(axis=-1))
    return nearest[places], Snapped.measured(distance, pixels)


def _unknown_error(
    where: str, image: np.ndarray, missing: np.ndarray, classes: Classes
) -> LabelError:
    packed = pack(image)

    def show(color: int) -> str:
        rgb = _unpack(np.array([color]))
        name = classes.names[int(_nearest(rgb, classes)[0][0])]
        return f"{tuple(rgb[0].tolist())} nearest to {name}"

    got = list_offenders(packed, missing, show)
    void, nearest = setting("unknown", "ignore"), setting("unknown", "nearest")
    hint = f"Pass {void} if they are void, or {nearest}."
    count = len(np.unique(packed[missing]))
    if count > _MANY_COLORS:
        hint = f"{count:,} unknown colours: was it saved as JPEG, or resized? {hint}"
    return LabelError(where, "colours", must="those of the classes", got=got, hint=hint)
