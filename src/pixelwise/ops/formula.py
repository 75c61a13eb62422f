"""Losses on sums as tables of numbers: what one kernel needs for a loss and its derivative.

A formula in plain torch is some fifty operators, each a call on a CPU and a launch on a GPU, on a
few hundred numbers. Two kinds of term cover nearly all losses on sums:

    Mean    Σ A·X / Σ B·X, both over sums, images and classes                     pixel losses
    Ratio   mean_c form((k I + s) / (k I + a (P − I) + b (T − I) + s'))^exponent    region losses

A backend computes the weighted sum of such terms, and its derivative by each sum, in one call. The
formulas of `losses` stay the definition, and serve whatever has no such table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
FORMS = ("one_minus", "log", "log_cosh", "minus")
ABSENT = ("skip", "zero", "keep")


@dataclass(frozen=True)
class Mean:
    """Σ_sc A_sc X_sc / Σ_sc B_sc X_sc, 0 where the denominator is; X are the sums of the batch.

    Attributes:
        above: name of a sum -> its factors A, (C,).
        below: name of a sum -> its factors B, (C,); names of COUNTS, so without derivative.
        void_is_zero: multiply by Σ valid / Σ pixels: ignored pixels count in the mean.
    """

    above: Mapping[str, Numbers]
    below: Mapping[str, Numbers]
    void_is_zero: bool = False


@dataclass(frozen=True)
class Ratio:
    """The mean over classes of a decreasing function of an overlap, see losses/region.

    Attributes:
        coefficients: k, a, b.
        smooth: pixels added to numerator and denominator.
        size: the sum that is P, "prob" or "prob2".
        form, absent: one of FORMS, one of ABSENT.
        exponent: on the loss of a class.
        per_image, pool_classes, weighted_mean: see losses/region.
        weight: (C,) factor of each class.
        counted: (C,) bool, the classes that count.
    """

    coefficients: tuple[float, float, float]
    smooth: tuple[float, float]
    size: Literal["prob", "prob2"]
    form: str
    absent: str
    exponent: float
    per_image: bool
    pool_classes: bool
    weighted_mean: bool
    weight: Numbers
    counted: NDArray[np.bool_]


class Formula(NamedTuple):
    """Σ factor · term as arrays; made once for a criterion and a number of classes.

    Attributes:
        sums: names of the S sums, in the order of the table that it is applied to.
        mean_above, mean_below: (L, S, C) A times the factor of the term, and B.
        mean_void: (L,) int64, 1 where void_is_zero.
        ratio_rows: (R, 9) int64, the columns RATIO_ROWS.
        ratio_numbers: (R, 7) float64, the columns RATIO_NUMBERS.
        ratio_weight, ratio_counted: (R, C) float64, the latter 0 or 1.
    """

    sums: tuple[str, ...]
    mean_above: Numbers
    mean_below: Numbers
    mean_void: NDArray[np.int64]
    ratio_rows: NDArray[np.int64]
    ratio_numbers: Numbers
    ratio_weight: Numbers
    ratio_counted: Numbers


# rows of the table of sums that are I, P, T and valid; then options
RATIO_ROWS = ("inter", "size", "target", "valid", "form", "absent", "per_image", "pool_classes",
              "weighted_mean")  # fmt: skip
RATIO_NUMBERS = ("factor", "k", "a", "b", "smooth_above", "smooth_below", "exponent")


def make_formula(
    terms: Sequence[tuple[float, Mean | Ratio]], sums: Sequence[str], classes: int
) -> Formula:
    """The arrays of Σ factor · term.

    Args:
        terms: factors and terms.
        sums: names of the sums, in the order of the table that it is applied to; all that the
            terms need, and "valid" if one counts void as zero.
        classes: C.
    """
    row = {name: s for s, name in enumerate(sums)}
    means = [(factor, term) for factor, term in terms if isinstance(term, Mean)]
    ratios = [(factor, term) for factor, term in terms if isinstance(term, Ratio)]
    above = np.zeros((len(means), len(row), classes))
    below = np.zeros_like(above)
    for i, (factor, mean) in enumerate(means):
        for name, values in mean.above.items():
            above[i, row[name]] = factor * values
        for name, values in mean.below.items():
            below[i, row[name]] = values
    rows = [
        (row["inter"], row[r.size], row["target"], row["valid"], FORMS.index(r.form),
         ABSENT.index(r.absent), r.per_image, r.pool_classes, r.weighted_mean)
        for _, r in ratios
    ]  # fmt: skip
    numbers = [(factor, *r.coefficients, *r.smooth, r.exponent) for factor, r in ratios]
    return Formula(
        tuple(sums),
        above,
        below,
        np.array([mean.void_is_zero for _, mean in means], np.int64),
        np.array(rows, np.int64).reshape(len(ratios), len(RATIO_ROWS)),
        np.array(numbers, np.float64).reshape(len(ratios), len(RATIO_NUMBERS)),
        np.array([r.weight for _, r in ratios], np.float64).reshape(len(ratios), classes),
        np.array([r.counted for _, r in ratios], np.float64).reshape(len(ratios), classes),
    )
