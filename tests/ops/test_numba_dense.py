"""The dense CPU kernels against the float64 truth: no worse than plain torch in the same dtype."""

import pytest
import torch

from oracles_ops import SUMS, sums_and_gradient
from pixelwise.ops.cpu import stats as kernels
from pixelwise.ops.spec import Spec

SOFTMAX_SUMS = tuple(SUMS[:8])
IGNORE = 255
# (activation, channels of the logits, whether the target has them too)
TASKS = {
    "softmax-1": ("softmax", 1, False),
    "softmax-2": ("softmax", 2, False),
    "softmax-3": ("softmax", 3, False),
    "softmax-19": ("softmax", 19, False),
    "softmax-150": ("softmax", 150, False),
    "softmax-1000": ("softmax", 1000, False),
    "binary": ("sigmoid", 1, False),
    "one-vs-rest": ("sigmoid", 3, False),
    "multi-label": ("sigmoid", 3, True),
}
SHAPES = {"0-D": (), "1-D": (37,), "2-D": (23, 29), "blocks": (51, 43), "3-D": (3, 7, 11)}
DTYPES = [torch.float32, torch.float64]


def make_case(task, shape, dtype, seed=0):
    """Logits, target, weight: a tenth of the pixels ignored, a tenth of weight 0."""
    activation, channels, by_channel = TASKS[task]
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(2, channels, *shape, generator=generator) * 3).to(dtype)
    kinds = 2 if by_channel or task == "binary" else channels
    sizes = (2, channels, *shape) if by_channel else (2, *shape)
    target = torch.randint(0, kinds, sizes, generator=generator)
    target[torch.rand(sizes, generator=generator) < 0.1] = IGNORE + 1000
    weight = torch.rand(2, *shape, generator=generator) + 0.5
    weight[torch.rand(2, *shape, generator=generator) < 0.1] = 0
    sums = SOFTMAX_SUMS if activation == "softmax" else tuple(SUMS)
    return logits, target, weight, Spec(sums, activation, IGNORE + 1000, 2.0)


def upstream_of(spec, logits):
    generator = torch.Generator().manual_seed(1)
    shape = len(spec.sums), *logits.shape[:2]
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def compare(case, found_sums, found_gradient, grad, dtype):
    """Both errors, ours at most plain torch's in `dtype` plus what rounding a logit costs."""
    logits, target, weight, spec = case
    options = target, weight, spec.activation, spec.ignore_index, spec.gamma, spec.sums, grad
    true_sums, true_gradient = sums_and_gradient(logits.double(), *options)
    torch_sums, torch_gradient = sums_and_gradient(logits.to(dtype), *options)
    # the truth is rounded too: its sum over C exponentials by about √C units of float64
    truth = 2 * torch.finfo(torch.float64).eps * logits.shape[1] ** 0.5
    tolerance = 2 * torch.finfo(dtype).eps * logits.abs().max() + truth
    scale = true_sums.abs().amax((1, 2), keepdim=True) + 1e-30
    ours = ((found_sums - true_sums).abs() / scale).max()
    theirs = ((torch_sums - true_sums).abs() / scale).max()
    assert ours <= theirs + tolerance
    largest = torch.maximum(true_gradient.abs().max(), grad.abs().max())
    ours = (found_gradient - true_gradient).abs().max() / largest
    theirs = (torch_gradient - true_gradient).abs().max() / largest
    assert ours <= theirs + tolerance


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("task", TASKS)
def test_sums_and_gradient_are_no_worse_than_those_of_torch(task, shape, dtype):
    """err(kernel, float64 truth) <= err(torch in the same dtype, truth) + tolerance."""
    case = logits, target, weight, spec = make_case(task, shape, dtype)
    grad = upstream_of(spec, logits)
    sums, unknown = kernels.forward(logits, target, weight, spec)
    gradient = kernels.backward(grad, logits, target, weight, spec)
    assert sums.dtype == torch.float64
    assert gradient.dtype == dtype
    assert int(unknown) == 0
    compare(case, sums, gradient, grad, dtype)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 3.3])
