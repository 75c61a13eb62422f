"""Scores from their definitions, one pixel at a time, in Python numbers. Imports nothing of ours.

Pixels are lists of (target, pred); an ignored pixel is simply not in the list.
"""

from math import isnan, nan


def pixels_of(pred, target, ignored=()):
    """The valid pixels of two arrays of one shape as a list of (target, pred)."""
    pairs = zip(target.ravel().tolist(), pred.ravel().tolist())
    return [(t, p) for t, p in pairs if t not in ignored]


def confusion(pixels, num_classes):
    rows = [[0] * num_classes for _ in range(num_classes)]
    for t, p in pixels:
        rows[t][p] += 1
    return rows


def outcome(pixels, c):
    """True positives, false positives, false negatives of class c."""
    tp = sum(1 for t, p in pixels if t == c and p == c)
    fp = sum(1 for t, p in pixels if t != c and p == c)
    fn = sum(1 for t, p in pixels if t == c and p != c)
    return tp, fp, fn


def ratio(numerator, denominator, present):
    """Absent classes have no score; a present class with nothing to divide by scores 0."""
    if not present:
        return nan
    return numerator / denominator if denominator else 0.0


def iou(tp, fp, fn):
    return ratio(tp, tp + fp + fn, tp + fp + fn)


def dice(tp, fp, fn):
    return ratio(2 * tp, 2 * tp + fp + fn, tp + fp + fn)


def precision(tp, fp, fn):
    return ratio(tp, tp + fp, tp + fp + fn)


def recall(tp, fp, fn):
    return ratio(tp, tp + fn, tp + fp + fn)


def f_beta(tp, fp, fn, beta=1.0):
    b = beta * beta
    return ratio((1 + b) * tp, (1 + b) * tp + b * fn + fp, tp + fp + fn)


PER_CLASS = {"iou": iou, "dice": dice, "precision": precision, "recall": recall, "f_beta": f_beta}


def per_class(name, pixels, num_classes):
    return [PER_CLASS[name](*outcome(pixels, c)) for c in range(num_classes)]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else nan


def is_number(value):
    return not isnan(value)


def in_target(pixels, c):
    return any(t == c for t, _ in pixels)


def pixel_accuracy(pixels, _num_classes):
    return mean(float(t == p) for t, p in pixels)


def mean_accuracy(pixels, num_classes):
    scores = per_class("recall", pixels, num_classes)
    return mean(scores[c] for c in range(num_classes) if in_target(pixels, c))


POWER = {"square": 2, "simple": 1, "uniform": 0}


def generalized_dice(pixels, num_classes, weighting="square", keeps_absent=True):
    """Both sums of 2 Σ v tp / Σ v (2 tp + fp + fn), class by class."""
    outcomes = [outcome(pixels, c) for c in range(num_classes)]
    weights = [1 / (tp + fn) ** POWER[weighting] if tp + fn else 0 for tp, _, fn in outcomes]
    of_absent = (max(weights) or 1) if keeps_absent else 0
    above = below = anything = 0
    for weight, (tp, fp, fn) in zip(weights, outcomes):
        own = weight if tp + fn else of_absent
        above, below = above + own * 2 * tp, below + own * (2 * tp + fp + fn)
        anything += tp + fp + fn
    return ratio(above, below, anything)


def mean_present(name, pixels, num_classes):
    return mean(filter(is_number, per_class(name, pixels, num_classes)))


def mean_target(name, pixels, num_classes):
    scores = per_class(name, pixels, num_classes)
    return mean(scores[c] for c in range(num_classes) if in_target(pixels, c))


def mean_absent_as(name, pixels, num_classes, absent):
    scores = per_class(name, pixels, num_classes)
    return mean(s if is_number(s) else absent for s in scores) if pixels else nan


def mean_micro(name, pixels, num_classes):
    outcomes = [outcome(pixels, c) for c in range(num_classes)]
    return PER_CLASS[name](*(sum(column) for column in zip(*outcomes)))


def mean_weighted(name, pixels, num_classes):
    """The mean over pixels of the score of each pixel's target class."""
    scores = per_class(name, pixels, num_classes)
    return mean(scores[t] for t, _ in pixels)


def mean_per_image(name, images, num_classes):
    return mean(filter(is_number, (mean_present(name, i, num_classes) for i in images)))


def mean_score(name, images, num_classes, convention):
    """The mean of `name` over images, a list of lists of pixels, under a named convention."""
    pixels = [pixel for image in images for pixel in image]
    return {
        "present": lambda: mean_present(name, pixels, num_classes),
        "target": lambda: mean_target(name, pixels, num_classes),
        "absent_as_zero": lambda: mean_absent_as(name, pixels, num_classes, 0.0),
        "absent_as_one": lambda: mean_absent_as(name, pixels, num_classes, 1.0),
        "micro": lambda: mean_micro(name, pixels, num_classes),
        "weighted": lambda: mean_weighted(name, pixels, num_classes),
        "per_image": lambda: mean_per_image(name, images, num_classes),
    }[convention]()


SCALARS = {
    "pixel_accuracy": pixel_accuracy,
    "mean_accuracy": mean_accuracy,
    "frequency_weighted_iou": lambda pixels, c: mean_weighted("iou", pixels, c),
    "generalized_dice": generalized_dice,
    "mean_iou": lambda pixels, c: mean_present("iou", pixels, c),
    "mean_dice": lambda pixels, c: mean_present("dice", pixels, c),
}


def score(name, pixels, num_classes):
    """Any score of the table: a list with one entry a class, or a number."""
    if name in PER_CLASS:
        return per_class(name, pixels, num_classes)
    return SCALARS[name](pixels, num_classes)
