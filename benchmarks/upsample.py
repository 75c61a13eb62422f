"""CE + Dice at the label's resolution from logits at a quarter of it, forward and backward."""

import torch

from benchmarks import measure
from benchmarks.losses import measured_for_memory, rows_of

SHAPES = {(4, 19, 128, 128): 5, (2, 150, 128, 128): 3}  # rounds
NAMES = ["pixelwise", "torch eager", "torch.compile", "kornia", "MONAI", "smp"]
SCALE = 4


def report() -> str:
    parts = ["## ×4 bilinear upsampling + CE + Dice, forward + backward, float32\n"]
    for shape, rounds in SHAPES.items():
        seconds = measure.interleaved(rows_of(shape, NAMES, SCALE), rounds)
        full = 4 * torch.Size(shape).numel() * SCALE**2
        lines = []
        for name, values in seconds.items():
            size = map(str, (SCALE, *shape))
            measured = name in measured_for_memory(shape, SHAPES)
            extra = measure.in_own_process("benchmarks.losses", name, *size) if measured else None
            memory = "" if extra is None else f"{extra / full:.3f} × full-resolution logits"
            median = measure.milliseconds(measure.median(values))
            lines.append([name, median, f"{measure.ratio(seconds, name):.1f} ×", memory])
        head = [f"{shape} → 512 with the loss", "median", "time / pixelwise", "extra memory"]
        parts.append(measure.table(head, lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(report())
