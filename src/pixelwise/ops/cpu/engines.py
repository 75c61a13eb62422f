"""The four computations on a block, and how kernels call them.

A kernel knows where pixels come from (dense or upsampled, `stats`, `upsampled`), an
engine what to compute of them (softmax or binary, sums or gradient). A kernel calls its engine by
address, so two and two are compiled, each on its own, rather than all combinations. Arguments:

    source           (C, >= n) logits, only read
    block            (C, >= n) scratch
    out              gradient: (C, >= n), written; may be the same as source. Sums: unused
    y, w             (R, >= n) target and weight, IGNORED and 0 at ignored pixels; R = C if the
                     target has a channel dimension of zeros and ones, else 1
    ignored          how many of y are IGNORED
    n                number of pixels
    wanted           (10,) which of SUMS
    gamma            exponent of the focal sums
    pair             1 for the two classes of a softmax, else 0
    finite           gradient: whether all upstream gradients are; sums: unused
    rows             (ROWS, >= n) scratch
    lanes            sums: (LANES, 10, C) float64, added to; lanes are added up in the end
    tables           gradient: upstream gradients, (1, 10, C) for softmax; for binary (2, C, 10),
                     those of the positive side and those marked ′ in `binary`
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import cfunc, types

from pixelwise.ops.cpu.binary import binary_gradient, binary_sums
from pixelwise.ops.cpu.jit import compile_cached, inlined, intrinsic
from pixelwise.ops.cpu.softmax import LANES, softmax_gradient, softmax_sums
from pixelwise.ops.cpu.views import FOCAL, FOCAL_NEG, NLL, NLL_NEG
from pixelwise.ops.spec import SUMS, Spec

ROWS = 8
ENGINES = {
    ("softmax", "sums"): softmax_sums,
    ("softmax", "gradient"): softmax_gradient,
    ("binary", "sums"): binary_sums,
    ("binary", "gradient"): binary_gradient,
}
_compiled: dict[tuple[Callable, Any], Any] = {}
_lock = Lock()


@intrinsic
def call_engine(typingctx: Any, address: Any, arguments: Any) -> Any:
    """Call the engine at `address` with a tuple of its arguments."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = [context.get_value_type(t) for t in arguments.types]
        function = builder.inttoptr(args[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        builder.call(function, [builder.extract_value(args[1], i) for i in range(len(kinds))])
        return context.get_dummy_value()

    return types.void(types.int64, arguments), codegen


@inlined
def run_engine(address, source, block, out, y, w, ignored, n, plan, finite, rows, table):
    """Run an engine on a block."""
    arguments = (
        source, block, out, y, w, np.int64(ignored), n, plan.wanted, plan.gamma[0], plan.pair,
        finite, rows, table,
    )  # fmt: skip
    call_engine(address, arguments)


@inlined
def add_lanes(lanes, sums):
    """sums += Σ over lanes"""
    for lane in range(LANES):
        for k in range(sums.shape[0]):
            for c in range(sums.shape[1]):
                sums[k, c] += lanes[lane, k, c]


def engine_address(binary: bool, result: str, dtype: Any) -> int:
    """Address of an engine, compiled for blocks of `dtype` and kept for good.

    Args:
        binary: whether a pixel's probabilities come in pairs p and 1 - p.
        result: "sums" or "gradient".
        dtype: np.float32 or np.float64.
    """
    function = ENGINES["binary" if binary else "softmax", result]
    real = types.float64 if dtype == np.float64 else types.float32
    with _lock:
        if (function, real) not in _compiled:
            table = types.float64 if result == "sums" else real
            signature = types.void(
                real[:, ::1], real[:, ::1], real[:, ::1], types.int32[:, ::1], real[:, ::1],
                types.int64, types.int64, types.boolean[::1], real, types.int64, types.int64,
                real[:, ::1], table[:, :, ::1],
            )  # fmt: skip
            _compiled[function, real] = compile_cached(cfunc, signature)(function)
        return _compiled[function, real].address


def is_binary(logits: torch.Tensor, spec: Spec) -> bool:
    """Whether a pixel's probabilities come in pairs p and 1 - p."""
    return spec.activation == "sigmoid" or logits.shape[1] == 2


def arrange_upstream(
    grad: torch.Tensor, scale: torch.Tensor | None, logits: torch.Tensor, spec: Spec, dtype: Any
) -> tuple[np.ndarray, int]:
    """Upstream gradients (len(spec.sums), N, C), times scale, as an engine's tables for each image.

    Returns:
        (N, 1, 10, C) for softmax, (N, 2, C, 10) for binary; and 1 if all are finite, else 0.
    """
    images, channels = logits.shape[:2]
    full = np.zeros((images, len(SUMS), channels), dtype)
    grad = grad if scale is None else grad * scale
    full[:, [SUMS.index(s) for s in spec.sums]] = grad.numpy().transpose(1, 0, 2)
    finite = int(np.isfinite(full).all())
    if not is_binary(logits, spec):
        return full[:, None], finite
    own = full.transpose(0, 2, 1)
    other = np.zeros_like(own)
    if spec.activation == "softmax":
        other[:, 1] = own[:, 0]
    else:
        other[:, :, NLL], other[:, :, FOCAL] = own[:, :, NLL_NEG], own[:, :, FOCAL_NEG]
    return np.ascontiguousarray(np.stack([own, other], 1)), finite
