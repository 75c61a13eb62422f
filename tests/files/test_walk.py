"""Files are found in the same order everywhere; hidden ones and links to folders are left out."""

import os

import pytest

from pixelwise.files.walk import IMAGE_SUFFIXES, NOT_SEARCHED, walk_files


@pytest.fixture
def folder(tmp_path):
    """Files of a folder, of folders in it, hidden ones, and links of three kinds."""
    names = ["b/2.png", "a/1.PNG", "c.jpg", "notes.txt", ".hidden/3.png", "a/.4.png", "a/b/5.tif"]
    for name in names:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    os.symlink(tmp_path / "data" / "c.jpg", tmp_path / "data" / "b" / "link.jpg")
    os.symlink(tmp_path / "nowhere.jpg", tmp_path / "data" / "b" / "dead.jpg")
    os.symlink(tmp_path / "data", tmp_path / "data" / "a" / "circle")
    return tmp_path / "data"


def test_the_files_of_a_folder_come_before_those_of_the_folders_in_it(folder):
    assert list(walk_files(folder)) == [
        *("c.jpg", "notes.txt", "a/1.PNG", "a/b/5.tif"),
        *("b/2.png", "b/dead.jpg", "b/link.jpg"),
    ]


def test_suffixes_choose_files_whatever_their_letters(folder):
    assert list(walk_files(folder, [".png"])) == ["a/1.PNG", "b/2.png"]
    assert "notes.txt" not in walk_files(folder, IMAGE_SUFFIXES)


def test_the_root_may_be_a_link(folder, tmp_path):
    os.symlink(folder, tmp_path / "link")
    assert list(walk_files(str(tmp_path / "link"))) == list(walk_files(folder))


def test_links_to_files_are_listed_apart_too(folder):
    links = []
    assert "b/link.jpg" in list(walk_files(folder, [".jpg"], links=links))
    assert links == ["b/dead.jpg", "b/link.jpg"]


def test_folders_with_a_certain_file_are_left_out_unless_they_are_the_root(folder):
    (folder / "a" / "made.jsonl").touch()
    assert list(walk_files(folder, [".png", ".tif"], except_with="made.jsonl")) == ["b/2.png"]
    assert list(walk_files(folder / "a", [".tif"], except_with="made.jsonl")) == ["b/5.tif"]


def test_what_is_beside_labels_is_not_searched_with_them(folder):
    """Unless the walk begins there."""
    beside = folder / "a"
    inside = [f"{beside.name}/{name}" for name in walk_files(beside)]
    before = list(walk_files(folder))
    (beside / NOT_SEARCHED).touch()
    assert list(walk_files(folder)) == [name for name in before if name not in inside]
    assert [f"{beside.name}/{name}" for name in walk_files(beside)] == inside


def test_a_folder_that_cannot_be_read_is_raised_or_collected(folder, monkeypatch):
    real = os.scandir

    def scandir(path):
        refuse_a(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match="data/a"):
        list(walk_files(folder))
    failures = []
    assert list(walk_files(folder, [".png"], failures=failures)) == ["b/2.png"]
    assert [error.filename for error in failures] == [str(folder / "a")]


def refuse_a(path):
    if path.endswith("/a"):
        raise PermissionError(13, "Permission denied", path)


def test_a_missing_root_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(walk_files(tmp_path / "nowhere"))
