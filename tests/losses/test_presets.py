"""Losses like those of other libraries: their formulas, their packages, and what is refused."""

from inspect import signature

import pytest
import torch

import oracles_peers as peer
import pixelwise as pw
from losses.like_cases import FLAT, FULL, VOLUME, WEIGHT, like
from pixelwise.losses.presets import PRESETS

SMP = {"axes": "batch", "overlap": "distance", "clamp": 1e-7, "absent": "zero", "weighs": "sum"}
OLD_SMP = SMP | {"costs": (2, 1, 1), "overlap": "product"}
MONAI = {"smooth": (1e-5, 1e-5)}
KORNIA = {"smooth": (0, 1e-8)}
MMSEG = {"axes": "micro", "q": 2, "activation": "sigmoid"}
NNUNET = {"axes": "batch", "smooth": (1e-5, 1e-5), "clamp": 1e-8, "form": "minus"}
KERAS = {"axes": "batch", "smooth": (1e-5, 1e-5), "weighs": "score"}


def region(**knobs):
    return lambda x, y: peer.region(x, y, **knobs)


# (preset, loss, our further arguments) -> the formula of the other library
REGION = {
    ("smp>=0.4", "Dice", ()): region(**SMP, costs=(1, 0.5, 0.5)),
    ("smp>=0.4", "Dice", (("smooth", 3.0),)): region(
        **SMP, costs=(1, 0.5, 0.5), smooth=(3.0, 3.0)
    ),
    ("smp>=0.4", "Dice", (("weight", WEIGHT),)): region(
        **SMP, costs=(1, 0.5, 0.5), weight=WEIGHT
    ),
    ("smp>=0.4", "Jaccard", (("form", "log"), ("smooth", 1.0))): region(
        **SMP | {"form": "log"}, costs=(1, 1, 1), smooth=(1.0, 1.0)
    ),
    ("smp>=0.4", "Tversky", (("alpha", 0.3), ("beta", 0.7))): region(**SMP, costs=(1, 0.3, 0.7)),
    ("smp<0.4", "Dice", (("smooth", 3.0),)): region(**OLD_SMP, smooth=(3.0, 3.0)),
    ("smp<0.4", "Jaccard", ()): region(**OLD_SMP | {"costs": (1, 1, 1)}),
    ("smp<0.4", "Tversky", (("alpha", 0.3), ("beta", 0.7))): region(
        **OLD_SMP | {"costs": (1, 0.3, 0.7)}
    ),
    ("monai>=1.6", "Dice", ()): region(**MONAI),
    ("monai>=1.6", "Dice", (("squared", True), ("classes", "foreground"))): region(
        **MONAI, q=2, overlap="distance", first=1
    ),
    ("monai>=1.6", "Dice", (("per_image", False), ("weight", WEIGHT))): region(
        **MONAI, axes="batch", weight=WEIGHT
    ),
    ("monai>=1.6", "Jaccard", (("smooth", 0.5),)): region(costs=(2, 2, 2), smooth=(0.5, 0.5)),
    ("monai>=1.6", "Tversky", (("alpha", 0.3), ("beta", 0.7))): region(
        **MONAI, costs=(1, 0.3, 0.7)
    ),
    ("kornia", "Dice", ()): region(**KORNIA, axes="micro"),
    ("kornia", "Dice", (("weight", WEIGHT),)): region(**KORNIA, axes="micro", weight=WEIGHT),
    ("kornia", "Dice", (("pool_classes", False), ("weight", WEIGHT))): region(
        **KORNIA, absent="drop", weight=WEIGHT, weighs="sum"
    ),
    ("kornia", "Tversky", (("alpha", 0.3), ("beta", 0.7))): region(
        **KORNIA, absent="drop", costs=(1, 0.3, 0.7)
    ),
    ("mmseg", "Tversky", (("weight", WEIGHT),)): region(
        costs=(1, 0.3, 0.7), smooth=(1, 1), weight=WEIGHT
    ),
    ("nnunet", "Dice", ()): region(**NNUNET, first=1),
    ("nnunet", "Dice", (("per_image", True), ("smooth", 1.0), ("classes", None))): region(
        **NNUNET | {"axes": "image", "smooth": (1, 1)}
    ),
    ("segmentation_models", "Dice", ()): region(**KERAS),
    ("segmentation_models", "FBeta", (("beta", 2.0),)): region(**KERAS, costs=(5, 1, 4)),
    ("segmentation_models", "Jaccard", (("per_image", True),)): region(
        **KERAS | {"axes": "image"}, costs=(1, 1, 1)
    ),
}  # fmt: skip
PIXEL = {
    ("smp>=0.4", "CrossEntropy", (("label_smoothing", 0.2),)): lambda x, y: peer.cross_entropy(
        x, y, divides_by="all", smoothing=0.2
    ),
    ("mmseg", "CrossEntropy", ()): lambda x, y: peer.cross_entropy(x, y, divides_by="all"),
    ("mmseg", "BinaryCrossEntropy", ()): lambda x, y: peer.binary_cross_entropy(
        x, y, divides_by="all channels"
    ),
    ("mmseg", "BinaryCrossEntropy", (("void", "skip"), ("pos_weight", WEIGHT))): lambda x, y: (
        peer.binary_cross_entropy(x, y, divides_by="valid channels", pos_weight=WEIGHT)
    ),
    ("pytorch-deeplab-xception", "CrossEntropy", (("weight", WEIGHT),)): lambda x, y: (
        peer.deeplab_xception(x, y, weight=WEIGHT)
    ),
    ("pytorch-deeplab-xception", "FocalOfMean", (("weight", WEIGHT),)): lambda x, y: (
        peer.deeplab_xception(x, y, weight=WEIGHT, focal=(2, 0.5))
    ),
    ("segmentation_models", "CrossEntropy", (("weight", WEIGHT),)): lambda x, y: peer.cross_entropy(
        x, y, divides_by="channels", weight=WEIGHT
    ),
    ("smp>=0.4", "Focal", (("alpha", 0.3),)): lambda x, y: peer.focal_sigmoid(
        x, y, gamma=2, alpha=0.3, divides_by="valid channels"
    ),
    ("smp<0.4", "Focal", (("gamma", 1.5),)): lambda x, y: peer.focal_sigmoid(
        x, y, gamma=1.5, divides_by="valid"
    ),
    ("mmseg", "Focal", ()): lambda x, y: peer.focal_sigmoid(
        x, y, gamma=2, alpha=0.5, divides_by="all channels"
    ),
    ("mmseg", "Focal", (("weight", WEIGHT),)): lambda x, y: peer.focal_sigmoid(
        x, y, gamma=2, alpha=0.5, divides_by="all channels", weight=WEIGHT
    ),
    ("monai>=1.6", "Focal", ()): lambda x, y: peer.focal_sigmoid(
        x, y, gamma=2, divides_by="valid channels"
    ),
    ("kornia", "Focal", (("alpha", WEIGHT),)): lambda x, y: peer.focal_softmax(
        x, y, gamma=2, factors=WEIGHT, divides_by="all channels"
    ),
    ("segmentation_models", "Focal", ()): lambda x, y: peer.focal_softmax(
        x, y, gamma=2, factors=[0.25] * 4, divides_by="valid channels"
    ),
}
RANKED = {
    ("smp>=0.4", "Lovasz", ()): peer.lovasz_softmax,
    ("mmseg", "Lovasz", (("per_image", True),)): lambda x, y: peer.lovasz_softmax(
        x, y, per_image=True
    ),
    ("kornia", "Lovasz", ()): lambda x, y: peer.lovasz_softmax(x, y, classes="all", per_image=True),
}
FORMULAS = REGION | PIXEL | RANKED


