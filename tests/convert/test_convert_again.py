"""Converting again, after anything: the same bytes by every executor, changes, stops, kills."""

import json
import re
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from convert.annotations import (
    RIGHT,
    SQUARE,
    digests,
    random_image,
    shape,
    write_image,
    write_labelme,
)
from convert.street import NAMES, settings, write_street
from pixelwise.cli import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, RunError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label


@pytest.fixture
def source(tmp_path):
    return write_street(tmp_path / "source")


def test_a_second_run_writes_the_same_bytes(source, tmp_path):
    """Into the same folder, where all is done already, and into another."""
    convert(settings(source))
    first = digests(tmp_path / "out")
    assert convert(settings(source)).resumed == 12
    assert digests(tmp_path / "out") == first
    convert(settings(source, out=tmp_path / "again"))
    assert digests(tmp_path / "again") == first


def test_every_executor_writes_the_same_bytes(source, tmp_path):
    """This thread, threads, and processes that share nothing."""
    convert(settings(source))
    with ThreadPoolExecutor(3) as threads:
        convert(settings(source, out=tmp_path / "threads"), threads)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        convert(settings(source, out=tmp_path / "processes"), processes)
    convert(settings(source, out=tmp_path / "workers", workers=2))
    first = digests(tmp_path / "out")
    assert digests(tmp_path / "threads") == first
    assert digests(tmp_path / "processes") == first
    assert digests(tmp_path / "workers") == first
    assert convert(settings(source, workers=1)).resumed == 12


def test_progress_counts_to_the_number_of_labels(source):
    """Called after each label with (done, all)."""
    calls = []
    convert(settings(source), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(number, 12) for number in range(1, 13)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b""),
    ],
    ids=["missing", "cut", "empty"],
)
@pytest.mark.parametrize("file", ["labels/street/c.png", "images/street/c.png"])
def test_a_file_that_is_not_what_was_written_is_made_again(source, tmp_path, file, damage):
    """Done files are known by their content, not by being there."""
    convert(settings(source))
    first = digests(tmp_path / "out")
    damage(tmp_path / "out" / file)
    assert convert(settings(source)).resumed == 11
    assert digests(tmp_path / "out") == first


def test_an_annotation_that_changed_is_converted_again(source):
    """And only that one."""
    convert(settings(source))
    write_labelme(source, NAMES[3], [shape("dog", SQUARE), shape("cat", RIGHT)])
    report = convert(settings(source))
    assert report.resumed == 11
    assert read_label(report.folder / f"labels/{NAMES[3]}.png")[3, 3] == 2


def test_an_image_that_changed_is_copied_again(source):
    """The key of a label has its image in it."""
    convert(settings(source))
    write_image(source / f"{NAMES[3]}.png", seed=99)
    report = convert(settings(source))
    assert report.resumed == 11
    written = read_rgb(report.folder / f"images/{NAMES[3]}.png")
    np.testing.assert_array_equal(written, random_image(seed=99))


def test_an_image_of_another_format_takes_the_place_of_the_old_one(tmp_path):
    """An id has one image; otherwise its label could not be paired."""
    write_labelme(tmp_path / "source")
    convert(settings(tmp_path / "source"))
    write_image(tmp_path / "source/a.jpg")
    write_labelme(tmp_path / "source", imagePath="a.jpg")
    report = convert(settings(tmp_path / "source"))
    assert [path.name for path in (report.folder / "images").iterdir()] == ["a.jpg"]


def test_other_settings_make_all_labels_again(source):
    """A label of another pixel rule is not done."""
    convert(settings(source))
    assert convert(settings(source, rule="pillow")).resumed == 0


def test_a_run_that_was_stopped_goes_on(source, tmp_path):
    """As after a kill: three labels are done, a line is torn, the fourth has no line."""
    convert(settings(source))
    first = digests(tmp_path / "out")
    manifest = tmp_path / "out" / "convert.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(lines[:3]) + lines[3][:40])
    (tmp_path / "out" / "dataset.toml").unlink()
    report = convert(settings(source))
    assert report.resumed == 3
    assert digests(tmp_path / "out") == first


@pytest.mark.parametrize("others", [set(), {"notes.txt"}])
def test_nothing_is_left_where_no_label_could_be_made(tmp_path, others):
    """Files of others stay."""
    (tmp_path / "source").mkdir()
    np.save(tmp_path / "source" / "a.npy", np.full((2, 3), 7.5))
    for name in others:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / name).touch()
    config = ConvertConfig(tmp_path / "source", "array", out=tmp_path / "out", classes="voc")
    with pytest.raises(DatasetError, match=r"a\.npy"):
        convert(config)
    assert {p.name for p in tmp_path.glob("out/*")} == others
    assert (tmp_path / "out").exists() == bool(others)


def test_an_interruption_leaves_a_state_to_go_on_from(source, tmp_path):
    """Ctrl-C after five labels: five lines, no dataset.toml, and the next run does the rest."""

    def stop(done, total):  # noqa: ARG001
        if done == 5:
            raise KeyboardInterrupt("by hand")

    with pytest.raises(KeyboardInterrupt, match="by hand"):
        convert(settings(source), progress=stop)
    assert not (tmp_path / "out" / "dataset.toml").exists()
    assert convert(settings(source)).resumed == 5


