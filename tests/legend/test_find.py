"""Which class file of a folder is taken, and what is said of the others."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.legend.find import find_class_file
from pixelwise.survey.class_list import listed_classes
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.given import Given
from pixelwise.survey.statements import OPEN


def write(folder, **texts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_DOT_", ".")).write_text(text)


def test_the_nearest_file_is_taken_whole(tmp_path):
    """That of the labels before those above."""
    write(tmp_path, classes_DOT_txt="a\nb\n")
    write(tmp_path / "labels", labels_DOT_txt="c\nd\n")
    found = find_class_file([tmp_path / "labels", tmp_path])
    assert (found.path, found.rows.names) == (tmp_path / "labels/labels.txt", ("c", "d"))
    assert (found.others, found.problems) == ((), ())


def test_files_of_one_folder_that_disagree_are_told(tmp_path):
    """Those that say the same in other words are not."""
    write(tmp_path, labels_DOT_txt="a\nb\n", names_DOT_txt="A\nb\n", codes_DOT_txt="b\na\n")
    found = find_class_file([tmp_path])
    assert found.path == tmp_path / "labels.txt"
    assert found.others == (tmp_path / "codes.txt",)


def test_the_file_of_pixelwise_needs_no_company(tmp_path):
    """Nobody else writes classes.toml."""
    write(tmp_path, classes_DOT_toml='[[classes]]\nname = "x"\n', labels_DOT_txt="a\nb\n")
    found = find_class_file([tmp_path])
    assert (found.rows.names, found.others) == (("x",), ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.txt", "1\n2\n3\n"),
        ("labels.txt", "00001 3\n00002 4\n"),
        ("config.json", '{"model_type": "unet"}'),
        ("config.json", '{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}'),
        ("dataset.json", '{"name": "x", "images": []}'),
        ("labels.csv", "image,label\nx,3\n"),
        ("data.yaml", "train: images\n"),
        ("palette.txt", "1 2 3\n4 5 6\n"),
        ("notes.txt", "road\ncar\n"),
        ("labels.py", "print('road')\n"),
    ],
)
def test_files_of_other_kinds_are_passed_over(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert find_class_file([tmp_path]) is None


def test_files_that_belong_to_images_are_passed_over(tmp_path):
    """One each."""
    write(tmp_path, **{f"image{n}_DOT_clr": "1 2 3 4 a\n" for n in range(9)})
    assert find_class_file([tmp_path]) is None


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """With its line; the next one is taken."""
    write(tmp_path / "labels", labels_DOT_txt="a\n\nb\n")
    write(tmp_path, names_DOT_txt="a\nb\n")
    found = find_class_file([tmp_path / "labels", tmp_path])
    assert found.path == tmp_path / "names.txt"
    assert found.problems[0].startswith("labels.txt is not read as a list of classes: ")
    assert "line 2 must be a name" in found.problems[0]


def test_convert_asks_which_of_two_files_it_is(tmp_path):
    """It never takes one of them in silence."""
    write(tmp_path, labelmap_DOT_txt="a:1,2,3::\n", class_dict_DOT_csv="name,r,g,b\nb,1,2,3\n")
    (tmp_path / "labels").mkdir()
    config = ConvertConfig(tmp_path / "labels", out=tmp_path / "out", format="color")
    with pytest.raises(DatasetError, match=r"of one class file in .*labelmap.txt"):
        convert(config)


def test_arrays_have_the_names_of_the_file_beside_them(tmp_path):
    """And the void that it names."""
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays/a.npy", np.arange(12).reshape(3, 4) % 3)
    text = '{"labels": {"sky": 0, "ground": 1, "ignore": 2}}'
    (tmp_path / "dataset.json").write_text(text)
    report = convert(ConvertConfig(tmp_path / "arrays", out=tmp_path / "out", image_files="none"))
    assert report.classes.names == ("sky", "ground")
    assert "classes are from dataset.json" in report.notes


def test_masks_of_classes_have_the_order_of_the_file_beside_them(tmp_path):
    """Colours too."""
    for name in ("car", "tree"):
        (tmp_path / "masks" / name).mkdir(parents=True)
        mask = np.zeros((4, 4), np.uint8)
        mask[:2] = 255
        Image.fromarray(mask).save(tmp_path / "masks" / name / "a.png")
    (tmp_path / "classes.txt").write_text("background 0 0 0\ntree 0 9 0\ncar 9 0 0\nbus 1 1 1\n")
    out, source = tmp_path / "out", tmp_path / "masks"
    config = ConvertConfig(source, out=out, format="masks", image_files="none")
    classes = convert(config).classes
    assert classes.names == ("background", "tree", "car", "bus")
    assert classes.colors[2] == (9, 0, 0)


def test_unknown_is_likely_to_be_void(tmp_path):
    """A question of init, a note of convert."""
    for number in range(3):
        for folder, image in (
            ("images", Image.new("RGB", (9, 9), (number, 9, 9))),
            ("labels", Image.fromarray(np.arange(81, dtype=np.uint8).reshape(9, 9) % 3)),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            image.save(tmp_path / folder / f"{number}.png")
    (tmp_path / "labels.txt").write_text("unknown\nsky\nground\n")
    found = survey_folder(tmp_path)
    assert "stored value 0 is called unknown: is it void?" in [q.text for q in found.open]
    assert found.description.classes.names == ("sky", "ground")
    for answer in next(q for q in found.open if "unknown" in q.text).answers:
        decided = survey_folder(tmp_path, Given(ignore_values=answer.options["ignore_values"]))
        assert not [q for q in decided.open if "unknown" in q.text]


@pytest.mark.parametrize(("seen", "first"), [([0, 7, 255], "coco_stuff"), ([0, 7], "labels.txt")])
def test_a_list_of_a_known_set_that_stores_other_values_is_a_question(tmp_path, seen, first):
    """COCO-Stuff counts its list from 0 = unlabeled; its label files hold one less, and 255."""
    known = Classes.named("coco_stuff")
    lines = ["0: unlabeled"]
    lines += [f"{value + 1}: {name}" for name, (value,) in zip(known.names, known.values)]
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    classes, statements = listed_classes(tmp_path, [tmp_path], seen)
    (question,) = (statement for statement in statements if statement.sureness == OPEN)
    assert question.text.startswith("labels.txt lists the classes of coco_stuff, ")
    assert question.answers[0].text == f"those of {first}"
    for answer in question.answers:
        given = Given(classes=answer.options["classes"])
        _, decided = listed_classes(tmp_path, [tmp_path], seen, given)
        assert [s for s in decided if s.sureness == OPEN] == []
    assert classes.values[0] == {"coco_stuff": (0,), "labels.txt": (1,)}[first]


def test_a_list_in_the_order_of_a_known_set_is_no_question(tmp_path):
    """The same classes, stored in another way, are another copy of the set."""
    (tmp_path / "labels.txt").write_text("\n".join(Classes.named("cityscapes").names))
    _, statements = listed_classes(tmp_path, [tmp_path], [0, 1, 7, 255])
    assert [s for s in statements if s.sureness == OPEN] == []
