"""Losses like those of other libraries beside the packages themselves, where they are installed."""

import pytest
import torch

import pixelwise as pw
from losses.like_cases import FLAT, WEIGHT, draw, like


def with_channel(loss):
    """MONAI wants class indices as (N, 1, *S)."""
    return lambda x, y: loss(x, y.unsqueeze(1))


MONAI_INPUT = {"softmax": True, "to_onehot_y": True}


def monai_losses():
    losses = pytest.importorskip("monai", reason="MONAI is not installed").losses
    void = MONAI_INPUT | {"ignore_index": 255}
    unsorted = {"lambda_dice": 0.0, **MONAI_INPUT}
    return {
        ("Dice", ()): with_channel(losses.DiceLoss(**void)),
        ("Dice", (("weight", WEIGHT), ("per_image", False))): with_channel(
            losses.DiceLoss(**void, weight=list(WEIGHT), batch=True)
        ),
        ("Dice", (("squared", True), ("classes", "foreground"))): with_channel(
            losses.DiceLoss(**void, squared_pred=True, include_background=False)
        ),
        ("Jaccard", (("smooth", 0.5),)): with_channel(
            losses.DiceLoss(**void, jaccard=True, smooth_nr=0.5, smooth_dr=0.5)
        ),
        ("Tversky", (("alpha", 0.3), ("beta", 0.7))): with_channel(
            losses.TverskyLoss(**void, alpha=0.3, beta=0.7)
        ),
        ("Focal", ()): lambda x, y: (
            with_channel(losses.FocalLoss(to_onehot_y=True, ignore_index=255))(x, y) / x.shape[1]
        ),
        ("Focal", (("weight", WEIGHT), ("alpha", 0.3))): without_void(
            with_channel(losses.FocalLoss(to_onehot_y=True, weight=WEIGHT, alpha=0.3))
        ),
        ("GeneralizedDice", (("weighting", "uniform"), ("classes", (2, 3)))): without_void(
            of_two_classes(losses.GeneralizedDiceLoss(w_type="uniform"))
        ),
        ("GeneralizedDice", (("weighting", "simple"),)): without_void(
            with_channel(losses.GeneralizedDiceLoss(**MONAI_INPUT, w_type="simple"))
        ),
        ("Focal", (("activation", "softmax"), ("alpha", (0.7, 0.3, 0.3, 0.3)))): without_void(
            with_channel(losses.FocalLoss(to_onehot_y=True, use_softmax=True, alpha=0.3))
        ),
        ("CrossEntropy", (("weight", WEIGHT), ("label_smoothing", 0.1))): without_void(
            with_channel(
                losses.DiceCELoss(
                    **unsorted, weight=torch.tensor(WEIGHT).double(), label_smoothing=0.1
                )
            )
        ),
    }  # fmt: skip


def in_float32(loss):
    """The Lovász losses of smp refuse logits of float64."""
    return lambda x, y: loss(x.float(), y)


def of_two_classes(loss):
    """Probabilities and one-hot of classes 2 and 3, of which 3 is nowhere."""
    return lambda x, y: loss(x.softmax(1)[:, 2:], torch.stack([y == 2, y == 3], dim=1).to(x.dtype))


def without_void(loss):
    """Marks a loss that takes no void: it is compared on targets without."""
    loss.takes_void = False
    return loss


def smp_losses():
    name = "segmentation_models_pytorch"
    losses = pytest.importorskip(name, reason="segmentation_models_pytorch is not installed").losses
    void = {"mode": "multiclass", "ignore_index": 255}
    return {
        ("Dice", ()): losses.DiceLoss(**void),
        ("Dice", (("smooth", 2.0), ("weight", WEIGHT))): losses.DiceLoss(
            **void, smooth=2.0, class_weights=list(WEIGHT)
        ),
        ("Dice", (("classes", (0, 2)),)): losses.DiceLoss(**void, classes=[0, 2]),
        ("Jaccard", (("form", "log"),)): losses.JaccardLoss(**void, log_loss=True),
        ("Tversky", (("alpha", 0.3), ("beta", 0.7), ("smooth", 1.0))): losses.TverskyLoss(
            **void, alpha=0.3, beta=0.7, smooth=1.0
        ),
        ("Focal", (("alpha", 0.3), ("gamma", 1.5))): losses.FocalLoss(
            **void, alpha=0.3, gamma=1.5
        ),
        ("Focal", (("weight", WEIGHT), ("alpha", 0.3))): losses.FocalLoss(
            **void, alpha=0.3, class_weights=list(WEIGHT)
        ),
        ("Lovasz", ()): in_float32(losses.LovaszLoss(**void)),
        ("Lovasz", (("per_image", True),)): in_float32(losses.LovaszLoss(**void, per_image=True)),
        ("CrossEntropy", (("label_smoothing", 0.2),)): losses.SoftCrossEntropyLoss(
            smooth_factor=0.2, ignore_index=255
        ),
    }  # fmt: skip


