"""One row of two-sided pixels: sigmoid channels, and softmax of two classes, one exp a pixel.

Both are a function of one number z: the logit, or the difference x_1 - x_0 of two. With

    e = exp(-|z|)      p = σ(z) = 1/(1+e) or e/(1+e)      q = 1 - p, the other of the two
    -log p = log(1+e) + max(-z, 0)                        -log q = log(1+e) + max(z, 0)

the sums of the negative side are those of the positive side with p and q exchanged. The weight w of
a pixel is split: a = w where the target is the positive side, b = w where it is the negative one.
With an upstream gradient of each sum, that of the negative side marked ′, the gradient is

    dz = w [p q (prob - prob′ + 2 prob2 p - 2 prob2′ q) - nll_all q + nll_all′ p]
       + a [p q inter  - nll  q - focal  q^γ (q + γ p (-log p))]
       - b [p q inter′ - nll′ p - focal′ p^γ (p + γ q (-log q))]

For a pair dx_1 = dz and dx_0 = -dz, and ′ are the gradients of class 0. For a sigmoid channel
nll′ and focal′ are those of nll_neg and focal_neg, and the others are 0.

The two functions at the end are engines: kernels call them by their address, see `engines`.
"""

import numpy as np

from pixelwise.ops.cpu.exp import exp_neg, log1p_unit, power_unit, select
from pixelwise.ops.cpu.jit import inlined
from pixelwise.ops.cpu.views import (
    FOCAL,
    FOCAL_NEG,
    INTER,
    NLL,
    NLL_ALL,
    NLL_NEG,
    PROB,
    PROB2,
    TARGET,
    VALID,
)


@inlined
def label_of_row(y, block, c):
    """Which row of y decides about channel c, and its value there on the positive side."""
    by_channel = (y.shape[0] > 1) | (block.shape[0] == 1)
    return (c if y.shape[0] > 1 else 0), np.int32(1 if by_channel else c)


@inlined
def difference(row, other, w, i):
    """z = x_c - x_(c-1), or x_c - 0 where there is no pair; 0 at ignored pixels."""
    return select(w[i] != 0, row[i] - other[i], w.dtype.type(0))


@inlined
def two_sides(z, one):
    """exp(-|z|), p = σ(z) and q = 1 - p, all to full relative precision."""
    e = exp_neg(-abs(z))
    large = one / (one + e)
    small = e * large
    return e, (large if z >= 0 else small), (small if z >= 0 else large)


@inlined
def fill_sides(row, other, w, n, p, q, loss, loss_neg, z):
    """z, p, q, loss = -log p and loss_neg = -log q, which only rare sums need as rows."""
    one = w.dtype.type(1)
    for i in range(n):
        z[i] = difference(row, other, w, i)
    for i in range(n):
        loss[i], p[i], q[i] = two_sides(z[i], one)
    for i in range(n):
        tail = log1p_unit(loss[i])
        loss[i] = tail - z[i] if z[i] < 0 else tail
        loss_neg[i] = tail + z[i] if z[i] > 0 else tail


@inlined
def add_common_sums(row, other, y, w, label, n, pair, sums, c):
    """Add valid, target, prob, inter and nll of channel c, and of the other side.

    One loop that writes nothing, so that everything stays in registers. Ignored pixels have z = 0.
    """
    zero, one = w.dtype.type(0), w.dtype.type(1)
    valid = target = prob = inter = nll = zero
    target_neg = prob_neg = inter_neg = nll_neg = zero
    for i in range(n):
        z = difference(row, other, w, i)
        e, p, q = two_sides(z, one)
        on = y[i] == label
        valid += w[i]
        prob += w[i] * p
        prob_neg += w[i] * q
        target += select(on, w[i], zero)
        target_neg += select(on, zero, w[i])
        inter += select(on, w[i] * p, zero)
        inter_neg += select(on, zero, w[i] * q)
        gap = select(on, -z, z)
        loss = w[i] * (log1p_unit(e) + select(gap > zero, gap, zero))
        nll += select(on, loss, zero)
        nll_neg += select(on, zero, loss)
    sums[VALID, c] += valid
    sums[TARGET, c] += target
    sums[PROB, c] += prob
    sums[INTER, c] += inter
    sums[NLL, c] += nll
    sums[NLL if pair else NLL_NEG, c - pair] += nll_neg
    if pair:
        sums[VALID, c - 1] += valid
        sums[TARGET, c - 1] += target_neg
        sums[PROB, c - 1] += prob_neg
        sums[INTER, c - 1] += inter_neg


@inlined
def weighted_sum(w, x, n):
    """Σ w x, where w = 0 outweighs an infinite x"""
    zero = w.dtype.type(0)
    part = zero
    for i in range(n):
        part += w[i] * x[i] if w[i] != 0 else zero
    return part


