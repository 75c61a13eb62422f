"""known_sets.py: data sets that are known by the names of their files and folders."""

import re
from pathlib import PurePosixPath

import pytest
from PIL import Image

from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.survey.known_sets import ROWS, recognise
from survey.known_set_names import COLORS, MASKS, OBJECTS, OTHERS, SETS

CITY = "aachen_00000{}_000019"
CARVANA = next((row[2], row[3]) for row in MASKS if row[0] == "Carvana")
ROBOFLOW = "train/a_jpg.rf.0123456789abcdef0123456789abcde{}"


def known(tmp_path, root, image, label):
    names = [[pattern.format(n) for n in range(1, 9)] for pattern in (image, label)]
    return recognise(tmp_path / root, *names)


@pytest.mark.parametrize(("name", "root", "image", "label", "table"), SETS)
def test_a_published_set_is_known_by_its_names_whatever_values_are_seen(
    tmp_path, name, root, image, label, table
):
    found = known(tmp_path, root, image, label)
    assert (found.name, found.sure) == (name, True)
    expected = Classes.named(table)
    classes, statements = found.meaning([expected.values[0][0]])
    assert (classes.names, classes.values) == (expected.names, expected.values)
    assert set(expected.ignore_values) <= set(classes.ignore_values)
    assert [s.sureness for s in statements[:1]] == ["sure"]
    assert statements[0].text.startswith(f"this is {name}, by ")


@pytest.mark.parametrize(("name", "root", "image", "label", "table"), COLORS)
def test_labels_in_colours_have_the_options_that_convert_them(
    tmp_path, name, root, image, label, table
):
    found = known(tmp_path, root, image, label)
    assert (found.name, found.sure) == (name, True)
    assert found.convert[:4] == ("--format", "color", "--classes", table)


@pytest.mark.parametrize(("name", "root", "image", "label", "object"), MASKS)
@pytest.mark.parametrize("seen", [[0, 1], [0, 255], [255], [0]])
def test_black_and_white_masks_have_a_background_and_a_class(
    tmp_path, name, root, image, label, object, seen
):
    found = known(tmp_path, root, image, label)
    assert (found.name, found.sure) == (name, True)
    classes, statements = found.meaning(seen)
    assert classes.names == ("background", object)
    assert classes.to_index([[0, 1, 255]]).tolist() == [[0, 1, 1]]
    assert statements[0].sureness == "sure"


@pytest.mark.parametrize("seen", [[0, 1, 255], [0, 17, 255]])
def test_of_masks_with_other_values_the_values_have_to_speak(tmp_path, seen):
    found = known(tmp_path, "x", *CARVANA)
    classes, statements = found.meaning(seen)
    assert classes is None
    assert [s.sureness for s in statements] == ["likely"]


@pytest.mark.parametrize(("name", "root", "image", "label", "object"), OBJECTS)
def test_numbers_of_objects_are_one_class(tmp_path, name, root, image, label, object):
    found = known(tmp_path, root, image, label)
    assert (found.name, found.sure, found.needs_convert) == (name, True, False)
    classes, _ = found.meaning([0, 1, 2, 3])
    assert classes.names == ("background", object)
    assert classes.to_index([[0, 1, 7]]).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("image", "label", "options"),
    [
        (f"a/{CITY}_leftImg8bit.png", f"b/{CITY}_gtFine_instanceIds.png", "1000 cityscapes_ids"),
        ("image_2/00000{}_10.png", "instance/00000{}_10.png", "256 cityscapes_ids"),
    ],
)
def test_ids_with_classes_have_to_be_converted(tmp_path, image, label, options):
    found = known(tmp_path, "x", image, label)
    divisor, table = options.split()
    assert found.needs_convert
    expected = ("--format", "instances", "--divisor", divisor, "--classes", table)
    assert found.convert == expected


@pytest.mark.parametrize(("image", "label"), OTHERS)
def test_own_data_under_names_that_many_sets_have_are_not_a_known_set(tmp_path, image, label):
    found = known(tmp_path, "mine", image, label)
    assert found is None or found.meaning([0, 1, 2]) == (None, ())


@pytest.mark.parametrize(
    ("pixels", "name"), [(1024, "DeepGlobe roads"), (2448, "DeepGlobe land cover"), (64, None)]
)
def test_the_size_of_images_separates_two_sets_with_the_same_names(tmp_path, pixels, name):
    (tmp_path / "train").mkdir()
    Image.new("L", (pixels, pixels)).save(tmp_path / "train/1_sat.jpg")
    found = recognise(tmp_path, ["train/1_sat.jpg"], ["train/1_mask.png"])
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("table", "name"),
    [("road,255,255,255\n", "DeepGlobe roads"), ("urban_land,0,255,255\n", "DeepGlobe land cover")],
)
def test_a_file_beside_them_separates_them_too(tmp_path, table, name):
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\n" + table)
    assert recognise(tmp_path, ["train/1_sat.jpg"], ["train/1_mask.png"]).name == name


