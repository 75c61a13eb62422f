"""Masks as run lengths: COCO's dictionaries, compressed or not, and rows of plain numbers.

The runs of a mask take turns, starting with pixels that are outside; the first may be 0 long.
COCO goes down column after column, CVAT along row after row.

COCO's compressed text writes, from the fourth on, each run as the difference to the one before
the last, in groups of 5 bits from the lowest on; bit 5 says that another group follows, the
highest bit of the last group is the sign, and 48 is added to get a printable letter.

Source: COCO API, common/maskApi.c, rleToString and rleFrString.
"""

from collections.abc import Sequence
from typing import Any, Literal, NoReturn, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import LabelError, check_choice
from pixelwise.files.content import MAX_PIXELS

Order = Literal["columns", "rows"]
ORDERS: dict[Order, Literal["F", "C"]] = {"columns": "F", "rows": "C"}
_FIRST_LETTER, _LAST_LETTER = 48, 48 + 63
_SIGN, _MORE, _LOW_BITS = 0x10, 0x20, 0x1F
# Groups of one number; 30 bits hold any run of a image that fits into memory.
_MOST_GROUPS = 6


def rle_to_mask(
    counts: Sequence[int] | NDArray[np.integer] | str | bytes,
    size: Sequence[int],
    order: Order = "columns",
) -> NDArray[np.bool]:
    """The mask that run lengths describe.

    Everything is checked before memory is taken for the mask.

    Args:
        counts: run lengths, or COCO's compressed text.
        size: (height, width).
        order: "columns" as in COCO, or "rows" as in CVAT.
    Returns:
        (H, W) bool.
    Raises:
        LabelError: the runs do not add up to height * width, one is negative or no integer, the
            text is damaged, or the image is too large.
    Equals: pycocotools.mask.decode({"size": size, "counts": counts})
    """
    check_choice("rle_to_mask", "order", order, ORDERS)
    height, width = _checked_size(size)
    runs = parse_counts(counts) if isinstance(counts, str | bytes) else _as_runs(counts)
    if (runs < 0).any():
        _refuse("counts", "a list of runs >= 0", f"{int(runs.min())} in place {runs.argmin()}")
    total = int(runs.sum())
    if total != height * width:
        _refuse("counts", f"{height} x {width} = {height * width:,} pixels in sum", f"{total:,}")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape((height, width), order=ORDERS[order])


class RunLengths(TypedDict):
    """A mask in the annotation files of COCO."""

    size: list[int]
    counts: str | list[int]


def mask_to_rle(mask: ArrayLike, compressed: bool = True) -> RunLengths:
    """A mask as COCO writes it; the way back from rle_to_mask.

    Args:
        mask: (H, W) bool, or integers of which 0 is outside.
        compressed: write the runs as text instead of a list.
    Returns:
        {"size": [H, W], "counts": text or list of run lengths}.
    Equals: pycocotools.mask.encode(np.asfortranarray(mask)), with its bytes decoded as text
    """
    inside = np.asarray(mask) != 0
    pixels = inside.ravel(order="F")
    ends = np.flatnonzero(np.diff(pixels, prepend=False))
    runs = np.diff(ends, prepend=0, append=len(pixels)).tolist()
    return {"size": list(inside.shape), "counts": format_counts(runs) if compressed else runs}


def parse_counts(text: str | bytes) -> np.ndarray:
    """The run lengths in COCO's compressed text.

    Returns:
        (n,) int64; not yet known to be >= 0.
    Raises:
        LabelError: a letter is not of the alphabet, or a number is cut or too long.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    letters = np.frombuffer(data, np.uint8)
    strange = (letters < _FIRST_LETTER) | (letters > _LAST_LETTER)
    if strange.any():
        got = f"byte {letters[strange][0]} in place {strange.argmax()}"
        _refuse("counts", "text of the letters 0 to o", got)
    groups = letters.astype(np.int64) - _FIRST_LETTER
    last = (groups & _MORE) == 0
    if len(groups) and not last[-1]:
        _refuse("counts", "text that ends with a whole number", "one that is cut")
    starts = np.flatnonzero(np.concatenate([[True], last[:-1]])[: len(groups)])
    place = np.arange(len(groups)) - np.repeat(starts, np.diff(starts, append=len(groups)))
    if (place >= _MOST_GROUPS).any():
        _refuse("counts", f"text of numbers up to {5 * _MOST_GROUPS} bits", "a longer one")

    values = np.zeros(len(starts), np.int64)
    number = np.cumsum(np.concatenate([[0], last[:-1]]))[: len(groups)].astype(int)
    np.add.at(values, number, (groups & _LOW_BITS) << (5 * place))
    negative = (groups[last] & _SIGN) != 0
    values -= np.where(negative, 1 << (5 * (place[last] + 1)), 0)
    # differences to the one before the last: odd places and even places add up on their own
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def format_counts(runs: Sequence[int]) -> str:
    """Run lengths as COCO's compressed text; the way back from parse_counts."""
    letters = []
    for place, run in enumerate(runs):
        value = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            group = value & _LOW_BITS
            value >>= 5
            more = value != (-1 if group & _SIGN else 0)
            letters.append(chr(group + _MORE * more + _FIRST_LETTER))
    return "".join(letters)


def _as_runs(counts: Any) -> np.ndarray:
    if isinstance(counts, list) and any(isinstance(run, str | bytes | list) for run in counts):
        # NumPy would make room for the longest text as often as there are items
        _refuse("counts", "a list of integers", "lists in lists or text")
    try:
        runs = np.asarray(counts)
    except ValueError:
        _refuse("counts", "a list of integers", "lists in lists")
    if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu"):
        _refuse("counts", "a list of integers", f"{runs.dtype} with shape {runs.shape}")
    if runs.size and runs.max() > MAX_PIXELS:
        _refuse("counts", f"a list of runs <= {MAX_PIXELS:,}", f"{int(runs.max()):,}")
    return runs.astype(np.int64)


def _checked_size(size: Any) -> tuple[int, int]:
    sides = [size] if not isinstance(size, list | tuple | np.ndarray) else list(size)
    if len(sides) != 2 or not all(isinstance(s, int | np.integer) and s > 0 for s in sides):
        _refuse("size", "(height, width), two integers > 0", repr(size))
    height, width = int(sides[0]), int(sides[1])
    if height * width > MAX_PIXELS:
        _refuse("size", f"at most {MAX_PIXELS:,} pixels", f"{height:,} x {width:,}")
    return height, width


def _refuse(name: str, constraint: str, got: str) -> NoReturn:
    raise LabelError("rle_to_mask", name, must=constraint, got=got)
