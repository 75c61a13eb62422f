"""What the GPU kernels become for a GPU that need not be there: no spills, no more instructions."""

import json

import pytest
from benchmarks import gpu_static
from benchmarks.gpu_works import STEPS, Work

MOST = gpu_static.MOST_LAUNCHES
MOST_GROWTH = 1.10  # of the instructions per logit
WORKS = [
    Work("step", 150, "float32", "contiguous", 4),
    Work("step", 150, "float32", "contiguous", 1),
    Work("step", 19, "float32", "contiguous", 4),
    Work("step", 19, "bfloat16", "channels_last", 4),
    Work("step", 19, "float32", "contiguous", 1),
    Work("step", 19, "bfloat16", "contiguous", 1),
    Work("step", 2, "float32", "contiguous", 1),
    Work("step", 1, "float32", "contiguous", 1),
    Work("predict", 150, "float32", "contiguous", 4),
    Work("predict", 19, "float32", "contiguous", 4),
]
KEPT = json.loads(gpu_static.KEPT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compiled():
    """The release of Triton, and every kernel of WORKS as its machine code."""
    return gpu_static.compiled_in_parallel(WORKS)


@pytest.fixture(scope="module")
def launches():
    """Loss and number of classes -> kernels of a step by name."""
    counts = gpu_static.compiled(["launches"])[1][0]["launches"]
    steps = zip(STEPS, counts)
    return {f"{loss} {shape[1]}": found for (loss, shape, scale), found in steps if scale == 1}


def test_no_kernel_keeps_registers_in_memory(compiled):
    spilled = {
        f"{r['work']} {r['kernel']}": r["spilled"] for r in compiled[1] if r.get("spilled", 0)
    }
    assert spilled == {}


def test_no_kernel_issues_a_tenth_more_instructions_per_logit_than_before(compiled):
    """`python -m benchmarks.gpu_static` keeps the numbers; another Triton makes other code."""
    version, records = compiled
    if version not in KEPT:
        pytest.skip(f"no numbers are kept for Triton {version}, only for {', '.join(KEPT)}")
    limits = KEPT[version]
    found = gpu_static.instructions(records)
    assert found.keys() <= limits.keys()
    assert {k: v for k, v in found.items() if v > MOST_GROWTH * limits[k]} == {}


def test_a_step_on_logits_of_full_resolution_starts_at_most_eight_kernels(launches):
    """Ours and torch's, fills too, of the second step."""
    assert {loss: counts for loss, counts in launches.items() if sum(counts.values()) > MOST} == {}
