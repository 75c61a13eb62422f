"""What the GPU kernels share: the arithmetic on one tile of classes and pixels.

A tile is (classes, pixels) in registers; lanes are pixels, so a softmax is a reduction over rows.
With target y (one-hot), pixel weight w (0 where ignored), x the logits, c a class:

    1. m = max_c x_c,  d = Σ_c exp(x_c − m),  log p_c = x_c − m − log d,  p_c = exp(x_c − m) / d
       sigmoid: p = 1 / (1 + exp(−x)),  q = 1 − p,  log p = min(x, 0) − log1p(exp(−|x|))
    2. sums: w p, w p y, w p², w y (−log p), ...; see SUMS in `spec`
    3. gradient, from the upstream gradient g of each sum. Softmax, in terms of the own class k:
           h_c = g_prob + 2 g_prob2 p_c          b = g_inter[k]
           a = g_nll[k] − g_focal[k] φ(p_k)      φ = dF / d log p of F = (1−p)^γ (−log p)
           u = a − p_k b + Σ_c (g_nll_all − p_c h_c)
           dL/dx_c = w (p_c (h_c + u) − g_nll_all + y_c (p_c b − a))
       Sigmoid: every sum is differentiated by itself, with dp/dx = p q.

An infinite maximum gives NaN by inf − inf and a NaN survives in d, so both reach every class of
their pixel, as in `_stats_torch`. Rows that are not in the sums asked for are not computed: ROWS
holds the row of each sum in the table, or −1.
"""

import triton
import triton.language as tl

VALID: tl.constexpr = tl.constexpr(0)
TARGET: tl.constexpr = tl.constexpr(1)
PROB: tl.constexpr = tl.constexpr(2)
INTER: tl.constexpr = tl.constexpr(3)
PROB2: tl.constexpr = tl.constexpr(4)
NLL: tl.constexpr = tl.constexpr(5)
NLL_ALL: tl.constexpr = tl.constexpr(6)
FOCAL: tl.constexpr = tl.constexpr(7)
NLL_NEG: tl.constexpr = tl.constexpr(8)
FOCAL_NEG: tl.constexpr = tl.constexpr(9)
INF: tl.constexpr = tl.constexpr(float("inf"))


