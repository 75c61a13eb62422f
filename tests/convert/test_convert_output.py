"""The small parts around a conversion: settings, sidecars, geometry, manifest, links."""

import ast
import json
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from inspect import signature

import numpy as np
import pytest

import pixelwise.convert
from convert.annotations import write_labelme
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.geometry import ellipse_points, rectangle_points
from pixelwise.convert.formats.table import FORMATS
from pixelwise.convert.manifest import Entry, append, open_to_append, read_entries, rewrite
from pixelwise.convert.sidecars import SIDECARS, sidecar_texts
from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes

CLASSES = Classes(['a "b"', "c: d"], [(1, 2, 3), (4, 5, 6)], ignore_index=2)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_a_row_and_a_module_of_its_name(name):
    """The module finds and reads; the row is what the command line knows of it."""
    module = import_module(f"pixelwise.convert.formats.{name}")
    assert list(signature(module.find).parameters) == ["config", "reading"]
    assert list(signature(module.read).parameters) == ["item", "config", "legend"]
    assert ConvertConfig("source", format=name).format == name


def test_a_format_is_imported_when_it_is_used():
    """Not by the settings, so that --help is fast."""
    code = "import sys, pixelwise.convert.config, pixelwise.convert.detect; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    formats = {f"pixelwise.convert.formats.{name}" for name in FORMATS}
    assert not formats & set(done.stdout.split())


def test_every_setting_has_a_help_text():
    """The command line is made from it."""
    assert all(field.metadata["help"] for field in fields(ConvertConfig))


def test_settings_are_given_their_types(tmp_path):
    """Text becomes a path, a list a tuple; the folder to write has a default."""
    config = ConvertConfig(source=str(tmp_path / "a.json"), format="coco", alias=["x=y"])
    assert (config.source, config.alias) == (tmp_path / "a.json", ("x=y",))
    assert config.folder == tmp_path / "a-converted"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "cocoo"}, "Did you mean 'coco'"),
        ({"format": ""}, "format must be one of auto, cityscapes, cityscapes_ids, labelme"),
        ({"rule": "centre"}, "Did you mean 'center'"),
        ({"order": "size"}, "order must be one of"),
        ({"sidecars": ("hf",)}, "sidecars must be one of"),
        ({"alias": ("a",)}, "alias must be OLD=NEW"),
        ({"ignore": "void"}, "ignore must be a list"),
        ({"divisor": -1}, "divisor must be >= 0"),
        ({"line_width": 0}, "line_width must be >="),
        ({"split": "../x"}, "split must be the name of a folder"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes, message):
    """Before anything is read."""
    with pytest.raises(ArgumentError, match=message):
        ConvertConfig(**{"source": "x", "format": "coco", **changes})


def test_the_package_can_be_called(tmp_path):
    """pixelwise.convert is the package and the function, which takes a config or the settings."""
    write_labelme(tmp_path / "source")
    config = ConvertConfig(source=tmp_path / "source", format="labelme")
    report = pixelwise.convert(config)
    assert report.files == 1
    again = pixelwise.convert(tmp_path / "source", out=report.folder, format="labelme")
    assert (again.resumed, again.classes) == (1, report.classes)


def sidecars(*names):
    return sidecar_texts(names, CLASSES, 7)


def test_mmsegmentation_gets_its_metainfo():
    """Python with classes and palette, names quoted."""
    tree = ast.parse(sidecars("mmsegmentation")["mmsegmentation.py"])
    values = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body}
    assert values["METAINFO"]["classes"] == CLASSES.names
    assert values["METAINFO"]["palette"] == [[1, 2, 3], [4, 5, 6]]
    assert (values["ignore_index"], values["reduce_zero_label"]) == (2, False)


def test_hugging_face_gets_its_id2label():
    """Ids are text in JSON."""
    assert json.loads(sidecars("huggingface")["id2label.json"]) == {"0": 'a "b"', "1": "c: d"}


def test_nnunet_gets_its_dataset_json():
    """Void must be the next index after the classes."""
    content = json.loads(sidecars("nnunet")["dataset.json"])
    assert content["labels"] == {'a "b"': 0, "c: d": 1, "ignore": 2}
    assert (content["numTraining"], content["file_ending"]) == (7, ".png")
    with pytest.raises(ArgumentError, match=r"2, the next after the classes, .* got 255"):
        sidecar_texts(["nnunet"], Classes(["a", "b"]), 7)


def test_ultralytics_gets_its_yaml():
    """Names are quoted, whatever is in them."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    content = yaml.safe_load(sidecars("ultralytics")["ultralytics.yaml"])
    assert content["names"] == {0: 'a "b"', 1: "c: d"}
    assert (content["train"], content["masks_dir"]) == ("images", "labels")


def test_sidecars_are_written_beside_the_labels(tmp_path):
    """All of them at once."""
    write_labelme(tmp_path / "source")
    config = ConvertConfig(
        source=tmp_path / "source", format="labelme", sidecars=tuple(SIDECARS), ignore_index=2
    )
    report = convert(config)
    assert all((report.folder / file).is_file() for file, _ in SIDECARS.values())


def test_a_turned_rectangle_keeps_its_center_and_sides():
    """Clockwise, as y grows downwards."""
    corners = rectangle_points((2, 4), (10, 6), 90)
    np.testing.assert_allclose(corners, [(7, 1), (7, 9), (5, 9), (5, 1)], atol=1e-12)


def test_the_points_of_an_ellipse_lie_on_it():
    """Also when it is turned."""
    x, y = (ellipse_points((3, 5), (7, 2), 90) - (3, 5)).T
    np.testing.assert_allclose((x / 2) ** 2 + (y / 7) ** 2, 1)


ENTRY = Entry("b/ä\udcff", "key", "label", vanished=("x",), unknown=(("dog", 3),))


def test_entries_come_back_from_the_manifest(tmp_path):
    """Names of any bytes; a torn line is not an entry, and swallows no other."""
    path = tmp_path / "deep/convert.jsonl"
    with open_to_append(path) as file:
        append(file, ENTRY)
        file.write(b'{"id": "torn", "ke')
        append(file, Entry("a", "key", "label"))
    assert read_entries(path) == {ENTRY.id: ENTRY, "a": Entry("a", "key", "label")}


def test_the_manifest_is_rewritten_in_order(tmp_path):
    """Two runs in another order write the same bytes."""
    path = tmp_path / "convert.jsonl"
    entries = {name: Entry(name, "k", "l") for name in "cab"}
    rewrite(path, entries)
    first = path.read_bytes()
    rewrite(path, dict(reversed(list(entries.items()))))
    assert path.read_bytes() == first
    assert list(read_entries(path)) == ["a", "b", "c"]


def test_without_a_manifest_nothing_is_done(tmp_path):
    """As in a new folder."""
    assert read_entries(tmp_path / "convert.jsonl") == {}
