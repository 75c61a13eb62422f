"""Pairs: the same name, each exactly once, and every miss is named."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelwise.errors import PairingError
from pixelwise.labels.pairs import Pair, Pairing, find_pairs, pair_files

AFFIXES = ("image_prefix", "image_suffix", "label_prefix", "label_suffix")


@pytest.fixture
def touch(tmp_path):
    """Make empty files below tmp_path, with their folders."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        return tmp_path

    return make


def ids(pairs):
    return [pair.id for pair in pairs]


def test_two_folders_are_paired_by_name(touch):
    """Sorted by id, the name without its suffix."""
    root = touch("images/b.jpg", "images/a.jpeg", "labels/a.png", "labels/b.png")
    assert find_pairs(root / "images", str(root / "labels")) == [
        Pair("a", root / "images/a.jpeg", root / "labels/a.png"),
        Pair("b", root / "images/b.jpg", root / "labels/b.png"),
    ]


def test_folders_below_are_part_of_the_id(touch):
    """Two sequences may use the same numbers."""
    root = touch("images/s1/1.jpg", "images/s2/1.jpg", "labels/s1/1.png", "labels/s2/1.png")
    assert ids(find_pairs(root / "images", root / "labels")) == ["s1/1", "s2/1"]


@pytest.mark.parametrize("image_suffix", ["_leftImg8bit", "_leftImg8bit.png"])
@pytest.mark.parametrize("label_suffix", ["_gtFine_labelIds", "_gtFine_labelIds.png"])
def test_suffixes_are_cut_and_other_files_left_out(touch, image_suffix, label_suffix):
    """With or without the suffix of the file; the layout of Cityscapes."""
    root = touch(
        "leftImg8bit/val/bonn/bonn_1_leftImg8bit.png",
        "gtFine/val/bonn/bonn_1_gtFine_labelIds.png",
        "gtFine/val/bonn/bonn_1_gtFine_color.png",
        "gtFine/val/bonn/bonn_1_gtFine_polygons.json",
    )
    pairs = find_pairs(
        root / "leftImg8bit",
        root / "gtFine",
        image_suffix=image_suffix,
        label_suffix=label_suffix,
    )
    assert ids(pairs) == ["val/bonn/bonn_1"]
    assert pairs[0].label == root / "gtFine/val/bonn/bonn_1_gtFine_labelIds.png"


@pytest.mark.parametrize(
    ("image", "label", "suffixes"),
    [
        ("1.bmp", "1.png", {"image_suffix": ".bmp", "label_suffix": ".png"}),
        ("1.bmp", "1.png", {}),
        ("1.png", "1_gt.png", {"label_suffix": "_gt"}),
        ("1.png", "1_gt.png", {"image_suffix": ".png", "label_suffix": "_gt.png"}),
        ("1_im.png", "1.png", {"image_suffix": "_im"}),
        ("1_im.png", "1_gt.png", {"image_suffix": "_im", "label_suffix": "_gt"}),
    ],
)
def test_image_and_label_may_lie_side_by_side(touch, image, label, suffixes):
    """They differ by format or suffix; a file belongs to the longer suffix that it has."""
    root = touch(f"all/{image}", f"all/{label}")
    (pair,) = find_pairs(root / "all", root / "all", **suffixes)
    assert pair == Pair("1", root / "all" / image, root / "all" / label)


@pytest.mark.parametrize("folders", [("all", "all"), ("images", "labels")])
def test_prefixes_are_cut_from_the_name_and_the_folder_is_kept(touch, folders):
    """images/a/image_001.png with the prefix image_ is a/001; prefixes alone distinguish kinds."""
    images, labels = folders
    root = touch(f"{images}/a/image_001.png", f"{labels}/a/mask_001.png", f"{images}/a/001.png")
    (pair,) = find_pairs(root / images, root / labels, image_prefix="image_", label_prefix="mask_")
    assert pair == Pair(
        "a/001", root / images / "a/image_001.png", root / labels / "a/mask_001.png"
    )


