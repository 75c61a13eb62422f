"""A PNG written row by row is the one that is written at once."""

import io

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import LabelError, RunError
from pixelwise.labels.codecs import png_writer
from pixelwise.labels.codecs.png_writer import encode_png, png_of_rows
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import read_label, write_label

RANDOM = np.random.default_rng(0)
LABEL = RANDOM.integers(0, 256, (71, 45), np.uint8)


def write(path, label, palette=None, rows=13):
    with png_of_rows(path, label.shape, label.dtype, palette) as put:
        for top in range(0, len(label), rows):
            put(label[top : top + rows])


def write_half(path):
    with png_of_rows(path, LABEL.shape, LABEL.dtype, None) as put:
        put(LABEL[:10])
        raise KeyboardInterrupt


@pytest.mark.parametrize("rows", [1, 13, 71])
def test_it_has_the_bytes_of_write_label(tmp_path, rows):
    write(tmp_path / "rows.png", LABEL, voc_colormap(), rows)
    write_label(tmp_path / "once.png", LABEL)
    assert (tmp_path / "rows.png").read_bytes() == (tmp_path / "once.png").read_bytes()


def test_16_bits_are_written_too(tmp_path):
    label = RANDOM.integers(0, 65536, (20, 33), np.uint16)
    write(tmp_path / "a.png", label)
    assert (tmp_path / "a.png").read_bytes() == encode_png(label, None)


def test_a_large_file_has_its_pixels_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(png_writer, "PART", 100)
    write(tmp_path / "a.png", LABEL, voc_colormap())
    data = (tmp_path / "a.png").read_bytes()
    assert data.count(b"IDAT") > 10
    assert np.array_equal(read_label(tmp_path / "a.png"), LABEL)
    with Image.open(io.BytesIO(data)) as picture:
        assert np.array_equal(np.asarray(picture), LABEL)


def test_what_is_not_read_back_equal_never_appears(tmp_path, monkeypatch):
    monkeypatch.setattr(png_writer, "_checksum", lambda *_: 0)
    with pytest.raises(LabelError, match="equal when read back"):
        write(tmp_path / "a.png", LABEL)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_the_old_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "a.png")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="must be writable"):
        write(tmp_path / "file" / "a.png", LABEL)
