"""GPU kernels of the pass over dense logits, forward and backward.

A program owns a block of pixels of one image and up to 256 classes. One tile of the block after
the other, with the arithmetic of `tile`:

    1. read target and weight, settle which pixels are valid;
    2. read the logits once, set those of ignored pixels to 0, normalise (softmax);
    3. forward: add the tile's sums to those of the block; backward: store the gradient.

The sums of blocks are added in float64 by torch. Blocks depend on sizes alone and nothing is added
atomically, so a result has the same bits in every run. With more than 256 classes a program first
reads all of them to normalise. Nothing here waits for the device.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.gpu.launch import (
    FORWARD_LANE_CLASSES,
    LANE_CLASSES,
    Layout,
    as_bytes,
    is_narrow,
    launch,
    layout,
    merge_axes,
    options,
    pixel_at,
    rows_of,
    tile_for,
)
from pixelwise.ops.gpu.own import add_own_sums, inside_sums
from pixelwise.ops.gpu.tile import (
    INF,
    add_sigmoid,
    add_softmax,
    count_unknown,
    coupling,
    exp,
    extend_normaliser,
    normalise,
    own_slopes,
    read_labels,
    read_upstream,
    sigmoid_slope,
    softmax_slope,
    store_sums,
    turn,
    zero_sums,
)
from pixelwise.ops.spec import Spec
from pixelwise.ops.unknown import TARGET, counter

# what varies from batch to batch must not compile a kernel each
VARYING = "classes pixels blocks chunks ignore size1 size2 xn x0 x1 tn tc t0 t1 wn w0 w1".split()
INNER = "xc x2 t2 w2".split()  # 1 is worth a kernel of its own, other values are not


@triton.jit
def class_at(start, at, c, step):
    """Addresses of classes c at pixels; short offsets are added first, which saves registers."""
    narrow: tl.constexpr = at.dtype == tl.int32
    return start + (at + c * step) if narrow else start + at + c.to(tl.int64) * step


@triton.jit
def read_logits(
    x, c, classes, at, inside, valid, xc,
    SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Step 2: 0 at ignored pixels; classes that do not exist weigh nothing."""
    fill: tl.constexpr = -float("inf") if SOFTMAX else 0.0
    exists = inside if FULL else inside & (c < classes)
    tile = tl.load(class_at(x, at, c, xc), mask=exists, other=fill)
    if TURN:
        tile = turn(tile)
    return tl.where(valid, tile.to(DTYPE), 0.0)


@triton.jit
def read_own(x, y, at, valid, xc, m, d, DTYPE: tl.constexpr):
    """log p of the own class of each pixel."""
    own = tl.load(class_at(x, at, y, xc), mask=valid, other=0.0).to(DTYPE)
    return (own - m) - tl.log(d)


