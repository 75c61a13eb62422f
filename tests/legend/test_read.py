"""Class files of other tools, each form once, and what is not one."""

import json

import pytest

from pixelwise.errors import DatasetError
from pixelwise.legend.read import read_rows
from pixelwise.legend.rows import Rows
from pixelwise.legend.yaml_names import yaml_names

NAMES = ("Sky", "Column Pole")
COLORS = ((128, 128, 128), (192, 192, 128))
BOTH = Rows(NAMES, COLORS)
DATUMARO = {"label_map": {"0": "Sky", "1": "Column Pole"}, "segmentation_colors": COLORS}

FILES = {
    "camvid": ("label_colors.txt", "128 128 128\t\tSky\n192 192 128 Column Pole\n"),
    "voc": ("colors.txt", "Sky 128 128 128\nColumn Pole 192 192 128\n"),
    "cvat": (
        "labelmap.txt",
        "# label:color:parts:actions\nSky:128,128,128::\nColumn Pole:192,192,128:a:b\n",
    ),
    "csv": ("classes.csv", 'name,r,g,b\nSky,128,128,128\n"Column Pole", 192, 192, 128\n\n'),
    "csv order": (
        "classes.csv",
        "red,green,blue,class\n128,128,128,Sky\n192,192,128,Column Pole\n",
    ),
    "json": ("classes.json", json.dumps(dict(zip(NAMES, COLORS)))),
    "json hex": ("classes.json", '{"Sky": "#808080", "Column Pole": "#c0c080"}'),
    "json list": (
        "classes.json",
        json.dumps([{"name": n, "color": c} for n, c in zip(NAMES, COLORS)]),
    ),
    "json classes": (
        "c.json",
        json.dumps({"classes": [{"name": n, "color": c} for n, c in zip(NAMES, COLORS)]}),
    ),
    "bom": ("label_colors.txt", "\ufeff128 128 128 Sky\r\n192 192 128 Column Pole\r\n"),
}


@pytest.mark.parametrize("form", sorted(FILES))
def test_names_and_colors_are_read(tmp_path, form):
    """Whatever tool wrote them."""
    name, text = FILES[form]
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_rows(tmp_path / name) == BOTH


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.json", '["Sky", "Column Pole"]', Rows(NAMES)),
        ("a.json", '{"1": "Column Pole", "0": "Sky"}', Rows(NAMES, None, (0, 1))),
        (
            "a.json",
            '[{"name": "b", "id": 9}, {"name": "a", "id": 4}]',
            Rows(("a", "b"), None, (4, 9)),
        ),
        ("a.json", json.dumps(DATUMARO), Rows(NAMES, COLORS, (0, 1))),
        ("a.txt", "Sky\nColumn Pole\n", Rows(NAMES, None, ((0,), (1,)), (255,))),
        ("a.yaml", "names: [Sky, 'Column Pole']\n", Rows(NAMES)),
    ],
    ids=["list", "id2label", "categories", "datumaro", "lines", "yaml"],
)
def test_names_are_read_without_colors(tmp_path, name, text, rows):
    """Values come with them where the file has any."""
    (tmp_path / name).write_text(text)
    assert read_rows(tmp_path / name) == rows


def test_colors_may_be_typed():
    """With or without names."""
    assert read_rows("Sky=#808080, Column Pole=#C0C080") == BOTH
    assert read_rows("#808080,#c0c080").names == ("#808080", "#c0c080")


def test_known_data_sets_have_their_rows():
    """Void included."""
    rows = read_rows("cityscapes_ids")
    assert (len(rows.names), rows.values[0], 4 in rows.ignore_values) == (19, (7,), True)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.csv",
            "a,b,c\n",
            "another kind. The first line must name",
        ),
        ("a.csv", "name,r,g,b\nSky,1,2\n", "line 2 must be a name and three numbers"),
        ("a.json", "3", "a list of classes, got another kind"),
        ("a.json", "{}", '{"name": .r, g, b.} are read'),
        ("a.json", '{"a": [1, 2]}', '{"name": .r, g, b.} are read'),
        ("a.json", '[{"id": 3}]', 'an object with a "name"'),
        ("a.json", '[{"name": "a", "id": 3}, {"name": "b", "id": 3}]', "different integers"),
        ("a.json", '{"a": "#12"}', "color must be #rrggbb, got '#12'"),
        ("a.json", '{"label_map": {"0": "a"}, "segmentation_colors": []}', "as many as"),
        ("a.json", '{"a": [1, 2, 3], "a": [1, 2, 3]}', "the key 'a' twice"),
        ("a.yaml", "nc: 2\n", "a list of classes, got another kind"),
        ("a.yaml", "names:\n  1: a\n  1: b\n", "numbered differently"),
        ("a.yaml", "names: [a, b]\nnc: 3\n", "as many as nc, which is 3, got 2"),
        ("a.yaml", "names: !!python/object/apply:os.system [ls]\n", "a list .a, b."),
        ("a.txt", "\n", "a list of classes, got no lines"),
    ],
)
def test_a_file_that_is_not_a_class_file_is_refused(tmp_path, name, text, message):
    """One sentence with the file."""
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_rows(tmp_path / name)


def test_a_word_that_names_no_classes_is_refused():
    """Neither a file nor a dataset."""
    with pytest.raises(DatasetError, match=r"a class file, colours such as .*, got 'citiscapes'"):
        read_rows("citiscapes")


@pytest.mark.parametrize(
    "text",
    [
        "names:\n  0: a\n  1: b c\n",
        "names:\n- a\n- b c # comment\nnc: 2\n",
        "train: x\nnames : [\"a\", 'b c']\n",
        "names:\n  # comment\n\n  0: 'a'\n  1: \"b c\"\nother:\n  0: z\n",
    ],
)
def test_the_names_of_a_yaml_file_are_read(text):
    """Flow list, block list, mapping; comments and other keys are passed over."""
    assert yaml_names("a.yaml", text) == ("a", "b c")
