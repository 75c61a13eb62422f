"""The command: exit codes, JSON, baselines, folders without a dataset.toml, hostile folders."""

import json
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from audit.clean_data import FILE, make_clean, write_label, write_toml
from audit.planted_files import cut, grey, jpeg_called_png
from audit.planted_sets import mirrored
from audit.planted_values import off_by_one, unknown_value
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.findings import Finding, Ledger, Total
from pixelwise.audit.result import Audit
from pixelwise.audit.source import open_folders
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, RunError
from pixelwise.report.audit_page import audit


@pytest.fixture
def data(tmp_path):
    """A clean dataset of its own."""
    return make_clean(tmp_path / "data")


def run(capsys, *words):
    """(exit code, stdout, stderr) of `pixelwise audit`."""
    code = main(["audit", *map(str, words)])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_clean_data_set_exits_with_0(data, capsys):
    """Nothing found is success."""
    code, out, _ = run(capsys, data)
    assert code == 0
    assert "no findings" in out
    assert "36 files, pairs: train 12, val 6" in out


def test_errors_exit_with_1_and_are_explained(data, capsys):
    """The text names rule, file, place as x and y, value, cause and command."""
    unknown_value(data)
    code, out, err = run(capsys, data)
    assert code == 1
    assert "error V4: stored values are neither a class nor void (1 file, 12 pixels)" in out
    assert f"{FILE} at x=5, y=20: 77 (12 pixels)" in out
    assert "cause" in out
    assert "1 error" in err


def test_warnings_and_notes_exit_with_0(data, capsys):
    """Only errors stop a pipeline."""
    grey(data)
    code, out, _ = run(capsys, data)
    assert code == 0
    assert "warning F5" in out


def test_json_gives_the_audit_back(data, capsys):
    """What --json prints is Audit.as_dict, and from_dict understands it."""
    unknown_value(data)
    code, out, _ = run(capsys, data, "--json")
    assert code == 1
    table = json.loads(out)
    assert table["schema"] == "pixelwise.audit/1"
    assert table["errors"] == 1
    assert Audit.from_dict(table) == audit(str(data))


def test_another_schema_is_refused():
    """A file of something else is not an audit."""
    with pytest.raises(RunError, match=r"schema must be 'pixelwise\.audit/1', got None"):
        Audit.from_dict({})


def test_a_baseline_accepts_what_is_known_and_nothing_more(data, tmp_path, capsys):
    """What was accepted is counted apart; a defect that grows, or a new one, is found again."""
    known = tmp_path / "known.json"
    unknown_value(data)
    assert run(capsys, data, "--write-baseline", known)[0] == 1
    code, out, _ = run(capsys, data, "--baseline", known)
    assert code == 0
    assert "accepted by the baseline: 1 finding" in out
    stored = np.array(Image.open(data / FILE))
    stored[30, 30] = 77
    write_label(data / FILE, stored)
    assert run(capsys, data, "--baseline", known)[0] == 1


def test_a_baseline_also_accepts_what_is_explained_later(data, tmp_path, capsys):
    """Values that are off by one are unknown values first."""
    known = tmp_path / "known.json"
    off_by_one(data)
    assert run(capsys, data, "--write-baseline", known)[0] == 1
    assert run(capsys, data, "--baseline", known)[0] == 0


def test_a_file_that_is_no_baseline_is_an_error_of_the_user(data, tmp_path, capsys):
    """One line, exit code 2."""
    (tmp_path / "known.json").write_text("[]")
    code, _, err = run(capsys, data, "--baseline", tmp_path / "known.json")
    assert code == 2
    assert "schema must be 'pixelwise.baseline/1', got None. Write one with" in err


def test_two_folders_are_enough(data, capsys):
    """Without a dataset.toml the classes are a guess, and the summary says so."""
    (data / "dataset.toml").unlink()
    folders = ["--images", data / "train/images", "--labels", data / "train/labels"]
    code, out, _ = run(capsys, *folders)
    assert code == 0
    assert "24 files, pairs: all 12" in out
    assert "there is no dataset.toml" in out


