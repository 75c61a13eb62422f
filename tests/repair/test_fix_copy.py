"""audit --fix as a copy: its bytes, its log, where it may be, which rules it repairs."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pixelwise.audit.result import Audit, repair_command
from pixelwise.audit.rules import RULES
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, ArgumentTypeError, DatasetError
from pixelwise.labels.png import read_label
from pixelwise.repair.command import fix
from pixelwise.repair.plan import REPAIRABLE, SAFE
from pixelwise.report.audit_page import audit
from repair.fix_data import (
    BAD,
    DAMAGE,
    NUMBER,
    bytes_of,
    colors_of,
    label_of,
    make,
    save,
    unknown_value,
)


@pytest.fixture
def data(tmp_path):
    return make(tmp_path / "data")


def test_a_clean_data_set_is_copied_byte_for_byte(data, tmp_path):
    """Nothing is written anew for the sake of it."""
    fixed = fix(data, tmp_path / "out")
    assert (fixed.changes, fixed.left) == ((), ())
    after = bytes_of(tmp_path / "out")
    del after["fix.json"]
    assert after == bytes_of(data)


def test_grey_labels_alone_are_no_reason_to_write_them(data, tmp_path):
    """They are all stored the same way, so that no rule is broken."""
    for number in range(NUMBER):
        save(data / f"labels/{number:02}.png", label_of(number))
    assert fix(data, tmp_path / "out").changes == ()


def damaged(data):
    """Several defects at once."""
    for number, name in enumerate(("F2", "F10 colours", "F11", "F9", "F12")):
        DAMAGE[name](data / f"labels/{number:02}.png", label_of(number))
    return data


def test_the_same_call_gives_the_same_bytes(data, tmp_path):
    """In another folder, and once more in the same one."""
    damaged(data)
    fix(data, tmp_path / "out")
    first = bytes_of(tmp_path / "out")
    fix(data, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == first
    fix(data, tmp_path / "two")
    second = bytes_of(tmp_path / "two")
    assert {**second, "fix.json": b""} == {**first, "fix.json": b""}


def test_an_interrupted_copy_is_completed(data, tmp_path):
    """Files are missing, one is of the source, one is half written by somebody else."""
    damaged(data)
    fix(data, tmp_path / "out")
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out/fix.json").unlink()
    (tmp_path / "out/labels/01.png").write_bytes((data / "labels/01.png").read_bytes())
    (tmp_path / "out/labels/02.png").unlink()
    (tmp_path / "out/images/04.png").write_bytes(b"half")
    fix(data, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == whole


def test_any_executor_gives_the_same_copy(data, tmp_path):
    """Four threads, and none."""
    damaged(data)
    alone = fix(data, tmp_path / "out")
    with ThreadPoolExecutor(4) as executor:
        together = fix(data, tmp_path / "two", executor=executor)
    assert (alone.changes, alone.left) == (together.changes, together.left)
    one, two = bytes_of(tmp_path / "out"), bytes_of(tmp_path / "two")
    assert {**one, "fix.json": b""} == {**two, "fix.json": b""}


def test_the_log_names_every_change(data, tmp_path):
    """File, name in the copy, and pixels by rule; no time, so that it is the same twice."""
    DAMAGE["F11"](data / BAD, label_of(3))
    unknown_value(data / "labels/01.png")
    fixed = fix(data, tmp_path / "out")
    log = json.loads((tmp_path / "out/fix.json").read_text())
    assert log == json.loads(json.dumps(fixed.as_dict()))
    assert log["schema"] == "pixelwise.fix/1"
    swapped = (colors_of(label_of(3)) != colors_of(label_of(3))[:, :, ::-1]).any(axis=2).sum()
    assert log["changes"] == [
        {"file": BAD, "to": BAD, "rules": {"F11": {"pixels": int(swapped), "void": 0}}}
    ]
    assert [(one["file"], one["rule"]) for one in log["left"]] == [("labels/01.png", "V4")]


@pytest.mark.parametrize("place", [".", "labels", "new/folder", ".."])
def test_a_copy_is_never_written_into_the_source(data, place):
    """Nor around it; the message proposes a folder beside it."""
    before = bytes_of(data)
    with pytest.raises(DatasetError, match=r"outside of the dataset, .* such as .*data-fixed"):
        fix(data, data / place)
    assert bytes_of(data) == before


def test_a_link_into_the_source_is_seen_through(data, tmp_path):
    """The real path counts."""
    (tmp_path / "link").symlink_to(data, target_is_directory=True)
    with pytest.raises(DatasetError, match="outside of the dataset"):
        fix(data, tmp_path / "link")


def test_a_folder_with_other_files_is_refused(data, tmp_path):
    """They would become a part of the copy; nothing is written."""
    (tmp_path / "out/labels").mkdir(parents=True)
    (tmp_path / "out/labels/99.png").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"out must be new, empty, .* 1 other file in .*99\.png"):
        fix(data, tmp_path / "out")
    assert list(bytes_of(tmp_path / "out")) == ["labels/99.png"]


def test_a_folder_without_pairs_is_refused(tmp_path):
    """There is nothing to copy."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shapes.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"or of images and labels that pair up, got neither"):
        fix(tmp_path / "data", tmp_path / "out")


