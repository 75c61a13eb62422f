"""Label images: colour to index, reading, counting, auditing.

`python -m benchmarks.labels --hundred-thousand` measures the memory of a large audit (minutes).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import pixelwise as pw
from benchmarks import measure
from pixelwise.executors import open_executor
from pixelwise.labels.description import Split, write_description
from pixelwise.labels.png_chunks import encode_png
from pixelwise.sums import map_over

COUNT = 60
AUDITED = 400
HEADERS = 2_000
SMALL_LABELS = 5_000
CLASSES = 21
CLASS_TABLE = pw.Classes([f"class {c}" for c in range(CLASSES)])
BARE = "bare decoding (Pillow)"
# What a process of its own is asked to do.
AUDIT = "--audit"


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


def decode(path: Path) -> None:
    """What any reader has to do at least."""
    with Image.open(path) as image:
        np.asarray(image)


def label_files(folder: str, kind: str) -> list[Path]:
    """Label PNGs as pixelwise writes them (indexed) or as Pillow does (grey, rows filtered)."""
    paths = [Path(folder) / f"{i:03}.png" for i in range(COUNT)]
    for i, path in enumerate(paths):
        if kind == "grey":
            Image.fromarray(draw(i)).save(path)
        else:
            pw.write_label(path, draw(i))
    return paths


def read(path: Path) -> None:
    pw.read_label(path)


def reading(kind: str, processes: int) -> str:
    """In processes of their own, as a command is: memory that others have used is faster."""
    with tempfile.TemporaryDirectory() as folder, open_executor(processes) as pool:
        paths = label_files(folder, kind)
        rows = {
            BARE: lambda: list(map_over(paths, decode, pool, chunk=16)),
            "read_label": lambda: list(map_over(paths, read, pool, chunk=16)),
            "count_labels": lambda: pw.count_labels(paths, CLASS_TABLE, pool),
        }
        seconds = measure.interleaved(rows, 7)
    head = [f"{COUNT} {kind} label PNGs of 512×1024, processes: {processes}", "rate"]
    return measure.table([*head, f"rate / {BARE}"], rates(seconds, COUNT)) + "\n"


def auditing() -> str:
    """A clean folder: every label is decoded, of every image the header is read."""
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        data = make_dataset(Path(folder), AUDITED, draw)
        paths = sorted((data / "labels").iterdir())
        findings = pw.audit(data).findings
        assert not findings, findings
        for processes in (1, 2):
            with open_executor(processes) as pool:
                rows = {
                    BARE: lambda: list(map_over(paths, decode, pool, chunk=16)),
                    "audit": lambda: pw.audit(data, executor=pool),
                }
                seconds = measure.interleaved(rows, 7)
            head = [f"clean folder of {AUDITED} pairs, processes: {processes}", "labels"]
            tables.append(measure.table([*head, f"rate / {BARE}"], rates(seconds, AUDITED)))
    return "\n\n".join(tables) + "\n"


def headers() -> str:
    """The pass over headers alone: two files a pair."""
    with tempfile.TemporaryDirectory() as folder:
        data = make_dataset(Path(folder), HEADERS, draw_small)
        seconds = measure.interleaved({"audit --quick": lambda: pw.audit(data, quick=True)}, 7)
    rate = 2 * HEADERS / measure.median(seconds["audit --quick"])
    head = [f"headers of {2 * HEADERS:,} files", "rate"]
    return measure.table(head, [["audit --quick", f"{rate:,.0f} files/s"]]) + "\n"


def memory(pairs: int) -> str:
    """An audit in a process of its own, which does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        data = make_dataset(Path(folder), pairs, draw_small)
        start = time.perf_counter()
        found = measure.in_own_process("benchmarks.labels", AUDIT, str(data))
        seconds = time.perf_counter() - start
    peak = "failed" if found is None else f"{found / 2**20:.0f} MiB"
    head = [f"audit of {pairs:,} small labels", "time", "peak of resident memory"]
    return measure.table(head, [["audit", f"{seconds:.0f} s", peak]]) + "\n"


def make_dataset(folder: Path, pairs: int, label_of: Callable[[int], np.ndarray]) -> Path:
    """A dataset without a defect; no two images and no two labels are equal."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for i in range(pairs):
        label = label_of(i)
        # not write_label, which waits for the disk
        data = encode_png(label, pw.voc_colormap())
        (folder / "labels" / f"{i:06}.png").write_bytes(data)
        picture = np.random.default_rng(i).integers(0, 256, (8, 16, 3), np.uint8)
        image = Image.fromarray(picture).resize(label.shape[::-1])
        image.save(folder / "images" / f"{i:06}.jpg")
    description = pw.Description(folder, CLASS_TABLE, {"train": Split("images", "labels")})
    write_description(description, folder)
    return folder


def draw_small(seed: int) -> np.ndarray:
    """All classes and void, 16 x 24, in an order of its own."""
    order = np.random.default_rng(seed).permutation(24)
    return np.kron(np.where(order < CLASSES, order, 255), np.ones((16, 1))).astype(np.uint8)


def rates(seconds: dict[str, list[float]], files: int) -> list[list[str]]:
    return [
        [
            name,
            f"{files / measure.median(values):.0f} files/s",
            f"{1 / measure.ratio(seconds, name, BARE):.2f} ×",
        ]
        for name, values in seconds.items()
    ]


def report() -> str:
    return "\n".join(
        [
            "## Label images\n",
            color_to_index(),
            *(reading(kind, workers) for kind in ("indexed", "grey") for workers in (1, 2)),
            auditing(),
            headers(),
            "Target: ≥ 0.7 × the bare decoding rate; ≥ 20,000 headers a second.\n",
            memory(SMALL_LABELS),
        ]
    )


def main(words: list[str]) -> None:
    if words[:1] == [AUDIT]:
        pw.audit(words[1])
        print(measure.resident("VmHWM"))
    elif words == ["--hundred-thousand"]:
        print(memory(100_000) + "\nTarget: < 400 MiB.\n")
    else:
        print(report())


if __name__ == "__main__":
    main(sys.argv[1:])
