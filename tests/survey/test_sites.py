"""Folders beside each other are one data set, unless their labels share no class."""

import numpy as np
import pytest

import pixelwise as pw
from first_contact.drawings import photo, save, stripes

FIRST, OTHER = np.array([0, 1, 2], np.uint8), np.array([0, 100, 200], np.uint8)


def draw(root, site, values, form):
    for i in range(6):
        save(root / form[0].format(site=site, i=i), photo(i + 50 * (site == "b")))
        save(root / form[1].format(site=site, i=i), values[stripes(i + 50 * (site == "b"), 3)])


FORMS = [
    ("{site}/images/{i}.png", "{site}/masks/{i}.png"),
    ("{site}/{i}_rgb.png", "{site}/{i}_seg.png"),
]


@pytest.mark.parametrize("form", FORMS, ids=["folders", "suffixes"])
def test_folders_that_share_no_class_are_asked_about(tmp_path, form):
    draw(tmp_path, "a", FIRST, form)
    draw(tmp_path, "b", OTHER, form)
    survey = pw.init(tmp_path)
    (question,) = [s for s in survey.open if "share no class" in s.text]
    assert "a has 1, 2; b has 100, 200" in question.text
    together, a, b = question.answers
    for answer, number in ((together, 12), (a, 6), (b, 6)):
        found = pw.init(tmp_path, force=True, **answer.options)
        assert not [s for s in found.open if "share no class" in s.text]
        assert len(found.pairs) == number


@pytest.mark.parametrize("form", FORMS, ids=["folders", "suffixes"])
def test_folders_that_share_a_class_are_one(tmp_path, form):
    draw(tmp_path, "a", FIRST, form)
    draw(tmp_path, "b", np.array([0, 2, 3], np.uint8), form)
    assert not [s for s in pw.init(tmp_path).open if "share no class" in s.text]
