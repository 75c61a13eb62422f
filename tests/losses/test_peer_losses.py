"""Values and float64 gradients of other libraries' own tests, computed with our losses.

Every case is mapped by its adapter, or refused in words. No number is changed.
"""

import pytest
import torch

from losses.peer_adapters import ADAPTERS
from losses.peer_cases import read_cases
from pixelwise.errors import ArgumentError, ArgumentTypeError


def ids(name, *numbers):
    return [f"{name}/{n:03}" for n in numbers]


FILES = (
    "torch_cross_entropy",
    "monai_dice_loss",
    "monai_tversky_loss",
    "monai_generalized_dice_loss",
    "monai_focal_loss",
    "monai_one_hot",
    "one_hot",
    "smp_losses",
    "keras",
)
CASES = {case.id: case for case in read_cases(*FILES) if "keras.metrics" not in case.call}
NO_CASES = pytest.param(
    None,
    id="none",
    marks=pytest.mark.skip(reason="the folder ../shared with peers' cases is not beside this"),
)
# what we refuse -> (error, its words, cases)
REFUSALS = {
    "soft targets": (
        ArgumentTypeError,
        "target must be class indices of an integer",
        ids("torch_cross_entropy", 1, 3, 5, 7, 9, 11, 13) + ids("monai_one_hot", 2),
    ),
    "negative class weights": (
        ArgumentError,
        "weight must be finite and >= 0",
        ids("torch_cross_entropy", 14, 15, 16, 17, 18, 19),
    ),
}
# what is wrong here -> cases
NOTHING_VALID = ids("torch_cross_entropy", 93)

REFUSED = {id: answer for *answer, found in REFUSALS.values() for id in found}
MAPPED = [id for id in CASES if id not in REFUSED and id not in NOTHING_VALID]
WITH_GRADIENT = [id for id in MAPPED if CASES[id].gradient is not None]


def each(wanted):
    """One parameter a case; without the folder one in all, which is skipped."""
    return [pytest.param(CASES[id], id=id) for id in wanted if CASES] or [NO_CASES]


@pytest.mark.parametrize("case", each(MAPPED))
def test_the_value_of_a_peer_comes_out(case):
    """Axes of size 1 do not matter."""
    result = ADAPTERS[case.call](case, case.subject()).detach().double()
    torch.testing.assert_close(result.squeeze(), case.expected.squeeze(), **case.tolerances)


@pytest.mark.parametrize("case", each(WITH_GRADIENT))
def test_the_gradient_of_a_peer_comes_out(case):
    """Of the sum of the result, in the logits or probabilities that the peer was given."""
    leaf = case.subject()
    result = ADAPTERS[case.call](case, leaf)
    (gradient,) = torch.autograd.grad(result.sum(), leaf, materialize_grads=True)
    torch.testing.assert_close(gradient, case.gradient, **case.gradient_tolerances)


@pytest.mark.parametrize("case", each(REFUSED))
def test_what_a_peer_computes_and_we_do_not_is_refused_in_words(case):
    """Soft targets, float labels and negative class weights."""
    error, words = REFUSED[case.id]
    with pytest.raises(error, match=words):
        ADAPTERS[case.call](case, case.subject())


@pytest.mark.parametrize("case", each(NOTHING_VALID))
def test_a_mean_over_nothing_is_zero_with_zero_gradient(case):
    """torch has NaN for a batch whose pixels are all ignored."""
    leaf = case.subject()
    result = ADAPTERS[case.call](case, leaf)
    (gradient,) = torch.autograd.grad(result, leaf)
    assert case.expected.isnan()
    assert result == 0
    assert not gradient.any()
