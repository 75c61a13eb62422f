"""The figures of docs/which-loss.md: numbers from the losses themselves, drawn as SVG.

    python docs/figures/which_loss.py      # writes numbers.json and one SVG a figure beside this

A test computes the numbers again and draws the committed ones again.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import pixelwise as pw
from pixelwise.demo.scenes import NAMES, VOID, draw_scene
from pixelwise.figures.charts import Line
from pixelwise.figures.lines import Lines

FOLDER = Path(__file__).parent
Figure = dict[str, Any]  # title, x_name, y_name, x, series: see drawn
POLE = NAMES.index("pole")
STEPS, EVERY = 60, 10  # of the linear model


def gradient_against_p() -> Figure:
    """How hard the foreground is pulled up, by the probability that it has now.

    1000 pixels, 50 of them foreground; the background stands at 0.1.
    """
    losses = {
        "bce": pw.BinaryCrossEntropy(),
        "focal γ=2": pw.Focal(2.0, activation="sigmoid"),
        "dice": pw.Dice(activation="sigmoid"),
        "jaccard": pw.Jaccard(activation="sigmoid"),
        "tversky .3 .7": pw.Tversky(0.3, 0.7, activation="sigmoid"),
    }
    target = (torch.arange(1000) < 50).long().unsqueeze(0)
    x = [round(0.02 * k, 2) for k in range(1, 50)]
    series: dict[str, list[float]] = {name: [] for name in losses}
    for p in x:
        for name, loss in losses.items():
            probs = torch.where(target == 1, p, 0.1).double().unsqueeze(1)
            logits = probs.logit().requires_grad_()
            (slope,) = torch.autograd.grad(loss(logits, target), logits)
            series[name].append(-float(slope[0, 0, :50].sum()))
    return {
        "title": "Pull on the foreground (5 % of the pixels)",
        "x_name": "probability of the foreground's own pixels",
        "y_name": "−Σ ∂loss/∂logit over the foreground",
        "x": x,
        "series": series,
    }


def class_weights() -> Figure:
    """Which share of the gradient of cross entropy a class has, by its share of the pixels.

    Three classes; nothing is learnt yet (all logits 0), the rare class has x % of the pixels.
    """
    x = [0.5, 1, 2, 5, 10, 20, 30]
    series: dict[str, list[float]] = {}
    for method in ("none", "enet", "inverse"):
        series[method] = [share_of_rare(percent, method) for percent in x]
    series["dice"] = [share_of_rare(percent, "none", pw.Dice()) for percent in x]
    return {
        "title": "Share of the gradient that comes from a rare class",
        "x_name": "its share of the pixels, %",
        "y_name": "its share of the gradient, %",
        "x": x,
        "series": series,
    }


def share_of_rare(percent: float, method: str, loss: Any = None) -> float:
    rare = round(20 * percent)
    target = torch.full((1, 2000), 0)
    target[0, :rare], target[0, rare : rare + 600] = 2, 1
    pixels = torch.bincount(target[0], minlength=3).numpy()
    images = np.ones(3, np.int64)
    counts = pw.LabelCounts(pixels, images, 0, 1, np.full(3, 2000))
    weight = None if method == "none" else pw.class_weights(counts, method)
    loss = loss or pw.CrossEntropy(weight)
    logits = torch.zeros(1, 3, 2000, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(logits, target), logits)
    pull = slope[0].gather(0, target).abs()[0]
    return 100 * float(pull[:rare].sum() / pull.sum())


def void() -> Figure:
    """Cross entropy and Dice of the same prediction while more and more pixels are void."""
    x = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    losses = {
        "ce": pw.CrossEntropy(),
        'ce, void="zero"': pw.CrossEntropy(void="zero"),
        "dice": pw.Dice(),
        "dice, void as class 0": pw.Dice(),
    }
    target = (torch.arange(1000) % 4 == 0).long().unsqueeze(0)
    logits = 1.5 * torch.nn.functional.one_hot(target, 2).movedim(-1, 1).double()
    series: dict[str, list[float]] = {name: [] for name in losses}
    for percent in x:
        hidden = torch.arange(1000).unsqueeze(0) % 100 < percent
        for name, loss in losses.items():
            value = 0 if "as class" in name else 255
            series[name].append(float(loss(logits, target.masked_fill(hidden, value))))
    return {
        "title": "The loss of one prediction, while its labels become void",
        "x_name": "void pixels, %",
        "y_name": "loss",
        "x": x,
        "series": series,
    }


def absent_classes() -> Figure:
    """Dice of ten classes, every present one half right, while more of them are absent."""
    x = list(range(10))
    series: dict[str, list[float]] = {name: [] for name in ("skip", "zero", "keep")}
    for absent in x:
        target = torch.arange(1000).unsqueeze(0) % (10 - absent)
        logits = 3.0 * torch.nn.functional.one_hot(target, 10).movedim(-1, 1).double()
        for name, line in series.items():
            line.append(float(pw.Dice(absent=name)(logits, target)))
    return {
        "title": "Dice of a batch in which classes are absent",
        "x_name": "absent classes out of 10",
        "y_name": "loss",
        "x": x,
        "series": series,
    }


def rare_class() -> Figure:
    """IoU of the demo's rarest class while a linear model learns by each loss, full batch."""
    features, target = scenes(4)
    series = {
        "ce": learnt(features, target, pw.CrossEntropy()),
        "ce, weights": learnt(features, target, pw.CrossEntropy(inverse_frequency(target))),
        "dice": learnt(features, target, pw.Dice()),
        "ce + dice": learnt(features, target, pw.CrossEntropy() + pw.Dice()),
    }
    return {
        "title": f"The demo's poles ({share_of_poles(target):.1f} % of the pixels)",
        "x_name": "steps of a linear model on colours and edges",
        "y_name": "IoU of the class, %",
        "x": list(range(0, STEPS + 1, EVERY)),
        "series": series,
    }


