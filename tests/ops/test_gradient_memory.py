"""The memory of gradients: one large piece is kept, and only for the same size."""

import pytest
import torch

from pixelwise.ops.cpu.memory import LARGE, new_gradient

FLOATS = LARGE // 4


def address_after_freeing(first, second):
    """Addresses of a gradient like `first`, freed, and then of one like `second`."""
    before = new_gradient(first)
    address = before.data_ptr()
    del before
    after = new_gradient(second)
    return address, after.data_ptr()


def test_a_large_piece_serves_the_next_gradient_of_its_size():
    """A step that follows another of the same shape pays no page faults."""
    logits = torch.empty(2, FLOATS)
    before, after = address_after_freeing(logits, logits)
    assert before == after


def test_two_gradients_that_live_together_share_nothing():
    """A piece is given away once."""
    logits = torch.empty(FLOATS)
    first, second = new_gradient(logits).fill_(1), new_gradient(logits).fill_(2)
    third = new_gradient(logits).fill_(3)
    assert (first == 1).all()
    assert (second == 2).all()
    assert (third == 3).all()


def test_a_view_keeps_the_piece():
    """The memory is free when nothing reads it any more, not when the first tensor is freed."""
    logits = torch.empty(FLOATS)
    row = new_gradient(logits).fill_(1)[10:20]
    other = new_gradient(logits).fill_(2)
    assert (row == 1).all()
    assert (other == 2).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=str)
def test_a_gradient_has_the_logits_layout(dtype, memory_format):
    """Shape, dtype and strides are those that torch.empty_like gives."""
    logits = torch.empty(2, 3, 600, 500, dtype=dtype).to(memory_format=memory_format)
    gradient, like = new_gradient(logits), torch.empty_like(logits)
    assert gradient.shape == like.shape
    assert gradient.dtype == like.dtype
    assert gradient.stride() == like.stride()
    assert gradient.data_ptr() % 64 == 0
