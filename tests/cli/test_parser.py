"""Options are made from the configurations; --help is grouped and has examples that work."""

import shlex
import subprocess
import sys
from dataclasses import fields

import pytest

from cli.calls import call, fails
from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.cli.parser import EXAMPLES, parse
from pixelwise.cli.request import make_config
from pixelwise.plan.config import TrainConfig
from pixelwise.settings import choices_of, command_line, command_of

ALL_EXAMPLES = [line for row in COMMANDS.values() for line in row.examples]


def help_of(capsys, name):
    assert call(name, "--help") == 0
    return capsys.readouterr().out


def test_help_lists_the_commands(capsys):
    assert call("--help") == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text and row.help in text for name, row in COMMANDS.items())
    assert call() == 0
    assert capsys.readouterr().out == text
    assert call("-h") == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_setting_is_an_option_with_its_help_and_choices(name, capsys):
    """The options are made from the configuration, so a Python call and a command agree."""
    text = " ".join(help_of(capsys, name).split())
    config = resolve(COMMANDS[name].config)
    for field in fields(config):
        word = field.name.upper() if field.metadata["positional"] else field.name
        assert word.replace("_", "-") in text or word in text
        assert field.metadata["help"].partition(" (default")[0] in text
        assert all(choice in text for choice in choices_of(config, field.name))


def test_help_shows_defaults_and_headings(capsys):
    text = help_of(capsys, "train")
    assert "(default: 0.5 2.0)" in text
    assert "(default: yes)" in text
    assert "--schedule {cosine,poly,constant}" in text
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings[:3] == ["common:", "data:", "network:"]
    assert headings[-4:] == ["output:", "machine:", "general:", "examples:"]


def test_help_puts_folds_and_bad_images_under_data(capsys):
    text = help_of(capsys, "train")
    data = text[text.index("\ndata:") : text.index("\nnetwork:")]
    assert all(name in data for name in ("--folds", "--fold-by", "--on-bad-image"))


def test_help_does_not_repeat_a_choice_that_stands_for_the_value(capsys):
    text = " ".join(help_of(capsys, "next").split())
    assert "--temperature T|auto" in text
    assert ": auto (default" not in text


def test_the_common_options_of_train_are_on_the_first_screen(capsys, monkeypatch):
    """A terminal of 24 lines of 80 characters."""
    monkeypatch.setenv("COLUMNS", "80")
    first = help_of(capsys, "train").splitlines()[:24]
    words = {line.split()[0] for line in first if line[:3] in ("  D", "  -")}
    names = ("network", "loss", "epochs", "batch", "lr", "scale", "crop", "out", "resume", "plan")
    assert words >= {"DATA", *(f"--{name}" for name in names)}