def test_a_rule_that_cannot_be_repaired_is_refused(data, tmp_path):
    """The message lists those that can."""
    with pytest.raises(ArgumentError, match=r"rules must be one of safe, F1, F2, .* got 'V4'"):
        fix(data, tmp_path / "out", ["V4"])


def test_one_rule_without_a_list_is_refused(data, tmp_path):
    with pytest.raises(ArgumentTypeError, match="rules must be a list, got 'safe'"):
        fix(data, tmp_path / "out", rules="safe")


def test_every_rule_that_names_the_command_is_repaired_by_it():
    """And the three that must be asked for say how."""
    commands = {rule: repair_command(rule, "data") for rule in RULES}
    assert tuple(rule for rule in RULES if " --fix " in commands[rule]) == REPAIRABLE
    asked = [rule for rule in RULES if RULES[rule].ask]
    assert asked == ["F1", "V6", "V14", "G1", "G5"]
    assert all(commands[rule].endswith(f"--fix-rules safe {rule}") for rule in asked)


def test_safe_stands_for_all_that_need_not_be_asked_for(data, tmp_path):
    """Each rule once, in the order of the table."""
    assert fix(data, tmp_path / "a").rules == SAFE
    assert fix(data, tmp_path / "b", ["F1", "safe", "F9"]).rules == ("F1", *SAFE)


def test_only_the_rules_asked_for_are_repaired(data, tmp_path):
    """The others are left and say so; labels are stored alike whenever one is written anew."""
    damaged(data)
    fixed = fix(data, tmp_path / "out", ["F11"])
    assert {rule for change in fixed.changes for rule in change.rules} == {"F2", "F5", "F9", "F11"}
    assert {(one.rule, one.reason) for one in fixed.left} == {
        ("F10", "its repair is not asked for"),
        ("F12", "its repair is not asked for"),
    }


def test_an_audit_that_is_handed_over_is_not_made_again(data, tmp_path):
    """The same copy as without it, also from JSON."""
    damaged(data)
    alone = fix(data, tmp_path / "out")
    found = audit(data, listed=None)
    assert found.complete
    again = Audit.from_dict(json.loads(json.dumps(found.as_dict())))
    for number, one in enumerate((found, again)):
        given = fix(data, tmp_path / str(number), found=one)
        assert (given.changes, given.left) == (alone.changes, alone.left)


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ({"listed": 2}, "got one that lists 2 of 4 findings of F10"),
        ({"quick": True}, r"got one of a part of its files' content \(quick\)"),
        ({"baseline": "known.json"}, "got one without 1 finding that a baseline accepts"),
    ],
)
def test_an_audit_that_does_not_know_every_finding_is_refused(
    data, tmp_path, monkeypatch, how, got
):
    """It would leave files as they are without a word; the message says how to get a whole one."""
    monkeypatch.chdir(tmp_path)
    DAMAGE["F10 colours"](data / "labels/00.png", label_of(0))
    audit(data, write_baseline="known.json")
    for number in range(4):
        DAMAGE["F10 colours"](data / f"labels/{number:02}.png", label_of(number))
    found = audit(data, **how)
    assert not found.complete
    with pytest.raises(ArgumentError, match=rf"with every finding, {got}.*listed=None"):
        fix(data, tmp_path / "out", found=found)
    assert not (tmp_path / "out").exists()


