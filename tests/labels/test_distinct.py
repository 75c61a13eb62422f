"""Colours that can be told apart: how far they are, for whom, and where they are shown."""

import numpy as np
import pytest

import pixelwise as pw
from pixelwise.labels.tables.distinct import shown_classes, shown_colors

# Machado, Oliveira and Fernandes 2009, severity 1
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def lab(colors, vision):
    """CIELAB under D65 of sRGB colours as somebody sees them."""
    values = np.asarray(colors, float) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ VISIONS[vision].T, 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(
    ("number", "least"), [(8, 17), (20, 17), (32, 13), (64, 8.6), (150, 4.6), (256, 2.6)]
)
def test_colours_are_as_far_apart_as_is_said(number, least, vision):
    """By the docstring: the least distance of any two, whoever looks."""
    seen = lab(pw.distinct_colormap(number), vision)
    distance = np.sqrt(((seen[:, None] - seen) ** 2).sum(-1))
    assert distance[np.triu_indices(number, 1)].min() >= least


def test_a_further_class_changes_no_colour():
    """The colours of n classes are the first of those of more."""
    most = pw.distinct_colormap(256)
    for number in range(1, 256):
        assert np.array_equal(pw.distinct_colormap(number), most[:number])


def test_the_first_eight_are_those_of_okabe_and_ito():
    """As published: black, orange, sky blue, bluish green, yellow, blue, vermilion, purple."""
    assert pw.distinct_colormap(8).tolist() == [
        [0, 0, 0], [230, 159, 0], [86, 180, 233], [0, 158, 115],
        [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167],
    ]  # fmt: skip


@pytest.mark.parametrize("number", [0, 257])
def test_other_numbers_are_refused(number):
    """More than 256 cannot be told apart by anybody."""
    with pytest.raises(pw.PixelwiseError, match="n must be between 1 and 256"):
        pw.distinct_colormap(number)


def test_only_classes_without_colours_of_their_own_are_shown_in_them():
    """Colours that were chosen stay, and so do those of Pascal VOC for its classes."""
    plain = pw.Classes(["a", "b", "c"], values=[4, 5, 6], ignore_values=(9,))
    assert shown_colors(plain) == tuple(map(tuple, pw.distinct_colormap(3).tolist()))
    shown = shown_classes(plain)
    assert (shown.names, shown.values, shown.ignore_values) == (
        plain.names,
        plain.values,
        plain.ignore_values,
    )
    for own in (pw.Classes(["a"], colors=[(1, 2, 3)]), pw.Classes.named("voc")):
        assert shown_colors(own) == own.colors


def test_classes_that_overlap_are_not_shown_in_black():
    """Which is what is not the class; more than there are colours keep those of Pascal VOC."""
    overlap = pw.Classes(["a", "b"], files=["a", "b"])
    assert shown_colors(overlap) == tuple(map(tuple, pw.distinct_colormap(3)[1:].tolist()))
    many = pw.Classes([f"c{k}" for k in range(300)], ignore_index=300)
    assert shown_colors(many) == many.colors


def test_files_keep_the_palette_of_pascal_voc():
    """Other programs expect it: only pictures and pages show the distinct colours."""
    classes = pw.Classes(["a", "b"])
    assert np.array_equal(classes.palette(), pw.voc_colormap(256))
