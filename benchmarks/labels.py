"""Label images: colour to index, reading, counting."""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import pixelwise as pw
from benchmarks import measure

COUNT = 60
CLASSES = 21


def draw(seed: int) -> np.ndarray:
    """A blocky label of 512 x 1024 with 21 classes and a void band."""
    coarse = np.random.default_rng(seed).integers(0, CLASSES, (32, 64), dtype=np.uint8)
    label = np.kron(coarse, np.ones((16, 16), np.uint8))
    label[:8] = 255
    return label


def per_class_loop(image: np.ndarray, colors: np.ndarray) -> np.ndarray:
    index = np.zeros(image.shape[:2], np.uint8)
    for c, color in enumerate(colors):
        index[np.all(image == color, axis=-1)] = c
    return index


def color_to_index() -> str:
    classes = pw.Classes([f"class {c}" for c in range(CLASSES)])
    image = pw.index_to_color(np.minimum(draw(0), CLASSES - 1), classes)
    colors = np.asarray(classes.colors, np.uint8)
    rows = {
        "pixelwise": lambda: pw.color_to_index(image, classes),
        "np.all per class": lambda: per_class_loop(image, colors),
    }
    seconds = measure.interleaved(rows, 7)
    lines = [
        [name, measure.milliseconds(measure.median(v)), f"{measure.ratio(seconds, name):.0f} ×"]
        for name, v in seconds.items()
    ]
    head = ["colour → index, 512×1024, 21 classes", "median", "time / pixelwise"]
    return measure.table(head, lines) + "\n\nTarget: ≥ 100 × the loop.\n"


def reading() -> str:
    classes = pw.Classes([f"class {c}" for c in range(CLASSES)])
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i:03}.png" for i in range(COUNT)]
        for i, path in enumerate(paths):
            pw.write_label(path, draw(i), classes)
        rows = {
            "bare decoding (Pillow)": lambda: [np.asarray(Image.open(p)) for p in paths],
            "read_label": lambda: [pw.read_label(p) for p in paths],
            "count_labels": lambda: pw.count_labels(paths, classes),
        }
        seconds = measure.interleaved(rows, 7)
    lines = [
        [
            name,
            f"{COUNT / measure.median(v):.0f} files/s",
            f"{1 / measure.ratio(seconds, name, 'bare decoding (Pillow)'):.2f} ×",
        ]
        for name, v in seconds.items()
    ]
    head = [f"{COUNT} label PNGs of 512×1024", "rate", "rate / bare decoding"]
    return measure.table(head, lines) + "\n\nTarget: ≥ 0.7 × the bare decoding rate.\n"


def report() -> str:
    return "## Label images\n\n" + color_to_index() + "\n" + reading()


if __name__ == "__main__":
    print(report())
