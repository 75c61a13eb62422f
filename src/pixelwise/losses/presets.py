"""Losses as other libraries compute them: their defaults as arguments of ours, as data.

`pw.Dice.like("monai>=1.6")` makes the loss that a row of PRESETS describes. Options that the other
library has too can be given in our names, in its meaning: `smooth` is in its own pixels, of which
`smooth_unit` of ours are one. What no argument can reproduce is the sentence `differs` of the row.

Each name says for which releases the formula holds; the numbers were compared with MONAI 1.6.1,
segmentation_models_pytorch 0.6.0, kornia 0.9.0 and torch 2.15 themselves, and with the formulas of
smp 0.3.4, mmsegmentation 1.2.2, nnU-Net 2.8.1, segmentation_models (Keras) 1.0.1 and
jfzhang95/pytorch-deeplab-xception.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pixelwise.errors import ArgumentError, check_choice

OURS = ("ignore_index", "upsample", "backend")  # may be given whatever the other library has
SHAPE = ("activation", "classes", "smooth")


class Preset(NamedTuple):
    """One loss of another library in our arguments.

    Attributes:
        call: its constructor or function there, as people write it.
        options: our arguments that stand for its defaults.
        takes: further arguments of ours that it has too.
        differs: what our arguments do not reproduce, in one sentence.
        smooth_unit: how many pixels of our smooth are one of its own.
    """

    call: str
    options: Mapping[str, object]
    takes: tuple[str, ...]
    differs: str
    smooth_unit: float = 1.0


_MONAI_MEAN = {"per_image": True, "absent": "keep", "smooth": 1e-5}
_MONAI_IMAGE = "An image without valid pixels counts there with loss 0; here it does not count."
_MONAI_WEIGHT = "With one channel it leaves its weight out."
_SMP_VOID = "Void is opt-in there (ignore_index=None), which makes 255 an error."
_SMP_LOG = "Its log form ends at −log 1e-7, where its gradient is 0."
_SMP_SMALL = "Its denominator is at least 1e-7."
_KORNIA_IMAGE = "An image without valid pixels counts there with loss 1; here it does not count."
_KERAS_PROBS = "Theirs takes probabilities, normalised and clipped to 1e-7, class axis last"

# the same in all releases
_SMP_SAME = {
    "CrossEntropy": Preset(
        "segmentation_models_pytorch.losses.SoftCrossEntropyLoss(smooth_factor=0)",
        {"void": "zero", "ignore_index": -100},
        ("label_smoothing",),
        "The mean is over all pixels, void too, and there are no class weights.",
    ),
    "BinaryCrossEntropy": Preset(
        "segmentation_models_pytorch.losses.SoftBCEWithLogitsLoss()",
        {"void": "zero", "ignore_index": -100},
        ("pos_weight",),
        "The mean is over all pixels, void too; its smoothing mixes y with 1 − y.",
    ),
    "Lovasz": Preset(
        'segmentation_models_pytorch.losses.LovaszLoss("multiclass")',
        {},
        ("per_image",),
        f"{_SMP_VOID} With void alone theirs has no value that backward() takes.",
    ),
    "LovaszHinge": Preset(
        'segmentation_models_pytorch.losses.LovaszLoss("binary")',
        {"absent": "keep"},
        ("per_image",),
        f"{_SMP_VOID} Several channels are one there, and one each here.",
    ),
}

PRESETS: dict[str, dict[str, Preset]] = {
    "torch": {
        "CrossEntropy": Preset(
            "torch.nn.CrossEntropyLoss()",
            {"ignore_index": -100},
            ("weight", "label_smoothing"),
            "Where nothing is valid theirs is NaN and this is 0.",
        ),
        "BinaryCrossEntropy": Preset(
            "torch.nn.BCEWithLogitsLoss()",
            {"ignore_index": None},
            ("pos_weight",),
            "Theirs takes floating-point targets, so that 255 is trained on, and has no void.",
        ),
    },
    "monai>=1.6": {
        "Dice": Preset(
            "monai.losses.DiceLoss(softmax=True, to_onehot_y=True)",
            _MONAI_MEAN | {"weighted_mean": False},
            (*SHAPE, "per_image", "squared", "weight"),
            f"{_MONAI_IMAGE} {_MONAI_WEIGHT}",
        ),
        "Jaccard": Preset(
            "monai.losses.DiceLoss(softmax=True, to_onehot_y=True, jaccard=True)",
            _MONAI_MEAN | {"weighted_mean": False},
            (*SHAPE, "per_image", "squared", "weight"),
            f"One of its smooth is half a pixel. {_MONAI_IMAGE} {_MONAI_WEIGHT}",
            smooth_unit=0.5,
        ),
        "Tversky": Preset(
            "monai.losses.TverskyLoss(softmax=True, to_onehot_y=True)",
            _MONAI_MEAN,
            (*SHAPE, "per_image", "alpha", "beta"),
            _MONAI_IMAGE,
        ),
        "GeneralizedDice": Preset(
            "monai.losses.GeneralizedDiceLoss(softmax=True, to_onehot_y=True)",
            _MONAI_MEAN,
            (*SHAPE, "per_image", "weighting"),
            "Theirs has no void: 255 is an error.",
        ),
        "Focal": Preset(
            "monai.losses.FocalLoss(to_onehot_y=True)",
            {"activation": "sigmoid", "per_channel": True, "weighted_mean": False},
            ("activation", "gamma", "alpha", "weight"),
            "With ignore_index theirs is C times larger, also where nothing is ignored.",
        ),
        "UnifiedFocal": Preset(
            "monai.losses.AsymmetricUnifiedFocalLoss(to_onehot_y=True)",
            {"per_image": True, "absent": "keep", "smooth": 1e-7},
            ("activation", "gamma", "delta", "share"),
            "Theirs takes probabilities of background and foreground alone, clipped to 1e-7, and "
            f"void counts in the mean of its focal part. {_MONAI_IMAGE}",
        ),
        "CrossEntropy": Preset(
            "monai.losses.DiceCELoss(softmax=True, to_onehot_y=True, lambda_dice=0)",
            {},
            ("weight", "label_smoothing"),
            "Theirs is half of DiceCELoss, which has no void: 255 is an error.",
        ),
    },
    "smp>=0.4": {
        "Dice": Preset(
            'segmentation_models_pytorch.losses.DiceLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "weight", "form"),
            f"One of its smooth is two pixels, since release 0.4. {_SMP_LOG} {_SMP_VOID}",
            smooth_unit=2.0,
        ),
        "Jaccard": Preset(
            'segmentation_models_pytorch.losses.JaccardLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "weight", "form"),
            f"{_SMP_LOG} {_SMP_VOID}",
        ),
        "Tversky": Preset(
            'segmentation_models_pytorch.losses.TverskyLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "weight", "form", "alpha", "beta"),
            "gamma is an exponent on the mean there and on each class here. "
            f"{_SMP_LOG} {_SMP_SMALL} {_SMP_VOID}",
        ),
        "Focal": Preset(
            'segmentation_models_pytorch.losses.FocalLoss("multiclass")',
            {"activation": "sigmoid"},
            ("gamma", "alpha", "weight"),
            "One class against the rest, also for exclusive classes; all void is NaN there.",
        ),
        **_SMP_SAME,
        "MCC": Preset(
            "segmentation_models_pytorch.losses.MCCLoss()",
            {"absent": "keep", "smooth": 1e-5, "activation": "sigmoid"},
            ("smooth",),
            "Theirs takes probabilities of one channel without applying sigmoid, and has no void.",
        ),
    },
    "smp<0.4": {
        "Dice": Preset(
            'segmentation_models_pytorch.losses.DiceLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "form"),
            f"One of its smooth is one pixel; release 0.4 made it two. {_SMP_LOG} {_SMP_VOID}",
        ),
        "Jaccard": Preset(
            'segmentation_models_pytorch.losses.JaccardLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "form"),
            f"{_SMP_LOG} Theirs has no void: 255 is an error.",
        ),
        "Tversky": Preset(
            'segmentation_models_pytorch.losses.TverskyLoss("multiclass")',
            {"absent": "zero"},
            (*SHAPE, "form", "alpha", "beta"),
            "gamma is an exponent on the mean there and on each class here. "
            f"{_SMP_LOG} {_SMP_SMALL} {_SMP_VOID}",
        ),
        "Focal": Preset(
            'segmentation_models_pytorch.losses.FocalLoss("multiclass")',
            {"activation": "sigmoid", "per_channel": False},
            ("gamma", "alpha"),
            "One class against the rest, summed over classes; all void is NaN there.",
        ),
        **_SMP_SAME,
    },
    "kornia": {
        "Dice": Preset(
            "kornia.losses.DiceLoss()",
            {"per_image": True, "pool_classes": True, "smooth": (0.0, 1e-8), "ignore_index": -100},
            ("smooth", "weight", "pool_classes"),
            _KORNIA_IMAGE,
        ),
        "Tversky": Preset(
            "kornia.losses.TverskyLoss(alpha=0.5, beta=0.5)",
            {"per_image": True, "smooth": (0.0, 1e-8), "ignore_index": -100},
            ("smooth", "alpha", "beta"),
            _KORNIA_IMAGE,
        ),
        "Focal": Preset(
            'kornia.losses.FocalLoss(alpha=None, reduction="mean")',
            {"per_channel": True, "void": "zero", "ignore_index": -100},
            ("gamma", "alpha"),
            "The mean is over all pixels and channels, void too; alpha a means [1 − a, a, a, …].",
        ),
        "Lovasz": Preset(
            "kornia.losses.LovaszSoftmaxLoss()",
            {"per_image": True, "absent": "keep"},
            (),
            "Theirs has no void; its weights scale the loss, and here they would not.",
        ),
        "LovaszHinge": Preset(
            "kornia.losses.LovaszHingeLoss()",
            {"per_image": True, "absent": "keep"},
            (),
            "Theirs has no void.",
        ),
    },
    "mmseg": {
        "Dice": Preset(
            "mmseg.models.losses.DiceLoss()",
            {
                "activation": "sigmoid",
                "per_image": True,
                "pool_classes": True,
                "squared": True,
                "smooth": (0.0, 2e-3),
            },
            ("activation", "smooth", "squared"),
            "Predictions on void pixels are penalised there: 255 is background to every class.",
        ),
        "Tversky": Preset(
            "mmseg.models.losses.TverskyLoss()",
            {
                "per_image": True,
                "absent": "keep",
                "smooth": 1.0,
                "alpha": 0.3,
                "beta": 0.7,
                "weighted_mean": False,
            },
            ("smooth", "weight", "alpha", "beta"),
            "An image without valid pixels counts there with loss 0; here it does not count.",
        ),
        "Focal": Preset(
            "mmseg.models.losses.FocalLoss()",
            {"activation": "sigmoid", "alpha": 0.5, "void": "zero", "weighted_mean": False},
            ("gamma", "alpha", "weight"),
            "The mean is over all pixels and channels, void too; on the CPU theirs does not run.",
        ),
        "CrossEntropy": Preset(
            "mmseg.models.losses.CrossEntropyLoss()",
            {"void": "zero"},
            ("weight", "void"),
            "The mean is over all pixels, void too, unless avg_non_ignore=True, which is "
            'void="skip"; weights with void pixels crash there.',
        ),
        "BinaryCrossEntropy": Preset(
            "mmseg.models.losses.CrossEntropyLoss(use_sigmoid=True)",
            {"void": "zero"},
            ("pos_weight", "void"),
            "The mean is over all pixels and channels, void too, unless avg_non_ignore=True, which "
            'is void="skip"; its class_weight is pos_weight, of which several run along the width.',
        ),
        "Lovasz": Preset(
            'mmseg.models.losses.LovaszLoss(reduction="none")',
            {},
            ("per_image",),
            "Its class_weight scales the loss, and here weight would not; with void alone theirs "
            "has no value that backward() takes.",
        ),
    },
    "nnunet": {
        "Dice": Preset(
            "nnunetv2 MemoryEfficientSoftDiceLoss(batch_dice=True, do_bg=False, smooth=1e-5)",
            {"absent": "keep", "smooth": 1e-5, "form": "minus", "classes": "foreground"},
            (*SHAPE, "per_image"),
            "Its plans decide whether batch_dice (here per_image=False) is on; that of "
            "3d_fullres is off.",
        ),
        "CrossEntropy": Preset(
            "nnunetv2 RobustCrossEntropyLoss()",
            {"ignore_index": -100},
            ("weight", "label_smoothing"),
            "Where nothing is valid theirs is left out of the sum with Dice and this is 0.",
        ),
    },
    "pytorch-deeplab-xception": {
        "CrossEntropy": Preset(
            'utils.loss.SegmentationLosses().build_loss("ce")',
            {"batch_average": True},
            ("weight", "batch_average"),
            "Where nothing is valid theirs is NaN and this is 0.",
        ),
        "FocalOfMean": Preset(
            'utils.loss.SegmentationLosses().build_loss("focal")',
            {"gamma": 2.0, "alpha": 0.5, "batch_average": True},
            ("weight", "gamma", "alpha", "batch_average"),
            "Where nothing is valid theirs is NaN and this is 0.",
        ),
    },
    "segmentation_models": {
        "Dice": Preset(
            "segmentation_models.losses.DiceLoss()",
            {"absent": "keep", "smooth": 1e-5, "weighted_mean": False},
            (*SHAPE, "per_image", "weight"),
            f"{_KERAS_PROBS}; weights multiply its score, so it is this loss + 1 − mean(weight).",
        ),
        "FBeta": Preset(
            "segmentation_models.losses.DiceLoss(beta=1)",
            {"absent": "keep", "smooth": 1e-5, "weighted_mean": False},
            (*SHAPE, "per_image", "weight", "beta"),
            f"{_KERAS_PROBS}; weights multiply its score, so it is this loss + 1 − mean(weight).",
        ),
        "Jaccard": Preset(
            "segmentation_models.losses.JaccardLoss()",
            {"absent": "keep", "smooth": 1e-5, "weighted_mean": False},
            (*SHAPE, "per_image", "weight"),
            f"{_KERAS_PROBS}; weights multiply its score, so it is this loss + 1 − mean(weight).",
        ),
        "Focal": Preset(
            "segmentation_models.losses.CategoricalFocalLoss()",
            {"alpha": (0.25,), "per_channel": True},
            ("activation", "gamma", "alpha"),
            f"{_KERAS_PROBS}; a single alpha multiplies every class.",
        ),
        "CrossEntropy": Preset(
            "segmentation_models.losses.CategoricalCELoss()",
            {"per_channel": True, "weighted_mean": False},
            ("weight",),
            f"{_KERAS_PROBS}; the mean is over pixels and channels.",
        ),
    },
}


def preset_options(loss: str, preset: str, given: Mapping[str, object]) -> dict[str, Any]:
    """Our arguments for a loss of another library.

    Args:
        loss: name of our class, such as "Dice".
        preset: a key of PRESETS.
        given: arguments in our names that replace or complete those of the row; smooth in the
            pixels of the other library.
    Returns:
        Keyword arguments of the class.
    Raises:
        ArgumentError: no such preset, the library has no such loss, or no such option of it.
    """
    where = f"{loss}.like"
    check_choice(where, "preset", preset, PRESETS)
    row = PRESETS[preset].get(loss)
    if row is None:
        having = [name for name, losses in PRESETS.items() if loss in losses]
        hint = f"{preset} has {', '.join(PRESETS[preset])}."
        wanted = f"one that has {loss} ({', '.join(having) or 'none has'})"
        raise ArgumentError(where, "preset", must=wanted, got=repr(preset), hint=hint)
    for name in given:
        check_choice(where, f"an option of {row.call}", name, (*row.takes, *OURS))
    options: dict[str, Any] = {**row.options, **given}
    if "smooth" in options and row.smooth_unit != 1:
        smooth = options["smooth"]
        several = isinstance(smooth, tuple | list)
        pixels = [row.smooth_unit * s for s in (smooth if several else [smooth])]
        options["smooth"] = tuple(pixels) if several else pixels[0]
    return options
