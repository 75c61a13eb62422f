"""Hostile documents and settings.

Nothing that is read is executed or leaves its folder, and what goes wrong is one sentence with its
place.
"""

import ast
import hashlib
import io
import json
import pickle
import re
import zipfile

import numpy as np
import pytest

from convert.annotations import shape, write_labelme
from make import make_dataset
from our_source import nodes
from pixelwise.cli import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.pixels.array_files import decode_npy
from pixelwise.errors import ArgumentError, DatasetError, RunError
from pixelwise.files.json_file import read_json
from pixelwise.labels.classes import Classes
from pixelwise.legend.yaml_names import yaml_names
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

HOSTILE_NAMES = (
    *("../../etc/passwd", "/etc/passwd", "C:\\x.png", "\\\\host\\share\\x.png", "link/passwd"),
    *("a/../../x.png", ""),
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_in_an_annotation_stays_in_its_folder(tmp_path, name):
    """labelme and COCO alike; climbing, absolute, a drive, a share, through a link."""
    (tmp_path / "labelme").mkdir()
    (tmp_path / "coco").mkdir()
    for folder in ("labelme", "coco"):
        (tmp_path / folder / "link").symlink_to("/etc")
    # an image that is called like the JSON file would be taken instead
    write_labelme(tmp_path / "labelme", imagePath=name).with_suffix(".png").unlink()
    content = {
        "images": [{"id": 1, "file_name": name, "height": 8, "width": 8}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [],
    }
    (tmp_path / "coco/a.json").write_text(json.dumps(content))
    for folder, field in (("labelme", "imagePath"), ("coco", r"images\[0\]\.file_name")):
        with pytest.raises(DatasetError, match=rf"{field} must be a relative path"):
            convert(ConvertConfig(tmp_path / folder, out=tmp_path / "out"))
        assert not list((tmp_path / "out").rglob("*.png"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"shapes": [NaN]}', "NaN, which JSON does not allow"),
        ('{"shapes": [-Infinity]}', "-Infinity, which JSON does not allow"),
        ('{"shapes": [], "shapes": []}', "the key 'shapes' twice"),
        ("[" * 100_000 + "]" * 100_000, "deeper nesting"),
        ('{"shapes": ' + "9" * 5000 + "}", "Exceeds the limit"),
        ('{"shapes": [', "valid JSON"),
    ],
    ids=["nan", "infinity", "twins", "deep", "digits", "cut"],
)
def test_json_that_python_would_take_or_choke_on_is_refused(tmp_path, text, problem):
    """One sentence with the file, whatever Python's own reader does."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match=rf"a\.json: file must be .*{problem}"):
        read_json(tmp_path / "a.json")


def test_a_number_that_overflows_is_not_a_coordinate(tmp_path):
    """1e400 is infinity to Python; the shape is named."""
    file = write_labelme(tmp_path / "source", shapes=[shape("cat", [[1, 1], [9, 1], [9, 9]])])
    file.write_text(file.read_text().replace("[9, 9]", "[9, 1e400]"))
    with pytest.raises(DatasetError, match=r"shapes\[0\] \(cat\) has the point .*not finite"):
        convert(ConvertConfig(tmp_path / "source", out=tmp_path / "out"))


def test_a_file_of_three_gigabytes_is_not_read(tmp_path):
    """Refused by its size."""
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(DatasetError, match=r"at most 1,073,741,824 bytes, got 3,221,225,472"):
        read_json(tmp_path / "a.json")


ENTITIES = {
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "theft": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_xml_with_entities_is_refused(tmp_path, kind):
    """No annotation needs them; nothing is expanded or fetched."""
    image = '<image id="0" name="a.png" width="8" height="8"/>'
    text = f'<?xml version="1.0"?>{ENTITIES[kind]}<annotations>{image}&a;</annotations>'
    (tmp_path / "annotations.xml").write_text(text)
    with pytest.raises(DatasetError, match="plain XML, got a document type or entity"):
        convert(ConvertConfig(tmp_path / "annotations.xml", out=tmp_path / "out"))


@pytest.mark.parametrize(
    "text",
    [
        'names: !!python/object/apply:os.system ["touch {0}"]',
        "a: &a [x, x]\nb: &b [*a, *a]\nnames: *b",
        "names:\n  !!python/name:os.system",
    ],
)
def test_yaml_is_only_searched_for_names(tmp_path, text):
    """No tag is constructed, no alias expanded: such a list is refused."""
    proof = tmp_path / "proof"
    with pytest.raises(DatasetError, match="names must be a list"):
        yaml_names("data.yaml", text.format(proof))
    assert not proof.exists()


class Attack:
    """What it returns is called when it is unpickled."""

    def __reduce__(self):
        return print, ("unpickled",)


def checkpoint(folder, **sizes):
    """A checkpoint of a small network."""
    from torch import nn

    from pixelwise.run.checkpoint import AboutCheckpoint, save_checkpoint

    network = nn.Sequential(nn.Linear(3, sizes.get("width", 2)))
    about = AboutCheckpoint("small", 3, "binary", Classes(["a"]), 1.0, "data", 1, 1, {})
    save_checkpoint(folder, network, about, {"step": 1})
    return folder


def test_a_checkpoint_is_never_unpickled(tmp_path, capsys):
    """Code in place of the optimizer's state is refused, although its checksum is right."""
    from pixelwise.run.checkpoint import read_checkpoint

    folder = checkpoint(tmp_path / "last")
    (folder / "optimizer.pt").write_bytes(pickle.dumps(Attack()))
    about = json.loads((folder / "config.json").read_text())
    about["sha256"]["optimizer.pt"] = hashlib.sha256(pickle.dumps(Attack())).hexdigest()
    (folder / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match=r"optimizer\.pt: content must be plain tensors"):
        read_checkpoint(folder).training_state()
    assert "unpickled" not in capsys.readouterr().out


def test_a_checkpoint_of_another_network_is_refused_with_all_differences(tmp_path):
    """Other shapes, missing tensors and tensors too many; nothing is loaded in part."""
    from torch import nn

    from pixelwise.run.checkpoint import load_weights

    folder = checkpoint(tmp_path / "last", width=5)
    network = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Linear(2, 2, bias=False))
    before = network[0].weight.clone()
    expected = (
        r"3 differences: 1\.weight is missing, 0\.bias is not in the network, 0\.weight is \(5, 3\)"
    )
    with pytest.raises(RunError, match=expected):
        load_weights(network, folder)
    assert (network[0].weight == before).all()


