"""What holds for every record that a metric makes of an image: records add, and travel."""

import pickle
from dataclasses import fields
from itertools import permutations

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.metrics.boundary import BoundaryCounts, count_boundary
from pixelwise.metrics.calibration import CalibrationCounts, count_calibration
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.contour_f import ContourCounts, count_contours
from pixelwise.metrics.instances import InstanceCounts, count_instances
from pixelwise.metrics.threshold import ThresholdCounts, count_thresholds

NUM_CLASSES = 3
IMAGES = 4
SHARES = {"recall", "confidence"}  # sums of fractions; all other fields are sums of integers


def draw(seed):
    """Prediction, target and instance ids of a small image with void."""
    rng = np.random.default_rng(seed)
    target = np.kron(rng.integers(0, NUM_CLASSES, (3, 4)), np.ones((4, 4), int))
    pred = np.roll(target, 1, axis=1)
    ids = np.kron(np.arange(12).reshape(3, 4), np.ones((4, 4), int))
    target[rng.random(target.shape) < 0.1] = 255
    return pred, target, ids


def binary(seed):
    """Probabilities that are multiples of 1/8, so that their sums are exact, and a target."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 9, (6, 7)) / 8, rng.integers(0, 2, (6, 7))


def calibrated(size):
    return lambda seed: count_calibration(binary(seed)[0][None], binary(seed)[1], bins=4 * size)


def thresholded(size):
    return lambda seed: count_thresholds(*binary(seed), steps=8 * size)


# record -> of a size, what makes it of a seed; records of two sizes do not add
RECORDS = {
    ConfusionCounts: lambda size: lambda seed: count_confusion(*draw(seed)[:2], 2 + size),
    BoundaryCounts: lambda size: lambda seed: count_boundary(*draw(seed)[:2], 2 + size),
    ContourCounts: lambda size: lambda seed: count_contours(*draw(seed)[:2], 2 + size),
    InstanceCounts: lambda size: lambda seed: count_instances(*draw(seed), 2 + size),
    ThresholdCounts: thresholded,
    CalibrationCounts: calibrated,
}
each_record = pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)


def content(record):
    return {f.name: np.asarray(getattr(record, f.name)).tolist() for f in fields(record)}


@each_record
def test_records_add_up_in_any_order_and_in_any_parts(kind):
    """sum(), from either side, whichever worker is first; integers exactly."""
    parts = [RECORDS[kind](1)(seed) for seed in range(IMAGES)]
    total = content(sum(parts))
    pairs = (parts[0] + parts[1]) + (parts[2] + parts[3])
    for merged in (pairs, *map(sum, permutations(parts))):
        found = content(merged)
        assert {n: found[n] for n in found if n not in SHARES} == {
            n: total[n] for n in total if n not in SHARES
        }
        for name in SHARES & set(found):
            np.testing.assert_allclose(found[name], total[name], rtol=1e-14)


@each_record
def test_records_survive_a_pickle_and_still_add(kind):
    """Workers send them back."""
    record = RECORDS[kind](1)(0)
    copy = pickle.loads(pickle.dumps(record))
    assert isinstance(copy, kind)
    assert content(copy) == content(record)
    assert content(copy + record) == content(record + record)


@each_record
def test_adding_changes_neither_of_the_two(kind):
    """A running sum never writes into the record of an image."""
    a, b = RECORDS[kind](1)(0), RECORDS[kind](1)(1)
    before = content(a), content(b)
    assert content(a + b) != before[0]
    assert (content(a), content(b)) == before


@each_record
def test_records_of_other_classes_or_bins_do_not_add(kind):
    """A sum over two kinds of things has no meaning; neither has a record plus a number."""
    one, other = RECORDS[kind](1)(0), RECORDS[kind](2)(0)
    with pytest.raises(ArgumentError, match=rf"{kind.__name__}: \+ must be "):
        one + other
    with pytest.raises(TypeError, match="unsupported operand"):
        one + 1


@each_record
def test_counts_are_integers_of_64_bits(kind):
    """2^31 pixels are not a limit; only sums of shares and confidences are floating point."""
    record = RECORDS[kind](1)(0)
    arrays = {f.name: np.asarray(getattr(record, f.name)) for f in fields(record)}
    for name in set(arrays) - SHARES - {"ignored", "images"}:
        assert arrays[name].dtype == np.int64
    for name in set(arrays) & SHARES:
        assert arrays[name].dtype == np.float64
