"""Folders of known data sets, drawn: what a survey says, and what the classes of files add."""

import re

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.given import Given
from pixelwise.survey.known_sets import known_of

CITY = "leftImg8bit/train/ulm/ulm_00000{}_000019_leftImg8bit.png"
CITY_IDS = "gtFine/train/ulm/ulm_00000{}_000019_gtFine_labelIds.png"


@pytest.fixture
def drawn(tmp_path):
    """Images of noise, and labels of stripes of some values or colours."""

    def draw(image, label, values, dtype=np.uint8):
        noise = np.random.default_rng(0)
        for n in range(6):
            for pattern in (image, label):
                (tmp_path / pattern.format(n)).parent.mkdir(parents=True, exist_ok=True)
            pixels = noise.integers(0, 255, (40, 60, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / image.format(n))
            stripes = np.array(values, dtype).repeat(60 // len(values), 0)[None].repeat(40, 0)
            Image.fromarray(stripes).save(tmp_path / label.format(n))
        return tmp_path

    return draw


def texts(found, sureness):
    return [s.text for s in found.statements if s.sureness == sureness]


def test_few_ids_of_cityscapes_are_its_classes_all_the_same(drawn):
    """Six of its nineteen classes; 0 is void, not a class."""
    found = survey_folder(drawn(CITY, CITY_IDS, [0, 7, 8, 11, 23, 26]))
    classes = found.description.classes
    assert classes.names == Classes.named("cityscapes").names
    assert classes.to_index([[0, 7, 8, 26]]).tolist() == [[255, 0, 1, 13]]
    assert any("this is Cityscapes, by names such as ulm_" in text for text in texts(found, "sure"))
    assert not found.open


def test_a_value_that_cityscapes_does_not_have_is_asked(drawn):
    found = survey_folder(drawn(CITY, CITY_IDS, [7, 8, 11, 23, 26, 40]))
    (question,) = found.open
    assert "value 40 is not one of its" in question.text
    assert question.answers[0].options["classes"] == "cityscapes_ids"
    assert found.description.open


def test_ids_of_objects_are_refused_with_the_command_that_converts_them(drawn):
    """Sixteen bits: 1000 * class + number."""
    label = CITY_IDS.replace("labelIds", "instanceIds")
    root = drawn(CITY, label, [7, 11, 24000, 26001], np.uint16)
    command = "--format instances --divisor 1000 --classes cityscapes_ids --out "
    with pytest.raises(LabelError, match=f"of Cityscapes.*{command}"):
        survey_folder(root)


def test_colours_of_a_known_set_are_refused_with_its_name_as_the_classes(drawn):
    label = CITY_IDS.replace("labelIds", "color")
    root = drawn(CITY, label, [(128, 64, 128), (0, 0, 0), (70, 70, 70)])
    with pytest.raises(LabelError, match="--format color --classes cityscapes --out "):
        survey_folder(root)


@pytest.mark.parametrize(
    ("lines", "asked"), [(["sky", "road"], True), (Classes.named("cityscapes").names, False)]
)
def test_a_list_of_other_classes_beside_a_known_set_is_a_question(drawn, lines, asked):
    root = drawn(CITY, CITY_IDS, [7, 8, 11])
    (root / "classes.txt").write_text("\n".join(lines))
    found = survey_folder(root)
    wanted = [s for s in found.open if "classes.txt lists other classes" in s.text]
    assert bool(wanted) == asked
    assert all(s.answers[1].options == {"classes": "cityscapes_ids"} for s in wanted)


def test_the_images_of_labels_are_found_by_the_affixes_of_their_split(tmp_path):
    """With and without an extension in the suffix, and in several splits."""
    for name in ("a/im_1_x.JPG", "a/lb_1_y.png", "b/im_2_x.JPG", "b/lb_2_y.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    splits = {
        name: Split(name, name, "_x", "_y.png", image_prefix="im_", label_prefix="lb_")
        for name in ("a", "b")
    }
    labels = [tmp_path / "a/lb_1_y.png", tmp_path / "b/lb_2_y.png"]
    assert known_of(tmp_path, splits, labels) is None
    renamed = {"im_1_x.JPG": "top_potsdam_2_1_RGB.tif", "lb_1_y.png": "top_potsdam_2_1_label.tif"}
    for old, new in renamed.items():
        (tmp_path / "a" / old).rename(tmp_path / "a" / new)
    splits = {"a": Split("a", "a", "_RGB.tif", "_label.tif")}
    label = tmp_path / "a/top_potsdam_2_1_label.tif"
    assert re.search("Potsdam", known_of(tmp_path, splits, [label]).name)


def test_colours_that_a_known_set_does_not_have_are_not_called_its_own(drawn):
    """A copy that was changed; its colours are listed as for any other folder."""
    label = CITY_IDS.replace("labelIds", "color")
    root = drawn(CITY, label, [(128, 64, 128), (1, 250, 128), (70, 70, 70)])
    with pytest.raises(LabelError, match="--classes 'class_0=#01fa80,"):
        survey_folder(root)


def test_folders_named_together_are_seen_through(drawn):
    """Such as "Train/*/images_png", as LoveDA has its sites; values from 0, of which 0 is void."""
    for site in ("Rural", "Urban"):
        number = "{}" if site == "Rural" else "1{}"
        names = [f"Train/{site}/{kind}_png/{number}.png" for kind in ("images", "masks")]
        root = drawn(*names, [0, 1, 2, 6])
    found = survey_folder(root)
    assert found.description.classes.names == Classes.named("loveda").names
    assert any("this is LoveDA" in text for text in texts(found, "sure"))


def test_left_and_right_eyes_are_not_two_kinds_of_labels(drawn):
    """CHASE_DB1: everything in one folder, and the labels of a second observer."""
    for eye in "LR":
        for observer in ("1stHO", "2ndHO"):
            names = f"Image_0{{}}{eye}.jpg", f"Image_0{{}}{eye}_{observer}.png"
            root = drawn(*names, [0, 0, 0, 255])
    found = survey_folder(root)
    assert found.description.splits["train"].label_suffix == "_1stHO.png"
    assert not found.open
    assert found.description.classes.names == ("background", "vessel")


def test_a_few_pixels_of_a_value_that_the_set_does_not_have_are_no_question(drawn):
    """They are suspects, as in any folder."""
    root = drawn(CITY, CITY_IDS, [7, 8, 11, 23, 26])
    path = root / CITY_IDS.format(0)
    label = np.array(Image.open(path).resize((1200, 800), 0))
    label[3, 3:5] = 77
    Image.fromarray(label).save(path)
    Image.new("RGB", (1200, 800)).save(root / CITY.format(0))
    found = survey_folder(root)
    assert not found.open
    assert found.description.classes.names == Classes.named("cityscapes").names
    assert any("77" in note for note in found.unsure)


@pytest.mark.parametrize(
    ("image", "label", "values"),
    [
        (CITY, CITY_IDS, [7, 8, 11, 23, 26, 40]),
        ("imgs/ADE_train_0000000{}.jpg", "gt/ADE_train_0000000{}.png", [0, 1, 2, 3]),
        ("JPEGImages/2008_00000{}.jpg", "SegmentationClass/2008_00000{}.png", [0, 0, 255]),
    ],
)
def test_every_answer_to_a_question_about_a_known_set_ends_it(drawn, image, label, values):
    root = drawn(image, label, values)
    (question,) = survey_folder(root).open
    for answer in question.answers:
        found = survey_folder(root, Given(**answer.options))
        assert not found.open
        index = found.description.classes.to_index([values])
        assert (index != found.description.classes.ignore_index).any()
