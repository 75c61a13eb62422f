"""Palettes are facts: they are compared with what their sources say."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES, VOID_COLOR, voc_colormap


def voc_color(index):
    """Three bits of the index at a time, the lowest three first, into the highest free bits."""
    red = green = blue = 0
    for place in range(7, -1, -1):
        red |= (index & 1) << place
        green |= (index >> 1 & 1) << place
        blue |= (index >> 2 & 1) << place
        index >>= 3
    return red, green, blue


def test_the_voc_map_is_the_bit_loop_of_its_kit():
    """voc_colormap(n)[i] == the loop over bits, and more entries change none before."""
    expected = [voc_color(index) for index in range(1000)]
    assert [tuple(color) for color in voc_colormap(1000).tolist()] == expected
    assert np.array_equal(voc_colormap(21), voc_colormap(256)[:21])


def test_the_voc_map_has_its_known_colours():
    """aeroplane is dark red, index 64 is (32, 0, 0), void is (224, 224, 192)."""
    colors = voc_colormap()
    assert colors.shape == (256, 3)
    assert colors.dtype == np.uint8
    known = {0: (0, 0, 0), 1: (128, 0, 0), 5: (128, 0, 128), 64: (32, 0, 0), 254: (96, 224, 192)}
    assert {i: tuple(colors[i].tolist()) for i in known} == known
    assert tuple(colors[255].tolist()) == VOID_COLOR
    assert len(np.unique(colors, axis=0)) == 256


@pytest.mark.parametrize("n", [0, (1 << 24) + 1])
def test_there_are_no_more_colours_than_the_rule_makes(n):
    """1 to 2^24 colours; a bit more and two indices would share one."""
    with pytest.raises(ArgumentError, match="voc_colormap: n must be between 1 and 16777216"):
        voc_colormap(n)


@pytest.mark.parametrize("name", PALETTES)
def test_every_table_makes_classes_and_says_where_it_is_from(name):
    """A table that Classes refuses, or without a source, is not data."""
    classes = Classes.named(name)
    assert classes.names == PALETTES[name].names
    assert classes.colors == PALETTES[name].colors
    assert len(PALETTES[name].source) > 20


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("voc", 21, ("background", (0, 0, 0)), ("tvmonitor", (0, 64, 128))),
        ("camvid", 11, ("sky", (128, 128, 128)), ("bicyclist", (0, 128, 192))),
        ("cityscapes", 19, ("road", (128, 64, 128)), ("bicycle", (119, 11, 32))),
        ("cityscapes_ids", 19, ("road", (128, 64, 128)), ("bicycle", (119, 11, 32))),
        ("cityscapes_all", 34, ("unlabeled", (0, 0, 0)), ("bicycle", (119, 11, 32))),
        ("ade20k", 150, ("wall", (120, 120, 120)), ("flag", (92, 0, 255))),
        ("binary", 2, ("background", (0, 0, 0)), ("foreground", (255, 255, 255))),
    ],
)
def test_tables_have_their_known_ends(name, count, first, last):
    """Number of classes, first and last name and colour."""
    table = PALETTES[name]
    assert len(table.names) == count
    assert (table.names[0], table.colors[0]) == first
    assert (table.names[-1], table.colors[-1]) == last


def test_cityscapes_ids_and_train_ids_name_the_same_classes():
    """labelIds.png and labelTrainIds.png of one image give the same class indices."""
    ids, train_ids = Classes.named("cityscapes_ids"), Classes.named("cityscapes")
    label_ids = np.arange(34)
    expected = [255] * 7 + [0, 1, 255, 255, 2, 3, 4] + [255] * 3
    expected += [5, 255, *range(6, 16), 255, 255, 16, 17, 18]
    assert ids.to_index(label_ids).tolist() == expected
    assert train_ids.to_index(np.array(expected)).tolist() == expected
    assert ids.names == train_ids.names


def test_ade20k_is_stored_one_higher_and_zero_is_void():
    """Stored 0 is everything else, 1 is wall, 150 is flag."""
    classes = Classes.named("ade20k")
    assert classes.to_index(np.array([0, 1, 7, 150])).tolist() == [255, 0, 6, 149]
    assert (classes.names[6], classes.names[149]) == ("road", "flag")


def test_camvid_void_is_11(shared):
    """The names of the real dataset, in its order; the twelfth is void."""
    lines = (shared / "data" / "camvid" / "classes.txt").read_text().split("\n")
    names = [line.split()[1] for line in lines[:11]]
    classes = Classes.named("camvid")
    assert list(classes.names) == names
    assert classes.to_index(np.array([[11]])).tolist() == [[255]]


def test_binary_masks_of_editors_are_read_either_way():
    """0/1 and 0/255 files mean the same; 1 is written."""
    classes = Classes.named("binary")
    assert classes.to_index(np.array([0, 1, 255])).tolist() == [0, 1, 1]
    assert classes.to_stored(np.array([0, 1])).tolist() == [0, 1]


def test_coco_stuff_leaves_out_the_eleven_ids_that_never_occur():
    """The last things and the first stuff; both forms name the same 171 classes."""
    classes = Classes.named("coco_stuff")
    assert classes.to_index(np.array([0, 10, 12, 89, 91, 181, 255])).tolist() == [
        *(0, 10, 11, 79, 80, 170, 255)
    ]
    assert [classes.names[i] for i in (0, 79, 80, 170)] == [
        *("person", "toothbrush", "banner", "wood")
    ]
    assert Classes.named("coco_stuff_171").names == classes.names


@pytest.mark.parametrize("name", [n for n, table in PALETTES.items() if table.void_colors])
def test_the_colours_of_void_are_not_those_of_a_class(name):
    """Otherwise a colour label could not be read."""
    table = PALETTES[name]
    colors = [color for _, color in table.void_colors]
    assert len(set(colors)) == len(colors)
    assert not set(colors) & set(table.colors)
