"""The dense CPU kernels against the float64 truth: no worse than plain torch in the same dtype."""

import pytest
import torch

from ops.kernel_cases import check, in_both_widths, make_case, run, upstream_of
from oracles_ops import SUMS
from pixelwise.ops.cpu import stats as kernels
from pixelwise.ops.spec import Spec

TASKS = [f"softmax-{c}" for c in (1, 2, 3, 19, 150, 1000)]
TASKS += ["binary", "one-vs-rest-3", "multi-label-3"]
# blocks: one and a rest of few channels, two and a rest of many
SHAPES = {"0-D": (), "1-D": (37,), "2-D": (23, 29), "blocks": (25, 43), "3-D": (3, 7, 11)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("task", TASKS)
def test_sums_and_gradient_are_no_worse_than_those_of_torch(task, shape, dtype):
    """err(kernel, float64 truth) <= err(torch in the same dtype, truth) + tolerance."""
    case = make_case(task, shape, dtype, images=1 if task == "softmax-1000" else 2)
    grad = upstream_of(case)
    *found, unknown = run(kernels, case, grad)
    # the truth is rounded too: its sum over C exponentials by about √C units of float64
    truth = 2 * torch.finfo(torch.float64).eps * case[0].shape[1] ** 0.5
    check(case, found, grad, by_largest=True, truth=truth)
    assert unknown == 0


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 3.3])
@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "multi-label-3"])
def test_any_focal_exponent_is_no_worse_than_torch(task, gamma):
    """The law above at exponents with and without a closed form."""
    case = make_case(task, (23, 29), gamma=gamma)
    grad = upstream_of(case)
    check(case, run(kernels, case, grad)[:2], grad, by_largest=True)


@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "multi-label-3"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_computed_in_float32_and_rounded_once(task, dtype):
    """sums(half) = sums(half as float32), gradient(half) = round(gradient(half as float32))."""
    case = make_case(task, (23, 29), dtype)
    half, wide = in_both_widths(kernels, case, upstream_of(case))
    assert torch.equal(half[0], wide[0])
    assert torch.equal(half[1], wide[1].to(dtype))


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("task", ["softmax-2", "softmax-3", "binary", "multi-label-3"])
def test_a_sum_asked_for_alone_is_the_sum_among_all(task, name):
    """Which other sums are wanted changes no bit of a sum."""
    logits, target, weight, spec = make_case(task, (23, 29))
    names = [s for s in spec.sums if s == name]
    alone, _ = kernels.forward(logits, target, weight, spec._replace(sums=tuple(names)))
    everything, _ = kernels.forward(logits, target, weight, spec)
    assert torch.equal(alone, everything[[spec.sums.index(s) for s in names]])


@pytest.mark.parametrize("task", ["softmax-2", "softmax-19", "binary"])
def test_no_weight_means_weight_one(task):
    """weight=None and a map of ones give the same bits."""
    logits, target, _, spec = make_case(task, (23, 29))
    ones = torch.ones(logits.shape[0], 23, 29)
    grad = upstream_of((logits, target, None, spec))
    found = run(kernels, (logits, target, None, spec), grad)
    assert torch.equal(found[0], run(kernels, (logits, target, ones, spec), grad)[0])
    assert torch.equal(found[1], run(kernels, (logits, target, ones.double(), spec), grad)[1])


@pytest.mark.parametrize("task", ["softmax-2", "softmax-3", "binary", "multi-label-3"])
def test_unknown_target_values_are_counted_and_contribute_nothing(task):
    """unknown = number of values that are neither class nor ignored; sums as if they were void."""
    logits, target, weight, spec = make_case(task, (23, 29))
    strange, void = target.long(), target.clone()
    strange[0, ..., 3, 4:7] = torch.tensor([-1, 9000, 2**40])
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
    case = logits, target, None, Spec(tuple(SUMS[:8]), "softmax", 7)
    sums, gradient, _ = run(kernels, case, upstream_of(case))
    assert torch.equal(sums, torch.zeros_like(sums))
    assert torch.equal(gradient, torch.zeros_like(gradient))
