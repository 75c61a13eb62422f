"""What every criterion does with the sums it is given, whatever its formula."""

import pytest
import torch

from pixelwise.losses.criterion import class_factors, for_classes
from pixelwise.losses.table import LOSSES, criterion

LOGITS = torch.randn(2, 3, 1, 5, generator=torch.Generator().manual_seed(4))
TARGET = torch.tensor([[[0, 1, 2, 1, 255]], [[2, 2, 0, 0, 1]]])


@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_hides_a_logit_that_is_nan(name):
    """A network that has diverged has to show; a loss of 0 would look like success."""
    logits = LOGITS.clone()
    logits[0, :, 0] = float("nan")
    assert criterion(name, num_classes=3)(logits, TARGET).isnan()


def test_factors_are_copied_to_another_device_once_until_they_change():
    """A GPU waits for every copy from the CPU."""
    factors = class_factors("Dice", "weight", [1, 2])
    sums = torch.empty(1, 2, device="meta")
    first = for_classes("Dice", "weight", factors, sums)
    assert for_classes("Dice", "weight", factors, sums) is first
    assert for_classes("Dice", "weight", factors, sums.double()).dtype == torch.float64
    factors.mul_(2)
    assert for_classes("Dice", "weight", factors, sums) is not first
