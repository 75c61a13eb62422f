"""Losses on sums as tables of numbers, on a CPU: loss and derivative by one compiled function.

The steps and their order are those of the formulas in `losses`, so that a NaN in a sum reaches the
same numbers, and a denominator of 0 is met in the same way.
"""

from math import cosh, inf, log, sinh

import numpy as np
import torch

from pixelwise.ops.cpu.jit import exact, kernel
from pixelwise.ops.formula import ABSENT, FORMS, Formula

LOG, LOG_COSH, MINUS = FORMS.index("log"), FORMS.index("log_cosh"), FORMS.index("minus")
SKIP, ZERO = ABSENT.index("skip"), ABSENT.index("zero")
TINY = float(np.finfo(np.float64).tiny)


@exact
def fraction(above, below, empty):
    return above / below if below != 0 else empty


@exact
def weighted_sum(sums, factors):
    """Σ factors · sums, both (S, C); a sum without factors is not read, it may be NaN."""
    total = 0.0
    for s in range(sums.shape[0]):
        used = False
        for c in range(sums.shape[1]):
            used |= factors[s, c] != 0
        if used:
            for c in range(sums.shape[1]):
                total += factors[s, c] * sums[s, c]
    return total


@exact
def mean_term(sums, above, below, void, pixels, slope):
    """Σ A·X / Σ B·X of the sums of the batch (S, C); its derivative is added to slope (S, C)."""
    number, size = weighted_sum(sums, above), weighted_sum(sums, below)
    share = fraction(1.0, size, 0.0)
    if void:  # "valid" is the first of all sums
        valid = 0.0
        for c in range(sums.shape[1]):
            valid += sums[0, c]
        share *= fraction(valid, pixels, 0.0)
    if share == 0:
        return 0.0
    for s in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            slope[s, c] += share * above[s, c]
    return share * number


@exact
def loss_of_score(score, form, exponent):
    """The loss of a class and its derivative."""
    if form == LOG:
        loss, slope = -log(max(score, TINY)), -1.0 / score if score >= TINY else 0.0
        loss = loss if score == score else score  # noqa: PLR0124
    elif form == LOG_COSH:
        gap = 1.0 - score
        loss, slope = log(cosh(gap)), -1.0 / cosh(gap) * sinh(gap)
    else:
        loss, slope = (-score if form == MINUS else 1.0 - score), -1.0
    if exponent != 1:  # kept away from 0, where a power below 1 has an infinite derivative
        slope *= exponent * loss ** (exponent - 1.0) if loss >= TINY else 0.0
        loss = TINY if loss < TINY else loss
        loss = loss**exponent
    return loss, slope


@exact
def overlap(sums, row, weight, counted, c):
    """I, P, T and valid pixels of class c of sums (S, C), or of all classes for c = -1."""
    if c >= 0:
        return sums[row[0], c], sums[row[1], c], sums[row[2], c], sums[row[3], c]
    inter, prob, target, valid = 0.0, 0.0, 0.0, -inf
    for i in range(sums.shape[1]):
        if counted[i] != 0:
            inter += weight[i] * sums[row[0], i]
            prob += weight[i] * sums[row[1], i]
            target += weight[i] * sums[row[2], i]
            valid = max(valid, sums[row[3], i])
    return inter, prob, target, valid


@exact
def ratio_term(sums, row, numbers, weight, counted, slopes):
    """The mean over classes of images (M, S, C); its derivative is added to slopes (M, S, C)."""
    factor, k, a, b, smooth_above, smooth_below, exponent = numbers
    form, absent, pool, weighted = row[4], row[5], row[7], row[8]
    images, classes = sums.shape[0], 1 if pool else sums.shape[2]
    share = np.zeros((images, classes))
    by_inter, by_size = np.zeros((images, classes)), np.zeros((images, classes))
    value = np.zeros((images, classes))
    totals, rows = np.zeros(images), 0
    for m in range(images):
        for c in range(classes):
            if not pool and counted[c] == 0:
                continue
            inter, prob, target, valid = overlap(sums[m], row, weight, counted, -1 if pool else c)
            size = k * inter + a * (prob - inter) + b * (target - inter) + smooth_below
            score = fraction(k * inter + smooth_above, size, 1.0)
            value[m, c], slope = loss_of_score(score, form, exponent)
            if absent == ZERO and not target > 0:
                value[m, c], slope = 0.0, 0.0
            if size != 0:
                by_inter[m, c] = slope * ((k - score * (k - a - b)) / size)
                by_size[m, c] = slope * (-score * a / size)
            if target > 0 if absent == SKIP else valid > 0:
                share[m, c] = 1.0 if pool else weight[c]
                totals[m] += share[m, c] if weighted else 1.0
        rows += totals[m] > 0
    loss = 0.0
    for m in range(images):
        for c in range(classes):
            if not pool and counted[c] == 0:
                continue
            part = fraction(share[m, c], totals[m] * rows, 0.0)
            loss += part * value[m, c]
            for i in range(sums.shape[2] if pool else 1):
                own = i if pool else c
                if counted[own] != 0:
                    step = factor * part * (weight[own] if pool else 1.0)
                    slopes[m, row[0], own] += step * by_inter[m, c]
                    slopes[m, row[1], own] += step * by_size[m, c]
    return factor * loss


@kernel
def evaluate_terms(
    sums, mean_above, mean_below, mean_void, rows, numbers, weight, counted, pixels, derivative
):
    """The loss; `derivative` (S, N, C) is overwritten with its derivative by each sum."""
    count, images, classes = sums.shape
    # of the batch (1, S, C) and of images (N, S, C)
    whole, each = np.zeros((1, count, classes)), np.empty((images, count, classes))
    slope, slopes = np.zeros((1, count, classes)), np.zeros((images, count, classes))
    for s in range(count):
        for n in range(images):
            for c in range(classes):
                whole[0, s, c] += sums[s, n, c]
                each[n, s, c] = sums[s, n, c]
    loss = 0.0
    for i in range(mean_void.shape[0]):
        factors = mean_above[i], mean_below[i]
        loss += mean_term(whole[0], *factors, mean_void[i], pixels, slope[0])
    for i in range(rows.shape[0]):
        per_image = rows[i, 6] != 0
        table, out = (each, slopes) if per_image else (whole, slope)
        loss += ratio_term(table, rows[i], numbers[i], weight[i], counted[i], out)
    for s in range(count):
        for n in range(images):
            for c in range(classes):
                derivative[s, n, c] = slopes[n, s, c] + slope[0, s, c]
    return loss


def evaluate(
    formula: Formula, sums: torch.Tensor, pixels: float, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of sums, and its derivative by each of them.

    Args:
        formula: the table, see ops/formula.
        sums: (S, N, C) float64.
        pixels: Σ pixels over images and channels.
        dtype: of the loss.
    Returns:
        Loss () and derivative (S, N, C) float64; that of a count is of no use.
    """
    table = sums.numpy()
    derivative = np.empty_like(table)
    loss = evaluate_terms(table, *formula[1:], pixels, derivative)
    return torch.tensor(loss, dtype=dtype), torch.from_numpy(derivative)
