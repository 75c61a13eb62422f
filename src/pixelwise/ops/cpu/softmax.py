"""One block of softmax pixels: the sums of a forward pass, the gradient of a backward pass.

Forward, for a pixel with logits x_c, weight w and target y:

    top = max_c x_c      total = Σ_c exp(x_c - top)      p_c = exp(x_c - top) / total
    -log p_c = log(total) - (x_c - top)

Backward, with an upstream gradient G of each sum (written prob[c] and so on below). As
∂p_c/∂x_j = p_c (δ_cj - p_j) and ∂(-log p_c)/∂x_j = p_j - δ_cj, the gradient at class j is

    dx_j = w [p_j (prob[j] + 2 prob2[j] p_j + k) - nll_all[j]] + δ_jy fix
    k    = nll[y] + Σ_c nll_all[c] - focal[y] φ - t        (the same for all classes of a pixel)
    fix  = w [p_y inter[y] - nll[y] + focal[y] φ]          (at the target class only)
    t    = Σ_c p_c (prob[c] + 2 prob2[c] p_c) + p_y inter[y]
    φ    = p_y d/dp_y [(1-p_y)^γ (-log p_y)] = -u^γ (γ p_y l / u + 1),  u = 1-p_y, l = -log p_y

with l / u = 1 where u = 0. Ignored pixels have w = 0, and their exponentials are set to 0.

The two functions at the end are engines: kernels call them by their address, see `engines`.
"""

import numpy as np

from pixelwise.ops.cpu.blocks import clear_ignored, fetch_ahead
from pixelwise.ops.cpu.exp import exp_neg, log_pos, power_unit
from pixelwise.ops.cpu.jit import inlined
from pixelwise.ops.cpu.transfer import fetch_to_read, fetch_to_write
from pixelwise.ops.cpu.views import FOCAL, INTER, NLL, NLL_ALL, PROB, PROB2, TARGET, VALID

CHUNK = 256  # pixels between two requests for memory
LANES = 4  # independent accumulators of sums at the target class


@inlined
def find_top(source, n, top):
    """top = max_c x_c"""
    channels = source.shape[0]
    first = source[0]
    for i in range(n):
        top[i] = first[i]
    for c in range(1, channels - 1, 2):  # two at a time, to load and store top half as often
        row, next_row = source[c], source[c + 1]
        for i in range(n):
            larger = row[i] if row[i] > next_row[i] else next_row[i]
            top[i] = larger if larger > top[i] else top[i]
    if channels % 2 == 0:
        last = source[channels - 1]
        for i in range(n):
            top[i] = last[i] if last[i] > top[i] else top[i]


@inlined
def gather_target(source, y, n, top, gap):
    """gap = x_y - top, 0 at ignored pixels"""
    for i in range(n):
        gap[i] = source[max(y[i], np.int32(0)), i]
    for i in range(n):
        gap[i] = gap[i] - top[i] if y[i] >= 0 else 0


@inlined
def exponentials(source, out, w, n, top, total, block):
    """block = exp(x_c - top), total = their sum over classes; 0 and 1 at ignored pixels.

    Meanwhile memory is asked for the pixels that come next, and for those of `out` that are written
    soon: nothing else has as much to compute for each number.
    """
    zero, one = top.dtype.type(0), top.dtype.type(1)
    channels = source.shape[0]
    is_tensor, is_written = source.shape[1] >= 2 * n, out.shape[1] >= 2 * n
    for i in range(n):
        total[i] = 0
    for c in range(0, channels - 1, 2):
        row, next_row, e, next_e = source[c], source[c + 1], block[c], block[c + 1]
        for start in range(0, n, CHUNK):
            end = min(start + CHUNK, n)
            for k in range(c, c + 2):
                if is_tensor:
                    fetch_ahead(fetch_to_read, source, k, n + start, end - start)
                if is_written:
                    fetch_ahead(fetch_to_write, out, k, start, end - start)
            for i in range(np.uint64(start), np.uint64(end)):  # unsigned: none counts from the end
                here = exp_neg(row[i] - top[i]) if w[i] != 0 else zero
                there = exp_neg(next_row[i] - top[i]) if w[i] != 0 else zero
                total[i] += here + there
                e[i] = here
                next_e[i] = there
    if channels % 2:
        row, e = source[channels - 1], block[channels - 1]
        for i in range(n):
            here = exp_neg(row[i] - top[i]) if w[i] != 0 else zero
            total[i] += here
            e[i] = here
    for i in range(n):
        total[i] = total[i] if w[i] != 0 else one


