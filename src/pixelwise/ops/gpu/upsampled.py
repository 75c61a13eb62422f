"""GPU kernels of the pass with bilinear upsampling inside: nothing of full resolution is stored.

With the cells of `cells` and the steps of `tile`, for each output row of a band:

    1. read the taps of a strip of cells, blend two rows of them;
    2. for each output column of every cell: blend two columns, read target and weight, normalise;
    3. add the sums of all these outputs.

The backward pass is in `adjoint`.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.gpu.adjoint import backward_upsampled
from pixelwise.ops.gpu.cells import (
    INNER,
    VARYING,
    blend,
    cell_columns,
    cells_for,
    fits_short,
    normalise_cells,
    own_logit,
    part_of,
    read_cells,
    row_taps,
    strides_of,
    tile_options,
    wide,
)
from pixelwise.ops.gpu.launch import as_bytes, launch, options
from pixelwise.ops.gpu.own import inside_sums, own_sums
from pixelwise.ops.gpu.tile import (
    add_sigmoid,
    add_softmax,
    count_unknown,
    normalise,
    read_labels,
    store_sums,
    zero_sums,
)
from pixelwise.ops.spec import Spec
from pixelwise.ops.unknown import TARGET, counter

__all__ = ["backward_upsampled", "forward_upsampled"]


@triton.jit(do_not_specialize=[*VARYING, "chunks", "tc"], do_not_specialize_on_alignment=INNER)
def forward_strip(
    x, target, weight, partial, unknown, plane,
    classes, low_h, low_w, high_h, high_w, strips, bands, chunks, columns, first_columns, rows,
    ignore, xn, xc, x0, x1, tn, tc, t0, t1, wn, w0, w1,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, SOFTMAX: tl.constexpr, PER_CLASS: tl.constexpr,
    BINARY: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
    CLASSES: tl.constexpr, TAIL: tl.constexpr, CELLS: tl.constexpr, WHOLE: tl.constexpr,
    FULL: tl.constexpr, TURN: tl.constexpr, SHORT: tl.constexpr, KEEP: tl.constexpr,
):  # fmt: skip
    """Sums of some output rows of a strip of cells, and how many of the targets are unknown."""
    program = tl.program_id(0).to(tl.int64)
    chunk, strip = program % chunks, program // chunks % strips
    band, n = program // chunks // strips % bands, program // chunks // strips // bands
    x0, t0, w0 = wide(x0, SHORT), t0.to(tl.int64), w0.to(tl.int64)
    x += n * xn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)[:, None]
    acc = zero_sums(CLASSES, CELLS, PER_CLASS, DTYPE)
    if TAIL:
        c2 = CLASSES + tl.arange(0, TAIL)[:, None]
        acc2 = zero_sums(TAIL, CELLS, PER_CLASS, DTYPE)
    strange = tl.zeros([CLASSES if PER_CLASS else 1, CELLS], tl.int32)
    cell = (strip * CELLS).to(tl.int32) + tl.arange(0, CELLS)[None, :]
    begin, end, part, over = cell_columns(cell, low_w, high_w, False, SHORT, DTYPE)
    columns = tl.where(strip == 0, first_columns, columns)
    first = (band * rows).to(tl.int32)
    for y_at in range(first, tl.minimum(first + rows, high_h)):
        top, bottom, fy = row_taps(y_at, low_h, high_h, SHORT, DTYPE)
        left, right = read_cells(
            x,
            c,
            classes,
            xc,
            x0,
            x1,
            top,
            bottom,
            fy,
            cell,
            low_w,
            SOFTMAX,
            FULL,
            TURN,
            SHORT,
            DTYPE,
        )
        if TAIL:
            left2, right2 = read_cells(
                x,
                c2,
                classes,
                xc,
                x0,
                x1,
                top,
                bottom,
                fy,
                cell,
                low_w,
                True,
                False,
                TURN,
                SHORT,
                DTYPE,
            )
        for k in range(columns):
            x_at = begin + k
            x_wide = x_at.to(tl.int64)
            fx = part_of(part, over, k, low_w, DTYPE)
            inside = x_at < end
            t_at = y_at * t0 + x_wide * t1
            if PER_CLASS:
                inside = inside & (c < classes)
                t_at += c.to(tl.int64) * tc
            y, valid, w, odd = read_labels(
                target, weight, t_at, y_at * w0 + x_wide * w1, inside,
                2 if BINARY else classes, ignore, WEIGHTED, IGNORES, DTYPE,
            )  # fmt: skip
            strange += odd
            a = tl.where(valid, blend(fx, left, right), 0.0)
            if SOFTMAX:
                b = a
                if TAIL:
                    b = tl.where(valid, blend(fx, left2, right2), 0.0)
                if WHOLE:
                    m, d = normalise(a, b, TAIL)
                else:
                    m, d = normalise_cells(
                        x, xc, x0, x1, top, bottom, fy, fx, valid, cell, low_w, classes,
                        CLASSES, TURN, SHORT, DTYPE,
                    )  # fmt: skip
                own = own_logit(a, y, c, m) - tl.log(d)
                if TAIL:
                    own += own_logit(b, y, c2, m)
                if KEEP:
                    here = valid if WHOLE else valid & (y // CLASSES == chunk)
                    tl.store(plane + (n * high_h + y_at) * high_w + x_at, own, mask=here)
                acc = add_softmax(acc, a, m, d, own, w, y, c, ROWS, GAMMA)
                if TAIL:
                    acc2 = add_softmax(acc2, b, m, d, own, w, y, c2, ROWS, GAMMA)
            else:
                acc = add_sigmoid(acc, a, w, y, 1 if BINARY else c, ROWS, GAMMA)
    partial += program // chunks * classes
    stride = tl.num_programs(0).to(tl.int64) // chunks * classes
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)
    store_sums(acc, partial + c, stride, ROWS, c < classes)
    if TAIL:
        c = CLASSES + tl.arange(0, TAIL)
        store_sums(acc2, partial + c, stride, ROWS, c < classes)
    count_unknown(unknown, strange, True if PER_CLASS else chunk == 0)


def forward_upsampled(
    logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec
) -> tuple[Tensor, Tensor]:
    """Sums (len(spec.sums), N, C) float64, and the number of unknown targets () int64."""
    images, classes, *low = logits.shape
    high = target.shape[-2], target.shape[-1]
    dtype = compute_dtype(logits.dtype)
    cells = cells_for(classes, low[1], high, together=spec.activation == "softmax")
    tile, blocks = cells.tile, cells.bands * cells.strips
    chunks = triton.cdiv(classes, tile.classes + tile.tail)
    inside = inside_sums(spec, classes)
    partial = logits.new_empty((len(inside.sums), images, blocks, classes), dtype=dtype)
    unknown = counter(*TARGET, logits.device)
    keep = inside != spec
    plane = logits.new_empty((images, high[0] * high[1] if keep else 0), dtype=dtype)
    launch(
        forward_strip, images * blocks * chunks, logits,
        logits, as_bytes(target), weight, partial, unknown, plane,
        classes, *low, *high, cells.strips, cells.bands, chunks, cells.columns,
        cells.first_columns, cells.rows, spec.ignore_index or 0,
        *strides_of(logits, target, weight), **options(logits, target, weight, inside),
        **tile_options(logits, tile), SHORT=fits_short(logits, high), KEEP=keep,
        num_warps=tile.warps,
    )  # fmt: skip
    sums = dict(zip(inside.sums, partial.sum(2, dtype=torch.float64)))
    if keep:
        sums |= own_sums(plane, target, weight, classes, spec)
    return torch.stack([sums[name] for name in spec.sums]), unknown
