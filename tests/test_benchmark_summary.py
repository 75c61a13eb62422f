"""RESULTS.md in short: figures beside targets, the table of the README and the chart."""

import pytest
from benchmarks import __main__ as everything
from benchmarks import chart
from benchmarks.summary import (
    BEGIN,
    END,
    README,
    RESULTS,
    Target,
    read_tables,
    short_table,
    target_table,
)
from benchmarks.targets import TARGETS

TEXT = """
## A section

| (4, 19) | median | time / pixelwise |
| --- | --- | --- |
| pixelwise | 1,250.5 ms | 1.00 × |
| eager | 5.0 s | 4.00 × |
| floor | 1.0 s | 0.80 × |

| headers | rate |
| --- | --- |
| audit | 41,500 files/s |
"""


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (
            Target("a", "≥ 4 × eager", "(4, 19)", ("eager",)),
            "| a | ≥ 4 × eager | 4 × eager | met |",
        ),
        (
            Target("a", "≥ 4.5 × eager", "(4, 19)", ("eager",), why="it is slow"),
            "| a | ≥ 4.5 × eager | 4 × eager | missed: it is slow |",
        ),
        (
            Target("a", "≥ 1 × both", "(4, 19)", ("eager", "floor")),
            "| a | ≥ 1 × both | 0.8 × both | missed |",
        ),
        (
            Target("a", "≤ 1.25 × floor", "(4, 19)", ("floor",), inverse=True),
            "| a | ≤ 1.25 × floor | 1.25 × floor | met |",
        ),
        (
            Target("a", "≥ 40,000 a second", "headers", ("audit",), "rate"),
            "| a | ≥ 40,000 a second | 41,500 a second | met |",
        ),
        (
            Target("a", "≤ 1 s", "nowhere", ("audit",), why="no machine"),
            "| a | ≤ 1 s | not measured | no machine |",
        ),
    ],
)
def test_a_figure_stands_beside_its_target(target, shown):
    assert target_table(TEXT, (target,)).splitlines()[-1] == shown


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.work} {target.aim}")
def test_every_target_has_a_bound(target):
    assert target.is_met(0.0) == ("≤" in target.aim)
    assert target.is_met(1e9) == ("≥" in target.aim)


def test_tables_are_read_by_their_first_cells():
    tables = read_tables(TEXT)
    assert tables.cell("(4,", "pixelwise", "median") == "1,250.5 ms"
    assert tables.cell("(4,", "pixelwise", "memory") == tables.cell("(5,", "eager", "median") == ""


def test_the_readme_has_the_figures_of_the_results():
    block = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    assert block == short_table(RESULTS.read_text(encoding="utf-8"))


def test_the_chart_is_drawn_from_the_results():
    drawn = chart.draw(RESULTS.read_text(encoding="utf-8"))
    assert chart.FILE.read_text(encoding="utf-8") == drawn


@pytest.mark.parametrize(
    ("section", "is_kept"),
    [(f"commit {40 * 'a'}; torch", True), ("commit unknown; torch", False), ("torch", False)],
    ids=["of a commit", "of an unknown one", "of none"],
)
def test_what_a_gpu_measured_is_kept_if_it_names_its_commit(
    tmp_path, monkeypatch, section, is_kept
):
    file = tmp_path / "RESULTS.md"
    file.write_text(f"# Results\n\n## On a GPU\n\n{section}\n\n## Next\n\nother\n")
    monkeypatch.setattr(everything, "RESULTS", file)
    assert (section in everything.kept()) == is_kept
    assert "other" not in everything.kept()
