"""The rows of a PNG image from the differences that its file holds.

A sample is stored less a prediction from its neighbours a (left), b (above) and c (above left),
each a whole pixel away; a row says in front which one:

    0 nothing   1 a   2 b   3 ⌊(a + b) / 2⌋   4 that of a, b, c which is nearest to a + b - c

So a window needs the rows above it and the columns left of it, but none below and none to the
right.

Source: Portable Network Graphics (PNG) Specification, W3C, section 9.
"""

import numpy as np
from numpy.typing import NDArray

from pixelwise.ops.cpu.jit import inlined, kernel

KINDS = 5  # of predictions


def unfilter(
    stored: NDArray[np.uint8], samples: int, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.uint8]:
    """A window of an image with 8 bits a sample.

    Args:
        stored: (at least rows[1], 1 + W * samples) inflated rows, in front of each its kind, below
            KINDS.
        samples: of a pixel, 1..4.
        rows, columns: first and behind the last.
    Returns:
        (rows, columns, samples).
    """
    (top, bottom), (left, right) = rows, columns
    window = np.empty((bottom - top, right - left, samples), np.uint8)
    # a pixel of zeros is left of each row, and a row of zeros above the first
    lines = np.zeros((2, (1 + right) * samples), np.uint8)
    flat = window.reshape(bottom - top, -1)
    _unfilter(stored, samples, top, bottom, left * samples, lines, flat)
    return window


@inlined
def _nearest(a, b, c):
    """The one of three that is nearest to a + b - c; at a tie the first.

    c lies between the other two and a + b - c does too, or else the nearest is the lower or the
    higher of a and b. In this form few operations wait for a, the sample that was made last.
    """
    low, high = min(a, b), max(a, b)
    mirrored = 3 * c - (a + b)
    inner = low if high <= mirrored else c
    return high if mirrored <= low else inner


@inlined
def _add_nearest_of_three(stored, above, line):
    """Kind 4 for pixels of three samples: what is left of them stays in registers."""
    a0 = a1 = a2 = c0 = c1 = c2 = np.int32(0)
    for i in range(3, len(line), 3):
        b0, b1, b2 = np.int32(above[i]), np.int32(above[i + 1]), np.int32(above[i + 2])
        a0 = (np.int32(stored[i - 2]) + _nearest(a0, b0, c0)) & np.int32(255)
        a1 = (np.int32(stored[i - 1]) + _nearest(a1, b1, c1)) & np.int32(255)
        a2 = (np.int32(stored[i]) + _nearest(a2, b2, c2)) & np.int32(255)
        c0, c1, c2 = b0, b1, b2
        line[i], line[i + 1], line[i + 2] = a0, a1, a2


@kernel
def _unfilter(stored, samples, top, bottom, left, lines, window):
    length = lines.shape[1]
    for y in range(bottom):
        line, above = lines[y & 1], lines[1 - (y & 1)]
        kind, row = stored[y, 0], stored[y, : length - samples + 1]
        back = samples - 1
        if kind == 4 and samples == 3:
            _add_nearest_of_three(row, above, line)
        elif kind == 4:
            for i in range(samples, length):
                a, c = np.int32(line[i - samples]), np.int32(above[i - samples])
                line[i] = row[i - back] + _nearest(a, np.int32(above[i]), c)
        elif kind == 3:
            for i in range(samples, length):
                line[i] = row[i - back] + ((line[i - samples] + above[i]) >> 1)
        elif kind == 2:
            # slices, so that the compiler sees that nothing waits for what is beside it
            differences, over, found = row[1:], above[samples:], line[samples:]
            for i in range(length - samples):
                found[i] = differences[i] + over[i]
        elif kind == 1:
            for i in range(samples, length):
                line[i] = row[i - back] + line[i - samples]
        else:
            line[samples:] = row[1:]
        if y >= top:
            window[y - top] = line[samples + left :]
