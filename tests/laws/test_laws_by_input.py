"""The laws in the dtypes people train with, on inputs at the edges: every loss, every backend.

Each law runs over all void, a void image, one class, an absent class, a ragged size, one pixel.
"""

import functools
from typing import NamedTuple

import torch

from laws.loss_cases import IGNORE, close, draw, made, named, on_backends, value_and_gradient

DTYPES = (torch.float32, torch.bfloat16)
ALIKE = {"rtol": 1e-5, "atol": 1e-6}  # sums in another order


class Input(NamedTuple):
    """What a law is tried on.

    Attributes:
        logits, target: (N, C, H, W) and (N, H, W).
        value, gradient: what the loss makes of them.
    """

    logits: torch.Tensor
    target: torch.Tensor
    value: torch.Tensor
    gradient: torch.Tensor


@functools.cache
def batches(case):
    """Dtype, kind, logits and target of every kind, in every dtype."""
    found = []
    for dtype in DTYPES:
        logits, target = draw(case, (2, 5, 6), dtype=torch.float32)
        half = target.clone()
        half[1] = IGNORE
        kinds = {
            "absent class": (logits, target),
            "all void": (logits, torch.full_like(target, IGNORE)),
            "void image": (logits, half),
            "one class": (logits, target.masked_fill(target != IGNORE, 1)),
            "ragged": draw(case, (1, 3, 67), dtype=torch.float32, seed=1),
            "one pixel": draw(case, (1, 1, 1), dtype=torch.float32, void=0),
        }
        found += [(f"{dtype}, {kind}", x.to(dtype), labels) for kind, (x, labels) in kinds.items()]
    return found


@functools.cache
def truths(case):
    """Value and gradient by the definition in float64 for each of the batches."""
    loss = made(case, "torch")
    return [value_and_gradient(loss, x.double(), target) for _, x, target in batches(case)]


@functools.cache
def inputs(case, backend):
    """Every batch with its value and gradient, which all laws compare with."""
    found = []
    for kind, logits, target in batches(case):
        x = logits.detach().requires_grad_()  # no copy: a pass that wrote to it would be noticed
        value = made(case, backend)(x, target)
        (gradient,) = torch.autograd.grad(value, x)
        found.append((kind, Input(logits, target, value.detach(), gradient)))
    return found


def every_input(law):
    """Make a test of law(make, given) for every loss on all its backends and inputs.

    make is a function from options to the loss on that backend; a failure names the input.
    """

    @on_backends()
    @functools.wraps(law)
    def run(case, backend):
        make = functools.partial(made, case, backend)
        for kind, given in inputs(case, backend):
            with named(kind):
                law(make, given)

    return run


@on_backends()
def test_value_and_gradient_are_those_of_the_definition_in_float64(case, backend):
    """Of the same rounded logits; the loss is float32 and the gradient is 0 at void pixels."""
    for (kind, given), (truth, slope) in zip(inputs(case, backend), truths(case), strict=True):
        dtype, gradient = given.logits.dtype, given.gradient
        with named(kind):
            assert (given.value.dtype, gradient.dtype) == (torch.float32, dtype)
            close(given.value.double(), truth, rtol=3e-6, atol=1e-6)
            assert gradient.isfinite().all()
            assert not gradient.masked_select((given.target == IGNORE).unsqueeze(1)).any()
            # where two pixels are equally wrong their order, and so the slope, is free
            free = 1.0 * case.row.ranks_pixels
            rounding = torch.finfo(dtype).eps * slope.abs() + 1e-5 * slope.abs().max()
            assert ((gradient.double() - slope).abs() <= rounding + free).all()


@every_input
def test_what_is_under_void_changes_no_bit(make, given):
    """Not the value and no gradient, with NaN there."""
    poisoned = given.logits.masked_fill((given.target == IGNORE).unsqueeze(1), float("nan"))
    value, gradient = value_and_gradient(make(), poisoned, given.target)
    assert torch.equal(given.value, value)
    assert torch.equal(given.gradient, gradient)


@every_input
def test_no_void_is_no_ignore_index(make, given):
    """The same bits, whatever the index would be."""
    known = given.target.masked_fill(given.target == IGNORE, 0)
    one = make()(given.logits, known)
    assert torch.equal(one, make(ignore_index=None)(given.logits, known))


@every_input
def test_the_order_of_pixels_and_images_does_not_matter(make, given):
    """Up to rounding of the sums."""
    turned = make()(given.logits.flip(0, 2, 3), given.target.flip(0, 1, 2))
    close(given.value, turned, **ALIKE)


@on_backends()
def test_the_order_of_classes_does_not_matter(case, backend):
    """Channels and indices are reversed together; one channel and a background stay in place."""
    order = case.renumbered(reversed(range(case.channels)))
    of_indices = torch.tensor(order if case.channels > 1 else [0, 1]).argsort()
    for kind, given in inputs(case, backend):
        void = given.target == IGNORE
        renumbered = of_indices[given.target.long().masked_fill(void, 0)].masked_fill(void, IGNORE)
        with named(kind):
            other = made(case, backend)(given.logits[:, order], renumbered)
            close(given.value, other, **ALIKE)


@every_input
def test_memory_layout_and_index_dtype_do_not_matter(make, given):
    """Neither of the logits nor of the target."""
    last = given.logits.contiguous(memory_format=torch.channels_last)
    close(given.value, make()(last, given.target.long().mT.contiguous().mT), **ALIKE)


@every_input
def test_weight_one_is_no_weight_and_weight_zero_is_void(make, given):
    """With a map of weights, and a mask."""
    loss, (logits, target) = make(), given[:2]
    close(loss(logits, target, weight=torch.ones(target.shape)), given.value, **ALIKE)
    known = target.masked_fill(target == IGNORE, 0)
    close(loss(logits, known, weight=target != IGNORE), given.value, **ALIKE)


@every_input
def test_a_repeated_batch_has_the_same_loss(make, given):
    """A mean, over pixels and over images."""
    twice = make()(torch.cat([given.logits] * 2), torch.cat([given.target] * 2))
    close(twice, given.value, **ALIKE)


@on_backends()
def test_inputs_stay_as_they_are(case, backend):
    """No pass writes to what it is given: it is what it was when it was drawn."""
    drawn = batches.__wrapped__(case)
    for (kind, given), (_, logits, target) in zip(inputs(case, backend), drawn, strict=True):
        with named(kind):
            assert torch.equal(logits, given.logits)
            assert torch.equal(target, given.target)
