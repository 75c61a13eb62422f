"""Bilinear interpolation of rows of pixels and its adjoint, for kernels that upsample inside.

With `align_corners=False` the output position X of an axis of length W lies at

    x = max((X + ½) w / W - ½, 0),  low = floor(x),  t = x - low
    out[X] = (1 - t) in[low] + t in[low + 1]                      (in[w] stands for in[w - 1])

Vertically that is one lerp of two rows of logits. Horizontally there are two ways. If W : w = s : q
in lowest terms, all positions X = s j + k share t and low - q j: each phase k is a lerp of vectors,
and the pixels of a block are kept phase after phase. So that these vectors are contiguous, a line
keeps every q-th column together (column u at place (u mod q) * pitch + u div q; q = 1 changes
nothing). Other ratios go through tables of low and t. The adjoint runs the same loops backwards: no
scatter, and in a fixed order. Where t = 0 the second source is left alone, for 0 times infinity is
NaN.

A block covers `width` output columns of one output row and needs a piece of two rows of logits, a
`line`, which begins one column before its first and ends one after its last.
"""

from math import gcd
from typing import Any, NamedTuple

import numpy as np

from pixelwise.ops.cpu.jit import exact, inlined
from pixelwise.ops.cpu.transfer import call_address

MOST_PHASES = 64  # more go through tables
FEWEST_GROUPS = 8  # pixels of a phase, in an output row; fewer go through tables


class Axis(NamedTuple):
    """Where the output positions of an axis read its input."""

    size: int  # input length
    out: int  # output length
    low: Any  # (out,) int64
    t: Any  # (out,) weight of low + 1


class Columns(NamedTuple):
    """How output rows are cut into blocks, and each block's phases."""

    axis: Axis
    scale: int  # s, the number of phases, or 0 for tables
    step: int  # q, input columns for each s output columns; 1 for tables
    width: int  # output columns of a block
    pitch: int  # columns of logits that are kept together
    line: int  # step * pitch, length of a line
    left: Any  # (s,) int64: place of the first source of phase k, for the first group
    right: Any  # (s,) int64: place of the second
    t: Any  # (s,) weight of the second


def make_axis(size: int, out: int, dtype: Any) -> Axis:
    """The table of one axis."""
    low, t = positions(out, size, out, -1)
    low, t = np.maximum(low, 0), np.where(low < 0, 0, t)
    return Axis(size, out, low, t.astype(dtype))


def positions(count: int, size: int, out: int, offset: int) -> tuple[np.ndarray, np.ndarray]:
    """Floor and fraction of (X + ½) size / out + offset / 2 for X < count; the fraction is exact.

    Counted in units of 1 / (2 out), because a position far to the right has fewer digits left.
    """
    units = (2 * np.arange(count) + 1) * size + offset * out
    return units // (2 * out), units % (2 * out) / (2 * out)


