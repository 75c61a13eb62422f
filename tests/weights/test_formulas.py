"""Class weights: each formula by hand, its scale, and what never-occurring classes weigh."""

import math
from typing import get_args

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.plan.config import CLASS_WEIGHTS
from pixelwise.settings import choices_of
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.formulas import METHODS, POS_WEIGHT, Method, Zero, class_weights

# 3 images of 100 valid pixels: class 0 in all of them, 1 in two, 2 in one
PIXELS, IMAGES, IMAGE_PIXELS = [240, 48, 12], [3, 2, 1], [300, 200, 100]


def counts(pixels=PIXELS, images=IMAGES, image_pixels=IMAGE_PIXELS):
    return LabelCounts(pixels, images, 0, 3, image_pixels)


def counts_with_an_absent_class():
    return LabelCounts([240, 0, 48, 12], [3, 0, 2, 1], 0, 3, [300, 0, 200, 100])


def test_inverse_weights_divide_the_pixels_evenly():
    """N / (C n): with its weight, every class has as many pixels as the others."""
    weights = class_weights(counts(), "inverse")
    np.testing.assert_allclose(weights, [300 / (3 * 240), 300 / (3 * 48), 300 / (3 * 12)])
    np.testing.assert_allclose(weights * PIXELS, [100, 100, 100])


def test_median_frequency_counts_only_images_that_contain_the_class():
    """f = n / m, median(f) / f: here f = 0.8, 0.24, 0.12."""
    weights = class_weights(counts(), "median_frequency")
    np.testing.assert_allclose(weights, [0.24 / 0.8, 1, 0.24 / 0.12])


def test_enet_weights_are_bounded():
    """1 / ln(1.02 + p), so 1 / ln(2.02) for the only class and 1 / ln(1.02) at most."""
    weights = class_weights(counts(), "enet")
    expected = [1 / math.log(1.02 + p) for p in (0.8, 0.16, 0.04)]
    np.testing.assert_allclose(weights, expected)
    assert weights.max() < 1 / math.log(1.02)


@pytest.mark.parametrize("beta", [0.9, 0.99, 0.999])
def test_effective_number_weights_have_mean_1(beta):
    """(1 - beta) / (1 - beta^n), scaled."""
    raw = np.array([(1 - beta) / (1 - beta**n) for n in PIXELS])
    weights = class_weights(counts(), "effective_number", beta=beta)
    np.testing.assert_allclose(weights, raw / raw.mean())
    assert weights.mean() == pytest.approx(1)


def test_effective_number_is_between_no_weights_and_inverse_weights():
    """beta = 0 weighs all classes alike; beta -> 1 is inverse frequency."""
    none = class_weights(counts(), "effective_number", beta=0)
    assert none.tolist() == [1, 1, 1]
    nearly = class_weights(counts(), "effective_number", beta=1 - 1e-12)
    inverse = class_weights(counts(), "inverse")
    np.testing.assert_allclose(nearly, inverse / inverse.mean(), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [10, 1_000_000])
def test_more_images_of_the_same_kind_change_no_weight(method, factor):
    """Weights depend on frequencies, not on how much data there is."""
    many = counts(*([factor * n for n in values] for values in (PIXELS, IMAGES, IMAGE_PIXELS)))
    np.testing.assert_allclose(class_weights(many, method), class_weights(counts(), method), 1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_rarer_classes_weigh_more(method):
    """The point of it all."""
    assert (np.diff(class_weights(counts(), method)) > 0).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("zero", "factor"), [("zero", 0.0), ("max", 1.0)])
def test_a_class_that_never_occurs_weighs_what_the_policy_says(method, zero, factor):
    """0 or the largest weight, finite, and no influence on the other classes."""
    with_absent = class_weights(counts_with_an_absent_class(), method, zero=zero)
    present = class_weights(counts(), method)
    np.testing.assert_allclose(with_absent[[0, 2, 3]], present)
    assert with_absent[1] == factor * present.max()


@pytest.mark.parametrize("method", METHODS)
def test_a_class_that_never_occurs_is_an_error_by_default(method):
    """It is nearly always a mistake in the classes, and its weight is a decision."""
    with pytest.raises(ArgumentError, match=r'no pixel is of class 1\. .* zero="zero"'):
        class_weights(counts_with_an_absent_class(), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("zero", get_args(Zero))
def test_weights_of_nothing_are_an_error(method, zero):
    """There is no frequency to divide by."""
    with pytest.raises(ArgumentError, match="counts must be of at least one pixel"):
        class_weights(LabelCounts.zero(2), method, zero=zero)


@pytest.mark.parametrize("method", METHODS)
def test_the_only_class_has_a_finite_weight(method):
    """One class, one pixel: the smallest dataset there is."""
    weights = class_weights(LabelCounts([1], [1], 0, 1, [1]), method)
    assert np.isfinite(weights).all()
    assert (weights > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "inverted"}, "method must be one of .* Did you mean 'inverse'"),
        ({"zero": "ignore"}, "zero must be one of error, zero, max, got 'ignore'"),
        ({"method": "effective_number", "beta": 1.0}, "beta must be < 1, got 1.0"),
        ({"method": "effective_number", "beta": -0.1}, "beta must be >= 0, got -0.1"),
        ({"method": "enet", "beta": 0.9}, "beta must be used with effective_number only"),
    ],
)
def test_wrong_options_are_refused(options, message):
    """One sentence each."""
    with pytest.raises(ArgumentError, match=message):
        class_weights(counts(), **options)


def test_inverse_weights_equal_the_balanced_ones_of_scikit_learn():
    """Where scikit-learn is installed: the call that the docstring names."""
    compute = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    pixels = np.repeat([0, 1, 2], PIXELS)
    expected = compute("balanced", classes=np.arange(3), y=pixels)
    np.testing.assert_allclose(class_weights(counts()), expected)


def test_the_methods_that_type_checkers_know_are_the_rows_of_the_table():
    assert get_args(Method) == tuple(METHODS)


def test_train_takes_every_method():
    """The choices of the two commands come from the same table."""
    assert {*METHODS, POS_WEIGHT} == set(CLASS_WEIGHTS) - {"none"}
    assert {*METHODS, POS_WEIGHT} == set(choices_of(WeightsConfig, "method"))
