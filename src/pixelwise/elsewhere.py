"""What losses, scores and options of other libraries are called here, for hints alone."""

from collections.abc import Iterable
from difflib import get_close_matches

_OVERLAP = "mean_iou(count_confusion(pred, target, num_classes))"
# names that are not ours but for capitals or the word Loss at their end
NAMES = {
    "IoULoss": "Jaccard",
    "FocalTverskyLoss": "Tversky(gamma=...)",
    "LovaszSoftmax": "Lovasz",
    "SoftBCEWithLogitsLoss": "BinaryCrossEntropy",
    "BCEWithLogitsLoss": "BinaryCrossEntropy",
    "BCELoss": "BinaryCrossEntropy",
    "SoftCrossEntropyLoss": "CrossEntropy",
    "MatthewsCorrCoefLoss": "MCC",
    "HausdorffDTLoss": "Hausdorff",
    "LogHausdorffDTLoss": "Hausdorff",
    "SoftclDiceLoss": "SoftCLDice",
    "SoftDiceclDiceLoss": "SoftCLDice() + Dice()",
    "OhemCrossEntropy": "OHEM",
    "DiceCELoss": 'criterion("ce+dice")',
    "DiceFocalLoss": 'criterion("focal+dice")',
    "GeneralizedDiceFocalLoss": 'criterion("focal+generalized_dice")',
    "IoU": _OVERLAP,
    "JaccardIndex": _OVERLAP,
    "MeanIoU": _OVERLAP,
    "DiceMetric": "mean_dice(count_confusion(pred, target, num_classes))",
    "DiceScore": "mean_dice(count_confusion(pred, target, num_classes))",
    "ConfusionMatrix": "count_confusion",
    "ConfusionMatrixMetric": "count_confusion",
    "get_stats": "count_confusion",
    "iou_score": "iou",
    "jaccard_score": "iou",
    "f1_score": "dice",
    "F1Score": "dice",
    "fbeta_score": "f_beta",
    "accuracy": "pixel_accuracy",
    "Accuracy": "pixel_accuracy",
}
_NO_REDUCTION = (
    "A loss is one number; weight, absent and per_image say what its mean is taken over."
)
_SMOOTH = "Use smooth=(of the numerator, of the denominator)."
_WEIGHT = "Use weight, one number per class."
_IGNORE = "Use ignore_index."
# options of other libraries: whole sentences
OPTIONS = {
    "mode": 'Use activation="sigmoid" for "binary" or "multilabel", "softmax" for "multiclass".',
    "reduction": _NO_REDUCTION,
    "size_average": _NO_REDUCTION,
    "reduce": _NO_REDUCTION,
    "from_logits": "Losses take logits: leave it out.",
    "log_loss": 'Use form="log".',
    "smooth_nr": _SMOOTH,
    "smooth_dr": _SMOOTH,
    "smooth_factor": "Use label_smoothing.",
    "eps": "Use smooth; a batch without valid pixels is 0 in any case.",
    "include_background": 'Use classes="foreground" to leave class 0 out.',
    "to_onehot_y": "Targets are class indices: leave it out.",
    "softmax": 'Use activation="softmax".',
    "sigmoid": 'Use activation="sigmoid".',
    "use_sigmoid": 'Use activation="sigmoid".',
    "multiclass": 'Use activation="softmax".',
    "squared_pred": "Use squared=True.",
    "jaccard": "Use the loss Jaccard.",
    "batch": "Sums are over the batch unless per_image=True.",
    "num_classes": "The logits have the number of classes: leave it out.",
    "average": 'Use pool_classes=True for "micro".',
    "normalized": "Use weighted_mean.",
    "class_weight": _WEIGHT,
    "class_weights": _WEIGHT,
    "weights": _WEIGHT,
    "pos_weight": _WEIGHT,
    "ignore": _IGNORE,
    "ignore_value": _IGNORE,
    "ignore_label": _IGNORE,
}


def name_hint(name: str, public: Iterable[str]) -> str:
    """The public name that is meant by one of another library, or of ours misspelt; else ""."""
    asked = name.lower().replace("_", "")
    ordered = sorted(public, reverse=not asked.endswith("loss"))  # Dice before dice, or after
    known = {other.lower().replace("_", ""): other for other in reversed(ordered)}
    meant = NAMES.get(name) or known.get(asked.removesuffix("loss"))
    if meant is None:
        near = get_close_matches(asked, known, n=1, cutoff=0.75)
        meant = known[near[0]] if near else ""
    return f". Did you mean pixelwise.{meant}?" if meant else ""
