"""One of several arrays of a .mat or .npz file is chosen by --key."""

import shlex
import zipfile

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.entry import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.png import read_label

LABEL = np.zeros((12, 16), np.uint8)
LABEL[3:9, 4:9] = 1
EDGES = np.zeros((12, 16), np.uint8)
EDGES[3] = 1


def draw(folder, **arrays):
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 255, (12, 16, 3), np.uint8)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "labels").mkdir(exist_ok=True)
        Image.fromarray(noise).save(folder / f"images/{number}.png")
        np.savez_compressed(folder / f"labels/{number}.npz", **arrays)


def config(folder, **settings):
    return ConvertConfig(
        source=folder / "labels", images=folder / "images", out=folder / "out", **settings
    )


def test_the_only_array_of_an_npz_file_is_the_label(tmp_path):
    draw(tmp_path, anything=LABEL, scale=np.float64(3))
    assert convert(config(tmp_path)).format == "array"
    np.testing.assert_array_equal(read_label(tmp_path / "out/labels/0.png"), LABEL)


@pytest.mark.parametrize("key", ["Boundaries", "Segmentation"])
def test_of_several_arrays_a_key_chooses(key, tmp_path):
    draw(tmp_path, Segmentation=LABEL, Boundaries=EDGES)
    convert(config(tmp_path, key=key))
    expected = {"Segmentation": LABEL, "Boundaries": EDGES}[key]
    np.testing.assert_array_equal(read_label(tmp_path / "out/labels/0.png"), expected)


def test_without_a_key_the_arrays_are_listed_with_a_command_that_works(tmp_path, capsys):
    draw(tmp_path / "a b", edges=EDGES, ground_truth=LABEL)
    words = ["convert", str(tmp_path / "a b/labels"), "--images", str(tmp_path / "a b/images")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "edges (12 x 16), ground_truth (12 x 16)" in error
    assert main(shlex.split(error[error.index("pixelwise convert") :])[1:]) == 0
    np.testing.assert_array_equal(read_label(tmp_path / "out/labels/0.png"), LABEL)


def test_a_key_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    draw(tmp_path, a=EDGES, b=LABEL)
    with pytest.raises(DatasetError, match=r"key must be one of a \(12 x 16\), b \(12 x 16\), got"):
        convert(config(tmp_path, key="c"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_damaged_npz_files_are_one_sentence(content, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/0.npz").write_bytes(content)
    with pytest.raises(DatasetError):
        convert(ConvertConfig(source=tmp_path / "labels", classes="binary"))


def test_an_npz_file_that_unpacks_to_more_than_memory_allows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXELWISE_MAX_GIB", repr(1 / 64))
    (tmp_path / "labels").mkdir()
    with (
        zipfile.ZipFile(tmp_path / "labels/0.npz", "w", zipfile.ZIP_DEFLATED) as file,
        file.open("a.npy", "w", force_zip64=True) as entry,
    ):
        np.lib.format.write_array(entry, np.zeros((1, 1), np.uint8))
        for _ in range(12):
            entry.write(bytes(1 << 20))
    with pytest.raises(DatasetError, match="unpacks to at most"):
        convert(ConvertConfig(source=tmp_path / "labels", classes="binary"))
