"""Calibration: bins, gaps, and the calibration error of torchmetrics."""

import pickle

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.calibration import (
    CalibrationCounts,
    count_calibration,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)

# confidences 0.9, 0.6, 0.6, 0.5 of classes 0, 1, 0, 0; the second and the last are wrong
PROBS = np.array([[0.9, 0.4, 0.6, 0.5], [0.1, 0.6, 0.4, 0.5]])
TARGET = np.array([0, 0, 0, 1])


def draw(seed, num_classes=4, shape=(12, 15)):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (num_classes, *shape)).astype(np.float32)
    probs = np.exp(logits) / np.exp(logits).sum(axis=0)
    target = np.where(rng.random(shape) < 0.5, probs.argmax(0), rng.integers(0, num_classes, shape))
    target[rng.random(shape) < 0.1] = 255
    return probs, target


def test_gaps_between_confidence_and_accuracy_by_hand():
    """Bin 0.25 to 0.5: 0.5 against 0; 0.5 to 0.75: 0.6 against 1/2; 0.75 to 1: 0.9 against 1."""
    counts = count_calibration(PROBS, TARGET, bins=4)
    assert counts.pixels.tolist() == [0, 1, 2, 1]
    assert counts.correct.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(counts.confidence, [0, 0.5, 1.2, 0.9])
    assert expected_calibration_error(counts) == pytest.approx((0.5 + 0.2 + 0.1) / 4)
    assert maximum_calibration_error(counts) == pytest.approx(0.5)
    confidence, accuracy = reliability_curve(counts)
    np.testing.assert_allclose(confidence, [np.nan, 0.5, 0.6, 0.9])
    np.testing.assert_allclose(accuracy, [np.nan, 0, 0.5, 1])


def test_one_channel_is_the_probability_of_the_foreground():
    """The same as two channels that add up to 1; exactly 0.5 is background."""
    expected = count_calibration(PROBS, TARGET, bins=5)
    counts = count_calibration(PROBS[1:], TARGET, bins=5)
    assert counts.pixels.tolist() == expected.pixels.tolist()
    assert counts.correct.tolist() == expected.correct.tolist()


@pytest.mark.parametrize("norm", ["l1", "max"])
@pytest.mark.parametrize("seed", range(3))
def test_calibration_errors_equal_those_of_torchmetrics(seed, norm):
    """15 bins, void left out."""
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    probs, target = draw(seed)
    expected = classification.multiclass_calibration_error(
        torch.tensor(probs)[None], torch.tensor(target)[None], 4, norm=norm, ignore_index=255
    )
    score = {"l1": expected_calibration_error, "max": maximum_calibration_error}[norm]
    assert score(count_calibration(probs, target)) == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_counts_equal_the_loop_over_pixels(seed):
    """One pixel after the other into (b / B, (b + 1) / B]."""
    probs, target = draw(seed)
    counts = count_calibration(probs, target, bins=7)
    pixels, correct = [0] * 7, [0] * 7
    for column, t in zip(probs.reshape(4, -1).T.astype(float), target.ravel()):
        b = next(b for b in range(7) if column.max() <= (b + 1) / 7)
        pixels[b] += t != 255
        correct[b] += t == column.argmax()
    assert counts.pixels.tolist() == pixels
    assert counts.correct.tolist() == correct


def test_calibration_counts_add_up_and_survive_a_pickle():
    """Of two images as of one."""
    (p, s), (q, t) = draw(0), draw(1)
    total = pickle.loads(pickle.dumps(sum([count_calibration(p, s), count_calibration(q, t)])))
    as_one = count_calibration(np.concatenate([p, q], axis=1), np.concatenate([s, t]))
    assert total.pixels.tolist() == as_one.pixels.tolist()
    np.testing.assert_allclose(total.confidence, as_one.confidence)
    with pytest.raises(ArgumentError, match="must be of the same bins, got"):
        total + count_calibration(p, s, bins=3)


def test_nothing_valid_has_no_calibration():
    """NaN, without a warning."""
    counts = count_calibration(PROBS, np.full(4, 255))
    assert np.isnan(expected_calibration_error(counts))
    assert np.isnan(maximum_calibration_error(counts))


def test_logits_shapes_and_types_are_checked():
    """One sentence each."""
    with pytest.raises(ArgumentError, match=r"probs must be 0\.\.1 .* Activate logits first"):
        count_calibration(PROBS * 5, TARGET)
    with pytest.raises(ArgumentError, match=r"probs must be \(C, \*S\), with \*S of target"):
        count_calibration(PROBS[:, :3], TARGET)
    with pytest.raises(ArgumentError, match=r"target must be class indices 0\.\.1 or ignored"):
        count_calibration(PROBS, TARGET + 2)
    with pytest.raises(ArgumentTypeError, match="probs must be floating point"):
        count_calibration(TARGET[None], TARGET)
    with pytest.raises(ArgumentError, match="bins must be >= 1, got 0"):
        count_calibration(PROBS, TARGET, bins=0)
    with pytest.raises(ArgumentError, match=r"correct must be \(B,\) = \(2\), got \(3,\)"):
        CalibrationCounts(np.zeros(2), np.zeros(2), np.zeros(3))
