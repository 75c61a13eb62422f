"""The page of an audit: worst first, the place marked in pictures, names that cannot do harm."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from make import make_dataset
from pixelwise.audit.findings import Finding, Total
from pixelwise.audit.result import Audit, repair_command
from pixelwise.audit.rules import RULES
from pixelwise.errors import RunError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.png import write_label
from pixelwise.labels.tables.distinct import shown_colors
from pixelwise.report.audit_page import (
    EXAMPLES,
    MOST_ROWS,
    accept_commands,
    audit_page,
    shared,
)
from pixelwise.report.examples import REACH, DatasetFiles, example_pictures, window
from pixelwise.report.pictures import WRONG
from report.clicks import NEEDS_CHROMIUM, clicked


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data")


def audit_of(root, findings, **more):
    totals = {}
    for finding in findings:
        before = totals.get(finding.rule, Total(0, 0))
        totals[finding.rule] = Total(before.files + 1, before.count + finding.count)
    return Audit(str(root), 16, tuple(findings), totals=totals, pairs={"train": 6}, **more)


def page_of(audit, tmp_path):
    return audit_page(audit, tmp_path / "audit.html").read_text()


def pixels_of(picture):
    kind, data = picture.data.split(",")
    assert kind.startswith("data:image/")
    return np.array(Image.open(BytesIO(b64decode(data))).convert("RGB"))


def has_color(pixels, color):
    return bool((pixels == np.array(color)).all(axis=2).any())


def test_rules_stand_worst_first_with_cause_and_command(data, tmp_path):
    """By severity, then by files; each with its cause, its command and its numbers."""
    label = "train/labels/00.png"
    found = [
        Finding("V12", label, 5, None, "nearly all ground"),
        Finding("F9", label, 1, None, "another palette"),
        Finding("V4", label, 7, (2, 3), "value 99", (99,)),
        *[Finding("V5", f"train/labels/0{n}.png", 3, (0, 0), "128", (128,)) for n in range(2)],
    ]
    page = page_of(audit_of(data, found), tmp_path)
    assert re.findall(r'href="#([A-Z]\w+)"', page) == ["V5", "V4", "F9", "V12"]
    assert "3 errors, 1 warning and 1 note" in page
    assert all(RULES[rule].title in page for rule in ("V5", "V4", "F9", "V12"))
    assert f"pixelwise audit {data} --fix {data}-fixed" in page
    assert "2 files · 6 pixels" in page
    assert "1 file · 7 pixels" in page


def test_what_is_done_with_turned_and_deep_images_stands_on_the_page(data, tmp_path):
    """A line a kind, as in the text."""
    found = replace(audit_of(data, []), notes=("1 of 9 images has a palette: it is applied",))
    assert found.notes[0] in page_of(found, tmp_path)
    assert found.notes[0] in found.text()


def test_what_is_to_be_decided_stands_on_the_page_with_its_answers(data, tmp_path):
    lines = ("? is 255 void?", "  it is: pixelwise init street --force --ignore-values 255")
    page = page_of(audit_of(data, [], questions=lines), tmp_path)
    assert "\n".join(lines) in page
    assert "Please decide" not in page_of(audit_of(data, []), tmp_path)


def test_the_same_audit_from_json_gives_the_same_bytes(data, tmp_path):
    """The command writes JSON; the page can be made from it later."""
    audit = audit_of(data, [Finding("V4", "train/labels/00.png", 1, (1, 1), "99", (99,))])
    first = audit_page(audit, tmp_path / "a.html").read_bytes()
    again = audit_page(json.loads(json.dumps(audit.as_dict())), tmp_path / "b.html").read_bytes()
    assert first == again
    assert not re.search(rb"https?://|src=[^\"]|src=\"(?!data:)|<link|url\(", first)


def test_an_audit_without_findings_says_so(data, tmp_path):
    """And what was not looked at."""
    page = page_of(audit_of(data, [], not_looked=("near duplicates",)), tmp_path)
    assert "No findings <span>in 16 files" in page
    assert "No rule was broken." in page
    assert "near duplicates" in page


def test_the_first_examples_are_shown_and_every_finding_is_listed(data, tmp_path):
    found = [Finding("P1", f"train/images/x{n}.png", 1, None, f"no {n}") for n in range(40)]
    page = page_of(audit_of(data, found), tmp_path)
    assert page.count('class="about"') == EXAMPLES
    assert "<summary>All 40 findings</summary>" in page
    assert re.findall(r'<th scope="row">train/images/x(\d+)', page) == [str(n) for n in range(40)]


def test_what_a_page_cannot_list_is_counted_with_the_command_that_prints_it(data, tmp_path):
    """Every rule keeps rows, and 10^4 long rows are a page that a browser opens."""
    name = "train/labels/" + "n" * 150
    found = [Finding("V4", f"{name}{n}.png", n, (n, n), f"value {n}" * 9) for n in range(MOST_ROWS)]
    found += [Finding("F9", f"{name}{n}.png", 1, None, "another palette") for n in range(300)]
    audit = replace(audit_of(data, found), totals={"V4": Total(12_000, 1), "F9": Total(300, 300)})
    page = page_of(audit, tmp_path)
    assert page.count('<th scope="row">train') == MOST_ROWS
    assert "All 300 findings" in page
    assert "The first 9\u202f700 of 12\u202f000 findings" in page
    assert "2\u202f300 more are left out of this page" in page
    assert f"pixelwise audit {data} --json</pre>" in page
    assert len(page.encode()) < 15e6


@pytest.mark.parametrize(
    ("numbers", "taken"),
    [
        ({"a": 3, "b": 4}, {"a": 3, "b": 4}),
        ({"a": 90, "b": 2, "c": 90}, {"a": 4, "b": 2, "c": 4}),
        ({"a": 90, "b": 3}, {"a": 7, "b": 3}),
        ({}, {}),
    ],
)
def test_rows_are_shared_so_that_no_rule_is_starved(numbers, taken):
    assert shared(numbers, 10) == taken


def test_the_image_stands_beside_a_label_with_wrong_values(data, tmp_path):
    """Where a rule is about storage it says nothing."""
    label = "train/labels/00.png"
    for rule, pictures in (("V4", 3), ("F9", 1)):
        page = page_of(audit_of(data, [Finding(rule, label, 1, (1, 1), "", (99,))]), tmp_path)
        assert page.count("<img ") == pictures
        assert page.count("<figcaption>Its image</figcaption>") == (rule == "V4")


def test_the_commands_that_accept_a_rule_accept_it_alone(data, tmp_path):
    found = [Finding(rule, "dataset.toml", 1, None, "") for rule in ("V11", "M1")]
    page = unescape(page_of(audit_of(data, found), tmp_path))
    line = f"pixelwise audit {data} --write-baseline {data}-accepted.json --accept-rules V11\n"
    assert f"{line}pixelwise audit {data} --baseline {data}-accepted.json</pre>" in page


@pytest.mark.parametrize(("root", "place"), [(".", "./.."), ("..", "../.."), ("../", "../..")])
def test_accepted_findings_of_the_current_folder_lie_beside_it(tmp_path, monkeypatch, root, place):
    (tmp_path / "street/street").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "street" / ("" if root == "." else "street"))
    assert f"--baseline {place}/street-accepted.json" in accept_commands(root, "V11")


@NEEDS_CHROMIUM
def test_findings_are_filtered_by_severity_and_file_and_a_label_is_laid_on_its_image(
    data, tmp_path
):
    """Of a rule without a match nothing is shown."""
    found = [
        *[Finding("V4", f"train/labels/0{n}.png", 1, (1, 1), "99", (99,)) for n in range(6)],
        *[Finding("F9", f"train/labels/0{n}.png", 1, None, "palette") for n in range(2)],
    ]
    actions = """
    found.start = [texts("article h3").length, ...texts(".shown")];
    const laid = one(".shots button");
    await click(laid);
    found.laid = [laid.getAttribute("aria-pressed"), one(".laid").checkVisibility()];
    await type("input", "05.png");
    found.typed = [texts("article h3").length, texts(".findings tbody th"), texts(".example h4")];
    await type("input", "");
    await click(one(".choices button:last-child"));
    found.warnings = [texts("article .severity"), ...texts(".shown")];"""
    out, console = clicked(page_of(audit_of(data, found), tmp_path), actions, tmp_path)
    assert console == []
    assert out == {
        "start": [2, "8 of 8 findings shown"],
        "laid": ["true", True],
        "typed": [1, ["train/labels/05.png"], []],
        "warnings": [["warning"], "2 of 8 findings shown"],
    }


def test_names_and_details_cannot_change_the_page(data, tmp_path):
    """Neither markup nor characters that turn the text around."""
    bad = '<img src=x onerror="x">\u202e.png'
    found = [Finding("P1", bad, 1, None, bad, other=bad)]
    page = page_of(audit_of(data, found, not_looked=(bad,)), tmp_path)
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert page.count("&lt;img src=x") >= 4


@pytest.mark.parametrize(
    "file", ["../outside.png", "/outside.png", "train/../../outside.png", "a\0.png"]
)
def test_no_file_outside_of_the_dataset_is_read(data, tmp_path, file):
    """The names come from a JSON file, which may be from anywhere."""
    Image.new("L", (5, 5)).save(tmp_path / "outside.png")
    pictures = example_pictures(DatasetFiles(data), file, None, (), "")
    assert [(p.data, p.text) for p in pictures] == [
        ("", f"{file} is not in the folder of the dataset.")
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "an empty file"), (b"\x89PNG\r\n\x1a\nxx", "one without a header"), (b"{}", "starts")],
)
def test_a_file_that_cannot_be_shown_is_a_sentence(data, content, reason):
    """Damage is what an audit finds; it must not stop the page."""
    (data / "train/labels/00.png").write_bytes(content)
    pictures = example_pictures(DatasetFiles(data), "train/labels/00.png", (0, 0), (), "none.png")
    assert reason in pictures[0].text
    assert pictures[1].text == "none.png is not there."
    assert not any(picture.data for picture in pictures)


def test_another_json_is_refused(tmp_path):
    """Only an audit becomes the page of one."""
    with pytest.raises(RunError, match=r"schema must be 'pixelwise\.audit/1', got None"):
        audit_page({}, tmp_path / "a.html")


def test_a_rule_that_counts_files_shows_the_whole_file(data, tmp_path):
    """Red and blue are swapped everywhere: no place is worth a second picture."""
    found = [Finding("F11", "train/labels/00.png", 1, (3, 3), "swapped")]
    assert page_of(audit_of(data, found), tmp_path).count("<img ") == 1


def test_a_reason_that_is_told_already_is_not_repeated(data, tmp_path):
    """The finding of a damaged file says what is damaged."""
    (data / "train/labels/00.png").write_bytes(b"")
    found = [Finding("F3", "train/labels/00.png", 1, None, "got an empty file")]
    page = page_of(audit_of(data, found), tmp_path).partition("<details")[0]
    assert page.count("got an empty file") == 1
    assert '<p class="missing">' not in page


@pytest.mark.parametrize("file", ["dataset.toml", "train/labels", "shapes.json"])
def test_what_is_no_picture_has_none(data, tmp_path, file):
    """Rules on classes, splits and annotation files."""
    page = page_of(audit_of(data, [Finding("V11", file, 1, None, "never occurs")]), tmp_path)
    assert "never occurs" in page
    assert "<figure>" not in page


@pytest.fixture
def marked(tmp_path):
    """A label of 100 x 200 pixels, with a block of 3 x 4 pixels of value 9 at y=70, x=150."""
    label = np.zeros((100, 200), np.uint8)
    label[70:73, 150:154] = 9
    write_label(tmp_path / "label.png", label, Classes(["ground"], colors=[(0, 0, 90)]))
    return tmp_path


def test_the_place_is_framed_and_affected_pixels_are_outlined(marked):
    """A frame in the whole file, and around the place an outline of all pixels of the value."""
    whole, near = example_pictures(DatasetFiles(marked), "label.png", (70, 150), (9,), "")
    assert (whole.caption, near.caption) == ("200 × 100", "around x=150, y=70")
    assert has_color(pixels_of(whole), WRONG)
    factor = 240 // (2 * REACH + 1)
    assert near.size == (factor * 41, factor * 41)
    y, x = REACH * factor, REACH * factor
    outlined = (pixels_of(near) == WRONG).all(axis=2)
    # the far edges of the block, which the frame around its first pixel does not reach
    assert outlined[y + 3 * factor - 1, x + 2 * factor : x + 4 * factor].all()
    assert outlined[y + factor * 2 : y + factor * 3, x + 4 * factor - 1].all()
    assert not outlined[: y - factor].any()


def test_without_a_place_the_file_is_shown_unmarked(marked):
    """A palette has no place."""
    (whole,) = example_pictures(DatasetFiles(marked), "label.png", None, (), "")
    assert not has_color(pixels_of(whole), WRONG)


def test_a_place_outside_of_the_picture_is_not_believed(marked):
    """The file may have changed since the audit."""
    (whole,) = example_pictures(DatasetFiles(marked), "label.png", (100, 5), (9,), "")
    assert not has_color(pixels_of(whole), WRONG)


def test_in_a_colour_file_pixels_of_the_same_colour_are_outlined(tmp_path):
    """A colour that no class has is usually there more than once."""
    colors = np.zeros((60, 60, 3), np.uint8)
    colors[30, 30:36] = (7, 8, 9)
    Image.fromarray(colors).save(tmp_path / "color.png")
    near = example_pictures(DatasetFiles(tmp_path), "color.png", (30, 30), (), "")[1]
    outlined = (pixels_of(near) == WRONG).all(axis=2)
    factor = 240 // 41
    assert outlined[REACH * factor, (REACH + 2) * factor : (REACH + 6) * factor].all()


def test_labels_have_the_colours_of_the_classes_and_images_their_own(data):
    """A grey photograph is a picture, although its file could be a label."""
    grey = np.full((33, 47), 7, np.uint8)
    Image.fromarray(grey).save(data / "train/images/00.png")
    write_label(data / "train/labels/00.png", grey)
    description = read_description(data)
    image, label = (
        pixels_of(
            example_pictures(DatasetFiles(data, description), f"train/{of}/00.png", None, (), "")[0]
        )
        for of in ("images", "labels")
    )
    assert image[0, 0].tolist() == [7, 7, 7]
    assert tuple(label[0, 0].tolist()) == shown_colors(description.classes)[2]


def test_values_beyond_8_bits_are_shown_too(tmp_path):
    """Instance ids are what stands there by mistake."""
    write_label(tmp_path / "wide.png", np.arange(300, 900, dtype=np.uint16).reshape(20, 30))
    pictures = example_pictures(DatasetFiles(tmp_path), "wide.png", (3, 3), (393,), "")
    assert all(picture.data for picture in pictures)


@pytest.mark.parametrize(
    ("place", "size", "expected"),
    [
        ((50, 60), (100, 200), (30, 40, 71, 81)),
        ((0, 199), (100, 200), (0, 159, 41, 200)),
        ((2, 2), (5, 3), (0, 0, 5, 3)),
    ],
)
def test_a_window_stays_inside_the_picture(place, size, expected):
    """(top, left, bottom, right), 41 pixels wide where there are so many."""
    assert window(place, size) == expected


def test_folders_with_blanks_are_quoted_in_commands():
    """The command can be copied into a shell."""
    assert repair_command("F2", "my data/") == ("pixelwise audit 'my data' --fix 'my data-fixed'")
