"""The rules about decoded images: F13, S2 (near copies in two splits), G3 (labels that do not fit).

dHash: the image in 9 x 8 grey pixels; bit (y, x) = pixel (y, x) < pixel (y, x + 1).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.audit.findings import Finding, unreadable
from pixelwise.audit.inventory import Files, Inventory
from pixelwise.errors import PixelwiseError
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import decode_shown
from pixelwise.labels.storage_notes import is_dark

# Sides of the small grey image that confirms what a hash suggests, and how far it may be off.
_SMALL, _SMALL_ERROR = 16, 3.0
# Hashes of so many differing bits are near; 4 words of 16 bits, so that one of them is equal.
_NEAR_BITS, _WORDS = 3, 4
# An image without structure has hardly any bit set, and is near to every other one.
_LEAST_BITS = 6
# In words that more images share, only neighbours by name are compared.
_MOST_ALIKE = 64
# G3: shifts that are tried, border pixels that are looked up, and how clear the answer must be.
_MARGIN = 8
_STEPS = range(-_MARGIN, _MARGIN + 1, 2)
_SHIFTS = np.array([(dy, dx) for dy in _STEPS for dx in _STEPS])
_BORDER_PIXELS, _LEAST_BORDER = 1000, 64
# In drawn scenes a label in its place has a contrast of 1.8 to 2.4, in another one 1.1 to 1.6, that
# of another image at most 1.4.
_CLEAR, _LEAST_CONTRAST = 1.3, 1.7
# Streets are alike on both sides: there a mirrored label fits up to 1.35 times as well by chance.
_CLEAR_TURNED = 1.4
# The grain of an image makes all contrasts alike: there the best one must lie so many standard
# deviations of all shifts and turns above their median, and above that of the label in its place.
_OUTSTANDING, _FAR_BELOW = 5.0, 3.0
# Rows whose edges are computed at a time, and those around them that they depend on.
_ROWS, _AROUND = 256, 4
_POSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "": np.asarray,
    "mirrored left to right": lambda a: a[:, ::-1],
    "flipped upside down": lambda a: a[::-1],
    "turned by 180 degrees": lambda a: a[::-1, ::-1],
    "transposed": lambda a: a.T,
    "turned clockwise": lambda a: a.T[:, ::-1],
    "turned counterclockwise": lambda a: a.T[::-1],
    "transposed about the other diagonal": lambda a: a.T[::-1, ::-1],
}


@dataclass(frozen=True)
class Look:
    """What an image looks like, in few numbers.

    Args:
        dhash, small: dHash, and (16, 16) uint8 grey.
    """

    dhash: int
    small: NDArray[np.uint8]

    def is_near(self, other: "Look") -> bool:
        """Whether two images are almost the same, by the rule of S2; equal ones are too.

        An image without structure is near to those alone that are grey for grey the same.
        """
        gap = np.abs(self.small.astype(int) - other.small).mean()
        structured = min(self.dhash.bit_count(), other.dhash.bit_count()) >= _LEAST_BITS
        bits = (self.dhash ^ other.dhash).bit_count()
        return bool(gap == 0 or (structured and bits <= _NEAR_BITS and gap <= _SMALL_ERROR))


def look_at(image: NDArray[np.uint8]) -> Look:
    """What an image (H, W, 3) looks like."""
    grey = Image.fromarray(image).convert("L")
    bits = np.asarray(grey.resize((9, 8), Image.Resampling.BOX))
    dhash = int.from_bytes(np.packbits(bits[:, :-1] < bits[:, 1:]).tobytes(), "big")
    return Look(dhash, np.asarray(grey.resize((_SMALL, _SMALL), Image.Resampling.BOX)))


@dataclass(frozen=True)
class ImageContents:
    """An image in numbers.

    Args:
        findings: what was found.
        key: hash of its pixels.
        dhash, small: dHash, and (16, 16) uint8 grey.
        is_upright: its edges show that the label lies on its pixels as they are stored.
    """

    findings: tuple[Finding, ...]
    key: int = 0
    dhash: int = 0
    small: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((_SMALL, _SMALL), np.uint8))
    is_upright: bool = False


def examine_image(
    files: Files,
    path: str,
    data: bytes,
    label: NDArray[np.unsignedinteger] | None,
    channels: Channels = RGB,
) -> ImageContents:
    """Decode an image, and compare its edges with the borders in its label.

    Args:
        files: the pair.
        path, data: of the image.
        label: (H, W) stored values, None if they could not be decoded.
        channels: of the images.
    """
    try:
        image = decode_shown(path, data, channels)
    except PixelwiseError as error:
        return ImageContents((unreadable(files.image, error),))
    look = look_at(image)
    digest = blake2b(image.tobytes(), digest_size=8, person=repr(image.shape).encode()[:16])
    findings, is_upright = ((), False) if label is None else _pose(files, image, label)
    key = int.from_bytes(digest.digest(), "big")
    return ImageContents(findings, key, look.dhash, look.small, is_upright)


def dark_rule(name: str, path: str, data: bytes) -> Iterator[Finding]:
    """F13: a 16-bit image of which the upper 8 bits are nearly black.

    Args:
        name, path: of the image.
        data: its content; b"" = it is read here.
    """
    if is_dark(path, data):
        detail = "no sample is above a quarter of the range"
        yield Finding("F13", name, 1, None, detail)


def near_copies(
    inventory: Inventory, dhash: np.ndarray, small: np.ndarray, keys: np.ndarray
) -> Iterator[Finding]:
    """S2: images in different splits that are almost the same; equal ones are copies, S1.

    Args:
        inventory: the pairs.
        dhash: (N,) uint64.
        small: (N, 16, 16) uint8 grey.
        keys: (N,) uint64 of all pixels, 0 = not read.
    """
    split = np.array([files.split for files in inventory.pairs])
    structured = (np.bitwise_count(dhash) >= _LEAST_BITS) & (keys != 0)
    nearest: dict[int, tuple[float, int]] = {}
    for word in range(_WORDS):
        part = dhash >> np.uint64(16 * word) & np.uint64(0xFFFF)
        groups: dict[int, list[int]] = defaultdict(list)
        for number in np.flatnonzero(structured).tolist():
            groups[int(part[number])].append(number)
        for group in groups.values():
            for place, number in enumerate(group):
                others = np.array(group[max(0, place - _MOST_ALIKE) : place], np.int64)
                others = others[split[others] != split[number]] if others.size else others
                others = others[keys[others] != keys[number]]
                bits = np.bitwise_count(dhash[others] ^ dhash[number])
                for other in others[bits <= _NEAR_BITS].tolist():
                    gap = np.abs(small[other].astype(int) - small[number]).mean()
                    if gap <= min(_SMALL_ERROR, nearest.get(number, (_SMALL_ERROR, 0))[0]):
                        nearest[number] = (float(gap), other)
    for number, (_, other) in sorted(nearest.items()):
        a, b = inventory.pairs[other], inventory.pairs[number]
        names = f"{inventory.splits[b.split]} and {inventory.splits[a.split]}"
        detail = f"almost the same as {a.image}; they are in {names}"
        yield Finding("S2", b.image, 1, None, detail, other=a.image)


def _pose(
    files: Files, image: NDArray[np.uint8], label: NDArray[np.unsignedinteger]
) -> tuple[tuple[Finding, ...], bool]:
    """G3: whether the borders of the label lie on edges of the image once it is moved; and whether
    they do as it is, and do not once it is turned.
    """
    if label.shape != image.shape[:2]:
        return (), False
    border = np.zeros(label.shape, bool)
    border[:, 1:] = label[:, 1:] != label[:, :-1]
    border[1:] |= label[1:] != label[:-1]
    if border.sum() < _LEAST_BORDER:
        return (), False
    edges = np.pad(_edges(image), _MARGIN, constant_values=1)
    near = (np.abs(_SHIFTS) <= 2).all(axis=1)
    turned = {name: pose(border) for name, pose in _POSES.items()}
    contrasts = {n: _contrasts(edges, t) for n, t in turned.items() if t.shape == border.shape}
    here = max(1e-6, float(contrasts[""][near].max()))
    # a mistake turns a label or shifts it: both at once fit by chance
    moves = {name: np.where(near != (name == ""), c, 0) for name, c in contrasts.items()}
    name = max(moves, key=lambda name: float(moves[name].max()))
    contrast = float(moves[name].max())
    clear = _CLEAR_TURNED if name else _CLEAR
    every = np.concatenate(list(contrasts.values()))
    spread = max(1e-6, float(every.std()))
    by_ratio = contrast >= max(_LEAST_CONTRAST, clear * here)
    by_spread = (
        contrast - float(np.median(every)) >= _OUTSTANDING * spread
        and contrast - here >= _FAR_BELOW * spread
    )
    if not (by_ratio or by_spread):
        turned_best = max(float(c[near].max()) for n, c in contrasts.items() if n)
        outstanding = here - float(np.median(every)) >= _OUTSTANDING * spread
        return (), outstanding and here - turned_best >= _FAR_BELOW * spread
    best = f"{name} {_moved(*_SHIFTS[moves[name].argmax()].tolist())}".strip()
    detail = f"its borders fit edges of the image {contrast / here:.1f} times as well when {best}"
    return (Finding("G3", str(files.label), 1, None, detail, other=files.image),), False


def _edges(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much the colours on both sides of a pixel differ, divided by the mean of that.

    Colours are smoothed, and compared at a distance of 3, so that the grain of an image is no edge.
    """
    edges = np.zeros(image.shape[:2], np.float32)
    for top in range(0, len(image), _ROWS):
        first = max(0, top - _AROUND)
        part = _steps(image[first : top + _ROWS + _AROUND].astype(np.float32))
        edges[top : top + _ROWS] = part[top - first : top - first + _ROWS]
    return edges / np.float32(max(1e-6, float(edges.mean(dtype=np.float64))))