@pytest.mark.parametrize(
    ("image", "label", "affixes"),
    [
        ("1.png", "mask_1.png", {"label_prefix": "mask_"}),
        ("im_1.png", "1.png", {"image_prefix": "im_"}),
        ("im_1.png", "im_1_g.png", dict(zip(AFFIXES, ("im_", "", "im_", "_g")))),
        ("1.jpg", "gt_1.png", {"label_prefix": "gt_", "image_suffix": ".jpg"}),
        ("x_1_a.png", "y_1_a.png", dict(zip(AFFIXES, ("x_", "_a", "y_", "_a")))),
    ],
)
def test_side_by_side_a_file_is_of_the_kind_whose_affixes_it_has(touch, image, label, affixes):
    """One that has both belongs to the longer ones."""
    root = touch(f"all/{image}", f"all/{label}")
    (pair,) = find_pairs(root / "all", root / "all", **affixes)
    assert pair == Pair("1", root / "all" / image, root / "all" / label)


def test_a_patient_may_be_a_folder_of_its_own(touch):
    """p1/image.png and p1/mask.png: the folder is the id."""
    root = touch("p1/image.png", "p1/mask.png", "p2/image.png", "p2/mask.png")
    found = find_pairs(root, root, image_prefix="image", label_prefix="mask")
    assert ids(found) == ["p1", "p2"]


@given(st.lists(st.text("ab1_", min_size=1, max_size=4), min_size=1, max_size=6, unique=True))
def test_renaming_with_affixes_changes_no_pair(names):
    """The law of prefixes and suffixes: ids are the same with them and without."""
    affixes = {"image_suffix": "-i", "label_suffix": "-l"}
    bare = pair_files(*two_kinds(names, "", "", "", ""), "", "", side_by_side=False)
    affixed = pair_files(
        *two_kinds(names, "I-", "-i", "L-", "-l"),
        **affixes,
        side_by_side=True,
        image_prefix="I-",
        label_prefix="L-",
    )
    assert affixed.of() == bare.of() == (sorted(names), [], [])


def two_kinds(names, image_prefix, image_suffix, label_prefix, label_suffix):
    """Named files of images and of labels."""
    images = [f"{image_prefix}{name}{image_suffix}.png" for name in names]
    labels = [f"{label_prefix}{name}{label_suffix}.png" for name in names]
    return [(name, name) for name in images], [(name, name) for name in labels]


def test_files_without_a_partner_are_left_out_on_request(touch):
    """As long as one pair stays; ids of a list that have no file are left out too."""
    root = touch("images/a.jpg", "images/b.jpg", "labels/b.png", "labels/c.png")
    folders = root / "images", root / "labels"
    assert ids(find_pairs(*folders, unpaired="skip")) == ["b"]
    assert ids(find_pairs(*folders, ids=["b", "x"], unpaired="skip")) == ["b"]
    with pytest.raises(PairingError, match=r"got 1 without: \S*a\.jpg\."):
        find_pairs(*folders, ids=["a"], unpaired="skip")


def test_lists_are_paired_by_name(touch):
    """Lists may come from anywhere, in any order."""
    root = touch("x/b.jpg", "y/a.jpg", "a.png", "z/b.png")
    pairs = find_pairs([root / "x/b.jpg", root / "y/a.jpg"], [root / "z/b.png", root / "a.png"])
    assert ids(pairs) == ["a", "b"]
    assert pairs[0].label == root / "a.png"


def test_labels_may_be_absent(touch):
    """For prediction images are enough."""
    root = touch("images/a.jpg")
    assert find_pairs(root / "images", None) == [Pair("a", root / "images/a.jpg", None)]


def test_ids_choose_pairs_and_the_rest_may_be_unpaired(touch):
    """A split is a list of ids; files that it does not name do not matter."""
    root = touch("images/a.jpg", "images/b.jpg", "images/c.jpg", "labels/c.png", "labels/b.png")
    pairs = find_pairs(root / "images", root / "labels", ids=["c", "b", "c"])
    assert ids(pairs) == ["b", "c"]


