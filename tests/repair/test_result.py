"""What a repair says about itself."""

from pixelwise.repair.result import Change, Fixed, Left

CHANGES = (
    Change("labels/a.png", "labels/a.png", {"V2": (1200, 30), "F5": (0, 0)}),
    Change("labels/b.bmp", "labels/b.png", {"V2": (34, 0)}),
)
LEFT = (
    Left("labels/c.png", "F3", "it is cut"),
    Left("labels/d.png", "F3", "it is cut"),
    Left("labels/e\x1b[31m.png", "F3", "it is empty"),
)


def test_changes_are_summed_by_rule_in_the_order_of_the_rules():
    """Files, pixels, and how many of those are void now."""
    text = Fixed("data", "out", ("V2",), 9, CHANGES).text()
    assert text.splitlines() == [
        "out: 2 files mended, 7 files copied as they were",
        "  mended F5  the labels are not all stored the same way: 1 file",
        "  mended V2  values between two classes line their border: 2 files, "
        "1,234 pixels changed, 30 of them to void",
    ]


def test_what_is_left_is_told_once_for_each_reason():
    """With the first file; a name cannot give orders to the terminal."""
    lines = Fixed("data", "my out", ("V2",), 9, (), LEFT).text().splitlines()
    assert lines[1] == "left as they were, all with their reason in fix.json:"
    assert lines[2] == "  left   F3  the file cannot be read: 3 files"
    assert lines[3:5] == [
        "             labels/c.png: it is cut",
        "             labels/e?[31m.png: it is empty",
    ]
    assert lines[5] == "to look again: pixelwise audit 'my out'"


def test_the_log_holds_every_change_and_every_file_that_is_left():
    """As JSON can hold it."""
    log = Fixed("data", "out", ("V2",), 9, CHANGES, LEFT).as_dict()
    assert log["changes"][1] == {
        "file": "labels/b.bmp",
        "to": "labels/b.png",
        "rules": {"V2": {"pixels": 34, "void": 0}},
    }
    assert [one["file"] for one in log["left"]] == [one.file for one in LEFT]


def test_the_log_can_hold_any_name():
    """A file name need not be text that UTF-8 can write."""
    fixed = Fixed("data", "out", (), 1, (Change("a\udcff.png", "a\udcff.png", {"F9": (0, 0)}),))
    assert b"a\\udcff.png" in fixed.content()
