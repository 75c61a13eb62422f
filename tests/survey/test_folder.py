"""A survey of a folder gives a description that works, and says what it rests on."""

import json
import os
import re
import shlex
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import DatasetError, LabelError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split, read_description, write_description
from pixelwise.labels.png import write_label
from pixelwise.survey import folder as folder_module
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.given import Given
from pixelwise.weights.counts import count_labels

CAMVID = ["sky", "building", "pole", "road", "pavement", "tree", "sign_symbol", "fence", "car"]
CAMVID += ["pedestrian", "bicyclist"]


def count_all(description):
    """The labels of all splits hold nothing that the classes do not explain."""
    pairs = [pair for split in description.splits for pair in description.pairs(split)]
    return count_labels([pair for pair in pairs if pair.label], description.classes)


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_classes_come_from_a_file_of_names_and_void_from_a_name_in_it(draw):
    """The order of things: names, then what means void."""
    root = draw("train/images/{}.jpg", "train/labels/{}.png", [0, 1, 2, 3])
    draw("val/images/{}.jpg", "val/labels/{}.png", [0, 2], number=4)
    (root / "classes.txt").write_text("0 sky\n1 road\n2 car\n3 unlabelled\n")
    found = survey_folder(root)
    assert found.description.classes == Classes(["sky", "road", "car"], ignore_values=[3])
    assert found.description.task == "multiclass"
    assert list(found.description.splits) == ["train", "val"]
    assert found.unsure == ()
    assert count_all(found.description).files == 16


def test_without_names_the_values_speak(draw):
    """Void at 255, folds for splits; the notes say how sure that is."""
    found = survey_folder(draw("images/{}.jpg", "labels/{}.png", [0, 1, 2, 255], number=30))
    assert found.description.classes.ignore_values == (255,)
    assert found.description.classes.names == ("class_0", "class_1", "class_2")
    assert found.description.splits["val"].keep == (0,)
    assert "images are images/*, labels are labels/* (sure)" in found.notes
    (question,) = found.open
    assert question.text.startswith("is stored value 255 void? 255 is above 0..2, 25 % of the pix")
    assert question.answers[0].options == {"ignore_values": (255,)}
    assert set(found.unsure) < set(found.notes)


def test_labels_of_0_and_255_are_binary(draw):
    """One sigmoid channel."""
    description = survey_folder(draw("{}.bmp", "{}.png", [0, 255])).description
    assert description.task == "binary"
    assert description.num_channels == 1
    assert count_all(description).pixels.tolist() == [12 * 24, 12 * 24]


def test_labels_of_0_128_and_255_are_three_classes(draw):
    """Stored values are not class indices."""
    description = survey_folder(draw("{}.bmp", "{}.png", [0, 128, 255])).description
    assert description.classes.values == ((0,), (128,), (255,))
    assert count_all(description).pixels.tolist() == [12 * 16] * 3


def test_instance_ids_are_binary(draw):
    """16-bit labels that number the objects of each image."""
    ids = [[0, *range(1, 4 + 3 * n)] for n in range(11)] + [[0, *range(1000, 1040)]]
    description = survey_folder(draw("images/{}.png", "instances/{}.png", ids)).description
    assert description.task == "binary"
    assert description.classes == Classes(["background", "object"], values=[0, "other"])
    assert count_all(description).images.tolist() == [12, 12]


@pytest.mark.parametrize("folder", ["", "labels/"])
@pytest.mark.parametrize("name", ["classes.txt", "class_names.txt", "labels.txt"])
def test_the_file_of_names_may_lie_beside_the_labels(draw, folder, name):
    """Under any of its usual names."""
    root = draw("images/{}.jpg", "labels/{}.png", [0, 1])
    (root / folder / name).write_text("ground\nriver\n")
    found = survey_folder(root)
    assert found.description.classes.names == ("ground", "river")
    assert f"class names are from {folder}{name} (sure)" in found.notes


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_saved_classes_are_taken_as_they_are(draw, suffix):
    """A table that Classes.save wrote."""
    root = draw("images/{}.jpg", "labels/{}.png", [7, 9, 200])
    classes = Classes(["a", "b"], colors=[(1, 2, 3), (4, 5, 6)], values=[7, 200], ignore_values=[9])
    classes.save(root / f"classes{suffix}")
    assert survey_folder(root).description.classes == classes