def _steps(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) -> (H, W): the distance of smoothed colours across each pixel, see _edges."""
    for axis in (0, 1):
        before, here, after, _ = _shifted(values, axis)
        values = (before + 2 * here + after) / 4
    squares = np.zeros(values.shape[:2], np.float32)
    for axis in (0, 1):
        low, _, _, high = _shifted(values, axis, 2)
        squares += ((high - low) ** 2).sum(axis=2)
    return np.sqrt(squares)


def _shifted(values: np.ndarray, axis: int, before: int = 1) -> list[np.ndarray]:
    """Four neighbours of each pixel along an axis, from so many before it on."""
    padding = [(0, 0)] * 3
    padding[axis] = (before, 3 - before)
    padded, length = np.moveaxis(np.pad(values, padding, mode="edge"), axis, 0), values.shape[axis]
    return [np.moveaxis(padded[start : start + length], 0, axis) for start in range(4)]


def _contrasts(edges: np.ndarray, border: np.ndarray) -> np.ndarray:
    """The mean edge below the border pixels, for each of _SHIFTS."""
    y, x = np.nonzero(border)
    step = max(1, len(y) // _BORDER_PIXELS)
    place = (y[::step] + _MARGIN) * edges.shape[1] + x[::step] + _MARGIN
    moves = _SHIFTS @ (edges.shape[1], 1)
    return edges.ravel().take(moves[:, None] + place).mean(axis=1)


def _moved(dy: int, dx: int) -> str:
    if not dy and not dx:
        return ""
    sides = [f"{abs(dy)} pixels {'down' if dy > 0 else 'up'}"] * bool(dy)
    sides += [f"{abs(dx)} pixels {'right' if dx > 0 else 'left'}"] * bool(dx)
    return "moved " + " and ".join(sides)
