"""The warning about targets of one class and void: 0/255 masks, whose foreground is not learnt."""

import pytest
import torch

import pixelwise as pw
from pixelwise.ops.one_class import OneClassWarning, warn_if_one_class

GENERATOR = torch.Generator().manual_seed(0)
MASK = 255 * (torch.rand(2, 32, 48, generator=GENERATOR) < 0.2).to(torch.uint8)
WORDS = r"target holds class 0 and the ignored value 255 alone\. .* target // 255"
LOSSES = {"ce": 2, "dice": 2, "lovasz": 2, "bce": 1, "dice of one channel": 1, "ohem": 3}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_a_loss_of_a_0_255_mask_warns_with_the_fix(name, dtype):
    logits = torch.randn(2, LOSSES[name], 32, 48)
    loss = pw.criterion(name.split()[0], num_classes=LOSSES[name])
    with pytest.warns(UserWarning, match=WORDS):
        loss(logits, MASK.to(dtype))


def test_python_shows_the_warning_once(recwarn):
    import warnings

    warnings.simplefilter("default")
    for _ in range(3):
        pw.Dice()(torch.randn(2, 2, 32, 48), MASK)
    assert [w.category for w in recwarn] == [OneClassWarning]


def test_a_foreground_that_is_rare_or_at_the_end_is_found():
    target = torch.zeros(1, 100, 100, dtype=torch.uint8)
    target[0, 64:, 64:] = 255
    with pytest.warns(OneClassWarning, match=WORDS):
        warn_if_one_class("Dice", target, 255)


@pytest.mark.parametrize(("held", "ignored"), [(1, 0), (3, 2), (0, -1)])
def test_a_background_or_a_foreground_that_is_ignored_is_such_a_target(held, ignored):
    target = torch.where(MASK.long() > 0, held, ignored)
    words = f"class {held} and the ignored value {ignored} alone"
    with pytest.warns(OneClassWarning, match=words):
        warn_if_one_class("Dice", target, ignored)


# warnings are errors here, so that returning is the test
@pytest.mark.parametrize(
    "target",
    [
        torch.zeros(2, 32, 48, dtype=torch.uint8),
        torch.full((2, 32, 48), 255, dtype=torch.uint8),
        MASK // 255,
        MASK.masked_fill(MASK == 0, 1),
        torch.cat([MASK, MASK // 255]),
        torch.zeros(0, 32, 48, dtype=torch.uint8),
        MASK.masked_fill(torch.arange(48) == 1, 1),
    ],
    ids=[
        "one class",
        "void",
        "0 and 1",
        "an object",
        "both kinds",
        "no image",
        "a line between the samples",
    ],
)
def test_other_targets_are_left_alone(target):
    pw.Dice()(torch.randn(len(target), 2, 32, 48), target)


def test_nothing_is_asked_where_no_value_is_ignored():
    pw.Dice(ignore_index=None)(torch.randn(2, 2, 32, 48), MASK // 255)


def test_compiled_code_does_not_look_at_values():
    loss = torch.compile(pw.Dice(), backend="eager", fullgraph=True)
    loss(torch.randn(2, 2, 32, 48), MASK)
