"""Bilinear interpolation of rows of pixels and its adjoint, for kernels that upsample inside.

With `align_corners=False` the output position X of an axis of length W lies at

    x = max((X + ½) w / W - ½, 0),  low = floor(x),  t = x - low
    out[X] = (1 - t) in[low] + t in[low + 1]                      (in[w] stands for in[w - 1])

Vertically that is one lerp of two rows of logits. Horizontally there are two ways. If W = s w, the
s positions X = s j + k of all columns j share t and low - j: each phase k is a lerp of contiguous
vectors, and the pixels of a block are kept phase after phase. Any other ratio goes through tables
of low and t. The adjoint runs the same loops backwards: no scatter, and in a fixed order. Where
t = 0 the second source is left alone, for 0 times infinity is NaN.

A block covers `width` output columns of one output row and needs a piece of two rows of logits, a
`line`, which begins one column before its first and ends one after its last.
"""

from typing import Any, NamedTuple

import numpy as np

from pixelwise.ops._jit_numba import exact, inlined
from pixelwise.ops._transfer_numba import call_address

LARGEST_SCALE = 64  # larger scales go through tables


class Axis(NamedTuple):
    """Where the output positions of an axis read its input."""

    size: int  # input length
    out: int  # output length
    low: Any  # (out,) int64
    t: Any  # (out,) weight of low + 1


class Columns(NamedTuple):
    """How output rows are cut into blocks, and each block's phases."""

    axis: Axis
    scale: int  # s, or 0 for tables
    width: int  # output columns of a block
    line: int  # columns of logits that a block needs at most
    shift: Any  # (s,) int64: low - j + 1 for phase k
    t: Any  # (s,) weight of low + 1 for phase k


def make_axis(size: int, out: int, dtype: Any) -> Axis:
    """The table of one axis, computed in float64."""
    x = np.maximum((np.arange(out) + 0.5) * size / out - 0.5, 0)
    low = np.minimum(np.floor(x), size - 1).astype(np.int64)
    return Axis(size, out, low, (x - low).astype(dtype))


def make_columns(size: int, out: int, block: int, dtype: Any) -> Columns:
    """Cut rows of `out` columns into blocks of about `block` pixels."""
    axis = make_axis(size, out, dtype)
    scale = out // size if out % size == 0 else 0
    if not 0 < scale <= LARGEST_SCALE:
        width = min(block, out)
        line = int(
            max(axis.low[min(x + width, out) - 1] - axis.low[x] for x in range(0, out, width))
        )
        return Columns(axis, 0, width, line + 2, np.zeros(0, np.int64), np.zeros(0, dtype))
    inputs = min(max(block // scale, 1), size)
    x = (np.arange(scale) + 0.5) / scale - 0.5
    shift = np.where(x < 0, 0, 1)
    t = (x + 1 - shift).astype(dtype)
    return Columns(axis, scale, inputs * scale, inputs + 2, shift.astype(np.int64), t)


@inlined
def line_of_block(columns, start, n):
    """First input column (it may be -1) and number of input columns for a block."""
    if columns.scale:
        return start // columns.scale - 1, n // columns.scale + 2
    first = columns.axis.low[start]
    return first, columns.axis.low[start + n - 1] + 2 - first


@inlined
def load_line(lines, view, image, row, first, count, size):
    """lines[:, q] = logits at column first + q of a row, clamped to the image."""
    left, right = max(first, 0), min(first + count, size)
    start = image * view.image + row * view.outer[0] + left * view.pixel
    channels, pitch = lines.shape
    numbers = (start, view.channel, view.pixel, pitch, left - first, channels, right - left)
    call_address(view.transfer, view.address, lines.ctypes.data, numbers)
    for c in range(channels):
        for q in range(left - first):
            lines[c, q] = lines[c, left - first]
        for q in range(right - first, count):
            lines[c, q] = lines[c, right - first - 1]


@exact
def lerp(a, b, rest, t):
    """a (1 - t) + b t as written: a + t (b - a) would make NaN of two infinities"""
    return a * rest + b * t


@inlined
def blend(upper, lower, t, count, line):
    """line = (1 - t) upper + t lower"""
    rest = line.dtype.type(1) - t
    if t == 0:
        for q in range(count):
            line[q] = upper[q]
    else:
        for q in range(count):
            line[q] = lerp(upper[q], lower[q], rest, t)


@inlined
def spread_line(line, columns, start, n, row):
    """Interpolate a line horizontally to the n pixels of a block."""
    one = line.dtype.type(1)
    if columns.scale:
        inputs = n // columns.scale
        for k in range(columns.scale):
            t = columns.t[k]
            rest, shift = one - t, columns.shift[k]
            left, right = line[shift : shift + inputs], line[shift + 1 : shift + 1 + inputs]
            phase = row[k * inputs : (k + 1) * inputs]
            if t == 0:
                for j in range(inputs):
                    phase[j] = left[j]
            else:
                for j in range(inputs):
                    phase[j] = lerp(left[j], right[j], rest, t)
    else:
        first = columns.axis.low[start]
        for i in range(n):
            q, t = columns.axis.low[start + i] - first, columns.axis.t[start + i]
            row[i] = line[q] if t == 0 else lerp(line[q], line[q + 1], one - t, t)


@inlined
def gather_line(row, columns, start, n, count, line):
    """The adjoint of spread_line: the gradient of a line from that of a block's pixels."""
    one = line.dtype.type(1)
    for q in range(count):
        line[q] = 0
    if columns.scale:
        inputs = n // columns.scale
        for k in range(columns.scale):
            t = columns.t[k]
            rest, shift = one - t, columns.shift[k]
            left, right = line[shift : shift + inputs], line[shift + 1 : shift + 1 + inputs]
            phase = row[k * inputs : (k + 1) * inputs]
            for j in range(inputs):
                left[j] += phase[j] * rest
            if t != 0:
                for j in range(inputs):
                    right[j] += phase[j] * t
    else:
        first = columns.axis.low[start]
        for i in range(n):
            q, t = columns.axis.low[start + i] - first, columns.axis.t[start + i]
            line[q] += row[i] * (one - t)
            if t != 0:
                line[q + 1] += row[i] * t


@inlined
def add_line(lines, first, count, size, out, row):
    """out[:, row, first + q] += lines[:, q], clamped to the image."""
    left, right = max(first, 0), min(first + count, size)
    for c in range(lines.shape[0]):
        line, target = lines[c, left - first : right - first], out[c, row, left:right]
        for q in range(right - left):
            target[q] += line[q]
        for q in range(left - first):
            target[0] += lines[c, q]
        for q in range(right - first, count):
            target[right - left - 1] += lines[c, q]