def kornia_losses():
    losses = pytest.importorskip("kornia", reason="kornia is not installed").losses
    weight = torch.tensor(WEIGHT).double()
    void = {"ignore_index": 255}
    return {
        ("Dice", ()): losses.DiceLoss(**void),
        ("Dice", (("weight", WEIGHT),)): losses.DiceLoss(**void, weight=weight),
        ("Dice", (("pool_classes", False), ("weight", WEIGHT))): losses.DiceLoss(
            **void, average="macro", weight=weight
        ),
        ("Lovasz", ()): without_void(losses.LovaszSoftmaxLoss()),
        ("Tversky", (("alpha", 0.3), ("beta", 0.7))): losses.TverskyLoss(0.3, 0.7, **void),
        ("Focal", (("alpha", (0.7, 0.3, 0.3, 0.3)), ("gamma", 1.5))): losses.FocalLoss(
            0.3, gamma=1.5, reduction="mean", **void
        ),
    }  # fmt: skip


def torch_losses():
    losses = torch.nn
    weight = torch.tensor(WEIGHT).double()
    return {
        ("CrossEntropy", ()): losses.CrossEntropyLoss(ignore_index=255),
        ("CrossEntropy", (("weight", WEIGHT), ("label_smoothing", 0.1))): losses.CrossEntropyLoss(
            weight, ignore_index=255, label_smoothing=0.1
        ),
    }  # fmt: skip


PACKAGES = {
    "monai>=1.6": monai_losses,
    "smp>=0.4": smp_losses,
    "kornia": kornia_losses,
    "torch": torch_losses,
}
ONLY_FLAT = ("kornia",)  # its region losses take four axes


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("preset", PACKAGES)
def test_a_loss_like_another_library_is_that_of_its_package(preset, seed):
    """Random inputs with void, an absent class, and volumes where the package takes them."""
    shapes = [(3, 9, 7), (2, 3, 4, 5)][: 1 if preset in ONLY_FLAT else 2]
    compared = 0
    for (loss, given), theirs in PACKAGES[preset]().items():
        for shape in shapes:
            void = 0.15 * getattr(theirs, "takes_void", True)
            logits, target = draw(shape, void, seed)
            ours = like(preset, loss, given)(logits, target)
            message = f"{loss} {given} on {shape}"
            expected = theirs(logits, target).double()
            torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-6, msg=message)
            compared += 1
    assert compared == len(PACKAGES[preset]()) * len(shapes)


@pytest.mark.parametrize("loss", ["Dice", "Jaccard", "Tversky"])
def test_sigmoid_losses_are_the_other_modes_of_smp(loss):
    """mode="binary" is one channel, mode="multilabel" a target (N, C, *S) of 0 and 1; with void."""
    smp = pytest.importorskip("segmentation_models_pytorch", reason="smp is not installed")
    theirs, ours = getattr(smp.losses, f"{loss}Loss"), getattr(pw, loss)
    ours = ours.like("smp>=0.4", activation="sigmoid")
    logits, target = FLAT
    one = target.masked_fill(target == 2, 1)
    expected = theirs("binary", ignore_index=255)(logits[:, :1], one)
    torch.testing.assert_close(ours(logits[:, :1], one), expected)
    several = torch.stack([target % 2, target // 2, target * 0, 1 - target % 2], dim=1)
    several = several.masked_fill((target == 255).unsqueeze(1), 255)
    expected = theirs("multilabel", ignore_index=255)(logits, several)
    torch.testing.assert_close(ours(logits, several), expected)


def test_sigmoid_losses_are_those_of_monai():
    """sigmoid=True with class indices is one class against the rest, in both."""
    losses = pytest.importorskip("monai", reason="MONAI is not installed").losses
    options = {"sigmoid": True, "to_onehot_y": True, "ignore_index": 255}
    for loss, theirs in {"Dice": losses.DiceLoss, "Tversky": losses.TverskyLoss}.items():
        ours = getattr(pw, loss).like("monai>=1.6", activation="sigmoid")
        expected = with_channel(theirs(**options))(*FLAT).double()
        torch.testing.assert_close(ours(*FLAT), expected, rtol=1e-6, atol=1e-6)


def test_binary_losses_are_those_of_torch_and_smp():
    """One sigmoid channel: BCEWithLogitsLoss takes no void, SoftBCE divides by it."""
    smp = pytest.importorskip("segmentation_models_pytorch", reason="smp is not installed")
    logits, target = FLAT[0][:, :1], FLAT[1].clamp(max=2) % 2
    theirs = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0))
    ours = pw.BinaryCrossEntropy.like("torch", pos_weight=[3.0])
    torch.testing.assert_close(ours(logits, target), theirs(logits[:, 0], target.double()))
    hidden = target.masked_fill(FLAT[1] == 255, -100)
    theirs, probs = smp.losses.MCCLoss(), logits.sigmoid()
    ours = pw.MCC.like("smp>=0.4")
    torch.testing.assert_close(ours(logits, target), theirs(probs, target.unsqueeze(1)))
    theirs = smp.losses.SoftBCEWithLogitsLoss()
    ours = pw.BinaryCrossEntropy.like("smp>=0.4")
    torch.testing.assert_close(ours(logits, hidden), theirs(logits[:, 0], hidden.double()))