@inlined
def weighted_total(block, factor, n, sums):
    """sums[c] += Σ over pixels of block[c] times factor"""
    for c in range(block.shape[0]):
        row, part = block[c], factor.dtype.type(0)
        for i in range(n):
            part += row[i] * factor[i]
        sums[c] += part


@inlined
def add_to_all(sums, part):
    """sums[c] += part for every class"""
    for c in range(sums.size):
        sums[c] += part


@inlined
def add_at_target(lanes, y, n, w, loss, overlap):
    """lanes[., TARGET, y_i] += w_i, NLL and INTER likewise, a quarter of the block to each lane.

    Lanes, because pixels of one class follow each other, and each addition waits for the last.
    """
    quarter = n // LANES
    for i in range(quarter):
        for lane in range(LANES):
            j = i + lane * quarter
            c = max(y[j], np.int32(0))
            lanes[lane, TARGET, c] += w[j]
            lanes[lane, NLL, c] += loss[j]
            lanes[lane, INTER, c] += overlap[j]
    for j in range(quarter * LANES, n):
        c = max(y[j], np.int32(0))
        lanes[0, TARGET, c] += w[j]
        lanes[0, NLL, c] += loss[j]
        lanes[0, INTER, c] += overlap[j]


def softmax_sums(
    source, block, out, y_rows, w_rows, ignored, n, wanted, gamma, pair, finite, rows, lanes
):
    """Add a block's sums to lanes; see `engines` for the arguments."""
    zero, one = rows.dtype.type(0), rows.dtype.type(1)
    y, w = y_rows[0], w_rows[0]
    top, gap, total, share, loss, value = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    sums = lanes[0]
    # 1. the largest logit of each pixel, and how far the target's lies below it
    find_top(source, n, top)
    gather_target(source, y, n, top, gap)
    # 2. nll_all, but for its log(total): Σ w top - Σ w x_c, both sums relative to top
    if wanted[NLL_ALL]:
        for c in range(source.shape[0]):
            row, part = source[c], zero
            for i in range(n):
                part += w[i] * (top[i] - row[i]) if w[i] != 0 else zero
            sums[NLL_ALL, c] += part
    # 3. exponentials and their total; share = w / total turns one into w p
    exponentials(source, block, w, n, top, total, block)
    for i in range(n):
        share[i] = w[i] / total[i]
        loss[i] = log_pos(total[i])
    # 4. sums over all pixels of each class
    if wanted[VALID]:
        part = zero
        for i in range(n):
            part += w[i]
        add_to_all(sums[VALID], part)
    if wanted[PROB]:
        weighted_total(block, share, n, sums[PROB])
    if wanted[NLL_ALL]:
        part = zero
        for i in range(n):
            part += w[i] * loss[i]
        add_to_all(sums[NLL_ALL], part)
    # 5. sums over the pixels whose target is the class
    if wanted[FOCAL]:
        for i in range(n):
            rest = one - exp_neg(gap[i]) / total[i]
            value[i] = w[i] * power_unit(rest, gamma) * (loss[i] - gap[i])
        for i in range(n):
            sums[FOCAL, max(y[i], np.int32(0))] += value[i]
    for i in range(n):
        loss[i] = w[i] * (loss[i] - gap[i])
        value[i] = exp_neg(gap[i]) * share[i]
    add_at_target(lanes, y, n, w, loss, value)
    # 6. squares, last because they overwrite the exponentials
    if wanted[PROB2]:
        for c in range(block.shape[0]):
            row = block[c]
            for i in range(n):
                row[i] *= row[i]
        for i in range(n):
            value[i] = share[i] / total[i]
        weighted_total(block, value, n, sums[PROB2])