def scenes(number: int) -> tuple[Tensor, Tensor]:
    """Features (N, F, H, W) float64 of drawn scenes, and their targets (N, H, W)."""
    drawn = [draw_scene(seed=0, index=index) for index in range(number)]
    image = torch.from_numpy(np.stack([image for image, _ in drawn])).movedim(-1, 1) / 255.0
    target = torch.from_numpy(np.stack([label for _, label in drawn]))
    colors = image.double() - 0.5
    rows = torch.linspace(-1, 1, image.shape[2]).double().view(1, 1, -1, 1).expand_as(colors[:, :1])
    # a vertical bar is darker or lighter than what stands left and right of it, not above it
    grey = colors.mean(1, keepdim=True)
    bars = [(grey - grey.roll(shift, 3)).abs() for shift in (-4, -2, 2, 4)]
    beams = [(grey - grey.roll(shift, 2)).abs() for shift in (-4, 4)]
    plain = torch.cat([colors, rows, *bars, *beams], dim=1)
    both = torch.stack(bars).amin(0)
    features = torch.cat([plain, plain.square(), rows * colors, both, both * rows], dim=1)
    # every second row is enough: poles are upright
    return 3 * features[:, :, ::2], target[:, ::2]


def learnt(features: Tensor, target: Tensor, criterion: Any, steps: int = STEPS) -> list[float]:
    """IoU of the rare class in percent, every few steps of Adam."""
    weight = torch.zeros(len(NAMES), features.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(len(NAMES), 1, 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weight, bias], lr=0.2)
    found = []
    for step in range(steps + 1):
        logits = torch.einsum("kf,nfhw->nkhw", weight, features) + bias
        if step % EVERY == 0:
            counts = pw.count_confusion(logits.argmax(1).numpy(), target.numpy(), len(NAMES))
            found.append(100 * float(pw.iou(counts)[POLE]))
        optimizer.zero_grad()
        criterion(logits, target).backward()
        optimizer.step()
    return found


def inverse_frequency(target: Tensor) -> Tensor:
    pixels = torch.bincount(target[target != VOID], minlength=len(NAMES)).double()
    return pixels.sum() / (len(NAMES) * pixels.clamp(min=1))


def share_of_poles(target: Tensor) -> float:
    return 100 * float((target == POLE).sum() / (target != VOID).sum())


FIGURES = {
    "gradient": gradient_against_p,
    "class-weights": class_weights,
    "void": void,
    "absent": absent_classes,
    "rare-class": rare_class,
}


def computed(name: str) -> Figure:
    """The numbers of a figure, rounded to what a figure can show."""
    figure = FIGURES[name]()
    series = {
        line: [float(f"{v:.4g}") for v in values] for line, values in figure["series"].items()
    }
    return figure | {"series": series}


def drawn(figure: Figure) -> str:
    """The figure as SVG: the same numbers give the same text."""
    lines = tuple(
        Line(name, tuple(zip(figure["x"], values)), tuple(f"{name}: {v:g}" for v in values))
        for name, values in figure["series"].items()
    )
    return Lines(figure["title"], lines, figure["x_name"], figure["y_name"]).svg()


def main() -> None:
    numbers = {name: computed(name) for name in FIGURES}
    (FOLDER / "numbers.json").write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n")
    for name, figure in numbers.items():
        (FOLDER / f"{name}.svg").write_text(drawn(figure), encoding="utf-8")


if __name__ == "__main__":
    main()
