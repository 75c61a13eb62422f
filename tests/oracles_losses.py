"""Slow float64 loops for the losses, from their papers. Imports nothing of ours.

Logits are (N, C, H, W) arrays, targets (N, H, W); a pixel is (n, i, j). `weight` is a weight per
pixel of the target's shape.
"""

import math
from itertools import product

import numpy as np


def softmax(x):
    e = [math.exp(v - max(x)) for v in x]
    return np.array([v / sum(e) for v in e])


def sigmoid(x):
    return np.array([1 / (1 + math.exp(-v)) for v in x])


def probabilities(logits, activation="softmax"):
    """(N, C, H, W) from logits."""
    p = np.zeros(logits.shape)
    for n, i, j in np.ndindex(logits.shape[0], *logits.shape[2:]):
        p[n, :, i, j] = {"softmax": softmax, "sigmoid": sigmoid}[activation](logits[n, :, i, j])
    return p


def one_hot(target, channels):
    """(N, C, H, W) of 0 and 1; a single channel marks index 1."""
    classes = [1] if channels == 1 else range(channels)
    return np.stack([(target == c) * 1.0 for c in classes], axis=1)


def valid_pixels(target, ignore=255):
    return [place for place in np.ndindex(target.shape) if target[place] != ignore]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


# Pixel losses ------------------------------------------------------------------------------------


def poly1(logits, target, epsilon, activation="softmax"):
    """Mean of −log p_t + ε (1 − p_t), p_t the probability of the right side."""
    p, y = probabilities(logits, activation), one_hot(target, logits.shape[1])
    losses = []
    for n, i, j in valid_pixels(target):
        for c in range(logits.shape[1]):
            right = p[n, c, i, j] if y[n, c, i, j] else 1 - p[n, c, i, j]
            if activation == "sigmoid" or y[n, c, i, j]:
                losses.append(-math.log(right) + epsilon * (1 - right))
    return mean(losses)


def binary_cross_entropy(logits, target, smoothing=0.0, pos_weight=1.0, weight=None):
    """Weighted mean over pixels and channels, y' = y (1 − s) + s / 2."""
    p, y = probabilities(logits, "sigmoid"), one_hot(target, logits.shape[1])
    weight = np.ones(logits.shape[1]) if weight is None else weight
    total = norm = 0.0
    for n, i, j in valid_pixels(target):
        for c, w in enumerate(weight):
            q, t = p[n, c, i, j], y[n, c, i, j] * (1 - smoothing) + smoothing / 2
            total += w * (-pos_weight * t * math.log(q) - (1 - t) * math.log(1 - q))
            norm += w
    return total / norm


def pixel_losses(logits, target, activation="softmax"):
    """The cross entropy of every valid pixel (softmax) or pixel and channel (sigmoid)."""
    alone = []
    for n, i, j in valid_pixels(target):
        x, t = logits[n, :, i, j], target[n, i, j]
        for c in range(len(x)):
            if activation == "sigmoid":
                hit = t == (1 if len(x) == 1 else c)
                p = sigmoid(x)[c]
                alone.append(-math.log(p if hit else 1 - p))
            elif c == t:
                alone.append(-math.log(softmax(x)[c]))
    return alone


def top_k(losses, fraction):
    """Mean of the largest fraction of the losses; the last one in part."""
    left, total = fraction * len(losses), 0.0
    for loss in sorted(losses, reverse=True):
        total += min(1.0, left) * loss
        left -= min(1.0, left)
    return total / (fraction * len(losses))


def ohem(losses, threshold, kept):
    """Mean of the losses of probabilities below the threshold, and of the `kept` largest."""
    ranked = sorted(losses, reverse=True)
    return mean(v for k, v in enumerate(ranked) if k < kept or math.exp(-v) < threshold)


def focal(logits, target, gamma, activation="softmax"):
    """Mean of (1 − p_t)^γ (−log p_t) over valid pixels, for sigmoid over their channels too."""
    losses = pixel_losses(logits, target, activation)
    return mean((1 - math.exp(-loss)) ** gamma * loss for loss in losses)


# Losses of a region ------------------------------------------------------------------------------