@triton.jit
def read_labels(
    target, weight, target_at, weight_at, inside, limit, ignore,
    WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Target (−1 where ignored), validity and weight of some pixels, and the unknown ones."""
    y = tl.load(target + target_at, mask=inside, other=0)
    w = tl.load(weight + weight_at, mask=inside, other=0.0) if WEIGHTED else y
    return judge_labels(y, w, inside, limit, ignore, WEIGHTED, IGNORES, DTYPE)


@triton.jit
def judge_labels(
    y, w, inside, limit, ignore,
    WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """The same of a target and a weight that were read before."""
    if y.dtype != tl.int64:
        y = y.to(tl.int32)
    known = (y >= 0) & (y < limit)
    unknown = inside & (known == 0)
    if IGNORES:
        unknown = unknown & (y != ignore)
        known = known & (y != ignore)
    valid = inside & known
    if WEIGHTED:
        w = w.to(DTYPE)
        valid = valid & (w > 0)
        w = tl.where(valid, w, 0.0)
    else:
        w = valid.to(DTYPE)
    return tl.where(valid, y, -1).to(tl.int32), valid, w, unknown.to(tl.int32)


@triton.jit
def count_unknown(unknown, strange, counts):
    """Add the unknown targets of a program to all others; whole numbers, so in any order."""
    found = tl.sum(strange)
    tl.atomic_add(unknown, found.to(tl.int64), mask=(found > 0) & counts, sem="relaxed")


@triton.jit
def turn(tile):
    """The same tile, with its columns in the lanes, however it was read."""
    columns = tl.arange(0, tile.shape[1])[None, :] + tl.zeros(tile.shape, tl.int32)
    return tl.gather(tile, columns, 1)


@triton.jit
def exp(x):
    """e^x; in float32 by the one instruction for powers of 2, which flushes results below 1e-38."""
    return tl.exp(x) if x.dtype == tl.float64 else tl.exp2(x * 1.4426950408889634)


@triton.jit
def sum_exp(x, m):
    """Σ_c exp(x_c − m)."""
    return tl.sum(exp(x - m), 0, keep_dims=True)


@triton.jit
def normalise(a, b, TAIL: tl.constexpr):
    """(m, d) of a tile of one part or two; where all is −inf, m is 0, d is 0, and every p 0 / 0."""
    m = tl.max(a, 0, keep_dims=True)
    if TAIL:
        m = tl.maximum(m, tl.max(b, 0, keep_dims=True))
    m = tl.where(m == -INF, 0.0, m)
    d = sum_exp(a, m)
    if TAIL:
        d += sum_exp(b, m)
    return m, d


@triton.jit
def extend_normaliser(m, d, x):
    """(m, d) of more classes; m is −inf as long as every logit is. Start with (−inf, 0)."""
    more = tl.max(x, 0, keep_dims=True)
    top = tl.where(more > m, more, m)
    finite = tl.where(top == -INF, 0.0, top)
    return top, d * exp(m - finite) + sum_exp(x, finite)


@triton.jit
def sigmoid_parts(x):
    """p, q = 1 − p, log p and log q, each accurate where it is close to 0."""
    z = exp(-tl.abs(x))
    large = 1.0 / (1.0 + z)
    small = z * large
    u = 1.0 + z
    # log1p(z): the rounding of u cancels in the quotient
    log1p = tl.where(u == 1.0, z, tl.log(u) * (z / (u - 1.0)))
    p = tl.where(x >= 0, large, small)
    q = tl.where(x >= 0, small, large)
    return p, q, tl.minimum(x, 0.0) - log1p, tl.minimum(-x, 0.0) - log1p


@triton.jit
def one_minus_exp(log_p):
    """q = 1 − exp(log p), accurate near log p = 0."""
    u = exp(log_p)
    # expm1: the rounding of u cancels in the quotient
    near = tl.where(u == 1.0, -log_p, (1.0 - u) * (log_p / tl.log(u)))
    return tl.where(log_p > -1.0, near, 1.0 - u)


@triton.jit
def power(q, GAMMA: tl.constexpr):
    """q^γ with q kept off 0, where the slope of the power is infinite for γ < 1."""
    if GAMMA == 0:
        result = tl.full(q.shape, 1.0, q.dtype)
    elif GAMMA == 1:
        result = q
    elif GAMMA == 2:
        result = q * q
    else:
        result = exp(GAMMA * tl.log(keep_off_zero(q)))
    return result


@triton.jit
def keep_off_zero(q):
    """max(q, smallest normal number)."""
    tiny: tl.constexpr = (
        2.2250738585072014e-308 if q.dtype == tl.float64 else 1.1754943508222875e-38
    )
    return tl.maximum(q, tiny)


@triton.jit
def own_focal_slope(log_p, GAMMA: tl.constexpr):
    """φ = dF / d log p = γ p q^(γ−1) log p − q^γ."""
    if GAMMA == 0:
        slope = tl.full(log_p.shape, -1.0, log_p.dtype)
    else:
        q = keep_off_zero(one_minus_exp(log_p))
        # log p / q tends to −1 as q tends to 0, so no power with a negative exponent is formed
        # and where p = 0 it weighs nothing, infinite as it may be
        share = tl.where(log_p == -INF, 0.0, exp(log_p) * (log_p / q))
        slope = power(q, GAMMA) * (GAMMA * share - 1.0)
    return slope


@triton.jit
def zero_sums(
    CLASSES: tl.constexpr, PIXELS: tl.constexpr, PER_CLASS: tl.constexpr, DTYPE: tl.constexpr
):
    """Accumulators of every sum; those that are not asked for are never touched."""
    zero = tl.zeros([CLASSES, PIXELS], DTYPE)
    valid = tl.zeros([CLASSES if PER_CLASS else 1, PIXELS], DTYPE)
    return (valid, zero, zero, zero, zero, zero, zero, zero, zero, zero)


@triton.jit
def add_sums(acc, p, pw, log_p, own_log_p, focal, w, hot, ROWS: tl.constexpr):
    """Step 2, the sums that softmax and sigmoid share; pw is p w."""
    s_valid, s_target, s_prob, s_inter, s_prob2, s_nll, s_nll_all, s_focal, s_neg, s_focal_neg = acc
    if ROWS[VALID] >= 0:
        s_valid += w
    if ROWS[TARGET] >= 0:
        s_target += tl.where(hot, w, 0.0)
    if ROWS[PROB] >= 0:
        s_prob += pw
    if ROWS[INTER] >= 0:
        s_inter += tl.where(hot, pw, 0.0)
    if ROWS[PROB2] >= 0:
        s_prob2 += p * pw
    # `where` and not a product: 0 · (−log 0) would be NaN
    if ROWS[NLL] >= 0:
        s_nll -= tl.where(hot, own_log_p * w, 0.0)
    if ROWS[NLL_ALL] >= 0:
        s_nll_all -= log_p * w
    if ROWS[FOCAL] >= 0:
        s_focal += tl.where(hot, focal * w, 0.0)
    return (
        s_valid, s_target, s_prob, s_inter, s_prob2, s_nll, s_nll_all, s_focal, s_neg, s_focal_neg
    )  # fmt: skip


@triton.jit
def add_softmax(acc, x, m, d, own_log_p, w, y, c, ROWS: tl.constexpr, GAMMA: tl.constexpr):
    """Steps 1 and 2 for logits x whose normaliser is known."""
    e = exp(x - m)
    hot = y == c
    over_d = 1.0 / d
    log_p = (x - m) - tl.log(d)
    focal = w
    if ROWS[FOCAL] >= 0:
        focal = power(one_minus_exp(own_log_p), GAMMA) * -own_log_p
    pw = e * (over_d * w)
    return add_sums(acc, e * over_d, pw, log_p, own_log_p, focal, w, hot, ROWS)


@triton.jit
def add_sigmoid(acc, x, w, y, c, ROWS: tl.constexpr, GAMMA: tl.constexpr):
    """Steps 1 and 2 of the sigmoid."""
    p, q, log_p, log_q = sigmoid_parts(x)
    hot = y == c
    focal = power(q, GAMMA) * -log_p if ROWS[FOCAL] >= 0 else w
    acc = add_sums(acc, p, p * w, log_p, log_p, focal, w, hot, ROWS)
    s_neg, s_focal_neg = acc[8], acc[9]
    if ROWS[NLL_NEG] >= 0:
        s_neg -= tl.where(hot, 0.0, log_q * w)
    if ROWS[FOCAL_NEG] >= 0:
        s_focal_neg -= tl.where(hot, 0.0, power(p, GAMMA) * log_q * w)
    return acc[0], acc[1], acc[2], acc[3], acc[4], acc[5], acc[6], acc[7], s_neg, s_focal_neg


@triton.jit
def store_sums(acc, partial, row_stride, ROWS: tl.constexpr, mask):
    """Sum over pixels and store: row k of the table at partial + k · row_stride."""
    for k in tl.static_range(10):
        if ROWS[k] >= 0:
            total = tl.sum(acc[k], 1)
            tl.store(partial + ROWS[k] * row_stride, total, mask=mask)


@triton.jit
def upstream_row(grad, row_stride, mask, ROW: tl.constexpr, DTYPE: tl.constexpr, scale=None):
    """Upstream gradient of one sum, for the classes that `grad` points at, times `scale`."""
    if ROW >= 0:
        g = tl.load(grad + ROW * row_stride, mask=mask, other=0.0)
        if scale is not None:
            g = g * scale
        g = g.to(DTYPE)
    else:
        g = tl.zeros(mask.shape, DTYPE)
    return g


@triton.jit
def read_upstream(grad, row_stride, mask, ROWS: tl.constexpr, DTYPE: tl.constexpr, scale=None):
    """Upstream gradients of all differentiable sums, in the order of SUMS from `prob` on."""
    return (
        upstream_row(grad, row_stride, mask, ROWS[PROB], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[INTER], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[PROB2], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[NLL], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[NLL_ALL], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[FOCAL], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[NLL_NEG], DTYPE, scale),
        upstream_row(grad, row_stride, mask, ROWS[FOCAL_NEG], DTYPE, scale),
    )


@triton.jit
def region_slope(p, g, ROWS: tl.constexpr):
    """h_c of step 3."""
    h = g[0]
    if ROWS[PROB2] >= 0:
        h += (2.0 * g[2]) * p
    return h


@triton.jit
def coupling(p, g, ROWS: tl.constexpr):
    """Σ_c (g_nll_all − p_c h_c) of step 3, over the classes of a tile."""
    total = tl.zeros([1, p.shape[1]], p.dtype)
    if ROWS[PROB] >= 0 or ROWS[PROB2] >= 0:
        total -= tl.sum(p * region_slope(p, g, ROWS), 0, keep_dims=True)
    if ROWS[NLL_ALL] >= 0:
        total += tl.sum(g[4], 0, keep_dims=True)
    return total


@triton.jit
def own_slopes(
    grad, row_stride, mask, log_p, ROWS: tl.constexpr, GAMMA: tl.constexpr, scale=None
):  # fmt: skip
    """a, b and a − p_k b of step 3; `grad` points at the own class k of each pixel."""
    a = upstream_row(grad, row_stride, mask, ROWS[NLL], log_p.dtype, scale)
    b = upstream_row(grad, row_stride, mask, ROWS[INTER], log_p.dtype, scale)
    if ROWS[FOCAL] >= 0:
        g = upstream_row(grad, row_stride, mask, ROWS[FOCAL], log_p.dtype, scale)
        a -= g * own_focal_slope(log_p, GAMMA)
    return a, b, a - exp(log_p) * b


@triton.jit
def softmax_slope(p, y, c, u, a, b, g, ROWS: tl.constexpr):
    """dL/dx_c / w of step 3."""
    slope = p * (region_slope(p, g, ROWS) + u)
    if ROWS[NLL_ALL] >= 0:
        slope -= g[4]
    if ROWS[INTER] >= 0:
        slope += tl.where(y == c, p * b - a, 0.0)
    else:
        slope -= tl.where(y == c, a, 0.0)
    return slope


@triton.jit
def sigmoid_slope(x, y, c, g, ROWS: tl.constexpr, GAMMA: tl.constexpr):
    """dL/dx_c / w of step 3."""
    p, q, log_p, log_q = sigmoid_parts(x)
    hot = y == c
    slope = g[0] * (p * q)
    if ROWS[INTER] >= 0:
        slope += tl.where(hot, g[1] * (p * q), 0.0)
    if ROWS[PROB2] >= 0:
        slope += 2.0 * g[2] * p * (p * q)
    if ROWS[NLL] >= 0:
        slope -= tl.where(hot, g[3] * q, 0.0)
    if ROWS[NLL_ALL] >= 0:
        slope -= g[4] * q
    if ROWS[FOCAL] >= 0:
        slope += tl.where(hot, g[5] * sigmoid_focal_slope(p, q, log_p, GAMMA), 0.0)
    if ROWS[NLL_NEG] >= 0:
        slope += tl.where(hot, 0.0, g[6] * p)
    if ROWS[FOCAL_NEG] >= 0:
        slope -= tl.where(hot, 0.0, g[7] * sigmoid_focal_slope(q, p, log_q, GAMMA))
    return slope


@triton.jit
def sigmoid_focal_slope(p, q, log_p, GAMMA: tl.constexpr):
    """dF/dx of F = q^γ (−log p), q^γ (γ p log p − q)."""
    share = tl.where(log_p == -INF, 0.0, p * log_p)
    return -q if GAMMA == 0 else power(q, GAMMA) * (GAMMA * share - q)
