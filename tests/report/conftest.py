"""A small street scene: ten images, six classes, one of them absent and one thin, and its score."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pixelwise.labels.classes import Classes
from pixelwise.labels.png import write_label
from pixelwise.metrics import image_scores, means, scores
from pixelwise.metrics.confusion import count_confusion

SKY, BUILDING, ROAD, TREE, POLE, BOAT, VOID = 0, 1, 2, 3, 4, 5, 255
NAMES = ["Sky", "Building", "Road", "Tree", "Pole", "Boat"]
COLORS = [
    (120, 172, 214),
    (156, 102, 84),
    (128, 100, 140),
    (86, 130, 62),
    (222, 190, 92),
    (20, 60, 120),
]
SURFACE = {SKY: (186, 208, 226), BUILDING: (150, 128, 112), ROAD: (92, 92, 96)}
SURFACE |= {TREE: (70, 92, 52), POLE: (52, 50, 50), VOID: (30, 32, 38)}
HEIGHT, WIDTH = 270, 360
PER_CLASS = {
    "iou": scores.iou,
    "dice": scores.dice,
    "precision": scores.precision,
    "recall": scores.recall,
}
OVERALL = {
    "mean_iou": scores.mean_iou,
    "mean_dice": scores.mean_dice,
    "pixel_accuracy": scores.pixel_accuracy,
    "mean_accuracy": scores.mean_accuracy,
    "frequency_weighted_iou": scores.frequency_weighted_iou,
}
OF_IMAGES = {"mean_iou_i": image_scores.mean_iou_i, "mean_iou_c": image_scores.mean_iou_c}


def or_null(value):
    return None if np.isnan(value) else float(value)


def street(rng):
    """(H, W) label of a street with houses, trees, poles and a void car bonnet."""
    picture = Image.new("L", (WIDTH, HEIGHT), SKY)
    draw = ImageDraw.Draw(picture)
    horizon = int(rng.integers(130, 160))
    left = 0
    while left < WIDTH:
        width = int(rng.integers(40, 90))
        top = horizon - int(rng.integers(20, 110))
        draw.rectangle([left, top, left + width, horizon + 15], fill=BUILDING)
        left += width + int(rng.integers(0, 25))
    draw.polygon(
        [
            (0, HEIGHT),
            (0, horizon + 30),
            (WIDTH // 2, horizon),
            (WIDTH, horizon + 30),
            (WIDTH, HEIGHT),
        ],
        fill=ROAD,
    )
    for x, y, radius in rng.integers([0, horizon - 60, 14], [WIDTH, horizon - 10, 42], (4, 3)):
        draw.rectangle([int(x) - 3, int(y), int(x) + 3, horizon + 20], fill=TREE)
        draw.ellipse(
            [int(x - radius), int(y - radius), int(x + radius), int(y + radius)], fill=TREE
        )
    for x in rng.integers(10, WIDTH - 10, 3):
        draw.rectangle([int(x), horizon - 95, int(x) + 2, horizon + 25], fill=POLE)
    draw.ellipse([60, HEIGHT - 28, WIDTH - 60, HEIGHT + 40], fill=VOID)
    return np.array(picture)


def photograph(label, rng):
    """(H, W, 3) image of a label: its surfaces, lit from above, with grain."""
    table = np.zeros((256, 3))
    table[list(SURFACE)] = list(SURFACE.values())
    light = np.linspace(1.12, 0.85, HEIGHT)[:, None, None]
    grain = rng.normal(0, 9, (HEIGHT, WIDTH, 1))
    image = Image.fromarray((table[label] * light + grain).clip(0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(0.8))


def guess(label, rng, quality):
    """A prediction: edges moved, thin things lost, patches of another class."""
    truth = np.where(label == VOID, ROAD, label)
    truth = np.where((truth == POLE) & (rng.random() > quality), BUILDING, truth)
    picture = Image.fromarray(truth.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(14 * (1 - quality))):
        x, y = rng.integers(0, WIDTH), rng.integers(60, HEIGHT)
        w, h = rng.integers(10, 90), rng.integers(8, 50)
        draw.ellipse([int(x), int(y), int(x + w), int(y + h)], fill=int(rng.integers(0, 4)))
    blurred = np.array(picture.filter(ImageFilter.ModeFilter(3)))
    return np.roll(blurred, int(6 * (1 - quality)), axis=1)


def score_of(folder, entries, classes):
    """The content of score.json for written label and prediction files."""
    total = sum(entry.pop("counts") for entry in (dict(e) for e in entries))
    parts = [entry.pop("counts") for entry in entries]
    per_class = {name: formula(total) for name, formula in PER_CLASS.items()}
    present = np.array([part.matrix.sum(axis=1) > 0 for part in parts]).sum(axis=0)
    return {
        "schema": "pixelwise.score/1",
        "version": "0.1.0",
        "command": "pixelwise score runs/ce/predictions/val --data street",
        "created": "2026-05-04T12:30:00+00:00",
        "dataset": {"path": str(folder / "street"), "split": "val"},
        "classes": classes.as_dict(),
        "task": "multiclass",
        "predictions": str(folder / "runs/ce/predictions/val"),
        "convention": "present",
        "convention_meaning": means.CONVENTIONS["present"],
        "scores": {
            **{name: or_null(formula(total)) for name, formula in OVERALL.items()},
            **{name: or_null(formula(parts)) for name, formula in OF_IMAGES.items()},
        },
        "classes_averaged": int(scores.classes_averaged(total).sum()),
        "mean_iou_by_convention": {
            name: or_null(scores.mean_iou(parts if name == "per_image" else total, name))
            for name in means.CONVENTIONS
        },
        "per_class": [
            {
                "index": index,
                "name": name,
                **{key: or_null(values[index]) for key, values in per_class.items()},
                "target_pixels": int(total.matrix[index].sum()),
                "pred_pixels": int(total.matrix[:, index].sum()),
                "images": int(present[index]),
            }
            for index, name in enumerate(classes.names)
        ],
        "confusion": total.matrix.tolist(),
        "ignored_pixels": int(total.ignored),
        "valid_pixels": int(total.matrix.sum()),
        "images": entries,
    }


def image_entry(name, files, counts):
    t, p = np.nonzero(counts.matrix)
    return {
        "id": name,
        **files,
        "height": HEIGHT,
        "width": WIDTH,
        "valid": int(counts.matrix.sum()),
        "ignored": int(counts.ignored),
        "mean_iou": or_null(scores.mean_iou(counts)),
        "pixel_accuracy": or_null(scores.pixel_accuracy(counts)),
        "confusion": np.stack([t, p, counts.matrix[t, p]], axis=1).tolist(),
        "counts": counts,
    }


def metrics_lines(rng):
    """metrics.jsonl of a training run of 600 steps."""
    for step in range(10, 601, 10):
        loss = 1.6 * np.exp(-step / 160) + 0.35 + rng.normal(0, 0.05)
        yield {"step": step, "epoch": step // 60, "train/loss": round(loss, 4), "train/lr": 1e-3}
        if step % 60 == 0:
            miou = 0.72 * (1 - np.exp(-step / 140)) + rng.normal(0, 0.01)
            yield {
                "step": step,
                "epoch": step // 60,
                "val/loss": round(1.5 * np.exp(-step / 170) + 0.47, 4),
                "val/miou": round(miou, 4),
                "val/pixel_acc": 0.9,
            }


@pytest.fixture(scope="session")
def street_score(tmp_path_factory):
    """The folder of a dataset, a run with predictions, and their score.json; do not change it."""
    folder = tmp_path_factory.mktemp("street")
    run = folder / "runs/ce"
    predictions = run / "predictions/val"
    for made in (folder / "street/images", folder / "street/labels", predictions):
        made.mkdir(parents=True)
    classes = Classes(NAMES, colors=COLORS)
    entries = []
    for number in range(10):
        rng = np.random.default_rng(number)
        name = f"seq_{number:04d}"
        files = {
            "image": str(folder / f"street/images/{name}.jpg"),
            "label": str(folder / f"street/labels/{name}.png"),
            "prediction": f"{name}.png",
        }
        label = street(rng)
        pred = guess(label, rng, quality=0.35 + 0.06 * number)
        photograph(label, rng).save(files["image"], quality=90)
        write_label(files["label"], label, classes)
        write_label(predictions / files["prediction"], pred, classes)
        counts = count_confusion(pred, label, len(NAMES))
        entries.append(image_entry(name, files, counts))
    score = score_of(folder, entries, classes)
    (predictions / "score.json").write_text(json.dumps(score))
    lines = metrics_lines(np.random.default_rng(0))
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run / "config.json").write_text("{}")
    return folder


@pytest.fixture
def run_folder(street_score, tmp_path):
    """A run folder with metrics.jsonl, predictions and score.json that a test may change."""
    return Path(shutil.copytree(street_score / "runs/ce", tmp_path / "runs/ce"))


@pytest.fixture
def score_path(run_folder):
    """The score.json in the run folder."""
    return run_folder / "predictions/val/score.json"


@pytest.fixture
def change_score(score_path):
    """Rewrite score.json with a function that changes its content in place."""

    def change(edit):
        score = json.loads(score_path.read_text())
        edit(score)
        score_path.write_text(json.dumps(score))
        return score_path

    return change
