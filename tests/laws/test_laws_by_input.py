"""The laws in the dtypes people train with, on inputs at the edges: every loss, every backend.

Each law runs over all void, a void image, one class, an absent class, a ragged size, one pixel.
"""

import pytest
import torch

from laws.loss_cases import IGNORE, ON_BACKENDS, close, draw, value_and_gradient

pytestmark = [
    pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str),
    pytest.mark.parametrize(("case", "backend"), ON_BACKENDS, ids=str),
]
ALIKE = {"rtol": 1e-5, "atol": 1e-6}  # sums in another order


def inputs(case, dtype):
    """Name, logits (N, C, H, W) and target (N, H, W) of every kind."""

    def drawn(shape, **options):
        logits, target = draw(case, shape, dtype=torch.float32, **options)
        return logits.to(dtype), target

    logits, target = drawn((2, 5, 6))
    yield "absent class", logits, target
    yield "all void", logits, torch.full_like(target, IGNORE)
    half = target.clone()
    half[1] = IGNORE
    yield "void image", logits, half
    yield "one class", logits, target.masked_fill(target != IGNORE, 1)
    yield "ragged", *drawn((1, 3, 67), seed=1)
    yield "one pixel", *drawn((1, 1, 1), void=0)


def test_value_and_gradient_are_those_of_the_definition_in_float64(case, backend, dtype):
    """Of the same rounded logits; the loss is float32 and the gradient is 0 at void pixels."""
    for kind, logits, target in inputs(case, dtype):
        value, gradient = value_and_gradient(case.make(backend=backend), logits, target)
        truth, slope = value_and_gradient(case.make(backend="torch"), logits.double(), target)
        assert (value.dtype, gradient.dtype) == (torch.float32, dtype), kind
        close(value.double(), truth, rtol=3e-6, atol=1e-6)
        assert gradient.isfinite().all(), kind
        assert not gradient.masked_select((target == IGNORE).unsqueeze(1)).any(), kind
        # where two pixels are equally wrong their order, and so the slope, is free
        free = 1.0 * case.row.ranks_pixels
        rounding = torch.finfo(dtype).eps * slope.abs() + 1e-5 * slope.abs().max()
        assert ((gradient.double() - slope).abs() <= rounding + free).all(), kind


def test_what_is_under_void_changes_no_bit(case, backend, dtype):
    """Not the value and no gradient, with NaN there."""
    for _, logits, target in inputs(case, dtype):
        poisoned = logits.masked_fill((target == IGNORE).unsqueeze(1), float("nan"))
        one = value_and_gradient(case.make(backend=backend), logits, target)
        other = value_and_gradient(case.make(backend=backend), poisoned, target)
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


def test_no_void_is_no_ignore_index(case, backend, dtype):
    """The same bits, whatever the index would be."""
    for _, logits, target in inputs(case, dtype):
        known = target.masked_fill(target == IGNORE, 0)
        one = case.make(backend=backend)(logits, known)
        assert torch.equal(one, case.make(backend=backend, ignore_index=None)(logits, known))


def test_the_order_of_pixels_and_images_does_not_matter(case, backend, dtype):
    """Up to rounding of the sums."""
    for _, logits, target in inputs(case, dtype):
        one = case.make(backend=backend)(logits, target)
        turned = case.make(backend=backend)(logits.flip(0, 2, 3), target.flip(0, 1, 2))
        close(one, turned, **ALIKE)


def test_the_order_of_classes_does_not_matter(case, backend, dtype):
    """Channels and indices are reversed together; one channel and a background stay in place."""
    order = case.renumbered(reversed(range(case.channels)))
    of_indices = torch.tensor(order if case.channels > 1 else [0, 1]).argsort()
    for _, logits, target in inputs(case, dtype):
        renumbered = of_indices[target.long().masked_fill(target == IGNORE, 0)]
        renumbered = renumbered.masked_fill(target == IGNORE, IGNORE)
        one = case.make(backend=backend)(logits, target)
        close(one, case.make(backend=backend)(logits[:, order], renumbered), **ALIKE)


def test_memory_layout_and_index_dtype_do_not_matter(case, backend, dtype):
    """Neither of the logits nor of the target."""
    for _, logits, target in inputs(case, dtype):
        last = logits.contiguous(memory_format=torch.channels_last)
        one = case.make(backend=backend)(logits, target)
        close(one, case.make(backend=backend)(last, target.long().mT.contiguous().mT), **ALIKE)


def test_weight_one_is_no_weight_and_weight_zero_is_void(case, backend, dtype):
    """With a map of weights, and a mask."""
    for _, logits, target in inputs(case, dtype):
        loss = case.make(backend=backend)
        one = loss(logits, target)
        close(loss(logits, target, weight=torch.ones(target.shape)), one, **ALIKE)
        known = target.masked_fill(target == IGNORE, 0)
        close(loss(logits, known, weight=target != IGNORE), one, **ALIKE)


def test_a_repeated_batch_has_the_same_loss(case, backend, dtype):
    """A mean, over pixels and over images."""
    for _, logits, target in inputs(case, dtype):
        loss = case.make(backend=backend)
        twice = loss(torch.cat([logits, logits]), torch.cat([target, target]))
        close(twice, loss(logits, target), **ALIKE)


def test_inputs_stay_as_they_are(case, backend, dtype):
    """No pass writes to what it is given."""
    for _, logits, target in inputs(case, dtype):
        before = logits.clone(), target.clone()
        value_and_gradient(case.make(backend=backend), logits, target)
        assert torch.equal(logits, before[0])
        assert torch.equal(target, before[1])
