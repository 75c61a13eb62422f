"""Top-k and OHEM: a loop over the sorted losses, hand-computed cases, never a detached zero."""

import math

import pytest
import torch

import oracles_losses as slow
import pixelwise as pw
from losses.small import LOGITS, MAPS, TARGET, each_batch
from pixelwise.losses.hard_pixels import hardest


@each_batch
@pytest.mark.parametrize("fraction", [0.03, 0.1, 0.37, 1.0])
def test_top_k_is_the_loop(maps, activation, fraction):
    logits, target = MAPS[maps]
    losses = slow.pixel_losses(logits.numpy(), target.numpy(), activation)
    loss = pw.TopK(fraction, activation=activation)(logits, target)
    assert loss.item() == pytest.approx(slow.top_k(losses, fraction))


@each_batch
@pytest.mark.parametrize("threshold", [0.0, 0.02, 0.7, 1.0])
@pytest.mark.parametrize("kept", [0, 5, 20])
def test_ohem_is_the_loop(maps, activation, threshold, kept):
    logits, target = MAPS[maps]
    losses = slow.pixel_losses(logits.numpy(), target.numpy(), activation)
    ohem = pw.OHEM(threshold, kept / len(losses), activation=activation)
    expected = slow.ohem(losses, threshold, kept)
    assert ohem(logits, target).item() == pytest.approx(expected)


def test_the_hardest_by_hand():
    """Half of five pixels is two and a half: the two largest, and half of the third."""
    losses = torch.tensor([1.0, 5.0, 3.0, 4.0, 2.0])
    taken = hardest(losses, torch.ones(5), 0.5)
    assert taken.tolist() == [0, 1, 0.5, 1, 0]
    # a pixel of weight 3 is three pixels, an ignored one is none
    taken = hardest(losses, torch.tensor([1.0, 0.0, 3.0, 1.0, 1.0]), 0.5)
    assert taken.tolist() == [0, 0, 2, 1, 0]


def test_equal_losses_are_taken_in_the_order_of_pixels():
    """Deterministic: of ties the first comes first."""
    assert hardest(torch.ones(4), torch.ones(4), 0.5).tolist() == [1, 1, 0, 0]


def test_all_pixels_are_cross_entropy():
    weight = [0.5, 1.0, 2.0, 0.0]
    for loss in (pw.TopK(1.0, weight=weight), pw.OHEM(1.0, 1.0, weight=weight)):
        torch.testing.assert_close(loss(LOGITS, TARGET), pw.CrossEntropy(weight)(LOGITS, TARGET))
    target = MAPS["rest"][1].clamp(max=2)
    three = MAPS["rest"][0]
    torch.testing.assert_close(
        pw.TopK(1.0, activation="sigmoid")(three, target), pw.BinaryCrossEntropy()(three, target)
    )


def test_only_pixels_below_the_threshold_count():
    """Two pixels of probability 1/2 and 9/10, threshold 7/10: the loss is −log 1/2."""
    logits = torch.tensor([[[0.0, math.log(9)], [0.0, 0.0]]])
    target = torch.zeros(1, 2, dtype=torch.long)
    loss = pw.OHEM(threshold=0.7, min_kept=0.0)(logits, target)
    assert loss.item() == pytest.approx(math.log(2))


def test_nothing_hard_is_an_attached_zero():
    logits = torch.tensor([[[9.0], [0.0]]], requires_grad=True)
    loss = pw.OHEM(threshold=0.5, min_kept=0.0)(logits, torch.zeros(1, 1, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(1, 2, 1))


def test_easy_pixels_get_no_gradient():
    x = LOGITS.clone().requires_grad_()
    pw.TopK(0.2)(x, TARGET).backward()
    valid = int((TARGET != 255).sum())
    touched = int((x.grad != 0).any(1).sum())
    assert touched == math.ceil(0.2 * valid)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pw.TopK(0.0), "fraction must be between"),
        (lambda: pw.TopK(1.5), "fraction must be between"),
        (lambda: pw.OHEM(threshold=2), "threshold must be between 0 and 1"),
        (lambda: pw.OHEM(min_kept=100_000), "divide a number of pixels by N·H·W"),
        (lambda: pw.TopK(weight=[1.0, -1.0]), "TopK: weight must be finite and >= 0"),
    ],
)
def test_a_wrong_option_of_a_hard_pixel_loss_is_one_sentence(make, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        make()
