"""The rules about labels that are colour images: F10 to F12, V1 to V3.

Exactly one rule is named, the first that explains the colours.
"""

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.findings import Finding, unreadable
from pixelwise.audit.regions import first_place
from pixelwise.audit.rules import RULES
from pixelwise.errors import PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.labels.decode import decode_image
from pixelwise.labels.image import decode_rgb
from pixelwise.labels.palettes import VOID_COLOR
from pixelwise.text import plural

# Colours this far from those of two classes, per channel, may lie on the line between them.
_ON_LINE = 3.0
_NOISE_REACH, _NOISE_COLORS = 20, 200
_MOST = 0.95
_SHOWN = 4
# Distances of so many colours to all classes are held at a time.
_BLOCK = 1 << 12


def color_rules(classes: Classes | None, path: str, name: str, data: bytes) -> tuple[Finding, ...]:
    """F3, F10, F11, F12, V1, V2 or V3 for a label with several channels.

    Args:
        classes: stored values and display colours; None if they are not known.
        path, name: of the label, for errors and findings.
        data: its content.
    """
    try:
        image = decode_rgb(path, data)
        alpha = alpha_of(data)
    except PixelwiseError as error:
        return (unreadable(name, error),)
    if alpha is not None:
        clear = alpha < 255
        number = int(clear.sum())
        if not number:
            return (Finding("F12", name, 0, None, "alpha is full everywhere"),)
        detail = f"alpha is below 255 in {plural(number, 'pixel')}"
        return (Finding("F12", name, number, first_place(clear), detail),)
    packed = _pack(image)
    found, pixels = np.unique(packed, return_counts=True)
    colors = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    rule, detail, wrong = _explain(classes, colors, pixels)
    mask = np.isin(packed, found[wrong])
    number = int(mask.sum()) if RULES[rule].counted == "pixels" else 1
    return (Finding(rule, name, number, first_place(mask), detail),)


def _explain(
    classes: Classes | None, colors: np.ndarray, pixels: np.ndarray
) -> tuple[str, str, np.ndarray]:
    """(rule, detail, which of the colours are meant)."""
    every = np.ones(len(colors), bool)
    if (colors == colors[:, :1]).all():
        values = ", ".join(map(str, colors[:_SHOWN, 0]))
        return "F10", f"all channels hold the same values: {values}, ...", every
    if classes is None:
        return (
            "F10",
            f"it has {plural(len(colors), 'colour')}, and the classes are not known",
            every,
        )
    stored = {v for values in classes.values if not isinstance(values, str) for v in values}
    stored |= {*classes.ignore_values, classes.ignore_index}
    known_colors = np.array([*classes.colors, VOID_COLOR])
    known = _among(colors, known_colors)
    if known.all() and len(colors) > 1:
        return "F10", f"it has the colours of {len(colors)} classes", every
    used = (colors != 0).any(axis=0)
    if used.sum() == 1 and set(colors[:, used].ravel().tolist()) <= stored:
        channel = ("red", "green", "blue")[int(used.argmax())]
        return "F10", f"only {channel} is used, and holds stored values", every
    swapped = _among(colors[:, ::-1], known_colors)
    if _share(swapped, pixels) >= _MOST and _share(known, pixels) < _MOST:
        return "F11", "with red and blue swapped, its colours are those of the classes", ~known
    unknown = ~known
    rest = colors[unknown]
    if not known.any():
        return "V1", _shown(classes, rest, pixels[unknown]), unknown
    present = np.unique(colors[known], axis=0)
    if _share(_on_line(rest, present), pixels[unknown]) >= _MOST:
        return "V2", _shown(classes, rest, pixels[unknown]), unknown
    near = _distance(rest, present) <= _NOISE_REACH
    if len(rest) > _NOISE_COLORS and _share(near, pixels[unknown]) >= 0.5:
        return "V3", f"{len(rest):,} colours, most of them near that of a class", unknown
    return "V1", _shown(classes, rest, pixels[unknown]), unknown


def alpha_of(data: bytes) -> NDArray[np.uint8] | None:
    """(H, W) the alpha channel of an image file that can be decoded; None without one."""
    image = decode_image(data)
    return np.asarray(image.getchannel("A")) if "A" in image.getbands() else None


def _on_line(colors: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Which colours lie between two colours that are present."""
    found = np.zeros(len(colors), bool)
    for number, start in enumerate(present.astype(np.float64)):
        for end in present[number + 1 :]:
            along = end - start
            nearest = ((colors - start) @ along / (along @ along)).clip(0, 1)
            found |= np.abs(start + nearest[:, None] * along - colors).max(axis=1) <= _ON_LINE
    return found


def _distance(colors: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The distance of each colour to the nearest one that is present, in its worst channel."""
    blocks = range(0, len(colors), _BLOCK)
    parts = [np.abs(colors[b : b + _BLOCK, None] - present).max(axis=2).min(axis=1) for b in blocks]
    return np.concatenate(parts)


def _shown(classes: Classes, colors: np.ndarray, pixels: np.ndarray) -> str:
    """The most frequent colours, each with the class whose colour is nearest."""
    texts = []
    for i in pixels.argsort()[::-1][:_SHOWN]:
        nearest = ((np.array(classes.colors) - colors[i]) ** 2).sum(axis=1).argmin()
        rgb = tuple(colors[i].tolist())
        texts.append(
            f"{rgb} in {plural(int(pixels[i]), 'pixel')}, nearest to {classes.names[nearest]}"
        )
    more = len(colors) - _SHOWN
    return "; ".join(texts) + (f"; and {plural(more, 'more colour')}" if more > 0 else "")


def _pack(colors: NDArray) -> NDArray[np.int32]:
    """(..., 3) -> (...): one number for each colour."""
    wide = colors.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _among(colors: NDArray, table: NDArray) -> NDArray[np.bool_]:
    return np.isin(_pack(colors), _pack(table))


def _share(chosen: np.ndarray, pixels: np.ndarray) -> float:
    return float(pixels[chosen].sum() / pixels.sum())
