"""Blocks of pixels: from tensors of any dtype and strides into small arrays, and back.

A block of consecutive pixels, counted in logical order, is copied into an array (C, pixels) that
stays in the cache, in float32 (float64 for float64 logits), and all arithmetic happens there.
So contiguous, channels_last, sliced and expanded tensors give the same bits, and half precision is
computed in float32 and rounded once.
"""

import numpy as np

from pixelwise.ops._exp_numba import bits_of_float, float_of_bits
from pixelwise.ops._jit_numba import exact, inlined
from pixelwise.ops._views import (
    ABSENT,
    BFLOAT16,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    UINT8,
)

IGNORED, UNKNOWN = -1, -2  # stand for a class index in a block of targets
TILE = 16  # pixels that are transposed together when channels lie side by side


@inlined
def outer_offset(row, grid, view):
    """Where row number `row` of an image starts, relative to the image."""
    offset = 0
    for d in range(grid.outer.size - 1, -1, -1):
        offset += (row % grid.outer[d]) * view.outer[d]
        row //= grid.outer[d]
    return offset


@exact
def as_it_is(value):
    return value


@exact
def bfloat16_to_float(bits):
    return float_of_bits(np.int32(bits) << np.int32(16))


@exact
def float16_to_float(bits):
    """Shift exponent and fraction into place, then mend the exponent's bias by a product."""
    magnitude = (np.int32(bits) & np.int32(0x7FFF)) << np.int32(13)
    scaled = bits_of_float(float_of_bits(magnitude) * np.float32(2.0**112))
    special = magnitude | np.int32(0x7F800000)  # infinity and NaN
    sign = (np.int32(bits) & np.int32(0x8000)) << np.int32(16)
    return float_of_bits((special if magnitude >= np.int32(0x0F800000) else scaled) | sign)


@exact
def float_to_bfloat16(value):
    """Round to the nearest, halves to even; NaN stays NaN."""
    bits = bits_of_float(np.float32(value))
    rounded = bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))
    return np.int16((rounded if value == value else np.int32(0x7FC00000)) >> np.int32(16))  # noqa: PLR0124


@exact
def float_to_float16(value):
    """Round to the nearest, halves to even; too large becomes infinity, NaN stays NaN."""
    bits = bits_of_float(np.float32(value))
    magnitude = bits & np.int32(0x7FFFFFFF)
    sign = (bits >> np.int32(16)) & np.int32(0x8000)
    odd = (magnitude >> np.int32(13)) & np.int32(1)
    normal = (magnitude - np.int32(0x38000000) + np.int32(0x0FFF) + odd) >> np.int32(13)
    # below 2^-14 the last place is 2^-24: adding 1/2 moves it to the end of the fraction
    shifted = bits_of_float(float_of_bits(magnitude) + np.float32(0.5))
    small = shifted - np.int32(0x3F000000)
    half = small if magnitude < np.int32(0x38800000) else normal
    half = np.int32(0x7C00) if magnitude >= np.int32(0x477FF000) else half
    half = np.int32(0x7E00) if magnitude > np.int32(0x7F800000) else half
    return np.int16(half | sign)


@inlined
def copy_in(block, source, decode, start, view, done, count):
    """block[c, done + i] = source[start + c * channel + i * pixel], decoded."""
    channels = block.shape[0]
    if view.pixel == 1 or view.channel != 1:
        for c in range(channels):
            row = block[c, done : done + count]
            begin = start + c * view.channel
            if view.pixel == 1:
                values = source[begin : begin + count]
                for i in range(count):
                    row[i] = decode(values[i])
            else:
                for i in range(count):
                    row[i] = decode(source[begin + i * view.pixel])
    else:
        for left in range(0, count, TILE):
            right = min(left + TILE, count)
            for c in range(channels):
                row = block[c, done : done + count]
                for i in range(left, right):
                    row[i] = decode(source[start + i * view.pixel + c])


@inlined
def copy_out(block, target, encode, start, view, done, count):
    """target[start + c * channel + i * pixel] = block[c, done + i], encoded."""
    channels = block.shape[0]
    if view.pixel == 1 or view.channel != 1:
        for c in range(channels):
            row = block[c, done : done + count]
            begin = start + c * view.channel
            if view.pixel == 1:
                values = target[begin : begin + count]
                for i in range(count):
                    values[i] = encode(row[i])
            else:
                for i in range(count):
                    target[begin + i * view.pixel] = encode(row[i])
    else:
        for left in range(0, count, TILE):
            right = min(left + TILE, count)
            for i in range(left, right):
                begin = start + i * view.pixel
                for c in range(channels):
                    target[begin + c] = encode(block[c, done + i])


