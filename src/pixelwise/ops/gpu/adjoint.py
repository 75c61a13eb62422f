"""GPU kernels of the gradient when upsampling happens inside the pass.

With the cells of `cells` and the steps of `tile`:

    1. softmax over more classes than a program of step 2 owns: that step needs, per output pixel,
       log Σ exp(x_c), u, and a if focal is asked for. One kernel normalises every output as the
       forward pass does and stores these, as many images at a time as memory allows;
    2. the gradient is gathered. A lane goes through the outputs of its cell k in one output row and
       adds up (1 − f) dL/dx for column k and f dL/dx for column k + 1; the latter moves one lane;
    3. rows likewise, from top to bottom: each row of cells adds to the gradient row above it and to
       the one below it, which is stored once it is complete.

The last cell of the strip before and the last row of cells of the band before are computed once
more instead of being exchanged, so the order of additions is fixed. So is the cell −1: the outputs
with s < 0 are its own, with all their weight on column 0.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.gpu.cells import (
    INNER,
    LANES,
    VARYING,
    blend,
    cell_columns,
    cells_for,
    first_output,
    fits_short,
    normalise_cells,
    own_logit,
    part_of,
    read_cells,
    read_taps,
    row_taps,
    strides_of,
    tile_options,
    wide,
)
from pixelwise.ops.gpu.launch import as_bytes, launch, options
from pixelwise.ops.gpu.tile import (
    FOCAL,
    coupling,
    exp,
    judge_labels,
    normalise,
    own_slopes,
    read_labels,
    read_upstream,
    sigmoid_slope,
    softmax_slope,
)
from pixelwise.ops.spec import Spec

# what the planes of step 1 take at most, of the logits' full resolution, and at least
PLANE_SHARE = 0.08
PLANE_BYTES = 12 << 20
CLASSES = 8  # of the gradient that a program owns; no more of them need no planes
COLUMNS = 4  # outputs of a cell whose labels and planes are read together, half where are none
ROWS = 8  # of the gradient that a program owns; the work of one more is repeated
PROGRAMS = 4096  # where there are fewer, a program owns half as many rows


@triton.jit
def couple(x, m, d, y, c, g, ROWS: tl.constexpr):
    """What some classes contribute to u − a + p_k b, and to x_k − m."""
    return coupling(exp(x - m) * (1.0 / d), g, ROWS), own_logit(x, y, c, m)


@triton.jit(do_not_specialize=[*VARYING, "row", "plane"], do_not_specialize_on_alignment=INNER)
def couple_strip(
    grad, x, target, weight, planes,
    classes, low_h, low_w, high_h, high_w, strips, bands, columns, first_columns, rows,
    ignore, row, plane, xn, xc, x0, x1, tn, t0, t1, wn, w0, w1,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr,
    DTYPE: tl.constexpr, CLASSES: tl.constexpr, TAIL: tl.constexpr, CELLS: tl.constexpr,
    WHOLE: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, SHORT: tl.constexpr,
):  # fmt: skip
    """m + log d, u and, if focal is asked for, a of every valid output; softmax only."""
    program = tl.program_id(0).to(tl.int64)
    strip, band, n = program % strips, program // strips % bands, program // strips // bands
    x0, t0, w0, plane = wide(x0, SHORT), t0.to(tl.int64), w0.to(tl.int64), plane.to(tl.int64)
    x += n * xn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    grad += n * classes
    planes += n * high_h * high_w
    if WHOLE:
        c = tl.arange(0, CLASSES)[:, None]
        g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE)
    if TAIL:
        c2 = CLASSES + tl.arange(0, TAIL)[:, None]
        g2 = read_upstream(grad + c2, row, c2 < classes, ROWS, DTYPE)
    cell = (strip * CELLS).to(tl.int32) + tl.arange(0, CELLS)[None, :]
    begin, end, part, over = cell_columns(cell, low_w, high_w, False, SHORT, DTYPE)
    columns = tl.where(strip == 0, first_columns, columns)
    first = (band * rows).to(tl.int32)
    for y_at in range(first, tl.minimum(first + rows, high_h)):
        top, bottom, fy = row_taps(y_at, low_h, high_h, SHORT, DTYPE)
        if WHOLE:
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
                True,
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
            y, valid, _, _ = read_labels(
                target, weight, y_at * t0 + x_wide * t1, y_at * w0 + x_wide * w1, x_at < end,
                classes, ignore, WEIGHTED, IGNORES, DTYPE,
            )  # fmt: skip
            if WHOLE:
                a = tl.where(valid, blend(fx, left, right), 0.0)
                b = a
                if TAIL:
                    b = tl.where(valid, blend(fx, left2, right2), 0.0)
                m, d = normalise(a, b, TAIL)
                u, own = couple(a, m, d, y, c, g, ROWS)
                if TAIL:
                    more_u, more_own = couple(b, m, d, y, c2, g2, ROWS)
                    u, own = u + more_u, own + more_own
            else:
                m, d = normalise_cells(
                    x, xc, x0, x1, top, bottom, fy, fx, valid, cell, low_w, classes,
                    CLASSES, TURN, SHORT, DTYPE,
                )  # fmt: skip
                u, own = tl.zeros_like(d), tl.zeros_like(d)
                for first_class in range(0, classes, CLASSES):
                    c = first_class + tl.arange(0, CLASSES)[:, None]
                    g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE)
                    left, right = read_cells(
                        x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                        True, False, TURN, SHORT, DTYPE,
                    )  # fmt: skip
                    a = tl.where(valid, blend(fx, left, right), 0.0)
                    more_u, more_own = couple(a, m, d, y, c, g, ROWS)
                    u, own = u + more_u, own + more_own
            log_d = tl.log(d)
            ka, _, own_u = own_slopes(grad + y, row, valid, own - log_d, ROWS, GAMMA)
            out = planes + y_at * high_w.to(tl.int64) + x_at
            tl.store(out, m + log_d, mask=valid)
            tl.store(out + plane, u + own_u, mask=valid)
            if ROWS[FOCAL] >= 0:
                tl.store(out + 2 * plane, ka, mask=valid)


@triton.jit
def exp_of(x, normaliser):
    """exp(x − normaliser); in float32 one instruction and the power."""
    log2e: tl.constexpr = 1.4426950408889634
    exact: tl.constexpr = x.dtype == tl.float64
    return tl.exp(x - normaliser) if exact else tl.exp2(x * log2e - normaliser * log2e)


@triton.jit
def whole_slope(x, y, valid, c, grad, row, g, ROWS: tl.constexpr, GAMMA: tl.constexpr):
    """dL/dx / w of pixels whose classes are all in the tile x."""
    m, d = normalise(x, x, 0)
    u, own = couple(x, m, d, y, c, g, ROWS)
    a, b, own_u = own_slopes(grad + y, row, valid, own - tl.log(d), ROWS, GAMMA)
    return softmax_slope(exp(x - m) * (1.0 / d), y, c, u + own_u, a, b, g, ROWS)


@triton.jit(
    do_not_specialize=[*VARYING, "chunks", "tc", "row", "plane", "gn", "g0"],
    do_not_specialize_on_alignment=[*INNER, "gc", "g1"],
)
def gather_band(
    grad, scale, x, target, weight, planes, out,
    classes, low_h, low_w, high_h, high_w, strips, bands, chunks, columns, rows,
    ignore, row, plane, xn, xc, x0, x1, tn, tc, t0, t1, wn, w0, w1, gn, gc, g0, g1,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, SOFTMAX: tl.constexpr, PER_CLASS: tl.constexpr,
    BINARY: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
    CLASSES: tl.constexpr, CELLS: tl.constexpr, WHOLE: tl.constexpr, TURN: tl.constexpr,
    COLUMNS: tl.constexpr, SHORT: tl.constexpr, SCALED: tl.constexpr,
):  # fmt: skip
    """Gradient of some low-resolution rows and columns, for some classes."""
    program = tl.program_id(0).to(tl.int64)
    chunk, strip = program % chunks, program // chunks % strips
    band, n = program // chunks // strips % bands, program // chunks // strips // bands
    x0, t0, w0, g0 = wide(x0, SHORT), t0.to(tl.int64), w0.to(tl.int64), g0.to(tl.int64)
    # classes that do not exist: the last one again, unless a softmax must not see it
    OVERHANG: tl.constexpr = TURN or (SOFTMAX and WHOLE)
    x += n * xn
    out += n * gn
    target += n * tn
    grad += n * classes
    if WEIGHTED:
        weight += n * wn
    if SOFTMAX and not WHOLE:
        planes += n * high_h * high_w
        plane = plane.to(tl.int64)
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)[:, None]
    g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE)
    # the first lane repeats the last cell of the strip before, for what it adds to the second lane
    lane = tl.arange(0, CELLS)[None, :]
    cell = (strip * (CELLS - 1)).to(tl.int32) - 1 + lane
    before = tl.maximum(lane - 1, 0) + tl.zeros([CLASSES, CELLS], tl.int32)
    begin, end, part, over = cell_columns(cell, low_w, high_w, True, SHORT, DTYPE)
    first = (band * rows).to(tl.int32)
    last = tl.minimum(first + rows, low_h)
    above = tl.zeros([CLASSES, CELLS], DTYPE)
    for low_y in range(tl.maximum(first - 1, 0), last):
        # outputs of this row of cells belong to gradient rows low_y (above) and low_y + 1 (below)
        below = tl.zeros([CLASSES, CELLS], DTYPE)
        upper_left, upper_right, lower_left, lower_right = read_taps(
            x, c if OVERHANG else tl.minimum(c, classes - 1), classes, xc, x0, x1,
            low_y, tl.minimum(low_y + 1, low_h - 1), cell, low_w,
            SOFTMAX and WHOLE, not OVERHANG, TURN, SHORT, DTYPE,
        )  # fmt: skip
        # cell −1 is column 0 alone, which may be infinite
        upper_left, lower_left = (
            tl.where(cell < 0, 0.0, upper_left),
            tl.where(cell < 0, 0.0, lower_left),
        )
        high_first = first_output(low_y, low_h, high_h, False, SHORT)
        for y_at in range(high_first, first_output(low_y + 1, low_h, high_h, False, SHORT)):
            fy = row_taps(y_at, low_h, high_h, SHORT, DTYPE)[2]
            left, right = blend(fy, upper_left, lower_left), blend(fy, upper_right, lower_right)
            to_left = tl.zeros([CLASSES, CELLS], DTYPE)
            to_right = tl.zeros([CLASSES, CELLS], DTYPE)
            for start in range(0, columns, COLUMNS):
                # what all columns read first, so that it is under way at once
                read = ()
                for k in tl.static_range(COLUMNS):
                    x_at = begin + (start + k)
                    inside = x_at < end
                    t_at = y_at * t0 + x_at.to(tl.int64) * t1
                    if PER_CLASS:
                        inside = inside & (c < classes)
                        t_at += c.to(tl.int64) * tc
                    y = tl.load(target + t_at, mask=inside, other=0)
                    w, normaliser, u, a = y, fy, fy, fy
                    if WEIGHTED:
                        w_at = y_at * w0 + x_at.to(tl.int64) * w1
                        w = tl.load(weight + w_at, mask=inside, other=0.0)
                    if SOFTMAX and not WHOLE:
                        # not where valid: these loads do not wait for the target
                        at = planes + y_at * high_w.to(tl.int64) + x_at
                        normaliser = tl.load(at, mask=inside, other=0.0)
                        u = tl.load(at + plane, mask=inside, other=0.0)
                        if ROWS[FOCAL] >= 0:
                            a = tl.load(at + 2 * plane, mask=inside, other=0.0)
                    read += ((y, w, inside, normaliser, u, a),)  # type: ignore[assignment]
                for k in tl.static_range(COLUMNS):
                    y, w, inside, normaliser, u, a = read[k]
                    y, valid, w, _ = judge_labels(
                        y, w, inside, 2 if BINARY else classes, ignore, WEIGHTED, IGNORES, DTYPE
                    )
                    fx = tl.where(cell < 0, 1.0, part_of(part, over, start + k, low_w, DTYPE))
                    tile = blend(fx, left, right)
                    if SOFTMAX == 0:
                        slope = sigmoid_slope(tile, y, 1 if BINARY else c, g, ROWS, GAMMA)
                    elif WHOLE:
                        slope = whole_slope(tile, y, valid, c, grad, row, g, ROWS, GAMMA)
                    else:
                        own = a if ROWS[FOCAL] >= 0 else g[3]
                        p = exp_of(tile, normaliser)
                        slope = softmax_slope(p, y, c, u, own, g[1], g, ROWS)
                    if WEIGHTED:
                        slope *= w
                    slope = tl.where(valid, slope, 0.0)  # exactly, whatever an ignored pixel holds
                    to_left += (1.0 - fx) * slope
                    to_right += fx * slope
            line = to_left + tl.gather(to_right, before, 1)
            above += (1.0 - fy) * line
            below += fy * line
        if low_y >= first:
            if SCALED:
                above *= tl.load(scale).to(DTYPE)
            owned = (c < classes) & (lane > 0) & (cell < low_w)
            g_at = c.to(tl.int64) * gc + low_y * g0 + cell.to(tl.int64) * g1
            tl.store(out + g_at, above.to(out.dtype.element_ty), mask=owned)
        above = below


def backward_upsampled(
    grad: Tensor,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    spec: Spec,
    scale: Tensor | None = None,
) -> Tensor:
    """Gradient of the logits, in their dtype and memory format."""
    gradient = torch.empty_like(logits)
    images, classes = logits.shape[:2]
    grad = grad.contiguous()
    if spec.activation == "sigmoid" or classes <= CLASSES:
        _gather(grad, scale, logits, target, weight, None, gradient, spec)
        return gradient
    together = _images_together(logits, target, spec)
    for first in range(0, images, together):
        part = slice(first, first + together)
        batch = logits[part], target[part], weight[part] if weight is not None else None
        planes = _couple(grad[:, part], *batch, spec)
        _gather(grad[:, part], scale, *batch, planes, gradient[part], spec)
    return gradient


def _images_together(logits: Tensor, target: Tensor, spec: Spec) -> int:
    """Images whose planes exist at the same time, about as many in each round."""
    images, classes = logits.shape[:2]
    pixels = target.shape[-2] * target.shape[-1]
    plane = pixels * compute_dtype(logits.dtype).itemsize * (2 + ("focal" in spec.sums))
    budget = max(PLANE_BYTES, PLANE_SHARE * images * classes * pixels * logits.element_size())
    rounds = triton.cdiv(images, max(1, int(budget / max(1, plane))))
    return max(1, triton.cdiv(images, max(1, rounds)))


def _couple(
    grad: Tensor, logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec
) -> Tensor:
    """m + log d, u and a of every output pixel, (2 or 3, N, H, W); undefined where ignored."""
    images, classes, *low = logits.shape
    high = target.shape[-2], target.shape[-1]
    cells = cells_for(classes, low[1], high, together=True)
    tile = cells.tile
    planes = logits.new_empty(
        (2 + ("focal" in spec.sums), images, *high), dtype=compute_dtype(logits.dtype)
    )
    constants = options(logits, target, weight, spec)
    for name in ("SOFTMAX", "PER_CLASS", "BINARY"):
        del constants[name]
    xn, xc, x0, x1, tn, _, *rest = strides_of(logits, target, weight)
    launch(
        couple_strip, images * cells.bands * cells.strips, logits,
        grad, logits, as_bytes(target), weight, planes,
        classes, *low, *high, cells.strips, cells.bands, cells.columns, cells.first_columns,
        cells.rows, spec.ignore_index or 0, grad.stride(0), planes.stride(0),
        xn, xc, x0, x1, tn, *rest, **constants, **tile_options(logits, tile),
        SHORT=fits_short(logits, high), num_warps=tile.warps,
    )  # fmt: skip
    return planes


def _gather(
    grad: Tensor, scale: Tensor | None, logits: Tensor, target: Tensor, weight: Tensor | None,
    planes: Tensor | None, gradient: Tensor, spec: Spec,
) -> None:  # fmt: skip
    images, classes, *low = logits.shape
    high = target.shape[-2], target.shape[-1]
    whole = planes is None and spec.activation == "softmax"
    tile = min(triton.next_power_of_2(classes), CLASSES)
    columns = triton.cdiv(high[1], low[1])
    chunks, strips = triton.cdiv(classes, tile), triton.cdiv(low[1], LANES - 1)
    lines = images * strips * chunks
    rows = ROWS if lines * triton.cdiv(low[0], ROWS) >= PROGRAMS else ROWS // 2
    bands = triton.cdiv(low[0], rows)
    plane = planes.stride(0) if planes is not None else 0
    launch(
        gather_band, lines * bands, logits,
        grad, scale, logits, as_bytes(target), weight, planes, gradient,
        classes, *low, *high, strips, bands, chunks, columns, rows,
        spec.ignore_index or 0, grad.stride(0), plane, *strides_of(logits, target, weight),
        *gradient.stride(), **options(logits, target, weight, spec), CLASSES=tile, CELLS=LANES,
        WHOLE=whole, TURN=logits.stride(1) == 1 and logits.stride(3) != 1,
        COLUMNS=min(triton.next_power_of_2(columns), COLUMNS if planes is not None else 2),
        SHORT=fits_short(logits, high), SCALED=scale is not None, num_warps=1,
    )  # fmt: skip