@pytest.mark.parametrize("name", ["--help", *COMMANDS])
@pytest.mark.parametrize(("columns", "most"), [("80", 80), ("300", 100)])
def test_help_fits_the_terminal(name, columns, most, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    call(*dict.fromkeys([name, "--help"]))
    text = capsys.readouterr().out.partition("examples:")[0]
    assert max(map(len, text.splitlines())) <= most


def test_help_takes_no_heavy_import():
    """Neither torch nor numpy is there when the list of commands has been printed."""
    code = (
        "import sys; from pixelwise.cli import main; main(['--help']); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'rich', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["--help", *COMMANDS])
def test_help_ends_with_two_examples(name, capsys):
    call(*dict.fromkeys([name, "--help"]))
    examples = COMMANDS[name].examples if name in COMMANDS else EXAMPLES
    assert len(examples) == 2
    assert capsys.readouterr().out.endswith("\n  ".join(["examples:", *examples]) + "\n")


@pytest.mark.parametrize("line", [*ALL_EXAMPLES, *EXAMPLES])
def test_every_example_is_a_command_with_settings_that_exist(line):
    """The command may stand in a pipe or in $(...) of a shell."""
    words = shlex.split(line[line.index("pixelwise") :].split(")")[0].split("|")[0], comments=True)
    request = parse(words[1:])
    assert command_of(make_config(request)) == request.command


def test_options_of_every_kind_are_parsed(data):
    config = TrainConfig(
        data, crop=(32, 64), clip=None, flip=False, scale_jitter=(0.9, 1.1), max_minutes=2
    )
    assert make_config(parse(shlex.split(command_line(config))[1:])) == config


def test_arguments_may_stand_anywhere_and_the_last_of_two_options_counts():
    words = [
        "score",
        "a",
        "--all",
        "b",
        "--split",
        "x",
        "--split=y",
        "--no-all",
        "--workers",
        "2",
        "--json",
    ]
    request = parse(words)
    config = make_config(request)
    assert (str(config.predictions), str(config.versus)) == ("a", "b")
    assert (config.split, config.all, config.workers, request.as_json) == ("y", False, 2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("trian", "pixelwise: unknown command trian. Did you mean train? See pixelwise --help."),
        ("xyz", "pixelwise: unknown command xyz. See pixelwise --help."),
        ("--vers", "unknown option --vers. Did you mean --version? See pixelwise --help."),
        (
            "train x --epoch 3",
            "train: unknown option --epoch. Did you mean --epochs? See pixelwise train --help.",
        ),
        ("train x --los=ce", "train: unknown option --los. Did you mean --loss?"),
        ("train x --no-flop", "unknown option --no-flop. Did you mean --no-flip?"),
        ("train x --learning-rate 1", "unknown option --learning-rate. Did you mean --lr?"),
        ("train x --lerning-rate 1", "unknown option --lerning-rate. See pixelwise train --help."),
        ("predict --run x", "predict: unknown option --run. RUN is given without --run. See"),
        ("train x y", "train: unexpected argument y. See pixelwise train --help."),
        ("train x --epochs", "train: --epochs must be followed by a value."),
        ("train x --crop 32", "train: --crop must be followed by 2 values."),
        ("train x --config", "train: --config must be followed by a value."),
        ("train x --flip=no", "train: --flip takes no value."),
        ("predict x --no-calibration=3", "predict: --no-calibration takes no value."),
        ("audit x --json=1", "audit: --json takes no value."),
        ("predict", "predict: RUN must be given: run folder"),
        ("list", "list: WHAT must be given: one of losses, networks"),
    ],
)
def test_words_that_do_not_fit_are_named(words, message, capsys):
    fails(capsys, message, *words.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--lr x", "train: --lr must be a number, got 'x'."),
        ("--epochs many", "train: --epochs must be an integer, got 'many'."),
        ("--epochs 1.5", "train: --epochs must be an integer, got '1.5'."),
        ("--epochs none", "train: --epochs must be an integer, got 'none'."),
        ("--epochs 0", "train: --epochs must be >= 1, got 0."),
        ("--lr -1", "train: --lr must be > 0, got -1.0."),
        ("--lr nan", "train: --lr must be > 0, got nan."),
        ("--warmup 2", "train: --warmup must be between 0 and 1, got 2.0."),
        ("--crop 32 x", "train: --crop[1] must be an integer, got 'x'."),
        ("--scale-jitter 2 1", "train: --scale-jitter must be 0 < LOWEST <= HIGHEST"),
        (
            "--device gpu",
            "--device must be one of auto, cpu, cuda, got 'gpu'. Did you mean 'cuda'?",
        ),
        ("--precision fp16", "got 'fp16'. Did you mean '16-mixed'?"),
        ("--schedule cosin", "train: --schedule must be one of cosine, poly, constant"),
        ("--class-weights median", "train: --class-weights must be one of none, inverse"),
    ],
)
def test_a_value_is_refused_in_the_words_of_the_command_line(words, message, capsys):
    """The same check as in Python: see test_settings.py."""
    fails(capsys, message, "train", "x", *words.split())
