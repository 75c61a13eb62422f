"""What the tests of the adapters share: logits and labels that were drawn, and a tiny network."""

import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

CLASSES = 4
PAGE = Path(__file__).parent.parent.parent / "docs" / "integration.md"


def drawn(images=3, size=(16, 24), stride=4, classes=CLASSES, void=True, seed=0):
    """Logits (N, C, h, w) and a target (N, H, W) uint8 with void; class 3 is in no target."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(images, classes, size[0] // stride, size[1] // stride))
    target = rng.integers(0, max(1, classes - 1), (images, *size)).astype(np.uint8)
    target[:, :2] = 255 if void else 0
    return torch.from_numpy(logits).float(), torch.from_numpy(target)


def network(seed=0, classes=CLASSES):
    """Two convolutions without BatchNorm, logits at stride 2."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        return nn.Sequential(first, nn.ReLU(), nn.Conv2d(6, classes, 1))


def example_of(title):
    """The Python block below a heading of the page on integration, compiled."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.S)
    return compile(block, title, "exec")


def run_example(title, folder, monkeypatch):
    """Run it in an empty folder."""
    monkeypatch.chdir(folder)
    exec(example_of(title), {"__name__": "document"})
