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

with l / u = 1 where u = 0. A block is (C, pixels); ignored pixels have w = 0 and logits 0.
"""

import numpy as np

from pixelwise.ops._exp_numba import exp_neg, log_pos, power_unit
from pixelwise.ops._jit_numba import inlined
from pixelwise.ops._views import FOCAL, INTER, NLL, NLL_ALL, PROB, PROB2, TARGET, VALID

LANES = 4  # independent accumulators of sums at the target class
ROWS = 8  # rows of scratch that a block needs


@inlined
def find_top(block, n, top):
    """top = max_c x_c"""
    first = block[0]
    for i in range(n):
        top[i] = first[i]
    for c in range(1, block.shape[0]):
        row = block[c]
        for i in range(n):
            top[i] = row[i] if row[i] > top[i] else top[i]


@inlined
def gather_target(block, y, n, top, gap):
    """gap = x_y - top, 0 at ignored pixels"""
    for i in range(n):
        gap[i] = block[max(y[i], np.int32(0)), i]
    for i in range(n):
        gap[i] = gap[i] - top[i] if y[i] >= 0 else 0


@inlined
def add_at_target(lanes, y, values, n):
    """lanes[., y_i] += values_i, a quarter of the block to each lane."""
    quarter = n // LANES
    for i in range(quarter):
        for lane in range(LANES):
            j = i + lane * quarter
            lanes[lane, max(y[j], np.int32(0))] += values[j]
    for j in range(quarter * LANES, n):
        lanes[0, max(y[j], np.int32(0))] += values[j]


@inlined
def add_lanes(lanes, sums):
    """sums += Σ over lanes"""
    for lane in range(LANES):
        for k in range(sums.shape[0]):
            for c in range(sums.shape[1]):
                sums[k, c] += lanes[lane, k, c]


@inlined
def softmax_sums(block, y, w, n, wanted, gamma, rows, sums):
    """Add a block's sums; `block` is overwritten.

    Args:
        block: (C, >= n) logits, 0 at ignored pixels.
        y, w: (>= n,) target class and weight; IGNORED and 0 at ignored pixels.
        wanted: (10,) bool, which of SUMS.
        gamma: exponent of the focal sum.
        rows: (ROWS, >= n) scratch.
        sums: (LANES, 10, C) float64, added to.
    """
    zero = rows.dtype.type(0)
    one = rows.dtype.type(1)
    top, gap, total, share, loss, value = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    channels = block.shape[0]
    by_target = wanted[INTER] | wanted[NLL] | wanted[FOCAL]
    # 1. the largest logit of each pixel, and how far the target's lies below it
    find_top(block, n, top)
    if by_target:
        gather_target(block, y, n, top, gap)
    # 2. nll_all, but for its log(total): -Σ w (x_c - top)
    if wanted[NLL_ALL]:
        for c in range(channels):
            row, part = block[c], zero
            for i in range(n):
                part += w[i] * (top[i] - row[i])
            sums[0, NLL_ALL, c] += part
    # 3. exponentials and their total
    for i in range(n):
        total[i] = 0
    for c in range(channels):
        row = block[c]
        for i in range(n):
            row[i] = exp_neg(row[i] - top[i])
            total[i] += row[i]
    # 4. per pixel: weighted share w / total of an exponential, and log(total)
    part = zero
    for i in range(n):
        share[i] = w[i] / total[i]
        part += w[i]
    for c in range(channels):
        sums[0, VALID, c] += part
    if wanted[NLL] | wanted[NLL_ALL] | wanted[FOCAL]:
        for i in range(n):
            loss[i] = log_pos(total[i])
    # 5. sums over all pixels of each class
    if wanted[PROB]:
        for c in range(channels):
            row, part = block[c], zero
            for i in range(n):
                part += row[i] * share[i]
            sums[0, PROB, c] += part
    if wanted[PROB2]:
        for i in range(n):
            value[i] = share[i] / total[i]
        for c in range(channels):
            row, part = block[c], zero
            for i in range(n):
                part += row[i] * row[i] * value[i]
            sums[0, PROB2, c] += part
    if wanted[NLL_ALL]:
        part = zero
        for i in range(n):
            part += w[i] * loss[i]
        for c in range(channels):
            sums[0, NLL_ALL, c] += part
    # 6. sums over the pixels whose target is the class
    if wanted[TARGET]:
        add_at_target(sums[:, TARGET], y, w, n)
    if by_target:
        for i in range(n):
            value[i] = exp_neg(gap[i]) * share[i]
    if wanted[INTER]:
        add_at_target(sums[:, INTER], y, value, n)
    if wanted[FOCAL]:
        for i in range(n):
            rest = one - exp_neg(gap[i]) / total[i]
            value[i] = w[i] * power_unit(rest, gamma) * (loss[i] - gap[i])
        add_at_target(sums[:, FOCAL], y, value, n)
    if wanted[NLL]:
        for i in range(n):
            value[i] = w[i] * (loss[i] - gap[i])
        add_at_target(sums[:, NLL], y, value, n)


@inlined
def softmax_gradient(block, y, w, n, wanted, gamma, upstream, rows):
    """Turn a block of logits into the gradient of the logits, in place.

    Args:
        block, y, w, wanted, gamma, rows: as in softmax_sums.
        upstream: (10, C) gradient of each sum, 0 where not wanted.
    """
    zero = rows.dtype.type(0)
    one = rows.dtype.type(1)
    two = rows.dtype.type(2)
    top, gap, total, share = rows[0], rows[1], rows[2], rows[3]
    first, second, k, fix = rows[4], rows[5], rows[6], rows[7]
    prob, prob2, nll_all = upstream[PROB], upstream[PROB2], upstream[NLL_ALL]
    channels = block.shape[0]
    # 1. the largest logit of each pixel, and how far the target's lies below it
    find_top(block, n, top)
    gather_target(block, y, n, top, gap)
    # 2. exponentials, their total, and the two sums of t over exponentials
    for i in range(n):
        total[i] = 0
        first[i] = 0
        second[i] = 0
    for c in range(channels):
        row, factor = block[c], prob[c]
        for i in range(n):
            row[i] = exp_neg(row[i] - top[i])
            total[i] += row[i]
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
        fix[i] = 0
        k[i] = smoothing - share[i] * (first[i] + share[i] * second[i])
    if wanted[INTER] | wanted[NLL]:
        inter, nll = upstream[INTER], upstream[NLL]
        for i in range(n):
            c = max(y[i], np.int32(0))
            first[i], second[i] = inter[c], nll[c]
        for i in range(n):
            overlap = exp_neg(gap[i]) * share[i] * first[i]
            k[i] += second[i] - overlap
            fix[i] = w[i] * (overlap - second[i])
    if wanted[FOCAL]:
        focal = upstream[FOCAL]
        for i in range(n):
            first[i] = focal[max(y[i], np.int32(0))]
        for i in range(n):
            p = exp_neg(gap[i]) * share[i]
            u = one - p
            ratio = (log_pos(total[i]) - gap[i]) / u if u != 0 else one
            uphill = gamma * p * ratio if p != 0 else zero
            phi = first[i] * power_unit(u, gamma) * (uphill + one)
            k[i] += phi
            fix[i] -= w[i] * phi
    # 4. per class: dx
    for i in range(n):
        top[i] = w[i] * share[i]
    for c in range(channels):
        row, factor, label = block[c], prob[c], np.int32(c)
        if wanted[PROB2]:
            square = two * prob2[c]
            for i in range(n):
                at_target = fix[i] if y[i] == label else zero
                slope = factor + square * row[i] * share[i] + k[i]
                row[i] = row[i] * top[i] * slope + at_target
        else:
            for i in range(n):
                at_target = fix[i] if y[i] == label else zero
                row[i] = row[i] * top[i] * (factor + k[i]) + at_target
        if wanted[NLL_ALL]:
            smooth = nll_all[c]
            for i in range(n):
                row[i] -= w[i] * smooth
