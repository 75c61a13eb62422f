"""Training examples: read, cut out, zoom, mirror, recolour, batch; images a second and core.

The references do what pixelwise does, in the usual way: the whole image becomes a tensor or array,
is zoomed, and then a crop of it is taken. All draw the same zooms.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

import pixelwise as pw
from benchmarks import measure
from pixelwise.data.dataset import Augmentation
from pixelwise.data.loader import load_batches
from pixelwise.labels.pairs import Pair

cv2: Any = None
with suppress(ImportError):
    cv2 = import_module("cv2")

CLASSES, ZOOM, COLOR, FILL = 19, (0.5, 2.0), 0.3, (124, 116, 104)
# stored values that are not class indices, as in Cityscapes; 0 is void
CLASS_TABLE = pw.Classes(
    [f"class {c}" for c in range(CLASSES)], values=range(7, 7 + CLASSES), ignore_values=[0]
)
TABLE = np.full(256, 255, np.uint8)
TABLE[7 : 7 + CLASSES] = range(CLASSES)
PAIRS, BATCH, ROUNDS = 4, 4, 5
TORCHVISION, CV2 = "torchvision v2", "OpenCV"
# size on disk, file format, crop, examples in one round
CASES = (
    ((360, 480), "png", (352, 480), 24),
    ((360, 480), "jpg", (352, 480), 24),
    ((1024, 2048), "png", (512, 1024), 4),
    ((1024, 2048), "jpg", (512, 1024), 8),
    ((1024, 2048), "jpg", (512, 512), 8),
)
WITH_WORKERS = (0, 2, 3)
WORKERS, WORKER_ROUNDS = 2, 3


def draw_pair(size: tuple[int, int], seed: int) -> tuple[Image.Image, Image.Image]:
    """An image with structure at every scale and fine noise, and a label of blocks."""
    random = np.random.default_rng(seed)
    height, width = size
    image = random.normal(128, 2, (height, width, 3))
    for cell in (8, 32, 128):
        coarse = random.normal(0, 3 * cell**0.5, (height // cell + 2, width // cell + 2, 3))
        layers = [
            Image.fromarray(coarse[..., c].astype(np.float32)).resize((width, height), 3)
            for c in range(3)
        ]
        image += np.dstack([np.asarray(layer) for layer in layers])
    cells = random.integers(7, 7 + CLASSES, (height // 24 + 1, width // 24 + 1), np.uint8)
    label = np.kron(cells, np.ones((24, 24), np.uint8))[:height, :width]
    label[:8] = 0
    return Image.fromarray(image.clip(0, 255).astype(np.uint8)), Image.fromarray(label)


def write_pairs(folder: Path, size: tuple[int, int], suffix: str) -> list[Pair]:
    found = []
    for seed in range(PAIRS):
        image, label = draw_pair(size, seed)
        name = f"{size[0]}-{seed}"
        paths = folder / f"{name}.{suffix}", folder / f"{name}-label.png"
        image.save(paths[0], quality=92)  # of a JPEG file
        label.save(paths[1])
        found.append(Pair(name, *paths))
    return found


class Reference(Dataset):
    """key (epoch, index) -> (image (3, h, w) uint8, target (h, w)) in the way of `make`."""

    def __init__(self, make: Callable, pairs: list[Pair], crop: tuple[int, int]) -> None:
        self.make, self.pairs, self.crop = make, pairs, crop

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key
        random = np.random.default_rng((0, epoch, index))
        zoom = float(np.exp(random.uniform(*np.log(ZOOM))))
        return self.make(self.pairs[index], self.crop, zoom)


def with_torchvision(pair: Pair, crop: tuple[int, int], zoom: float) -> tuple[Tensor, Tensor]:
    """As torchvision's references for segmentation: resize, crop with padding, flip, colours."""
    image = tv_tensors.Image(functional.pil_to_tensor(Image.open(pair.image).convert("RGB")))
    label = TABLE.take(np.asarray(Image.open(str(pair.label))))
    target = tv_tensors.Mask(torch.from_numpy(label))
    size = [round(length * zoom) for length in target.shape]
    image = functional.resize(image, size, antialias=True)
    target = functional.resize(target[None], size, InterpolationMode.NEAREST_EXACT)[0]
    fill = {tv_tensors.Image: FILL, tv_tensors.Mask: 255}
    rest = v2.Compose(
        [
            v2.RandomCrop(crop, pad_if_needed=True, fill=fill),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(COLOR, COLOR, COLOR),
        ]
    )
    image, target = rest(image, tv_tensors.Mask(target))
    return image.as_subclass(Tensor), target.as_subclass(Tensor)


