"""Images, labels and splits are found where people keep them."""

import pytest

from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.survey.splits import FOLDS, find_layout
from pixelwise.survey.statements import Statement


def pairs_of(root, layout):
    """{split: [(image, label) of each pair]} with paths relative to root."""
    description = Description(root, Classes(["a"]), layout.splits)

    def names(pair):
        label = pair.label and pair.label.relative_to(root).as_posix()
        return pair.image.relative_to(root).as_posix(), label

    return {split: [names(pair) for pair in description.pairs(split)] for split in layout.splits}


@pytest.mark.parametrize(
    ("images", "labels", "image_suffix", "label_suffix"),
    [
        ("images/{}.jpg", "labels/{}.png", "", ""),
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png", "", ""),
        ("Image/{}.png", "Mask/{}.png", "", ""),
        ("imgs/{}_img.jpg", "gts/{}_gt.png", "_img.jpg", "_gt.png"),
        ("images/car_{}.jpg", "masks/car_{}_mask.png", "", "_mask.png"),
        ("images/town/{}.png", "labels/town/{}.png", "", ""),
        ("photographs/{}.jpg", "drawings/{}.png", "", ""),
        ("drawings/{}.jpg", "abstractions/{}.png", "", ""),
        ("images/{}.jpg", "drawings/{}.png", "", ""),
        ("{}.bmp", "{}.png", ".bmp", ".png"),
        ("{}.jpg", "{}_mask.png", "", "_mask.png"),
        ("{}.png", "{}_L.png", "", "_L.png"),
        ("{}_image.png", "{}_label.png", "_image.png", "_label.png"),
        ("{}.png", "{}.tif.png", "", ".tif.png"),
    ],
)
def test_images_and_labels_are_told_apart_and_paired(
    draw, images, labels, image_suffix, label_suffix
):
    """By folder names, by suffixes, or by what the files hold: every pair, the right way round."""
    root = draw(images, labels)
    layout = find_layout(root)
    found = sorted(pair for pairs in pairs_of(root, layout).values() for pair in pairs)
    assert found == sorted((images.format(n), labels.format(n)) for n in range(12))
    train = layout.splits["train"]
    assert (train.image_suffix, train.label_suffix) == (image_suffix, label_suffix)


def test_images_of_several_kinds_pair_by_their_stem(draw):
    """.jpg and .png images in one folder need no suffix."""
    draw("images/a{}.jpg", "labels/a{}.png")
    root = draw("images/b{}.png", "labels/b{}.png")
    layout = find_layout(root)
    assert len(layout.train_ids) == 24


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("{}/images/{{}}.jpg", "{}/labels/{{}}.png"),
        ("images/{}/{{}}.jpg", "labels/{}/{{}}.png"),
        ("{}/{{}}.jpg", "{}/{{}}_mask.png"),
    ],
)
@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("training", "validation", "testing"), ("Train", "Val")]
)
def test_folders_called_like_splits_are_splits(draw, images, labels, names):
    """In either order of split and kind; validation is val."""
    for name in names:
        root = draw(images.format(name), labels.format(name), number=3)
    layout = find_layout(root)
    pairs = pairs_of(root, layout)
    assert list(pairs) == ["train", "val", "test"][: len(names)]
    for split, name in zip(pairs, names):
        expected = [
            (images.format(name).format(n), labels.format(name).format(n)) for n in range(3)
        ]
        assert pairs[split] == expected
    assert layout.train_ids == {"0", "1", "2"}


@pytest.mark.parametrize("images", ["test/images/{}.jpg", "test/{}.jpg"])
def test_a_test_split_may_have_no_labels(draw, images):
    """It can be predicted, not scored."""
    draw("train/images/{}.jpg", "train/labels/{}.png")
    draw("val/images/{}.jpg", "val/labels/{}.png", number=2)
    root = draw(images, None, number=3)
    layout = find_layout(root)
    assert pairs_of(root, layout)["test"] == [(images.format(n), None) for n in range(3)]
    assert Statement("likely", "split test has no labels") in layout.statements


def test_a_test_split_without_labels_may_lie_inside_the_images(draw):
    """images/test without labels/test."""
    draw("images/train/{}.jpg", "labels/train/{}.png")
    root = draw("images/test/{}.jpg", None, number=3)
    assert find_layout(root).splits["test"] == Split("images/test")


@pytest.mark.parametrize("folder", ["", "splits/", "ImageSets/Segmentation/"])
def test_lists_of_ids_are_splits(draw, folder):
    """train.txt and val.txt, at the usual places."""
    root = draw("images/{}.jpg", "labels/{}.png", number=4)
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / "train.txt").write_text("0\n2\n\n3\n")
    (root / folder / "val.txt").write_text("1\n")
    layout = find_layout(root)
    assert {n: split.list for n, split in layout.splits.items()} == {
        "train": f"{folder}train.txt",
        "val": f"{folder}val.txt",
    }
    assert [len(pairs) for pairs in pairs_of(root, layout).values()] == [3, 1]


def test_lists_may_be_of_paths_and_what_they_leave_out_is_said(draw):
    """The ids are written to a list of their own."""
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "train.txt").write_text("images/0.jpg labels/0.png\n/data/images/3.jpg labels/3.png\n")
    layout = find_layout(root)
    assert layout.lists == {"train-ids.txt": ("0", "3")}
    text = "10 pairs are in no list and not used, such as 1"
    assert Statement("likely", text) in layout.statements


