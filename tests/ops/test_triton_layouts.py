"""What memory layout, dtype of the target and values that are not numbers mean to GPU kernels."""

import pytest
import torch

from ops.kernel_cases import DEVICE, channels_last, make_case, run, sliced, upstream_of
from pixelwise.errors import BackendError
from pixelwise.ops.gpu import stats as _stats_triton
from pixelwise.ops.gpu import upsampled as _upsampled_triton
from pixelwise.ops.spec import Spec

PASSES = {
    "dense": (_stats_triton, (4, 6)),
    "upsampled": (_upsampled_triton, (2, 3)),
}
SOFTMAX = Spec(("valid", "target", "prob", "inter", "prob2", "nll", "nll_all"), "softmax", 9)


def make_inputs(low, channels=5, images=1):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(images, channels, *low, generator=generator)
    target = torch.randint(0, 5, (images, 4, 6), generator=generator)
    target[target == 4] = 9
    return logits, target, torch.rand(images, 4, 6, generator=generator) + 0.1


@pytest.mark.parametrize("layout", [sliced, channels_last])
@pytest.mark.parametrize("where", PASSES)
def test_any_strides_give_the_same_numbers(where, layout):
    """f(view) = f(contiguous copy), and the gradient has the strides of empty_like(view)."""
    module, low = PASSES[where]
    inputs = make_inputs(low)
    views = [layout(t.to(DEVICE)) for t in inputs]
    kept = [v.clone() for v in views]
    grad = upstream_of((*inputs, SOFTMAX))
    expected = run(module, (*inputs, SOFTMAX), grad)
    found = run(module, (*views, SOFTMAX), grad)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-6, atol=1e-6)
    assert found[1].stride() == torch.empty_like(views[0]).stride()
    assert all(torch.equal(v, k) for v, k in zip(views, kept)), "inputs are never written"


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.int64], ids=str)
def test_any_integer_target_gives_the_same_bits(dtype):
    """f(target as int16) = f(target as dtype)."""
    logits, target, weight = make_inputs((4, 6))
    grad = upstream_of((logits, target, weight, SOFTMAX))
    short = run(_stats_triton, (logits, target.short(), weight, SOFTMAX), grad)
    other = run(_stats_triton, (logits, target.to(dtype), weight, SOFTMAX), grad)
    assert all(torch.equal(a, b) for a, b in zip(short[:2], other[:2]))


def test_a_bool_target_is_zeros_and_ones():
    """True is class 1, False class 0, whatever is ignored in wider dtypes."""
    logits, target, weight = make_inputs((4, 6), channels=1)
    spec = Spec(("inter", "nll", "nll_neg"), "sigmoid", None)
    grad = upstream_of((logits, target, weight, spec))
    flags = run(_stats_triton, (logits, target > 1, weight, spec), grad)
    numbers = run(_stats_triton, (logits, (target > 1).long(), weight, spec), grad)
    assert all(torch.equal(a, b) for a, b in zip(flags[:2], numbers[:2]))


@pytest.mark.parametrize("ignore", [-1, 255, 256, 2**40, None])
def test_an_ignore_index_beyond_the_dtype_matches_nothing(ignore):
    """uint8 holds 255 but not -1, 256 or 2^40, which must not wrap around into it."""
    logits, target, _ = make_inputs((4, 6))
    target = target.clamp(max=2).to(torch.uint8)
    target[0, 1, 2] = 255
    case = logits, target, None, Spec(("prob",), "softmax", ignore)
    assert run(_stats_triton, case, upstream_of(case))[2] == (ignore != 255)


def test_four_axes_that_do_not_merge_are_refused_in_a_sentence():
    """A kernel steps through three spatial axes; those of a contiguous tensor are one."""
    logits = torch.randn(1, 3, 4, 4, 4, 4).to(DEVICE)
    target = torch.zeros(1, 4, 4, 4, 4, dtype=torch.uint8).to(DEVICE)
    case = logits, target, None, SOFTMAX
    assert run(_stats_triton, case, upstream_of(case))[2] == 0
    case = logits[..., ::2, ::2, ::2, ::2], target[..., ::2, ::2, ::2, ::2], None, SOFTMAX
    with pytest.raises(BackendError, match=r'at most 3 spatial axes .* Use backend="torch"'):
        run(_stats_triton, case, upstream_of(case))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("task", ["softmax-5", "binary"])