def scores(logits, target, alpha, beta, activation="softmax"):
    """(C,) I / (I + alpha FP + beta FN) over the valid pixels of the batch."""
    p, y = probabilities(logits, activation), one_hot(target, logits.shape[1])
    values = []
    for c in range(logits.shape[1]):
        tp = fp = fn = 0.0
        for n, i, j in valid_pixels(target):
            q, t = p[n, c, i, j], y[n, c, i, j]
            tp, fp, fn = tp + q * t, fp + q * (1 - t), fn + (1 - q) * t
        values.append(tp / (tp + alpha * fp + beta * fn))
    return values


def mean_score_loss(logits, target, alpha, beta, activation="softmax"):
    """1 − score, mean over the classes that occur among valid pixels."""
    present = one_hot(target, logits.shape[1]).sum((0, 2, 3)) > 0
    values = scores(logits, target, alpha, beta, activation)
    return mean(1 - s for s, here in zip(values, present) if here)


def generalized_dice(logits, target):
    """1 − 2 Σ_c v I / Σ_c v (P + T) with v = 1/T² for the classes that occur."""
    p, y = probabilities(logits), one_hot(target, logits.shape[1])
    above = below = 0.0
    for c in range(logits.shape[1]):
        pairs = [(p[n, c, i, j], y[n, c, i, j]) for n, i, j in valid_pixels(target)]
        size = sum(t for _, t in pairs)
        if size > 0:
            above += 2 * sum(q * t for q, t in pairs) / size**2
            below += sum(q + t for q, t in pairs) / size**2
    return 1 - above / below


FORMS = {
    "one_minus": lambda s: 1 - s,
    "log": lambda s: -math.log(s),
    "log_cosh": lambda s: math.log(math.cosh(1 - s)),
    "minus": lambda s: -s,
}


def mcc(logits, target, activation="softmax", smooth=0.0):
    """Mean over classes with pixels of both sides of 1 − MCC of the soft confusion matrix."""
    p, y = probabilities(logits, activation), one_hot(target, logits.shape[1])
    losses = []
    for c in range(logits.shape[1]):
        cells = {(a, b): smooth for a in (0, 1) for b in (0, 1)}
        for n, i, j in valid_pixels(target):
            cells[int(y[n, c, i, j]), 1] += p[n, c, i, j]
            cells[int(y[n, c, i, j]), 0] += 1 - p[n, c, i, j]
        tp, fn, fp, tn = cells[1, 1], cells[1, 0], cells[0, 1], cells[0, 0]
        if tp + fn > 2 * smooth and tn + fp > 2 * smooth + 1e-9:
            below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
            losses.append(1 - (tp * tn - fp * fn) / math.sqrt(below))
    return mean(losses)


# Lovász ------------------------------------------------------------------------------------------


def jaccard_loss(wrong, truth):
    """|wrong| / |truth ∪ wrong| for sets of pixels: the Jaccard loss if exactly these are wrong."""
    return len(wrong) / len(truth | wrong) if truth | wrong else 0.0


def lovasz_extension(errors, truth):
    """Σ e_π(i) (Δ({π1..πi}) − Δ({π1..πi−1})) with errors, a dict of pixels, sorted downwards."""
    total, wrong = 0.0, set()
    for pixel in sorted(errors, key=errors.get, reverse=True):
        before = jaccard_loss(wrong, truth)
        wrong = wrong | {pixel}
        total += errors[pixel] * (jaccard_loss(wrong, truth) - before)
    return total


def lovasz_softmax(logits, target, skip_absent=True):
    """Lovász-softmax of the batch, mean over the classes that occur (or over all)."""
    p, y = probabilities(logits), one_hot(target, logits.shape[1])
    losses = []
    for c in range(logits.shape[1]):
        errors = {(n, i, j): abs(y[n, c, i, j] - p[n, c, i, j]) for n, i, j in valid_pixels(target)}
        truth = {place for place in errors if target[place] == c}
        if truth or not skip_absent:
            losses.append(lovasz_extension(errors, truth))
    return mean(losses)


