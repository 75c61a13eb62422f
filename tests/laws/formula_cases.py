"""Criteria that one kernel computes, and sums at the edges for their formulas."""

from functools import cache
from itertools import product

import torch

from pixelwise.losses.table import LOSSES
from pixelwise.ops.spec import ALL_SUMS, SIGMOID_ONLY
from pixelwise.ops.stats import COUNTS, PixelStats

# rows of LOSSES that have no table of numbers; whoever adds one here gives up its speed
WITHOUT_TABLE = {
    "generalized_dice",
    "mcc",
    "unified_focal",
    "focal_of_mean",
    "top_k",
    "ohem",
    "lovasz",
    "lovasz_hinge",
    "boundary",
    "hausdorff",
    "soft_cldice",
}
VOID = [{"void": "skip"}, {"void": "zero"}]
FORMS = ("one_minus", "log", "log_cosh", "minus")


def factors(classes):
    """Factors per class: none, with a zero, and small ones."""
    return [
        None,
        [float(c % 3) for c in range(1, classes + 1)],
        [0.1 + c / 7 for c in range(classes)],
    ]


def pixel_options(name, activation, classes):
    """Options of a pixel loss, a dict each."""
    own = {
        "ce": [
            {"weight": w, "label_smoothing": s, "weighted_mean": m, "per_channel": p}
            for w, s, m, p in product(factors(classes), (0.0, 0.1), (True, False), (True, False))
        ],
        "bce": [
            {"weight": w, "pos_weight": p} for w, p in product(factors(classes), factors(classes))
        ],
        "poly1": [{"weight": w, "epsilon": e} for w, e in product(factors(classes), (1.0, -0.5))],
        "focal": [
            {"gamma": g, "alpha": a, "per_channel": p}
            for g, a, p in product((0.0, 2.0), alphas(activation, classes), (None, True, False))
        ]
        + weighted_focal(activation, classes),
    }[name]
    return [options | void for options, void in product(own, VOID)]


def weighted_focal(activation, classes):
    """Weights of channels, for sigmoid alone."""
    both = (True, False)
    found = [
        {"weight": w, "weighted_mean": m, "per_channel": p, "alpha": 0.3}
        for w, m, p in product(factors(classes)[1:], both, both)
    ]
    return {"softmax": [], "sigmoid": found}[activation]


def alphas(activation, classes):
    return factors(classes) if activation == "softmax" else [None, 0.25, [0.5] * classes]


def region_options(name, classes):
    """Options of a region loss; the family has one formula, so Dice alone has them all."""
    chosen = [None, [0]] if classes == 1 else [None, "foreground", [1, 0]]
    basis = [
        {"form": f, "absent": a, "per_image": i, "pool_classes": p, "smooth": s}
        for f, a, i, p, s in product(
            FORMS, ("skip", "zero", "keep"), *[(False, True)] * 2, (0.0, (0.5, 2.0))
        )
    ]
    names = "weight", "weighted_mean", "classes", "squared", "per_image", "pool_classes"
    both = [(True, False)] * 3
    values = product(factors(classes), (True, False), chosen, *both)
    weights = [dict(zip(names, of, strict=True)) for of in values]
    own = {
        "tversky": [{"alpha": 0.3, "beta": 0.7}, {"alpha": 0.0}, {"gamma": 0.75}, {"gamma": 2.0}],
        "f_beta": [{"beta": 2.0}],
    }.get(name, [])
    powers = [
        {"gamma": g, "form": f, "absent": a}
        for g, f, a in product((0.5, 1.5), FORMS[:3], ("skip", "zero", "keep"))
    ]
    shared = [*basis, *weights] if name == "dice" else [*basis[::7], *weights[::7]]
    return [*shared, *own, *(powers if name == "tversky" else [])]


def criteria(name, activation, classes):
    """Every criterion of a row of LOSSES that has a table, for logits of C channels."""
    pixel = name in ("ce", "bce", "poly1", "focal")
    options = pixel_options(name, activation, classes) if pixel else region_options(name, classes)
    row = LOSSES[name]
    shared = {"activation": activation} if len(row.activations) > 1 else {}
    return [row.make(**shared, **given) for given in options]


def names_of_sums(criterion):
    """Those of the table of sums, in its order."""
    wanted = {"target" if name == "target2" else name for name in criterion.sums}
    return tuple(name for name in ALL_SUMS if name in wanted and name != "pixels")


@cache
def draw_sums(names, classes, images=2, seed=0):
    """Name and sums (S, N, C) float64 of images of 50 pixels each, as a pass could give them."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    counts = (20 * drawn(images, classes)).round() + 1
    valid = counts.sum(1, keepdim=True).expand(images, classes)
    inter = counts * drawn(images, classes)
    values = {"valid": valid, "target": counts, "inter": inter}
    values["prob"] = inter + 5 * drawn(images, classes)
    values["prob2"] = values["prob"] * drawn(images, classes)
    losses = ("nll", "nll_all", "focal", *SIGMOID_ONLY)
    values |= {name: 30 * drawn(images, classes) for name in losses}
    found = []
    table = torch.stack([values[name] for name in names])
    found.append(("plain", table))
    found.append(("all void", torch.zeros_like(table)))
    void_image = table.clone()
    void_image[:, 1] = 0
    found.append(("void image", void_image))
    absent = table.clone()
    for row, name in enumerate(names):
        if name in ("target", "inter", "nll", "focal"):
            absent[row, 0, -1] = 0
            absent[row, :, 0] = 0
    found.append(("absent classes", absent))
    found.append(("no images", table[:, :0]))
    for row, name in enumerate(names):
        if name not in COUNTS:
            broken = absent.clone()
            broken[row, 0, 0] = float("nan")
            found.append((f"NaN in {name} of an absent class", broken))
            broken = table.clone()
            broken[row, -1, -1] = float("inf")
            found.append((f"infinite {name}", broken))
    return found


def plain_loss(criterion, names, table, pixels=50):
    """The formula on sums and its derivative by each of them, counts excepted."""
    sums = table.clone().requires_grad_()
    stats = PixelStats(sums, names, "")
    if "pixels" in criterion.sums:
        stats = stats.with_pixels(pixels)
    loss = criterion.formula(stats)
    (slope,) = torch.autograd.grad(loss, sums, allow_unused=True, materialize_grads=True)
    return loss.detach(), slope
