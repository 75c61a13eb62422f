"""The demo's scenes: the same for a seed, with a thin class, void borders and indexed labels."""

import numpy as np
from PIL import Image

from pixelwise.demo.scenes import NAMES, VOID, draw_scene, write_scenes
from pixelwise.labels.description import read_description


def test_a_scene_is_the_same_for_the_same_seed():
    first, second, other = draw_scene(0, 4), draw_scene(0, 4), draw_scene(1, 4)
    assert all(np.array_equal(a, b) for a, b in zip(first, second))
    assert not np.array_equal(first[1], other[1])


def test_every_class_occurs_and_the_thin_one_is_rare():
    """Over 40 scenes: eight classes and void; poles below 1 % of all pixels."""
    labels = np.concatenate([draw_scene(0, index)[1].ravel() for index in range(40)])
    pixels = np.bincount(labels, minlength=256)
    assert set(np.flatnonzero(pixels)) == {*range(len(NAMES)), VOID}
    share = pixels[NAMES.index("pole")] / labels.size
    assert 0.003 < share < 0.01


def test_void_runs_between_a_pole_and_what_is_behind_it():
    """No pole pixel touches another class."""
    label = draw_scene(0, 1)[1].astype(int)
    pole = label == NAMES.index("pole")
    below = label[1:][pole[:-1]]
    assert set(below.tolist()) <= {NAMES.index("pole"), VOID}


def test_a_written_data_set_is_described_and_indexed(tmp_path):
    write_scenes(tmp_path, {"train": 2, "val": 1}, seed=3, size=(64, 80))
    description = read_description(tmp_path)
    assert description.classes.names == NAMES
    pairs = description.pairs("train") + description.pairs("val")
    assert [pair.id for pair in pairs] == ["scene_000", "scene_001", "scene_002"]
    for pair in pairs:
        with Image.open(pair.label) as label:
            assert (label.mode, label.size) == ("P", (80, 64))