@triton.jit
def normalise_all(
    x, at, inside, valid, classes, xc,
    CLASSES: tl.constexpr, TURN: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Step 2 for more classes than a tile holds: (m, d) over all of them."""
    m = tl.full(at.shape, -INF, DTYPE)
    d = tl.zeros(at.shape, DTYPE)
    for first in range(0, classes, CLASSES):
        c = first + tl.arange(0, CLASSES)[:, None]
        tile = read_logits(x, c, classes, at, inside, valid, xc, True, False, TURN, DTYPE)
        m, d = extend_normaliser(m, d, tile)
    return tl.where(m == -INF, 0.0, m), d


# fmt: off
@triton.jit(do_not_specialize=VARYING, do_not_specialize_on_alignment=INNER)
def forward_block(
    x, target, weight, partial, unknown, plane,
    classes, pixels, blocks, chunks, ignore, size1, size2,
    xn, xc, x0, x1, x2, tn, tc, t0, t1, t2, wn, w0, w1, w2,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, SOFTMAX: tl.constexpr, PER_CLASS: tl.constexpr,
    BINARY: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
    CLASSES: tl.constexpr, TAIL: tl.constexpr, PIXELS: tl.constexpr, STEPS: tl.constexpr,
    WHOLE: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, AXES: tl.constexpr,
    NARROW: tl.constexpr, KEEP: tl.constexpr,
):
    # fmt: on
    """Sums of one block and some classes, and how many of its targets are unknown."""
    program = tl.program_id(0).to(tl.int64)
    chunk, block, n = program % chunks, program // chunks % blocks, program // chunks // blocks
    x += n * xn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)[:, None]
    acc = zero_sums(CLASSES, PIXELS, PER_CLASS, DTYPE)
    if TAIL:
        c2 = CLASSES + tl.arange(0, TAIL)[:, None]
        acc2 = zero_sums(TAIL, PIXELS, PER_CLASS, DTYPE)
    strange = tl.zeros([CLASSES if PER_CLASS else 1, PIXELS], tl.int32)
    begin = block * (STEPS * PIXELS)
    if NARROW:
        begin = begin.to(tl.int32)
    for first in range(begin, tl.minimum(begin + STEPS * PIXELS, pixels), PIXELS):
        # 1. target and weight
        at = first + tl.arange(0, PIXELS)[None, :]
        inside = at < pixels
        t_at = pixel_at(at, size1, size2, t0, t1, t2, AXES)
        w_at = pixel_at(at, size1, size2, w0, w1, w2, AXES)
        if PER_CLASS:
            t_at += c.to(t_at.dtype) * tc
        y, valid, w, odd = read_labels(
            target, weight, t_at, w_at, inside & (c < classes) if PER_CLASS else inside,
            2 if BINARY else classes, ignore, WEIGHTED, IGNORES, DTYPE,
        )
        strange += odd
        # 2. logits
        x_at = pixel_at(at, size1, size2, x0, x1, x2, AXES)
        a = read_logits(x, c, classes, x_at, inside, valid, xc, SOFTMAX, FULL, TURN, DTYPE)
        # 3. sums
        if SOFTMAX:
            b = a
            if TAIL:
                b = read_logits(
                    x, c2, classes, x_at, inside, valid, xc, True, False, TURN, DTYPE
                )
            if WHOLE:
                m, d = normalise(a, b, TAIL)
            else:
                m, d = normalise_all(x, x_at, inside, valid, classes, xc, CLASSES, TURN, DTYPE)
            own = read_own(x, y, x_at, valid, xc, m, d, DTYPE)
            if KEEP:
                tl.store(plane + n * pixels + at, own, mask=valid)
            acc = add_softmax(acc, a, m, d, own, w, y, c, ROWS, GAMMA)
            if TAIL:
                acc2 = add_softmax(acc2, b, m, d, own, w, y, c2, ROWS, GAMMA)
        else:
            acc = add_sigmoid(acc, a, w, y, 1 if BINARY else c, ROWS, GAMMA)
    partial += (n * blocks + block) * classes
    row = tl.num_programs(0).to(tl.int64) // chunks * classes
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)
    store_sums(acc, partial + c, row, ROWS, c < classes)
    if TAIL:
        c = CLASSES + tl.arange(0, TAIL)
        store_sums(acc2, partial + c, row, ROWS, c < classes)
    count_unknown(unknown, strange, True if PER_CLASS else chunk == 0)


@triton.jit
def couple_all(
    grad, scale, x, at, inside, valid, m, d, classes, row, xc,
    ROWS: tl.constexpr, CLASSES: tl.constexpr, TURN: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Σ_c (g_nll_all − p_c h_c) of step 3 for more classes than a tile holds."""
    total = tl.zeros(at.shape, DTYPE)
    for first in range(0, classes, CLASSES):
        c = first + tl.arange(0, CLASSES)[:, None]
        g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE, scale)
        tile = read_logits(x, c, classes, at, inside, valid, xc, True, False, TURN, DTYPE)
        total += coupling(exp(tile - m) * (1.0 / d), g, ROWS)
    return total


@triton.jit
def store_gradient(out, c, classes, at, inside, valid, slope, gc, FULL: tl.constexpr):
    """Exactly 0 where ignored, whatever was computed there."""
    slope = tl.where(valid, slope, 0.0).to(out.dtype.element_ty)
    exists = inside if FULL else inside & (c < classes)
    tl.store(class_at(out, at, c, gc), slope, mask=exists, cache_modifier=".cs")


