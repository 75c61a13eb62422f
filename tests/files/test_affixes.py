"""A file name is prefix + id + suffix + extension: laws of ids, and affixes that are proposed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelwise.files.affixes import Affixes, likely_affixes

PART = st.text("ab_-1", max_size=4)
ID = st.text("ab_-1", min_size=1, max_size=5)
FOLDER = st.sampled_from(["", "a/", "a/b_1/"])


@given(FOLDER, PART, ID, PART, st.sampled_from(["png", "JPG", "tif"]))
def test_the_id_is_what_stands_between_the_affixes(folder, prefix, id, suffix, extension):
    """With the extension in the suffix or not; the folder is kept."""
    name = f"{folder}{prefix}{id}{suffix}.{extension}"
    assert Affixes(prefix, suffix).id_of(name) == folder + id
    assert Affixes(prefix, f"{suffix}.{extension}").id_of(name) == folder + id


@given(FOLDER, ID, PART, PART)
def test_a_name_has_an_id_only_with_both_affixes(folder, stem, prefix, suffix):
    """And the affixes do not overlap in it; put back, they give the name."""
    id = Affixes(prefix, suffix).id_of(f"{folder}{stem}.png")
    fits = len(stem) >= len(prefix) + len(suffix) and stem.startswith(prefix)
    is_all = len(stem) == len(prefix) + len(suffix)
    assert (id is not None) == (fits and stem.endswith(suffix) and not (is_all and not folder))
    rest = folder + stem[len(prefix) : len(stem) - len(suffix)]
    assert id in (None, rest.rstrip("/"))


def test_where_nothing_but_the_affixes_is_in_the_name_the_folder_is_the_id():
    """p1/image.png and p1/mask.png are a pair; without a folder there is no id."""
    assert Affixes("image").id_of("p1/image.png") == "p1"
    assert Affixes("", "mask.png").id_of("a/p1/mask.png") == "a/p1"
    assert Affixes("", "/mask.png").id_of("p1/mask.png") == "p1"
    assert Affixes("image").id_of("image.png") is None


@pytest.mark.parametrize(
    ("images", "labels", "expected"),
    [
        (["image_1", "image_2"], ["mask_1", "mask_2"], (("image_", ""), ("mask_", ""))),
        (["img1", "img2"], ["lbl1", "lbl2"], (("img", ""), ("lbl", ""))),
        (["a/im_1", "b/im_1"], ["a/1", "b/1"], (("im_", ""), ("", ""))),
        (["1_sat", "2_sat"], ["1_mask", "2_mask"], (("", "_sat"), ("", "_mask"))),
        (["t_1_x", "t_2_x"], ["1", "2"], (("t_", "_x"), ("", ""))),
        (["a"], ["a_P"], (("", ""), ("", "_P"))),
        (["cat_1", "car_1", "c"], ["cat_1_gt", "car_1_gt", "notes"], (("", ""), ("", "_gt"))),
    ],
)
def test_the_shortest_affixes_that_pair_most_names_are_proposed(images, labels, expected):
    """They end at marks or between letters and digits."""
    assert likely_affixes(images, labels) == tuple(Affixes(*one) for one in expected)


@pytest.mark.parametrize(
    ("images", "labels"),
    [(["cat", "dog"], ["1", "2"]), (["image_0"], ["label_1"]), (["a/1", "a/2"], ["1", "2"])],
)
def test_names_that_no_affixes_pair_up_have_no_proposal(images, labels):
    """A guess that pairs nothing would lead in a circle."""
    assert likely_affixes(images, labels) is None