def with_cv2(pair: Pair, crop: tuple[int, int], zoom: float) -> tuple[Tensor, Tensor]:
    """The same with OpenCV; INTER_AREA is its antialiased way to make smaller."""
    image: Any = cv2.imread(str(pair.image), cv2.IMREAD_COLOR_RGB)
    label = cv2.LUT(cv2.imread(str(pair.label), cv2.IMREAD_UNCHANGED), TABLE)
    size = [round(length * zoom) for length in label.shape[::-1]]
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    label = cv2.resize(label, size, interpolation=cv2.INTER_NEAREST_EXACT)
    below, right = (max(0, wanted - have) for wanted, have in zip(crop, label.shape))
    if below or right:
        border = (0, below, 0, right, cv2.BORDER_CONSTANT)
        image = cv2.copyMakeBorder(image, *border, value=FILL)
        label = cv2.copyMakeBorder(label, *border, value=255)
    random = np.random.default_rng()
    top, left = (random.integers(have - part + 1) for have, part in zip(label.shape, crop))
    window = slice(top, top + crop[0]), slice(left, left + crop[1])
    image, label = image[window], label[window]
    if random.random() < 0.5:
        image, label = cv2.flip(image, 1), cv2.flip(label, 1)
    bright, contrast, saturation = (random.uniform(1 - COLOR, 1 + COLOR) for _ in range(3))
    image = cv2.convertScaleAbs(image, alpha=bright)
    mean = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean()
    image = cv2.convertScaleAbs(image, alpha=contrast, beta=(1 - contrast) * mean)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    image = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
    image = torch.from_numpy(image).permute(2, 0, 1).contiguous()
    return image, torch.from_numpy(np.ascontiguousarray(label))


def datasets(pairs: list[Pair], crop: tuple[int, int]) -> dict[str, Any]:
    how = Augmentation(crop, zoom=ZOOM, flip=True, color=COLOR)
    found = {
        "pixelwise": pw.SegmentationDataset(pairs, CLASS_TABLE, augmentation=how),
        TORCHVISION: Reference(with_torchvision, pairs, crop),
    }
    return found if cv2 is None else {**found, CV2: Reference(with_cv2, pairs, crop)}


def keys(examples: int) -> Iterator[list[list[tuple[int, int]]]]:
    """Batches of keys of one round after another; every row of a round has the same ones.

    In its first epoch pixelwise looks at every file whole; what is measured are the others.
    """
    for turn in range(1, 1000):
        all_keys = [(turn * examples + i, i % PAIRS) for i in range(examples)]
        yield [all_keys[i : i + BATCH] for i in range(0, examples, BATCH)]


def pass_over(dataset: Any, rounds: Iterator[list[list[tuple[int, int]]]], workers: int) -> None:
    """One round: examples and their batches."""
    batches = next(rounds)
    if isinstance(dataset, Reference):
        for _ in DataLoader(dataset, batch_sampler=batches, num_workers=workers):
            pass
        return
    with load_batches(dataset, batches, workers) as loaded:
        for _ in loaded:
            pass


def rates(found: dict[str, Any], examples: int, rounds: int, workers: int) -> dict[str, list[str]]:
    """Images a second and core of each row, and how many times pixelwise's time it takes."""
    rows = {
        name: partial(pass_over, dataset, keys(examples), workers)
        for name, dataset in found.items()
    }
    seconds = measure.interleaved(rows, rounds)
    cores = max(1, workers)
    return {
        name: [
            f"{examples / measure.median(values) / cores:.1f}",
            f"{measure.ratio(seconds, name):.2f} ×",
        ]
        for name, values in seconds.items()
    }


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    if cv2 is not None:
        cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measured(number: int, pairs: list[Pair]) -> str:
    (height, width), suffix, crop, examples = CASES[number]
    found = datasets(pairs, crop)
    one = rates(found, examples, ROUNDS, workers=0)
    nothing = ["", ""]
    two = dict.fromkeys(found, nothing)
    if number in WITH_WORKERS:
        two = rates(found, 3 * examples, WORKER_ROUNDS, WORKERS)
    lines = [[name, *one[name], *two[name]] for name in found]
    lines += [] if CV2 in found else [[CV2, "not installed", "", *nothing]]
    what = f"{height}×{width} {suffix.upper()}, crop {crop[0]}×{crop[1]}"
    head = [what, "images/s, one process", "time / pixelwise"]
    head += [f"images/s and core, {WORKERS} workers", "time / pixelwise"]
    return measure.table(head, lines) + "\n"


def report() -> str:
    parts = [
        f"## Training examples: zoom {ZOOM[0]} to {ZOOM[1]}, flip, colours, batches of {BATCH}\n"
    ]
    with tempfile.TemporaryDirectory() as folder, one_thread():
        for number, (size, suffix, *_) in enumerate(CASES):
            parts.append(measured(number, write_pairs(Path(folder), size, suffix)))
    return "\n".join([*parts, f"Target: ≥ 1.5 × {TORCHVISION} in one process.\n"])


if __name__ == "__main__":
    print(report())
