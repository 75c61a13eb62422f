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

from pixelwise.ops.cpu.exp import exp_neg, log1p_unit, power_unit
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
def two_sides(source, c, w, n, pair, z, p, q, e):
    """z = x_c, or x_c - x_(c-1) of a pair; e = exp(-|z|), p = σ(z), q = 1 - p, all to full
    relative precision. z = 0 at ignored pixels.
    """
    zero, one = z.dtype.type(0), z.dtype.type(1)
    row = source[c]
    if pair:
        other = source[c - 1]
        for i in range(n):
            z[i] = row[i] - other[i] if w[i] != 0 else zero
    else:
        for i in range(n):
            z[i] = row[i] if w[i] != 0 else zero
    for i in range(n):
        e[i] = exp_neg(-abs(z[i]))
        large = one / (one + e[i])
        small = e[i] * large
        p[i] = large if z[i] >= 0 else small
        q[i] = small if z[i] >= 0 else large


@inlined
def log_losses(z, n, loss, loss_neg):
    """loss = -log p, loss_neg = -log q; loss must hold exp(-|z|)"""
    for i in range(n):
        tail = log1p_unit(loss[i])
        loss[i] = tail - z[i] if z[i] < 0 else tail
        loss_neg[i] = tail + z[i] if z[i] > 0 else tail


@inlined
def add_probabilities(p, q, y, w, label, n, pair, sums, c):
    """Add valid, target, prob and inter of channel c, and of the other class of a pair."""
    zero = p.dtype.type(0)
    valid = target = prob = inter = target_neg = prob_neg = inter_neg = zero
    for i in range(n):
        on = w[i] if y[i] == label else zero
        off = zero if y[i] == label else w[i]
        valid += w[i]
        target += on
        target_neg += off
        prob += w[i] * p[i]
        prob_neg += w[i] * q[i]
        inter += on * p[i] if y[i] == label else zero
        inter_neg += off * q[i] if y[i] != label else zero
    sums[VALID, c] += valid
    sums[TARGET, c] += target
    sums[PROB, c] += prob
    sums[INTER, c] += inter
    if pair:
        sums[VALID, c - 1] += valid
        sums[TARGET, c - 1] += target_neg
        sums[PROB, c - 1] += prob_neg
        sums[INTER, c - 1] += inter_neg


@inlined
def add_losses(loss, loss_neg, y, w, label, n, pair, sums, c):
    """Add nll of channel c, and of the other side; w = 0 outweighs an infinite loss."""
    zero = w.dtype.type(0)
    nll = nll_neg = zero
    for i in range(n):
        part, part_neg = w[i] * loss[i], w[i] * loss_neg[i]
        nll += part if (y[i] == label) & (w[i] != 0) else zero
        nll_neg += part_neg if (y[i] != label) & (w[i] != 0) else zero
    sums[NLL, c] += nll
    sums[NLL if pair else NLL_NEG, c - pair] += nll_neg


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
    z, p, q, loss, loss_neg = rows[0], rows[1], rows[2], rows[3], rows[4]
    focal = wanted[FOCAL] | wanted[FOCAL_NEG]
    logs = focal | wanted[NLL] | wanted[NLL_ALL] | wanted[NLL_NEG]
    for c in range(pair, source.shape[0]):
        r, label = label_of_row(y_rows, source, c)
        y, w = y_rows[r], w_rows[r]
        two_sides(source, c, w, n, pair, z, p, q, loss)
        add_probabilities(p, q, y, w, label, n, pair, sums, c)
        if wanted[PROB2]:
            sums[PROB2, c] += weighted_squares(w, p, n)
            if pair:
                sums[PROB2, c - 1] += weighted_squares(w, q, n)
        if logs:
            log_losses(z, n, loss, loss_neg)
            add_losses(loss, loss_neg, y, w, label, n, pair, sums, c)
        if wanted[NLL_ALL]:
            sums[NLL_ALL, c] += weighted_sum(w, loss, n)
            if pair:
                sums[NLL_ALL, c - 1] += weighted_sum(w, loss_neg, n)
        if focal:
            add_focal(p, q, loss, loss_neg, y, w, label, n, pair, gamma, sums, c)


@inlined
def put_row(out, c, w, n, pair, finite, z):
    """Gradient of x_c, and of x_(c-1) of a pair; exactly 0 at ignored pixels"""
    zero = z.dtype.type(0)
    if not finite:  # then w = 0 was not enough: 0 * NaN is NaN
        for i in range(n):
            z[i] = z[i] if w[i] != 0 else zero
    row = out[c]
    for i in range(n):
        row[i] = z[i]
    if pair:
        other = out[c - 1]
        for i in range(n):
            other[i] = -z[i]


def binary_gradient(
    source, block, out, y_rows, w_rows, ignored, n, wanted, gamma, pair, finite, rows, upstream
):
    """The gradient of a block of logits; see `engines` for the arguments."""
    z, p, q, loss, loss_neg = rows[0], rows[1], rows[2], rows[3], rows[4]
    zero, two = z.dtype.type(0), z.dtype.type(2)
    focal = wanted[FOCAL] | wanted[FOCAL_NEG]
    for c in range(pair, source.shape[0]):
        own, other = upstream[0, c], upstream[1, c]
        r, label = label_of_row(y_rows, source, c)
        y, w = y_rows[r], w_rows[r]
        two_sides(source, c, w, n, pair, z, p, q, loss)
        if focal:
            log_losses(z, n, loss, loss_neg)
        # 1. terms of all pixels, and those of the pixel's side
        prob, prob2, prob2_other = own[PROB] - other[PROB], two * own[PROB2], two * other[PROB2]
        nll_all, nll_all_other = own[NLL_ALL], other[NLL_ALL]
        inter, inter_other, nll, nll_other = own[INTER], other[INTER], own[NLL], other[NLL]
        for i in range(n):
            both = p[i] * q[i]
            slope = both * (prob + prob2 * p[i] - prob2_other * q[i])
            slope += nll_all_other * p[i] - nll_all * q[i]
            on, off = both * inter - nll * q[i], nll_other * p[i] - both * inter_other
            z[i] = w[i] * (slope + (on if y[i] == label else off))
        # 2. focal terms of the pixel's side
        if focal:
            factor, factor_other = own[FOCAL], other[FOCAL]
            for i in range(n):
                bend = gamma * p[i] * loss[i] if p[i] != 0 else zero
                on = factor * power_unit(q[i], gamma) * (q[i] + bend)
                z[i] -= w[i] * on if y[i] == label else zero
            for i in range(n):
                bend = gamma * q[i] * loss_neg[i] if q[i] != 0 else zero
                off = factor_other * power_unit(p[i], gamma) * (p[i] + bend)
                z[i] += w[i] * off if y[i] != label else zero
        put_row(out, c, w, n, pair, finite, z)
