"""Poly-1, smoothed binary cross entropy, forms of the region losses: loops and identities."""

from typing import get_args

import pytest
import torch
import torch.nn.functional as F

import oracles_losses as slow
import pixelwise as pw
from losses.small import LOGITS, MAPS, TARGET, each_batch
from pixelwise.losses.region import Form


@each_batch
@pytest.mark.parametrize("epsilon", [-1.0, 0.0, 2.0])
def test_poly1_is_the_loop(maps, activation, epsilon):
    logits, target = MAPS[maps]
    loss = pw.Poly1(epsilon, activation=activation)(logits, target)
    expected = slow.poly1(logits.numpy(), target.numpy(), epsilon, activation)
    assert loss.item() == pytest.approx(expected)


def test_poly1_without_epsilon_is_cross_entropy():
    weight = [0.5, 1.0, 2.0, 0.0]
    torch.testing.assert_close(
        pw.Poly1(0.0, weight)(LOGITS, TARGET), pw.CrossEntropy(weight)(LOGITS, TARGET)
    )
    batch = MAPS["rest"]
    torch.testing.assert_close(
        pw.Poly1(0.0, activation="sigmoid")(*batch), pw.BinaryCrossEntropy()(*batch)
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("maps", ["sigmoid", "rest"])
def test_smoothed_binary_cross_entropy_is_the_loop(maps, smoothing):
    logits, target = MAPS[maps]
    weight = [1.0, 0.5, 3.0][: logits.shape[1]]
    positive = [2.0] * logits.shape[1]
    loss = pw.BinaryCrossEntropy(positive, smoothing, weight)(logits, target)
    expected = slow.binary_cross_entropy(logits.numpy(), target.numpy(), smoothing, 2.0, weight)
    assert loss.item() == pytest.approx(expected)


def test_smoothing_one_channel_is_smoothing_two():
    """With label smoothing both spread the fraction over the two sides."""
    logits, target = MAPS["sigmoid"]
    two = torch.cat([torch.zeros_like(logits), logits], dim=1)
    torch.testing.assert_close(
        pw.BinaryCrossEntropy(label_smoothing=0.3)(logits, target),
        pw.CrossEntropy(label_smoothing=0.3)(two, target),
    )


def test_smoothing_is_torch_with_smoothed_targets():
    generator = torch.Generator().manual_seed(6)
    logits = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 2, (2, 3, 8), generator=generator)
    theirs = F.binary_cross_entropy_with_logits(logits, 0.9 * target.double() + 0.05)
    torch.testing.assert_close(pw.BinaryCrossEntropy(label_smoothing=0.1)(logits, target), theirs)


def test_sums_of_label_smoothing_are_left_to_the_definition():
    loss = pw.BinaryCrossEntropy(label_smoothing=0.1)
    assert loss.stats(*MAPS["sigmoid"]).backend == "torch"


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize(
    ("make", "alpha", "beta"),
    [
        (pw.Dice, 0.5, 0.5),
        (pw.Jaccard, 1.0, 1.0),
        (lambda **options: pw.Tversky(0.3, 0.7, **options), 0.3, 0.7),
        (lambda **options: pw.FBeta(2.0, **options), 0.2, 0.8),
    ],
)
def test_a_form_is_of_the_score_of_each_class(make, alpha, beta, form):
    loss = make(form=form)(LOGITS, TARGET)
    scores = slow.scores(LOGITS.numpy(), TARGET.numpy(), alpha, beta)
    expected = slow.mean(slow.FORMS[form](s) for s in scores[:3])  # class 3 is absent
    assert loss.item() == pytest.approx(expected)


def test_focal_tversky_raises_the_form():
    scores = slow.scores(LOGITS.numpy(), TARGET.numpy(), 0.3, 0.7)
    expected = slow.mean(slow.FORMS["log"](s) ** 0.75 for s in scores[:3])
    loss = pw.Tversky(0.3, 0.7, gamma=0.75, form="log")(LOGITS, TARGET)
    assert loss.item() == pytest.approx(expected)


def test_minus_log_of_no_overlap_is_finite():
    """A class predicted with probability 0 has a large loss and a finite gradient."""
    logits = torch.tensor([[[2000.0], [0.0]]], dtype=torch.float64, requires_grad=True)
    loss = pw.Dice(form="log")(logits, torch.ones(1, 1, dtype=torch.long))
    loss.backward()
    assert 500 < loss.item() < 1000
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pw.Dice(form="ln"), "Dice: form must be one of one_minus, log, log_cosh"),
        (
            lambda: pw.GeneralizedDice(form="log"),
            "an option must be .*, got 'form'",
        ),
        (lambda: pw.Poly1(-2), "Poly1: epsilon must be >= -1"),
        (lambda: pw.BinaryCrossEntropy(label_smoothing=2), "label_smoothing must be between"),
        (lambda: pw.BinaryCrossEntropy(weight=[-1.0]), "weight must be finite and >= 0"),
    ],
)
def test_a_wrong_option_of_a_form_is_one_sentence(make, message):
    with pytest.raises((pw.PixelwiseError, TypeError), match=message):
        make()
