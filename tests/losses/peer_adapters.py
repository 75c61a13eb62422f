"""A peer's call as ours: its options renamed, its reduction and its denominators put around ours.

An adapter gets a case and its subject (the logits or probabilities as a leaf, or the labels of
one-hot) and returns what the peer returns. Where the peer activates inside, our loss gets the
logits. Where it takes probabilities as they are, the sums are made of them here by plain torch
(`given`) and our formula is applied to those. The losses come from PRESETS where they have a row.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from losses.peer_cases import Case
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.mcc import MCC
from pixelwise.losses.pixel import BinaryCrossEntropy, CrossEntropy, Focal
from pixelwise.losses.region import Dice, GeneralizedDice, Jaccard, Tversky
from pixelwise.ops.onehot import one_hot
from pixelwise.ops.stats import PixelStats

ACTIVATIONS = {
    None: lambda x: x,
    "tanh": torch.tanh,
    "log_softmax(dim=1)": lambda x: F.log_softmax(x, dim=1),
}


def given(probs: Tensor, target: Tensor, overlap: str = "product") -> PixelStats:
    """Sums of given probabilities and targets (N, C, *S); overlap is p·y or, "least", min(p, y).

    The two are equal for y of 0 and 1. The least is written with |p − y| because peers do, whose
    slope at p = y is 0.
    """
    p, y = probs.flatten(2), target.to(probs).flatten(2)
    inter = p * y if overlap == "product" else (p + y - (p - y).abs()) / 2
    sums = {"valid": torch.ones_like(p), "target": y, "prob": p, "inter": inter, "prob2": p * p}
    return PixelStats(torch.stack([s.sum(2) for s in sums.values()]), list(sums), "given")


def images(stats: PixelStats) -> list[PixelStats]:
    """The stats of every image alone."""
    count = stats.sums.shape[1]
    return [PixelStats(stats.sums[:, n : n + 1], stats.names, stats.backend) for n in range(count)]


def of_each_image(criterion: Criterion, stats: PixelStats) -> Tensor:
    return torch.stack([criterion.formula(image) for image in images(stats)])


def pixels(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Every pixel as an image of its own: (N·P, C) and (N·P,)."""
    return logits.movedim(1, -1).reshape(-1, logits.shape[1]), target.reshape(-1)


def hot(index: Tensor, classes: int) -> Tensor:
    return F.one_hot(index.long(), classes).movedim(-1, 1)


# PyTorch -----------------------------------------------------------------------------------------


def torch_cross_entropy(case: Case, x: Tensor) -> Tensor:
    params, target = case.params, case.inputs["target"]
    names = ("weight", "label_smoothing", "ignore_index")
    criterion = CrossEntropy.like("torch", **{n: params[n] for n in names if n in params})
    reduction = params.get("reduction", "mean")
    if reduction == "mean":
        return criterion(x, target)
    if reduction == "sum":
        return _numerator(criterion, criterion.stats(x, target))
    alone = images(criterion.stats(*pixels(x, target)))
    return torch.stack([_numerator(criterion, pixel) for pixel in alone]).reshape(target.shape)


def _numerator(criterion: CrossEntropy, stats: PixelStats) -> Tensor:
    """The sum instead of the mean: the formula on stats whose denominator Σ w·target is 1."""
    weight = torch.ones(stats.target.shape[1]) if criterion.weight is None else criterion.weight
    share = torch.full_like(stats.target, 1 / (len(stats.target) * weight.sum().item()))
    sums = [share if name == "target" else getattr(stats, name) for name in stats.names]
    return criterion.formula(PixelStats(torch.stack(sums), stats.names, stats.backend))


def torch_one_hot(case: Case, labels: Tensor) -> Tensor:
    """Class axis last; a scalar label is one pixel; C = −1 is the largest label + 1."""
    labels, classes = labels.reshape(labels.shape or (1,)), case.params["num_classes"]
    classes = int(labels.max()) + 1 if classes < 0 else classes
    return one_hot(labels, classes, ignore_index=None).movedim(1, -1)


