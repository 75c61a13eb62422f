"""Every defect, planted alone into a clean dataset, is found: its rule, its file, its count."""

import pickle
import re

import pytest

from audit.clean_data import make_clean
from audit.planted import COMES_WITH, NEEDS_IMAGES, PLANTS
from audit.planted_shapes import good_annotation
from pixelwise.audit.rules import RULES
from pixelwise.report.audit_page import audit


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The clean dataset; not to be changed."""
    return make_clean(tmp_path_factory.mktemp("clean"))


def found(audit_result):
    """{rule: {file: count}}"""
    table = {}
    for finding in audit_result.findings:
        table.setdefault(finding.rule, {})[finding.file] = finding.count
    return table


@pytest.mark.parametrize("deep", [False, True])
def test_the_clean_data_set_has_no_finding(clean, deep):
    """No rule is broken, and so all of its files are counted and nothing is listed."""
    result = audit(clean, deep=deep)
    assert found(result) == {}
    assert result.files == 36
    assert result.pairs == {"train": 12, "val": 6}
    assert result.errors == 0


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found_and_nothing_else(plant, tmp_path):
    """The audit names the rule, the file and the count; no other rule fires."""
    folder = make_clean(tmp_path / "data")
    rule, files = plant(folder)
    result = audit(folder, deep=plant in NEEDS_IMAGES)
    table = found(result)
    assert set(table) - COMES_WITH.get(rule, set()) == {rule}
    counts = table[rule]
    assert set(counts) == set(files)
    assert all(files[name] in (counts[name], None) for name in files)
    assert result.totals[rule].files == len(files)


ONE_OF_SEVERAL = re.compile(
    r"(?<![\d.,])1 (files|pixels|errors|warnings|notes|findings|pairs|images|labels|shapes|lines"
    r"|bits|colours|values|classes|entries|others|more colours)\b"
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_one_file_pixel_or_error_is_not_several(plant, tmp_path):
    """The text and the page say "1 file", never "1 files"."""
    folder = make_clean(tmp_path / "data")
    plant(folder)
    found = audit(folder, html=tmp_path / "page.html")
    page = re.sub("<[^>]+>", " ", (tmp_path / "page.html").read_text())
    assert ONE_OF_SEVERAL.findall(found.text() + page) == []


def test_every_rule_has_a_planted_defect(tmp_path):
    """A rule without a test is a rule that may never fire."""
    rules = set()
    for number, plant in enumerate(PLANTS):
        rules.add(plant(make_clean(tmp_path / str(number)))[0])
    assert rules == set(RULES)


def test_a_good_annotation_file_has_no_finding(tmp_path):
    """Twin points and points beyond the border are painted as they were meant."""
    folder = make_clean(tmp_path / "data")
    good_annotation(folder)
    result = audit(folder)
    assert found(result) == {}
    assert result.files == 37


def test_an_audit_can_be_pickled_and_is_equal_afterwards(clean):
    """It travels to other processes like every record of the library."""
    result = audit(clean)
    assert pickle.loads(pickle.dumps(result)) == result
