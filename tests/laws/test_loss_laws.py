"""Laws that every loss obeys, run over the table LOSSES and every backend.

Laws of the losses of one kind, chosen by a column of the table, are in test_laws_by_kind.py.
"""

import functools

import pytest
import torch

from laws.loss_cases import (
    IGNORE,
    close,
    draw,
    drawn_pass,
    made,
    named,
    on_backends,
    value_and_gradient,
)
from pixelwise.losses.table import LOSSES, criterion

every_loss = on_backends()


@every_loss
def test_an_ignore_index_that_does_not_occur_changes_no_bit(case, backend):
    """With no ignored pixel the result is that of ignore_index=None."""
    logits, target = draw(case, void=0)
    one = value_and_gradient(made(case, backend), logits, target)
    other = value_and_gradient(made(case, backend, ignore_index=None), logits, target)
    assert one[0] == other[0]
    assert torch.equal(one[1], other[1])


@every_loss
def test_what_lies_under_ignored_pixels_does_not_matter(case, backend):
    """Not the value, not the gradient elsewhere, and the gradient there is exactly 0."""
    logits, target = draw(case)
    ignored = (target == IGNORE).unsqueeze(1)
    clean = drawn_pass(case, backend)
    criterion = made(case, backend)
    for poison in (float("nan"), float("inf"), -float("inf"), 1e30):
        with named(poison):
            dirty = value_and_gradient(criterion, logits.masked_fill(ignored, poison), target)
            assert clean[0] == dirty[0]
            assert torch.equal(clean[1], dirty[1])
            assert (dirty[1].masked_select(ignored) == 0).all()


@every_loss
def test_which_number_means_void_does_not_matter(case, backend):
    """Relabelling void changes nothing."""
    logits, target = draw(case)
    one = drawn_pass(case, backend)
    for ignore in (-1, -100, 30, 254):
        renamed = target.long().masked_fill(target == IGNORE, ignore)
        with named(ignore):
            criterion = made(case, backend, ignore_index=ignore)
            other = value_and_gradient(criterion, logits, renamed)
            assert one[0] == other[0]
            assert torch.equal(one[1], other[1])


@every_loss
def test_several_void_values_are_one(case, backend):
    """A list of ignored values equals one value for all of them."""
    logits, target = draw(case)
    mixed = target.long()
    mixed[0][target[0] == IGNORE] = -7
    several = made(case, backend, ignore_index=(-7, IGNORE))
    close(several(logits, mixed), drawn_pass(case, backend)[0])


@on_backends(lambda case: case.channels > 1)  # one has no second class to swap with
def test_classes_can_be_renumbered(case, backend):
    """Permuting channels and target indices alike changes nothing."""
    logits, target = draw(case)
    drawn = torch.randperm(case.channels, generator=torch.Generator().manual_seed(3))
    order = torch.tensor(case.renumbered(drawn.tolist()))
    inverse = torch.cat([order.argsort(), torch.tensor([IGNORE])])
    renumbered = inverse[target.long().masked_fill(target == IGNORE, case.channels)]
    one = drawn_pass(case, backend)
    other = value_and_gradient(made(case, backend), logits[:, order], renumbered)
    close(one[0], other[0])
    close(one[1][:, order], other[1])


@every_loss
def test_pixels_and_images_can_be_reordered(case, backend):
    """Flipping space and batch permutes the gradient and keeps the value."""
    logits, target = draw(case)
    one = drawn_pass(case, backend)
    other = value_and_gradient(made(case, backend), logits.flip(0, 2, 3), target.flip(0, 1, 2))
    close(one[0], other[0])
    close(one[1].flip(0, 2, 3), other[1])


@every_loss
def test_twice_the_same_is_bitwise_the_same(case, backend):
    """The pass is deterministic."""
    logits, target = draw(case, dtype=torch.float32, shape=(2, 33, 70))
    one = value_and_gradient(made(case, backend), logits, target)
    other = value_and_gradient(made(case, backend), logits, target)
    assert one[0] == other[0]
    assert torch.equal(one[1], other[1])


def layouts(logits):
    wide = torch.zeros(*logits.shape[:-1], 2 * logits.shape[-1], dtype=logits.dtype)
    wide[..., ::2] = logits
    return {
        "channels_last": logits.contiguous(memory_format=torch.channels_last),
        "sliced": wide[..., ::2],
        "transposed": logits.transpose(2, 3).contiguous().transpose(2, 3),
    }