def named(case):
    preset, loss, given = case
    return f"{loss}-{preset}-{'-'.join(name for name, _ in given)}"


@pytest.mark.parametrize("batch", [FLAT, VOLUME], ids=["flat", "volume"])
@pytest.mark.parametrize("case", FORMULAS, ids=named)
def test_a_loss_like_another_library_is_its_formula(case, batch):
    """With void, an absent class, in two and three dimensions; gradients too."""
    logits = batch[0].clone().requires_grad_()
    ours, theirs = like(*case)(logits, batch[1]), FORMULAS[case](logits, batch[1])
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)
    slopes = [torch.autograd.grad(value, logits)[0] for value in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("squared", [True, False])
def test_mmseg_dice_is_its_formula_where_nothing_is_void(squared):
    """With naive_dice=True the sums are not squared and smooth is 1e-3 above and below."""
    options = {True: {}, False: {"squared": False, "smooth": 1e-3}}[squared]
    knobs = {True: MMSEG | {"smooth": (0, 2e-3)}, False: MMSEG | {"q": 1, "smooth": (1e-3, 1e-3)}}
    ours = pw.Dice.like("mmseg", **options)
    torch.testing.assert_close(ours(*FULL), peer.region(*FULL, **knobs[squared]))


def test_mmseg_dice_punishes_what_is_predicted_under_void():
    """What its row says is not reproduced."""
    theirs = peer.region(*FLAT, **MMSEG, smooth=(0, 2e-3), hides_void=False)
    hidden = peer.region(*FLAT, **MMSEG, smooth=(0, 2e-3))
    ours = pw.Dice.like("mmseg")(*FLAT)
    torch.testing.assert_close(ours, hidden)
    assert theirs > 1.02 * ours


@pytest.mark.parametrize("loss", ["Dice", "Jaccard"])
def test_keras_weights_differ_by_a_constant(loss):
    """1 − mean(w S) is mean(w (1 − S)) + 1 − mean(w)."""
    costs = {"Dice": (2, 1, 1), "Jaccard": (1, 1, 1)}[loss]
    ours = getattr(pw, loss).like("segmentation_models", weight=WEIGHT)(*FLAT)
    theirs = peer.region(*FLAT, **KERAS, costs=costs, weight=WEIGHT)
    torch.testing.assert_close(ours + 1 - sum(WEIGHT) / 4, theirs)


def test_release_04_of_smp_doubled_smooth():
    old, new = pw.Dice.like("smp<0.4", smooth=1.0), pw.Dice.like("smp>=0.4", smooth=1.0)
    assert old.smooth == 1.0
    assert new.smooth == 2.0
    assert pw.Jaccard.like("monai>=1.6").smooth == pytest.approx(5e-6)


# The table ---------------------------------------------------------------------------------------

ROWS = [(preset, loss) for preset, losses in PRESETS.items() for loss in losses]


@pytest.mark.parametrize(("preset", "loss"), ROWS)
def test_a_row_makes_its_loss_and_adds_up(preset, loss):
    """Every option of a row, and every option that it takes, is one of the class."""
    names = signature(getattr(pw, loss)).parameters
    given = {"ignore_index": 7, "backend": "torch"}
    made = getattr(pw, loss).like(preset, **{n: v for n, v in given.items() if n in names})
    assert type(made) is getattr(pw, loss)
    assert made.ignore_index == 7
    row = PRESETS[preset][loss]
    assert set(row.takes) | set(row.options) <= set(names)
    assert row.differs.endswith(".")


def test_every_row_is_compared_with_a_formula_or_a_package():
    """A row that no test looks at would be a promise."""
    looked_at = {(preset, loss) for preset, loss, _ in FORMULAS}
    looked_at |= {("mmseg", "Dice"), ("monai>=1.6", "GeneralizedDice"), ("torch", "CrossEntropy")}
    looked_at |= {("monai>=1.6", "CrossEntropy"), ("smp>=0.4", "MCC")}
    looked_at |= {("monai>=1.6", "UnifiedFocal")}
    looked_at |= {(preset, "LovaszHinge") for preset in ("smp>=0.4", "kornia")}
    looked_at |= {(preset, "BinaryCrossEntropy") for preset in ("torch", "smp>=0.4")}
    same = {("smp<0.4", loss) for loss in ("CrossEntropy", "BinaryCrossEntropy")}
    same |= {("smp<0.4", loss) for loss in ("Lovasz", "LovaszHinge")}
    assert set(ROWS) - looked_at - same == {("nnunet", "CrossEntropy")}
    assert all(PRESETS[p][loss] == PRESETS["smp>=0.4"][loss] for p, loss in same)
    assert PRESETS["nnunet"]["CrossEntropy"].options == PRESETS["torch"]["CrossEntropy"].options


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pw.Dice.like("smp"), r"Dice.like: preset must be one of torch, .*, got 'smp'"),
        (
            lambda: pw.Dice.like("torch"),
            r"Dice.like: preset must be one that has Dice \(monai>=1.6, .*\), got 'torch'. torch "
            "has CrossEntropy, BinaryCrossEntropy",
        ),
        (lambda: pw.Poly1.like("kornia"), r"one that has Poly1 \(none has\), got 'kornia'"),
        (
            lambda: pw.Dice.like("kornia", squared=True),
            r"Dice.like: an option of kornia.losses.DiceLoss\(\) must be one of smooth, weight, "
            "pool_classes, ignore_index, upsample, backend, got 'squared'",
        ),
        (lambda: pw.Tversky.like("smp>=0.4", gamma=2), "an option of .*, got 'gamma'"),
        (lambda: pw.Dice.like("monai>=1.6", smooth=-1), "Dice: smooth must be >= 0"),
    ],
)
def test_what_the_other_library_lacks_is_refused_in_words(make, words):
    with pytest.raises(pw.PixelwiseError, match=words):
        make()


def test_nothing_valid_is_zero_like_any_library():
    """Presets change means and smooth, never the contract of void."""
    logits, target = FLAT[0].clone().requires_grad_(), torch.full_like(FLAT[1], 255)
    for preset, loss in ROWS:
        made = getattr(pw, loss).like(preset, ignore_index=255)
        given = logits[:, :1] if loss in ("BinaryCrossEntropy", "MCC") else logits
        value = made(given, target)
        (gradient,) = torch.autograd.grad(value, logits)
        assert value == 0
        assert not gradient.any()
