"""A folder that is not a dataset yet gets the commands that make one of it."""

import numpy as np
import pytest
from PIL import Image

from convert.annotations import random_image, write_json, write_labelme
from make import make_dataset, write_image
from pixelwise.errors import DatasetError
from pixelwise.init.command import init
from pixelwise.init.config import InitConfig
from pixelwise.init.suggest import next_step

COCO = {"images": [], "annotations": [{"segmentation": []}], "categories": []}
GREY = np.zeros((3, 3), np.uint8)
START = "These commands fit what is in it: "


def test_annotations_are_converted(tmp_path):
    """By the folder that they are in, wherever that is; blanks are quoted."""
    write_labelme(tmp_path / "my data/drawn")
    assert next_step(tmp_path) == f"{START}pixelwise convert '{tmp_path}/my data/drawn'"


def test_annotations_in_folders_of_splits_are_converted_together(tmp_path):
    """convert makes a split of each."""
    for split in ("train", "val"):
        write_labelme(tmp_path / split)
    assert next_step(tmp_path) == f"{START}pixelwise convert {tmp_path}"


def test_one_mask_for_each_object_is_converted(tmp_path):
    """Only the names of folders show it."""
    write_image(tmp_path / "a/images/a.png", GREY)
    write_image(tmp_path / "a/masks/1.png", GREY)
    assert next_step(tmp_path) == f"{START}pixelwise convert {tmp_path}"


def test_several_files_that_hold_everything_are_converted_together(tmp_path):
    """Beside lists of categories and the like."""
    for name in ("train.json", "val.json"):
        write_json(tmp_path / name, COCO)
    write_json(tmp_path / "categories.json", [{"id": 1}])
    assert next_step(tmp_path) == f"{START}pixelwise convert {tmp_path}"


def test_data_sets_below_are_looked_at_one_by_one(tmp_path):
    """Several in one folder are not one."""
    for name in ("a", "b"):
        make_dataset(tmp_path / name, train=1, val=1)
    with pytest.raises(DatasetError, match=r"one: pixelwise init \S+/a; pixelwise init \S+/b; or"):
        init(InitConfig(tmp_path))


def test_many_commands_are_counted(tmp_path):
    """Six are enough to see what is meant."""
    for number in range(9):
        write_labelme(tmp_path / f"part{number}")
    assert next_step(tmp_path).count("pixelwise convert") == 6
    assert next_step(tmp_path).endswith("part5 (and 3 more)")


def test_a_folder_with_nothing_to_use_gets_no_command(tmp_path):
    """Photographs alone, damaged JSON, and a link that leads in circles."""
    write_image(tmp_path / "a.png", GREY)
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "again").symlink_to(tmp_path)
    assert next_step(tmp_path) == ""


def test_the_real_samples_get_commands_that_fit(shared):
    """Folders of several datasets, as they are."""
    data = shared / "data"
    assert next_step(data / "mmseg_samples").count("pixelwise init") == 2
    assert next_step(data / "coco_panoptic").count("pixelwise convert") == 2
    assert next_step(data / "labelme").count("pixelwise convert") == 1
    assert next_step(data / "labelme").count("pixelwise init") == 2


def test_masks_that_an_annotation_tool_has_drawn_give_way_to_its_annotations(tmp_path):
    """Their colours have no names; those of the annotations have."""
    ring = {"exterior": [[2, 2], [20, 2], [20, 12]], "interior": []}
    one = {"classTitle": "cat", "geometryType": "polygon", "points": ring}
    write_json(tmp_path / "meta.json", {"classes": [{"title": "cat", "shape": "polygon"}]})
    for name in "abcd":
        (tmp_path / "ds/img").mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_image((18, 30), ord(name))).save(tmp_path / f"ds/img/{name}.png")
        annotation = {"size": {"height": 18, "width": 30}, "objects": [one]}
        write_json(tmp_path / f"ds/ann/{name}.png.json", annotation)
        drawn = np.zeros((18, 30, 3), np.uint8)
        drawn[4:9, 4:9] = 1, 2, 3
        (tmp_path / "ds/masks_machine").mkdir(exist_ok=True)
        Image.fromarray(drawn).save(tmp_path / f"ds/masks_machine/{name}.png")
    with pytest.raises(DatasetError, match=r"annotations have the classes: pixelwise convert \S+$"):
        init(InitConfig(tmp_path))
