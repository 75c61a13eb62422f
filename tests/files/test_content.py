"""Formats are distinguished by their first bytes."""

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from pixelwise.files.content import (
    Unreadable,
    check_pixels,
    format_of,
    holds,
    open_file,
    read_file,
)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WebP"])
def test_what_pillow_writes_is_recognised(name):
    """The name of the format as people write it."""
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, name)
    assert format_of(buffer.getvalue()) == name


def test_large_tiff_files_are_tiff_too():
    """The variant for more than 4 GiB has another number in its signature."""
    buffer = io.BytesIO()
    Image.new("L", (3, 2)).save(buffer, "TIFF", big_tiff=True)
    assert buffer.getvalue()[2] == 43
    assert format_of(buffer.getvalue()) == "TIFF"


def test_another_beginning_is_shown():
    """The first bytes often say what happened, as in a saved error page."""
    with pytest.raises(Unreadable, match=r"a file that starts with b'<html><head"):
        format_of(b"<html><head><title>404 Not Found")


def test_the_pixel_limit_is_inclusive():
    """Exactly the limit is allowed; the product of huge sizes does not wrap."""
    check_pixels(16384, 16384)
    with pytest.raises(Unreadable, match=r"at most 268,435,456 pixels.*4,294,967,295 x 4,294"):
        check_pixels(2**32 - 1, 2**32 - 1)


def test_the_content_is_returned_as_it_is(tmp_path):
    """Names may be strings or paths."""
    (tmp_path / "a").write_bytes(b"\0\1")
    assert read_file(tmp_path / "a") == read_file(str(tmp_path / "a")) == b"\0\1"


def test_a_file_holds_its_own_bytes_and_a_link_none(tmp_path):
    """An empty file counts; what is not a regular file is not opened."""
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    assert holds(tmp_path / "a", b"x")
    assert holds(tmp_path / "empty", b"")
    assert not any(holds(tmp_path / name, b"x") for name in ("empty", "link", "pipe", "none"))


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="a file of Linux")
def test_a_file_of_no_size_that_never_ends_is_empty(tmp_path):
    """Reading /proc/kmsg waits for the next message of the system."""
    (tmp_path / "dataset.toml").symlink_to("/proc/kmsg")
    with pytest.raises(Unreadable, match="a file with content"):
        read_file(tmp_path / "dataset.toml")
    with suppress(Unreadable):  # only an administrator may open it
        assert read_file(tmp_path / "dataset.toml", may_be_empty=True) == b""
        with open_file(tmp_path / "dataset.toml", may_be_empty=True) as file:
            assert file.read() == b""