def lovasz_hinge(logits, target):
    """Lovász hinge of one channel."""
    errors, truth = {}, set()
    for n, i, j in valid_pixels(target):
        sign = 1 if target[n, i, j] == 1 else -1
        errors[n, i, j] = max(0.0, 1 - sign * logits[n, 0, i, j])
        truth |= {(n, i, j)} if sign == 1 else set()
    return lovasz_extension(errors, truth)


# Distances ---------------------------------------------------------------------------------------


def nearest(place, others, spacing):
    """Distance from (i, j) to the nearest of others; 0 if there are none."""
    steps = [
        math.hypot(*((a - b) * s for a, b, s in zip(place, other, spacing))) for other in others
    ]
    return min(steps, default=0.0)


def distances(side, valid, spacing=(1, 1)):
    """(H, W) distance of every valid pixel to the nearest valid pixel of the other side."""
    result = np.zeros(side.shape)
    for place in np.ndindex(side.shape):
        others = [o for o in np.ndindex(side.shape) if valid[o] and side[o] != side[place]]
        result[place] = nearest(place, others, spacing) if valid[place] else 0.0
    return result


def by_distance(logits, target, cost, activation="softmax", spacing=(1, 1)):
    """Mean over classes of the mean cost over the valid pixels of the images that have the class.

    cost(p, y, distance to the boundary of y, the same of p > 1/2) is that of one pixel.
    """
    p, y = probabilities(logits, activation), one_hot(target, logits.shape[1])
    losses = []
    for c in range(logits.shape[1]):
        costs = []
        for n in range(len(logits)):
            valid, own = target[n] != 255, y[n, c] == 1
            if own.any():
                of_y = distances(own, valid, spacing)
                of_p = distances(p[n, c] > 0.5, valid, spacing)
                places = [o for o in np.ndindex(own.shape) if valid[o]]
                costs += [cost(p[n, c][o], y[n, c][o], of_y[o], of_p[o]) for o in places]
        losses.append(mean(costs))
    present = [c for c in range(logits.shape[1]) if y[:, c].sum() > 0]
    return mean(losses[c] for c in present)


def boundary_cost(unit=1.0):
    """(p − y) φ with φ = d outside and −(d − unit) inside; 0 where there is no boundary."""
    return lambda p, y, d, _: (p - y) * (-max(d - unit, 0.0) if y else d)


def hausdorff_cost(alpha=2.0):
    return lambda p, y, d, e: (p - y) ** 2 * (d**alpha + e**alpha)


# Skeletons ---------------------------------------------------------------------------------------


def pooled(maps, valid, offsets, best, empty):
    """best() over the valid pixels at these offsets that are inside the image."""
    out = np.zeros(maps.shape)
    for place in np.ndindex(maps.shape):
        around = [tuple(np.add(place, o)) for o in offsets]
        inside = [q for q in around if all(0 <= a < s for a, s in zip(q, maps.shape))]
        out[place] = best([maps[q] for q in inside if valid[q]], default=empty)
    return out


def skeleton(maps, valid, iterations):
    """Algorithm 1 of clDice on one map of any number of axes."""
    axes = maps.ndim
    cross = [o for o in product((-1, 0, 1), repeat=axes) if sum(map(abs, o)) <= 1]
    cube = list(product((-1, 0, 1), repeat=axes))

    def opened(m):
        return pooled(pooled(m, valid, cross, min, 1.0), valid, cube, max, 0.0)

    skel = np.maximum(maps - opened(maps), 0)
    for _ in range(iterations):
        maps = pooled(maps, valid, cross, min, 1.0)
        delta = np.maximum(maps - opened(maps), 0)
        skel = skel + np.maximum(delta - skel * delta, 0)
    return skel


def soft_cldice(p, y, valid, iterations, smooth=0.0):
    """1 − 2AB/(A+B) of one map; p and y of any number of axes."""
    of_p, of_y = skeleton(p, valid, iterations), skeleton(y, valid, iterations)
    precision = ((of_p * y)[valid].sum() + smooth) / (of_p[valid].sum() + smooth)
    recall = ((of_y * p)[valid].sum() + smooth) / (of_y[valid].sum() + smooth)
    return 1 - 2 * precision * recall / (precision + recall)
