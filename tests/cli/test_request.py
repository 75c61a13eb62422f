"""Settings and paths are checked before a heavy package is imported; --config like options."""

import json
import subprocess
import sys

import pytest

from cli.calls import fails
from make import make_dataset

# words, and what the one line on stderr holds; run in one process in which torch may not come up
CHEAP = [
    (
        "train nowhere",
        "train: DATA must be a folder with dataset.toml, got nowhere, which does not",
    ),
    ("train bare", "got bare without it. Make one with: pixelwise init bare"),
    ("train bare/a.txt --epochs x", "train: --epochs must be an integer"),
    ("train data --los ce", "train: unknown option --los"),
    ("train data --device gpu", "train: --device must be one of"),
    ("train data --config nowhere.json", "train: --config must be an existing file"),
    ("train data --config bare", "train: --config must be an existing file, got bare, a folder"),
    ("train data --config bare/a.json", "bare/a.json: setting must be one of data"),
    (
        "train --resume data",
        "train: --resume must be a folder with config.json, got data, a dataset",
    ),
    ("train", "train: exactly one of DATA and --resume must be given"),
    ("predict nowhere", "RUN must be a folder with config.json, got nowhere, which does not exist"),
    ("predict bare", "predict: RUN must be a folder with config.json, got bare without it"),
    ("predict bare/a.txt", "RUN must be a folder with config.json, got bare/a.txt, a file"),
    ("predict run --data bare", "predict: --data must be a folder with dataset.toml"),
    ("train run", "train: DATA must be a folder with dataset.toml, got run, a run."),
    ("train data --class-weights w.json", "train: --class-weights must be an existing file"),
    ("weights bare", "weights: DATA must be a folder with dataset.toml"),
    ("score nowhere", "score: PREDICTIONS must be an existing folder"),
    ("report nowhere", "report: SOURCE must be an existing file or folder"),
    ("report bare --compare bare nowhere", "report: --compare must be an existing file or folder"),
    (
        "audit data --baseline bare",
        "audit: --baseline must be an existing file, got bare, a folder",
    ),
    ("convert nowhere", "convert: SOURCE must be an existing file or folder"),
    ("init " + 300 * "x", "which does not exist"),
]

SCRIPT = """
import json, sys
from pixelwise.cli import main
codes = [main(words.split()) for words in json.loads(sys.argv[1])]
print(json.dumps([codes, "torch" in sys.modules]))
"""


def test_wrong_settings_and_paths_are_refused_without_torch(tmp_path):
    make_dataset(tmp_path / "data")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "a.txt").touch()
    (tmp_path / "bare" / "a.json").write_text('{"epoch": 1}')
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    words = json.dumps([words for words, _ in CHEAP])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, words],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [[2] * len(CHEAP), False]
    lines = done.stderr.splitlines()
    assert [
        line for line, (_, message) in zip(lines, CHEAP, strict=True) if message not in line
    ] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", b"epoch = 1", "a.toml: setting must be one of data, network, encoder_weights"),
        ("a.toml", b"class-weights = 'enet'", "Did you mean 'class_weights'?"),
        ("a.toml", b"epochs = '1'", "a.toml: epochs must be an integer, got '1'."),
        ("a.toml", b"epochs = true", "a.toml: epochs must be an integer, got True."),
        ("a.toml", b"epochs = 1.5", "a.toml: epochs must be an integer, got 1.5."),
        ("a.toml", b"epochs = 0", "a.toml: epochs must be >= 1, got 0."),
        ("a.toml", b"flip = 1", "a.toml: flip must be true or false, got 1."),
        ("a.toml", b"crop = [32]", "a.toml: crop must be 2 values"),
        ("a.toml", b"crop = 32", "a.toml: crop must be 2 values"),
        ("a.toml", b"crop = [32, 'x']", "a.toml: crop[1] must be an integer, got 'x'."),
        ("a.toml", b"device = 'gpu'", "a.toml: device must be one of auto, cpu, cuda, got 'gpu'."),
        ("a.toml", b"device = ['cpu']", "a.toml: device must be one of auto, cpu, cuda"),
        ("a.toml", b"lr = nan", "a.toml: lr must be > 0, got nan."),
        ("a.toml", b"[epochs]\na = 1", "a.toml: epochs must be an integer, got {'a': 1}."),
        ("a.toml", b"[config]\n[config.epochs]\n", "a.toml: epochs must be an integer, got {}."),
        ("a.toml", b"config = 3", "a.toml: config must be a table of settings, got 3."),
        ("a.toml", b"epochs = ", "a.toml: file must be valid TOML"),
        ("a.toml", b"\x89PNG\r\n\x00\xff", "a.toml: file must be"),
        ("a.json", b"[1, 2]", "a.json: content must be a table of settings, got [1, 2]."),
        ("a.json", b"3", "a.json: content must be a table of settings, got 3."),
        ("a.json", b"null", "a.json: content must be a table of settings, got None."),
        ("a.json", b'{"config": []}', "a.json: config must be a table of settings, got []."),
        ("a.json", b'{"epochs": null}', "a.json: epochs must be an integer, got None."),
        ("a.json", b'{"lr": Infinity}', "a.json: file must be valid JSON"),
        ("a.json", b'{"lr": 1, "lr": 2}', "a.json: file must be valid JSON"),
        ("a.json", b'{"epochs"', "a.json: file must be valid JSON"),
        ("a.json", b"\xff\xfe\x00", "a.json: file must be valid JSON"),
        ("a.json", b"[" * 100000, "a.json: file must be plain JSON"),
        ("a.json", b"", "a.json: file must be a file with content, got an empty file."),
        ("a.json", b'{"data": 3}', "a.json: data must be a path, got 3."),
    ],
)
def test_a_file_of_settings_is_checked_like_options(name, content, message, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    fails(capsys, message, "train", tmp_path, "--config", tmp_path / name)
