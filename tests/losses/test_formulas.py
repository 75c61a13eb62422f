"""Losses against slow float64 loops, torch's own functions, and each other."""

import pytest
import torch
import torch.nn.functional as F

import oracles
import pixelwise as pw
from pixelwise.ops.stats import pixel_stats

GENERATOR = torch.Generator().manual_seed(1)
LOGITS = 2 * torch.randn(3, 4, 30, generator=GENERATOR, dtype=torch.float64)
TARGET = torch.randint(0, 4, (3, 30), generator=GENERATOR)
TARGET[:, ::7] = 255
TARGET[1] = 255  # an image without valid pixels
WEIGHT = [0.5, 1.0, 2.0, 0.0]
ARRAYS = LOGITS.numpy(), TARGET.numpy()


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_is_the_loop_and_torch(weight, smoothing):
    loss = pw.CrossEntropy(weight, smoothing)(LOGITS, TARGET)
    assert loss.item() == pytest.approx(
        oracles.cross_entropy(*ARRAYS, weight=weight, smoothing=smoothing)
    )
    torch_weight = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    theirs = F.cross_entropy(
        LOGITS, TARGET, torch_weight, ignore_index=255, label_smoothing=smoothing
    )
    torch.testing.assert_close(loss, theirs)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_is_the_loop(gamma):
    loss = pw.Focal(gamma)(LOGITS, TARGET)
    assert loss.item() == pytest.approx(oracles.focal(*ARRAYS, gamma))


@pytest.mark.parametrize("per_image", [False, True])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_dice_is_the_loop(per_image, squared, smooth):
    loss = pw.Dice(per_image=per_image, squared=squared, smooth=smooth)(LOGITS, TARGET)
    expected = oracles.dice_loss(*ARRAYS, smooth=smooth, per_image=per_image, square=squared)
    assert loss.item() == pytest.approx(expected)


def same(a, b, logits=LOGITS, target=TARGET):
    torch.testing.assert_close(a(logits, target), b(logits, target))


def test_focal_without_focus_is_cross_entropy():
    same(pw.Focal(gamma=0), pw.CrossEntropy())
    same(pw.Focal(gamma=0, activation="sigmoid"), pw.BinaryCrossEntropy())


@pytest.mark.parametrize("smooth", [0.0, 3.0])
def test_dice_is_tversky_of_one_half(smooth):
    same(pw.Dice(smooth=2 * smooth), pw.Tversky(0.5, 0.5, smooth=smooth))
    same(pw.Dice(smooth=smooth), pw.FBeta(1.0, smooth=smooth))


def test_jaccard_is_tversky_of_one():
    same(pw.Jaccard(smooth=1.0), pw.Tversky(1.0, 1.0, smooth=1.0))


def test_jaccard_of_certain_predictions_follows_from_dice():
    """J = D / (2 − D) when predictions are 0 or 1."""
    certain = 1e4 * LOGITS
    dice = 1 - pw.Dice(classes=[1])(certain, TARGET)
    torch.testing.assert_close(1 - pw.Jaccard(classes=[1])(certain, TARGET), dice / (2 - dice))


def test_generalized_dice_of_equal_weights_is_one_dice_over_all_pixels():
    s = pixel_stats(LOGITS, TARGET)
    expected = 1 - 2 * s.inter.sum() / (s.prob + s.target).sum()
    torch.testing.assert_close(pw.GeneralizedDice("uniform")(LOGITS, TARGET), expected)


def test_two_channels_of_softmax_are_one_of_sigmoid():
    """Softmax of two logits is the sigmoid of their difference."""
    two = LOGITS[:, :2]
    target = torch.where(TARGET < 255, TARGET % 2, TARGET)
    one = two[:, 1:] - two[:, :1]
    torch.testing.assert_close(pw.CrossEntropy()(two, target), pw.BinaryCrossEntropy()(one, target))
    torch.testing.assert_close(
        pw.Dice(classes=[1])(two, target), pw.Dice(activation="sigmoid")(one, target)
    )
    torch.testing.assert_close(
        pw.Focal(2.0)(two, target), pw.Focal(2.0, activation="sigmoid")(one, target)
    )


