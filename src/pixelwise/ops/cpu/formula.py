"""Losses on sums as tables of numbers, on a CPU: loss and derivative in NumPy.

The steps and their order are those of the formulas in `losses`, so that a NaN in a sum reaches the
same numbers, and a denominator of 0 is met in the same way. A few dozen NumPy calls on a few
hundred numbers take 0.05 ms; a compiled function would save half of that, and cost seconds of
compilation.
"""

from typing import Any

import numpy as np
import torch

from pixelwise.ops.formula import ABSENT, FORMS, Formula, Numbers

LOG, LOG_COSH, MINUS = FORMS.index("log"), FORMS.index("log_cosh"), FORMS.index("minus")
SKIP, ZERO = ABSENT.index("skip"), ABSENT.index("zero")
TINY = float(np.finfo(np.float64).tiny)


def weighted_sum(sums: Numbers, factors: Numbers) -> float:
    """Σ factors · sums, both (S, C); a sum without factors is not read, it may be NaN."""
    used = factors.any(1)
    return float((factors[used] * sums[used]).sum())


def mean_term(
    sums: Numbers, above: Numbers, below: Numbers, void: int, pixels: float, slope: Numbers
) -> float:
    """Σ A·X / Σ B·X of the sums of the batch (S, C); its derivative is added to slope (S, C)."""
    size = weighted_sum(sums, below)
    share = 1.0 / size if size != 0 else 0.0
    if void:  # "valid" is the first of all sums
        share *= float(sums[0].sum()) / pixels if pixels != 0 else 0.0
    if share == 0:
        return 0.0
    slope += share * above
    return share * weighted_sum(sums, above)


def loss_of_score(score: Numbers, form: int, exponent: float) -> tuple[Numbers, Any]:
    """The loss of each class and its derivative."""
    slope: Any = -1.0
    if form == LOG:
        loss = -np.log(np.maximum(score, TINY))  # np.maximum lets NaN through
        slope = np.where(score >= TINY, -1.0 / score, 0.0)
    elif form == LOG_COSH:
        gap = 1.0 - score
        cosh = np.cosh(gap)
        loss, slope = np.log(cosh), -1.0 / cosh * np.sinh(gap)
    else:
        loss = -score if form == MINUS else 1.0 - score
    if exponent != 1:  # kept away from 0, where a power below 1 has an infinite derivative
        slope = slope * np.where(loss >= TINY, exponent * loss ** (exponent - 1.0), 0.0)
        loss = np.where(loss < TINY, TINY, loss) ** exponent
    return loss, slope


def ratio_term(
    sums: Numbers, row: list[int], numbers: list[float], weight: Numbers, slopes: Numbers
) -> float:
    """The mean over classes of images (S, M, C); its derivative is added to slopes (S, M, C).

    All arguments hold the classes that count.
    """
    factor, k, a, b, smooth_above, smooth_below, exponent = numbers
    form, absent, pool, weighted = row[4], row[5], row[7], row[8]
    inter, prob, target, valid = (sums[s] for s in row[:4])
    if pool:
        inter, prob, target = ((x * weight).sum(1, keepdims=True) for x in (inter, prob, target))
        valid = valid.max(1, keepdims=True, initial=-np.inf)
    size = k * inter + a * (prob - inter) + b * (target - inter) + smooth_below
    none = size == 0
    some = np.where(none, 1.0, size)
    score = np.where(none, 1.0, (k * inter + smooth_above) / some)
    value, slope = loss_of_score(score, form, exponent)
    present = target > 0
    if absent == ZERO:
        value, slope = np.where(present, value, 0.0), np.where(present, slope, 0.0)
    counts = present if absent == SKIP else valid > 0
    share = np.where(counts, 1.0 if pool else weight, 0.0)
    totals = (share if weighted else counts).sum(1, keepdims=True, dtype=np.float64)
    whole = totals * np.count_nonzero(totals > 0)
    part = share / np.where(whole == 0, np.inf, whole)
    step = np.where(none, 0.0, factor * part * slope / some) * (weight if pool else 1.0)
    slopes[row[0]] += step * (k - score * (k - a - b))
    slopes[row[1]] -= step * (score * a)
    return factor * float((part * value).sum())


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
    whole = table.sum(1, keepdims=True)  # of the batch
    slope, slopes = np.zeros_like(whole), np.zeros_like(table)
    loss = 0.0
    with np.errstate(all="ignore"):
        for above, below, void in zip(formula.mean_above, formula.mean_below, formula.mean_void):
            loss += mean_term(whole[:, 0], above, below, void, pixels, slope[:, 0])
        ratios = zip(formula.ratio_rows.tolist(), formula.ratio_numbers.tolist())
        for i, (row, numbers) in enumerate(ratios):
            x, dx = (table, slopes) if row[6] else (whole, slope)
            weight, counted = formula.ratio_weight[i], formula.ratio_counted[i] != 0
            if counted.all():
                loss += ratio_term(x, row, numbers, weight, dx)
            else:
                part = np.zeros_like(dx[..., counted])
                loss += ratio_term(x[..., counted], row, numbers, weight[counted], part)
                dx[..., counted] += part
        slopes += slope
    return torch.tensor(loss, dtype=dtype, device="cpu"), torch.from_numpy(slopes)
