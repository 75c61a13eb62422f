"""Label images: colour to index, reading, counting, auditing.

`python -m benchmarks.labels --hundred-thousand` measures the memory of a large audit (minutes).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import pixelwise as pw
from benchmarks import measure
from pixelwise.executors import open_executor
from pixelwise.labels.codecs.png_writer import encode_png
from pixelwise.labels.description import Split, write_description
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import ScoreInputs, count_items
from pixelwise.score.one_image import Item
from pixelwise.score.record import DataSplit
from pixelwise.sums import map_over

COUNTS = {512: 48, 256: 200, 64: 800}  # files by their height
AUDITED = {512: 300, 64: 2_000}
HEADERS = 2_000  # pairs
SMALL_LABELS = 5_000
MANY_PAIRS = 50_000
CLASSES = 21
CLASS_TABLE = pw.Classes([f"class {c}" for c in range(CLASSES)])
BARE = "bare decoding (Pillow)"
# What a process of its own is asked to do.
AUDIT = "--audit"


# How label PNGs are stored, and their height; they are twice as wide, but for the smallest.
INDEXED, GREY, GREY16, ONE_BIT = "indexed", "grey", "16-bit", "1-bit"
KINDS = (
    (INDEXED, 512),
    (GREY, 512),
    (GREY16, 512),
    (ONE_BIT, 512),
    (INDEXED, 256),
    (INDEXED, 64),
    (GREY, 64),
    (GREY16, 64),
)
PROCESSES = (1, 2)
AUDITED_KINDS = ((INDEXED, 512), (INDEXED, 64), (GREY16, 64))


def draw(seed: int, height: int = 512, wrong: float = 0.0) -> np.ndarray:
    """A blocky label with 21 classes and a void band; of its blocks a share is of another class."""
    width, block = (height, 8) if height == 64 else (2 * height, 16)
    rng = np.random.default_rng(seed)
    size = height // block, width // block
    coarse = rng.integers(0, CLASSES, size, dtype=np.uint8)
    other = rng.integers(0, CLASSES, size, dtype=np.uint8)
    coarse = np.where(rng.random(size) < wrong, other, coarse)
    label = np.kron(coarse, np.ones((block, block), np.uint8))
    if not wrong:
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
    return measure.table(head, lines) + "\n"


def decode(path: Path) -> None:
    """What any reader has to do at least."""
    with Image.open(path) as image:
        np.asarray(image)


def as_png(label: np.ndarray, kind: str) -> bytes:
    """As pixelwise writes it (indexed, its rows not filtered) or as Pillow does (filtered)."""
    if kind == INDEXED:
        return encode_png(label, CLASS_TABLE.palette())
    file = BytesIO()
    stored = {GREY: label, GREY16: label.astype(np.uint16), ONE_BIT: label > CLASSES // 2}[kind]
    Image.fromarray(stored).save(file, "PNG")
    return file.getvalue()


def read(path: Path) -> None:
    pw.read_label(path)


def folders_of(folder: Path, kind: str, height: int) -> ScoreInputs:
    """Labels and predictions, in which a tenth of the blocks is wrong."""
    items = []
    for i in range(COUNTS[height]):
        paths = [folder / f"{i:04}{name}.png" for name in ("", "_pred")]
        for path, wrong in zip(paths, (0.0, 0.1)):
            path.write_bytes(as_png(draw(i, height, wrong), kind))
        items.append(Item(f"{i:04}", (paths[1],), paths[0], None))
    classes = CLASS_TABLE if kind != ONE_BIT else pw.Classes(["no", "yes"])
    return ScoreInputs((folder,), items, classes, "multiclass", DataSplit(None, None))


def reading(kind: str, height: int) -> list[list[str]]:
    """In processes of their own, as a command is: memory that others have used is faster."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        inputs = folders_of(Path(folder), kind, height)
        paths = [item.label for item in inputs.items]
        both = [path for item in inputs.items for path in (item.label, *item.predictions)]
        config = ScoreConfig(Path(folder), labels=Path(folder, "labels"))

        def rows(pool: Executor | None) -> dict[str, Callable[[], object]]:
            return {
                BARE: lambda: list(map_over(paths, decode, pool, chunk=16)),
                "read": lambda: list(map_over(paths, read, pool, chunk=16)),
                "count": lambda: pw.count_labels(paths, inputs.classes, pool),
                "bare, both": lambda: list(map_over(both, decode, pool, chunk=32)),
                "score": lambda: count_items(inputs, config, pool),
            }

        for processes in PROCESSES:
            with open_executor(processes) as pool:
                found = measure.interleaved(rows(pool), 5)
            ratios = [measure.ratio(found, name, BARE) for name in ("read", "count")]
            ratios.append(measure.ratio(found, "score", "bare, both"))
            rate = f"{len(paths) / measure.median(found[BARE]):,.0f} files/s"
            name = f"{kind} {height}×{height if height == 64 else 2 * height}"
            lines.append([name, rate, *(f"{1 / ratio:.2f} ×" for ratio in ratios)])
    return lines