def test_hidden_files_and_what_is_no_picture_are_left_out(touch):
    """Traces of file managers and notebooks are not data."""
    root = touch(
        "images/a.jpg",
        "images/._a.jpg",
        "images/Thumbs.db",
        "images/notes.txt",
        "images/.ipynb_checkpoints/a.jpg",
        "labels/a.png",
    )
    assert ids(find_pairs(root / "images", root / "labels")) == ["a"]


def test_links_to_folders_are_not_followed(touch):
    """A link to a folder above would never end; the folder itself may be a link."""
    root = touch("images/s/a.jpg", "labels/s/a.png")
    os.symlink(root / "images", root / "images" / "s" / "again")
    os.symlink(root / "images", root / "linked")
    assert ids(find_pairs(root / "linked", root / "labels")) == ["s/a"]


def test_names_that_differ_in_case_are_different(touch):
    """A.png and a.png are two files where these tests run."""
    root = touch("images/a.jpg", "images/A.jpg", "labels/a.png", "labels/A.png")
    assert ids(find_pairs(root / "images", root / "labels")) == ["A", "a"]


def test_every_miss_is_named_in_both_directions(touch):
    """All of them in one message, files rather than ids where there are files."""
    root = touch("images/a.jpg", "images/b.jpg", "labels/b.png", "labels/c.png", "labels/d.png")
    message = (
        r"find_pairs: every image must have a label, got 1 without: \S*images/a\.jpg\. "
        r"every label must have an image, got 2 without: \S*labels/c\.png, \S*labels/d\.png\. "
    )
    with pytest.raises(PairingError, match=message):
        find_pairs(root / "images", root / "labels")


def test_of_many_misses_three_are_named_and_all_counted(touch):
    """744 names would hide the number."""
    root = touch(*(f"images/{i:03}.jpg" for i in range(744)), "labels/nothing.txt")
    with pytest.raises(PairingError, match=r"got 744 without: .*002\.jpg and 741 more\."):
        find_pairs(root / "images", root / "labels")


@pytest.mark.parametrize(
    ("image", "label", "suggestion"),
    [
        ("a", "a_P", 'label_suffix="_P"'),
        ("a_leftImg8bit", "a", 'image_suffix="_leftImg8bit"'),
        ("image_1", "mask_1", 'image_prefix="image_" and label_prefix="mask_"'),
        ("1", "gt_1", 'label_prefix="gt_"'),
    ],
)
def test_a_missing_prefix_or_suffix_is_suggested(touch, image, label, suggestion):
    """The names are there, with something behind them."""
    root = touch(f"images/{image}.jpg", f"labels/{label}.png")
    with pytest.raises(PairingError, match=rf"Did you mean {suggestion}\?"):
        find_pairs(root / "images", root / "labels")


def test_what_is_suggested_goes_on_top_of_what_was_given(touch):
    """The whole suffix and prefix, as they are to be given."""
    root = touch("images/x_1.jpg", "labels/x_1_gt.png")
    with pytest.raises(PairingError, match=r'mean label_suffix="_gt\.png"\?'):
        find_pairs(root / "images", root / "labels", label_suffix=".png")


def test_where_most_pair_up_it_is_suggested_to_leave_out_the_rest(touch):
    """An affix would break the others."""
    root = touch("images/1.jpg", "images/2.jpg", "labels/1.png", "labels/2_gt.png")
    with pytest.raises(PairingError, match=r'below included; unpaired="skip" leaves them out\.'):
        find_pairs(root / "images", root / "labels")


def test_an_unknown_id_is_named(touch):
    """A list of ids with a file that is missing, or with another spelling."""
    root = touch("images/a.jpg", "labels/a.png")
    with pytest.raises(PairingError, match=r"got 1 without: b\. .*got 1 without: b\."):
        find_pairs(root / "images", root / "labels", ids=["a", "b"])