# fmt: off
@triton.jit(do_not_specialize=[*VARYING, "gn", "g0", "g1", "row"],
            do_not_specialize_on_alignment=[*INNER, "gc", "g2"])
def backward_block(
    grad, scale, x, target, weight, out,
    classes, pixels, blocks, chunks, ignore, size1, size2, row,
    xn, xc, x0, x1, x2, tn, tc, t0, t1, t2, wn, w0, w1, w2, gn, gc, g0, g1, g2,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, SOFTMAX: tl.constexpr, PER_CLASS: tl.constexpr,
    BINARY: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
    CLASSES: tl.constexpr, TAIL: tl.constexpr, PIXELS: tl.constexpr, STEPS: tl.constexpr,
    WHOLE: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, AXES: tl.constexpr,
    NARROW: tl.constexpr, LIKE: tl.constexpr,
):
    # fmt: on
    """Gradient of one block and some classes."""
    program = tl.program_id(0).to(tl.int64)
    chunk, block, n = program % chunks, program // chunks % blocks, program // chunks // blocks
    x += n * xn
    out += n * gn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    grad += n * classes
    if scale is not None:
        scale = tl.load(scale)
    c_step = xc if LIKE else gc
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)[:, None]
    g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE, scale)
    if TAIL:
        c2 = CLASSES + tl.arange(0, TAIL)[:, None]
        tail_g = read_upstream(grad + c2, row, c2 < classes, ROWS, DTYPE, scale)
    begin = block * (STEPS * PIXELS)
    if NARROW:
        begin = begin.to(tl.int32)
    for first in range(begin, tl.minimum(begin + STEPS * PIXELS, pixels), PIXELS):
        # 1. target and weight
        at = first + tl.arange(0, PIXELS)[None, :]
        inside = at < pixels
        t_at = pixel_at(at, size1, size2, t0, t1, t2, AXES)
        w_at = pixel_at(at, size1, size2, w0, w1, w2, AXES)
        if PER_CLASS:
            t_at += c.to(t_at.dtype) * tc
        y, valid, w, _ = read_labels(
            target, weight, t_at, w_at, inside & (c < classes) if PER_CLASS else inside,
            2 if BINARY else classes, ignore, WEIGHTED, IGNORES, DTYPE,
        )
        # 2. logits
        x_at = pixel_at(at, size1, size2, x0, x1, x2, AXES)
        g_at = x_at if LIKE else pixel_at(at, size1, size2, g0, g1, g2, AXES)
        a = read_logits(x, c, classes, x_at, inside, valid, xc, SOFTMAX, FULL, TURN, DTYPE)
        # 3. gradient
        if SOFTMAX:
            b = a
            if TAIL:
                b = read_logits(
                    x, c2, classes, x_at, inside, valid, xc, True, False, TURN, DTYPE
                )
            if WHOLE:
                m, d = normalise(a, b, TAIL)
            else:
                m, d = normalise_all(x, x_at, inside, valid, classes, xc, CLASSES, TURN, DTYPE)
            own = read_own(x, y, x_at, valid, xc, m, d, DTYPE)
            ka, kb, u = own_slopes(grad + y, row, valid, own, ROWS, GAMMA, scale)
            p = exp(a - m) * (1.0 / d)
            if WHOLE:
                u += coupling(p, g, ROWS)
            else:
                u += couple_all(
                    grad, scale, x, x_at, inside, valid, m, d, classes, row, xc,
                    ROWS, CLASSES, TURN, DTYPE,
                )  # fmt: skip
            if TAIL:
                p2 = exp(b - m) * (1.0 / d)
                u += coupling(p2, tail_g, ROWS)
                slope = softmax_slope(p2, y, c2, u, ka, kb, tail_g, ROWS) * w
                store_gradient(out, c2, classes, g_at, inside, valid, slope, c_step, False)
            slope = softmax_slope(p, y, c, u, ka, kb, g, ROWS)
        else:
            slope = sigmoid_slope(a, y, 1 if BINARY else c, g, ROWS, GAMMA)
        store_gradient(out, c, classes, g_at, inside, valid, slope * w, c_step, FULL)


