"""Deep supervision: the weighted mean over levels, each brought to the one target."""

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw

GENERATOR = torch.Generator().manual_seed(3)
LEVELS = [torch.randn(2, 3, s, s, generator=GENERATOR, dtype=torch.float64) for s in (16, 8, 4)]
TARGET = torch.randint(0, 3, (2, 16, 16), generator=GENERATOR)
TARGET[:, :4, :3] = 255
LOSS = pw.CrossEntropy(upsample="bilinear") + pw.Dice(upsample="bilinear")


@pytest.mark.parametrize(
    ("weights", "expected"), [(None, [4 / 7, 2 / 7, 1 / 7]), ([3, 1, 0], [0.75, 0.25, 0.0])]
)
def test_it_is_the_weighted_mean_of_interpolated_levels(weights, expected):
    alone = [
        LOSS(F.interpolate(x, size=(16, 16), mode="bilinear", align_corners=False), TARGET)
        for x in LEVELS
    ]
    loss = pw.DeepSupervision(LOSS, weights)(LEVELS, TARGET)
    torch.testing.assert_close(loss, sum(w * v for w, v in zip(expected, alone)))


def test_one_level_is_the_loss():
    torch.testing.assert_close(
        pw.DeepSupervision(LOSS)(LEVELS[:1], TARGET), LOSS(LEVELS[0], TARGET)
    )


def test_every_level_learns():
    levels = [x.clone().requires_grad_() for x in LEVELS]
    pw.DeepSupervision(LOSS)(levels, TARGET).backward()
    assert all(x.grad.abs().sum() > 0 for x in levels)


def test_pixel_weights_and_soft_targets_go_to_every_level():
    hot = pw.one_hot(TARGET, 3, dtype=torch.float64)
    weight = (TARGET != 255).double()
    soft = pw.DeepSupervision(LOSS)(LEVELS, hot, weight, soft_target=True)
    torch.testing.assert_close(soft, pw.DeepSupervision(LOSS)(LEVELS, TARGET))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: pw.DeepSupervision(LOSS)(LEVELS[0], TARGET), "logits must be a list of tensors"),
        (lambda: pw.DeepSupervision(LOSS)([], TARGET), "at least one level, got none"),
        (lambda: pw.DeepSupervision(LOSS, [1, 1])(LEVELS, TARGET), "one for each of 3 levels"),
        (lambda: pw.DeepSupervision(LOSS, [0, 0]), "weights must be not all 0"),
        (lambda: pw.DeepSupervision(LOSS, [1, -1]), "weights must be finite and >= 0"),
        (lambda: pw.DeepSupervision(torch.nn.CrossEntropyLoss()), "criterion must be a Criterion"),
        (
            lambda: pw.DeepSupervision(pw.Dice())(LEVELS, TARGET),
            'Sizes may differ only with upsample="bilinear"',
        ),
    ],
)
def test_what_cannot_be_supervised_is_one_sentence(run, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        run()
