"""Class weights: formulas on label counts, for losses in which rare classes should count for more.

n = pixels of a class, N = valid pixels of all classes, C = number of classes, m = valid pixels of
the images that contain the class. Cross entropy and region losses divide by the sum of the
weights, so only their ratios matter there; each formula keeps the scale of its source.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, check_range, setting
from pixelwise.text import some
from pixelwise.weights.counts import LabelCounts

Method = Literal["inverse", "median_frequency", "enet", "effective_number"]
Zero = Literal["error", "zero", "max"]
# of classes that overlap, see members.py
POS_WEIGHT = "pos_weight"
Floats = NDArray[np.float64]
LETTERS = (
    "n: pixels of the class, N: of all classes, m: of the images that contain the class;",
    "C: number of classes; void and classes without a pixel are left out.",
)


class Formula(NamedTuple):
    """A row of METHODS.

    Attributes:
        weigh: (n, m, beta) of the classes that occur -> their weights, all finite and > 0.
        text: the same in the letters of LETTERS.
        takes_beta: whether it looks at beta.
    """

    weigh: Callable[[NDArray[np.int64], NDArray[np.int64], float | None], Floats]
    text: str
    takes_beta: bool = False


def class_weights(
    counts: LabelCounts, method: Method = "inverse", zero: Zero = "error", beta: float | None = None
) -> Floats:
    """One factor per class, larger for rarer classes.

    weights = METHODS[method] of n and m; inverse, for one, is N / (C n)

    N, C, the median and the mean are taken over the classes that occur.

    Args:
        counts: what the labels of the training split contain.
        method: a row of METHODS, which has the formulas.
        zero: the weight of a class without a pixel: "error" refuses it, "zero" is 0, "max" is the
            weight of the heaviest class.
        beta: for effective_number, 0 <= beta < 1; None = (N - 1) / N, which makes the weights
            independent of the number of images. The values of the paper (0.9 to 0.9999) are meant
            for numbers of samples: with millions of pixels per class they make all weights equal.
    Returns:
        (C,) float64, finite, >= 0.
    Raises:
        ArgumentError: unknown method or policy; beta outside its range or without use; a class
            never occurs and zero is "error"; no class occurs.
    Absent classes: what `zero` says; they never change the weights of the others.
    Equals: sklearn.utils.class_weight.compute_class_weight("balanced") for "inverse".
    Source: median_frequency: Eigen and Fergus 2015; enet: Paszke et al. 2016; effective_number:
        Cui et al. 2019.
    Example:
        >>> import pixelwise as pw
        >>> counts = pw.LabelCounts([60, 30, 10], [1, 1, 1], 0, 1, [100, 100, 100])
        >>> pw.class_weights(counts, "median_frequency").round(3).tolist()
        [0.5, 1.0, 3.0]
    """
    where = "class_weights"
    check_choice(where, "method", method, METHODS)
    check_choice(where, "zero", zero, get_args(Zero))
    check_beta(where, beta, method)
    if not isinstance(counts, LabelCounts):
        hint = "Make it with count_labels(files, classes); classes that overlap have pos_weights."
        raise ArgumentTypeError(
            where, "counts", must="a LabelCounts", got=type(counts).__name__, hint=hint
        )
    occurs = counts.pixels > 0
    if not occurs.any():
        raise ArgumentError(where, "counts", must="of at least one pixel", got="none")
    if zero == "error" and not occurs.all():
        event = f"no pixel is of class {some(np.flatnonzero(~occurs))}"
        raise ArgumentError(where, "counts", event=event, hint=ZERO_HINT)
    occurring = METHODS[method].weigh(counts.pixels[occurs], counts.image_pixels[occurs], beta)
    weights = np.full(counts.num_classes, occurring.max() if zero == "max" else 0.0)
    weights[occurs] = occurring
    return weights


ZERO_HINT = (
    f"Say what such a class weighs: {setting('zero', 'zero')} (nothing) or "
    f"{setting('zero', 'max')} (as much as the heaviest class)."
)


def check_beta(where: str, beta: float | None, method: str | None) -> None:
    """Raise unless beta is in its range and the method, if one is chosen, looks at it.

    Raises:
        ArgumentError: 0 <= beta < 1 does not hold, or beta changes nothing.
    """
    if beta is None:
        return
    users = [name for name, row in METHODS.items() if row.takes_beta]
    if method is not None and method not in users:
        got = f"{beta} with method {method!r}"
        raise ArgumentError(where, "beta", must=f"used with {' or '.join(users)} only", got=got)
    check_range(where, "beta", beta, low=0)
    if beta >= 1:
        raise ArgumentError(where, "beta", must="< 1", got=beta)


def _inverse(n: NDArray[np.int64], _m: NDArray[np.int64], _beta: float | None) -> Floats:
    return n.sum() / (len(n) * n)


def _median_frequency(n: NDArray[np.int64], m: NDArray[np.int64], _beta: float | None) -> Floats:
    frequency = n / m
    return np.median(frequency) / frequency


def _enet(n: NDArray[np.int64], _m: NDArray[np.int64], _beta: float | None) -> Floats:
    return 1 / np.log(1.02 + n / n.sum())


def _effective_number(n: NDArray[np.int64], _m: NDArray[np.int64], beta: float | None) -> Floats:
    # 1 - beta^n as -expm1(n log beta), since beta^n rounds to 1 when beta is close to 1
    one_minus_beta = 1 / n.sum() if beta is None else 1 - beta
    with np.errstate(divide="ignore"):  # beta = 0: log is -inf, and all weights are 1
        weights = 1 / -np.expm1(n * np.log1p(-one_minus_beta))
    return weights / weights.mean()


METHODS: dict[Method, Formula] = {
    "inverse": Formula(_inverse, "N / (C n)"),
    "median_frequency": Formula(_median_frequency, "median(f) / f, f = n / m"),
    "enet": Formula(_enet, "1 / ln(1.02 + n / N)"),
    "effective_number": Formula(
        _effective_number, "(1 - beta) / (1 - beta^n), scaled to a mean of 1", takes_beta=True
    ),
}
