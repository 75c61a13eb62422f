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
from pixelwise.ops.spec import SUMS

ROWS = 8
OTHER_SIDE = {NLL_NEG: NLL, FOCAL_NEG: FOCAL}
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


def places_in_table(sums: list[int], channels: int, binary: bool, pair: bool) -> np.ndarray:
    """Where the table of an image, as engines take it, finds each of its numbers.

    Args:
        sums: which of SUMS the upstream gradients belong to.
        channels: C.
        binary, pair: as in the plan of a pass.
    Returns:
        Indices into the numbers (len(sums), C) of an image and a 0 behind them.
    """
    given = np.arange(len(sums) * channels).reshape(len(sums), channels)
    table = np.full((2, channels, len(SUMS)), given.size)
    for k, numbers in zip(sums, given):
        table[0, :, k] = numbers
        if pair:  # the other side of class 1 is class 0
            table[1, 1, k] = numbers[0]
        elif k in OTHER_SIDE:
            table[1, :, OTHER_SIDE[k]] = numbers
    return table if binary else np.ascontiguousarray(table[:1].transpose(0, 2, 1))


def upstream_tables(
    grad: torch.Tensor, scale: torch.Tensor | None, places: np.ndarray, dtype: torch.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """The tables of all images (N, ...) from upstream gradients (S, N, C) times scale.

    Returns:
        The tables, and for each image whether all of its numbers are finite, (N,) bool.
    """
    numbers = (grad if scale is None else grad * float(scale)).to(dtype).numpy()
    sums, images, channels = numbers.shape
    flat = np.zeros((images, sums * channels + 1), numbers.dtype)
    flat[:, :-1] = numbers.transpose(1, 0, 2).reshape(images, -1)
    return flat.take(places, 1), np.logical_and.reduce(np.isfinite(flat), 1)


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
