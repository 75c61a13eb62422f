"""Folders appear when they are complete, and only what a command made is replaced."""

import os
import subprocess
import sys

import pytest

from pixelwise.errors import RunError
from pixelwise.files import folder as staging_of
from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import check_free, remove_leftovers, staged_folder


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


def test_a_link_that_was_put_in_the_place_of_the_unfinished_folder_is_not_followed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(staging_of.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f".out.new-{os.getpid()}-guessed").symlink_to("elsewhere")
    refused = pytest.raises(RunError, match=r"/out: folder must be one that can be made, got File")
    with refused, staged_folder(tmp_path / "out") as staging:
        (staging / "file").write_text("new")
    assert names(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_messages_about_an_unfinished_folder_name_the_folder(tmp_path, monkeypatch, size):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    message = rf"^{tmp_path}/out/deep/file: file must be writable, got No space left .* {size:,} b"
    with pytest.raises(RunError, match=message), staged_folder(tmp_path / "out") as staging:
        atomic_write(staging / "deep" / "file", bytes(size))
    message = rf"^{tmp_path}/out: folder must be one that can be filled, got No such file"
    with pytest.raises(RunError, match=message), staged_folder(tmp_path / "out") as staging:
        (staging / "no" / "file").mkdir()
    assert names(tmp_path) == []


@pytest.mark.parametrize("broken", [".out.new", "out"])
def test_an_old_folder_has_its_name_again_when_the_new_one_cannot_take_it(
    tmp_path, monkeypatch, broken
):
    def failing(path, target, rename=os.replace):
        if path.name.startswith(broken):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    monkeypatch.setattr(os, "replace", failing)
    refused = pytest.raises(RunError, match=r"/out: folder must be one that can be replaced, got I")
    with refused, staged_folder(tmp_path / "out"):
        pass
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["old"]


def test_leftovers_of_processes_that_have_ended_are_removed_and_others_stay(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = os.getppid()
    for name in (f"{ended.pid}", f"{ended.pid}-a1", f"{os.getpid()}-a1", "x", f"{1 << 80}-a"):
        (tmp_path / f".[out].new-{name}").mkdir()
    kept = {f".[out].new-{running}", f".o.new-{ended.pid}", "out"}
    for name in kept:
        (tmp_path / name).mkdir()
    remove_leftovers(tmp_path / "[out]")
    assert set(names(tmp_path)) == kept


def test_what_the_system_refuses_is_one_sentence(tmp_path):
    with pytest.raises(RunError, match=r"folder must be one that can be used, got File name too l"):
        check_free("train", tmp_path / ("x" * 300), "")
