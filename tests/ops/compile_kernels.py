"""Compile GPU kernels for a GPU that need not be there, and print what they became.

Triton is given a driver that names a target and starts nothing. Run by test_triton_compile.py in a
process of its own, because kernels are either interpreted or compiled in the whole of a process.
"""

import re

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget

from pixelwise.ops.formula import ABSENT, FORMS, Mean, Ratio, make_formula
from pixelwise.ops.gpu import adjoint, formula, own, predict, stats, upsampled
from pixelwise.ops.rows import whole
from pixelwise.ops.spec import SUMS, Spec

DICE_AND_CE = ("target", "prob", "inter", "nll")
# activation, classes, dtype, target's dtype, channels_last, weighted, sums
PASSES = [
    ("softmax", 3, torch.float32, torch.uint8, False, True, SUMS[:8]),
    ("softmax", 19, torch.bfloat16, torch.int64, True, False, DICE_AND_CE),
    ("sigmoid", 2, torch.float16, torch.bool, False, True, SUMS),
]


class Driver:
    """What Triton asks for before it compiles."""

    def get_current_target(self):
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self):
        return 0

    def get_current_stream(self, _device):
        return 0

    def get_active_torch_device(self):
        return torch.device("cpu")


def launch(kernel, programs, _like, *args, **constants):
    """In place of the launcher: compile and look at the assembly."""
    compiled = kernel.warmup(*args, grid=(programs,), **constants)
    ptx = compiled.asm["ptx"]
    print(kernel.fn.__name__, re.search(r"\.target (sm_\w+)", ptx)[1])


def ratios(form, absent, per_image):
    """A ratio of every kind, with an exponent where it is per image."""
    ones = np.ones(3)
    exponent = 0.75 if per_image else 1.0
    return Ratio((2, 1, 1), (1, 1), "prob", form, absent, exponent, per_image, not per_image,
                 per_image, ones, ones > 0)  # fmt: skip


def main():
    triton.runtime.driver.set_active(Driver())
    for module in (stats, own, upsampled, adjoint, predict, formula):
        module.launch = launch
    for activation, classes, dtype, target_dtype, nearby, weighted, sums in PASSES:
        spec = Spec(sums, activation, 0 if target_dtype == torch.bool else 255)
        layout = torch.channels_last if nearby else torch.contiguous_format
        logits = torch.empty(2, classes, 8, 8, dtype=dtype).to(memory_format=layout)
        by_channel = (classes,) if activation == "sigmoid" else ()
        grad = torch.empty(len(sums), 2, classes, dtype=torch.float64)
        for scale, module, suffix in ((1, stats, ""), (4, upsampled, "_upsampled")):
            size = 8 * scale, 8 * scale
            target = torch.empty(2, *by_channel, *size, dtype=target_dtype)
            weight = torch.empty(2, *size) if weighted else None
            getattr(module, f"forward{suffix}")(logits, target, weight, spec)
            getattr(module, f"backward{suffix}")(grad, logits, target, weight, spec)
    for form, absent, per_image in zip(FORMS, (*ABSENT, "keep"), (True, False, True, False)):
        mean = Mean({"nll": np.ones(3)}, {"target": np.ones(3)}, void_is_zero=per_image)
        terms = [(1.0, mean), (0.5, ratios(form, absent, per_image))]
        sums = "valid", "target", "prob", "inter", "nll"
        table = torch.empty(len(sums), 2, 3, dtype=torch.float64)
        formula.evaluate(make_formula(terms, sums, 3), table, 128, torch.float32)
    logits, target = torch.empty(2, 3, 8, 8), torch.empty(2, 32, 32, dtype=torch.uint8)
    predict.predict(logits, whole(logits, 32), 32, "softmax", 0.5, torch.uint8)
    predict.confusion(logits, target, 3, "softmax", 0.5, 255)


if __name__ == "__main__":
    main()