@every_loss
def test_the_layout_of_memory_does_not_matter(case, backend):
    """Any strides give the result of the contiguous tensor."""
    logits, target = draw(case)
    one = drawn_pass(case, backend)
    turned = target.transpose(1, 2).contiguous().transpose(1, 2)
    for layout, strided in layouts(logits).items():
        with named(layout):
            x = strided.detach().requires_grad_()
            value = made(case, backend)(x, turned)
            (gradient,) = torch.autograd.grad(value, x)
            close(one[0], value.detach())
            close(one[1], gradient.contiguous())


@every_loss
def test_every_integer_dtype_of_the_target_counts_alike(case, backend):
    """The value does not depend on how the class index is stored."""
    logits, target = draw(case)
    one = drawn_pass(case, backend)
    criterion = made(case, backend, ignore_index=100)
    for dtype in (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16):
        stored = target.long().masked_fill(target == IGNORE, 100).to(dtype)
        with named(dtype):
            other = value_and_gradient(criterion, logits, stored)
            assert one[0] == other[0]
            assert torch.equal(one[1], other[1])


@every_loss
def test_equal_images_give_the_loss_of_one(case, backend):
    """A batch that repeats one image has the loss of that image."""
    logits, target = draw(case, shape=(1, 7, 5))
    one = made(case, backend)(logits, target)
    close(made(case, backend)(logits.repeat(3, 1, 1, 1), target.repeat(3, 1, 1)), one)


@functools.lru_cache(maxsize=2)  # both dtypes of a case, for its backends one after the other
def of_rounded(case, dtype):
    """Rounded logits of more valid pixels than fp16 holds, target, and their truth in float64."""
    logits, target = draw(case, shape=(1, 265, 265), void=0.05, dtype=torch.float32)
    rounded = logits.to(dtype)
    return rounded, target, value_and_gradient(made(case, "torch"), rounded.double(), target)


@every_loss
def test_half_logits_lose_only_their_own_rounding(case, backend):
    """Value and gradient are those of the rounded logits in float64; the latter is rounded once."""
    for dtype in (torch.float16, torch.bfloat16):
        rounded, target, (truth, slope) = of_rounded(case, dtype)
        with named(dtype):
            value, gradient = value_and_gradient(made(case, backend), rounded, target)
            assert value.dtype == torch.float32
            assert gradient.dtype == dtype
            close(value.double(), truth, rtol=2e-6, atol=1e-7)
            if case.row.ranks_pixels:  # the slope is free where pixels are equally wrong
                continue
            # one rounding of the stored gradient, plus float32 where terms of the slope cancel
            step = torch.finfo(dtype).eps * slope.abs() + torch.finfo(dtype).smallest_normal
            step += 1e-6 * slope.abs().max()
            assert ((gradient.double() - slope).abs() <= step).all()


@every_loss
def test_inputs_are_not_modified(case, backend):
    """Neither logits nor target are written to."""
    logits, target = draw(case)
    logits.requires_grad_()
    before, truth = logits.detach().clone(), target.clone()
    versions = logits._version, target._version
    made(case, backend)(logits, target).backward()
    assert (logits._version, target._version) == versions
    assert torch.equal(before, logits.detach())
    assert torch.equal(truth, target)