@pytest.mark.parametrize("text", ["a\na\n", "\n".join(f"label {n}.png" for n in range(300))])
def test_a_file_that_lists_no_classes_is_noted_and_not_used(draw, text):
    """Then the values have to speak."""
    root = draw("images/{}.jpg", "labels/{}.png", [0, 1, 2])
    (root / "labels.txt").write_text(text)
    found = survey_folder(root)
    assert found.description.classes.names == ("class_0", "class_1", "class_2")
    assert any(
        note.startswith("labels.txt is not read as a list of classes: ") for note in found.unsure
    )


@pytest.mark.parametrize(
    ("images", "labels", "values", "name"),
    [
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png", [*range(21), 255], "voc"),
        (
            "leftImg8bit/train/{}_leftImg8bit.png",
            "gtFine/train/{}_gtFine_labelIds.png",
            range(34),
            "cityscapes_ids",
        ),
        (
            "leftImg8bit/train/{}_leftImg8bit.png",
            "gtFine/train/{}_gtFine_labelTrainIds.png",
            [*range(19), 255],
            "cityscapes",
        ),
    ],
)
def test_a_known_dataset_is_known_by_its_folders_and_values(draw, images, labels, values, name):
    """Its classes have names, also without a file of names."""
    description = survey_folder(draw(images, labels, list(values))).description
    assert description.classes.names == Classes.named(name).names
    assert count_all(description).files == 12


def test_folders_of_a_known_dataset_with_other_values_are_not_that_dataset(draw):
    """Many people keep their own labels in a folder SegmentationClass."""
    found = survey_folder(draw("JPEGImages/{}.jpg", "SegmentationClass/{}.png", [0, 1, 2]))
    assert found.description.classes.names == ("class_0", "class_1", "class_2")


def test_a_bounded_number_of_files_is_read(draw, monkeypatch):
    """Evenly spaced, whatever their number; the notes say how many."""
    monkeypatch.setattr(folder_module, "READ_FILES", 5)
    found = survey_folder(draw("images/{}.jpg", "labels/{}.png", number=30))
    assert "labels: 30, of which 5 were read (sure)" in found.notes


def test_a_survey_writes_nothing(draw):
    """No file appears, none is changed."""
    root = draw("images/{}.jpg", "labels/{}.png")
    before = snapshot(root)
    survey_folder(root)
    assert snapshot(root) == before


def test_a_survey_can_be_written_and_read_back(draw):
    """What `pixelwise init` does with it."""
    root = draw("{}.jpg", "{}_mask.png", [0, 1, 2, 255])
    found = survey_folder(root)
    write_description(found.description, root, found.notes)
    assert read_description(root) == found.description


def test_a_survey_needs_no_colour_but_says_what_to_do_with_it(draw):
    """RGB labels are named, with the command that converts them."""
    root = draw("images/{}.jpg", "labels/{}.png", number=3)
    for n in range(3):
        label = Image.new("RGB", (8, 6), (255, 0, 0))
        label.paste((0, 0, 255), (0, 0, 4, 6))
        label.save(root / f"labels/{n}.png")
    message = (
        r"labels must be readable .*, got 3 of 3 .*0\.png.*, got RGB\. If they are .*first: "
        r"pixelwise convert \S+/labels --images \S+/images --format color "
        r"--classes 'class_0=#0000ff,class_1=#ff0000' --out \S+-converted$"
    )
    with pytest.raises(LabelError, match=message):
        survey_folder(root)


def test_lossy_labels_are_refused(draw):
    """A JPEG holds other values than were drawn."""
    root = draw("images/{}.png", "labels/{}.jpg", number=0)
    for n in range(2):
        for folder in ("images", "labels"):
            (root / folder).mkdir(exist_ok=True)
            Image.new("L", (8, 6), n).save(root / folder / f"{n}.jpg")
    with pytest.raises(LabelError, match=r"got 2 of 2 that are not: .*0\.jpg.*JPEG"):
        survey_folder(root)


