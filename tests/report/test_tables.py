"""Rows of tables and sentences, from the numbers of a score."""

from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from pixelwise.report import tables
from pixelwise.report.source import Source, read_source

Row = namedtuple("Row", ["index", "name", "iou"])


def test_confusions_are_ranked_by_pixels_and_leave_out_the_diagonal():
    """target taken for predicted, with its share."""
    found = tables.confusions([(0, 0, 90), (0, 1, 10), (1, 0, 30)], ("a", "b"), [100, 60])
    assert [(c.target, c.predicted, c.pixels, c.share) for c in found] == [
        ("b", "a", 30, 0.5),
        ("a", "b", 10, 0.1),
    ]


def test_a_small_class_that_is_lost_leads_the_list_by_share():
    """Pixels hide thin classes; shares do not."""
    cells = [(0, 1, 100), (2, 0, 9)]
    lists = list(tables.largest_confusions(cells, ("a", "b", "thin"), [1000, 1, 10]).values())
    assert [ranked[0].target for ranked in lists] == ["a", "thin"]


def test_without_confusions_there_are_no_lists():
    """A perfect prediction has nothing to say here."""
    assert tables.largest_confusions([(0, 0, 9)], ("a", "b"), [9, 0]) == {}


def test_classes_are_described_by_their_best_weakest_and_absent(score_path):
    """The absent class has no score, which is not a score of 0."""
    rows = tables.class_rows(read_source(score_path).score)
    sentence = tables.class_sentence(rows)
    assert sentence.startswith("Weakest is Pole with an IoU of ")
    assert sentence.endswith("Boat has no score, being in neither label nor prediction.")
    assert sum(row.share for row in rows) == pytest.approx(1)


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        ([0], "a has no score"),
        ([0, 1], "a and b have no score"),
        ([0, 1, 2, 3], "4 classes have no score"),
        ([], ""),
    ],
)
def test_absent_classes_are_named_while_they_are_few(absent, words):
    """Up to three by name."""
    rows = [Row(i, name, None if i in absent else 0.5) for i, name in enumerate("abcde")]
    assert words in tables.class_sentence(rows)
    assert ("no score" in tables.class_sentence(rows)) == bool(absent)


def test_the_chosen_convention_is_marked_and_counts_its_classes(score_path):
    """Five of six classes are present; where no mean over classes is taken there is no count."""
    rows = {
        row["name"]: row
        for row in tables.conventions(read_source(score_path).score, tables.averaged)
    }
    assert [name for name, row in rows.items() if row["chosen"]] == ["present"]
    assert {name: row["averaged"] for name, row in rows.items()} == {
        "present": 5,
        "target": 5,
        "absent_as_zero": 6,
        "absent_as_one": 6,
        "micro": None,
        "weighted": 5,
        "per_image": None,
    }


def test_one_score_is_not_compared(score_path):
    """The table appears with the second."""
    assert tables.comparison([read_source(score_path)]) is None


def test_scores_are_compared_under_the_convention_of_the_first(score_path):
    """Never a headline of one convention with a headline of another."""
    first = read_source(score_path)
    scores = {**first.score.scores, "mean_iou": 0.99}
    other = replace(first.score, convention="micro", scores=scores)
    table = tables.comparison([first, Source(score_path, other)])
    assert table["rows"][0]["name"] == "Mean IoU (present)"
    ours, theirs = table["rows"][0]["cells"]
    assert ours["value"] == theirs["value"] == first.score.scores["mean_iou"]
    assert theirs["difference"] == "0.0"
    assert table["warnings"] == []


def test_the_highest_value_of_a_row_is_marked_and_a_tie_is_not(score_path, change_score):
    """Differences are to the first column."""
    first = read_source(score_path)

    def raise_pole(score):
        score["per_class"][4]["iou"] = 0.75

    table = tables.comparison([first, read_source(change_score(raise_pole))])
    rows = {row["name"]: row["cells"] for row in table["classes"]}
    assert [cell["top"] for cell in rows["Pole"]] == [False, True]
    assert [cell["top"] for cell in rows["Sky"]] == [False, False]
    assert [cell["value"] for cell in rows["Boat"]] == [None, None]


def test_scores_of_other_classes_or_pixels_are_compared_with_a_warning(score_path, change_score):
    """And other classes have no rows."""
    first = read_source(score_path)

    def other(score):
        score["classes"]["names"][0] = score["per_class"][0]["name"] = "Heaven"
        score["valid_pixels"] += 1

    table = tables.comparison([first, read_source(change_score(other))])
    assert table["classes"] == []
    assert "has other classes" in table["warnings"][0]
    assert "was scored on other images or labels" in table["warnings"][1]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/r/ce/val/score.json", "/r/ce+dice/val/score.json"], ["ce", "ce+dice"]),
        (["/r/a/val/score.json", "/r/a/test/score.json"], ["val", "test"]),
        (["/a/score.json", "/b/c/score.json"], ["a", "b/c"]),
        (["/a/score.json", "/a/score.json"], ["/a/score.json", "/a/score.json"]),
        (["/a/score.json", "/a/b/score.json"], ["/a/score.json", "/a/b/score.json"]),
    ],
)
def test_scores_are_named_by_what_tells_their_paths_apart(paths, names):
    """The whole path where nothing does."""
    assert tables.short_names([Path(path) for path in paths]) == names
