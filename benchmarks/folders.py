"""Folders of images: `predict` and the evaluation in training, against the network alone."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import pixelwise as pw
from benchmarks import measure
from pixelwise.data.dataset import read_pair
from pixelwise.labels.codecs.png_writer import encode_png
from pixelwise.networks.build import Network, build_network
from pixelwise.run.checkpoint import LAST, AboutCheckpoint, save_checkpoint
from pixelwise.run.evaluate import evaluate

IMAGES = 60
SIZE = (512, 1024)
CLASSES = pw.Classes([f"class {c}" for c in range(19)])
ROUNDS = 3
ALONE = "network alone, images in memory"
TARGET = "Target: ≥ 0.9 × the network alone.\n"


def draw(seed: int) -> np.ndarray:
    """An image as a camera gives it: smooth shapes and a little noise."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (16, 32, 3), np.uint8))
    smooth = np.asarray(coarse.resize(SIZE[::-1], Image.Resampling.BICUBIC), np.float32)
    noise = random.normal(0, 4, (*SIZE, 1)).astype(np.float32)
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def make_pairs(folder: Path, suffix: str) -> list[pw.Pair]:
    """Drawn images and blocky labels."""
    pairs = []
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for i in range(IMAGES):
        image, label = folder / "images" / f"{i:03}{suffix}", folder / "labels" / f"{i:03}.png"
        Image.fromarray(draw(i)).save(image)
        coarse = np.random.default_rng(i).integers(0, len(CLASSES), (16, 32), np.uint8)
        blocks = np.kron(coarse, np.ones((32, 32), np.uint8))
        label.write_bytes(encode_png(blocks, CLASSES.palette()))
        pairs.append(pw.Pair(f"{i:03}", image, label))
    return pairs


def make_run(folder: Path) -> Network:
    """The network `small` with the weights that it begins with, as a run folder."""
    torch.manual_seed(0)
    network = build_network("small", len(CLASSES)).eval()
    about = AboutCheckpoint("small", len(CLASSES), "multiclass", CLASSES, 1.0, "", 1, 1, {})
    save_checkpoint(folder / LAST, network, about, {})
    return network


def rates(head: str, rows: dict) -> str:
    """Images a second, and their ratio to the network alone."""
    seconds = measure.interleaved(rows, ROUNDS)
    lines = [
        [
            name,
            f"{IMAGES / measure.median(values):.1f} images/s",
            f"{1 / measure.ratio(seconds, name, ALONE):.2f} ×",
        ]
        for name, values in seconds.items()
    ]
    return measure.table([head, "rate", "rate / network alone"], lines) + "\n"


@torch.no_grad()
def predict_alone(network: Network, images: list[Tensor]) -> None:
    for image in images:
        pw.predict_label(network(image[None]), SIZE)


def predicting(folder: Path, network: Network, pairs: list[pw.Pair]) -> str:
    images = [read_pair(pair, CLASSES)[0] for pair in pairs]
    out, suffix = folder / "out", pairs[0].image.suffix[1:].upper()

    def predict() -> None:
        pw.predict(folder / "run", images=pairs[0].image.parent, out=out, device="cpu")
        shutil.rmtree(out)

    rows = {ALONE: lambda: predict_alone(network, images), "predict": predict}
    return rates(f"predict, {IMAGES} {suffix} of {SIZE[0]}×{SIZE[1]}, network small", rows)


@torch.no_grad()
def evaluate_alone(
    network: Network, criterion: torch.nn.Module, pairs: list[tuple[Tensor, Tensor]]
) -> None:
    for image, target in pairs:
        logits = network(image[None])
        pw.confusion_matrix(logits, target[None])
        criterion(logits, target[None])


def evaluating(network: Network, pairs: list[pw.Pair]) -> str:
    dataset = pw.SegmentationDataset(pairs, CLASSES)
    in_memory = [read_pair(pair, CLASSES) for pair in pairs]
    criterion = pw.criterion("ce+dice", num_classes=len(CLASSES), upsample="bilinear")
    rows = {
        ALONE: lambda: evaluate_alone(network, criterion, in_memory),
        "evaluate": lambda: evaluate(network, dataset, criterion, "softmax", workers=1),
    }
    suffix = pairs[0].image.suffix[1:].upper()
    head = f"evaluation in training, {IMAGES} {suffix} of {SIZE[0]}×{SIZE[1]}, network small"
    return rates(head, rows)


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = make_run(folder / "run")
        png, jpeg = (make_pairs(folder / suffix, suffix) for suffix in (".png", ".jpg"))
        tables = [predicting(folder, network, pairs) for pairs in (png, jpeg)]
        tables += [TARGET, evaluating(network, jpeg), TARGET]
    return "\n".join(["## Folders of images\n", *tables])


if __name__ == "__main__":
    print(report())
