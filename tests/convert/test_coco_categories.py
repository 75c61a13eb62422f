"""COCO whose files contradict each other or themselves, and what then counts."""

import numpy as np
import pytest

from convert.annotations import write_image, write_json
from convert.test_coco_dialects import WITH_ROOT, converted, splits_of, table, write_splits
from convert.test_convert_coco import FLAT, annotation
from pixelwise.errors import DatasetError
from pixelwise.labels.png import read_label


def test_classes_that_are_given_hold_for_files_with_other_categories(tmp_path):
    root = write_splits(tmp_path / "coco", ("train", "val"))
    other = [*WITH_ROOT, {"id": 2, "name": "dog", "supercategory": "pets"}]
    write_json(root / "val/_annotations.coco.json", table(["a.png"], other, 2))
    (tmp_path / "classes.txt").write_text("background\ndog\ncat\n")
    report = converted(root, classes=str(tmp_path / "classes.txt"))
    assert report.classes.names == ("background", "dog", "cat")
    assert splits_of(report) == {"train": 2, "val": 1}
    assert set(np.unique(read_label(report.folder / "labels/val/a.png"))) == {0, 1}


def test_a_file_for_each_image_may_list_the_categories_of_that_image_alone(tmp_path):
    """The classes are all of them, in the order of their ids."""
    root = tmp_path / "coco"
    for name, category in (("a", 2), ("b", 1)):
        write_image(root / f"{name}.png")
        own = [{"id": category, "name": ("cat", "dog")[category - 1]}]
        write_json(root / f"{name}.json", table([f"{name}.png"], own, category))
    report = converted(root)
    assert report.classes.names == ("background", "cat", "dog")
    for name, value in (("a", 2), ("b", 1)):
        assert read_label(report.folder / f"labels/{name}.png").max() == value
    assert "classes are those of all files; not in each of them: cat, dog" in report.notes


def test_annotations_of_images_that_are_not_listed_are_left_out_on_request(tmp_path):
    root = tmp_path / "coco"
    write_image(root / "a.png")
    content = table(["a.png"])
    content["annotations"].append(annotation([FLAT], 1, 9))
    write_json(root / "x.json", content)
    with pytest.raises(DatasetError, match=r"got 1 others, such as 9\. .*skip"):
        converted(root)
    notes = converted(root, invalid="skip").notes
    assert "1 annotations of images that are not listed are left out" in notes


def test_an_image_that_is_listed_with_two_ids_is_refused(tmp_path):
    write_image(tmp_path / "coco/a.png")
    write_json(tmp_path / "coco/x.json", table(["a.png", "a.png"]))
    with pytest.raises(DatasetError, match=r"file_name must be of one id only, got .* 0 and 1"):
        converted(tmp_path / "coco")


def test_two_categories_of_one_name_are_refused_with_what_to_do(tmp_path):
    write_image(tmp_path / "coco/a.png")
    twice = [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]
    write_json(tmp_path / "coco/x.json", table(["a.png"], twice))
    with pytest.raises(DatasetError, match=r"categories must be of different names, got 'cat'.*id"):
        converted(tmp_path / "coco")
