"""Which class file of a folder is taken, and what is said of the others."""

import pytest

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.legend.find import find_class_file


def write(folder, **texts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_DOT_", ".")).write_text(text)


def test_the_nearest_file_is_taken_whole(tmp_path):
    """That of the labels before those above."""
    write(tmp_path, classes_DOT_txt="a\nb\n")
    write(tmp_path / "labels", labels_DOT_txt="c\nd\n")
    found = find_class_file([tmp_path / "labels", tmp_path])
    assert (found.path, found.rows.names) == (tmp_path / "labels/labels.txt", ("c", "d"))
    assert (found.others, found.problems) == ((), ())


def test_files_of_one_folder_that_disagree_are_told(tmp_path):
    """Those that say the same in other words are not."""
    write(tmp_path, labels_DOT_txt="a\nb\n", names_DOT_txt="A\nb\n", codes_DOT_txt="b\na\n")
    found = find_class_file([tmp_path])
    assert found.path == tmp_path / "labels.txt"
    assert found.others == (tmp_path / "codes.txt",)


def test_the_file_of_pixelwise_needs_no_company(tmp_path):
    """Nobody else writes classes.toml."""
    write(tmp_path, classes_DOT_toml='[[classes]]\nname = "x"\n', labels_DOT_txt="a\nb\n")
    found = find_class_file([tmp_path])
    assert (found.rows.names, found.others) == (("x",), ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.txt", "1\n2\n3\n"),
        ("labels.txt", "00001 3\n00002 4\n"),
        ("config.json", '{"model_type": "unet"}'),
        ("dataset.json", '{"name": "x", "images": []}'),
        ("labels.csv", "image,label\nx,3\n"),
        ("data.yaml", "train: images\n"),
        ("palette.txt", "1 2 3\n4 5 6\n"),
        ("notes.txt", "road\ncar\n"),
        ("labels.py", "print('road')\n"),
    ],
)
def test_files_of_other_kinds_are_passed_over(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert find_class_file([tmp_path]) is None


def test_files_that_belong_to_images_are_passed_over(tmp_path):
    """One each."""
    write(tmp_path, **{f"image{n}_DOT_clr": "1 2 3 4 a\n" for n in range(9)})
    assert find_class_file([tmp_path]) is None


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """With its line; the next one is taken."""
    write(tmp_path / "labels", labels_DOT_txt="a\n\nb\n")
    write(tmp_path, names_DOT_txt="a\nb\n")
    found = find_class_file([tmp_path / "labels", tmp_path])
    assert found.path == tmp_path / "names.txt"
    assert found.problems[0].startswith("labels.txt is not read as a list of classes: ")
    assert "line 2 must be a name" in found.problems[0]


def test_convert_asks_which_of_two_files_it_is(tmp_path):
    """It never takes one of them in silence."""
    write(tmp_path, labelmap_DOT_txt="a:1,2,3::\n", class_dict_DOT_csv="name,r,g,b\nb,1,2,3\n")
    (tmp_path / "labels").mkdir()
    config = ConvertConfig(tmp_path / "labels", out=tmp_path / "out", format="color")
    with pytest.raises(DatasetError, match=r"of one class file in .*labelmap.txt"):
        convert(config)
