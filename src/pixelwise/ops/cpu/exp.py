"""exp, log and powers that run in vector registers, for float32; the C library's for float64.

`math.exp` in a numba loop is one library call per element. The float32 versions here are plain
arithmetic, so the compiler turns a loop over them into vector instructions:

    exp(x)   x = n ln 2 + r with integer n and |r| <= ln 2 / 2:  exp(x) = 2^n (1 + r (1 + r P(r)));
             2^n is made by writing n + 127 into the exponent bits
    log(x)   x = 2^n m with m in [√½, √2), f = m - 1:  log(x) = n ln 2 + f - f²/2 + f³ Q(f)

P and Q are minimax polynomials, fitted for this file in float64 (relative error 3e-9 and 6e-9, far
below the 6e-8 of rounding to float32). float64 takes the C library's functions, because checks of
gradients need every digit.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from pixelwise.ops.cpu.jit import FUSE, PIECE, exact, intrinsic, overload

LOWEST = np.float32(-88.0)  # n is -127 there, which makes the exponent bits and so the result 0
LOG2_E = np.float32(1.4426950408889634)
LN2 = np.float32(0.6931471805599453)
LN2_HIGH = np.float32(0.693359375)  # few bits, so that n * LN2_HIGH is exact
LN2_LOW = np.float32(-2.12194440054690583e-4)
# 1.5 * 2^23 + 127: adding it rounds to an integer n and leaves n + 127 in the lowest bits
ROUND = np.float32(12583039.0)
SQRT_HALF_BITS = np.int32(0x3F3504F3)
P0, P1, P2, P3, P4 = np.array(
    [4.999999343e-01, 1.666652040e-01, 4.166839079e-02, 8.368745108e-03, 1.381454007e-03],
    np.float32,
)
# fmt: off
Q0, Q1, Q2, Q3, Q4, Q5, Q6, Q7 = np.array(
    [3.333333171e-01, -2.500082103e-01, 2.000122688e-01, -1.662335738e-01,
     1.420175782e-01, -1.316018189e-01, 1.276157810e-01, -7.634499163e-02],
    np.float32,
)
# fmt: on
ONE, HALF, ZERO = np.float32(1.0), np.float32(0.5), np.float32(0.0)
SQRT2_LESS_1 = np.float32(0.41421356)
SMALLEST = np.float32(1.1754944e-38)


@intrinsic
def float_of_bits(typingctx: Any, bits: Any) -> Any:
    """The float32 with these 32 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@intrinsic
def bits_of_float(typingctx: Any, value: Any) -> Any:
    """The 32 bits of a float32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def select(typingctx: Any, condition: Any, yes: Any, no: Any) -> Any:
    """`yes if condition else no` without a branch: several in one loop stay vector instructions."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(types.boolean, yes, yes), codegen


@exact
def exp32(x):
    """exp(x) for x <= 0 (or barely above): exact 0 below -87.7, NaN stays NaN."""
    x = LOWEST if x < LOWEST else x  # a comparison that lets NaN through
    rounded = x * LOG2_E + ROUND
    n = rounded - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    poly = (((P4 * r + P3) * r + P2) * r + P1) * r + P0
    poly = (poly * r + ONE) * r + ONE
    return poly * float_of_bits(bits_of_float(rounded) << np.int32(23))


@exact
def log_near_one32(f):
    """log(1 + f) for 1 + f in [√½, √2)."""
    poly = ((Q7 * f + Q6) * f + Q5) * f + Q4
    poly = (((poly * f + Q3) * f + Q2) * f + Q1) * f + Q0
    square = f * f
    return (poly * f * square - HALF * square) + f


@exact
def log32(x):
    """log(x) for normal x > 0; NaN stays NaN."""
    bits = bits_of_float(x) - SQRT_HALF_BITS
    n = np.float32(bits >> np.int32(23))
    m = float_of_bits((bits & np.int32(0x7FFFFF)) + SQRT_HALF_BITS)
    return n * LN2 + (log_near_one32(m - ONE) + (x - x))  # x - x is NaN where x is


@exact
def log1p32(x):
    """log(1 + x) for x in [0, 1], exact to rounding for tiny x; NaN stays NaN."""
    large = x > SQRT2_LESS_1
    f = HALF * x - HALF if large else x  # 1 + x = 2 (1 + f)
    return log_near_one32(f) + (LN2 if large else ZERO)


@exact
def power32(x, gamma):
    """x^gamma for x in [0, 1] and gamma >= 0, with 0^0 = 1; NaN stays NaN."""
    if gamma == np.float32(2.0):
        return x * x
    if gamma == ZERO:
        return ONE + (x - x)
    if gamma == ONE:
        return x
    value = exp32(gamma * log32(x))
    return ZERO if x < SMALLEST else value


def exp_neg(x: Any) -> Any:
    """exp(x) for x <= 0, in the type of x."""


def log_pos(x: Any) -> Any:
    """log(x) for x > 0, in the type of x."""


def log1p_unit(x: Any) -> Any:
    """log(1 + x) for x in [0, 1], in the type of x."""


def power_unit(x: Any, gamma: Any) -> Any:
    """x^gamma for x in [0, 1] and gamma >= 0, in the type of x; 0^0 = 1."""


COMPILED: dict[str, Any] = {"fastmath": FUSE} | PIECE


@overload(exp_neg, jit_options=COMPILED)
def _exp_neg(x):
    return (lambda x: exp32(x)) if x == types.float32 else (lambda x: math.exp(x))


@overload(log_pos, jit_options=COMPILED)
def _log_pos(x):
    return (lambda x: log32(x)) if x == types.float32 else (lambda x: math.log(x))


@overload(log1p_unit, jit_options=COMPILED)
def _log1p_unit(x):
    return (lambda x: log1p32(x)) if x == types.float32 else (lambda x: math.log1p(x))


@overload(power_unit, jit_options=COMPILED)
def _power_unit(x, gamma):
    return (
        (lambda x, gamma: power32(x, gamma)) if x == types.float32 else (lambda x, gamma: x**gamma)
    )
