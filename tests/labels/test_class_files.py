"""Tables of classes in files: what is saved is loaded, what is wrong is named."""

import json

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.class_files import parse_class_file
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES

ODD = Classes(
    ['say "sky"', "back\\slash", "[x] = #1", "日本", "émile"],
    colors=[(i, 2 * i, 255 - i) for i in range(5)],
    values=[3, (7, 4), "other", 0, 65535],
    ignore_index=1000,
    ignore_values=[11, 12],
)


@pytest.mark.parametrize("suffix", [".toml", ".json", ".JSON"])
@pytest.mark.parametrize("classes", [ODD, *map(Classes.named, PALETTES)], ids=lambda c: c.names[0])
def test_what_is_saved_is_loaded(tmp_path, classes, suffix):
    """load(save(classes)) == classes for every name, colour and value."""
    classes.save(tmp_path / f"classes{suffix}")
    assert Classes.load(tmp_path / f"classes{suffix}") == classes


def test_another_ending_is_not_written(tmp_path):
    """A text file cannot hold all of a table."""
    with pytest.raises(ArgumentError, match=r"suffix must be one of \.toml, \.json, got '\.txt'"):
        ODD.save(tmp_path / "classes.txt")


@pytest.mark.parametrize(
    ("text", "names", "values"),
    [
        ("sky\nroad\n", ["sky", "road"], None),
        ("\ufeffsky\r\n\r\n# a comment\r\ntraffic light\r\n", ["sky", "traffic light"], None),
        ("7 sky\n11\ttraffic light", ["sky", "traffic light"], [7, 11]),
        ("2 wheeler\ncar", ["2 wheeler", "car"], None),
    ],
)
def test_a_text_file_has_names_or_values_and_names(tmp_path, text, names, values):
    """One class a line; only if every line starts with a number are the numbers stored values."""
    (tmp_path / "classes.txt").write_bytes(text.encode())
    assert Classes.load(tmp_path / "classes.txt") == Classes(names, values=values)


def test_a_text_file_may_have_colours(tmp_path):
    """Red, green, blue and a name, with tabs: the label_colors.txt of CamVid and its exporters."""
    (tmp_path / "label_colors.txt").write_text("64 128 64\tAnimal\n192 0 128\t\tTraffic Light\n")
    expected = Classes(["Animal", "Traffic Light"], [(64, 128, 64), (192, 0, 128)])
    assert Classes.load(tmp_path / "label_colors.txt") == expected


def test_the_camvid_list_is_read(shared):
    """Its twelfth class is void under a name, which only a person can know."""
    classes = Classes.load(shared / "data" / "camvid" / "classes.txt")
    assert classes.names[10:] == ("bicyclist", "unlabelled")
    assert classes.to_index(np.arange(12)).tolist() == list(range(12))


def test_classes_are_found_in_a_dataset_file(tmp_path):
    """A dataset.toml holds a table of classes; its task and splits do not matter here."""
    text = 'task = "binary"\n[[classes]]\nname = "a"\n[[classes]]\nname = "b"\n'
    (tmp_path / "dataset.toml").write_text(text + '[splits.train]\nimages = "x"\n')
    assert Classes.load(tmp_path / "dataset.toml") == Classes(["a", "b"])


CLASS = '[[classes]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.toml", "a = = 1", "file must be valid TOML"),
        ("c.toml", "[" * 5000, "file must be valid TOML"),
        ("c.toml", "", r"classes must be at least one table, got none\. Write a table"),
        ("c.toml", "classes = 3", "classes must be a list, got 3"),
        ("c.toml", "classes = [3]", r"classes\[0\] must be a table, got 3"),
        ("c.toml", "[[classes]]\nvalue = 1", r"classes\[0\]\.name must be given, got nothing"),
        ("c.toml", "[[classes]]\nname = 1", r"classes\[0\]\.name must be text, got 1"),
        (
            "c.toml",
            CLASS + "colour = [1]",
            r"classes\[0\]\.key must be .*got 'colour'\. Did you mean 'color'\?",
        ),
        ("c.toml", CLASS + "value = 1.5", "value must be an integer or text or a list or none"),
        ("c.toml", CLASS + "value = true", "value must be an integer or text or a list or none"),
        ("c.toml", "ignore = 255\n" + CLASS, r"got 'ignore'\. Did you mean 'ignore_index'\?"),
        ("c.toml", CLASS + CLASS, r"Classes: names must be different from each other"),
        ("c.json", "{", "file must be valid JSON"),
        ("c.json", "[]", r"must be a table, got \[\]"),
        ("c.json", "{}", "names must be given, got nothing"),
        ("c.json", '{"names": ["a"], "color": []}', r"got 'color'\. Did you mean 'colors'\?"),
        ("c.json", '{"names": ["a"], "ignore_index": NaN}', "NaN, which JSON does not allow"),
        ("c.json", '{"names": ["a"], "names": ["b"]}', "the key 'names' twice"),
        ("c.txt", "\n# only a comment\n", "file must be a list of classes, got no lines"),
    ],
)
def test_a_wrong_file_is_named_with_the_key(tmp_path, name, text, message):
    """File first, then the key, then what it must be."""
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=f"{name}: .*{message}"):
        Classes.load(tmp_path / name)


@pytest.mark.parametrize("name", ["c.toml", "c.json", "c.txt"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    """Missing, or in another encoding."""
    with pytest.raises(DatasetError, match=f"{name}: file must be .*, got No such"):
        Classes.load(tmp_path / name)
    (tmp_path / name).write_bytes(b"caf\xe9")
    with pytest.raises(DatasetError, match=f"{name}: file must be .*, got 'utf-8'"):
        Classes.load(tmp_path / name)


def test_json_is_the_plain_dictionary(tmp_path):
    """The same five fields that config.json and score.json hold."""
    ODD.save(tmp_path / "c.json")
    assert json.loads((tmp_path / "c.json").read_text()) == ODD.as_dict()
    assert parse_class_file(tmp_path / "c.json") == ODD.as_dict()


@pytest.mark.parametrize("name", ["c.txt", "c.json", "c.toml"])
@pytest.mark.parametrize(("number", "void"), [(255, 255), (256, 65535), (300, 65535)])
def test_more_classes_than_eight_bits_hold_have_another_void(tmp_path, name, number, void):
    """A file that does not say what void is has one that is not a class."""
    names = [f"class {i}" for i in range(number)]
    text = {
        "c.txt": "\n".join(names),
        "c.json": json.dumps({"names": names}),
        "c.toml": "".join(f"[[classes]]\nname = {n!r}\n" for n in names),
    }
    (tmp_path / name).write_text(text[name])
    classes = Classes.load(tmp_path / name)
    assert (len(classes), classes.ignore_index) == (number, void)
