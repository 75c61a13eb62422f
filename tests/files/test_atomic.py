"""A file is the old one or the new one, never a part."""

import os

import pytest

from pixelwise.errors import RunError
from pixelwise.files import atomic
from pixelwise.files.atomic import atomic_write


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_no_other_is_left(tmp_path):
    """After writing, the folder holds the new content under the name and nothing else."""
    atomic_write(tmp_path / "a", b"old")
    atomic_write(str(tmp_path / "a"), b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch, step):
    """Whatever step fails, the old bytes stay and the message has path, reason and size."""
    atomic_write(tmp_path / "a", b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, step, fail)
    message = r"a: file must be writable, got No space left on device while writing 1,234 bytes"
    with pytest.raises(RunError, match=message):
        atomic_write(tmp_path / "a", bytes(1234))
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]


def test_an_interrupt_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    """Control-C is not swallowed and leaves nothing behind."""
    atomic_write(tmp_path / "a", b"old")

    def interrupt(*_):
        raise KeyboardInterrupt("now")

    monkeypatch.setattr(atomic.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt, match="now"):
        atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]


def test_bytes_reach_the_disk_before_the_name(tmp_path, monkeypatch):
    """Order: sync the file, give it the name, sync the folder."""
    steps = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(atomic.os, "fsync", lambda fd: (steps.append("sync"), real_fsync(fd)))
    monkeypatch.setattr(
        atomic.os, "replace", lambda *paths: (steps.append("name"), real_replace(*paths))
    )
    atomic_write(tmp_path / "a", b"new")
    assert steps == ["sync", "name", "sync"]


def test_a_file_system_that_cannot_sync_folders_is_good_enough(tmp_path, monkeypatch):
    """Some network file systems refuse; the file itself is safe by then."""
    calls = []

    def refuse_second(descriptor):
        calls.append(descriptor)
        raise_on_second(calls)

    monkeypatch.setattr(atomic.os, "fsync", refuse_second)
    atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(calls) == 2


def raise_on_second(calls):
    if len(calls) == 2:
        raise OSError(22, "Invalid argument")


def test_a_link_is_replaced_and_its_target_is_not_written(tmp_path):
    """Writing stays inside the folder that was named."""
    (tmp_path / "target").write_bytes(b"target")
    os.symlink(tmp_path / "target", tmp_path / "link")
    atomic_write(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"target"
    assert (tmp_path / "link").read_bytes() == b"new"
    assert not (tmp_path / "link").is_symlink()


def test_permissions_follow_the_umask(tmp_path):
    """The file is as readable as any other new file, not private like a temporary one."""
    (tmp_path / "ordinary").write_bytes(b"")
    atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