def test_paths_in_lists_count_where_names_are_of_several_folders(draw):
    """And what a list names that is not there is said."""
    draw("a/rgb/{}.jpg", "a/label/{}.png", number=3)
    root = draw("b/rgb/{}.jpg", "b/label/{}.png", number=3)
    (root / "train.txt").write_text("a/rgb/0.jpg a/label/0.png\nb/rgb/1.jpg b/label/1.png\n")
    (root / "val.txt").write_text("b/rgb/2.jpg b/label/2.png\nb/rgb/7.jpg b/label/7.png\n")
    layout = find_layout(root)
    assert layout.lists == {"train-ids.txt": ("a/0", "b/1"), "val-ids.txt": ("b/2",)}
    text = "1 line in the list of val has no image here, such as b/rgb/7.jpg b/label/7.png"
    assert Statement("likely", text) in layout.statements


def test_labels_without_image_in_a_list_are_said(draw):
    root = draw("images/{}.jpg", "labels/{}.png", number=4)
    (root / "images/2.jpg").unlink()
    (root / "train.txt").write_text("0\n1\n2\n")
    (root / "val.txt").write_text("3\n")
    layout = find_layout(root)
    assert layout.lists == {"train-ids.txt": ("0", "1")}
    assert Statement("likely", "1 line in the list of train has no image here, such as 2") in (
        layout.statements
    )


def test_a_table_of_train_alone_is_no_list_of_a_split(draw):
    """That of objects in the images of a competition names only those that have some."""
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "train.csv").write_text("image,pixels\n0,1 2\n3,4 5\n")
    layout = find_layout(root)
    assert layout.splits["train"].list is None
    assert Statement("likely", "not used: train.csv") in layout.statements


def test_lists_of_something_else_are_noted_and_not_used(draw):
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "train.txt").write_text("one\ntwo\n")
    layout = find_layout(root)
    assert layout.splits["train"].list is None
    assert Statement("likely", "not used: train.txt") in layout.statements


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images/{}.jpg", "labels/{}.png"), ("train/images/{}.jpg", "train/labels/{}.png")],
)
def test_without_a_val_split_a_fold_of_train_becomes_val(draw, images, labels):
    """Every pair is in exactly one of the two; fold 0 if it has a pair."""
    root = draw(images, labels, number=30)
    layout = find_layout(root)
    pairs = pairs_of(root, layout)
    assert layout.splits["val"].keep == (0,)
    assert layout.splits["train"].keep == (1, 2, 3, 4)
    assert len(pairs["train"]) + len(pairs["val"]) == 30
    assert set(pairs["train"]).isdisjoint(pairs["val"])


def test_a_list_without_a_val_list_is_divided_into_folds(draw):
    """The list says what may be used for training; val is taken out of it."""
    root = draw("images/{}.jpg", "labels/{}.png", number=30)
    (root / "train.txt").write_text("\n".join(str(n) for n in range(20)))
    pairs = pairs_of(root, find_layout(root))
    assert len(pairs["train"]) + len(pairs["val"]) == 20


@pytest.mark.parametrize("number", range(2, 7))
def test_few_pairs_are_divided_where_they_can_be(draw, number):
    """An empty fold is never taken for val, and never all pairs."""
    root = draw("images/{}.jpg", "labels/{}.png", number=number)
    layout = find_layout(root)
    pairs = pairs_of(root, layout)
    assert pairs["train"]
    assert sum(len(several) for several in pairs.values()) == number
    assert layout.splits["train"].folds in (0, FOLDS)


def test_the_note_on_folds_counts_the_pairs_of_val_and_says_why_this_fold(draw):
    notes = find_layout(draw("images/{}.jpg", "labels/{}.png", number=2)).statements
    text = next(note.text for note in notes if "split val" in note.text)
    assert text.startswith("split val is 1 of 2 pairs: fold ")
    assert text.endswith(" of 5, the first that is not empty; the others train")


def test_one_pair_stays_in_train(draw):
    """There is nothing to take out, and a note says so."""
    layout = find_layout(draw("images/{}.jpg", "labels/{}.png", number=1))
    assert list(layout.splits) == ["train"]
    assert layout.statements[-1].text.startswith("there is no split val")


def test_of_several_label_versions_the_one_with_classes_is_taken(draw):
    """Cityscapes keeps classes, instances and colours of an image side by side."""
    for version in ("color", "instanceIds", "labelIds"):
        root = draw(
            "leftImg8bit/train/bonn/bonn_{}_leftImg8bit.png",
            f"gtFine/train/bonn/bonn_{{}}_gtFine_{version}.png",
        )
    train = find_layout(root).splits["train"]
    assert train.image_suffix == "_leftImg8bit.png"
    assert train.label_suffix == "_gtFine_labelIds.png"
    assert (train.images, train.labels) == ("leftImg8bit/train", "gtFine/train")


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images/{}.jpg", None),
        ("{}.jpg", None),
        ("a_{}.png", None),
    ],
)
def test_images_alone_are_no_dataset(draw, images, labels):
    """Images are never taken for the labels of each other."""
    with pytest.raises(
        DatasetError,
        match=r"dataset must be a folder of images and label images .*, got \d+ image files",
    ):
        find_layout(draw(images, labels))


def test_an_empty_folder_is_no_dataset(tmp_path):
    """One line that says what to do."""
    with pytest.raises(DatasetError, match=r"got no image file\. Put them into folders"):
        find_layout(tmp_path)


def test_hidden_files_are_not_looked_at(draw):
    """Neither ".DS_Store" nor "._0.png", which some systems leave behind."""
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "labels" / "._0.png").write_bytes(b"not a picture")
    (root / ".cache").mkdir()
    assert len(find_layout(root).train_ids) == 12