def test_an_audit_of_another_data_set_is_refused(data, tmp_path):
    """Its names are of other files; the same folder by another path is the same."""
    other = make(tmp_path / "other")
    with pytest.raises(ArgumentError, match=r"must be the audit of .*data, got one of .*other"):
        fix(data, tmp_path / "out", found=audit(other, listed=None))
    (tmp_path / "link").symlink_to(data, target_is_directory=True)
    assert fix(data, tmp_path / "out", found=audit(tmp_path / "link", listed=None)).left == ()


def test_an_audit_of_guessed_classes_is_refused(data, tmp_path):
    """dataset.toml came later."""
    (data / "dataset.toml").rename(tmp_path / "later.toml")
    found = audit(data, listed=None)
    (tmp_path / "later.toml").rename(data / "dataset.toml")
    with pytest.raises(ArgumentError, match="or of guessed classes"):
        fix(data, tmp_path / "out", found=found)


def test_lists_are_copied_and_other_files_are_not(data, tmp_path):
    """What dataset.toml names is the dataset."""
    text = (data / "dataset.toml").read_text()
    (data / "dataset.toml").write_text(text + 'list = "train.txt"\n')
    (data / "train.txt").write_text("00\n01\n")
    (data / "secret.txt").write_text("x")
    fix(data, tmp_path / "out")
    names = bytes_of(tmp_path / "out").keys()
    assert "train.txt" in names
    assert "secret.txt" not in names
    assert len(names) == 2 * NUMBER + 3


def test_what_a_baseline_accepts_is_repaired_all_the_same(data, tmp_path, capsys):
    """It says what is reported, not what the copy holds."""
    DAMAGE["F11"](data / BAD, label_of(3))
    known, out = tmp_path / "known.json", tmp_path / "out"
    assert main(["audit", str(data), "--write-baseline", str(known)]) == 1
    assert main(["audit", str(data), "--baseline", str(known), "--fix", str(out)]) == 0
    assert "1 file repaired" in capsys.readouterr().out
    assert np.array_equal(read_label(out / BAD), label_of(3))


def test_the_command_repairs_and_says_what_it_did(data, tmp_path, capsys):
    """Exit code 1, as the dataset itself still has errors; the copy has none."""
    DAMAGE["F11"](data / BAD, label_of(3))
    assert main(["audit", str(data), "--fix", str(tmp_path / "out")]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path / 'out'}: 1 file repaired, {2 * NUMBER} files copied as they were" in out
    assert "  repaired F11 red and blue are swapped in the label: 1 file, " in out
    assert main(["audit", str(tmp_path / "out")]) == 0
    words = ["audit", str(data), "--fix", str(tmp_path / "out"), "--fix-rules", "F11", "--json"]
    capsys.readouterr()
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out)["fixed"]["rules"] == ["F11"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fix-rules", "F1"], "--fix-rules must be used with --fix"),
        (["--fix", "out", "--fix-rules", "V4"], "rules must be one of safe, F1, F2"),
        (["--fix", "out", "--quick"], "--fix must be used without --quick"),
    ],
)
def test_wrong_options_of_the_command_are_one_line(data, tmp_path, capsys, words, message):
    """Exit code 2."""
    words = [str(tmp_path / word) if word == "out" else word for word in words]
    assert main(["audit", str(data), *words]) == 2
    assert message in capsys.readouterr().err