def make_columns(size: int, out: int, block: int, dtype: Any) -> Columns:
    """Cut rows of `out` columns into blocks of about `block` pixels."""
    axis = make_axis(size, out, dtype)
    groups = gcd(size, out)
    scale, step = out // groups, size // groups
    none = np.zeros(0, np.int64)
    if out < size or scale > MOST_PHASES or (step > 1 and groups < FEWEST_GROUPS):
        width = min(block, out)
        line = 2 + int(
            max(axis.low[min(x + width, out) - 1] - axis.low[x] for x in range(0, out, width))
        )
        return Columns(axis, 0, 1, width, line, line, none, none, np.zeros(0, dtype))
    groups = min(max(block // scale, 1), groups)
    pitch = groups + 2
    u, t = positions(scale, step, scale, 1)  # in a line, which begins one column before
    left, right = (v % step * pitch + v // step for v in (u, u + 1))
    t = t.astype(dtype)
    return Columns(axis, scale, step, groups * scale, pitch, step * pitch, left, right, t)


@inlined
def line_of_block(columns, start, n):
    """First input column (it may be -1) and number of input columns for a block."""
    if columns.scale:
        groups, step = n // columns.scale, columns.step
        return start // columns.scale * step - 1, groups * step + 2
    first = columns.axis.low[start]
    return first, columns.axis.low[start + n - 1] + 2 - first


@inlined
def place(columns, u):
    """Where column u of a line is kept."""
    return u % columns.step * columns.pitch + u // columns.step


@inlined
def load_line(lines, view, image, row, first, count, columns):
    """lines[:, place of u] = logits at column first + u of a row, clamped to the image."""
    left, right = max(first, 0), min(first + count, columns.axis.size)
    start = image * view.image + row * view.outer[0]
    channels, step = lines.shape[0], columns.step
    for b in range(step):
        skipped = int(first + b < left)  # column -1
        column = first + b + skipped * step
        held = (right - column + step - 1) // step
        begin = start + column * view.pixel
        done = b * columns.pitch + skipped
        numbers = (begin, view.channel, step * view.pixel, lines.shape[1], done, channels, held)
        if held > 0:
            call_address(view.transfer, view.address, lines.ctypes.data, numbers)
    if first < left:
        at, source = place(columns, 0), place(columns, 1)
        for c in range(channels):
            lines[c, at] = lines[c, source]
    if first + count > right:
        at, source = place(columns, count - 1), place(columns, count - 2)
        for c in range(channels):
            lines[c, at] = lines[c, source]


@exact
def lerp(a, b, rest, t):
    """a (1 - t) + b t as written: a + t (b - a) would make NaN of two infinities"""
    return a * rest + b * t


@inlined
def blend(upper, lower, t, line):
    """line = (1 - t) upper + t lower"""
    rest = line.dtype.type(1) - t
    if t == 0:
        for q in range(line.size):
            line[q] = upper[q]
    else:
        for q in range(line.size):
            line[q] = lerp(upper[q], lower[q], rest, t)


@inlined
def spread_line(line, columns, start, n, row):
    """Interpolate a line horizontally to the n pixels of a block."""
    one = line.dtype.type(1)
    if columns.scale:
        groups = n // columns.scale
        for k in range(columns.scale):
            t = columns.t[k]
            rest = one - t
            left = line[columns.left[k] : columns.left[k] + groups]
            right = line[columns.right[k] : columns.right[k] + groups]
            phase = row[k * groups : (k + 1) * groups]
            if t == 0:
                for j in range(groups):
                    phase[j] = left[j]
            else:
                for j in range(groups):
                    phase[j] = lerp(left[j], right[j], rest, t)
    else:
        first = columns.axis.low[start]
        for i in range(n):
            q, t = columns.axis.low[start + i] - first, columns.axis.t[start + i]
            row[i] = line[q] if t == 0 else lerp(line[q], line[q + 1], one - t, t)


@inlined
def gather_line(row, columns, start, n, line):
    """The adjoint of spread_line: the gradient of a line from that of a block's pixels."""
    one = line.dtype.type(1)
    for q in range(line.size):
        line[q] = 0
    if columns.scale:
        groups = n // columns.scale
        for k in range(columns.scale):
            t = columns.t[k]
            rest = one - t
            left = line[columns.left[k] : columns.left[k] + groups]
            right = line[columns.right[k] : columns.right[k] + groups]
            phase = row[k * groups : (k + 1) * groups]
            for j in range(groups):
                left[j] += phase[j] * rest
            if t != 0:
                for j in range(groups):
                    right[j] += phase[j] * t
    else:
        first = columns.axis.low[start]
        for i in range(n):
            q, t = columns.axis.low[start + i] - first, columns.axis.t[start + i]
            line[q] += row[i] * (one - t)
            if t != 0:
                line[q + 1] += row[i] * t


@inlined
def add_line(lines, first, count, columns, out, row):
    """out[:, row, first + u] += lines[:, place of u], clamped to the image."""
    last = columns.axis.size - 1
    for c in range(lines.shape[0]):
        line, target = lines[c], out[c, row]
        for b in range(columns.step):
            for u in range(b, count, columns.step):
                column = min(max(first + u, 0), last)
                target[column] += line[b * columns.pitch + u // columns.step]