def test_a_constant_added_to_all_logits_of_a_pixel_changes_nothing():
    """And the gradient over the channels of a pixel sums to 0."""
    shifted = (LOGITS + 100 * torch.randn(3, 1, 30, generator=GENERATOR)).requires_grad_()
    loss = pw.criterion("ce+dice+focal")
    value = loss(shifted, TARGET)
    torch.testing.assert_close(value.detach(), loss(LOGITS, TARGET))
    value.backward()
    torch.testing.assert_close(shifted.grad.sum(1), torch.zeros(3, 30, dtype=torch.float64))


def test_uniform_class_weights_are_none():
    """And only the ratio of weights matters."""
    for make in (pw.CrossEntropy, pw.Dice, pw.Jaccard, pw.Tversky, pw.FBeta):
        same(make(weight=[3.0] * 4), make())
        same(make(weight=WEIGHT), make(weight=[10 * w for w in WEIGHT]))


def test_per_image_dice_of_a_batch_is_the_mean_over_its_images():
    """Images without valid pixels do not count."""
    loss = pw.Dice(per_image=True)
    alone = [loss(LOGITS[[i]], TARGET[[i]]) for i in (0, 2)]
    torch.testing.assert_close(loss(LOGITS, TARGET), sum(alone) / 2)


@pytest.mark.parametrize("absent", ["skip", "zero", "keep"])
def test_the_rule_for_absent_classes(absent):
    """Class 3 has no target pixel but some probability: left out, counted as 0, or as 1."""
    target = TARGET.masked_fill(TARGET == 3, 255)
    s = pixel_stats(LOGITS, target).over_batch()
    losses = (1 - 2 * s.inter / (s.prob + s.target))[0]
    expected = {
        "skip": losses[:3].mean(),
        "zero": losses[:3].sum() / 4,
        "keep": (losses[:3].sum() + 1) / 4,
    }
    torch.testing.assert_close(pw.Dice(absent=absent)(LOGITS, target), expected[absent])


def test_generalized_dice_stays_finite_with_an_absent_class():
    target = TARGET.masked_fill(TARGET == 3, 255)
    values = [
        pw.GeneralizedDice(w, absent=a)(LOGITS, target)
        for w in ("square", "simple", "uniform")
        for a in ("skip", "keep")
    ]
    assert all(0 < v < 1 for v in values)


@pytest.mark.parametrize(("weighting", "power"), [("square", 2), ("simple", 1), ("uniform", 0)])
@pytest.mark.parametrize("absent", ["skip", "keep"])
def test_generalized_dice_is_its_formula(weighting, power, absent):
    """Class 3 is absent: weight 0, or the largest weight of the others."""
    s = pixel_stats(LOGITS, TARGET.masked_fill(TARGET == 3, 255)).over_batch()
    v = [1 / float(t) ** power for t in s.target[0, :3]]
    v.append({"skip": 0.0, "keep": max(v)}[absent])
    inter, size = s.inter[0], (s.prob + s.target)[0]
    score = 2 * sum(a * b for a, b in zip(v, inter)) / sum(a * b for a, b in zip(v, size))
    loss = pw.GeneralizedDice(weighting, absent=absent)
    same_value = loss(LOGITS, TARGET.masked_fill(TARGET == 3, 255))
    torch.testing.assert_close(same_value, 1 - score)


def test_one_against_the_rest_is_a_sigmoid_of_every_channel():
    hot = pw.one_hot(TARGET, 4, dtype=torch.float64)
    valid = (TARGET != 255).unsqueeze(1).expand_as(hot)
    theirs = F.binary_cross_entropy_with_logits(LOGITS[valid], hot[valid])
    torch.testing.assert_close(pw.BinaryCrossEntropy()(LOGITS, TARGET), theirs)


def test_overlapping_classes_have_their_own_void():
    """A (N, C, *S) target is 0, 1 or ignored per channel."""
    target = torch.randint(0, 2, LOGITS.shape, generator=GENERATOR)
    target[:, 1, ::3] = 255
    valid = target != 255
    theirs = F.binary_cross_entropy_with_logits(LOGITS[valid], target[valid].double())
    torch.testing.assert_close(pw.BinaryCrossEntropy()(LOGITS, target), theirs)


