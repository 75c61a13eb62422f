"""A command is the Python call; results on stdout, stable exit codes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import warm
from cli.calls import COMMAND, call, fails, train_words


def test_a_command_is_the_python_call(data, run, tmp_path, capsys):
    """The same settings by command give the same bytes, and config.json says the command."""
    assert call(*train_words(data, tmp_path / "run", "--log-every", 1)) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{tmp_path / 'run'}  best val mIoU ")
    for name in ("metrics.jsonl", "last/weights.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()


def test_settings_can_come_from_a_file_and_options_win(data, run, tmp_path):
    """The config.json of a run makes the same run again, here with another seed and folder."""
    config = run / "config.json"
    assert call("train", "--config", config, "--out", tmp_path / "a", "--seed", 5) == 0
    about = json.loads((tmp_path / "a" / "config.json").read_text())["config"]
    assert (about["seed"], about["network"], about["batch"]) == (5, "small", 2)
    toml = tmp_path / "run.toml"
    toml.write_text(f'data = "{data}"\nnetwork = "small"\nepochs = 1\nbatch = 3\nworkers = 0\n')
    assert call("train", "--config", toml, "--out", tmp_path / "b") == 0


def test_the_package_can_be_run_as_the_command():
    words = [sys.executable, "-m", "pixelwise", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pixelwise ")


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


def test_init_writes_what_it_sees_and_says_how_sure_it_is(data, tmp_path, capsys):
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    fails(capsys, "Give --force to replace it", "init", folder)
    assert call("init", folder, "--force") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"wrote {folder / 'dataset.toml'}")
    assert "(sure)" in out


@pytest.mark.parametrize("send", [os.kill, os.killpg])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_a_usable_last_checkpoint(data, tmp_path, number, code, send):
    """Whether the process or its group gets the signal: an exit code, one line, `last` predicts."""
    out = tmp_path / "run"
    options = "--epochs", 500, "--log-every", 1, "--workers", 1
    words = [str(word) for word in train_words(data, out, *options)]
    process = warm.Popen(
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


def test_a_bug_shows_its_traceback(tmp_path, monkeypatch):
    """Only errors that the user can repair are shortened."""
    monkeypatch.setattr("pixelwise.init.command.survey_folder", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        call("init", tmp_path)
