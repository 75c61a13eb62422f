"""Soft clDice: the loop over neighbours, and what a skeleton of simple shapes is."""

import numpy as np
import pytest
import torch

import oracles_losses as slow
import pixelwise as pw
from losses.small import ONE, TARGET_ONE
from pixelwise.losses.skeleton import soft_skeleton


@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_it_is_the_loop(iterations, smooth):
    p, y = slow.probabilities(ONE.numpy(), "sigmoid"), slow.one_hot(TARGET_ONE.numpy(), 1)
    expected = slow.soft_cldice(p[0, 0], y[0, 0], TARGET_ONE[0].numpy() != 255, iterations, smooth)
    loss = pw.SoftCLDice(iterations, smooth, activation="sigmoid")(ONE[:1], TARGET_ONE[:1])
    assert loss.item() == pytest.approx(expected)


def test_it_is_the_loop_in_three_dimensions():
    generator = torch.Generator().manual_seed(8)
    logits = torch.randn(1, 1, 3, 4, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 2, (1, 3, 4, 5), generator=generator)
    p, y = logits.sigmoid()[0, 0].numpy(), target[0].double().numpy()
    expected = slow.soft_cldice(p, y, np.ones(y.shape, bool), 2)
    loss = pw.SoftCLDice(2, activation="sigmoid")(logits, target)
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(6, 7), (3, 4, 5)])
def test_void_is_like_the_outside_of_the_image(shape):
    """What a void pixel holds changes no other pixel; the loop never looks at it."""
    generator = torch.Generator().manual_seed(10)
    maps = torch.rand(shape, generator=generator, dtype=torch.float64)
    valid = torch.rand(shape, generator=generator) < 0.7
    expected = slow.skeleton(maps.numpy(), valid.numpy(), 2)
    for held in (0.0, 1.0):
        skeleton = soft_skeleton(torch.where(valid, maps, held)[None, None], valid, 2)[0, 0]
        np.testing.assert_allclose(skeleton[valid], expected[valid.numpy()])


def test_several_classes_are_each_their_own():
    logits = torch.cat([ONE, -ONE], dim=1)
    alone = pw.SoftCLDice(activation="sigmoid")(2 * ONE, TARGET_ONE)
    both = pw.SoftCLDice(classes=[1])(logits.flip(1), TARGET_ONE)
    torch.testing.assert_close(both, alone)


def test_a_line_is_its_own_skeleton_and_a_bar_thins_to_its_middle():
    valid = torch.ones(1, 1, 7, 9, dtype=torch.bool)
    line = torch.zeros(1, 1, 7, 9)
    line[..., 3, 1:8] = 1
    assert torch.equal(soft_skeleton(line, valid, 3), line)
    bar = torch.zeros(1, 1, 7, 9)
    bar[..., 2:5, 1:8] = 1
    middle = torch.zeros(1, 1, 7, 9)
    middle[..., 3, 2:7] = 1
    assert torch.equal(soft_skeleton(bar, valid, 3), middle)
    assert not soft_skeleton(bar, valid, 0).any(), "three pixels are wider than no erosion reaches"


def test_a_gap_in_a_line_costs_more_than_the_same_pixels_at_its_side():
    """What the loss is for: overlap alone cannot tell the two."""
    target = torch.zeros(1, 9, 21, dtype=torch.long)
    target[:, 3:6, 1:20] = 1
    gap, thin = (12.0 * target.unsqueeze(1) - 6 for _ in range(2))
    gap[..., 3:6, 10] = -6.0
    thin[..., 3, 9:12] = -6.0
    dice, cldice = pw.Dice(activation="sigmoid"), pw.SoftCLDice(activation="sigmoid")
    assert dice(gap, target) == pytest.approx(dice(thin, target).item(), rel=1e-5)
    assert cldice(gap, target) > 1.5 * cldice(thin, target)


def test_batch_and_per_image():
    alone = [pw.SoftCLDice(activation="sigmoid")(ONE[[n]], TARGET_ONE[[n]]) for n in (0, 1)]
    loss = pw.SoftCLDice(per_image=True, activation="sigmoid")(ONE, TARGET_ONE)
    torch.testing.assert_close(loss, sum(alone) / 2)


def test_monai_has_the_same_number():
    losses = pytest.importorskip("monai.losses")
    target = TARGET_ONE.clamp(max=1)
    theirs = losses.SoftclDiceLoss(sigmoid=True, smooth=1e-12)(ONE, target[:, None].double())
    loss = pw.SoftCLDice(smooth=1.0, per_image=True, absent="keep", activation="sigmoid")
    torch.testing.assert_close(loss(ONE, target), theirs)


def test_a_wrong_option_of_soft_cldice_is_one_sentence():
    with pytest.raises(pw.PixelwiseError, match="iterations must be >= 0"):
        pw.SoftCLDice(iterations=-1)
    with pytest.raises(pw.PixelwiseError, match="smooth must be >= 0"):
        pw.SoftCLDice(smooth=-1.0)