def test_names_alone_look_like_a_set_and_the_void_is_asked(tmp_path):
    image, label = "images/ADE_train_0000000{}.jpg", "labels/ADE_train_0000000{}.png"
    found = known(tmp_path, "x", image, label)
    assert not found.sure
    classes, (question,) = found.meaning([0, 1, 2])
    assert classes == Classes.named("ade20k")
    assert question.sureness == "open"
    options = [answer.options for answer in question.answers]
    assert options == [{"classes": "ade20k"}, {"ignore_values": ()}]


def test_folders_of_segnet_look_like_camvid_and_its_lists_make_it_sure(tmp_path):
    names = ["train/a.png"], ["trainannot/a.png"]
    _, (question,) = recognise(tmp_path, *names).meaning([0, 4, 11])
    assert question.sureness == "open"
    assert question.answers[0].options == {"classes": "camvid"}
    (tmp_path / "train.txt").write_text(
        "/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png\n"
    )
    classes, (statement, *_) = recognise(tmp_path, *names).meaning([0, 4, 11])
    assert classes == Classes.named("camvid")
    assert statement.sureness == "sure"


@pytest.mark.parametrize(
    ("seen", "name", "options"),
    [
        ([7, 8, 40], "cityscapes_ids", {"classes": "cityscapes_ids", "ignore_values": True}),
        ([0, 255], "cityscapes", {"classes": "cityscapes"}),
    ],
)
def test_a_value_that_the_set_does_not_have_is_a_question(tmp_path, seen, name, options):
    image, label = f"a/{CITY}_leftImg8bit.png", f"b/{CITY}_gtFine_labelIds.png"
    classes, (question,) = known(tmp_path, "x", image, label).meaning(seen)
    assert question.sureness == "open"
    assert re.search(
        f"Cityscapes, by names .* but value {seen[-1]} is not one of its", question.text
    )
    first = question.answers[0].options
    assert {**first, **dict.fromkeys(set(first) - {"classes"}, True)} == options
    assert classes.names == Classes.named(name).names
    assert set(classes.to_index([seen]).ravel().tolist()) - {255} <= set(range(19))


def test_the_background_of_pascal_context_is_asked(tmp_path):
    names = "JPEGImages/2008_00000{}.jpg", "SegmentationClassContext/2008_00000{}.png"
    _, (question,) = known(tmp_path, "VOC2010", *names).meaning([0, 5])
    assert [answer.options for answer in question.answers] == [
        *({"classes": "pascal_context"}, {"classes": "pascal_context_60"})
    ]


def test_folders_of_pascal_voc_need_half_of_its_classes(tmp_path):
    found = known(tmp_path, "x", "JPEGImages/a{}.jpg", "SegmentationClass/a{}.png")
    assert found.meaning([0, 1, 2]) == (None, ())
    assert found.meaning([*range(21), 30]) == (None, ())
    classes, (statement,) = found.meaning([*range(12), 255])
    assert classes.names == Classes.named("voc").names
    assert statement.sureness == "likely"


@pytest.mark.parametrize(
    ("image", "label", "file", "name"),
    [
        ("imagesTr/a{}_0000.png", "labelsTr/a{}.png", "dataset.json", "nnU-Net"),
        (ROBOFLOW + ".jpg", ROBOFLOW + "_mask.png", "train/_classes.csv", "Roboflow masks"),
    ],
)
def test_sets_of_tools_say_in_which_file_their_classes_are(tmp_path, image, label, file, name):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    found = known(tmp_path, "", image, label)
    assert (found.name, found.sure) == (name, True)
    classes, (statement, *_) = found.meaning([0, 1])
    assert classes is None
    assert f"its classes are in its {PurePosixPath(file).name}" in statement.text


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_source_and_tables_that_exist(row):
    assert row.source
    for encoding in row.encodings:
        assert encoding.table in PALETTES or encoding.object or "." in encoding.table
    assert set(row.ask) <= set(PALETTES)


@pytest.mark.parametrize("seen", [[0, 1], [0, 255], [0], [255]])
def test_masks_under_the_names_of_a_set_are_a_question(tmp_path, seen):
    """All of them void, or an object as void, would be the worst guess."""
    image = "images/training/ADE_train_0000000{}.jpg"
    label = "annotations/training/ADE_train_0000000{}.png"
    _, statements = known(tmp_path, "x", image, label).meaning(seen)
    assert [s.sureness for s in statements] == ["open"]
