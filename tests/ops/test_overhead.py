"""What a pass costs beside its pixels: the number of calls in Python, which small inputs pay."""

import sys

import torch

from pixelwise.ops.cpu import pool, stats, upsampled
from pixelwise.ops.inputs import check_inputs
from pixelwise.ops.spec import Spec

SPEC = Spec(("valid", "target", "prob", "inter", "nll"), "softmax", 255)
LOGITS = torch.randn(1, 2, 64, 64, generator=torch.Generator().manual_seed(0))
TARGET = torch.arange(64 * 64).reshape(1, 64, 64) % 2
GRADIENTS = torch.ones(5, 1, 2, dtype=torch.float64)


def calls_of(function, *arguments):
    """Calls of Python and C functions in the second call with these arguments."""
    function(*arguments)
    events = []
    sys.setprofile(lambda _frame, event, _argument: events.append(event))
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return events.count("call") + events.count("c_call")


def test_a_second_pass_over_the_same_shapes_makes_few_calls():
    """Plans, views and checks of shapes are remembered."""
    small = LOGITS[..., ::4, ::4]
    assert calls_of(stats.forward, LOGITS, TARGET, None, SPEC) <= 45
    assert calls_of(stats.backward, GRADIENTS, LOGITS, TARGET, None, SPEC) <= 45
    assert calls_of(upsampled.forward_upsampled, small, TARGET, None, SPEC) <= 45
    assert calls_of(upsampled.backward_upsampled, GRADIENTS, small, TARGET, None, SPEC) <= 55
    assert calls_of(check_inputs, "", LOGITS, TARGET, "softmax", 255, None, None) <= 50


def test_a_small_input_is_not_shared_among_threads():
    """Asking for a thread takes longer than the pixels do."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        few = pool.run_tasks(lambda first, end: (first, end), 8, LOGITS.numel())
        many = pool.run_tasks(lambda first, end: (first, end), 8, 8 * pool.WORTH)
    finally:
        torch.set_num_threads(before)
    assert few == [(0, 8)]
    assert len(many) > 1


def test_a_remembered_pass_reads_the_tensors_that_it_is_given():
    """Same shapes, other tensors and other strides: the results are theirs."""
    other, turned = LOGITS.flip(1), LOGITS.transpose(2, 3)
    first, _ = stats.forward(LOGITS, TARGET, None, SPEC)
    second, _ = stats.forward(other, TARGET, None, SPEC)
    third, _ = stats.forward(turned, TARGET.transpose(1, 2), None, SPEC)
    assert torch.equal(second[2], first[2].flip(1))
    torch.testing.assert_close(third, first, rtol=1e-6, atol=0)
