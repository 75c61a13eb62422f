"""Copies between tensors and blocks: one small compiled function for each dtype.

A kernel would have to be compiled anew for every combination of dtypes if it read tensors itself.
So it calls these functions by their address instead: a dtype costs one short compilation, whichever
kernels use it. All have the same arguments (source and target are addresses, the rest int64):

    load, store   start, channel stride, pixel stride, pitch of the block, done, channels, count
    classify      start, pixel stride, done, count, has_ignore, ignore, limit

Half precision becomes float32 on the way in and is rounded once on the way out.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import carray, cfunc, types
from numba.core.cgutils import get_or_insert_function

from pixelwise.ops.cpu.exp import bits_of_float, float_of_bits
from pixelwise.ops.cpu.jit import compile_cached, exact, inlined, intrinsic

IGNORED, UNKNOWN = -1, -2  # stand for a class index in a block of targets
TILE = 16  # pixels that are transposed together when channels lie side by side
NUMBERS = 7
MEMORY = {
    torch.float32: types.float32,
    torch.float64: types.float64,
    torch.bfloat16: types.int16,  # read as bits: numba knows no half precision
    torch.float16: types.int16,
    torch.uint8: types.uint8,
    torch.bool: types.uint8,
    torch.int8: types.int8,
    torch.int16: types.int16,
    torch.int32: types.int32,
    torch.int64: types.int64,
}


@intrinsic
def call_address(typingctx: Any, address: Any, source: Any, target: Any, numbers: Any) -> Any:
    """Call the function at `address` with two addresses and a tuple of NUMBERS int64."""
    if not isinstance(numbers, types.UniTuple) or numbers.count != NUMBERS:
        raise TypeError(f"call_address: numbers must be {NUMBERS} int64, got {numbers}")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer] + [word] * NUMBERS)
        function = builder.inttoptr(args[0], kind.as_pointer())
        pointers = [builder.inttoptr(a, pointer) for a in args[1:3]]
        values = [builder.extract_value(args[3], i) for i in range(NUMBERS)]
        builder.call(function, pointers + values)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, numbers), codegen


@intrinsic
def pointer_to(typingctx: Any, address: Any, like: Any) -> Any:
    """An address as a pointer to elements of the array `like`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(like.dtype)(address, like), codegen


def _fetch(write: int) -> Any:
    """Ask for the cache line of an address, without waiting for it."""

    def fetch(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
            function = get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            second_level, data = number(2), number(1)
            at = builder.inttoptr(args[0], pointer)
            builder.call(function, [at, number(write), second_level, data])
            return context.get_dummy_value()

        return types.void(types.int64), codegen

    return intrinsic(fetch)


fetch_to_read, fetch_to_write = _fetch(0), _fetch(1)


@exact
def as_it_is(value):
    return value


@exact
def bfloat16_to_float(bits):
    return float_of_bits(np.int32(bits) << np.int32(16))


@exact
def float16_to_float(bits):
    """Shift exponent and fraction into place, then correct the exponent's bias by a product."""
    magnitude = (np.int32(bits) & np.int32(0x7FFF)) << np.int32(13)
    scaled = bits_of_float(float_of_bits(magnitude) * np.float32(2.0**112))
    special = magnitude | np.int32(0x7F800000)  # infinity and NaN
    sign = (np.int32(bits) & np.int32(0x8000)) << np.int32(16)
    return float_of_bits((special if magnitude >= np.int32(0x0F800000) else scaled) | sign)


@exact
def float_to_bfloat16(value):
    """Round to the nearest, halves to even; NaN stays NaN."""
    bits = bits_of_float(np.float32(value))
    rounded = bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))
    kept = rounded if value == value else np.int32(0x7FC00000)  # noqa: PLR0124
    return np.int16(kept >> np.int32(16))


@exact
def float_to_float16(value):
    """Round to the nearest, halves to even; too large becomes infinity, NaN stays NaN."""
    bits = bits_of_float(np.float32(value))
    magnitude = bits & np.int32(0x7FFFFFFF)
    sign = (bits >> np.int32(16)) & np.int32(0x8000)
    odd = (magnitude >> np.int32(13)) & np.int32(1)
    normal = (magnitude - np.int32(0x38000000) + np.int32(0x0FFF) + odd) >> np.int32(13)
    # below 2^-14 the last place is 2^-24: adding 1/2 moves it to the end of the fraction
    shifted = bits_of_float(float_of_bits(magnitude) + np.float32(0.5))
    small = shifted - np.int32(0x3F000000)
    half = small if magnitude < np.int32(0x38800000) else normal
    half = np.int32(0x7C00) if magnitude >= np.int32(0x477FF000) else half
    half = np.int32(0x7E00) if magnitude > np.int32(0x7F800000) else half
    return np.int16(half | sign)


