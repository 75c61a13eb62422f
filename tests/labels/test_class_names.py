"""Names of classes say what is void, and whose classes they are."""

import pytest

from pixelwise.labels.class_names import is_background_name, is_void_name, known_colors
from pixelwise.labels.classes import Classes


@pytest.mark.parametrize("name", ["__ignore__", "Void", "no data", "Don't care", "unlabelled"])
def test_names_that_say_so_mean_void(name):
    """Whatever stands between the letters."""
    assert is_void_name(name)


@pytest.mark.parametrize("name", ["avoid", "", "sky", "unknown animal", "background", "other"])
def test_other_names_are_classes(name):
    """Only whole words that cannot be anything else."""
    assert not is_void_name(name)


def test_background_has_its_names_too():
    """As labelme and others write it."""
    assert is_background_name("_background_")
    assert is_background_name("BG")
    assert not is_background_name("backgrounds")


@pytest.mark.parametrize("table", ["voc", "camvid", "cityscapes", "ade20k"])
def test_classes_of_a_known_dataset_have_its_colours_in_any_order(table):
    """By name, not by place."""
    classes = Classes.named(table)
    backwards = classes.names[::-1]
    assert known_colors(backwards) == (table, list(classes.colors[::-1]))


def test_other_spellings_of_a_known_dataset_are_known():
    """The names that labelme's example has."""
    names = list(Classes.named("voc").names)
    names[0], names[16], names[20] = "_background_", "potted plant", "tv/monitor"
    found = known_colors(names)
    assert found is not None
    assert found[0] == "voc"


@pytest.mark.parametrize(
    "names",
    [
        ("sky", "building"),
        ("background", "foreground"),
        (*Classes.named("camvid").names, "cat"),
        Classes.named("camvid").names[1:],
        (*Classes.named("camvid").names, "Sky"),
    ],
)
def test_nearly_the_same_classes_are_others(names):
    """One more, one less, one twice, or too few to tell."""
    assert known_colors(names) is None