def test_files_that_are_wrong_are_named_and_all_others_are_made(source, tmp_path):
    """The report lists them; the same call makes them alone once they are repaired."""
    (source / f"{NAMES[1]}.json").write_text('{"shapes": [')
    write_labelme(source, NAMES[4], [shape("cat", [[1, 1], [2, 2]])])
    report = convert(settings(source))
    assert [text.partition(": ")[0][-6:] for text in report.failed] == ["b.json", "e.json"]
    expected = (
        r"^convert: 2 of 12 labels could not be made\. .*b\.json: .*e\.json: .*the same command"
    )
    assert re.search(expected, str(report.finding()))
    assert "2 of 12 labels could not be made and are left out" in report.text()
    written = json.loads((tmp_path / "out/convert.json").read_text())
    assert (written["files"], len(written["failed"])) == (10, 2)
    write_labelme(source, NAMES[1], [shape("cat", SQUARE), shape("dog", RIGHT)])
    write_labelme(source, NAMES[4])
    whole = convert(settings(source))
    assert (whole.files, whole.resumed, whole.failed, whole.finding()) == (12, 10, (), None)


def test_the_dataset_of_a_conversion_that_left_labels_out_says_so_and_has_the_others(source):
    """Every image in it has its label: it can be used, and does not claim more than is there."""
    (source / f"{NAMES[1]}.json").write_text('{"shapes": [')
    report = convert(settings(source))
    assert "# 1 of 12 labels could not be made and are left out" in report.description.read_text()
    found = read_description(report.description)
    pairs = [pair.id for split in found.splits for pair in found.pairs(split)]
    assert len(pairs) == len(set(pairs)) == 11


def test_a_label_whose_annotations_broke_since_is_not_left_behind(source, tmp_path):
    """It was made of annotations that are no longer there; what somebody changed since stays."""
    convert(settings(source))
    changed = tmp_path / "out/labels/street/e.png"
    changed.write_bytes(b"mine")
    for name in (NAMES[1], NAMES[4]):
        (source / f"{name}.json").write_text('{"shapes": [')
    convert(settings(source))
    assert not (tmp_path / "out/labels/street/b.png").exists()
    assert not (tmp_path / "out/images/street/b.png").exists()
    assert changed.read_bytes() == b"mine"


def test_when_not_one_label_can_be_made_it_is_an_error_and_nothing_is_described(source, tmp_path):
    for name in NAMES:
        write_labelme(source, name, [shape("cow", SQUARE)])
    with pytest.raises(DatasetError, match=r"not one of 12 labels could be made\. .*a\.json: "):
        convert(settings(source, classes="cat=#ff0000,dog=#00ff00"))
    assert not (tmp_path / "out/dataset.toml").exists()


def test_labels_that_are_left_out_are_exit_code_1_in_the_words_of_options(source, tmp_path, capsys):
    write_labelme(source, NAMES[1], [shape("cow", SQUARE)])
    write_labelme(source, NAMES[4], [shape("cow", SQUARE)])
    must = r"2 of 12 labels could not be made\. .*b\.json: classes of objects must be .*"
    words = ["--format", "labelme", "--classes", "cat=#ff0000,dog=#00ff00", "--json"]
    assert main(["convert", str(source), *words, "--out", str(tmp_path / "b")]) == 1
    said = capsys.readouterr()
    assert re.search(must + "Use --classes.* --unknown ignore", said.err)
    assert ["b.json" in json.loads(said.out)["failed"][0]] == [True]
    assert "\x1f" not in said.out + said.err


def test_a_second_conversion_into_a_folder_is_refused_while_the_first_one_runs(source):
    """Both would write its dataset.toml and take the labels of the other for their own."""
    refused = []

    def try_another(done, total):  # noqa: ARG001
        with pytest.raises(RunError, match=r"pixelwise convert, process .* is writing to it"):
            convert(settings(source))
        refused.append(done)

    convert(settings(source), progress=try_another)
    assert refused == list(range(1, 13))
    assert convert(settings(source)).resumed == 12


def run_elsewhere(source, prelude, workers=0):
    """Convert in a process of its own, prepared by some lines of Python."""
    made = {"source": str(source), "out": str(source / "../out"), "workers": workers}
    code = (
        f"{prelude}\n"
        "from pixelwise.convert.config import ConvertConfig\n"
        "from pixelwise.convert.command import convert\n"
        "from pixelwise.errors import RunError\n"
        f"config = ConvertConfig(**{made})\n"
        "try: convert(config, progress=progress)\n"
        "except RunError as error: raise SystemExit(str(error))\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)


def test_a_process_that_is_killed_leaves_whole_files_only(source, tmp_path):
    """kill -9 after five labels; the next run makes the rest, and the bytes are the same."""
    convert(settings(source, out=tmp_path / "whole"))
    prelude = (
        "import os, signal\n"
        "def progress(done, total):\n"
        "    if done == 5: os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert run_elsewhere(source, prelude).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "out/labels").rglob("*.png"))) == 5
    assert convert(settings(source)).resumed == 5
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_leaves_what_is_done_and_no_process(source, tmp_path, workers):
    """SIGINT after five labels: workers finish what they have begun; the next run goes on."""
    convert(settings(source, out=tmp_path / "whole"))
    prelude = (
        "import os, signal\n"
        "def progress(done, total):\n"
        "    if done == 5: os.kill(os.getpid(), signal.SIGINT)"
    )
    done = run_elsewhere(source, prelude, workers)
    assert done.returncode == -signal.SIGINT
    assert done.stderr.count("Traceback") == 1
    assert convert(settings(source)).resumed == 5
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_a_full_disk_stops_with_one_sentence_and_no_half_file(source, tmp_path):
    """Files may not grow beyond 1500 bytes: labels fit, images do not."""
    prelude = (
        "import resource, signal\n"
        "progress = None\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))"
    )
    done = run_elsewhere(source, prelude)
    assert "images/street/a.png: file must be writable, got File too large" in done.stderr
    assert not list((tmp_path / "out/images").rglob("*"))[1:]
    assert convert(settings(source)).files == 12
