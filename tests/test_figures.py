"""The figures of docs/which-loss.md show what the losses give today."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import pixelwise as pw

FOLDER = Path(__file__).parent.parent / "docs" / "figures"
NUMBERS = json.loads((FOLDER / "numbers.json").read_text(encoding="utf-8"))


def module(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


figures = module("which_loss")


@pytest.mark.parametrize("name", sorted(set(figures.FIGURES) - {"rare-class"}))
def test_the_numbers_of_a_figure_come_out_again(name):
    found, committed = figures.computed(name), NUMBERS[name]
    assert found | {"series": 0} == committed | {"series": 0}
    for line, values in found["series"].items():
        assert values == pytest.approx(committed["series"][line], rel=2e-3), line


def test_the_rare_class_is_learnt_as_the_figure_says():
    """The first steps of two of its lines; all of them take a quarter of a minute."""
    features, target = figures.scenes(4)
    committed = NUMBERS["rare-class"]["series"]
    weights = pw.CrossEntropy(figures.inverse_frequency(target))
    for line, criterion in (("ce, weights", weights), ("dice", pw.Dice())):
        found = figures.learnt(features, target, criterion, steps=2 * figures.EVERY)
        assert found == pytest.approx(committed[line][:3], abs=0.2), line


@pytest.mark.parametrize("name", NUMBERS)
def test_a_committed_figure_is_drawn_from_the_committed_numbers(name):
    drawn = figures.drawn(NUMBERS[name])
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == drawn


def test_the_badges_say_what_pyproject_says():
    drawn = module("badges").badges()
    folder = FOLDER.parent / "badges"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == drawn
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in drawn if f"](docs/badges/{name})" not in readme] == []


pictures = module("pictures")


def test_the_committed_pictures_are_those_that_are_drawn_today():
    """Pixel by pixel above the words, whose font is Pillow's; figures letter by letter."""
    shown = pictures.shown()
    committed = pw.read_image(FOLDER / "show.png")
    assert committed.shape == (shown.size[1], shown.size[0], 3)
    height = max(panel.pixels.shape[0] for panel in shown.panels)
    assert np.array_equal(committed[36 : 36 + height], np.asarray(shown)[36 : 36 + height])
    for name, text in pictures.figures().items():
        assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == text, name
