"""Rows of a resize are those of the whole resize, however they are asked for."""

import numpy as np
import pytest
import torch

from pixelwise.data.resize import network_size, resize_image
from pixelwise.data.resize_rows import ResizedRows

NATIVE = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
CASES = [
    ((201, 333), 1.0),
    ((333, 201), 0.5),
    ((97, 500), 0.3),
    ((160, 100), 2.0),
    ((1000, 64), 1.0),
    ((96, 321), 1.7),
    ((64, 96), 1.0),
]


def both(size, scale, dtype, step=32):
    """By rows, in steps that overlap, and whole; and the rows that were read."""
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, *size))).to(dtype)
    at_network, read = network_size(size, scale), []

    def rows(first, stop):
        read.append(stop - first)
        return image[:, first:stop]

    resized = ResizedRows(rows, size, at_network, dtype)
    parts = [
        resized(top, min(top + 2 * step, at_network[0]))[:, :step]
        for top in range(0, at_network[0], step)
    ]
    return torch.cat(parts, 1), resize_image(image, size, scale), read


@pytest.mark.skipif(not NATIVE, reason="torch resizes 8 bits as float on this processor")
@pytest.mark.parametrize(("size", "scale"), CASES)
def test_rows_of_8_bits_are_those_of_the_whole_resize_to_the_bit(size, scale):
    found, want, _ = both(size, scale, torch.uint8)
    assert torch.equal(found, want)


@pytest.mark.parametrize(("size", "scale"), CASES)
def test_rows_of_any_samples_are_those_of_the_whole_resize(size, scale):
    found, want, _ = both(size, scale, torch.float32)
    assert torch.allclose(found, want, rtol=1e-6, atol=1e-4)
    found, want, _ = both(size, scale, torch.uint8)
    assert (found.int() - want.int()).abs().max() <= 1


def test_no_row_is_read_twice():
    _, _, read = both((640, 64), 0.5, torch.uint8)
    assert sum(read) == 640
    assert max(read) < 140
