"""The memory contract of CE + Dice, forward and backward, measured from outside the process.

The resident set counts every byte, whoever allocated it: torch, numpy or a kernel.
"""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/clear_refs")
MEASURE = """
import ctypes, sys, torch, pixelwise as pw

def resident(field):
    line = next(l for l in open("/proc/self/status") if l.startswith(field))
    return int(line.split()[1]) * 1024

def step(n, c, h, w, scale):
    logits = torch.randn(n, c, h, w, requires_grad=True)
    target = torch.randint(0, c, (n, h * scale, w * scale), dtype=torch.uint8)
    ctypes.CDLL(None).malloc_trim(0)  # freed memory that stays resident would hide new memory
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts here
    before = resident("VmRSS")
    criterion(logits, target).backward()
    return resident("VmHWM") - before

n, c, h, w, scale = map(int, sys.argv[1:])
criterion = pw.criterion("ce+dice", upsample="bilinear" if scale > 1 else None)
step(1, c, 32, 32, scale)  # imports, machine code and threads are not the step's memory
print(step(n, c, h, w, scale))
"""


@pytest.mark.skipif(not STATUS.exists(), reason="no /proc to read the peak of memory from")
@pytest.mark.parametrize(
    ("shape", "scale", "limit"),
    [
        ((2, 19, 512, 512), 1, 1.1),
        ((1, 150, 256, 256), 1, 1.1),
        ((8, 2, 512, 512), 1, 1.1),
        ((2, 19, 128, 128), 4, 0.15),
        ((1, 150, 128, 128), 4, 0.15),
    ],
)
def test_one_step_needs_little_beyond_the_gradient(shape, scale, limit):
    """Dense: at most 1.1 times the logits, of which 1.0 is the gradient itself. Upsampled inside:
    at most 0.15 times the full-resolution logits, which therefore never exist."""
    words = [sys.executable, "-c", MEASURE, *map(str, (*shape, scale))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    n, c, h, w = shape
    full = 4 * n * c * h * w * scale**2
    assert int(done.stdout) <= limit * full
