"""Every folder that is drawn ends after at most two printed commands in the right dataset.

Or in a refusal, where there is nothing to segment. What is said to be sure is right.
"""

from pathlib import Path

import pytest

from first_contact import exports, folders, values  # noqa: F401  (they fill DRAWINGS)
from first_contact.drawings import DRAWINGS
from first_contact.follow import OPEN, REFUSED, dataset_of, follow, problems

NOTHING_TO_SEGMENT = {"boxes_of_yolo", "boxes_of_coco"}


@pytest.mark.parametrize("name", sorted(DRAWINGS.keys() - NOTHING_TO_SEGMENT))
def test_a_newcomer_gets_the_right_dataset(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    truth = DRAWINGS[name](Path(name))
    steps = follow(Path(name), truth, capsys)
    story = "\n\n".join(f"$ {s.command}\n{s.text}-> {s.code}" for s in steps)
    assert steps[-1].code == 0, story
    assert problems(dataset_of(steps[-1]), truth) == [], story
    # only a question or a refusal may come before what is right
    assert {s.code for s in steps[:-1]} <= {0, OPEN, REFUSED}, story


@pytest.mark.parametrize("name", sorted(NOTHING_TO_SEGMENT))
def test_boxes_are_not_painted_unless_that_is_asked_for(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    steps = follow(Path(name), DRAWINGS[name](Path(name)), capsys)
    assert steps[-1].code == REFUSED
    assert "--boxes" in steps[-1].text