@inlined
def load_block(block, view, image, first, n, grid):
    """Fill block[:, :n] with the pixels first, ..., first + n - 1 of an image."""
    done = 0
    while done < n:
        row, column = (first + done) // grid.length, (first + done) % grid.length
        count = min(n - done, grid.length - column)
        start = image * view.image + outer_offset(row, grid, view) + column * view.pixel
        if view.kind == FLOAT32:
            copy_in(block, view.data.view(np.float32), as_it_is, start, view, done, count)
        elif view.kind == FLOAT64:
            copy_in(block, view.data.view(np.float64), as_it_is, start, view, done, count)
        elif view.kind == BFLOAT16:
            copy_in(block, view.data.view(np.int16), bfloat16_to_float, start, view, done, count)
        else:
            copy_in(block, view.data.view(np.int16), float16_to_float, start, view, done, count)
        done += count


@inlined
def store_block(block, view, image, first, n, grid):
    """Write block[:, :n] to the pixels first, ..., first + n - 1 of an image."""
    done = 0
    while done < n:
        row, column = (first + done) // grid.length, (first + done) % grid.length
        count = min(n - done, grid.length - column)
        start = image * view.image + outer_offset(row, grid, view) + column * view.pixel
        if view.kind == FLOAT32:
            copy_out(block, view.data.view(np.float32), np.float32, start, view, done, count)
        elif view.kind == FLOAT64:
            copy_out(block, view.data.view(np.float64), np.float64, start, view, done, count)
        elif view.kind == BFLOAT16:
            copy_out(block, view.data.view(np.int16), float_to_bfloat16, start, view, done, count)
        else:
            copy_out(block, view.data.view(np.int16), float_to_float16, start, view, done, count)
        done += count


@inlined
def classify(y, source, integer, start, step, done, count, labels):
    """y[done + i] = the target there: a class, IGNORED or UNKNOWN."""
    ignore, limit = integer(labels.ignore), integer(labels.limit)
    for i in range(count):
        value = integer(source[start + i * step])
        known = value if (value >= 0) & (value < limit) else integer(UNKNOWN)
        skip = labels.has_ignore & (value == ignore)
        y[done + i] = np.int32(integer(IGNORED) if skip else known)


@inlined
def load_classes(y, view, start, step, done, count, labels):
    """y[done + i] = the target at start + i * step, read in its own dtype."""
    if view.kind == UINT8:
        classify(y, view.data, np.int32, start, step, done, count, labels)
    elif view.kind == INT8:
        classify(y, view.data.view(np.int8), np.int32, start, step, done, count, labels)
    elif view.kind == INT16:
        classify(y, view.data.view(np.int16), np.int32, start, step, done, count, labels)
    elif view.kind == INT32:
        classify(y, view.data.view(np.int32), np.int32, start, step, done, count, labels)
    else:
        classify(y, view.data.view(np.int64), np.int64, start, step, done, count, labels)


@inlined
def load_targets(y, target, channel, image, first, n, grid, labels):
    """Fill y[:n] with the targets of the pixels first, ..., first + n - 1 of an image."""
    done = 0
    while done < n:
        row, column = (first + done) // grid.length, (first + done) % grid.length
        count = min(n - done, grid.length - column)
        start = image * target.image + channel * target.channel
        start += outer_offset(row, grid, target) + column * target.pixel
        load_classes(y, target, start, target.pixel, done, count, labels)
        done += count


@inlined
def load_weights(w, weight, image, first, n, grid):
    """Fill w[0, :n] with the pixel weights, 1 where none are given."""
    if weight.kind == ABSENT:
        w[0, :n] = 1
    else:
        load_block(w, weight, image, first, n, grid)


@inlined
def settle_valid(y, w, n):
    """Make "ignored" mean the same in y (IGNORED) and w (0); count ignored and unknown pixels."""
    ignored = unknown = 0
    for i in range(n):
        weighted = w[i] != 0
        unknown += weighted & (y[i] == UNKNOWN)
        valid = weighted & (y[i] >= 0)
        ignored += not valid
        y[i] = y[i] if valid else IGNORED
        w[i] = w[i] if valid else 0
    return ignored, unknown


@inlined
def clear_ignored(block, w, n):
    """Set the logits of ignored pixels to 0, so that NaN there cannot spread."""
    for c in range(block.shape[0]):
        row = block[c]
        for i in range(n):
            row[i] = row[i] if w[i] != 0 else 0
