"""What a report is made of: paths as text or Path, counts that are counts."""

from pathlib import Path

import pytest

from pixelwise.errors import ArgumentError
from pixelwise.report.config import ReportConfig


def test_paths_may_be_given_as_text():
    """config(text) == config(Path)."""
    as_text = ReportConfig("runs/ce", out="page.html", compare=["runs/dice"])
    as_path = ReportConfig(Path("runs/ce"), out=Path("page.html"), compare=(Path("runs/dice"),))
    assert as_text == as_path


@pytest.mark.parametrize("name", ["worst", "best"])
@pytest.mark.parametrize("value", ["8", 2.5, True])
def test_a_number_of_pictures_is_an_integer(name, value):
    """Anything else is refused by name."""
    with pytest.raises(ArgumentError, match=f"report: {name} must be an integer, got"):
        ReportConfig("runs/ce", **{name: value})


@pytest.mark.parametrize("name", ["worst", "best"])
def test_a_number_of_pictures_is_not_negative(name):
    """0 is allowed and shows none."""
    with pytest.raises(ArgumentError, match=f"report: {name} must be >= 0, got -1"):
        ReportConfig("runs/ce", **{name: -1})