@inlined
def copy_in(source, block, decode, start, channel, pixel, pitch, done, channels, count):
    """block[c, done + i] = source[start + c * channel + i * pixel], decoded."""
    values = carray(source, start + (channels - 1) * channel + (count - 1) * pixel + 1)
    rows = carray(block, (channels, pitch))
    if pixel == 1:
        for c in range(channels):
            row = rows[c, done : done + count]
            line = values[start + c * channel : start + c * channel + count]
            for i in range(count):
                row[i] = decode(line[i])
    else:  # a tile at a time, in case that channels lie side by side
        for left in range(0, count, TILE):
            right = min(left + TILE, count)
            for c in range(channels):
                begin = start + c * channel
                for i in range(left, right):
                    rows[c, done + i] = decode(values[begin + i * pixel])


@inlined
def copy_out(target, block, encode, start, channel, pixel, pitch, done, channels, count):
    """target[start + c * channel + i * pixel] = block[c, done + i], encoded."""
    values = carray(target, start + (channels - 1) * channel + (count - 1) * pixel + 1)
    rows = carray(block, (channels, pitch))
    if pixel == 1:
        for c in range(channels):
            row = rows[c, done : done + count]
            line = values[start + c * channel : start + c * channel + count]
            for i in range(count):
                line[i] = encode(row[i])
    else:
        for left in range(0, count, TILE):
            right = min(left + TILE, count)
            for i in range(left, right):
                begin = start + i * pixel
                for c in range(channels):
                    values[begin + c * channel] = encode(rows[c, done + i])


def load_plain(source, block, start, channel, pixel, pitch, done, channels, count):
    copy_in(source, block, as_it_is, start, channel, pixel, pitch, done, channels, count)


def load_bfloat16(source, block, start, channel, pixel, pitch, done, channels, count):
    copy_in(source, block, bfloat16_to_float, start, channel, pixel, pitch, done, channels, count)


def load_float16(source, block, start, channel, pixel, pitch, done, channels, count):
    copy_in(source, block, float16_to_float, start, channel, pixel, pitch, done, channels, count)


def store_plain(target, block, start, channel, pixel, pitch, done, channels, count):
    copy_out(target, block, as_it_is, start, channel, pixel, pitch, done, channels, count)


def store_bfloat16(target, block, start, channel, pixel, pitch, done, channels, count):
    copy_out(target, block, float_to_bfloat16, start, channel, pixel, pitch, done, channels, count)


def store_float16(target, block, start, channel, pixel, pitch, done, channels, count):
    copy_out(target, block, float_to_float16, start, channel, pixel, pitch, done, channels, count)


@inlined
def class_of(value, ignore, limit, has_ignore):
    """A class index, IGNORED or UNKNOWN."""
    inside = (value >= 0) & (value < limit)
    skip = has_ignore & (value == ignore)
    return np.int32(IGNORED) if skip else np.int32(value if inside else UNKNOWN)


@inlined
def classify(source, y, integer, start, pixel, done, count, known):
    """y[done + i] = the target at start + i * pixel, compared as `integer`."""
    values = carray(source, start + (count - 1) * pixel + 1)
    classes = carray(y, done + count)[done:]
    has_ignore, ignore, limit = known[0] != 0, integer(known[1]), integer(known[2])
    if pixel == 1:  # apart, so that it is compiled to vector instructions
        line = values[start:]
        for i in range(count):
            classes[i] = class_of(integer(line[i]), ignore, limit, has_ignore)
    else:
        for i in range(count):
            classes[i] = class_of(integer(values[start + i * pixel]), ignore, limit, has_ignore)


def classify_narrow(source, y, start, pixel, done, count, has_ignore, ignore, limit):
    known = (has_ignore, ignore, limit)
    classify(source, y, np.int32, start, pixel, done, count, known)


def classify_wide(source, y, start, pixel, done, count, has_ignore, ignore, limit):
    known = (has_ignore, ignore, limit)
    classify(source, y, np.int64, start, pixel, done, count, known)


SPECIAL_LOAD = {torch.bfloat16: load_bfloat16, torch.float16: load_float16}
SPECIAL_STORE = {torch.bfloat16: store_bfloat16, torch.float16: store_float16}
_compiled: dict[tuple[Callable, Any, Any], Any] = {}
_lock = Lock()


def load_address(dtype: torch.dtype, block: torch.dtype) -> int:
    """Address of the function that loads a tensor of `dtype` into a block."""
    return _address(SPECIAL_LOAD.get(dtype, load_plain), MEMORY[dtype], MEMORY[block])


def store_address(dtype: torch.dtype, block: torch.dtype) -> int:
    """Address of the function that stores a block in a tensor of `dtype`."""
    return _address(SPECIAL_STORE.get(dtype, store_plain), MEMORY[dtype], MEMORY[block])


def classify_address(dtype: torch.dtype) -> int:
    """Address of the function that reads a target of `dtype`."""
    function = classify_wide if dtype == torch.int64 else classify_narrow
    return _address(function, MEMORY[dtype], types.int32)


def _address(function: Callable, outside: Any, inside: Any) -> int:
    """Compile `function` for the two types of element, once, and keep it for good."""
    key = (function, outside, inside)
    with _lock:
        if key not in _compiled:
            pointers = [types.CPointer(outside), types.CPointer(inside)]
            signature = types.void(*pointers, *[types.int64] * NUMBERS)
            _compiled[key] = compile_cached(cfunc, signature)(function)
        return _compiled[key].address
