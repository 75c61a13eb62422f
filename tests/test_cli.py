"""The command line: the same as the Python calls, one line for a mistake, stable exit codes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from make import make_dataset, train_settings, write_stored
from pixelwise.cli import COMMANDS, main, resolve
from pixelwise.run.config import TrainConfig
from pixelwise.run.train import train
from pixelwise.settings import command_line

COMMAND = [sys.executable, "-m", "pixelwise.cli"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(TrainConfig(**train_settings(data, out)))


def train_words(data, out, *more):
    return ["train", data, "--out", out, *TINY, *more]


TINY = ["--network=small", "--epochs=1", "--batch=2", "--workers=0", "--device=cpu"]


def call(*words):
    return main([str(word) for word in words])


def fails(capsys, message, *words):
    """Exit code 2, nothing on stdout, one line on stderr that holds the message."""
    code = call(*words)
    said = capsys.readouterr()
    last = said.err.strip().splitlines()[-1]
    assert (code, said.out) == (2, "")
    assert said.err.count("pixelwise: ") == 1
    assert last.startswith("pixelwise: ")
    assert message in last


def files_below(folder):
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_help_lists_the_commands(capsys):
    assert call("--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)
    assert call() == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_setting_is_an_option_with_its_default(name, capsys):
    """The options are made from the configuration, so a Python call and a command agree."""
    assert call(name, "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    for field in fields(resolve(COMMANDS[name].config)):
        word = field.name.upper() if field.metadata.get("positional") else field.name
        assert word.replace("_", "-") in text or word in text


def test_help_takes_no_heavy_import():
    """Neither torch nor numpy is there when the list of commands has been printed."""
    code = (
        "import sys; from pixelwise.cli import main; main(['--help']); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'rich', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_command_is_the_python_call(data, run, tmp_path, capsys):
    """The same settings by command give the same bytes, and config.json says the command."""
    assert call(*train_words(data, tmp_path / "run", "--log-every", 1)) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{tmp_path / 'run'}  best val mIoU ")
    for name in ("metrics.jsonl", "last/weights.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()


def test_settings_can_come_from_a_file_and_options_win(data, run, tmp_path, capsys):
    """The config.json of a run makes the same run again, here with another seed and folder."""
    config = run / "config.json"
    assert call("train", "--config", config, "--out", tmp_path / "a", "--seed", 5) == 0
    about = json.loads((tmp_path / "a" / "config.json").read_text())["config"]
    assert (about["seed"], about["network"], about["batch"]) == (5, "small", 2)
    toml = tmp_path / "run.toml"
    toml.write_text(f'data = "{data}"\nnetwork = "small"\nepochs = 1\nbatch = 3\nworkers = 0\n')
    assert call("train", "--config", toml, "--out", tmp_path / "b") == 0
    toml.write_text("epoch = 1\n")
    capsys.readouterr()
    fails(capsys, "setting must be one of data", "train", data, "--config", toml)
    fails(capsys, "must be readable JSON or TOML", "train", data, "--config", tmp_path / "none")


def test_json_is_the_result_for_machines(run, capsys):
    out = run.parent / "predicted"
    assert call("predict", run, "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"predictions": str(out)}
    assert call("score", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "pixelwise.score/1"
    assert call("score", out) == 0
    text = capsys.readouterr().out
    assert "mIoU" in text
    assert "present: mean over the classes" in text


def test_options_of_every_kind_are_parsed(data):
    config = TrainConfig(
        data, crop=(32, 64), clip=None, flip=False, scale_jitter=(0.9, 1.1), max_minutes=2
    )
    words = command_line(config).split()[1:]
    from pixelwise.cli import make_parser

    options = vars(make_parser("train").parse_args(words))
    for name in ("command", "json", "config"):
        options.pop(name)
    assert TrainConfig(**options) == config


def test_init_writes_what_it_sees_and_says_how_sure_it_is(data, tmp_path, capsys):
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    fails(capsys, "Give --force to replace it", "init", folder)
    assert call("init", folder, "--force") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"wrote {folder / 'dataset.toml'}")
    assert "(sure)" in out


# Bad input: each is exit code 2 with one line, and leaves nothing half-written.


def test_an_unknown_command_or_option_is_named(capsys):
    fails(capsys, "Did you mean 'train'?", "trian")
    fails(capsys, "unrecognized arguments: --los", "train", "x", "--los", "ce")
    fails(capsys, "invalid int value: 'many'", "train", "x", "--epochs", "many")
    fails(capsys, "required: RUN", "predict")


def test_an_empty_folder(tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    fails(capsys, "empty", "init", empty)
    fails(capsys, "dataset.toml", "train", empty)
    assert list(empty.iterdir()) == []


@pytest.fixture
def broken(data, tmp_path):
    """A copy of the data to break."""
    return shutil.copytree(data, tmp_path / "data")


def training_fails(capsys, broken, message, *more):
    before = files_below(broken)
    fails(capsys, message, *train_words(broken, broken.parent / "run", *more))
    assert files_below(broken) == before
    assert not (broken.parent / "run").exists()


def test_an_image_without_a_label(broken, capsys):
    (broken / "train" / "labels" / "03.png").unlink()
    training_fails(capsys, broken, "every image must have a label, got 1 without")


def test_a_label_without_an_image(broken, capsys):
    (broken / "train" / "images" / "03.png").unlink()
    training_fails(capsys, broken, "every label must have an image, got 1 without")


def test_two_images_with_one_stem(broken, capsys):
    images = broken / "train" / "images"
    Image.open(images / "03.png").save(images / "03.bmp")
    training_fails(capsys, broken, "one file for each id")


def test_sizes_that_differ(broken, capsys):
    path = broken / "val" / "labels" / "06.png"
    Image.open(path).resize((20, 10)).save(path)
    training_fails(capsys, broken, "06.png is 10x20 beside")


def test_a_colour_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    Image.open(path).convert("RGB").save(path)
    training_fails(capsys, broken, "color_to_index")


def test_a_jpeg_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    Image.open(path).convert("L").save(path.with_suffix(".jpg"))
    path.unlink()
    training_fails(capsys, broken, "stored without loss")


def test_a_truncated_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    path.write_bytes(path.read_bytes()[:-60])
    training_fails(capsys, broken, "03.png")


def test_an_index_that_is_no_class(broken, capsys):
    write_stored(broken / "train" / "labels" / "03.png", np.full((37, 47), 77))
    training_fails(capsys, broken, "got 77 (1,739 pixels, first at y=0 x=0)")


def test_void_that_is_not_declared(broken, capsys):
    text = (broken / "dataset.toml").read_text().replace("ignore_values = [11]\n", "")
    (broken / "dataset.toml").write_text(text)
    training_fails(capsys, broken, "Is 11 the void value? Add it to ignore_values.")


def test_an_unknown_key_in_dataset_toml(broken, capsys):
    path = broken / "dataset.toml"
    path.write_text(path.read_text().replace("ignore_values", "ignored_values"))
    training_fails(capsys, broken, "ignored_values")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "dicee"], "Did you mean 'dice'?"),
        (["--loss", "ce+"], "a sum of losses"),
        (["--network", "unet:resnet19"], "Did you mean resnet"),
        (["--class-weights", "median"], "class_weights must be one of none, inverse"),
        (["--train-split", "tran"], "got 'tran'"),
        (["--lr", "-1"], "lr must be > 0"),
    ],
)
def test_an_unknown_loss_network_method_or_split(broken, capsys, words, message):
    training_fails(capsys, broken, message, *words)


def test_softmax_with_one_channel(tmp_path, capsys):
    binary = make_dataset(tmp_path / "data", binary=True)
    training_fails(capsys, binary, "Use bce in place of ce", "--loss", "ce")


def test_a_gpu_that_is_not_there(broken, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    training_fails(capsys, broken, "got cuda without a usable GPU", "--device", "cuda")


def test_a_loss_that_becomes_nan(data, tmp_path, capsys):
    words = ["--lr", "1e30", "--clip", "none", "--epochs", "9"]
    fails(capsys, "must be finite, got", *train_words(data, tmp_path / "run", *words))


def test_an_output_folder_that_exists(data, run, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    before = files_below(tmp_path)
    fails(capsys, "a new or empty folder", *train_words(data, tmp_path))
    fails(capsys, "a new or empty folder", "predict", run, "--out", tmp_path)
    fails(capsys, "not replaced", "predict", run, "--out", tmp_path, "--overwrite")
    fails(capsys, "a new or empty folder", "demo", "--out", tmp_path)
    fails(capsys, "not replaced", "demo", "--out", tmp_path, "--overwrite")
    assert files_below(tmp_path) == before


def test_class_names_with_markup_stay_text(tmp_path, capsys):
    """<script> in a class name goes through training and comes out escaped in the report."""
    names = ("<script>alert(1)</script>", "a&b", "c\x1b[31m")
    data = make_dataset(tmp_path / "data", names=names[:2])
    assert call(*train_words(data, tmp_path / "run")) == 0
    assert call("predict", tmp_path / "run") == 0
    assert call("score", tmp_path / "run" / "predictions" / "val") == 0
    assert names[0] in capsys.readouterr().out
    assert call("report", tmp_path / "run", "--out", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_control_characters_do_not_reach_the_terminal():
    from pixelwise.text import text_table

    assert text_table([["c\x1b[31m", "1"]]) == "c?[31m  1"


@pytest.mark.parametrize("send", [os.kill, os.killpg])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_a_usable_last_checkpoint(data, tmp_path, number, code, send):
    """Whether the process or its whole group is told: an exit code, one line, `last` predicts."""
    out = tmp_path / "run"
    options = "--epochs", 500, "--log-every", 1, "--workers", 1
    words = [str(word) for word in train_words(data, out, *options)]
    process = subprocess.Popen(
        [*COMMAND, *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (out / "last").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    send(process.pid, number)
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout) == (code, b"")
    assert stderr.decode().splitlines()[-1] == "pixelwise: interrupted"
    assert f"pixelwise train --resume {out}" in stderr.decode()
    assert call("predict", out / "last") == 0


def test_a_reader_that_goes_away_is_no_error():
    """`pixelwise --help | head -0`: exit code 0 and not a word on stderr."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "train", "--help"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_ascii_terminal_gets_names_it_can_show():
    code = "from pixelwise.cli import main; main(['trän'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert rb"tr\xe4n" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_bug_shows_its_traceback(monkeypatch):
    """Only errors that the user can mend are shortened."""
    monkeypatch.setattr("pixelwise.init.command.look", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        call("init", "anywhere")
