"""The memory contract of CE + Dice, forward and backward, measured from outside the process.

The resident set counts every byte, whoever allocated it: torch, numpy or a kernel.
"""

import json
import sys
from pathlib import Path

import pytest

import warm

STATUS = Path("/proc/self/clear_refs")
MEASURE = """
import ctypes, json, sys, torch, pixelwise as pw
from pixelwise.ops.cpu import memory

def resident(field):
    line = next(l for l in open("/proc/self/status") if l.startswith(field))
    return int(line.split()[1]) * 1024

def step(criterion, n, c, h, w, scale):
    logits = torch.randn(n, c, h, w, requires_grad=True)
    target = torch.randint(0, c, (n, h * scale, w * scale), dtype=torch.uint8)
    ctypes.CDLL(None).malloc_trim(0)  # freed memory that stays resident would hide new memory
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts here
    before = resident("VmRSS")
    criterion(logits, target).backward()
    return resident("VmHWM") - before

def measured(n, c, h, w, scale):
    criterion = pw.criterion("ce+dice", upsample="bilinear" if scale > 1 else None)
    # imports, machine code, threads and what an earlier step has freed are not the step's memory
    step(criterion, 1, c, 32, 32, scale)
    memory._kept.clear()
    return step(criterion, n, c, h, w, scale)

print([measured(*shape, scale) for shape, scale in json.loads(sys.argv[1])])
"""
# logits, how much larger the target is, the most memory for each byte of logits of its size
STEPS = [
    ((2, 19, 512, 512), 1, 1.1),
    ((1, 150, 256, 256), 1, 1.1),
    ((8, 2, 512, 512), 1, 1.1),
    ((2, 19, 128, 128), 4, 0.15),
    ((1, 150, 128, 128), 4, 0.15),
]


@pytest.fixture(scope="module")
def used():
    """Bytes of each of the steps, one after the other in a process."""
    words = [sys.executable, "-c", MEASURE, json.dumps([step[:2] for step in STEPS])]
    done = warm.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not STATUS.exists(), reason="no /proc to read the peak of memory from")
@pytest.mark.parametrize("number", range(len(STEPS)), ids=[str(step[:2]) for step in STEPS])
def test_one_step_needs_little_beyond_the_gradient(used, number):
    """Dense: at most 1.1 times the logits, of which 1.0 is the gradient itself. Upsampled inside:
    at most 0.15 times the full-resolution logits, which therefore never exist."""
    (n, c, h, w), scale, limit = STEPS[number]
    full = 4 * n * c * h * w * scale**2
    assert used[number] <= limit * full
