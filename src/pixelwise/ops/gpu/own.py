"""GPU kernel of the sums that a pixel adds to its own class alone: target, inter, nll, focal.

A pass over the logits leaves log p of each valid pixel's own class in a plane; these sums need
nothing else. Neighbouring pixels mostly belong to few classes, so that a block of pixels is gone
through once for each class that occurs in it, from the lowest to the highest:

    1. read target, weight and log p of the block;
    2. the lowest class that is left: its sums, each stored by one write;
    3. strike out its pixels, and go on with 2 until none is left.

Blocks and the order of additions depend on sizes alone.
"""

from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.gpu.launch import (
    Layout,
    as_bytes,
    launch,
    layout,
    merge_axes,
    pixel_at,
    rows_of,
)
from pixelwise.ops.gpu.tile import (
    FOCAL,
    INTER,
    NLL,
    TARGET,
    exp,
    one_minus_exp,
    power,
    read_labels,
)
from pixelwise.ops.spec import Spec

OWN_SUMS = ("target", "inter", "nll", "focal")
FEW_CLASSES = 8  # with no more of them, the pass over the logits adds up these sums as well
BLOCK = 1024  # pixels
NONE: tl.constexpr = tl.constexpr(2147483647)  # above every class
VARYING = "classes pixels blocks rows ignore size1 size2 tn t0 t1 wn w0 w1".split()


@triton.jit
def store_own(partial, row, ROW: tl.constexpr, mine, value):
    """Store the sum of `value` over the pixels of one class, if it is asked for."""
    if ROW >= 0:
        tl.store(partial + ROW * row, tl.sum(tl.where(mine, value, 0.0)))


# fmt: off
@triton.jit(do_not_specialize=VARYING, do_not_specialize_on_alignment=["t2", "w2"])
def own_block(
    own, target, weight, partial,
    classes, pixels, blocks, rows, ignore, size1, size2, tn, t0, t1, t2, wn, w0, w1, w2,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr,
    DTYPE: tl.constexpr, PIXELS: tl.constexpr, AXES: tl.constexpr,
):
    # fmt: on
    """Sums of the classes that occur in one block; `partial` is 0 everywhere before."""
    program = tl.program_id(0).to(tl.int64)
    n, block = program // blocks, program % blocks
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    # 1. read
    at = block * PIXELS + tl.arange(0, PIXELS)
    t_at = pixel_at(at, size1, size2, t0, t1, t2, AXES)
    w_at = pixel_at(at, size1, size2, w0, w1, w2, AXES)
    y, valid, w, _ = read_labels(
        target, weight, t_at, w_at, at < pixels, classes, ignore, WEIGHTED, IGNORES, DTYPE
    )
    log_p = tl.load(own + n * pixels + at, mask=valid, other=0.0)
    focal = w
    if ROWS[FOCAL] >= 0:
        focal = power(one_minus_exp(log_p), GAMMA) * -log_p * w
    partial += (n * rows + block) * classes
    row = tl.num_programs(0).to(tl.int64) // blocks * rows * classes
    y = tl.where(valid, y, NONE)
    k = tl.min(y)
    while k < NONE:
        # 2. one class
        mine = y == k
        store_own(partial + k, row, ROWS[TARGET], mine, w)
        store_own(partial + k, row, ROWS[INTER], mine, exp(log_p) * w)
        store_own(partial + k, row, ROWS[NLL], mine, -log_p * w)
        store_own(partial + k, row, ROWS[FOCAL], mine, focal)
        # 3. the next one
        y = tl.where(mine, NONE, y)
        k = tl.min(y)


def inside_sums(spec: Spec, classes: int) -> Spec:
    """The sums that a pass over the logits adds up itself."""
    if spec.activation == "sigmoid" or classes <= FEW_CLASSES:
        return spec
    return spec._replace(sums=tuple(s for s in spec.sums if s not in OWN_SUMS))


def add_own_sums(
    partial: Tensor, own: Tensor, target: Tensor, weight: Tensor | None, spec: Spec
) -> None:
    """Store those of OWN_SUMS that are asked for into the rows of their sums.

    Args:
        partial: (len(spec.sums), N, B, C), 0 in these rows, with B >= own_blocks(P).
        own: (N, P) log p of the own class of each valid pixel, anything elsewhere.
        target, weight: (N, *S), with P pixels an image.
    """
    images, pixels = own.shape
    classes, blocks = partial.shape[3], own_blocks(pixels)
    sizes, strides, constants = _own_plan(layout(target), layout(weight), spec)
    launch(
        own_block, images * blocks, own,
        own, as_bytes(target), weight, partial, classes, pixels, blocks, partial.shape[2],
        *sizes, *strides, **constants,
        DTYPE=tl.float64 if own.dtype == torch.float64 else tl.float32,
    )  # fmt: skip


def own_blocks(pixels: int) -> int:
    """Blocks of an image of so many pixels."""
    return triton.cdiv(pixels, BLOCK)


@lru_cache(maxsize=256)
def _own_plan(
    target: Layout, weight: Layout | None, spec: Spec
) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Sizes, strides and constants of own_block."""
    axes = merge_axes([target, weight], target.shape[1:])
    constants = {
        "ROWS": rows_of(spec, OWN_SUMS),
        "GAMMA": spec.gamma,
        "WEIGHTED": weight is not None,
        "IGNORES": spec.ignore_index is not None,
        "PIXELS": BLOCK,
        "AXES": axes.number,
        "num_warps": 4,
    }
    lead = (target.stride(0),), (0 if weight is None else weight.stride(0),)
    strides = tuple(s for a, b in zip(lead, axes.strides) for s in (*a, *b))
    return (spec.ignore_index or 0, *axes.sizes[1:]), strides, constants


def own_sums(
    own: Tensor, target: Tensor, weight: Tensor | None, classes: int, spec: Spec
) -> dict[str, Tensor]:
    """Those of OWN_SUMS that are asked for, each (N, C) float64."""
    names = tuple(s for s in spec.sums if s in OWN_SUMS)
    images, pixels = own.shape
    partial = own.new_zeros((len(names), images, own_blocks(pixels), classes))
    add_own_sums(partial, own, target, weight, spec._replace(sums=names))
    return dict(zip(names, partial.sum(2, dtype=torch.float64)))
