"""Matthews correlation from soft counts: the loop, a table by hand, and the peers."""

import math

import pytest
import torch

import oracles_losses as slow
import pixelwise as pw
from losses.small import MAPS, each_batch


@each_batch
def test_it_is_the_loop(maps, activation):
    logits, target = MAPS[maps]
    loss = pw.MCC(activation=activation)(logits, target)
    expected = slow.mcc(logits.numpy(), target.numpy(), activation)
    assert loss.item() == pytest.approx(expected)


def certain(tp, fp, fn, tn):
    """Logits and target of one channel with this confusion table."""
    pred = torch.tensor([1.0] * tp + [1.0] * fp + [-1.0] * fn + [-1.0] * tn, dtype=torch.float64)
    target = torch.tensor([1] * tp + [0] * fp + [1] * fn + [0] * tn)
    return 1e3 * pred.view(1, 1, -1), target.view(1, -1)


def test_a_confusion_table_by_hand():
    """TP 6, FP 1, FN 2, TN 3: (18 − 2) / √(7 · 8 · 4 · 5) = 16/√1120."""
    loss = pw.MCC(activation="sigmoid")(*certain(6, 1, 2, 3))
    assert loss.item() == pytest.approx(1 - 16 / math.sqrt(1120))


@pytest.mark.parametrize(
    ("table", "expected"), [((4, 0, 0, 3), 0.0), ((0, 3, 4, 0), 2.0), ((2, 2, 3, 3), 1.0)]
)
def test_right_wrong_and_random(table, expected):
    assert pw.MCC(activation="sigmoid")(*certain(*table)).item() == pytest.approx(expected)


@pytest.mark.parametrize("table", [(5, 0, 0, 0), (0, 0, 0, 5), (3, 0, 2, 0), (0, 3, 0, 2)])
def test_one_side_alone_has_no_correlation(table):
    """A class that is nowhere or everywhere is left out; kept, it is 0 only if it is right."""
    logits, target = certain(*table)
    assert pw.MCC(activation="sigmoid")(logits, target) == 0
    wrong = float(table[1] + table[2] > 0)
    assert pw.MCC(absent="keep", activation="sigmoid")(logits, target) == wrong


def test_two_channels_of_softmax_have_one_correlation():
    logits, target = MAPS["sigmoid"]
    two = torch.cat([-logits, logits], dim=1)
    torch.testing.assert_close(
        pw.MCC()(two, target), pw.MCC(activation="sigmoid")(2 * logits, target)
    )


def test_monai_has_the_same_number():
    losses = pytest.importorskip("monai.losses")
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, 3, 6, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 3, (2, 6, 5), generator=generator)
    theirs = losses.MCCLoss(softmax=True, to_onehot_y=True, smooth_dr=0.0)(
        logits, target.unsqueeze(1)
    )
    torch.testing.assert_close(pw.MCC(per_image=True)(logits, target), theirs)


def test_smp_has_the_same_number():
    losses = pytest.importorskip("segmentation_models_pytorch.losses")
    logits, target = MAPS["sigmoid"]
    target = target.clamp(max=1)
    theirs = losses.MCCLoss(eps=0.5)(logits.sigmoid(), target.double())
    ours = pw.MCC(smooth=0.5, absent="keep", activation="sigmoid")(logits, target)
    torch.testing.assert_close(ours, theirs)


def test_a_wrong_option_of_mcc_is_one_sentence():
    with pytest.raises(pw.PixelwiseError, match="MCC: smooth must be >= 0"):
        pw.MCC(smooth=-1)
    with pytest.raises(pw.PixelwiseError, match="MCC: classes must be indices below 4"):
        pw.MCC(classes=[4])(*MAPS["softmax"])
