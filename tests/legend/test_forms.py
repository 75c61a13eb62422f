"""Every form of a class file that tools write, drawn here; and forms that are not one."""

import json

import pytest

from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.legend.read import read_classes, read_rows
from pixelwise.legend.rows import Rows

NAMES = ("road", "tall tree")
RGB = ((128, 64, 128), (0, 128, 0))
INDEX, VALUES, VOID = ((0,), (1,)), ((3,), (7,)), (255,)
MAPILLARY = [
    {"color": [0, 0, 9], "readable": "Road", "name": "flat--road", "evaluate": True},
    {"color": [0, 0, 9], "readable": "Tree", "name": "nature--tree", "evaluate": True},
    {"color": [0, 0, 0], "readable": "Unlabeled", "name": "void--unlabeled", "evaluate": False},
]
SUPERVISELY = {
    "classes": [
        {"title": "road", "shape": "polygon", "color": "#804080", "id": 7001},
        {"title": "tall tree", "shape": "bitmap", "color": "#008000", "id": 6001},
    ],
    "tags": [],
}
CITYSCAPES = """
import os
labels = [
    #       name  id  trainId  category  catId  hasInstances  ignoreInEval  color
    Label('unlabeled', 0, 255, 'void', 0, False, True, (0, 0, 0)),
    Label('road', 7, 0, 'flat', 1, False, False, (128, 64, 128)),
    Label('license plate', -1, -1, 'vehicle', 7, False, True, (0, 0, 142)),
]
os.remove("a")
"""
METAINFO = """
class A(B):
    METAINFO = dict(classes=('road', 'tall tree'), palette=[[128, 64, 128], [0, 128, 0]])
"""
OLD_PYTHON = """
CLASSES = ['road', 'tall tree']
PALETTE = None
def f(a, reduce_zero_label=True): pass
"""
QML = """<qgis><pipe><rasterrenderer type="paletted"><colorPalette>
<paletteEntry value="7" color="#008000" label="7 tall tree" alpha="255"/>
<paletteEntry alpha="255" label="3 road" color="#804080" value="3"/>
<paletteEntry value="-1" color="#000000" label="-1 nothing"/></colorPalette></rasterrenderer></pipe>
</qgis>"""
BY_NUMBER = {
    "3": {"name": "road", "color": "#804080"},
    "7": {"name": "tall tree", "color": [0, 128, 0]},
}
DATUMARO = {
    "label_map": {"3": "road", "7": "tall tree"},
    "background_label": "3",
    "segmentation_colors": RGB,
}

