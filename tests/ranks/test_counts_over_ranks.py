"""Counts over ranks: integers of any size are added exactly, and the rest follows from the sum."""

import json
import subprocess
import sys

import numpy as np
import torch

import warm
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.scores import iou
from pixelwise.ops.calibration import calibration_counts, threshold_counts

# Rank 0 has counts beyond what float32, int32 and float64 hold exactly; the others one pixel each.
LARGE = [[2**53 + 1, 2**31], [2**24 + 1, 7]]
REDUCE = """
import json, sys, torch
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.ops.calibration import calibration_counts, threshold_counts
from pixelwise.ranks.distributed import sum_over_ranks

rank, world, meeting = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.distributed.init_process_group(
    "gloo", init_method=f"file://{meeting}", rank=rank, world_size=world
)
mine = json.loads(sys.argv[4]) if rank == 0 else [[1, 1], [1, 1]]
counts = ConfusionCounts(sum_over_ranks(torch.tensor(mine)).numpy())
logits = torch.linspace(-3, 3, 12).view(1, 1, 3, 4)[:, :, rank:]
target = (torch.arange(12) % 3 // 2).view(1, 3, 4)[:, rank:]
probs = threshold_counts(logits, target, steps=8)
bins = calibration_counts(logits, target, "sigmoid", bins=4)
parts = [sum_over_ranks(t).tolist() for t in (probs, *bins)]
print(json.dumps([counts.matrix.tolist(), *parts]))
"""


def reduced(world, folder):
    """What every rank holds after the sum."""
    words = [sys.executable, "-c", REDUCE]
    more = [str(world), str(folder / "meeting"), json.dumps(LARGE)]
    ranks = [
        warm.Popen([*words, str(rank), *more], stdout=subprocess.PIPE) for rank in range(world)
    ]
    return [json.loads(r.communicate(timeout=300)[0].splitlines()[-1]) for r in ranks]


def test_counts_of_any_size_are_added_exactly_over_ranks(tmp_path):
    """Confusions beyond 2^53, and the counts of probabilities of parts of unequal size."""
    first, second = reduced(2, tmp_path)
    assert first == second
    total = ConfusionCounts(np.array(first[0]))
    assert total == ConfusionCounts(np.array(LARGE)) + ConfusionCounts(np.ones((2, 2), np.int64))
    assert iou(total)[1] == 8 / (8 + 2**24 + 2 + 2**31 + 1)
    x = torch.linspace(-3, 3, 12).view(1, 1, 3, 4)
    y = (torch.arange(12) % 3 // 2).view(1, 3, 4)
    both = [(x, y), (x[:, :, 1:], y[:, 1:])]
    assert first[1] == sum(threshold_counts(*part, steps=8) for part in both).tolist()
    per_part = zip(*(calibration_counts(*part, "sigmoid", bins=4) for part in both))
    pixels, confidence, correct = (sum(tensors) for tensors in per_part)
    assert (first[2], first[4]) == (pixels.tolist(), correct.tolist())
    np.testing.assert_allclose(first[3], confidence, rtol=1e-15)
