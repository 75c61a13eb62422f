"""audit --fix of values that are those of a few pixels: they become what is around them."""

import numpy as np
import pytest

from pixelwise.cli import main
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label, write_label
from pixelwise.repair.command import fix
from pixelwise.report.audit_page import audit
from repair.fix_data import BAD, make

BINARY = Classes(["background", "object"], values=[0, 255])
PLACE = (slice(40, 43), slice(100, 103))


def disc(number):
    """(240, 320) 0 and 255."""
    y, x = np.ogrid[:240, :320]
    return (np.hypot(y - 120, x - 140 - number) < 60) * np.uint8(255)


@pytest.fixture
def data(tmp_path):
    """Nine pixels of 77 in the background of a label, and two inside the object."""
    make(tmp_path / "data", BINARY, "binary", disc)
    stored = disc(3)
    stored[PLACE] = 77
    stored[120, 140:142] = 254
    write_label(tmp_path / "data" / BAD, stored, BINARY)
    return tmp_path / "data"


def test_they_are_named_with_their_place_and_repaired_if_v14_is_asked_for(data, tmp_path):
    """Also where void has no stored value."""
    found = audit(data)
    assert {(f.rule, f.file, f.values, f.count, f.place) for f in found.findings} == {
        ("V14", BAD, (77,), 9, (40, 100)),
        ("V14", BAD, (254,), 2, (120, 140)),
    }
    assert found.repair("V14").endswith("--fix-rules safe V14")
    fixed = fix(data, tmp_path / "out", ["safe", "V14"])
    assert np.array_equal(read_label(tmp_path / "out" / BAD), disc(3))
    (change,) = [change for change in fixed.changes if "V14" in change.rules]
    assert (change.file, change.rules["V14"].pixels, change.rules["V14"].void) == (BAD, 11, 0)
    assert audit(tmp_path / "out").totals == {}


def test_they_stay_with_the_reason_if_it_is_not_asked_for(data, tmp_path):
    """Such pixels may be a small object."""
    fixed = fix(data, tmp_path / "out")
    assert fixed.changes == ()
    assert {one.rule for one in fixed.left} == {"V14"}
    assert "ask for V14" in fixed.left[0].reason


def test_a_folder_without_dataset_toml_has_the_same_repair(data, tmp_path):
    """No value of a few pixels becomes a class of the copy."""
    (data / "dataset.toml").unlink()
    command = audit(data).repair("V14").split()[1:]
    assert main(command) == 1
    assert np.array_equal(read_label(tmp_path / "data-fixed" / BAD), disc(3))
    found = audit(tmp_path / "data-fixed")
    assert found.totals == {}
