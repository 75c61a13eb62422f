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

import math
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, types

from pixelwise.ops.cpu.binary import binary_gradient, binary_sums
from pixelwise.ops.cpu.jit import compile_cached, inlined, intrinsic
from pixelwise.ops.cpu.softmax import LANES, softmax_gradient, softmax_sums
from pixelwise.ops.cpu.views import FOCAL, FOCAL_NEG, NLL, NLL_NEG

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


@inlined
def new_table(plan):
    """Memory for the upstream gradients of an image, as engines take them."""
    sums, channels = plan.wanted.size, plan.channels
    shape = (2, channels, sums) if plan.binary else (1, sums, channels)
    return np.zeros(shape, plan.gamma.dtype)


@inlined
def arrange_upstream(grad, scale, image, plan, table):
    """Fill the table of an image with upstream gradients (len(places), N, C), times scale.

    Returns:
        1 if all are finite, else 0.
    """
    finite = np.int64(1)
    for s in range(plan.places.size):
        k = plan.places[s]
        for c in range(plan.channels):
            value = plan.gamma.dtype.type(grad[s, image, c] * scale)
            finite = finite if math.isfinite(value) else np.int64(0)
            if not plan.binary:
                table[0, k, c] = value
                continue
            table[0, c, k] = value
            if plan.pair:  # the other side of class 1 is class 0
                table[1, 1, k] = value if c == 0 else table[1, 1, k]
            elif k == NLL_NEG:
                table[1, c, NLL] = value
            elif k == FOCAL_NEG:
                table[1, c, FOCAL] = value
    return finite


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
