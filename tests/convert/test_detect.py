"""The format of annotations is detected from their files."""

import json

import numpy as np
import pytest
from PIL import Image

from convert.annotations import SIZE, random_image, square, write_json, write_labelme
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.detect import detect
from pixelwise.errors import DatasetError

TEXTS = {
    "a/x_gtFine_polygons.json": "cityscapes",
    "a/x_gtFine_labelIds.png": "cityscapes_ids",
    "annotations.xml": "cvat",
    "a/x.npy": "array",
    "a/x.mat": "array",
    "labels/train/x.txt": "yolo",
    "x/masks/y.png": "masks",
}
JSONS = {
    "labelme": {"shapes": []},
    "coco": {"images": [], "annotations": [{"segmentation": []}]},
    "coco_panoptic": {"images": [], "annotations": [{"segments_info": []}]},
    "cityscapes": {"imgHeight": 3, "objects": []},
    "label_studio": [{"annotations": []}],
}
PIXELS = {
    "color": random_image(),
    "instances": np.full(SIZE, 300, np.uint16),
    "array": square(),
}


def format_of(path):
    return detect(path)[0]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_formats_are_recognised_by_file_names(tmp_path, name):
    """Where they are decisive."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("")
    assert format_of(tmp_path) == TEXTS[name]


@pytest.mark.parametrize(("name", "format"), [("a.xml", "cvat"), ("a.npy", "array")])
def test_a_single_file_is_recognised_by_its_suffix(tmp_path, name, format):
    """Where one file is a whole source."""
    (tmp_path / name).write_text("")
    assert format_of(tmp_path / name) == format


@pytest.mark.parametrize("format", sorted(JSONS))
def test_json_is_recognised_by_its_keys(tmp_path, format):
    """In a folder or by its path."""
    file = write_json(tmp_path / "a.json", JSONS[format])
    assert (format_of(file), format_of(tmp_path)) == (format, format)


@pytest.mark.parametrize("format", sorted(PIXELS))
def test_images_are_recognised_by_their_pixels(tmp_path, format):
    """Colours, many ids, or indices."""
    Image.fromarray(PIXELS[format]).save(tmp_path / "a.png")
    assert format_of(tmp_path) == format


@pytest.mark.parametrize("content", [3, {}, [], [3], {"annotations": []}], ids=json.dumps)
def test_json_of_another_kind_is_refused(tmp_path, content):
    """With what to do."""
    with pytest.raises(DatasetError, match=r"JSON of another kind\. Known are"):
        detect(write_json(tmp_path / "a.json", content))


def test_a_source_that_is_not_there_is_named(tmp_path):
    """Before anything is guessed about it."""
    with pytest.raises(DatasetError, match=r"nowhere: source must be an existing file or folder"):
        detect(tmp_path / "nowhere")


def test_a_folder_without_annotations_is_refused(tmp_path):
    """Empty, or with other files."""
    (tmp_path / "readme.md").write_text("")
    with pytest.raises(DatasetError, match="no file that looks like annotations"):
        detect(tmp_path)


def test_the_one_file_that_holds_everything_is_found_among_others(tmp_path):
    """COCO folders have lists of categories and the like beside the annotations."""
    write_json(tmp_path / "a.json", {"info": 3})
    file = write_json(tmp_path / "b.json", JSONS["coco"])
    assert detect(tmp_path) == ("coco", file)
    write_json(tmp_path / "c.json", JSONS["coco_panoptic"])
    message = r"one annotation file, got .*b\.json \(coco\), .*c\.json \(coco_panoptic\)\. Name one"
    with pytest.raises(DatasetError, match=message):
        detect(tmp_path)


def test_json_beside_images_does_not_hide_them(tmp_path):
    """datumaro puts its list of classes beside colour labels."""
    Image.fromarray(random_image()).save(tmp_path / "a.png")
    write_json(tmp_path / "dataset_meta.json", {"label_map": {}})
    assert format_of(tmp_path) == "color"


@pytest.mark.parametrize("labels", ["labels", "masks"])
def test_a_folder_of_images_and_labels_gets_the_command_that_tells_them_apart(tmp_path, labels):
    """Otherwise the images would be taken for labels."""
    colors = np.zeros((9, 9, 3), np.uint8)
    colors[:4] = (255, 0, 0)
    for folder, content in (("images", random_image()), (labels, colors)):
        (tmp_path / folder).mkdir()
        Image.fromarray(content).save(tmp_path / folder / "a.png")
    with pytest.raises(DatasetError, match=rf"convert \S+/{labels} .*--images \S+/images"):
        convert(ConvertConfig(source=tmp_path))


def test_what_convert_has_made_is_not_a_source(tmp_path):
    """The folder that it makes beside the annotations may lie in a folder that is converted too."""
    write_labelme(tmp_path / "data/drawn")
    made = convert(ConvertConfig(source=tmp_path / "data/drawn")).folder
    assert made.is_relative_to(tmp_path / "data")
    assert convert(ConvertConfig(source=tmp_path / "data")).files == 1


def test_the_format_that_was_found_is_reported(tmp_path):
    """And converts."""
    write_labelme(tmp_path / "source")
    assert convert(ConvertConfig(source=tmp_path / "source")).format == "labelme"


def test_the_real_samples_are_recognised(shared):
    """Every folder of annotations that there is."""
    data = shared / "data"
    found = {
        "labelme/primitives": "labelme",
        "labelme/semantic_segmentation/data_annotated": "labelme",
        "labelme/instance_segmentation/data_dataset_coco/annotations.json": "coco",
        "labelme/semantic_segmentation/data_dataset_voc/SegmentationClassNpy": "array",
        "coco_panoptic/panoptic_examples.json": "coco_panoptic",
        "coco_panoptic/panoptic_coco_detection_format.json": "coco",
        "sandstone/labels": "color",
        "dsb2018/raw_sample": "masks",
        "dsb2018/instances": "instances",
        "camvid/train/labels": "array",
    }
    assert {name: format_of(data / name) for name in found} == found