def forward(
    logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec
) -> tuple[Tensor, Tensor]:
    """Sums (len(spec.sums), N, C) float64, and the number of unknown targets () int64."""
    images, classes = logits.shape[:2]
    dtype = compute_dtype(logits.dtype)
    plan = _plan(layout(logits), layout(target), layout(weight), spec)
    keep = plan.constants["KEEP"]
    # own_block, whose blocks are larger, stores sums of classes that occur and no others
    new = logits.new_zeros if keep else logits.new_empty
    partial = new((len(spec.sums), images, plan.blocks, classes), dtype=dtype)
    unknown = counter(*TARGET, logits.device)
    plane = logits.new_empty((images, plan.pixels if keep else 0), dtype=dtype)
    launch(
        forward_block, plan.programs, logits,
        logits, as_bytes(target), weight, partial, unknown, plane, *plan.sizes, *plan.strides,
        **plan.constants,
    )  # fmt: skip
    if keep:
        add_own_sums(partial, plane, target, weight, spec)
    return partial.sum(2, dtype=torch.float64), unknown


def backward(
    grad: Tensor,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    spec: Spec,
    scale: Tensor | None = None,
) -> Tensor:
    """Gradient of the logits, in their dtype and memory format."""
    gradient = torch.empty_like(logits)
    plan = _plan(layout(logits), layout(target), layout(weight), spec, layout(gradient))
    launch(
        backward_block, plan.programs, logits,
        grad.contiguous(), scale, logits, as_bytes(target), weight, gradient, *plan.sizes,
        grad.shape[1] * grad.shape[2], *plan.strides, **plan.constants,
    )  # fmt: skip
    return gradient


class Plan(NamedTuple):
    """How a kernel is started, whatever the tensors hold.

    Attributes:
        blocks, pixels: of an image.
        programs: of the whole pass.
        sizes, strides, constants: arguments of the kernel.
    """

    blocks: int
    pixels: int
    programs: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    constants: dict[str, Any]


@lru_cache(maxsize=256)
def _plan(
    logits: Layout,
    target: Layout,
    weight: Layout | None,
    spec: Spec,
    gradient: Layout | None = None,
) -> Plan:
    images, classes = logits.shape[:2]
    axes = merge_axes([logits, target, weight, gradient], logits.shape[2:])
    lane_classes = FORWARD_LANE_CLASSES if gradient is None else LANE_CLASSES
    tile = tile_for(classes, spec.activation == "softmax", lane_classes)
    blocks = triton.cdiv(axes.pixels, tile.pixels * tile.steps)
    chunks = triton.cdiv(classes, tile.classes + tile.tail)
    per_class = target.dim() == logits.dim()
    lead = [
        logits.strides[:2],
        (target.stride(0), target.stride(1) if per_class else 0),
        (weight.stride(0) if weight is not None else 0,),
    ]
    inside = inside_sums(spec, classes)
    of_pass: dict[str, Any] = {"KEEP": inside != spec, "ROWS": rows_of(spec, inside.sums)}
    if gradient is not None:
        lead.append(gradient.strides[:2])
        of_pass = {"LIKE": gradient.strides == logits.strides}
    narrow = is_narrow([logits, target, weight, gradient], axes.pixels)
    turn = logits.stride(1) == 1 and axes.strides[0][-1] > 1 and tile.pixels == 32
    ignore = 0 if spec.ignore_index is None else spec.ignore_index
    constants = options(logits, target, weight, spec) | {
        "CLASSES": tile.classes,
        "TAIL": tile.tail,
        "PIXELS": tile.pixels,
        "STEPS": tile.steps,
        "WHOLE": chunks == 1,
        "FULL": tile.classes <= classes and chunks == 1,
        "TURN": turn,
        "AXES": axes.number,
        # where 64 bits take no more registers, as compiled, they stay
        "NARROW": ((tile.warps > 1 and not turn) or axes.number > 1) and narrow,
        "num_warps": tile.warps,
    }
    sizes = (classes, axes.pixels, blocks, chunks, ignore, *axes.sizes[1:])
    strides = tuple(s for a, b in zip(lead, axes.strides) for s in (*a, *b))
    return Plan(
        blocks, axes.pixels, images * blocks * chunks, sizes, strides, constants | of_pass
    )