def channel_one_hot(case: Case, labels: Tensor) -> Tensor:
    """mmseg and kornia."""
    return one_hot(labels, case.params["num_classes"], case.params.get("ignore_index"))


def monai_one_hot(case: Case, labels: Tensor) -> Tensor:
    """A channel axis of size 1 is replaced by one of C."""
    labels = labels.squeeze(1) if labels.dim() > 1 else labels
    dtype = case.params.get("dtype", {"dtype": "torch.float32"})["dtype"].removeprefix("torch.")
    classes = case.params["num_classes"]
    return one_hot(labels, classes, ignore_index=None, dtype=getattr(torch, dtype))


# MONAI -------------------------------------------------------------------------------------------


def monai_dice(case: Case, x: Tensor) -> Tensor:
    options = {
        "squared": case.params.get("squared_pred", False),
        "weight": case.params.get("weight"),
    }
    return _monai_region(case, x, Jaccard if case.params.get("jaccard") else Dice, **options)


def monai_tversky(case: Case, x: Tensor) -> Tensor:
    costs = {name: case.params.get(name, 0.5) for name in ("alpha", "beta")}
    return _monai_region(case, x, Tversky, **costs)


def monai_generalized_dice(case: Case, x: Tensor) -> Tensor:
    weighting = case.params.get("w_type", "square")
    return _monai_region(case, x, GeneralizedDice, together=True, weighting=weighting)


def _monai_region(case: Case, x: Tensor, loss: type[Criterion], together=False, **options):
    """An absent class counts by the formula; "none" is an entry per image and (group of) class."""
    params = case.params
    first = 0 if params.get("include_background", True) else 1
    classes = list(range(first, x.shape[1]))
    options["per_image"] = not params.get("batch", False)
    options["smooth"] = params.get("smooth_nr", 1e-5), params.get("smooth_dr", 1e-5)
    options["activation"] = "softmax" if params.get("softmax") else "sigmoid"
    whole = loss.like("monai>=1.6", classes=classes, **options)
    stats = _monai_stats(case, x, whole)
    reduction = params.get("reduction", "mean")
    if reduction == "mean":
        return whole.formula(stats)
    groups = [classes] if together else [[c] for c in classes]
    losses = [loss.like("monai>=1.6", classes=group, **options) for group in groups]
    columns = [of_each_image(of_group, stats) for of_group in losses]
    table = torch.stack(columns, dim=1)
    return table.sum() if reduction == "sum" else table


def _monai_stats(case: Case, x: Tensor, criterion: Criterion) -> PixelStats:
    params, target = case.params, case.inputs["target"]
    index = params.get("to_onehot_y", False)
    if params.get("sigmoid") or params.get("softmax"):
        return criterion.stats(x, (target.squeeze(1) if index else target).long())
    target = hot(target.squeeze(1), x.shape[1]) if index else target
    activation = ACTIVATIONS[params.get("other_act", {}).get("callable")]
    return given(activation(x), target, "least" if params.get("soft_label") else "product")


def monai_focal(case: Case, x: Tensor) -> Tensor:
    """With softmax, alpha is the share of the foreground."""
    params, target, classes = case.params, case.inputs["target"], x.shape[1]
    index = target.squeeze(1) if params["to_onehot_y"] else None
    alpha = params.get("alpha")
    if params.get("use_softmax"):
        per_class = None if alpha is None else [1 - alpha, *[alpha] * (classes - 1)]
        return Focal.like("monai>=1.6", activation="softmax", alpha=per_class)(x, index)
    criterion = Focal.like("monai>=1.6", alpha=alpha)
    if not params.get("include_background", True):
        return criterion(x[:, 1:], hot(index, classes)[:, 1:])
    if params.get("reduction", "mean") == "mean":
        return criterion(x, target if index is None else index)
    elements = criterion.stats(x.reshape(-1, 1), hot(index, classes).reshape(-1))
    weight = torch.tensor(params.get("weight", [1.0] * classes), dtype=torch.float64)
    return of_each_image(criterion, elements).reshape(x.shape) * weight.view(-1, 1, 1)


