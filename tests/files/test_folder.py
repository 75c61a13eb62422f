"""Folders appear when they are complete, and only what a command made is replaced."""

import pytest

from pixelwise.errors import RunError
from pixelwise.files.folder import check_free, staged_folder


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_folder_appears_when_it_is_complete(tmp_path):
    with staged_folder(tmp_path / "deep" / "out") as staging:
        (staging / "a").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert names(tmp_path / "deep") == ["out"]


def fail_in(folder, error):
    with staged_folder(folder) as staging:
        (staging / "half").write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt("stop")])
def test_after_a_failure_the_old_folder_is_what_it_was(tmp_path, error):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with pytest.raises(type(error), match=str(error)):
        fail_in(tmp_path / "out", error)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["old"]


def test_a_complete_folder_replaces_the_old_one(tmp_path):
    for content in ("one", "two"):
        with staged_folder(tmp_path / "out") as staging:
            (staging / content).write_text(content)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["two"]


def test_only_a_folder_of_the_same_command_may_be_replaced(tmp_path):
    check_free("predict", tmp_path / "new", "")
    check_free("predict", tmp_path, "")
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match=r"out must be a new or empty folder, got .* Do this\."):
        check_free("predict", tmp_path, "Do this.")
    with pytest.raises(RunError, match=r"It has no prediction.json, so it is not replaced"):
        check_free("predict", tmp_path, "", "prediction.json")
    (tmp_path / "prediction.json").write_text("{}")
    check_free("predict", tmp_path, "", "prediction.json")
    with pytest.raises(RunError, match=r"out must be a folder, got the file"):
        check_free("predict", tmp_path / "thesis.txt", "")
