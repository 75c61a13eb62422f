"""First mistakes on the command line: the sentence says what to type instead."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from make import make_dataset
from pixelwise.cli.entry import main
from pixelwise.losses.names import NAMES
from pixelwise.losses.table import LOSSES

# what is typed beside a dataset `ok`, and what is answered
ANSWERS = [
    ("train", "exactly one of DATA and --resume must be given."),
    ("train nodir", "DATA must be a folder with dataset.toml, got nodir, which does not exist."),
    ("train bare", "got bare without it. Make one with: pixelwise init bare"),
    ("train ok --los ce", "unknown option --los. Did you mean --loss?"),
    ("train ok --loss dicee", "--loss must be one of ce, bce, focal"),
    ("train ok --loss ce+0.5*iou", "got 'iou'. Did you mean 'jaccard'?"),
    ("train ok --loss cross_entropy", "got 'cross_entropy'. Did you mean 'ce'?"),
    ("train ok --loss tversky(alpha='x')", "tversky cannot be made: Tversky: alpha must be a num"),
    ("train ok --device gpu", "Did you mean 'cuda'?"),
    ("train ok --precision fp16", "Did you mean '16-mixed'?"),
    ("train ok --crop 32", "--crop must be followed by 2 values. Write --crop HEIGHT WIDTH."),
    ("train ok --network resnet50", "Did you mean unet:resnet50?"),
    ("train ok --network unet", "Did you mean unet:resnet34?"),
    ("train ok --network UNet", "Did you mean unet:resnet34?"),
    ("train ok --network smal", "Did you mean 'small'?"),
    ("train ok --epoch 1", "Did you mean --epochs?"),
    ("train --resume ok", "--resume must be a folder with config.json, got ok, a dataset."),
    ("train ok --resume run", "uses its own data. Continue it with --resume run alone."),
    ("trian ok", "unknown command trian. Did you mean train?"),
    ("weights ok --split trian", "split must be one of train, val, got 'trian'. Did you mean 't"),
    ("score a --labels a", "--labels must be another folder than the predictions, got a."),
    ("convert .", "pixelwise: "),
    ("list loss", "Did you mean 'losses'?"),
]
# answered by code that does more than read settings
LATE = ("weights", "convert", "train ok --loss tversky")
SCRIPT = """
import json, sys
from pixelwise.cli import main
codes = [main(words.split()) for words in json.loads(sys.argv[1])]
print(json.dumps([codes, "torch" in sys.modules]))
"""


def typed(words, capsys):
    """Exit code and the one line of stderr."""
    code = main(words.split())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return code, said


@pytest.mark.parametrize(("words", "answer"), ANSWERS)
def test_a_first_mistake_is_answered_in_one_line(words, answer, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_dataset(Path("ok"))
    Path("bare").mkdir()
    code, said = typed(words, capsys)
    assert code == 2
    assert said.startswith("pixelwise: ")
    assert answer in said


def test_first_mistakes_are_answered_before_torch_is_imported(tmp_path):
    make_dataset(tmp_path / "ok")
    (tmp_path / "bare").mkdir()
    words = [words for words, _ in ANSWERS if not words.startswith(LATE)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)],
        capture_output=True, cwd=tmp_path, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [[2] * len(words), False]


def test_names_that_are_known_without_torch_are_those_of_the_losses():
    assert list(NAMES) == list(LOSSES)


def test_a_run_that_has_predicted_nothing_is_told_to_predict_first(run, capsys):
    code, said = typed(f"score {run}", capsys)
    assert code == 2
    assert f"no prediction.json in it. It is a run. Predict first: pixelwise predict {run}" in said


def test_a_folder_without_images_is_named_in_the_words_of_the_command(run, tmp_path, capsys):
    code, said = typed(f"predict {run} --images {tmp_path}", capsys)
    assert code == 2
    assert said == (
        f"pixelwise: predict: --images must be at least one image file, got none in {tmp_path}. "
        "Is it the right folder?\n"
    )


def test_other_label_images_are_told_what_scores_them(data, capsys):
    code, said = typed(f"score {data}", capsys)
    assert code == 2
    assert "Say what these label images are scored against: give --data or --labels." in said


@pytest.mark.parametrize("words", ["-v", "--version"])
def test_the_version_is_printed(words, capsys):
    assert main([words]) == 0
    assert capsys.readouterr().out.startswith("pixelwise ")


@pytest.mark.parametrize("words", ["help", "-h", "help train"])
def test_help_is_found_as_in_other_programs(words, capsys):
    assert main(words.split()) == 0
    assert capsys.readouterr().out.startswith("usage: pixelwise")


NETWORKS = {
    "call": ("def net(num_classes):\n    return {}['x']", "KeyError: 'x' (own.py, line 2, in net"),
    "import": ("raise ValueError('no weights')", "ValueError: no weights (own.py, line 1, in <mod"),
    "syntax": ("def net(:", "SyntaxError: invalid syntax"),
    "forward": (
        "import torch\nclass Net(torch.nn.Module):\n"
        "    def forward(self, x):\n        return x.view(7)\n"
        "def net(num_classes):\n    return Net()",
        "RuntimeError: shape '[7]' is invalid",
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_an_error_in_a_network_of_the_user_is_a_sentence_with_its_place(
    kind, data, tmp_path, capsys, monkeypatch
):
    source, answer = NETWORKS[kind]
    (tmp_path / "own.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own", raising=False)
    words = f"train {data} --network own:net --out {tmp_path / 'run'} --device cpu --workers 0"
    code = main(words.split())
    said = capsys.readouterr().err.splitlines()[-1]
    assert code == 2
    assert said.startswith("pixelwise: train: the network own:net failed: ")
    assert answer in said


def test_a_long_list_is_cut_unless_all_of_it_is_asked_for(tmp_path, capsys):
    data = make_dataset(tmp_path)
    for number in range(12):  # the error of a split names every one
        text = f"\n[splits.a_split_with_a_name_of_some_length_{number}]\nimages = 'train/images'\n"
        (data / "dataset.toml").write_text((data / "dataset.toml").read_text() + text)
    assert main(["weights", str(data), "--split", "x"]) == 2
    short = capsys.readouterr().err
    assert main(["weights", str(data), "--split", "x", "--verbose"]) == 2
    long = capsys.readouterr().err
    assert "(--verbose: all)" in short
    assert long.count("some_length") == 12 > short.count("some_length")