def test_lovasz_hinge_of_one_channel_is_that_of_smp_and_kornia():
    smp = pytest.importorskip("segmentation_models_pytorch", reason="smp is not installed")
    kornia = pytest.importorskip("kornia", reason="kornia is not installed")
    logits, target = FLAT[0][:, :1], FLAT[1].masked_fill(FLAT[1] == 2, 1)
    for per_image in (False, True):
        theirs = smp.losses.LovaszLoss("binary", ignore_index=255, per_image=per_image)
        ours = pw.LovaszHinge.like("smp>=0.4", per_image=per_image)
        expected = in_float32(theirs)(logits, target).double()
        torch.testing.assert_close(ours(logits, target), expected, rtol=1e-6, atol=1e-6)
    target = target.masked_fill(target == 255, 0)
    theirs = kornia.losses.LovaszHingeLoss()(logits, target)
    torch.testing.assert_close(pw.LovaszHinge.like("kornia")(logits, target), theirs)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nothing", [False, True])
def test_unified_focal_of_probabilities_is_that_of_monai(gamma, nothing):
    """Two channels of softmax, one of sigmoid; also for an image without foreground.

    Void counts in the mean of its focal part, so there is none here.
    """
    losses = pytest.importorskip("monai", reason="MONAI is not installed").losses
    logits, target = FLAT[0][:, :2], FLAT[1].masked_fill(FLAT[1] > 1, 1)
    target[0] = torch.where((target[0] == 1) & torch.tensor(nothing), 0, target[0])
    options = {"gamma": gamma, "delta": 0.6}
    theirs = losses.AsymmetricUnifiedFocalLoss(
        to_onehot_y=True, ignore_index=255, weight=0.3, **options
    )
    expected = theirs(logits.softmax(1), target.unsqueeze(1))
    ours = pw.UnifiedFocal.like("monai>=1.6", share=0.3, **options)
    torch.testing.assert_close(ours(logits, target), expected, rtol=1e-6, atol=1e-6)
    one = pw.UnifiedFocal.like("monai>=1.6", share=0.3, activation="sigmoid", **options)
    torch.testing.assert_close(one(logits[:, 1:] - logits[:, :1], target), ours(logits, target))


def test_monai_leaves_out_the_weight_of_one_channel_and_smp_ends_its_logarithm():
    """What their rows say is not reproduced."""
    losses = pytest.importorskip("monai", reason="MONAI is not installed").losses
    smp = pytest.importorskip("segmentation_models_pytorch", reason="smp is not installed")
    logits, target = FLAT[0][:, :1], FLAT[1].clamp(max=2) % 2
    theirs = losses.DiceLoss(sigmoid=True, weight=[3.0])(logits, target.unsqueeze(1))
    options = {"activation": "sigmoid", "ignore_index": None}
    ours = pw.Dice.like("monai>=1.6", weight=[3.0], **options)(logits, target)
    torch.testing.assert_close(ours, 3 * theirs.double())
    sure = torch.tensor([[[[-40.0]], [[40.0]]]], dtype=torch.float64)
    wrong = torch.zeros(1, 1, 1, dtype=torch.int64)
    theirs = smp.losses.DiceLoss("multiclass", log_loss=True)(sure, wrong)
    assert theirs.item() == pytest.approx(-torch.tensor(1e-7).log().item() / 2)
    assert pw.Dice.like("smp>=0.4", form="log")(sure, wrong) > 2 * theirs
    missed = torch.tensor([[[[-20.0]], [[20.0]]]], dtype=torch.float64)
    theirs = smp.losses.TverskyLoss("multiclass", alpha=0.0, beta=0.0)(missed, wrong)
    assert theirs > 0.4
    assert pw.Tversky.like("smp>=0.4", alpha=0.0, beta=0.0)(missed, wrong) < 1e-6
