"""What a repair says about itself."""

from dataclasses import replace

from pixelwise.files.results import read_record
from pixelwise.repair.result import Change, Pixels, Repaired, Unrepaired

CHANGES = (
    Change("labels/a.png", "labels/a.png", {"V2": Pixels(1200, 30), "F5": Pixels()}),
    Change("labels/b.bmp", "labels/b.png", {"V2": Pixels(34)}),
)
LEFT = (
    Unrepaired("labels/c.png", "F3", "it is cut"),
    Unrepaired("labels/d.png", "F3", "it is cut"),
    Unrepaired("labels/e\x1b[31m.png", "F3", "it is empty"),
)


def test_changes_are_summed_by_rule_in_the_order_of_the_rules():
    """Files, pixels, and how many of those are void now."""
    text = Repaired("data", ("V2",), 9, CHANGES, out="out").text()
    assert text.splitlines() == [
        "out: 2 files repaired, 7 files copied as they were",
        "  repaired F5  the labels are not all stored the same way: 1 file",
        "  repaired V2  values between two classes line their border: 2 files, "
        "1,234 pixels changed, 30 of them to void",
        "to look again: pixelwise audit out",
    ]


def test_what_is_left_is_told_once_for_each_reason():
    """With the first file; a name cannot give orders to the terminal."""
    lines = Repaired("data", ("V2",), 9, (), LEFT, "my out").text().splitlines()
    assert lines[1] == "left as they were, all with their reason in fix.json:"
    assert lines[2] == "  left     F3  the file cannot be read: 3 files"
    assert lines[3:5] == [
        "               labels/c.png: it is cut",
        "               labels/e?[31m.png: it is empty",
    ]
    assert lines[5] == "to look again: pixelwise audit 'my out'"


def test_the_log_holds_every_change_and_every_file_that_is_left():
    """As JSON can hold it."""
    log = Repaired("data", ("V2",), 9, CHANGES, LEFT, "out").as_dict()
    assert log["changes"][1] == {
        "file": "labels/b.bmp",
        "to": "labels/b.png",
        "rules": {"V2": {"pixels": 34, "void": 0}},
    }
    assert [one["file"] for one in log["left"]] == [one.file for one in LEFT]


def test_the_log_can_hold_any_name(tmp_path):
    """A file name need not be text that UTF-8 can write."""
    changes = (Change("a\udcff.png", "a\udcff.png", {"F9": Pixels()}),)
    Repaired("data", (), 1, changes, out=str(tmp_path)).write()
    assert b"a\\udcff.png" in (tmp_path / "fix.json").read_bytes()


def test_a_log_is_read_back(tmp_path):
    """All but the folder that it lies in."""
    made = Repaired("data", ("V2",), 9, CHANGES, LEFT, str(tmp_path))
    made.write()
    assert read_record(Repaired, tmp_path / "fix.json") == replace(made, out="")
