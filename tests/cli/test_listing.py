"""`pixelwise list` prints the tables of the library."""

import json

import pytest
from segmentation_models_pytorch.encoders import encoders

import pixelwise as pw
from cli.calls import call, fails
from pixelwise.audit.rules import RULES
from pixelwise.cli.listing import TABLES, ListConfig, list_names
from pixelwise.convert.formats.table import FORMATS
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.labels.palettes import PALETTES
from pixelwise.metrics.like import TOOLS
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.networks.build import NETWORKS
from pixelwise.networks.table import OTHERS
from pixelwise.weights.formulas import METHODS

NAMES = {
    "losses": list(pw.LOSSES),
    "loggers": ["tensorboard", "wandb", "mlflow"],
    "networks": [*(f"{name}:ENCODER" for name in NETWORKS), *OTHERS, "module:function"],
    "encoders": [*encoders, "tu-NAME"],
    "augmentations": [*AUGMENTATIONS, "module:function"],
    "formats": list(FORMATS),
    "classes": list(PALETTES),
    "conventions": list(CONVENTIONS),
    "rules": list(RULES),
    "methods": list(METHODS),
    "tools": list(TOOLS),
}


@pytest.mark.parametrize("what", TABLES)
def test_every_name_of_a_table_has_one_line(what, capsys):
    assert call("list", what) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES[what]
    assert all(len(line.split()) > 1 for line in lines)


def test_json_has_names_and_what_they_are(capsys):
    assert call("list", "conventions", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    rows = [{"name": name, "about": about} for name, about in CONVENTIONS.items()]
    assert content == {"schema": "pixelwise.list/1", "what": "conventions", "rows": rows}


def test_losses_and_rules_are_described():
    about = {row.name: row.about for row in list_names(ListConfig("losses")).rows}
    assert about["ce"].startswith("Cross entropy over softmax")
    rules = {row.name: row.about for row in list_names(ListConfig("rules")).rows}
    assert rules["F1"] == "error: the label is stored with loss"


def test_a_table_that_does_not_exist_is_refused(capsys):
    fails(capsys, "list: WHAT must be one of losses, networks", "list", "loss")


def test_without_torch_one_sentence_says_what_is_missing(capsys, monkeypatch):
    def without_torch(_):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("pixelwise.cli.listing.resolve", without_torch)
    fails(capsys, "list: the package torch is not installed", "list", "losses")
