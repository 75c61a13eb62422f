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

The two functions at the end are engines: kernels call them by their address, see `_engines_numba`.
"""

import numpy as np

from pixelwise.ops._exp_numba import exp_neg, log1p_unit, power_unit
from pixelwise.ops._jit_numba import inlined
from pixelwise.ops._views import (
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
def split_weight(y, w, label, n, a, b):
    """a = w where the target is `label`, b = w elsewhere; both 0 at ignored pixels."""
    for i in range(n):
        a[i] = w[i] if y[i] == label else 0
    for i in range(n):
        b[i] = w[i] - a[i]


@inlined
def probabilities(z, n, p, q, e):
    """e = exp(-|z|), p = σ(z) and q = 1 - p, all to full relative precision."""
    one = p.dtype.type(1)
    for i in range(n):
        e[i] = exp_neg(-abs(z[i]))
    for i in range(n):
        r = one / (one + e[i])
        p[i] = r if z[i] >= 0 else e[i] * r
        q[i] = e[i] * r if z[i] >= 0 else r


@inlined
def log_losses(z, n, loss, loss_neg):
    """loss = -log p, loss_neg = -log q; loss must hold exp(-|z|)"""
    for i in range(n):
        tail = log1p_unit(loss[i])
        loss[i] = tail - z[i] if z[i] < 0 else tail
        loss_neg[i] = tail + z[i] if z[i] > 0 else tail


@inlined
def weighted_sum(v, x, n):
    """Σ v x, where v = 0 outweighs an infinite x"""
    zero = v.dtype.type(0)
    part = zero
    for i in range(n):
        part += v[i] * x[i] if v[i] != 0 else zero
    return part


@inlined
def focal_sum(v, q, loss, n, gamma):
    """Σ v q^γ loss"""
    zero = v.dtype.type(0)
    part = zero
    for i in range(n):
        part += v[i] * power_unit(q[i], gamma) * loss[i] if v[i] != 0 else zero
    return part


@inlined
def side_sums(p, q, loss, v, w, n, wanted, gamma, sums, c):
    """Add the sums of one side to sums[:, c]: p its probability, v its weight."""
    zero = p.dtype.type(0)
    if wanted[VALID]:
        part = zero
        for i in range(n):
            part += w[i]
        sums[VALID, c] += part
    if wanted[TARGET]:
        part = zero
        for i in range(n):
            part += v[i]
        sums[TARGET, c] += part
    if wanted[PROB]:
        part = zero
        for i in range(n):
            part += w[i] * p[i]
        sums[PROB, c] += part
    if wanted[INTER]:
        part = zero
        for i in range(n):
            part += v[i] * p[i]
        sums[INTER, c] += part
    if wanted[PROB2]:
        part = zero
        for i in range(n):
            part += w[i] * p[i] * p[i]
        sums[PROB2, c] += part
    if wanted[NLL]:
        sums[NLL, c] += weighted_sum(v, loss, n)
    if wanted[NLL_ALL]:
        sums[NLL_ALL, c] += weighted_sum(w, loss, n)
    if wanted[FOCAL]:
        sums[FOCAL, c] += focal_sum(v, q, loss, n, gamma)


@inlined
def take_row(block, c, w, n, pair, z):
    """z = x_c, or x_c - x_(c-1) of a pair; 0 at ignored pixels"""
    zero = z.dtype.type(0)
    row = block[c]
    for i in range(n):
        z[i] = row[i] if w[i] != 0 else zero
    if pair:
        row = block[c - 1]
        for i in range(n):
            z[i] -= row[i] if w[i] != 0 else zero


@inlined
def put_row(block, c, w, n, pair, finite, z):
    """Gradient of x_c, and of x_(c-1) of a pair; exactly 0 at ignored pixels"""
    zero = z.dtype.type(0)
    row = block[c]
    for i in range(n):
        row[i] = z[i]
    if not finite:  # then w = 0 was not enough: 0 * NaN is NaN
        for i in range(n):
            row[i] = row[i] if w[i] != 0 else zero
    if pair:
        other = block[c - 1]
        for i in range(n):
            other[i] = -row[i]


def binary_sums(block, y, w, ignored, n, wanted, gamma, pair, finite, rows, lanes):
    """Add a block's sums to lanes; see `_engines_numba` for the arguments."""
    sums = lanes[0]
    z, a, b, p, q, loss, loss_neg = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6]
    logs = wanted[NLL] | wanted[NLL_ALL] | wanted[FOCAL] | wanted[NLL_NEG] | wanted[FOCAL_NEG]
    for c in range(pair, block.shape[0]):
        r, label = label_of_row(y, block, c)
        take_row(block, c, w[r], n, pair, z)
        split_weight(y[r], w[r], label, n, a, b)
        probabilities(z, n, p, q, loss)
        if logs:
            log_losses(z, n, loss, loss_neg)
        side_sums(p, q, loss, a, w[r], n, wanted, gamma, sums, c)
        if pair:
            side_sums(q, p, loss_neg, b, w[r], n, wanted, gamma, sums, c - 1)
        if wanted[NLL_NEG]:
            sums[NLL_NEG, c] += weighted_sum(b, loss_neg, n)
        if wanted[FOCAL_NEG]:
            sums[FOCAL_NEG, c] += focal_sum(b, p, loss_neg, n, gamma)


def binary_gradient(block, y, w, ignored, n, wanted, gamma, pair, finite, rows, upstream):
    """Turn a block of logits into their gradient; see `_engines_numba` for the arguments."""
    z, a, b, p, q, loss, loss_neg = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6]
    zero = z.dtype.type(0)
    two = z.dtype.type(2)
    focal = wanted[FOCAL] | wanted[FOCAL_NEG]
    for c in range(pair, block.shape[0]):
        own, other = upstream[0, c], upstream[1, c]
        r, label = label_of_row(y, block, c)
        take_row(block, c, w[r], n, pair, z)
        split_weight(y[r], w[r], label, n, a, b)
        probabilities(z, n, p, q, loss)
        if focal:
            log_losses(z, n, loss, loss_neg)
        # 1. terms of all pixels
        prob, prob2, prob2_other = own[PROB] - other[PROB], two * own[PROB2], two * other[PROB2]
        nll_all, nll_all_other = own[NLL_ALL], other[NLL_ALL]
        weights = w[r]
        for i in range(n):
            slope = p[i] * q[i] * (prob + prob2 * p[i] - prob2_other * q[i])
            z[i] = weights[i] * (slope - nll_all * q[i] + nll_all_other * p[i])
        # 2. terms of pixels of the positive side, then of the negative side
        inter, inter_other, nll, nll_other = own[INTER], other[INTER], own[NLL], other[NLL]
        for i in range(n):
            z[i] += a[i] * (p[i] * q[i] * inter - nll * q[i])
            z[i] -= b[i] * (p[i] * q[i] * inter_other - nll_other * p[i])
        if focal:
            factor, factor_other = own[FOCAL], other[FOCAL]
            for i in range(n):
                bend = gamma * p[i] * loss[i] if p[i] != 0 else zero
                z[i] -= a[i] * factor * power_unit(q[i], gamma) * (q[i] + bend)
            for i in range(n):
                bend = gamma * q[i] * loss_neg[i] if q[i] != 0 else zero
                z[i] += b[i] * factor_other * power_unit(p[i], gamma) * (p[i] + bend)
        put_row(block, c, w[r], n, pair, finite, z)