def test_pos_weight_is_torchs():
    target = torch.randint(0, 2, LOGITS.shape, generator=GENERATOR)
    factor = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    theirs = F.binary_cross_entropy_with_logits(
        LOGITS, target.double(), pos_weight=factor[:, None].expand(4, 30)
    )
    torch.testing.assert_close(pw.BinaryCrossEntropy(factor)(LOGITS, target), theirs)


def test_adding_a_criterion_to_something_else_is_refused():
    with pytest.raises(TypeError, match="unsupported operand"):
        pw.Dice() + 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pw.CrossEntropy(weight=[1, -1]), "weight must be finite and >= 0"),
        (lambda: pw.CrossEntropy(weight=[1, float("nan")]), "weight must be finite and >= 0"),
        (lambda: pw.CrossEntropy(weight=[[1.0]]), "weight must be one number per class"),
        (lambda: pw.CrossEntropy(label_smoothing=1.5), "label_smoothing must be between 0 and 1"),
        (lambda: pw.Focal(gamma=-1), "gamma must be >= 0"),
        (lambda: pw.Focal(alpha=0.25), "alpha must be one number per class, got 0.25 for softmax"),
        (lambda: pw.Focal(alpha=2.0, activation="sigmoid"), "alpha must be between 0 and 1"),
        (lambda: pw.Dice(smooth=-1), "smooth must be >= 0"),
        (lambda: pw.Dice(absent="drop"), "absent must be one of skip, zero, keep"),
        (lambda: pw.Dice(classes=[1, 1]), "classes must be distinct indices >= 0"),
        (lambda: pw.Tversky(alpha=-1), "alpha must be >= 0"),
        (lambda: pw.GeneralizedDice("cubic"), "weighting must be one of square, simple, uniform"),
        (lambda: pw.CrossEntropy() + pw.BinaryCrossEntropy(), "activation must be the same in all"),
        (lambda: pw.Dice(ignore_index=0) + pw.CrossEntropy(), "0 in Dice and 255 in CrossEntropy"),
        (lambda: pw.Dice(upsample="bilinear") + pw.CrossEntropy(), "upsample must be the same"),
        (lambda: pw.Focal(1.0) + pw.Focal(2.0), "gamma must be the same in all terms, got 1.0 in"),
        (lambda: -1 * pw.Dice(), "factor must be >= 0"),
        (lambda: pw.criterion("ce+dic"), "got 'dic'. Did you mean 'dice'"),
        (lambda: pw.criterion("dice(smoth=1)"), "Dice: .*, got 'smoth'. Did you mean 'smooth'"),
        (lambda: pw.criterion("ce-dice"), "loss must be a sum of losses"),
        (lambda: pw.criterion("ce(__import__('os'))"), "loss must be a sum of losses"),
        (lambda: pw.criterion("dice(smooth=1+x)"), "loss must be a sum of losses"),
        (lambda: pw.criterion("ce", num_classes=1), "Use bce in place of ce"),
        (lambda: pw.criterion("dice", 4, [1, 1, 1, 1]), "Add ce or focal to the loss"),
        (lambda: pw.criterion("ce", 4, [1, 1]), "one number for 4 classes, got 2 numbers"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_sentence(make, message):
    with pytest.raises(pw.PixelwiseError, match=message.replace("(", r"\(").replace("[", r"\[")):
        make()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda: pw.CrossEntropy([1.0, 1.0]), "one number for each of 4 classes, got 2 numbers"),
        (lambda: pw.Dice(classes=[4]), "classes must be indices below 4"),
        (lambda: pw.Dice(weight=[1.0]), "one number for each of 4 classes, got 1 numbers"),
    ],
)
def test_an_option_that_does_not_fit_the_logits_is_one_sentence(loss, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        loss()(LOGITS, TARGET)


def test_class_weights_of_a_data_set_go_to_the_pixel_losses():
    made = pw.criterion("ce+dice", num_classes=4, class_weights=WEIGHT)
    same(made, pw.CrossEntropy(WEIGHT) + pw.Dice())


def test_class_weights_move_with_the_module_and_stay_out_of_its_state():
    loss = pw.CrossEntropy(WEIGHT) + pw.Dice()
    assert [name for name, _ in loss.named_buffers()] == ["losses.0.weight"]
    assert loss.state_dict() == {}
