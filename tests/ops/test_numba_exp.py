"""The arithmetic below the CPU kernels: exp, log, powers and half precision."""

import math

import numpy as np
import pytest
import torch
from numba import njit

from pixelwise.ops.cpu import exp as fast
from pixelwise.ops.cpu import transfer

exp_neg, log_pos = fast.exp_neg, fast.log_pos
log1p_unit, power_unit = fast.log1p_unit, fast.power_unit


@njit
def each_exp(x, out):
    for i in range(x.size):
        out[i] = exp_neg(x[i])


@njit
def each_log(x, out):
    for i in range(x.size):
        out[i] = log_pos(x[i])


@njit
def each_log1p(x, out):
    for i in range(x.size):
        out[i] = log1p_unit(x[i])


@njit
def each_power(x, gamma, out):
    for i in range(x.size):
        out[i] = power_unit(x[i], gamma)


@njit
def each_conversion(convert, x, out):
    for i in range(x.size):
        out[i] = convert(x[i])


def run(function, *inputs):
    out = np.empty_like(inputs[0])
    function(*inputs, out)
    return out


def relative(found, exact):
    return np.max(np.abs(found - exact) / np.maximum(np.abs(exact), 1e-300))


EXP_RANGE = -np.linspace(0, 87, 200_001)
LOG_RANGE = np.exp(np.linspace(-80, 20, 200_000))
UNIT_RANGE = np.concatenate([np.linspace(0, 1, 100_001), np.exp(np.linspace(-80, 0, 10_001))])


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1.3e-7), (np.float64, 4e-16)])
def test_exp_is_exact_to_rounding(dtype, bound):
    """Relative error about one unit in the last place over the whole range of a float32."""
    x = EXP_RANGE.astype(dtype)
    assert relative(run(each_exp, x), np.exp(x.astype(float))) < bound


def test_exp_of_the_edges():
    """exp(-inf) is exactly 0, exp(0) exactly 1, NaN stays NaN, and nothing becomes garbage."""
    x = np.array([-np.inf, -1e30, -104, -88, -0.0, 0.0, np.nan], np.float32)
    found = run(each_exp, x)
    np.testing.assert_array_equal(found, np.array([0, 0, 0, 0, 1, 1, np.nan], np.float32))


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1.3e-7), (np.float64, 4e-16)])
def test_log_is_exact_to_rounding(dtype, bound):
    """Relative error about one unit in the last place, also next to 1; NaN stays NaN."""
    x = LOG_RANGE.astype(dtype)
    assert relative(run(each_log, x), np.log(x.astype(float))) < bound
    assert math.isnan(run(each_log, np.array([np.nan], dtype))[0])


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1.8e-7), (np.float64, 4e-16)])
def test_log1p_is_exact_to_rounding_for_tiny_arguments(dtype, bound):
    """log(1 + x) keeps its digits where 1 + x would lose them."""
    x = UNIT_RANGE.astype(dtype)
    assert relative(run(each_log1p, x), np.log1p(x.astype(float))) < bound
    assert math.isnan(run(each_log1p, np.array([np.nan], dtype))[0])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.3])
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 4e-6), (np.float64, 1e-15)])
def test_powers_are_close_and_zero_to_the_zero_is_one(gamma, dtype, bound):
    """x^γ on [0, 1]; the relative error of a power grows with |γ log x|."""
    x = np.linspace(0, 1, 100_001).astype(dtype)
    assert relative(run(each_power, x, dtype(gamma)), x.astype(float) ** gamma) < bound


@pytest.mark.parametrize(
    ("dtype", "load", "store"),
    [
        (torch.float16, transfer.float16_to_float, transfer.float_to_float16),
        (torch.bfloat16, transfer.bfloat16_to_float, transfer.float_to_bfloat16),
    ],
    ids=["float16", "bfloat16"],
)
def test_every_half_is_read_and_written_as_torch_does(dtype, load, store):
    """All 65536 bit patterns to float32; float32 around every one of them back to half."""
    bits = np.arange(-(2**15), 2**15).astype(np.int16)
    halves = torch.from_numpy(bits).view(dtype)
    wide = np.empty(bits.size, np.float32)
    each_conversion(load, bits, wide)
    np.testing.assert_array_equal(wide, halves.float().numpy())
    steps = np.float32([1, 1 + 2**-9, 1 + 2**-10, 1 - 2**-10, 1 + 2**-12, 1 + 3 * 2**-11])
    with np.errstate(all="ignore"):  # NaN and infinity are among them
        floats = (wide[:, None] * steps).ravel()
    narrow = np.empty(floats.size, np.int16)
    each_conversion(store, floats, narrow)
    found = torch.from_numpy(narrow).view(dtype).float().numpy()
    np.testing.assert_array_equal(found, torch.from_numpy(floats).to(dtype).float().numpy())