def test_what_an_ignored_pixel_holds_is_irrelevant(task, value):
    """Sums and gradients are the same bits, and the gradient there is exactly 0."""
    logits, target, weight, spec = make_case(task, (7, 5), images=1)
    void = ((target == spec.ignore_index) | (weight == 0)).unsqueeze(1).expand_as(logits)
    dirty = torch.where(void, value, logits)
    grad = upstream_of((logits, target, weight, spec))
    found = run(_stats_triton, (dirty, target, weight, spec), grad)
    expected = run(_stats_triton, (logits, target, weight, spec), grad)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])
    assert void.any()
    assert not found[1][void].any()


@pytest.mark.parametrize("task", ["softmax-5", "softmax-19", "binary"])
def test_nan_at_a_valid_pixel_reaches_its_image_and_no_other(task):
    """One NaN logit: every sum and gradient that depends on it is NaN, nothing else."""
    logits, target, _, spec = make_case(task, (5, 5))
    target[0, 2, 3] = 0
    dirty = logits.clone()
    dirty[0, 0, 2, 3] = torch.nan
    spec = spec._replace(sums=("prob", "prob2", "nll_all"))
    grad = upstream_of((logits, target, None, spec))
    sums, gradient, _ = run(_stats_triton, (dirty, target, None, spec), grad)
    clean, _, _ = run(_stats_triton, (logits, target, None, spec), grad)
    assert sums[:, 0].isnan().all()
    assert torch.equal(sums[:, 1], clean[:, 1])
    assert gradient[0, :, 2, 3].isnan().all()
    assert gradient.isnan().sum() == logits.shape[1]


def test_a_masked_class_is_harmless_unless_it_is_the_target():
    """x_c = -inf: p_c = 0 and finite sums; where c is the target, nll = inf as in torch."""
    logits, target, _, spec = make_case("softmax-19", (5, 5), images=1)
    logits[:, 0] = -torch.inf
    target = target.clamp(min=1)
    case = logits, target, None, spec._replace(sums=("prob", "inter", "nll"))
    grad = upstream_of(case)
    sums, gradient, _ = run(_stats_triton, case, grad)
    assert sums.isfinite().all()
    assert gradient.isfinite().all()
    assert not gradient[:, 0].any()
    target[0, 2, 3] = 0
    sums, _, _ = run(_stats_triton, case, grad)
    assert sums[2, 0, 0] == torch.inf
    assert sums[2, 0, 1:].isfinite().all()


def test_infinite_logits_on_the_right_side_of_a_sigmoid_cost_nothing():
    """+inf where y = 1 and -inf where y = 0: every sum and gradient is finite, losses are 0."""
    target = torch.tensor([[1, 0, 1, 0]])
    logits = torch.where(target == 1, torch.inf, -torch.inf).view(1, 1, 4)
    spec = Spec(("inter", "nll", "focal", "nll_neg", "focal_neg"), "sigmoid", None, 2.0)
    case = logits, target, None, spec
    sums, gradient, _ = run(_stats_triton, case, upstream_of(case))
    assert sums.flatten().tolist() == [2, 0, 0, 0, 0]
    assert not gradient.any()


@pytest.mark.parametrize("gamma", [0.3, 2.0])
@pytest.mark.parametrize("task", ["softmax-19", "binary"])
def test_saturated_pixels_have_a_finite_focal_gradient(task, gamma):
    """p_y = 1 exactly, where (1-p)^(γ-1) has an infinite slope for γ < 1, and p_y = 0."""
    logits, target, _, spec = make_case(task, (5, 5), images=1, gamma=gamma)
    names = tuple(s for s in spec.sums if s.startswith("focal"))
    case = 1e4 * logits, target, None, spec._replace(sums=names)
    sums, gradient, _ = run(_stats_triton, case, upstream_of(case))
    assert sums.isfinite().all()
    assert gradient.isfinite().all()
