"""Blocks of pixels: from tensors of any dtype and strides into small arrays, and back.

A block is an array (C, pixels) of consecutive pixels, counted in logical order, in float32 (float64
for float64 logits). Where a tensor has such elements side by side, the block is the tensor's own
memory; else it is a copy that stays in the cache. Arithmetic never knows which one it sees.
So contiguous, channels_last, sliced and expanded tensors give the same bits.
"""

import numpy as np
from numba import carray

from pixelwise.ops.cpu.jit import inlined
from pixelwise.ops.cpu.transfer import IGNORED, UNKNOWN, call_address, pointer_to

LINE = 64  # bytes of a cache line


@inlined
def outer_offset(row, grid, view):
    """Where row number `row` of an image starts, relative to the image."""
    offset = 0
    for d in range(grid.outer.size - 1, -1, -1):
        offset += (row % grid.outer[d]) * view.outer[d]
        row //= grid.outer[d]
    return offset


@inlined
def transfer_block(block, view, image, first, n, grid):
    """Load block[:, :n] from, or store it to, the pixels first, ..., first + n - 1 of an image."""
    done = 0
    while done < n:
        row, column = (first + done) // grid.length, (first + done) % grid.length
        count = min(n - done, grid.length - column)
        start = image * view.image + outer_offset(row, grid, view) + column * view.pixel
        channels, pitch = block.shape
        numbers = (start, view.channel, view.pixel, pitch, done, channels, count)
        call_address(view.transfer, view.address, block.ctypes.data, numbers)
        done += count


@inlined
def lies_in_place(view, first, n, grid):
    """Whether pixels first, ..., first + n - 1 of an image can be used where they lie."""
    return (view.in_place != 0) & (first % grid.length + n <= grid.length)


@inlined
def block_in_place(block, view, image, first, grid):
    """Those pixels as an array (C, >= n): its lines are as far apart as channels in the tensor."""
    row, column = first // grid.length, first % grid.length
    start = image * view.image + outer_offset(row, grid, view) + column
    pointer = pointer_to(view.address + start * view.in_place, block)
    return carray(pointer, (block.shape[0], view.channel))


@inlined
def find_block(view, image, first, n, grid, loaded):
    """The pixels first, ..., first + n - 1 of an image where they lie, else copied to `loaded`."""
    if lies_in_place(view, first, n, grid):
        return block_in_place(loaded, view, image, first, grid)
    transfer_block(loaded, view, image, first, n, grid)
    return loaded


@inlined
def fetch_ahead(fetch_line, block, c, first, n):
    """Ask for pixels of a row of a tensor: memory is read while others are computed."""
    address = block.ctypes.data + (c * block.shape[1] + first) * block.itemsize
    for i in range(0, n * block.itemsize, LINE):
        fetch_line(address + i)


@inlined
def load_targets(y, target, channel, image, first, n, grid, labels):
    """Fill y[:n] with the targets of the pixels first, ..., first + n - 1 of an image."""
    done = 0
    while done < n:
        row, column = (first + done) // grid.length, (first + done) % grid.length
        count = min(n - done, grid.length - column)
        start = image * target.image + channel * target.channel
        start += outer_offset(row, grid, target) + column * target.pixel
        known = (labels.has_ignore, labels.ignore, labels.limit)
        numbers = (start, target.pixel, done, count, known[0], known[1], known[2])
        call_address(target.transfer, target.address, y.ctypes.data, numbers)
        done += count


@inlined
def settle_valid(y, w, n):
    """Make "ignored" mean the same in y (IGNORED) and w (0); count ignored and unknown pixels."""
    ignored = unknown = np.int32(0)
    for i in range(n):
        unknown += np.int32(y[i] == UNKNOWN)
        valid = (w[i] != 0) & (y[i] >= 0)
        ignored += np.int32(not valid)
        y[i] = y[i] if valid else IGNORED
        w[i] = w[i] if valid else 0
    return ignored, unknown


@inlined
def load_pixels(y, w, target, weight, image, first, n, grid, labels):
    """Fill y[r, :n] and w[r, :n] with targets and weights, where r counts the target's channels.

    Returns:
        How many of them are ignored (unknown ones are, too), and how many are unknown.
    """
    ignored = unknown = np.int32(0)
    one = w.dtype.type(1)
    for r in range(y.shape[0]):
        load_targets(y[r], target, r, image, first, n, grid, labels)
        if weight.address == 0:  # no weights
            for i in range(n):  # (assigning to a slice would compile seconds of error messages)
                w[r, i] = one
        else:
            transfer_block(w[r : r + 1], weight, image, first, n, grid)
        more_ignored, more_unknown = settle_valid(y[r], w[r], n)
        ignored += more_ignored
        unknown += more_unknown
    return ignored, unknown


@inlined
def clear_ignored(block, w, n):
    """Set a block to 0 at ignored pixels."""
    zero = block.dtype.type(0)
    for c in range(block.shape[0]):
        row = block[c]
        for i in range(n):
            row[i] = row[i] if w[i] != 0 else zero
