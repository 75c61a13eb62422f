"""NaN and infinities: they propagate from valid pixels and never from ignored ones."""

import pytest
import torch

from oracles_ops import SUMS
from pixelwise.ops.cpu import stats as kernels
from pixelwise.ops.spec import Spec

TASKS = {"softmax-2": ("softmax", 2), "softmax-5": ("softmax", 5), "sigmoid": ("sigmoid", 1)}


def make_case(task):
    activation, channels = TASKS[task]
    generator = torch.Generator().manual_seed(11)
    logits = torch.randn(2, channels, 30, 50, generator=generator)
    target = torch.randint(0, max(channels, 2), (2, 30, 50), generator=generator)
    names = tuple(SUMS[:8]) if activation == "softmax" else tuple(SUMS)
    return logits, target, Spec(names, activation, 9, 2.0)


def gradient_of(logits, target, weight, spec, upstream=1.0):
    shape = len(spec.sums), *logits.shape[:2]
    grad = torch.full(shape, upstream, dtype=torch.float64)
    return kernels.backward(grad, logits, target, weight, spec)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e30])
@pytest.mark.parametrize("task", TASKS)
def test_what_an_ignored_pixel_holds_is_irrelevant(task, value):
    """Sums and gradients are the same bits, and the gradient there is exactly 0."""
    logits, target, spec = make_case(task)
    target[:, 3:9, ::4] = 9
    void = (target == 9).unsqueeze(1)
    dirty = torch.where(void, value, logits)
    sums, _ = kernels.forward(dirty, target, None, spec)
    gradient = gradient_of(dirty, target, None, spec)
    assert torch.equal(sums, kernels.forward(logits, target, None, spec)[0])
    assert torch.equal(gradient, gradient_of(logits, target, None, spec))
    assert not gradient[void.expand_as(gradient)].any()


@pytest.mark.parametrize("task", TASKS)
def test_weight_zero_is_ignoring(task):
    """A pixel of weight 0 and NaN logits changes nothing and has gradient exactly 0."""
    logits, target, spec = make_case(task)
    weight = torch.ones(2, 30, 50)
    weight[:, 3:9, ::4] = 0
    void = weight == 0
    dirty = torch.where(void.unsqueeze(1), torch.nan, logits)
    ignored = target.masked_fill(void, 9)
    sums, _ = kernels.forward(dirty, target, weight, spec)
    gradient = gradient_of(dirty, target, weight, spec)
    assert torch.equal(sums, kernels.forward(logits, ignored, None, spec)[0])
    assert torch.equal(gradient, gradient_of(logits, ignored, None, spec))


@pytest.mark.parametrize("upstream", [torch.nan, torch.inf])
@pytest.mark.parametrize("task", TASKS)
def test_ignored_pixels_have_gradient_zero_even_if_all_others_are_nan(task, upstream):
    """A loss that is NaN poisons the valid pixels, not the ignored ones."""
    logits, target, spec = make_case(task)
    target[:, 3:9, ::4] = 9
    void = (target == 9).unsqueeze(1).expand_as(logits)
    gradient = gradient_of(logits, target, None, spec, upstream)
    assert not gradient[void].any()
    assert gradient[~void].isnan().any()


@pytest.mark.parametrize("task", TASKS)
def test_nan_at_a_valid_pixel_reaches_its_image_and_no_other(task):
    """One NaN logit: the sums of that image are NaN, those of the other image are untouched."""
    logits, target, spec = make_case(task)
    dirty = logits.clone()
    dirty[0, 0, 5, 5] = torch.nan
    spec = spec._replace(sums=("prob", "prob2", "nll_all"))
    sums, _ = kernels.forward(dirty, target, None, spec)
    clean, _ = kernels.forward(logits, target, None, spec)
    assert sums[:, 0].isnan().all()
    assert torch.equal(sums[:, 1], clean[:, 1])
    gradient = gradient_of(dirty, target, None, spec)
    assert gradient[0, :, 5, 5].isnan().all()
    assert gradient.isnan().sum() == logits.shape[1]


@pytest.mark.parametrize("task", ["softmax-2", "softmax-5"])
def test_a_pixel_whose_logits_are_all_minus_infinity_is_nan(task):
    """0 / 0: there is no probability to speak of."""
    logits, target, spec = make_case(task)
    logits[0, :, 5, 5] = -torch.inf
    sums, _ = kernels.forward(logits, target, None, spec._replace(sums=("prob",)))
    assert sums[0, 0].isnan().all()


@pytest.mark.parametrize("task", ["softmax-2", "softmax-5"])
def test_one_masked_class_that_is_not_the_target_is_harmless(task):
    """x_c = -inf, y != c: p_c = 0, everything but nll_all[c] finite, and that is infinite."""
    logits, target, spec = make_case(task)
    logits[:, 0] = -torch.inf
    target = target.clamp(min=1)
    sums, _ = kernels.forward(logits, target, None, spec)
    smooth = spec.sums.index("nll_all")
    rest = torch.cat([sums[:smooth], sums[smooth + 1 :]])
    assert rest.isfinite().all()
    assert (sums[smooth, :, 0] == torch.inf).all()
    assert not sums[spec.sums.index("prob"), :, 0].any()
    gradient = gradient_of(logits, target, None, spec._replace(sums=("prob", "inter", "nll")))
    assert gradient.isfinite().all()
    assert not gradient[:, 0].any()


@pytest.mark.parametrize("task", ["softmax-2", "softmax-5"])
def test_a_target_at_minus_infinity_costs_infinitely_much(task):
    """x_y = -inf: nll = inf, as in torch."""
    logits, target, spec = make_case(task)
    logits[0, 1, 5, 5] = -torch.inf
    target[0, 5, 5] = 1
    sums, _ = kernels.forward(logits, target, None, spec._replace(sums=("nll",)))
    assert sums[0, 0, 1] == torch.inf
    assert sums[0, 1].isfinite().all()


def test_infinite_logits_on_the_right_side_of_a_sigmoid_cost_nothing():
    """+inf where y = 1 and -inf where y = 0: every sum and gradient is finite, losses are 0."""
    target = torch.tensor([[1, 0, 1, 0]])
    logits = torch.where(target == 1, torch.inf, -torch.inf).view(1, 1, 4)
    spec = Spec(("inter", "nll", "focal", "nll_neg", "focal_neg"), "sigmoid", None, 2.0)
    sums, _ = kernels.forward(logits, target, None, spec)
    assert sums.flatten().tolist() == [2, 0, 0, 0, 0]
    assert not gradient_of(logits, target, None, spec).any()


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("task", TASKS)
def test_saturated_pixels_have_a_finite_focal_gradient(task, gamma):
    """p_y = 1 exactly, where (1-p)^(γ-1) has an infinite slope for γ < 1, and p_y = 0."""
    logits, target, spec = make_case(task)
    logits *= 1e4
    names = [s for s in spec.sums if s.startswith("focal")]
    spec = spec._replace(sums=tuple(names), gamma=gamma)
    assert gradient_of(logits, target, None, spec).isfinite().all()
    assert kernels.forward(logits, target, None, spec)[0].isfinite().all()