def test_labels_of_which_none_can_be_read_are_one_sentence(draw):
    root = draw("images/{}.jpg", "labels/{}.png", [0, 1, 2])
    for label in (root / "labels").iterdir():
        label.write_bytes(b"nothing")
    with pytest.raises(
        LabelError, match=r"got 12 of 12 that are not: .*0\.png: label must"
    ) as told:
        survey_folder(root)
    assert "\n" not in str(told.value)


def test_one_damaged_label_is_noted(draw):
    """It is left to the audit, which needs a description to begin."""
    root = draw("images/{}.jpg", "labels/{}.png", [0, 1, 2])
    (root / "labels" / "4.png").write_bytes(b"nothing")
    found = survey_folder(root)
    assert len(found.description.classes) == 3
    assert any("1 of 12 that are not" in note and "4.png" in note for note in found.unsure)


def test_labels_of_another_size_are_noted(draw):
    """The audit lists them all; here it is a sign that the pairs may be wrong."""
    root = draw("images/{}.jpg", "labels/{}.png", [0, 1, 2])
    write_label(root / "labels" / "3.png", np.ones((5, 8), np.uint8))
    message = (
        "1 of 12 pairs has sizes that differ: image 3.jpg is 6 x 8 (height x width), "
        "label 3.png is 5 x 8; for more: pixelwise audit "
    )
    assert survey_folder(root).unsure[-1].startswith(message)


def test_an_image_that_cannot_be_read_is_noted(draw):
    """Images matter as well, though only their headers are looked at."""
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "images" / "3.jpg").write_bytes(b"nothing")
    message = (
        "the header of an image or label cannot be read in 1 of 12 pairs: 3.jpg: image must be"
    )
    assert survey_folder(root).unsure[-1].startswith(message)


@pytest.mark.parametrize("extra", ["images/99.jpg", "labels/99.png"])
def test_a_file_without_a_partner_is_left_out(draw, extra):
    """A few holes do not refuse a dataset; whether the files are left out is asked."""
    root = draw("images/{}.jpg", "labels/{}.png")
    write_label(root / "labels" / "99.png", np.zeros((6, 8), np.uint8))
    (root / "labels" / "99.png").rename((root / extra).with_suffix(".png"))
    found = survey_folder(root)
    ids = tuple(sorted(map(str, range(12))))
    assert {split.unpaired for split in found.description.splits.values()} == {"skip"}
    assert tuple(sorted(pair.id for pair in found.pairs)) == ids
    file = (root / extra).with_suffix(".png").relative_to(root)
    message = (
        f"1 {file.parts[0][:-1]} of train has no partner, such as {file.as_posix()}: leave it out?"
    )
    assert [question.text.startswith(message) for question in found.open] == [True]
    assert found.open[0].answers[0].options == {"unpaired": "skip"}
    decided = survey_folder(root, Given(unpaired="skip"))
    assert decided.open == ()
    with pytest.raises(PairingError, match="got 1 without"):
        survey_folder(root, Given(unpaired="error"))


@pytest.mark.parametrize(
    ("image", "label", "message"),
    [
        ("{:02d}.jpg", "{}.png", r"10 images and 10 labels .*differ in zeros in front: better"),
        ("{}.jpg", "1{}.png", r"counts from 0 and the other from 1, all pairs are wrong"),
    ],
)
def test_numbers_of_images_and_labels_that_differ_are_said(draw, image, label, message):
    """Files are never paired by their order."""
    root = draw("images/{}.jpg", "labels/{}.png")
    for number in range(12):
        (root / f"images/{number}.jpg").rename(root / f"images/a{image.format(number)}")
        (root / f"labels/{number}.png").rename(root / f"labels/a{label.format(number)}")
    assert re.search(message, survey_folder(root).open[0].text)


def test_more_files_without_a_partner_than_with_one_are_a_question_too(draw):
    root = draw("images/{}.jpg", "labels/{}.png")
    for number in range(1, 8):
        (root / "labels" / f"{number}.png").unlink()
    assert survey_folder(root).open[0].text.startswith("7 images of train have no partner")