# segmentation_models.pytorch ---------------------------------------------------------------------


def smp_region(loss: type[Criterion]) -> Callable[[Case, Tensor], Tensor]:
    def adapter(case: Case, x: Tensor) -> Tensor:
        params, target = case.params, case.inputs["y_true"]
        criterion = loss.like("smp>=0.4", weight=params.get("class_weights"))
        if params["from_logits"]:
            return criterion(x, target)
        if params["mode"] == "binary":
            x, target = x.reshape(len(x), 1, -1), target.reshape(len(x), 1, -1)
        if params["mode"] == "multiclass":
            target = hot(target, x.shape[1])
        return criterion.formula(given(x, target, "least"))

    return adapter


def smp_score(loss: type[Criterion]) -> Callable[[Case, Tensor], Tensor]:
    """1 − loss of everything, or the mean of that of every row."""

    def adapter(case: Case, x: Tensor) -> Tensor:
        rows = x.reshape(len(x) if "dims" in case.params else 1, 1, -1)
        stats = given(rows, case.inputs["y_true"].reshape(rows.shape), "least")
        return 1 - loss(per_image=True, absent="keep").formula(stats)

    return adapter


def smp_mcc(case: Case, x: Tensor) -> Tensor:
    criterion = MCC.like("smp>=0.4", smooth=case.params["eps"])
    target = case.inputs["y_true"].reshape(len(x), 1, -1)
    return criterion.formula(given(x.reshape(len(x), 1, -1), target))


def smp_cross_entropy(case: Case, x: Tensor) -> Tensor:
    options = {"label_smoothing": case.params["smooth_factor"]}
    options["ignore_index"] = case.params["ignore_index"]
    return CrossEntropy.like("smp>=0.4", **options)(x, case.inputs["y_true"])


def smp_binary_cross_entropy(case: Case, x: Tensor) -> Tensor:
    """Label smoothing mixes the target with its opposite."""
    params, x, target = case.params, x.view(1, 1, -1), case.inputs["y_true"].view(1, -1)
    valid = target != params["ignore_index"]
    opposite = torch.where(valid, 1 - target, target)
    criterion = BinaryCrossEntropy.like("smp>=0.4", ignore_index=params["ignore_index"])
    s = params["smooth_factor"]
    return (1 - s) * criterion(x, target) + s * criterion(x, opposite)


def smp_focal(case: Case, x: Tensor) -> Tensor:
    """Sigmoid even for one class per pixel, and a weighted mean over the classes."""
    target, classes = case.inputs["y_true"], range(x.shape[1])
    criterion = Focal.like("smp>=0.4")
    per_class = torch.stack([criterion(x[:, c : c + 1], target == c) for c in classes])
    weight = torch.tensor(case.params["class_weights"] or [1.0] * len(classes))
    return (weight * per_class).sum() / weight.sum()


# keras -------------------------------------------------------------------------------------------


def keras_cross_entropy(case: Case, x: Tensor) -> Tensor:
    criterion = CrossEntropy(ignore_index=case.params.get("ignore_class"))
    return _keras_mean(case, criterion, _keras_logits(case, x), case.inputs["y_true"].reshape(-1))


def keras_categorical_focal(case: Case, x: Tensor) -> Tensor:
    """alpha = 1/4 on every class; label smoothing mixes the target with every class."""
    x, target = _keras_logits(case, x), case.inputs["y_true"].argmax(-1)
    classes = x.shape[1]
    criterion = Focal(alpha=[0.25] * classes)
    s = case.params.get("label_smoothing", 0.0)
    hard = _keras_mean(case, criterion, x, target)
    spread = [criterion(x, torch.full_like(target, c)) for c in range(classes)]
    return (1 - s) * hard + s * torch.stack(spread).mean()


