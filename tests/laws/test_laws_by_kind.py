"""Laws of the losses of one kind, chosen by columns of LOSSES: does the place of a pixel matter,
are pixels sorted."""

import pytest
import torch

from laws.loss_cases import CASES, IGNORE, close, draw, each, on_backends, value_and_gradient

anywhere = on_backends(lambda case: case.row.axes is None)
among_neighbours = each([case for case in CASES if case.row.axes])
smooth = on_backends(lambda case: not case.row.ranks_pixels)


@anywhere
def test_ignoring_pixels_is_deleting_them(case, backend):
    """A row of ignored pixels has the effect of a row that is not there."""
    logits, target = draw(case)
    target[:, 2] = IGNORE
    kept = [i for i in range(target.shape[1]) if i != 2]
    value, gradient = value_and_gradient(case.make(backend=backend), logits, target)
    less, shorter = value_and_gradient(
        case.make(backend=backend), logits[:, :, kept], target[:, kept]
    )
    close(value, less)
    close(gradient[:, :, kept], shorter)


@anywhere
@pytest.mark.parametrize("shape", [(2, 11), (2, 3, 4, 5), (2, 3, 1, 4, 2), (3, 1, 1), (1,)])
def test_any_number_of_spatial_axes(case, backend, shape):
    """0 to 4 spatial axes give what the flattened pixels give."""
    logits, target = draw(case, shape=shape)
    value, gradient = value_and_gradient(case.make(backend=backend), logits, target)
    flat = logits.reshape(shape[0], case.channels, -1), target.reshape(shape[0], -1)
    expected, slope = value_and_gradient(case.make(backend=backend), *flat)
    close(value, expected)
    close(gradient.reshape(slope.shape), slope)


@smooth
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_gradient_of_half_logits_is_rounded_once(case, backend, dtype):
    """It is that of the rounded logits in float64."""
    logits, target = draw(case, shape=(1, 300, 300), dtype=torch.float32)
    rounded = logits.to(dtype)
    _, gradient = value_and_gradient(case.make(backend=backend), rounded, target)
    _, slope = value_and_gradient(case.make(backend="torch"), rounded.double(), target)
    # one rounding of the stored gradient, plus float32 where terms of the slope cancel
    step = torch.finfo(dtype).eps * slope.abs() + torch.finfo(dtype).smallest_normal
    step += 1e-6 * slope.abs().max()
    assert ((gradient.double() - slope).abs() <= step).all()


@among_neighbours
def test_a_border_of_void_is_the_edge_of_the_image(case):
    """What lies beyond void cannot be seen."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    framed = torch.nn.functional.pad(logits, (3, 2, 1, 4), value=7.0)
    wider = torch.nn.functional.pad(target, (3, 2, 1, 4), value=IGNORE)
    expected, slope = value_and_gradient(case.make(), framed, wider)
    close(value, expected)
    close(gradient, slope[:, :, 1:-4, 3:-2])


@among_neighbours
def test_space_can_be_turned(case):
    """Exchanging rows and columns exchanges those of the gradient."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    turned, slope = value_and_gradient(case.make(), logits.mT, target.mT)
    close(value, turned)
    close(gradient.mT, slope)


@among_neighbours
def test_a_flat_volume_is_an_image(case):
    """One slice in three dimensions has the loss of that slice in two."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    volume, slope = value_and_gradient(case.make(), logits.unsqueeze(2), target.unsqueeze(1))
    close(value, volume)
    close(gradient, slope.squeeze(2))


@among_neighbours
def test_an_image_without_a_meaning_is_refused(case):
    """Four spatial axes, or none, have no neighbours that are defined."""
    for shape in [(2,), (1, 2, 2, 2, 2)]:
        logits, target = draw(case, shape=shape)
        with pytest.raises(ValueError, match=r"logits must be \(N, C, \*S\) with .* spatial axes"):
            case.make()(logits, target)