@inlined
def weighted_squares(w, x, n):
    """Σ w x²"""
    part = w.dtype.type(0)
    for i in range(n):
        part += w[i] * x[i] * x[i]
    return part


@inlined
def add_focal(p, q, loss, loss_neg, y, w, label, n, pair, gamma, sums, c):
    """Add Σ q^γ (-log p) over the positive side, Σ p^γ (-log q) over the negative one."""
    zero = w.dtype.type(0)
    focal = focal_neg = zero
    for i in range(n):
        on = (y[i] == label) & (w[i] != 0)
        focal += w[i] * power_unit(q[i], gamma) * loss[i] if on else zero
    for i in range(n):
        off = (y[i] != label) & (w[i] != 0)
        focal_neg += w[i] * power_unit(p[i], gamma) * loss_neg[i] if off else zero
    sums[FOCAL, c] += focal
    sums[FOCAL if pair else FOCAL_NEG, c - pair] += focal_neg


def binary_sums(
    source, block, out, y_rows, w_rows, ignored, n, wanted, gamma, pair, finite, rows, lanes
):
    """Add a block's sums to lanes; see `engines` for the arguments."""
    sums = lanes[0]
    z, p, q, loss, loss_neg, zeros = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    for i in range(n):
        zeros[i] = 0
    focal = wanted[FOCAL] | wanted[FOCAL_NEG]
    rare = focal | wanted[PROB2] | wanted[NLL_ALL]
    for c in range(pair, source.shape[0]):
        r, label = label_of_row(y_rows, source, c)
        y, w = y_rows[r], w_rows[r]
        row, other = source[c], source[c - 1] if pair else zeros
        add_common_sums(row, other, y, w, label, n, pair, sums, c)
        if rare:
            fill_sides(row, other, w, n, p, q, loss, loss_neg, z)
        if wanted[PROB2]:
            sums[PROB2, c] += weighted_squares(w, p, n)
            if pair:
                sums[PROB2, c - 1] += weighted_squares(w, q, n)
        if wanted[NLL_ALL]:
            sums[NLL_ALL, c] += weighted_sum(w, loss, n)
            if pair:
                sums[NLL_ALL, c - 1] += weighted_sum(w, loss_neg, n)
        if focal:
            add_focal(p, q, loss, loss_neg, y, w, label, n, pair, gamma, sums, c)


def binary_gradient(
    source, block, out, y_rows, w_rows, ignored, n, wanted, gamma, pair, finite, rows, upstream
):
    """The gradient of a block of logits; see `engines` for the arguments."""
    z, p, q, loss, loss_neg, zeros = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    zero, one, two = z.dtype.type(0), z.dtype.type(1), z.dtype.type(2)
    focal = wanted[FOCAL] | wanted[FOCAL_NEG]
    for i in range(n):
        zeros[i] = zero
    for c in range(pair, source.shape[0]):
        own, other = upstream[0, c], upstream[1, c]
        r, label = label_of_row(y_rows, source, c)
        y, w = y_rows[r], w_rows[r]
        row, less, dz = source[c], source[c - 1] if pair else zeros, out[c]
        if focal:
            fill_sides(row, less, w, n, p, q, loss, loss_neg, z)
        # 1. terms of all pixels, and those of the pixel's side
        prob, prob2, prob2_other = own[PROB] - other[PROB], two * own[PROB2], two * other[PROB2]
        nll_all, nll_all_other = own[NLL_ALL], other[NLL_ALL]
        inter, inter_other, nll, nll_other = own[INTER], other[INTER], own[NLL], other[NLL]
        for i in range(n):
            _, plus, minus = two_sides(difference(row, less, w, i), one)
            both = plus * minus
            slope = both * (prob + prob2 * plus - prob2_other * minus)
            slope += nll_all_other * plus - nll_all * minus
            on, off = both * inter - nll * minus, nll_other * plus - both * inter_other
            dz[i] = w[i] * (slope + select(y[i] == label, on, off))
        # 2. focal terms of the pixel's side
        if focal:
            factor, factor_other = own[FOCAL], other[FOCAL]
            for i in range(n):
                bend = gamma * p[i] * loss[i] if p[i] != 0 else zero
                on = factor * power_unit(q[i], gamma) * (q[i] + bend)
                dz[i] -= w[i] * on if y[i] == label else zero
            for i in range(n):
                bend = gamma * q[i] * loss_neg[i] if q[i] != 0 else zero
                off = factor_other * power_unit(p[i], gamma) * (p[i] + bend)
                dz[i] += w[i] * off if y[i] != label else zero
        if not finite:  # then w = 0 was not enough: 0 * NaN is NaN
            for i in range(n):
                dz[i] = dz[i] if w[i] != 0 else zero
        if pair:
            dz_other = out[c - 1]
            for i in range(n):
                dz_other[i] = -dz[i]
