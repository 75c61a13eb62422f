"""Laws of the losses of one kind, chosen by columns of LOSSES: does the place of a pixel matter,
are pixels sorted."""

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

anywhere = on_backends(lambda case: case.row.axes is None)
among_neighbours = on_backends(lambda case: case.row.axes is not None)


@anywhere
def test_ignoring_pixels_is_deleting_them(case, backend):
    """A row of ignored pixels has the effect of a row that is not there."""
    logits, target = draw(case)
    target[:, 2] = IGNORE
    kept = [i for i in range(target.shape[1]) if i != 2]
    value, gradient = value_and_gradient(made(case, backend), logits, target)
    less, shorter = value_and_gradient(made(case, backend), logits[:, :, kept], target[:, kept])
    close(value, less)
    close(gradient[:, :, kept], shorter)


@anywhere
def test_any_number_of_spatial_axes(case, backend):
    """0 to 4 spatial axes give what the flattened pixels give."""
    for shape in [(2, 11), (2, 3, 4, 5), (2, 3, 1, 4, 2), (3, 1, 1), (1,)]:
        logits, target = draw(case, shape=shape)
        flat = logits.reshape(shape[0], case.channels, -1), target.reshape(shape[0], -1)
        with named(shape):
            value, gradient = value_and_gradient(made(case, backend), logits, target)
            expected, slope = value_and_gradient(made(case, backend), *flat)
            close(value, expected)
            close(gradient.reshape(slope.shape), slope)


@among_neighbours
def test_a_border_of_void_is_the_edge_of_the_image(case, backend):
    """What lies beyond void cannot be seen."""
    logits, target = draw(case)
    value, gradient = drawn_pass(case, backend)
    framed = torch.nn.functional.pad(logits, (3, 2, 1, 4), value=7.0)
    wider = torch.nn.functional.pad(target, (3, 2, 1, 4), value=IGNORE)
    expected, slope = value_and_gradient(made(case, backend), framed, wider)
    close(value, expected)
    close(gradient, slope[:, :, 1:-4, 3:-2])


@among_neighbours
def test_space_can_be_turned(case, backend):
    """Exchanging rows and columns exchanges those of the gradient."""
    logits, target = draw(case)
    value, gradient = drawn_pass(case, backend)
    turned, slope = value_and_gradient(made(case, backend), logits.mT, target.mT)
    close(value, turned)
    close(gradient.mT, slope)


@among_neighbours
def test_a_flat_volume_is_an_image(case, backend):
    """One slice in three dimensions has the loss of that slice in two."""
    logits, target = draw(case)
    value, gradient = drawn_pass(case, backend)
    volume, slope = value_and_gradient(
        made(case, backend), logits.unsqueeze(2), target.unsqueeze(1)
    )
    close(value, volume)
    close(gradient, slope.squeeze(2))


@among_neighbours
def test_an_image_without_a_meaning_is_refused(case, backend):
    """Four spatial axes, or none, have no neighbours that are defined."""
    for shape in [(2,), (1, 2, 2, 2, 2)]:
        logits, target = draw(case, shape=shape)
        with pytest.raises(ValueError, match=r"logits must be \(N, C, \*S\) with .* spatial axes"):
            made(case, backend)(logits, target)