@pytest.mark.parametrize("name", ["", "labels", "images", "lost+found"])
def test_a_folder_that_may_not_be_read_is_one_sentence_if_it_is_asked_for(draw, monkeypatch, name):
    """As the system answers a user without permission; a folder of something else is left alone."""
    root = draw("images/{}.jpg", "labels/{}.png")
    (root / "lost+found").mkdir()
    real, refused = os.scandir, root / name

    def scandir(path="."):
        if Path(path) == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    asked = (
        nullcontext() if name == "lost+found" else pytest.raises(DatasetError, match="Permission")
    )
    with asked as caught:
        survey_folder(root)
    assert caught is None or str(caught.value).startswith(
        f"{refused}: folder must be readable, got"
    )


def test_a_missing_folder_and_a_file_are_no_datasets(tmp_path):
    """One line that names it."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(DatasetError, match=f"{path.name}: dataset must be an existing folder"):
            survey_folder(path)


def test_a_description_can_be_kept_as_json(draw):
    """Its classes are plain numbers and strings, not numpy's."""
    fields = survey_folder(draw("images/{}.jpg", "labels/{}.png")).description.classes.as_dict()
    assert Classes.from_dict(json.loads(json.dumps(fields))).names[0] == "class_0"


def test_camvid_is_understood(shared):
    """Eleven named classes, void is 11 by its name, train and val are folders."""
    found = survey_folder(shared / "data" / "camvid")
    classes = found.description.classes
    assert list(classes.names) == CAMVID
    assert classes.values == tuple((n,) for n in range(11))
    assert classes.ignore_values == (11,)
    assert found.description.task == "multiclass"
    assert found.description.splits == {
        "train": Split("train/images", "train/labels"),
        "val": Split("val/images", "val/labels"),
    }
    counts = count_all(found.description)
    assert (counts.files, counts.pixels.min() > 0) == (468, True)


def test_white_blood_cells_are_understood(shared):
    """Three grey levels are three classes; .bmp and .png side by side; folds."""
    found = survey_folder(shared / "data" / "wbc1")
    assert found.description.classes.values == ((0,), (128,), (255,))
    assert found.description.classes.ignore_values == ()
    train, val = found.description.splits["train"], found.description.splits["val"]
    assert train == Split(".", ".", ".bmp", ".png", folds=5, keep=(1, 2, 3, 4))
    assert val == Split(".", ".", ".bmp", ".png", folds=5, keep=(0,))
    assert count_all(found.description).files == 300


def test_nuclei_are_understood(shared):
    """Instance ids of 16 bits are binary; the splits are lists."""
    found = survey_folder(shared / "data" / "dsb2018")
    assert found.description.task == "binary"
    assert found.description.classes.values == ((0,), "other")
    assert found.description.splits == {
        name: Split("images", "instances", list=f"{name}.txt") for name in ("train", "val", "test")
    }
    assert count_all(found.description).files == 367


def test_colour_labels_of_several_splits_are_converted_split_by_split(draw):
    """One command for each, into one folder; a blank in a name is quoted."""
    draw("my data/train/images/{}.jpg", "my data/train/labels/{}.png", number=3)
    root = draw("my data/val/images/{}.jpg", "my data/val/labels/{}.png", number=3) / "my data"
    for label in root.rglob("labels/*.png"):
        two = Image.new("RGB", (8, 6), (255, 0, 0))
        two.paste((0, 0, 255), (0, 0, 4, 6))
        two.save(label)
    with pytest.raises(LabelError, match="pixelwise convert") as caught:
        survey_folder(root)
    first, second = str(caught.value).split("first: ")[1].split(" && ")
    assert shlex.split(first)[-4:] == ["--out", f"{root}-converted", "--split", "train"]
    assert shlex.split(second)[2:5] == [f"{root}/val/labels", "--images", f"{root}/val/images"]


def test_sandstone_in_colour_is_refused_with_the_way_out(shared):
    """TIFF labels in RGB: one line."""
    with pytest.raises(LabelError, match=r"9 of 9 .*pixelwise convert .*sandstone/labels --images"):
        survey_folder(shared / "data" / "sandstone")