def test_a_folder_without_description_is_looked_at(data):
    """The layout is found as `pixelwise init` finds it."""
    (data / "dataset.toml").unlink()
    cut(data)
    result = audit(data)
    assert [(f.rule, f.file) for f in result.findings] == [("F3", FILE)]
    assert result.pairs == {"train": 12, "val": 6}


def test_quick_reads_headers_only(data, capsys):
    """Unknown values are pixels; storage is in the header."""
    unknown_value(data)
    grey(data)
    code, out, _ = run(capsys, data, "--quick")
    assert code == 0
    assert "V4" not in out.split("not looked at")[0]
    assert "pixels, as only headers were read" in out


def test_what_deep_finds_is_said_not_to_be_looked_at(data):
    """G3 needs the images."""
    mirrored(data)
    shallow, deep = audit(data), audit(data, deep=True)
    assert any("G3" in text for text in shallow.not_looked)
    assert [f.rule for f in deep.findings] == ["G3"]
    assert not any("G3" in text for text in deep.not_looked)
    assert "mirrored left to right" in deep.findings[0].detail


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_every_executor_finds_the_same(kind, data):
    """The work is spread, the result is not."""
    unknown_value(data)
    with kind(2) as executor:
        assert audit(data, executor=executor, deep=True) == audit(data, deep=True)


def test_findings_beyond_the_limit_are_counted(data):
    """The list is cut, the numbers are not."""
    off_by_one(data)
    result, everything = audit(data, listed=4), audit(data, listed=None)
    assert len(result.of_rule("V6")) == 4
    assert len(everything.of_rule("V6")) == 18
    assert result.totals == everything.totals
    assert result.errors == 18


def test_rules_are_listed_worst_first():
    """By severity, then by the number of files."""
    rules = {"R1": Total(9, 9), "F5": Total(3, 3), "V4": Total(1, 5), "F2": Total(7, 7)}
    assert list(Audit("data", 9, totals=rules).by_rule()) == ["V4", "F2", "F5", "R1"]


def test_a_ledger_forgets_a_rule_that_is_dropped():
    """Its findings are in no number."""
    ledger = Ledger(None, {})
    ledger.add([Finding("V5", "a.png", 3, None, ""), Finding("V4", "b.png", 2, None, "")])
    ledger.replace("V5", "", "")
    assert [f.rule for f in ledger.findings()] == ["V4"]
    assert list(ledger.totals()) == ["V4"]


def test_the_public_name_is_the_function(data):
    """pw.audit is a package, and calling it audits."""
    found = audit(data)
    assert pw.audit(data) == found
    assert pw.audit(pw.AuditConfig(data)) == found
    assert pw.audit(pw.read_description(data)) == found


def test_a_page_and_a_copy_are_written_as_for_the_command(data, tmp_path):
    """html and fix are settings like the others."""
    grey(data)
    found = pw.audit(data, html=tmp_path / "audit.html", fix=tmp_path / "out")
    assert list(found.totals) == ["F5"]
    assert "<html" in (tmp_path / "audit.html").read_text()
    assert pw.audit(tmp_path / "out").findings == ()


def test_a_loop_of_folders_is_walked_once(data):
    """A link to a folder is not followed."""
    os.symlink(data / "train", data / "train/labels/again", target_is_directory=True)
    os.symlink(data / "train/labels/around", data / "train/labels/around")
    result = audit(data)
    assert (result.findings, result.files) == ((), 36)