def keras_binary_cross_entropy(case: Case, x: Tensor) -> Tensor:
    """Label smoothing s mixes the target with s/2 of its opposite."""
    x, target = _keras_logits(case, x), case.inputs["y_true"].long()
    criterion = BinaryCrossEntropy()
    s = case.params.get("label_smoothing", 0.0) / 2
    return (1 - s) * _keras_mean(case, criterion, x, target) + s * criterion(x, 1 - target)


def keras_binary_focal(case: Case, x: Tensor) -> Tensor:
    criterion = Focal(gamma=case.params["gamma"], activation="sigmoid")
    return _keras_mean(case, criterion, _keras_logits(case, x), case.inputs["y_true"].long())


def _keras_logits(case: Case, x: Tensor) -> Tensor:
    """(N·P, C), from the class axis last; probabilities are clipped, of a class also normalised."""
    x = x.reshape(-1, x.shape[-1])
    if case.params.get("from_logits"):
        return x
    if "Binary" in case.call:
        return x.clamp(1e-7, 1 - 1e-7).logit()
    return (x / x.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7).log()


def _keras_mean(case: Case, criterion: Criterion, x: Tensor, target: Tensor) -> Tensor:
    """Sample weights multiply, and the mean divides by the number of samples, not by their sum."""
    if case.params.get("reduction", "mean") is None:
        return of_each_image(criterion, criterion.stats(x, target))
    weight = case.inputs.get("sample_weight", torch.ones(1)).double().reshape(-1).expand(len(x))
    return criterion(x, target, weight) * weight.mean()


def keras_dice(case: Case, x: Tensor) -> Tensor:
    return _keras_region(case, x, Dice(smooth=1e-7, absent="keep"))


def keras_tversky(case: Case, x: Tensor) -> Tensor:
    costs = {name: case.params.get(name, 0.5) for name in ("alpha", "beta")}
    return _keras_region(case, x, Tversky(**costs, smooth=1e-7, absent="keep"))


def _keras_region(case: Case, x: Tensor, criterion: Criterion) -> Tensor:
    """Images and classes pooled into one, or an entry per image where axes are named."""
    rows = x.reshape(len(x) if "axis" in case.params else 1, 1, -1)
    stats = given(rows, case.inputs["y_true"].reshape(rows.shape))
    return of_each_image(criterion, stats)


ADAPTERS: dict[str, Callable[[Case, Tensor], Tensor]] = {
    "torch.nn.functional.cross_entropy": torch_cross_entropy,
    "torch.nn.functional.one_hot": torch_one_hot,
    "mmseg.models.losses.cross_entropy_loss._expand_onehot_labels": channel_one_hot,
    "kornia.losses.one_hot": channel_one_hot,
    "monai.networks.one_hot": monai_one_hot,
    "monai.losses.DiceLoss": monai_dice,
    "monai.losses.TverskyLoss": monai_tversky,
    "monai.losses.GeneralizedDiceLoss": monai_generalized_dice,
    "monai.losses.FocalLoss": monai_focal,
    "losses.DiceLoss": smp_region(Dice),
    "losses.JaccardLoss": smp_region(Jaccard),
    "losses.TverskyLoss": smp_region(Tversky),
    "losses._functional.soft_dice_score": smp_score(Dice),
    "losses._functional.soft_jaccard_score": smp_score(Jaccard),
    "losses._functional.soft_tversky_score": smp_score(Tversky),
    "losses.MCCLoss": smp_mcc,
    "losses.SoftCrossEntropyLoss": smp_cross_entropy,
    "losses.SoftBCEWithLogitsLoss": smp_binary_cross_entropy,
    "losses.FocalLoss": smp_focal,
    "keras.losses.SparseCategoricalCrossentropy": keras_cross_entropy,
    "keras.losses.CategoricalFocalCrossentropy": keras_categorical_focal,
    "keras.losses.BinaryCrossentropy": keras_binary_cross_entropy,
    "keras.losses.BinaryFocalCrossentropy": keras_binary_focal,
    "keras.losses.Dice": keras_dice,
    "keras.losses.Tversky": keras_tversky,
}
