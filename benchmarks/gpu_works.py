"""What is compiled, counted and measured of the GPU kernels: shapes, dtypes, layouts, scales."""

from typing import NamedTuple

import torch

SHAPES = {1: (16, 1, 1024, 1024), 2: (16, 2, 1024, 1024), 19: (8, 19, 512, 1024),
          150: (4, 150, 512, 512)}  # fmt: skip
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
# loss, shape of the target's resolution, scale
STEPS = [
    ("ce", (4, 19, 64, 64), 1),
    ("dice", (4, 19, 64, 64), 1),
    ("ce+dice", (4, 19, 64, 64), 1),
    ("focal", (4, 19, 64, 64), 1),
    ("ce+0.5*dice+0.2*focal", (4, 19, 64, 64), 1),
    ("ce+dice", (4, 2, 64, 64), 1),
    ("bce+dice", (4, 1, 64, 64), 1),
    ("ce+dice", (4, 19, 64, 64), 4),
    ("bce+dice", (4, 1, 64, 64), 4),
]


class Work(NamedTuple):
    """What is run: "step" (forward and backward of a loss), "predict" or "count", at a scale."""

    task: str
    classes: int
    dtype: str
    layout: str
    scale: int

    @classmethod
    def parse(cls, text: str) -> "Work":
        task, classes, dtype, layout, scale = text.split(":")
        return cls(task, int(classes), dtype, layout, int(scale))

    def __str__(self) -> str:
        return ":".join(map(str, self))

    def in_words(self) -> str:
        what = {"step": "", "predict": "prediction", "count": "counting"}[self.task]
        scale = f"×{self.scale}" if self.scale > 1 else ""
        words = [what, f"C = {self.classes}", self.dtype, self.layout, scale]
        return " ".join(filter(None, words))

    @property
    def logits(self) -> int:
        """Their number at full resolution."""
        return torch.Size(SHAPES[self.classes]).numel()

    @property
    def item_size(self) -> int:
        """Bytes of a logit."""
        return torch.empty((), dtype=getattr(torch, self.dtype)).element_size()
