"""Memory layout and dtype of the inputs change no bit of what the CPU kernels compute."""

import mmap

import numpy as np
import pytest
import torch

from ops.kernel_cases import channels_last, run, sliced
from pixelwise.ops.cpu import stats as _stats_numba
from pixelwise.ops.cpu import upsampled as _upsampled_numba
from pixelwise.ops.spec import SUMS, Spec

SPECS = {
    "softmax": Spec(SUMS[:8], "softmax", 9),
    "sigmoid": Spec(SUMS, "sigmoid", 9),
}


def swapped(x):
    """The same values, columns next to each other in memory."""
    return x.transpose(-1, -2).contiguous().transpose(-1, -2)


def offset(x):
    """The same values, beginning in the middle of an allocation."""
    return torch.cat([x.new_zeros(3, *x.shape[1:]), x])[3:]


LAYOUTS = [sliced, swapped, channels_last, offset]


def make_inputs(channels, height, width):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, channels, height, width, generator=generator) * 3
    target = torch.randint(0, channels, (2, 37, 43), generator=generator)
    target[torch.rand(2, 37, 43, generator=generator) < 0.2] = 9
    return logits, target, torch.rand(2, 37, 43, generator=generator) + 0.1


def numbers(module, spec, logits, target, weight):
    """Sums and the gradient for ones upstream."""
    grad = torch.ones(len(spec.sums), *logits.shape[:2], dtype=torch.float64)
    return run(module, (logits, target, weight, spec), grad)[:2]


PASSES = {
    "dense": (_stats_numba, (37, 43)),
    "upsampled": (_upsampled_numba, (10, 12)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("where", PASSES)
def test_any_strides_give_the_same_bits(where, name, channels, layout):
    """f(view) = f(contiguous copy), bit for bit, for logits, target and weight."""
    module, size = PASSES[where]
    logits, target, weight = make_inputs(channels, *size)
    sums, gradient = numbers(module, SPECS[name], logits, target, weight)
    views = layout(logits), layout(target), layout(weight)
    kept = [v.clone() for v in views]
    view_sums, view_gradient = numbers(module, SPECS[name], *views)
    assert torch.equal(view_sums, sums)
    assert torch.equal(view_gradient, gradient)
    assert all(torch.equal(v, k) for v, k in zip(views, kept)), "inputs are never written"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("where", PASSES)
def test_the_gradient_has_the_layout_that_empty_like_gives(where, dtype, layout):
    """gradient.stride() = torch.empty_like(logits).stride(): channels_last stays channels_last."""
    module, size = PASSES[where]
    logits, target, weight = make_inputs(5, *size)
    logits = layout(logits.to(dtype))
    _, gradient = numbers(module, SPECS["softmax"], logits, target, weight)
    assert gradient.stride() == torch.empty_like(logits).stride()
    assert gradient.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32], ids=str)
@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("where", PASSES)
def test_any_integer_target_gives_the_bits_of_int64(where, name, dtype):
    """f(target as int64) = f(target as dtype)."""
    module, size = PASSES[where]
    logits, target, weight = make_inputs(5, *size)
    wide = numbers(module, SPECS[name], logits, target, weight)
    narrow = numbers(module, SPECS[name], logits, target.to(dtype), weight)
    assert torch.equal(wide[0], narrow[0])
    assert torch.equal(wide[1], narrow[1])


@pytest.mark.parametrize("ignore", [-1, -100, 255, 256, 2**40, None])
def test_an_ignore_index_beyond_the_dtype_matches_nothing(ignore):
    """uint8 holds 255 but not -1, -100, 256 or 2^40, which must not wrap around into it."""
    logits, target, weight = make_inputs(3, 37, 43)
    target = target.clamp(max=2).to(torch.uint8)
    target[0, 5, 6] = 255
    spec = Spec(("valid",), "softmax", ignore)
    _, unknown = _stats_numba.forward(logits, target, weight, spec)
    assert int(unknown) == (ignore != 255)


def test_a_bool_target_is_zeros_and_ones():
    """True is class 1, False class 0, and no ignore_index occurs."""
    logits, target, weight = make_inputs(1, 37, 43)
    flags = target > 4
    spec = SPECS["sigmoid"]
    found = numbers(_stats_numba, spec, logits, flags, weight)
    expected = numbers(_stats_numba, spec, logits, flags.long(), weight)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


@pytest.mark.parametrize("name", SPECS)
def test_expanded_logits_are_read_where_they_lie(name):
    """Stride 0: one pixel's logits for all pixels, one image for all images."""
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(1, 5, 1, 1, generator=generator).expand(2, 5, 37, 43)
    _, target, weight = make_inputs(5, 37, 43)
    found = numbers(_stats_numba, SPECS[name], logits, target, weight)
    expected = numbers(_stats_numba, SPECS[name], logits.contiguous(), target, weight)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_five_dimensions_that_do_not_merge():
    """Four spatial dimensions, none of which can be merged with the next."""
    generator = torch.Generator().manual_seed(5)
    larger = torch.randn(2, 3, 4, 6, 8, 10, generator=generator)
    logits = larger[..., ::2, ::2, ::2, ::2]
    target = torch.randint(0, 3, logits.shape[:1] + logits.shape[2:], generator=generator)
    spec = SPECS["softmax"]
    found = numbers(_stats_numba, spec, logits, target, None)
    expected = numbers(_stats_numba, spec, logits.contiguous(), target, None)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_offsets_beyond_two_to_the_31_elements_are_exact():
    """Strides of 2^31 elements and more, over memory that is reserved but never touched."""
    image, channel, row = 2**33, 2**31 + 5, 2**29 + 3
    extent = image + 2 * channel + 2 * row + 8
    memory = mmap.mmap(-1, extent, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
    flat = torch.from_numpy(np.frombuffer(memory, np.uint8))
    generator = torch.Generator().manual_seed(6)
    target = flat.as_strided((2, 3, 3, 8), (image, channel, row, 1))
    target.copy_(torch.randint(0, 2, target.shape, generator=generator))
    logits = torch.randn(2, 3, 3, 8, generator=generator)
    spec = SPECS["sigmoid"]
    found = numbers(_stats_numba, spec, logits, target, None)
    expected = numbers(_stats_numba, spec, logits, target.clone(), None)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_more_than_two_to_the_31_logits_are_counted_exactly():
    """N C P > 2^31 by expansion; each of the 2^26 + 3 pixels of 33 classes is counted."""
    pixels = 2**26 + 3
    logits = torch.zeros(1, 1, 1).expand(1, 33, pixels)
    target = torch.ones(1, 1, dtype=torch.uint8).expand(1, pixels)
    sums, _ = _stats_numba.forward(logits, target, None, Spec(("target",), "softmax", None))
    expected = torch.zeros(1, 1, 33, dtype=torch.float64)
    expected[0, 0, 1] = pixels
    assert logits.numel() > 2**31
    assert torch.equal(sums, expected)
