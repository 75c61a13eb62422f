"""A criterion as a table of numbers is the criterion: same loss, same derivative, same errors."""

import pytest
import torch

from laws.formula_cases import (
    WITHOUT_TABLE,
    criteria,
    draw_sums,
    names_of_sums,
    plain_loss,
)
from laws.loss_cases import CASES, named
from pixelwise.losses.fused import table_of
from pixelwise.losses.table import LOSSES
from pixelwise.ops.backends import kernels
from pixelwise.ops.stats import COUNTS

pytest.importorskip("numba")
DIGITS = {"rtol": 1e-11, "atol": 1e-12, "equal_nan": True}
WITH_TABLE = [case for case in CASES if case.name not in WITHOUT_TABLE]


def test_the_losses_without_a_table_are_known():
    """Whoever loses its table, or gets one, is noticed."""
    found = {case.name for case in CASES if formula_of(case.make(), case.channels) is None}
    assert found == WITHOUT_TABLE
    assert set(LOSSES) >= WITHOUT_TABLE


def formula_of(criterion, classes):
    table = table_of(criterion)
    return table and table.formula(criterion, classes)


@pytest.mark.parametrize("case", WITH_TABLE, ids=str)
def test_the_kernel_gives_the_loss_and_the_derivative_of_the_formula(case):
    """With every option, on sums with void, absent classes, NaN and infinity."""
    evaluate = kernels("numba", "formula").evaluate
    for criterion in criteria(case.name, case.activation, case.channels):
        names = names_of_sums(criterion)
        formula = formula_of(criterion, case.channels)
        assert formula is not None, criterion
        assert formula.sums == names
        slopes = [row for row, name in enumerate(names) if name not in COUNTS]
        for kind, sums in draw_sums(names, case.channels):
            before = sums.clone()
            loss, slope = evaluate(formula, sums, 50.0 * sums[0].numel(), torch.float64)
            truth, expected = plain_loss(criterion, names, sums)
            assert torch.equal(sums.view(torch.int64), before.view(torch.int64))  # NaN too
            found = torch.cat([loss.view(1), slope[slopes].flatten()])
            wanted = torch.cat([truth.view(1), expected[slopes].flatten()])
            if not torch.allclose(found, wanted, **DIGITS):  # much faster than what explains it
                with named(f"{criterion} on {kind}"):
                    torch.testing.assert_close(found, wanted, **DIGITS)
