"""Names that other systems refuse, paths that are one place, and calls that fail as on Windows."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from convert.annotations import shape, write_labelme
from make import make_dataset
from pixelwise import processes
from pixelwise.audit.source import folders_as_description
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.data.loader import load_batches
from pixelwise.errors import DatasetError, RunError
from pixelwise.files import atomic, names
from pixelwise.files.atomic import atomic_write, sync_folder, take_name
from pixelwise.files.folder import staged_folder
from pixelwise.files.names import check_names, is_portable, lies_in, real_path
from pixelwise.labels.description import read_description
from pixelwise.logs.metrics_file import append_line
from pixelwise.text import shell_line

ALLOWED = ("a.png", "console.png", "a/b c.png", ".a.png", "nullen.png", "com10.png", "größe.png")
REFUSED = (
    *("con.png", "NUL", "a/aux.txt", "prn.tar.gz", "com1.png", "LPT9", "com¹.png", "con .png"),
    *("a.", "a /b.png", "a:b.png", "a?.png", "a*b", 'say "a".png', "a|b", "<a>.png", "a\tb.png"),
)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_name_that_every_system_allows_is_portable(name):
    """Also names that only begin like a reserved one."""
    assert is_portable(name)


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_windows_keeps_for_itself_is_not_portable(name):
    """Reserved with any suffix and in any letters; ends and characters that it drops or refuses."""
    assert not is_portable(name)


def test_reserved_names_are_refused_on_windows_before_the_first_file(tmp_path, monkeypatch):
    """Elsewhere they are names like any other."""
    for stem in ("aux", "street"):
        write_labelme(tmp_path / "source", stem, [shape("cat", [[2, 2], [12, 2], [12, 12]])])
    config = ConvertConfig(tmp_path / "source", out=tmp_path / "out")
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        with pytest.raises(DatasetError, match=r"allowed on Windows, got aux\.png"):
            convert(config)
    assert not list((tmp_path / "out").rglob("*.png"))
    assert len(convert(config).classes) == 2


def test_two_labels_are_never_written_under_one_name_of_a_folder_that_ignores_case(
    tmp_path, monkeypatch
):
    """The second would replace the first; a folder that tells them apart holds both."""
    for stem in ("Street", "street"):
        write_labelme(tmp_path / "source", stem, [shape("cat", [[2, 2], [12, 2], [12, 12]])])
    config = ConvertConfig(tmp_path / "source", out=tmp_path / "out")
    with monkeypatch.context() as disk:
        disk.setattr(names, "_ignores_case", lambda _: True)
        with pytest.raises(DatasetError, match=r"got Street\.png and street\.png"):
            convert(config)
    assert not list((tmp_path / "out").rglob("*.png"))
    convert(config)
    assert sorted(os.listdir(tmp_path / "out/labels")) == ["Street.png", "street.png"]


def test_whether_a_folder_ignores_case_is_found_by_trying(tmp_path, monkeypatch):
    """Also for a folder that is not there yet; nothing stays behind."""
    check_names("convert", tmp_path / "new/out", ["A.png", "a.png", "b.png"])
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: "PIXELWISE" in path.name or exists(path))
    with pytest.raises(RunError, match=r"capital letters.*got A\.png and a\.png"):
        check_names("convert", tmp_path / "new/out", ["A.png", "a.png", "b.png"])
    assert os.listdir(tmp_path) == []


def test_a_folder_is_known_under_any_name_of_it(tmp_path):
    """Through a link, as on a disk that ignores case."""
    (tmp_path / "data/images").mkdir(parents=True)
    (tmp_path / "Data").symlink_to("data")
    assert lies_in(tmp_path / "Data/images/new", tmp_path / "data")
    assert lies_in(tmp_path / "data", tmp_path / "Data")
    assert not lies_in(tmp_path / "data", tmp_path / "data/images")
    assert not lies_in(tmp_path / "database", tmp_path / "data")


def refusing(number, calls):
    """A call that fails so many times as Windows does while another program has a file open."""
    replace = os.replace

    def fail_at_first(source, target):
        calls.append(target)
        if len(calls) <= number:
            raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        replace(source, target)

    return fail_at_first


def test_a_file_that_is_open_for_a_moment_is_replaced_after_it(tmp_path, monkeypatch):
    """As virus scanners of Windows do; elsewhere a refusal is final."""
    calls = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(atomic, "_SECONDS_TO_WAIT", (0, 0, 0))
    monkeypatch.setattr(os, "replace", refusing(3, calls))
    atomic_write(tmp_path / "a.txt", b"new")
    assert ((tmp_path / "a.txt").read_bytes(), len(calls)) == (b"new", 4)


def test_a_file_that_stays_open_is_one_sentence_and_keeps_its_content(tmp_path, monkeypatch):
    """No temporary file is left."""
    atomic_write(tmp_path / "a.txt", b"old")
    monkeypatch.setattr(os, "replace", refusing(99, []))
    with pytest.raises(RunError, match=r"a\.txt: file must be writable, got Access is denied"):
        atomic_write(tmp_path / "a.txt", b"new")
    assert (os.listdir(tmp_path), (tmp_path / "a.txt").read_bytes()) == (["a.txt"], b"old")


def test_a_folder_that_cannot_take_its_name_leaves_the_old_one_in_place(tmp_path, monkeypatch):
    """Windows refuses to rename a folder in which a file is open."""
    with staged_folder(tmp_path / "out") as staging:
        (staging / "a.txt").write_text("old")

    def refuse_new(source, target):
        if ".new-" in str(source):
            raise PermissionError(errno.EACCES, "Access is denied")
        rename(source, target)

    rename = os.replace
    monkeypatch.setattr(os, "replace", refuse_new)
    refused = pytest.raises(RunError, match="one that can be replaced, got Access is denied")
    with refused, staged_folder(tmp_path / "out") as staging:
        (staging / "a.txt").write_text("new")
    assert os.listdir(tmp_path) == ["out"]
    assert (tmp_path / "out/a.txt").read_text() == "old"


def test_a_folder_that_cannot_be_opened_is_not_synced(tmp_path, monkeypatch):
    """Windows opens no folder; what was written there is left to the system."""

    def refuse(path, _):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    sync_folder(tmp_path)


def test_a_file_without_a_name_takes_one_in_one_call_elsewhere(tmp_path, monkeypatch):
    """Only Windows tries again."""
    calls = []
    monkeypatch.setattr(os, "replace", refusing(1, calls))
    with pytest.raises(PermissionError, match="Access is denied"):
        take_name(tmp_path / "a", tmp_path / "b")
    assert len(calls) == 1


def test_a_link_that_the_disk_refuses_is_one_sentence_with_the_other_choice(tmp_path, monkeypatch):
    """FAT has no links, and Windows none between drives."""
    write_labelme(tmp_path / "source", "a", [shape("cat", [[2, 2], [12, 2], [12, 12]])])

    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(RunError, match=r'no hard link .*Use image_files="copy"'):
        convert(ConvertConfig(tmp_path / "source", out=tmp_path / "out", image_files="link"))
    assert list((tmp_path / "out").rglob(".pixelwise*")) == []


def test_paths_of_a_dataset_may_have_been_written_on_windows(tmp_path):
    """Folders in dataset.toml and lines of lists; they are kept with "/"."""
    data = make_dataset(tmp_path, 2, 2)
    toml = (data / "dataset.toml").read_text().replace("/images", r"\\images")
    toml = toml.replace('"train/labels"', "'train\\labels'\nlist = 'lists\\train.txt'")
    (data / "dataset.toml").write_text(toml)
    (data / "lists").mkdir()
    (data / "lists/train.txt").write_text("deep\\00\n")
    for kind in ("images", "labels"):
        (data / "train" / kind / "deep").mkdir()
        (data / f"train/{kind}/00.png").rename(data / f"train/{kind}/deep/00.png")
    found = read_description(data)
    assert found.splits["train"].images == "train/images"
    assert [pair.id for pair in found.pairs("train")] == ["deep/00"]


def test_two_drives_of_windows_are_one_sentence(monkeypatch):
    """They have no folder in common."""

    def refuse(_):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", refuse)
    with pytest.raises(
        DatasetError, match=r"labels must be on the drive of the images, got .*drive"
    ):
        folders_as_description(Path("C:/images"), Path("D:/labels"))


def test_a_pool_has_at_most_as_many_processes_as_windows_can_wait_for(monkeypatch):
    """More are an error of the standard library."""
    monkeypatch.setattr(sys, "platform", "win32")
    pool = processes.new_pool(64)
    assert pool._max_workers == 61
    pool.shutdown()


class Example:
    """What a spawned process gets."""

    def __getitem__(self, key):
        return [key, key]


def test_what_reads_batches_can_be_sent_to_a_spawned_process(monkeypatch):
    """Windows and macOS start processes anew: no function of a function, no open file."""
    from torch.utils import data

    from pixelwise.data import loader

    seen = []
    monkeypatch.setattr(
        loader,
        "DataLoader",
        lambda *given, **named: seen.append((given, named)) or data.DataLoader(*given, **named),
    )
    with load_batches(Example(), [[(0, 1)]], workers=0) as batches:
        assert len(list(batches)) == 1
    ((dataset,), named) = seen[0]
    assert pickle.loads(pickle.dumps((named["collate_fn"], named["worker_init_fn"])))
    assert type(pickle.loads(pickle.dumps(dataset.dataset))) is Example


def test_signals_are_left_alone_where_a_system_cannot_hold_them(monkeypatch):
    """Windows has no mask of signals."""
    monkeypatch.delattr(processes.signal, "pthread_sigmask")
    with load_batches(Example(), [[(0, 1)]], workers=0) as batches:
        assert len(list(batches)) == 1


def test_lines_end_in_the_same_byte_on_every_system(tmp_path):
    """A text file without newline= would have two on Windows."""
    append_line(tmp_path / "metrics.jsonl", {"step": 1})
    assert (tmp_path / "metrics.jsonl").read_bytes() == b'{"step": 1}\n'


def test_a_command_in_a_hint_is_in_the_quotes_of_the_system(monkeypatch):
    """The shell of Windows knows no single quotes."""
    words = ["pixelwise", "init", "C:\\my data"]
    assert shell_line(words) == "pixelwise init 'C:\\my data'"
    monkeypatch.setattr(sys, "platform", "win32")
    assert shell_line(words) == 'pixelwise init "C:\\my data"'


def test_a_terminal_of_windows_that_lacks_a_letter_prints_its_code(tmp_path):
    """cp1252 has no arrow; the output goes on."""
    data = make_dataset(tmp_path, 2, 2, names=("grün", "→", "π"))
    code = "import sys; from pixelwise.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "weights", str(data)]
    done = subprocess.run(
        words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2192" in done.stdout


def test_a_name_that_no_file_can_have_leads_nowhere():
    assert real_path("a\0b") == Path.cwd() / "a\0b"
