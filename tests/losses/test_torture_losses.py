"""The torture table of the losses, X1 to X44: one test for each row."""

import re

import pytest

from losses import torture_inputs, torture_numerics

ROWS = {
    name.upper(): row
    for module in (torture_inputs, torture_numerics)
    for name, row in vars(module).items()
    if re.fullmatch(r"x\d+", name)
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_the_torture_table_holds(row):
    """The row's docstring names the input and the right behaviour."""
    row()


def test_every_row_is_there_and_says_what_it_is():
    assert list(ROWS) == [f"X{number}" for number in range(1, 45)]
    assert all(row.__doc__ for row in ROWS.values())
