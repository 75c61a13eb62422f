"""Every GPU kernel becomes machine code, on a machine without a GPU as well."""

import os
import subprocess
import sys
from pathlib import Path

KERNELS = {"forward_block", "own_block", "backward_block", "forward_strip", "couple_strip",
           "gather_band", "predict_strip", "formula_program"}  # fmt: skip


def test_every_kernel_compiles_for_a_gpu_that_need_not_be_there():
    """Both activations, all sums, half types, channels_last, weights; compute capability 9.0."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    script = Path(__file__).with_name("compile_kernels.py")
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    compiled = [line.split() for line in done.stdout.splitlines()]
    assert {name for name, _ in compiled} == KERNELS
    assert {target for _, target in compiled} == {"sm_90a"}