@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "multi-label"])
def test_any_focal_exponent_is_no_worse_than_torch(task, gamma):
    """The law above at exponents with and without a closed form."""
    logits, target, weight, spec = make_case(task, (23, 29), torch.float32)
    case = logits, target, weight, spec._replace(gamma=gamma)
    grad = upstream_of(spec, logits)
    sums, _ = kernels.forward(*case)
    compare(case, sums, kernels.backward(grad, *case), grad, torch.float32)


@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "multi-label"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_computed_in_float32_and_rounded_once(task, dtype):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    logits, target, weight, spec = make_case(task, (23, 29), dtype)
    grad = upstream_of(spec, logits)
    sums, _ = kernels.forward(logits, target, weight, spec)
    wide, _ = kernels.forward(logits.float(), target, weight, spec)
    gradient = kernels.backward(grad, logits, target, weight, spec)
    wide_gradient = kernels.backward(grad, logits.float(), target, weight, spec)
    assert torch.equal(sums, wide)
    assert torch.equal(gradient, wide_gradient.to(dtype))


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("task", ["softmax-2", "softmax-3", "binary", "multi-label"])
def test_a_sum_asked_for_alone_is_the_sum_among_all(task, name):
    """Which other sums are wanted changes no bit of a sum."""
    logits, target, weight, spec = make_case(task, (23, 29), torch.float32)
    names = [s for s in spec.sums if s == name]
    alone, _ = kernels.forward(logits, target, weight, spec._replace(sums=tuple(names)))
    everything, _ = kernels.forward(logits, target, weight, spec)
    assert torch.equal(alone, everything[[spec.sums.index(s) for s in names]])


@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "binary"])
def test_no_weight_means_weight_one(task):
    """weight=None and a map of ones give the same bits."""
    logits, target, _, spec = make_case(task, (23, 29), torch.float32)
    ones = torch.ones(logits.shape[0], 23, 29)
    grad = upstream_of(spec, logits)
    assert torch.equal(
        kernels.forward(logits, target, None, spec)[0],
        kernels.forward(logits, target, ones, spec)[0],
    )
    assert torch.equal(
        kernels.backward(grad, logits, target, None, spec),
        kernels.backward(grad, logits, target, ones.double(), spec),
    )


@pytest.mark.parametrize("task", ["softmax-2", "softmax-3", "binary", "multi-label"])
def test_unknown_target_values_are_counted_and_contribute_nothing(task):
    """unknown = number of values that are neither class nor ignored; sums as if they were void."""
    logits, target, weight, spec = make_case(task, (23, 29), torch.float32)
    strange = target.clone()
    strange[0, ..., 3, 4:7] = torch.tensor([-1, 9000, 2**40])
    void = target.clone()
    void[0, ..., 3, 4:7] = spec.ignore_index
    sums, unknown = kernels.forward(logits, strange, weight, spec)
    assert int(unknown) == 3 * strange[0, ..., 0, 0].numel()
    assert unknown.dtype == torch.int64
    assert torch.equal(sums, kernels.forward(logits, void, weight, spec)[0])


@pytest.mark.parametrize("shape", [(0, 3, 4, 5), (2, 3, 0, 5), (2, 0, 4, 5)])
def test_empty_batches_give_empty_sums(shape):
    """Sums of nothing are 0, gradients are empty."""
    logits = torch.zeros(shape)
    target = torch.zeros((shape[0], *shape[2:]), dtype=torch.uint8)
    spec = Spec(("prob", "nll"), "softmax", None)
    sums, unknown = kernels.forward(logits, target, None, spec)
    assert sums.shape == (2, *shape[:2])
    assert not sums.any()
    assert int(unknown) == 0
    assert kernels.backward(sums, logits, target, None, spec).shape == shape


def test_a_batch_that_is_all_ignored_gives_exact_zeros():
    """No valid pixel: every sum and the whole gradient are 0, whatever the logits hold."""
    logits = torch.full((2, 5, 40, 40), torch.nan)
    target = torch.full((2, 40, 40), 7, dtype=torch.int16)
    spec = Spec(SOFTMAX_SUMS, "softmax", 7)
    sums, _ = kernels.forward(logits, target, None, spec)
    gradient = kernels.backward(upstream_of(spec, logits), logits, target, None, spec)
    assert torch.equal(sums, torch.zeros_like(sums))
    assert torch.equal(gradient, torch.zeros_like(gradient))
