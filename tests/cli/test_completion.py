"""The script that `pixelwise completion` prints knows every command and option."""

import shutil
import subprocess
import sys
from dataclasses import fields

import pytest

from cli.calls import call, fails
from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.plan.config import TrainConfig
from pixelwise.settings import choices_of

pytest.importorskip("shtab", reason="shtab is not installed")


def script(capsys, shell):
    assert call("completion", shell) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_and_options_are_all_in_the_script(shell, capsys):
    text = script(capsys, shell)
    assert "?[" not in text
    for name in COMMANDS:
        assert name in text
        config = resolve(COMMANDS[name].config)
        options = [f.name.replace("_", "-") for f in fields(config) if not f.metadata["positional"]]
        assert [option for option in [*options, "json", "config"] if option not in text] == []


def test_bash_completes_options_choices_and_commands(capsys, tmp_path):
    bash = shutil.which("bash")
    path = tmp_path / "script"
    path.write_text(script(capsys, "bash"))
    assert subprocess.run([bash, "-n", path], check=False).returncode == 0
    for words, expected in {
        "pixelwise tra": {"train"},
        "pixelwise train --class-w": {"--class-weights"},
        "pixelwise train --device ": set(choices_of(TrainConfig, "device")),
    }.items():
        assert set(completed(bash, path, words)) == expected


def completed(bash, path, line):
    """What bash offers for a line: the function that the script gave it is called by hand."""
    words = " ".join(f"'{word}'" for word in line.split(" "))
    code = f"""
        source {path}
        COMP_WORDS=({words}) COMP_CWORD={line.count(" ")}
        $(complete -p pixelwise | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run([bash, "-c", code], capture_output=True, text=True, check=True)
    return [word.strip() for word in done.stdout.splitlines()]


def test_without_its_package_one_sentence_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    message = (
        "the package shtab is not installed. Install it with: pip install 'pixelwise[completion]'"
    )
    fails(capsys, message, "completion", "bash")