@inlined
def add_target_slopes(y, w, n, wanted, gamma, upstream, gap, total, share, first, second, k, fix):
    """Fill fix, and add to k what depends on the target: nll, inter and focal."""
    zero, one = k.dtype.type(0), k.dtype.type(1)
    inter, nll, focal = upstream[INTER], upstream[NLL], upstream[FOCAL]
    for i in range(n):
        c = max(y[i], np.int32(0))
        first[i], second[i] = inter[c], nll[c]
    for i in range(n):
        overlap = exp_neg(gap[i]) * share[i] * first[i]
        k[i] += second[i] - overlap
        fix[i] = w[i] * (overlap - second[i])
    if wanted[FOCAL]:
        for i in range(n):
            first[i] = focal[max(y[i], np.int32(0))]
        for i in range(n):
            p = exp_neg(gap[i]) * share[i]
            u = one - p
            ratio = (log_pos(total[i]) - gap[i]) / u if u != 0 else one
            uphill = gamma * p * ratio if p != 0 else zero
            minus_phi = first[i] * power_unit(u, gamma) * (uphill + one)
            k[i] += minus_phi
            fix[i] -= w[i] * minus_phi


@inlined
def store_gradient(block, factors, n, top, k, y, fix, out):
    """dx_c = e_c top (factors[c] + k), plus fix at the target class"""
    zero = top.dtype.type(0)
    for c in range(block.shape[0]):
        e, dx, factor = block[c], out[c], factors[c]
        for i in range(n):
            dx[i] = e[i] * top[i] * (factor + k[i]) + (fix[i] if y[i] == c else zero)


def softmax_gradient(
    source, block, out, y_rows, w_rows, ignored, n, wanted, gamma, pair, finite, rows, tables
):
    """The gradient of a block of logits; see `engines` for the arguments."""
    zero, one, two = rows.dtype.type(0), rows.dtype.type(1), rows.dtype.type(2)
    y, w, upstream = y_rows[0], w_rows[0], tables[0]
    top, gap, total, share = rows[0], rows[1], rows[2], rows[3]
    first, second, k, fix = rows[4], rows[5], rows[6], rows[7]
    prob, prob2, nll_all = upstream[PROB], upstream[PROB2], upstream[NLL_ALL]
    channels = block.shape[0]
    # 1. the largest logit of each pixel, and how far the target's lies below it
    find_top(source, n, top)
    gather_target(source, y, n, top, gap)
    # 2. exponentials, their total, and the two sums of t over exponentials
    exponentials(source, out, w, n, top, total, block)
    for i in range(n):
        first[i] = 0
        second[i] = 0
    if wanted[PROB]:
        for c in range(channels):
            row, factor = block[c], prob[c]
            for i in range(n):
                first[i] += row[i] * factor
    if wanted[PROB2]:
        for c in range(channels):
            row, factor = block[c], two * prob2[c]
            for i in range(n):
                second[i] += row[i] * row[i] * factor
    # 3. per pixel: k and fix
    smoothing = zero
    for c in range(channels):
        smoothing += nll_all[c]
    for i in range(n):
        share[i] = one / total[i]
        k[i] = smoothing - share[i] * (first[i] + share[i] * second[i])
    add_target_slopes(y, w, n, wanted, gamma, upstream, gap, total, share, first, second, k, fix)
    # 4. per class: dx; top is w p / exp(x - top) from here on
    for i in range(n):
        top[i] = w[i] * share[i]
    store_gradient(block, prob, n, top, k, y, fix, out)
    if wanted[PROB2]:
        for c in range(channels):
            dx, row, square = out[c], block[c], two * prob2[c]
            for i in range(n):
                dx[i] += row[i] * row[i] * top[i] * share[i] * square
    if wanted[NLL_ALL]:
        for c in range(channels):
            dx, smooth = out[c], nll_all[c]
            for i in range(n):
                dx[i] -= w[i] * smooth
    if (ignored > 0) & (finite == 0):  # then w = 0 was not enough: 0 * NaN is NaN
        clear_ignored(out, w, n)
