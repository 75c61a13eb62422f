"""Labels that are colour or lossy images -> the commands that make label images of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable, format_of, read_file
from pixelwise.files.names import real_path
from pixelwise.labels.description import Split
from pixelwise.labels.image import decode_rgb
from pixelwise.text import shell_line

# Labels whose colours are looked at; of more, so many evenly spaced ones.
_LOOKED_AT = 100
# More colours than this are not those of classes.
_MOST_COLORS = 64
# A file stored with loss: the colour of a class covers areas, of at least this share, and others
# within this distance are noise.
_LEAST_SHARE, _NOISE = 1e-3, 16
# Side of a square of one colour.
_SQUARE = 3
_LOSSY = ("JPEG", "WebP")


def convert_commands(
    root: Path, splits: dict[str, Split], labels: Sequence[Path]
) -> tuple[str, bool]:
    """The command lines that turn the labels of a folder into label images, and whether of loss.

    One for all splits if they lie in the same folders, else one for each, joined by "&&". They
    have the colours that were found as classes, whose names a person may change.

    Args:
        root: folder of the dataset.
        splits: where its labels are.
        labels: the files, of which some are read.
    Returns:
        The commands, "" if the colours cannot be those of classes; and whether only the nearest
        class can be taken, since values were lost.
    """
    classes, lossy = _classes_of(labels)
    if not classes:
        return "", lossy
    rest = ["--format", "color", "--classes", classes, *(["--unknown", "nearest"] * lossy)]
    out = root.parent / f"{real_path(root).name}-converted"
    commands: dict[tuple[str, str], list[str]] = {}
    for name, split in splits.items():
        if split.labels is None or (split.images, split.labels) in commands:
            continue
        words = ["pixelwise", "convert", root / split.labels, "--images", root / split.images]
        for option in ("image_suffix", "label_suffix"):
            if getattr(split, option):
                words += [f"--{option.replace('_', '-')}", getattr(split, option)]
        words += [*rest, "--out", out, "--split", name]
        commands[split.images, split.labels] = [str(word) for word in words]
    several = list(commands.values())
    if len(several) == 1:
        several = [several[0][:-2]]
    return " && ".join(map(shell_line, several)), lossy


def _classes_of(labels: Sequence[Path]) -> tuple[str, bool]:
    """What `convert --classes` takes, "" if there is nothing plain; and whether of lossy files."""
    exact, areas, lossy = Counter[int](), Counter[int](), False
    for path in labels[:: max(1, -(-len(labels) // _LOOKED_AT))]:
        try:
            data = read_file(path)
            lossy |= format_of(data) in _LOSSY
            image = decode_rgb(path, data)
        except (Unreadable, PixelwiseError):
            continue
        packed = image.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
        for counter, pixels in ((exact, packed), (areas, _flat(packed))):
            counter.update(dict(zip(*(a.tolist() for a in np.unique(pixels, return_counts=True)))))
    lossy |= len(exact) > _MOST_COLORS
    colors = _plain(areas) if lossy else sorted(exact)
    if not 1 + lossy <= len(colors) <= _MOST_COLORS:
        return "", lossy
    names = [f"class_{number}" for number in range(len(colors))]
    if colors == [0, 0xFFFFFF]:
        names = ["background", "foreground"]
    return ",".join(f"{name}=#{color:06x}" for name, color in zip(names, colors)), lossy


def _flat(packed: np.ndarray) -> np.ndarray:
    """(K,) the colours of the squares of one colour, which noise and smooth borders have not."""
    if min(packed.shape) < _SQUARE:
        return packed[:0, 0]
    here = packed[: 1 - _SQUARE, : 1 - _SQUARE]
    flat = np.ones(here.shape, bool)
    height, width = here.shape
    for y in range(_SQUARE):
        for x in range(_SQUARE):
            flat &= here == packed[y : y + height, x : x + width]
    return here[flat]


def _plain(areas: Counter[int]) -> list[int]:
    """The colours of areas, without those that are noise around a more frequent one."""
    least, found = _LEAST_SHARE * areas.total(), list[int]()
    for color, pixels in areas.most_common():
        if pixels < least or len(found) > _MOST_COLORS:
            break
        if all(_distance(color, other) > _NOISE for other in found):
            found.append(color)
    return sorted(found)


def _distance(a: int, b: int) -> int:
    """Of two packed colours, in the channel where they differ most."""
    return max(abs((a >> shift & 255) - (b >> shift & 255)) for shift in (0, 8, 16))
