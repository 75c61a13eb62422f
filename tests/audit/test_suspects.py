"""Values that are hardly classes: a few pixels, the wrong foreground, numbers of objects."""

import shlex

import numpy as np
import pytest
from PIL import Image

from audit.clean_data import draw_image, draw_label, make_clean, read, without_void, write_label
from pixelwise.cli import main
from pixelwise.labels.description import read_description
from pixelwise.report.audit_page import audit


def write(folder, change, number=20):
    """Images and labels without dataset.toml; change(label, number) is what is stored."""
    for index in range(number):
        label = without_void(draw_label(index))
        stored = change(label.copy(), index)
        for name, pixels in (("images", draw_image(label, index)), ("labels", stored)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    return folder


def specks(*values, files=(4, 11), at=(9, 30)):
    """Two pixels of each value, below each other, in some labels."""

    def change(label, index):
        for number, value in enumerate(values if index in files else ()):
            label[at[0] + 3 * number : at[0] + 3 * number + 2, at[1]] = value
        return label

    return change


@pytest.mark.parametrize("values", [(7,), (24, 37), (9, 24, 37)])
def test_values_of_a_few_pixels_are_errors_with_file_value_place_and_count(values, tmp_path):
    """No dataset.toml says that they are classes."""
    found = audit(write(tmp_path, specks(*values))).of_rule("V14")
    wanted = {
        (f"labels/{file:02}.png", value, 2, (9 + 3 * number, 30))
        for file in (4, 11)
        for number, value in enumerate(values)
    }
    assert {(f.file, *f.values, f.count, f.place) for f in found} == wanted
    assert all("2 of 20 labels have it" in f.detail for f in found)


def test_they_are_errors_too_where_dataset_toml_lists_them(tmp_path):
    """As classes without a name, as a guess writes them, and as classes with one."""
    write(tmp_path, specks(3, 4))
    for names in (("class_3", "class_4"), ("crack", "scratch")):
        lines = ['task = "multiclass"']
        for value, name in enumerate(("ground", "disc", "bar", *names)):
            lines += ["[[classes]]", f'name = "{name}"', f"value = {value}"]
        lines += ["[splits.train]", 'images = "images"', 'labels = "labels"']
        (tmp_path / "dataset.toml").write_text("\n".join(lines))
        found = audit(tmp_path).of_rule("V14")
        assert {f.values[0] for f in found} == {3, 4}
        assert f"value 3 ({names[0]}) in 2 pixels" in found[0].detail


def test_a_rare_class_with_an_area_or_in_many_labels_is_no_finding(tmp_path):
    """Small objects are no slips."""

    def area(label, index):
        label[6:11, 20:25] = 7 if index == 3 else label[6:11, 20:25]
        return np.kron(label, np.ones((4, 4), np.uint8))

    assert "V14" not in audit(write(tmp_path / "a", area)).totals
    assert "V14" not in audit(write(tmp_path / "b", specks(7, files=range(9)))).totals


def test_a_void_that_is_rare_is_no_finding(tmp_path):
    """Nobody has to draw much of it."""
    folder = make_clean(tmp_path / "data", label=lambda i: without_void(draw_label(i)))
    stored = read(folder / "train/labels/03.png")
    stored[3, 3:5] = 255
    write_label(folder / "train/labels/03.png", stored)
    assert audit(folder).totals == {}


def test_more_foreground_than_background_is_a_note_with_the_two_lines_that_swap(tmp_path):
    """And the lines do swap them."""
    folder = make_clean(
        tmp_path,
        label=lambda i: (draw_label(i) != 1).astype(np.uint8),
        task="binary",
        names=("background", "object"),
    )
    (found,) = audit(folder).findings
    assert found.rule == "V15"
    assert "write value = 1 below background and value = 0 below object" in found.detail
    text = (folder / "dataset.toml").read_text().replace("value = 0", "value = x")
    text = text.replace("value = 1", "value = 0").replace("value = x", "value = 1")
    (folder / "dataset.toml").write_text(text)
    assert read_description(folder).classes.values == ((1,), (0,))
    assert audit(folder).totals == {}


@pytest.mark.parametrize("divisor", [256, 1000])
def test_ids_of_class_and_object_are_an_error_with_the_command_that_keeps_the_class(
    divisor, tmp_path
):
    """As it is printed, it makes a dataset of the classes."""

    def ids(label, index):
        objects = np.array([0, 24 * divisor + index % 4, 26 * divisor + 1 + index % 3], np.uint16)
        return objects[label]

    folder = write(tmp_path / "data", ids)
    found = audit(folder)
    assert found.totals["V16"].files == 1
    assert f"class * {divisor} + object" in found.of_rule("V16")[0].detail
    command = shlex.split(found.repair("V16"))
    assert command[:2] == ["pixelwise", "convert"]
    assert command[command.index("--divisor") + 1] == str(divisor)
    assert main(command[1:]) == 0
    assert (tmp_path / "data-converted/dataset.toml").is_file()
    assert "V16" not in audit(tmp_path / "data-converted").totals


def test_wide_labels_of_many_classes_are_no_numbers_of_objects(tmp_path):
    """300 classes in steps of one."""

    def wide(label, index):
        return label.astype(np.uint16) * 100 + index * 3 + np.arange(64, dtype=np.uint16) % 3

    assert "V16" not in audit(write(tmp_path, wide)).totals


def test_labels_that_number_their_objects_are_an_error_with_the_command_that_describes_them(
    tmp_path,
):
    """Each value was taken for a class; afterwards all objects are one."""

    def numbered(_label, index):
        stored = np.zeros((48, 64), np.uint8)
        for number in range(6 + index % 7):
            stored[3 + 3 * number : 5 + 3 * number, 5 : 20 + index] = number + 1
        return stored

    folder = write(tmp_path / "data", numbered)
    lines = ['task = "multiclass"']
    for value in range(13):
        lines += ["[[classes]]", f'name = "class_{value}"', f"value = {value}"]
    lines += ["[splits.train]", 'images = "images"', 'labels = "labels"']
    (folder / "dataset.toml").write_text("\n".join(lines))
    found = audit(folder)
    assert found.totals["V16"].files == 1
    assert "1..n without a gap, up to 12" in found.of_rule("V16")[0].detail
    assert main(shlex.split(found.repair("V16"))[1:]) == 0
    assert read_description(folder).classes.values == ((0,), "other")
    assert "V16" not in audit(folder).totals


def test_a_few_classes_of_which_each_label_has_the_first_ones_are_no_numbers_of_objects(tmp_path):
    """Up to eight values without a gap are as likely to be classes."""

    def first_ones(_label, index):
        return np.minimum(np.arange(48)[:, None] // 8 + 0 * np.arange(64), 2 + index % 4).astype(
            np.uint8
        )

    folder = write(tmp_path / "data", first_ones)
    lines = ['task = "multiclass"']
    for value in range(6):
        lines += ["[[classes]]", f'name = "class_{value}"', f"value = {value}"]
    lines += ["[splits.train]", 'images = "images"', 'labels = "labels"']
    (folder / "dataset.toml").write_text("\n".join(lines))
    assert "V16" not in audit(folder).totals