@pytest.mark.parametrize("folder", ["images", "labels"])
def test_two_files_with_one_id_are_both_named(touch, folder):
    """Which of them is meant cannot be guessed."""
    root = touch("images/a.jpg", "labels/a.png", f"{folder}/a.tif")
    message = (
        rf"{folder} must be one file for each id, got \S*{folder}/a.* and \S*{folder}/a\.tif\."
    )
    with pytest.raises(PairingError, match=message):
        find_pairs(root / "images", root / "labels")


def test_two_files_of_one_name_in_a_list_are_both_named(touch):
    """Ids in lists are names alone, so folders tell nothing apart."""
    root = touch("x/a.jpg", "y/a.jpg")
    with pytest.raises(PairingError, match=r"got \S*x/a\.jpg and \S*y/a\.jpg\. .*names alone"):
        find_pairs([root / "x/a.jpg", root / "y/a.jpg"], None)


def test_folders_that_do_not_exist_and_empty_ones_are_errors(touch):
    """No data is never no error."""
    root = touch("images/readme.txt", "a.jpg")
    with pytest.raises(PairingError, match="images must be at least one image file, got none"):
        find_pairs(root / "images", None)
    with pytest.raises(
        PairingError, match=r"labels must be a folder or a list of files, got \S*no"
    ):
        find_pairs([root / "a.jpg"], root / "no")
    with pytest.raises(PairingError, match=r"images must be existing files, got \S*b\.jpg"):
        find_pairs([root / "a.jpg", root / "b.jpg"], None)


def test_a_folder_that_cannot_be_read_is_an_error(touch, monkeypatch):
    """Skipping it would make a smaller dataset without a word."""
    root = touch("images/a.jpg", "images/secret/b.jpg")
    real = os.scandir

    def scandir(path):
        refuse_secret(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PairingError, match=r"a readable folder, got \S*secret: Permission denied"):
        find_pairs(root / "images", None)


def refuse_secret(path):
    if path.endswith("secret"):
        raise PermissionError(13, "Permission denied", path)


def test_what_does_not_pair_up_is_in_the_result():
    """find_pairs raises for it, the audit lists it."""
    images = [(name, f"images/{name}") for name in ("a.jpg", "b.jpg", "b.png", "c_x.jpg")]
    labels = [(name, f"labels/{name}") for name in ("a.png", "c.png", "d.png", "d.tif")]
    pairing = pair_files(images, labels, "", "", side_by_side=False)
    assert pairing == Pairing(
        {"a": "images/a.jpg", "b": "images/b.jpg", "c_x": "images/c_x.jpg"},
        {"a": "labels/a.png", "c": "labels/c.png", "d": "labels/d.png"},
        [("images/b.jpg", "images/b.png")],
        [("labels/d.png", "labels/d.tif")],
    )
    assert pairing.of() == (["a"], ["b", "c_x"], ["c", "d"])
    assert pairing.of(["a", "b", "none"]) == (["a"], ["b", "none"], ["none"])


def test_images_pair_up_with_nothing_where_no_labels_are_asked_for():
    """Every image is a pair."""
    pairing = pair_files([("a.jpg", "a.jpg")], None, "", "", side_by_side=False)
    assert pairing.of() == (["a"], [], [])
    assert pairing.label_of == {"a": None}


def test_the_real_side_by_side_data_is_paired(shared):
    """300 cells as .bmp with their labels as .png in one folder."""
    folder = shared / "data" / "wbc1"
    pairs = find_pairs(folder, folder)
    assert len(pairs) == 300
    assert (pairs[0].image.name, pairs[0].label.name) == ("001.bmp", "001.png")


def test_the_real_camvid_is_paired(shared):
    """367 street scenes for training."""
    folder = shared / "data" / "camvid" / "train"
    assert len(find_pairs(folder / "images", folder / "labels")) == 367
