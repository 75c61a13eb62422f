"""From logits at a quarter of the resolution to a label map, and to counts."""

import sys

import torch
import torch.nn.functional as F

import pixelwise as pw
from benchmarks import measure

SHAPES = [(2, 150, 128, 128), (4, 19, 128, 128)]
SIZE = (512, 512)


def eager(logits: torch.Tensor) -> torch.Tensor:
    return F.interpolate(logits, SIZE, mode="bilinear", align_corners=False).argmax(1)


def no_target(logits: torch.Tensor) -> torch.Tensor:
    return torch.zeros((len(logits), *SIZE), dtype=torch.uint8)


WORK = {
    "pixelwise": lambda x: pw.predict_label(x, SIZE),
    "interpolate + argmax": eager,
    "pixelwise counts": lambda x: pw.confusion_matrix(x, no_target(x)),
    "interpolate + argmax + bincount": lambda x: torch.bincount(eager(x).flatten()),
}


def draw(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def report() -> str:
    parts = ["## Prediction ×4: logits at stride 4 → label map\n"]
    for shape in SHAPES:
        logits = draw(shape)
        rows = {name: lambda work=work, x=logits: work(x) for name, work in WORK.items()}
        seconds = measure.interleaved(rows, 7)
        full = 4 * torch.Size(shape).numel() * 16
        lines = []
        for name, values in seconds.items():
            extra = measure.in_own_process("benchmarks.predict", name, *map(str, shape))
            memory = "" if extra is None else f"{extra / full:.3f} × full-resolution logits"
            median = measure.milliseconds(measure.median(values))
            lines.append([name, median, f"{measure.ratio(seconds, name):.2f} ×", memory])
        head = [f"{shape} → 512 label map", "median", "time / pixelwise", "extra memory"]
        parts.append(measure.table(head, lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        logits = draw(tuple(int(a) for a in sys.argv[2:]))
        WORK[sys.argv[1]](logits[:, :, :8, :8].contiguous())
        print(measure.peak_growth(lambda: WORK[sys.argv[1]](logits)))
    else:
        print(report())
