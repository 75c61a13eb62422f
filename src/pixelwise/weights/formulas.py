"""Class weights: formulas on label counts, for losses that should not drown rare classes.

n = pixels of a class, N = valid pixels of all classes, p = n / N, C = number of classes, m = valid
pixels of the images that contain the class. Cross entropy and region losses divide by the sum of
the weights, so that only their ratios matter there; each method keeps the scale of its source.
"""

from collections.abc import Callable

import numpy as np

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.weights.counts import LabelCounts

ZERO_POLICIES = {
    "error": "a class that never occurs is an error",
    "zero": "a class that never occurs weighs 0",
    "max": "a class that never occurs weighs as much as the heaviest class that does",
}
# What the methods compute, for tables and files; the letters are those above, f = n / m.
FORMULAS = {
    "inverse": "N / (C n)",
    "median_frequency": "median(f) / f, f = n / m",
    "enet": "1 / ln(1.02 + n / N)",
    "effective_number": "(1 - beta) / (1 - beta^n), scaled to a mean of 1",
}
LETTERS = (
    "n: pixels of the class, N: of all classes, m: of the images that contain the class;",
    "C: number of classes; void and classes without a pixel are left out.",
)


def class_weights(
    counts: LabelCounts, method: str = "inverse", zero: str = "error", beta: float | None = None
) -> np.ndarray:
    """One factor a class, larger for rarer classes.

    inverse: N / (C n); median_frequency: median(f) / f with f = n / m; enet: 1 / ln(1.02 + p);
    effective_number: (1 - beta) / (1 - beta^n), scaled to a mean of 1.

    N, C, the median and the mean go over the classes that occur.

    Args:
        counts: what the labels of the training split contain.
        method: a name in METHODS.
        zero: a name in ZERO_POLICIES: the weight of a class without a pixel.
        beta: for effective_number, 0 <= beta < 1; None = (N - 1) / N, which makes the weights
            independent of the number of images. The values of the paper (0.9 to 0.9999) are meant
            for numbers of samples: with millions of pixels a class they make all weights equal.
    Returns:
        (C,) float64, finite, >= 0.
    Raises:
        ArgumentError: unknown method or policy; beta outside its range or without use; a class
            never occurs and zero is "error"; no class occurs.
    Absent classes: what `zero` says; they never change the weights of the others.
    Equals: sklearn.utils.class_weight.compute_class_weight("balanced") for "inverse".
    Source: median_frequency: Eigen and Fergus 2015; enet: Paszke et al. 2016; effective_number:
        Cui et al. 2019.
    """
    check_choice("class_weights", "method", method, METHODS)
    check_choice("class_weights", "zero", zero, ZERO_POLICIES)
    _check_beta(beta, method)
    occurs = counts.pixels > 0
    if not occurs.any():
        raise ArgumentError("class_weights", "counts", must="of at least one pixel", got="none")
    if zero == "error" and not occurs.all():
        got = f"none of class {', '.join(str(c) for c in np.flatnonzero(~occurs))}"
        hint = 'Pass zero="zero" to leave such a class out of the loss, or zero="max".'
        raise ArgumentError(
            "class_weights", "counts", must="of at least one pixel a class", got=got, hint=hint
        )
    occurring = METHODS[method](counts.pixels[occurs], counts.image_pixels[occurs], beta)
    weights = np.full(counts.num_classes, occurring.max() if zero == "max" else 0.0)
    weights[occurs] = occurring
    return weights


def _inverse(pixels: np.ndarray, _image_pixels: np.ndarray, _beta: float | None) -> np.ndarray:
    return pixels.sum() / (len(pixels) * pixels)


def _median_frequency(
    pixels: np.ndarray, image_pixels: np.ndarray, _beta: float | None
) -> np.ndarray:
    frequency = pixels / image_pixels
    return np.median(frequency) / frequency


def _enet(pixels: np.ndarray, _image_pixels: np.ndarray, _beta: float | None) -> np.ndarray:
    return 1 / np.log(1.02 + pixels / pixels.sum())


def _effective_number(
    pixels: np.ndarray, _image_pixels: np.ndarray, beta: float | None
) -> np.ndarray:
    # 1 - beta^n as -expm1(n log beta), since beta^n rounds to 1 when beta is close to 1
    one_minus_beta = 1 / pixels.sum() if beta is None else 1 - beta
    with np.errstate(divide="ignore"):  # beta = 0: log is -inf, and all weights are 1
        weights = 1 / -np.expm1(pixels * np.log1p(-one_minus_beta))
    return weights / weights.mean()


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, float | None], np.ndarray]] = {
    "inverse": _inverse,
    "median_frequency": _median_frequency,
    "enet": _enet,
    "effective_number": _effective_number,
}


def _check_beta(beta: float | None, method: str) -> None:
    if beta is None:
        return
    if method != "effective_number":
        got = f"{beta} with method {method!r}"
        raise ArgumentError(
            "class_weights", "beta", must='used with "effective_number" only', got=got
        )
    check_range("class_weights", "beta", beta, low=0)
    if beta >= 1:
        raise ArgumentError("class_weights", "beta", must="< 1", got=beta)