def test_a_folder_that_cannot_be_read_is_a_finding(data, monkeypatch):
    """The other folders are audited all the same."""
    scandir = os.scandir

    def refuse(path):
        if str(path).rstrip("/").endswith("val/labels"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = audit(data)
    assert {f.rule for f in result.findings} == {"P1"}
    assert "val/labels" in {f.file for f in result.findings}
    assert result.pairs == {"train": 12, "val": 0}


def test_a_link_that_leads_out_of_the_data_set_is_a_finding(data, tmp_path):
    """No other command would read it."""
    (data / FILE).rename(tmp_path / "elsewhere.png")
    (data / FILE).symlink_to(tmp_path / "elsewhere.png")
    result = audit(data)
    assert [(f.rule, f.file) for f in result.findings] == [("P1", FILE)]
    assert "leads out of the dataset" in result.findings[0].detail


def test_folders_whose_names_never_meet_are_one_finding(data):
    """A wrong suffix is one mistake, not one for every file."""
    for path in (data / "val/labels").iterdir():
        path.rename(path.with_stem(f"{path.stem}_mask"))
    result = audit(data)
    (finding,) = result.findings
    assert (finding.rule, finding.file, finding.count) == ("P1", "val/labels", 6)
    assert "called like 12, labels like 12_mask" in finding.detail
    assert finding.detail.endswith('; they pair up with label_suffix = "_mask"')


def test_names_of_two_folders_may_have_prefixes_and_suffixes(data, capsys):
    """Without them the finding names them; with them the next command has them too."""
    for kind, prefix, suffix in (("images", "img_", ""), ("labels", "gt_", "_v2")):
        for path in (data / "train" / kind).iterdir():
            path.rename(path.with_stem(f"{prefix}{path.stem}{suffix}"))
    words = ["--images", data / "train/images", "--labels", data / "train/labels"]
    code, out, _ = run(capsys, *words)
    assert code == 1
    assert 'with image_prefix = "img_" and label_prefix = "gt_" and label_suffix = "_v2"' in out
    affixes = "--image-prefix img_ --label-prefix gt_ --label-suffix _v2"
    code, out, _ = run(capsys, *words, *affixes.split())
    assert "P1" not in out
    assert "pairs: all 12" in out
    named = {"image_prefix": "img_", "label_prefix": "gt_", "label_suffix": "_v2"}
    first = open_folders(words[1], words[3], **named).first
    assert set(affixes.split()) < set(first.split())


def test_a_repaired_copy_keeps_prefixes_and_files_without_a_partner(data, tmp_path):
    """What was left out stays left out."""
    for path in (data / "train/images").iterdir():
        path.rename(path.with_stem(f"img_{path.stem}"))
    (data / "train/images/img_03.png").unlink()
    write_toml(data, more={"train": ['image_prefix = "img_"', 'unpaired = "skip"']})
    jpeg_called_png(data)
    fixed = tmp_path / "fixed"
    audit(data, fix=fixed)
    result = audit(fixed)
    assert result.pairs["train"] == 11
    assert [f.detail for f in result.findings if f.rule == "P3"] == ["a label without an image"]


def test_a_missing_folder_is_a_finding(data):
    """The other split is audited all the same."""
    (data / "val/labels").rename(data / "val/masks")
    result = audit(data)
    assert ("P1", "val/labels") in {(f.rule, f.file) for f in result.findings}
    assert result.pairs["train"] == 12


def test_an_empty_folder_is_an_error_of_the_user(tmp_path, capsys):
    """There is nothing to find in nothing."""
    code, _, err = run(capsys, tmp_path)
    assert code == 2
    assert "dataset must be" in err


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "data must be given, or images and labels, got neither"),
        ({"data": "d", "images": "i", "labels": "k"}, "got both"),
        ({"images": "i"}, "images and labels must be given together"),
        ({"data": "d", "label_prefix": "x"}, "label_prefix need images and labels"),
        ({"data": "d", "quick": True, "deep": True}, "only one of quick and deep can be given"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, match):
    """Before anything is read."""
    with pytest.raises(ArgumentError, match=match):
        AuditConfig(**options)


def test_a_baseline_of_named_rules_accepts_these_and_what_was_accepted_before(data, tmp_path):
    """Another rule is accepted later, beside the first."""
    unknown_value(data)
    grey(data)
    known = tmp_path / "known.json"
    rules = set(pw.audit(data).totals)
    assert len(rules) > 1
    for number, rule in enumerate(sorted(rules), 1):
        before = {"baseline": known} if number > 1 else {}
        pw.audit(data, **before, write_baseline=known, accept_rules=(rule,))
        left = pw.audit(data, baseline=known)
        assert set(left.totals) == set(sorted(rules)[number:])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--accept-rules", "V4"), "--accept-rules must be used with --write-baseline"),
        (("--write-baseline", "a.json", "--accept-rules", "X9"), "--accept-rules must be"),
    ],
)
def test_rules_to_accept_are_checked(data, capsys, options, said):
    code, _, err = run(capsys, data, *options)
    assert code == 2
    assert said in err