FORMS = {
    "lines": ("labels.txt", "road\r\ntall tree\r\n\r\n", Rows(NAMES, None, INDEX, VOID)),
    "labelme": ("labels.txt", "__ignore__\n_background_\ncat\n", ("_background_", "cat")),
    "value first": ("a.txt", "3 road\n7 tall tree", Rows(NAMES, None, VALUES, VOID)),
    "colon": ("labels.txt", "3: road\n7: tall tree", Rows(NAMES, None, VALUES, VOID)),
    "comma": ("a.txt", "3,road\n7,tall tree", Rows(NAMES, None, VALUES, VOID)),
    "tab": ("a.txt", "3\troad\n7\ttall tree", Rows(NAMES, None, VALUES, VOID)),
    "value last": ("a.txt", "road 3\ntall tree 7", Rows(NAMES, None, VALUES, VOID)),
    "numbers in names": ("a.txt", "lane 1\nlane 2", ("lane 1", "lane 2")),
    "number in one name": ("a.txt", "2 wheeler\ncar", ("2 wheeler", "car")),
    "UTF-16": ("a.txt", "road\ntall tree\n", Rows(NAMES, None, INDEX, VOID)),
    "colour first": (
        "label_colors.txt",
        "128 64 128\troad\n0 128 0\t\ttall tree",
        Rows(NAMES, RGB),
    ),
    "colour last": ("a.txt", "road 128 64 128\ntall tree,0,128,0", Rows(NAMES, RGB)),
    "value and colour": (
        *("a.txt", "3 128 64 128 road\n7 0 128 0 tall tree"),
        Rows(NAMES, RGB, (3, 7)),
    ),
    "colour and value": (
        *("a.txt", "128 64 128 3 road\n0 128 0 7 tall tree"),
        Rows(NAMES, RGB, (3, 7)),
    ),
    "value, name, colour": (
        *("a.txt", "3 road 128 64 128\n7 tall tree 0 128 0"),
        Rows(NAMES, RGB, (3, 7)),
    ),
    "hex": ("a.txt", "#804080 road\n#008000 tall tree", Rows(NAMES, RGB)),
    "hex last": ("a.txt", "road: #804080\ntall tree: #008000", Rows(NAMES, RGB)),
    "colours alone": ("colormap.txt", "128,64,128\n0 128 0", Rows(("class_0", "class_1"), RGB)),
    "brackets": ("colormap.txt", "[128, 64, 128],\n[0, 128, 0]", Rows(("class_0", "class_1"), RGB)),
    "hex alone": ("palette.txt", "#804080\n#008000", Rows(("class_0", "class_1"), RGB)),
    "CVAT": ("labelmap.txt", "# a:b\nroad:128,64,128::\ntall tree:0,128,0:x:y", Rows(NAMES, RGB)),
    "Roboflow": (
        *("_classes.csv", "Pixel Value, Class\n3, road\n7, tall tree\n"),
        Rows(NAMES, None, (3, 7)),
    ),
    "blanks": (
        "class_dict.csv",
        "name,r,g,b\nroad,128, 64,128\ntall tree,0,128,0",
        Rows(NAMES, RGB),
    ),
    "words": (
        "a.csv",
        "class_name,Red,Green,Blue\nroad,128,64,128\ntall tree,0,128,0",
        Rows(NAMES, RGB),
    ),
    "label RGB": ("a.csv", "label,R,G,B\nroad,128,64,128\ntall tree,0,128,0", Rows(NAMES, RGB)),
    "one column": (
        "a.csv",
        'Name,RGB\nroad,"128 64 128"\ntall tree,"(0, 128, 0)"',
        Rows(NAMES, RGB),
    ),
    "semicolons": (
        "a.csv",
        "id;name;color\n3;road;#804080\n7;tall tree;#008000",
        Rows(NAMES, RGB, (3, 7)),
    ),
    "class is the number": ("a.csv", "class,name\n3,road\n7,tall tree", Rows(NAMES, None, (3, 7))),
    "quoted": ("a.csv", 'id,name\n3,road\n7,"tree, tall"', ("road", "tree, tall")),
    "no header": ("a.csv", "3,road\n7,tall tree\n", Rows(NAMES, None, VALUES, VOID)),
    "pbtxt": (
        *(
            "label_map.pbtxt",
            "item {\n id: 7\n name: 'tall tree'\n}\nitem { id: 3 name: \"road\" }",
        ),
        Rows(NAMES, None, (3, 7)),
    ),
    "GIMP": (
        "a.gpl",
        "GIMP Palette\nName: x\nColumns: 2\n#\n128  64 128\troad\n  0 128   0\ttall tree\n",
        Rows(NAMES, RGB),
    ),
    "GIMP without names": (
        *("a.gpl", "GIMP Palette\n128 64 128 Untitled\n0 128 0 Untitled\n"),
        Rows(("class_0", "class_1"), RGB),
    ),
    "ESRI": ("a.clr", "7 0 128 0\n3 128 64 128\n", Rows(("class_3", "class_7"), RGB, (3, 7))),
    "QGIS export": (
        *("a.txt", "# QGIS\nINTERPOLATION:EXACT\n3,128,64,128,255,road\n7,0,128,0,255,tall tree"),
        Rows(NAMES, RGB, (3, 7)),
    ),
    "QGIS style": ("a.qml", QML, Rows(NAMES, RGB, (3, 7))),
    "YAML": ("data.yaml", "path: .\nnames: [road, 'tall tree']  # two\nnc: 2\n", Rows(NAMES)),
    "YAML of lines": ("data.yaml", "names: [road,\n  # second\n  tall tree]\n", Rows(NAMES)),
    "YAML mapping": ("data.yaml", "names: {0: road, 1: tall tree}\n", Rows(NAMES)),
    "YAML gaps": ("data.yml", "names:\n  7: tall tree\n  '3': road\n", Rows(NAMES, None, (3, 7))),
    "YAML words": (
        "a.yaml",
        "names: [no, off, null, 1, 'it''s', \"\\u00e9\"]",
        ("no", "off", "null", "1", "it's", "é"),
    ),
    "nnU-Net": (
        *("dataset.json", json.dumps({"labels": {"road": 0, "ignore": 2, "tall tree": 1}})),
        Rows((*NAMES, "ignore"), None, (0, 1, 2)),
    ),
    "nnU-Net 1": (
        *("dataset.json", json.dumps({"modality": {}, "labels": {"3": "road", "7": "tall tree"}})),
        Rows(NAMES, None, (3, 7)),
    ),
    "id2label": ("id2label.json", '{"10": "tall tree", "9": "road"}', Rows(NAMES, None, (9, 10))),
    "config": (
        "config.json",
        '{"id2label": {"0": "road", "1": "tall tree"}, "x": 1}',
        Rows(NAMES, None, (0, 1)),
    ),
    "reduced": (
        *("config.json", '{"id2label": {"0": "road", "1": "tall tree"}, "do_reduce_labels": true}'),
        Rows(NAMES, None, (1, 2), (0,)),
    ),
    "label2id": ("a.json", '{"label2id": {"road": 3, "tall tree": 7}}', Rows(NAMES, None, (3, 7))),
    "objects by number": ("a.json", json.dumps(BY_NUMBER), Rows(NAMES, RGB, (3, 7))),
    "Mapillary": (
        *("config_v1.2.json", json.dumps({"labels": MAPILLARY, "version": "1.2"})),
        Rows(
            ("flat--road", "nature--tree", "void--unlabeled"),
            *(((0, 0, 9), (0, 0, 9), (0, 0, 0)), (0, 1, 2)),
            void=("void--unlabeled",),
        ),
    ),
    "Supervisely": ("meta.json", json.dumps(SUPERVISELY), Rows(NAMES, RGB)),
    "machine colours": (
        "a.json",
        '{"road": [128, 64, 128], "tall tree": [0, 128, 0]}',
        Rows(NAMES, RGB),
    ),
    "datumaro": ("dataset_meta.json", json.dumps(DATUMARO), Rows(NAMES, RGB, (3, 7))),
    "Cityscapes": (
        *("labels.py", CITYSCAPES),
        Rows(("unlabeled", "road"), ((0, 0, 0), (128, 64, 128)), (0, 7), void=("unlabeled",)),
    ),
    "mmsegmentation": ("my_set.py", METAINFO, Rows(NAMES, RGB)),
    "mmsegmentation, old": ("a.py", OLD_PYTHON, Rows(NAMES, None, (1, 2), (0,))),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_class_file_is_read(tmp_path, form):
    """Names, colours and stored values, whatever tool wrote them."""
    name, text, expected = FORMS[form]
    encoding = "utf-16" if form == "UTF-16" else "utf-8"
    (tmp_path / name).write_text(text, encoding=encoding, newline="")
    rows = read_rows(tmp_path / name)
    assert expected in (rows, rows.names)


def test_the_list_of_ade20k_has_everything_else_as_void(tmp_path):
    """Ids from 1, the first of several names; 0 is not scored."""
    text = "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1\t9\t9\t1\twall\n"
    text += "2\t0.1\t9\t9\t1\tbuilding, edifice\n"
    (tmp_path / "objectInfo150.txt").write_text(text)
    rows = read_rows(tmp_path / "objectInfo150.txt")
    assert (rows.names, rows.values, rows.ignore_values) == (("wall", "building"), (1, 2), (0,))
    assert rows.notes == (
        "stored value 0 is void, as in ade20k: it is everything that the list does not name",
    )


def test_the_file_of_darknet_names_another_one(tmp_path):
    """Below it, or beside it."""
    (tmp_path / "obj.names").write_text("road\ntall tree\n")
    (tmp_path / "obj.data").write_text("classes = 2\ntrain = train.txt\nnames = data/obj.names\n")
    assert read_rows(tmp_path / "obj.data").names == NAMES


def test_text_of_older_programs_is_read_and_said(tmp_path):
    """Windows-1252, as notepads write it."""
    (tmp_path / "labels.txt").write_bytes("forêt\ncafé\n".encode("cp1252"))
    rows = read_rows(tmp_path / "labels.txt")
    assert rows.names == ("forêt", "café")
    assert rows.notes == ("labels.txt is read as Windows-1252, since it is not UTF-8",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "road\n\ncar\n", "line 2 must be a name, got none. Lines are counted"),
        ("a.txt", "road\nroad\n", "names must be different from each other, got 'road'"),
        ("a.txt", "a.png\nb.png\n", "a list of classes, got names of images: a.png, b.png"),
        ("a.txt", "70000 road\n1 car", "an integer 0..65535, got 70000"),
        ("a.txt", "300 0 0 road\n1 1 1 car", "color of road must be three integers 0..255"),
        ("a.csv", "filename,road,car\nx.jpg,0,1\n", "a list of classes, got another kind"),
        ("a.csv", "id,name\nx,road\n", "line 2 must be a name and numbers, got 'x,road'"),
        ("a.csv", "name,RGB\nroad,1 2\n", "line 2 must be with a colour of R G B"),
        ("a.json", '{"labels": {"a": 0, "whole": [1, 2]}}', "labels must be one number for each"),
        ("a.json", '{"info": {}, "images": []}', "a list of classes, got another kind"),
        ("a.json", '{"0": "a", "1": "a"}', "names must be different from each other, got 'a'"),
        ("a.json", '{"label2id": {"a": 1, "b": 1}}', "values must be claimed only once"),
        ("a.json", '{"labels": [{"readable": "a"}]}', 'an object with a "name"'),
        ("a.yaml", "nc: 3\n", "a list of classes, got another kind"),
        ("a.py", "import os\n", "a list of classes, got another kind"),
        ("a.py", "classes = [", "file must be Python, got SyntaxError in line 1"),
        ("a.py", "a = " + "(" * 500 + ")" * 500, "file must be Python, got SyntaxError in line 1"),
        ("a.py", "#" * 300_000, "Python of at most 262,144 characters, got 300,000"),
        (
            "a.py",
            "classes = ('a', 'b')\npalette = [[1, 2, 3]]",
            "palette must be as long as classes",
        ),
        ("a.qml", "<qgis/>", "a list of classes, got another kind"),
        ("a.gpl", "GIMP Palette\n", "lines of R G B name"),
        ("a.clr", "1 2\n", "line 1 must be value R G B"),
        ("a.pbtxt", "item { id: 1 }", "item must be with an id and a name"),
        ("obj.data", "names = ../../etc/passwd\n", "names must be a file beside it"),
        ("obj.data", "names = obj.data\n", "names must be a file beside it"),
    ],
)
def test_what_is_no_class_file_is_refused_in_one_sentence(tmp_path, name, text, message):
    """With the file, and what is wrong with it."""
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=message) as caught:
        read_rows(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 400


def test_void_becomes_ignored_values(tmp_path):
    """By its name; own files are taken as they are."""
    (tmp_path / "a.json").write_text('{"0": "void", "1": "road", "4": "car"}')
    classes = read_classes(tmp_path / "a.json")
    assert classes == Classes(["road", "car"], values=[1, 4], ignore_values=(0,))
    own = Classes(["void", "road"])
    own.save(tmp_path / "classes.toml")
    assert read_classes(tmp_path / "classes.toml") == own
    assert read_classes("ade20k") == Classes.named("ade20k")


def test_a_list_of_void_alone_is_refused(tmp_path):
    """There is nothing to score."""
    (tmp_path / "a.txt").write_text("void\nignore\n")
    with pytest.raises(DatasetError, match="at least one class that is not void"):
        read_classes(tmp_path / "a.txt")