def auditing(kind: str, height: int) -> list[list[str]]:
    """A clean folder: every label is decoded, of every image the header is read."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        data = make_dataset(Path(folder), AUDITED[height], partial(draw, height=height), kind)
        paths = sorted((data / "labels").iterdir())
        found = set(pw.audit(data).totals)
        assert found <= {"V10"}, found  # that 8 bits would do

        def rows(pool: Executor | None) -> dict[str, Callable[[], object]]:
            return {
                BARE: lambda: list(map_over(paths, decode, pool, chunk=16)),
                "audit": lambda: pw.audit(data, executor=pool),
            }

        for processes in PROCESSES:
            with open_executor(processes) as pool:
                seconds = measure.interleaved(rows(pool), 3)
            rate = f"{len(paths) / measure.median(seconds[BARE]):,.0f} labels/s"
            times = f"{1 / measure.ratio(seconds, 'audit', BARE):.2f} ×"
            lines.append([f"{kind} {height}", rate, times])
    return lines


def folders() -> str:
    """Reading, counting, scoring and auditing, by the number of processes."""
    read_lines = list(zip(*(reading(*kind) for kind in KINDS)))
    audit_lines = list(zip(*(auditing(*kind) for kind in AUDITED_KINDS)))
    tables = []
    for processes, read_rows, audit_rows in zip(PROCESSES, read_lines, audit_lines):
        head = [f"label PNGs, processes: {processes}", BARE, "read_label", "count_labels"]
        tables.append(measure.table([*head, "score: labels and predictions"], list(read_rows)))
        head = [f"clean folder, processes: {processes}", BARE, "audit"]
        tables.append(measure.table(head, list(audit_rows)))
    return "\n\n".join(tables) + "\n"


def headers() -> str:
    """The pass over headers alone: two files a pair."""
    with tempfile.TemporaryDirectory() as folder:
        data = make_dataset(Path(folder), HEADERS, draw_small)
        seconds = measure.interleaved({"audit --quick": lambda: pw.audit(data, quick=True)}, 7)
    rate = 2 * HEADERS / measure.median(seconds["audit --quick"])
    head = [f"headers of {2 * HEADERS:,} files", "rate"]
    return measure.table(head, [["audit --quick", f"{rate:,.0f} files/s"]]) + "\n"


def surveying() -> str:
    """A folder without dataset.toml; 64 different images and labels, over and over."""
    lines = []
    for kind in (INDEXED, GREY16):
        labels = [as_png(draw(i, 64), kind) for i in range(64)]
        images = [photograph(i, (64, 64)) for i in range(64)]
        with tempfile.TemporaryDirectory() as folder:
            for name, files, suffix in (("images", images, "jpg"), ("labels", labels, "png")):
                Path(folder, name).mkdir()
                for i in range(MANY_PAIRS):
                    Path(folder, name, f"{i:06}.{suffix}").write_bytes(files[i % 64])
            start = time.perf_counter()
            pw.init(folder)
            lines.append([kind, f"{time.perf_counter() - start:.1f} s"])
    return measure.table([f"init of {2 * MANY_PAIRS:,} files of 64×64", "time"], lines) + "\n"


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


def photograph(seed: int, size: tuple[int, int]) -> bytes:
    """A JPEG file of (height, width)."""
    file = BytesIO()
    picture = np.random.default_rng(seed).integers(0, 256, (8, 16, 3), np.uint8)
    Image.fromarray(picture).resize(size[::-1]).save(file, "JPEG")
    return file.getvalue()


def make_dataset(
    folder: Path, pairs: int, label_of: Callable[[int], np.ndarray], kind: str = INDEXED
) -> Path:
    """A dataset without a defect; no two images and no two labels are equal."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for i in range(pairs):
        label = label_of(i)
        # not write_label, which waits for the disk
        (folder / "labels" / f"{i:06}.png").write_bytes(as_png(label, kind))
        (folder / "images" / f"{i:06}.jpg").write_bytes(photograph(i, label.shape))
    description = pw.Description(folder, CLASS_TABLE, {"train": Split("images", "labels")})
    write_description(description, folder)
    return folder


def draw_small(seed: int) -> np.ndarray:
    """All classes and void, 16 x 24, in an order of its own."""
    order = np.random.default_rng(seed).permutation(24)
    return np.kron(np.where(order < CLASSES, order, 255), np.ones((16, 1))).astype(np.uint8)


def report() -> str:
    return "\n".join(
        [
            "## Label images\n",
            color_to_index(),
            folders(),
            headers(),
            memory(SMALL_LABELS),
            surveying(),
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