@every_loss
def test_nothing_valid_is_zero_with_zero_gradient(case, backend):
    """A batch whose pixels are all ignored teaches nothing and breaks nothing."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(
        made(case, backend), logits, torch.full_like(target, IGNORE)
    )
    assert value == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


@every_loss
def test_no_pixels_at_all_are_zero(case, backend):
    """An empty batch or an empty image has loss 0."""
    for shape in [(0, 4, 4), (2, 0, 4), (2, 4, 0)]:
        with named(shape):
            logits = torch.zeros(shape[0], case.channels, *shape[1:], requires_grad=True)
            value = made(case, backend)(logits, torch.zeros(shape, dtype=torch.uint8))
            value.backward()
            assert value == 0
            assert logits.grad.shape == logits.shape


@every_loss
def test_an_image_without_valid_pixels_contributes_nothing(case, backend):
    """Not 0, not 1: the batch has the loss of the other images."""
    logits, target = draw(case)
    target[1] = IGNORE
    close(
        made(case, backend)(logits, target),
        made(case, backend)(logits[:1], target[:1]),
    )


@every_loss
def test_the_gradient_is_the_slope_of_the_value(case, backend):
    """First and second derivatives in float64, with void and an absent class.

    Along one direction through all logits, so to more digits than each of them would need.
    """
    logits, target = draw(case, shape=(2, 3, 2))
    logits.requires_grad_()
    loss = made(case, backend)
    digits = {"fast_mode": True, "rtol": 1e-6, "atol": 1e-8}
    assert torch.autograd.gradcheck(lambda x: loss(x, target), logits, **digits)
    assert torch.autograd.gradgradcheck(lambda x: loss(x, target), logits, **digits)


@every_loss
def test_a_better_prediction_costs_less(case, backend):
    """The loss falls as the target's logit rises, and a certain right answer is the minimum."""
    _, target = draw(case)
    valid = (target != IGNORE).unsqueeze(1)
    index = target.long().unsqueeze(1).masked_fill(~valid, 0)
    signs = 2.0 * (index == torch.arange(case.channels).view(1, -1, 1, 1)) - 1
    right = signs if case.channels > 1 else 2.0 * index - 1
    losses = [float(made(case, backend)(s * right, target)) for s in (-2, 0, 2, 40)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0, abs=1e-6)


@every_loss
def test_a_pixel_of_weight_two_counts_twice(case, backend):
    """A weight map of 2 on one image of two equals that image repeated; weight 0 ignores."""
    logits, target = draw(case)
    weight = torch.ones(target.shape)
    weight[0] = 2
    repeated = made(case, backend)(logits[[0, 0, 1]], target[[0, 0, 1]])
    close(made(case, backend)(logits, target, weight=weight), repeated)
    weight[0], weight[1] = 0, 1
    poisoned = logits.clone()
    poisoned[0] = float("nan")
    value, gradient = value_and_gradient(made(case, backend), poisoned, target, weight=weight)
    close(value, made(case, backend)(logits[1:], target[1:]))
    assert (gradient[0] == 0).all()


@every_loss
def test_a_pixel_of_weight_zero_is_void(case, backend):
    """Also where it is the last of its class, which is absent then."""
    logits, target = draw(case)
    hidden = (target == 0) | (torch.arange(target.shape[2]) == 2)
    weighed = made(case, backend), logits, target
    ignored = made(case, backend), logits, target.masked_fill(hidden, IGNORE)
    value, gradient = value_and_gradient(*weighed, weight=~hidden)
    expected, slope = value_and_gradient(*ignored)
    close(value, expected)
    close(gradient, slope)


@every_loss
def test_an_unknown_index_is_an_error_that_names_it(case, backend):
    """The value, how many pixels, and the first place."""
    logits, target = draw(case)
    target = target.long()
    target[1, 3, 2] = 77
    target[1, 3, 4] = 77
    target[0, 0, 1] = -3
    with pytest.raises(
        ValueError,
        match=r"77 \(2 pixels, first at n=1 y=3 x=2\), -3 \(1 pixel, first at n=0 y=0 x=1",
    ):
        made(case, backend)(logits, target)


@every_loss
def test_a_sum_of_losses_is_one_pass_with_the_sum_of_values(case, backend):
    """a + 0.5·b equals the two alone, in value and gradient."""
    logits, target = draw(case)
    name = "bce" if case.activation == "sigmoid" else "ce"
    pixel = LOSSES[name].make(backend=backend)
    both = 0.5 * made(case, backend) + pixel
    alone = drawn_pass(case, backend)
    other = value_and_gradient(pixel, logits, target)
    value, gradient = value_and_gradient(both, logits, target)
    close(value, 0.5 * alone[0] + other[0])
    close(gradient, 0.5 * alone[1] + other[1])


@every_loss
def test_text_makes_the_same_criterion(case, backend):
    """criterion("name") equals the class; sigmoid follows from one channel or a bce term."""
    logits, target = draw(case)
    channels = 1 if case.activation == "sigmoid" and case.channels == 1 else None
    names = {"sigmoid": f"0.0*bce + {case.name}", "softmax": case.name}
    made = criterion(names[case.activation], num_classes=channels, backend=backend)
    close(made(logits, target), drawn_pass(case, backend)[0])