def test_arrays_are_read_without_objects_and_without_promises(tmp_path):
    """Objects are not unpickled; a header that promises 1e18 values is compared with the file."""
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([Attack()]), allow_pickle=True)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": (10**9, 10**9), "fortran_order": False, "descr": "<u1"}
    )
    (tmp_path / "npz").mkdir()
    np.savez_compressed(tmp_path / "npz/bomb.npz", np.zeros(10**7, np.uint8))
    with pytest.raises(DatasetError, match="an array of Python objects"):
        decode_npy(objects, objects.read_bytes())
    with pytest.raises(DatasetError, match=r"10 bytes for shape \(1000000000, 1000000000\)"):
        decode_npy(tmp_path / "huge.npy", header.getvalue() + bytes(10))
    with pytest.raises(DatasetError, match=r"a single \(H, W\) array, got none"):
        convert(ConvertConfig(tmp_path / "npz", out=tmp_path / "out"))


def test_no_archive_is_ever_unpacked(tmp_path):
    """No module writes a member, so none can climb out; an archive is not a source.

    Checkpoints of torch are archives: how they are packed is looked at once, in their directory.
    Members of .npz files are read into memory, no more of them than a file may take.
    """
    imported = {alias.name for node in nodes(ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes(ast.ImportFrom)}
    assert not imported & {"tarfile", "gzip", "bz2", "lzma"}
    uses = [node for node in nodes(ast.Call) if "ZipFile" in ast.unparse(node)]
    assert {ast.unparse(use) for use in uses} >= {"ZipFile(data).infolist()", "ZipFile(data)"}
    called = [node for node in nodes(ast.Name) if node.id in ("ZipFile", "zipfile")]
    assert len(called) == 3  # checkpoints, arrays, names of arrays
    unpacking = [
        n for n in nodes(ast.Attribute) if n.attr in ("unpack_archive", "extract", "extractall")
    ]
    assert unpacking == []
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../escaped.png", b"x")
    with pytest.raises(DatasetError, match=r"a\.zip: format must be one that can be recognised"):
        convert(ConvertConfig(tmp_path / "a.zip", out=tmp_path / "out"))


MARKUP = ("<img src=x onerror=alert(1)>", "</script><script>alert(2)", "a\u00a0=cmd()")


def test_names_are_text_in_reports_and_on_the_terminal(tmp_path, capsys):
    """Markup in class and file names is escaped, the page forbids scripts from elsewhere."""
    data = make_dataset(tmp_path / "data", train=1, val=1, names=MARKUP[:2])
    for kind in ("images", "labels"):
        (file,) = (data / "val" / kind).iterdir()
        file.rename(file.with_name("<img src=x onerror=alert(3)>.png"))
    score(ScoreConfig(data / "val/labels", data=data, split="val", out=tmp_path / "score.json"))
    page = report(ReportConfig(tmp_path / "score.json")).read_text()
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x onerror=alert(3)&gt;" in page
    assert re.search(r"Content-Security-Policy[^>]*default-src (&#39;|')none", page)
    assert main(["init", str(tmp_path / "\x1b[31m\u202e")]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_nothing_in_a_setting_is_evaluated(tmp_path):
    """No eval, exec or compile of text in the source; expressions in settings are plain text."""
    from pixelwise.losses.table import criterion

    calls = {node.func.id for node in nodes(ast.Call) if isinstance(node.func, ast.Name)}
    assert not calls & {"eval", "exec", "compile", "__import__"}
    for text in ("__import__('os').system('x')", "ce+$x", "ce(lambda: 1)"):
        with pytest.raises(ArgumentError, match="loss"):
            criterion(text, num_classes=3)
    proof = tmp_path / "proof"
    config = ConvertConfig(f"$(touch {proof})", out=tmp_path / "out", classes=f"`touch {proof}`")
    with pytest.raises(
        DatasetError, match=r"touch .*: .* must be an existing file or folder, got none"
    ):
        convert(config)
    assert not proof.exists()
