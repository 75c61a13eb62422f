"""The dense GPU kernels against the float64 truth: no worse than plain torch in the same dtype."""

import pytest
import torch

from ops.kernel_cases import DEVICE, IGNORE, check, in_both_widths, make_case, run, upstream_of
from oracles_ops import SUMS
from pixelwise.ops.gpu import stats as kernels
from pixelwise.ops.spec import Spec

TASKS = [f"softmax-{c}" for c in (2, 5, 19, 300)]  # of 300, more than one program handles
TASKS += ["binary", "one-vs-rest-9", "multi-label-9"]
SHAPES = {"0-D": (), "1-D": (37,), "3-D": (3, 2, 4)}


@pytest.mark.parametrize("task", TASKS)
def test_sums_and_gradient_are_no_worse_than_those_of_torch(task):
    """err(kernel, float64 truth) <= err(torch in float32, truth) + tolerance."""
    case = make_case(task, (5, 7))
    grad = upstream_of(case)
    *found, unknown = run(kernels, case, grad)
    check(case, found, grad)
    assert unknown == 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("task", ["softmax-5", "multi-label-9"])
def test_any_number_of_spatial_axes(task, shape):
    """The same law."""
    case = make_case(task, shape)
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad)


@pytest.mark.parametrize("task", ["softmax-19", "binary"])
def test_float64_is_computed_in_float64(task):
    """The same law with torch in float64, to the last digits."""
    case = make_case(task, (5, 9), torch.float64)
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("task", ["softmax-19", "binary"])
def test_half_types_are_read_as_float32_and_rounded_once(task, dtype):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    case = make_case(task, (5, 9), dtype, images=1)
    half, wide = in_both_widths(kernels, case, upstream_of(case))
    torch.testing.assert_close(half[0], wide[0], rtol=1e-6, atol=1e-6)
    rounding = torch.finfo(dtype).eps
    torch.testing.assert_close(half[1].float(), wide[1], rtol=rounding, atol=1e-6)


@pytest.mark.parametrize("task", ["softmax-5", "binary"])
def test_several_blocks_of_an_image_add_up(task):
    """More pixels than the sums of a block are made of."""
    case = make_case(task, (19, 29), images=1)
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad)


@pytest.mark.parametrize(
    ("task", "name"),
    [("softmax-19", s) for s in SUMS[2:8]] + [("one-vs-rest-9", s) for s in SUMS[2:]],
)
def test_every_sum_alone_is_what_it_is_among_all(task, name):
    """A kernel that is made for one sum computes that sum and its gradient."""
    logits, target, weight, spec = make_case(task, (7,))
    case = logits, target, weight, spec._replace(sums=(name,))
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("task", ["softmax-5", "binary"])
def test_focal_with_any_exponent(task, gamma):
    """γ is compiled in, and those of 0, 1 and 2 are not powers."""
    logits, target, _, spec = make_case(task, (11,), gamma=gamma)
    names = tuple(s for s in spec.sums if s.startswith("focal"))
    case = logits, target, None, spec._replace(sums=names)
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad)


@pytest.mark.parametrize("task", ["softmax-5", "multi-label-9"])
def test_unknown_target_values_are_counted_and_enter_no_sum(task):
    """Negative values and those above every class, beside ignored ones, without a second look."""
    logits, target, _, spec = make_case(task, (5, 9))
    target = target.clamp(max=1)
    target[..., 0, :2] = IGNORE
    clean = target.clone()
    target[0, ..., 3, 4], target[1, ..., 4, 8] = -1, 77
    clean[0, ..., 3, 4], clean[1, ..., 4, 8] = IGNORE, IGNORE
    grad = upstream_of((logits, target, None, spec))
    *found, unknown = run(kernels, (logits, target, None, spec), grad)
    *expected, none = run(kernels, (logits, clean, None, spec), grad)
    assert unknown == 2 * (target.dim() == 3) + 18 * (target.dim() == 4)
    assert none == 0
    assert all(torch.equal(a, b) for a, b in zip(found, expected))


@pytest.mark.parametrize("task", ["softmax-5", "softmax-19", "softmax-300", "binary"])
def test_a_scale_is_a_factor_of_the_upstream_gradient(task):
    """backward(g, scale=s) = backward(s g), to the bit."""
    case = make_case(task, (5, 7), images=1)
    batch = tuple(t.to(DEVICE) for t in case[:3])
    grad, scale = upstream_of(case).to(DEVICE), torch.tensor(0.3, device=DEVICE)
    found = kernels.backward(grad, *batch, case[3], scale)
    assert torch.equal(found, kernels.backward(grad * scale, *batch, case[3]))


def test_an_empty_batch_has_no_sums():
    """No image, and images of no pixel."""
    spec = Spec(("prob", "nll"), "softmax", IGNORE)
    for shape in ((0, 3, 4), (2, 3, 0)):
        logits, target = torch.zeros(shape), torch.zeros(shape[0], *shape[2:], dtype=torch.uint8)
        case = logits, target, None, spec
        sums, gradient, unknown = run(kernels, case, upstream_of(case))
        assert sums.shape == (2, *shape[:2])
        assert not sums.any()
        assert gradient.shape == shape
        assert unknown == 0
