"""Slow float64 definitions that the library is checked against. Imports nothing of ours.

Everything is written pixel by pixel or as the textbook formula, for (N, C, P) logits.
"""

import math

import numpy as np


def softmax(x):
    """(C,) probabilities of one pixel."""
    e = [math.exp(v - max(x)) for v in x]
    return [v / sum(e) for v in e]


def cross_entropy(logits, target, ignore=255, weight=None, smoothing=0.0):
    """Weighted mean of −log p over valid pixels, with label smoothing as torch defines it."""
    channels = logits.shape[1]
    weight = np.ones(channels) if weight is None else np.asarray(weight, float)
    total = norm = 0.0
    for n, i in np.ndindex(target.shape):
        t = int(target[n, i])
        if t == ignore:
            continue
        log_p = np.log(softmax(logits[n, :, i]))
        total += -(1 - smoothing) * weight[t] * log_p[t]
        total += -smoothing / channels * float((weight * log_p).sum())
        norm += weight[t]
    return total / norm if norm else 0.0


def focal(logits, target, gamma, ignore=255):
    """Mean of (1−p)^γ (−log p) over valid pixels."""
    values = []
    for n, i in np.ndindex(target.shape):
        t = int(target[n, i])
        if t != ignore:
            p = softmax(logits[n, :, i])[t]
            values.append((1 - p) ** gamma * -math.log(p))
    return sum(values) / len(values) if values else 0.0


def region_sums(logits, target, ignore=255, square=False):
    """Per image and class: Σ p y, Σ p (or p²), Σ y over valid pixels; three (N, C) arrays."""
    inter, prob, truth = (np.zeros(logits.shape[:2]) for _ in range(3))
    for n, i in np.ndindex(target.shape):
        t = int(target[n, i])
        if t == ignore:
            continue
        p = np.array(softmax(logits[n, :, i]))
        inter[n, t] += p[t]
        prob[n] += p**2 if square else p
        truth[n, t] += 1
    return inter, prob, truth


def dice_loss(logits, target, ignore=255, smooth=0.0, per_image=False, square=False):
    """1 − (2I + s) / (P + T + s), mean over classes that occur, then over images with pixels."""
    sums = region_sums(logits, target, ignore, square)
    inter, prob, truth = sums if per_image else (s.sum(0, keepdims=True) for s in sums)
    images = []
    for i, p, t in zip(inter, prob, truth):
        losses = [1 - (2 * a + smooth) / (b + c + smooth) for a, b, c in zip(i, p, t) if c > 0]
        if losses:
            images.append(sum(losses) / len(losses))
    return sum(images) / len(images) if images else 0.0
