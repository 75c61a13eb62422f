"""Code that a checkpoint names is not run unless its user has trained with it, or allows it."""

import json
import shutil
import sys
from functools import partial

import pytest

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.cli.entry import main
from pixelwise.errors import PixelwiseError, RunError
from pixelwise.networks import trust

CODE = """
from torch import nn
def make(num_classes):
    return nn.Conv2d(3, num_classes, 1)
"""


@pytest.fixture
def run(module, tmp_path):
    settings = train_settings(make_dataset(tmp_path / "data"), tmp_path / "run")
    return pw.train(**{**settings, "network": f"{module}:make"})


def as_another_user(module, monkeypatch, tmp_path):
    sys.modules.pop(module)
    monkeypatch.setattr(trust, "_trusted_here", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))


def test_who_trained_with_a_function_loads_predicts_and_resumes_without_a_word(
    module, run, tmp_path, monkeypatch
):
    """Also in another process, and when the run was moved."""
    monkeypatch.setattr(trust, "_trusted_here", set())
    lines = (tmp_path / "user" / "pixelwise" / "trusted_networks.txt").read_text()
    assert lines == f"{module}:make\n"
    moved = shutil.move(run, tmp_path / "moved")
    pw.load_network(moved)
    pw.predict(moved)
    pw.train(resume=moved)


@pytest.mark.parametrize(
    "use",
    [
        pw.load_network,
        lambda run, **trust: pw.load_network(run / "last", **trust),
        partial(pw.predict, overwrite=True),
        lambda run, **trust: pw.train(resume=run, **trust),
    ],
    ids=["load", "checkpoint", "predict", "resume"],
)
def test_code_of_another_user_is_not_imported_unless_it_is_trusted(
    module, run, tmp_path, monkeypatch, use
):
    as_another_user(module, monkeypatch, tmp_path)
    message = rf"config\.json: its network {module}:make is code of the module {module}, which you"
    with pytest.raises(RunError, match=message) as refused:
        use(run)
    assert "allow it: trust=True." in str(refused.value)
    assert module not in sys.modules
    use(run, trust=True)
    assert module in sys.modules
    with pytest.raises(RunError, match=message):
        use(run)  # it was allowed once


def test_the_command_line_names_the_option(module, run, tmp_path, monkeypatch, capsys):
    as_another_user(module, monkeypatch, tmp_path)
    for words in (["predict", str(run)], ["train", "--resume", str(run)]):
        assert main(words) == 2
        assert "trust it, allow it: --trust." in capsys.readouterr().err
        assert main([*words, "--trust"]) == 0


def test_a_run_cannot_say_that_it_is_trusted(module, run, tmp_path, monkeypatch):
    as_another_user(module, monkeypatch, tmp_path)
    about = json.loads((run / "config.json").read_text())
    about["config"]["trust"] = True
    (run / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match="which you have not trained with"):
        pw.train(resume=run)
    assert module not in sys.modules


@pytest.mark.parametrize(
    "name", ["os:abort", "fpn:no_such", ":make", ".own:make", "no", "", "a:b:c"]
)
def test_a_foreign_name_of_a_network_is_one_sentence_and_harmless(run, name):
    for path in run.glob("*/config.json"):
        about = json.loads(path.read_text())
        path.write_text(json.dumps({**about, "network": name}))
    with pytest.raises(PixelwiseError, match=r"config\.json: "):
        pw.load_network(run)


def test_where_nothing_can_be_noted_the_process_itself_remembers(module, tmp_path, monkeypatch):
    (tmp_path / "user").write_text("a file, not a folder")
    settings = train_settings(make_dataset(tmp_path / "data"), tmp_path / "run")
    pw.load_network(pw.train(**{**settings, "network": f"{module}:make"}))
    monkeypatch.setattr(trust, "_trusted_here", set())
    with pytest.raises(RunError, match="which you have not trained with"):
        pw.load_network(tmp_path / "run")
