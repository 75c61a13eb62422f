"""Names in annotation files stay in the folders that the user named."""

import os

import pytest

from pixelwise.convert.paths import check_apart, files_below, inside, safe_id
from pixelwise.errors import DatasetError

OUT = ["../x", "a/../../x", "/x", "C:\\x", "C:x", "\\\\host\\x", "", "a\0b", "..", "..\\x"]


@pytest.mark.parametrize("text", OUT)
def test_a_name_that_leads_out_is_refused(tmp_path, text):
    """Whatever way it leads."""
    with pytest.raises(DatasetError, match=r"^f: path must be a relative path that stays"):
        inside("f", "path", text, tmp_path / "a", [tmp_path / "a"])


@pytest.mark.parametrize("text", OUT)
def test_an_id_that_leads_out_is_refused(text):
    """Outputs have the names of ids."""
    with pytest.raises(DatasetError, match=r"^f: name must be a relative path without"):
        safe_id("f", "name", text)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("a.png", "a"),
        ("b/a.png", "b/a"),
        ("b\\a.b.png", "b/a.b"),
        ("./a.png", "a"),
        ("ä ö.jpg", "ä ö"),
    ],
)
def test_an_id_is_the_name_without_its_suffix(text, id):
    """With "/" between folders."""
    assert safe_id("f", "name", text) == id


def test_a_name_may_climb_inside_of_the_roots(tmp_path):
    """../images/x from a folder beside, if both are named."""
    path = inside("f", "p", "../images/x", tmp_path / "a", [tmp_path / "a", tmp_path / "images"])
    assert path.resolve() == (tmp_path / "images/x").resolve()


def test_links_are_judged_by_where_they_lead(tmp_path):
    """Inside is fine, outside and loops are not."""
    (tmp_path / "root/real").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    os.symlink(tmp_path / "root/real", tmp_path / "root/good")
    os.symlink(tmp_path / "other", tmp_path / "root/bad")
    os.symlink(tmp_path / "root/loop", tmp_path / "root/loop")
    inside("f", "p", "good/x", tmp_path / "root", [tmp_path / "root"])
    for name in ("bad/x", "loop/x"):
        with pytest.raises(DatasetError, match="a relative path that stays"):
            inside("f", "p", name, tmp_path / "root", [tmp_path / "root"])


def test_folders_are_walked_in_order_and_links_are_not_followed(tmp_path):
    """Sorted, without hidden files, once each."""
    for name in ("b.json", "a/c.JSON", ".hidden/d.json", ".e.json", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    os.symlink(tmp_path, tmp_path / "a/again")
    assert [name for name, _ in files_below(tmp_path, [".json"])] == ["b.json", "a/c.JSON"]


def test_a_folder_that_is_none_is_refused(tmp_path):
    """Missing, or a file."""
    (tmp_path / "file").write_text("")
    for name in ("missing", "file"):
        with pytest.raises(DatasetError, match="must be an existing folder"):
            list(files_below(tmp_path / name, [".json"]))


@pytest.mark.parametrize("out", ["a", "a/b", ".", "link"])
def test_source_and_out_must_lie_apart(tmp_path, out):
    """In both directions, and through links."""
    (tmp_path / "a").mkdir()
    os.symlink(tmp_path / "a", tmp_path / "link")
    with pytest.raises(DatasetError, match="out must be apart from the source"):
        check_apart(tmp_path / "a", tmp_path / out)
    check_apart(tmp_path / "a", tmp_path / "ab")
