"""Laws of the losses of one kind, chosen by columns of LOSSES: does the place of a pixel matter,
are pixels sorted."""

import pytest
import torch

from laws.loss_cases import CASES, IGNORE, ON_BACKENDS, close, draw, value_and_gradient


def those(pairs):
    return pytest.mark.parametrize(("case", "backend"), pairs, ids=str)


anywhere = those([(case, backend) for case, backend in ON_BACKENDS if case.row.axes is None])
among_neighbours = pytest.mark.parametrize("case", [c for c in CASES if c.row.axes], ids=str)
smooth = those([(case, backend) for case, backend in ON_BACKENDS if not case.row.ranks_pixels])


@anywhere
def test_ignoring_pixels_is_deleting_them(case, backend):
    """A2: a row of ignored pixels has the effect of a row that is not there."""
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
@pytest.mark.parametrize("shape", [(2, 11), (2, 3, 4, 5), (3, 1, 1), (1,)])
def test_any_number_of_spatial_axes(case, backend, shape):
    """X14: 0 to 3 spatial axes give what the flattened pixels give."""
    logits, target = draw(case, shape=shape)
    value, gradient = value_and_gradient(case.make(backend=backend), logits, target)
    flat = logits.reshape(shape[0], case.channels, -1), target.reshape(shape[0], -1)
    expected, slope = value_and_gradient(case.make(backend=backend), *flat)
    close(value, expected)
    close(gradient.reshape(slope.shape), slope)


@smooth
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_gradient_of_half_logits_is_rounded_once(case, backend, dtype):
    """A14: it is that of the rounded logits in float64."""
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
    """A2 for losses that look at neighbours: what lies beyond void cannot be seen."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    framed = torch.nn.functional.pad(logits, (3, 2, 1, 4), value=7.0)
    wider = torch.nn.functional.pad(target, (3, 2, 1, 4), value=IGNORE)
    expected, slope = value_and_gradient(case.make(), framed, wider)
    close(value, expected)
    close(gradient, slope[:, :, 1:-4, 3:-2])


@among_neighbours
def test_space_can_be_turned(case):
    """A8: exchanging rows and columns exchanges those of the gradient."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    turned, slope = value_and_gradient(case.make(), logits.mT, target.mT)
    close(value, turned)
    close(gradient.mT, slope)


@among_neighbours
def test_a_flat_volume_is_an_image(case):
    """X14: one slice in three dimensions has the loss of that slice in two."""
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    volume, slope = value_and_gradient(case.make(), logits.unsqueeze(2), target.unsqueeze(1))
    close(value, volume)
    close(gradient, slope.squeeze(2))


@among_neighbours
def test_an_image_without_a_meaning_is_refused(case):
    """X14: four spatial axes, or none, have no neighbours that are defined."""
    for shape in [(2,), (1, 2, 2, 2, 2)]:
        logits, target = draw(case, shape=shape)
        with pytest.raises(ValueError, match=r"logits must be \(N, C, \*S\) with .* spatial axes"):
            case.make()(logits, target)
