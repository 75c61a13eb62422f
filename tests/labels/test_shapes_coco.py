"""The rule "coco" and run lengths are those of pycocotools, bit for bit."""

import json

import numpy as np
import pytest

from labels.polygon_oracle import random_polygon
from pixelwise.labels.rle import mask_to_rle, rle_to_mask
from pixelwise.labels.shapes import Outline, polygons_to_label

coco = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
# its compiled code was written for an older protocol of numpy arrays
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")


def by_pycocotools(points, size):
    rle = coco.frPyObjects([np.asarray(points, np.float64).ravel().tolist()], *size)
    return coco.decode(rle)[:, :, 0]


@pytest.mark.parametrize("step", [None, 1, 0.5, 0.2, 0.1], ids=str)
@pytest.mark.parametrize("seed", range(40))
def test_polygons_cover_the_same_pixels(seed, step):
    """Self-crossing polygons that reach out of small images, in all roundings."""
    size, points = random_polygon(seed, step, far=1.0)
    label = polygons_to_label([(1, points)], size, "coco")
    np.testing.assert_array_equal(label, by_pycocotools(points, size))


@pytest.mark.parametrize("seed", range(10))
def test_large_polygons_cover_the_same_pixels(seed):
    """Where rounding errors would add up."""
    random = np.random.default_rng(seed)
    points = random.uniform(-2000, 4000, (40, 2))
    label = polygons_to_label([(1, points)], (1203, 1907), "coco")
    np.testing.assert_array_equal(label, by_pycocotools(points, (1203, 1907)))


def test_a_rectangle_is_the_box_of_pycocotools():
    """x, y, width, height there; two corners here."""
    box = [3.3, 4.6, 10.2, 7.9]
    corners = [(box[0], box[1]), (box[0] + box[2], box[1] + box[3])]
    expected = coco.decode(coco.frPyObjects(np.array([box]), 24, 24))[:, :, 0]
    label = polygons_to_label([(1, Outline(corners, "rectangle"))], (24, 24), "coco")
    np.testing.assert_array_equal(label, expected)


def test_the_annotations_that_labelme_exports_cover_the_same_pixels(shared):
    """Every polygon of a real file."""
    path = shared / "data/labelme/instance_segmentation/data_dataset_coco/annotations.json"
    table = json.loads(path.read_text())
    size_of = {image["id"]: (image["height"], image["width"]) for image in table["images"]}
    compared = 0
    for annotation in table["annotations"]:
        size = size_of[annotation["image_id"]]
        for polygon in annotation["segmentation"]:
            points = np.array(polygon).reshape(-1, 2)
            label = polygons_to_label([(1, points)], size, "coco")
            np.testing.assert_array_equal(label, by_pycocotools(points, size))
            compared += 1
    assert compared == 16


@pytest.mark.parametrize("density", [0, 0.1, 0.5, 0.9, 1])
@pytest.mark.parametrize("scale", [1, 7])
def test_run_lengths_are_written_and_read_alike(density, scale):
    """Compressed text, letter for letter; runs of one pixel and of many."""
    random = np.random.default_rng([int(10 * density), scale])
    mask = random.random((13, 21)) < density
    mask = mask.repeat(scale, axis=0).repeat(5 * scale, axis=1)
    theirs = coco.encode(np.asfortranarray(mask, np.uint8))
    assert mask_to_rle(mask) == {"size": theirs["size"], "counts": theirs["counts"].decode()}
    np.testing.assert_array_equal(rle_to_mask(theirs["counts"], theirs["size"]), mask)


def test_the_run_lengths_of_a_real_file_are_read_alike(shared):
    """50 segments of the panoptic sample in COCO's detection format."""
    path = shared / "data/coco_panoptic/panoptic_coco_detection_format.json"
    annotations = json.loads(path.read_text())["annotations"]
    for annotation in annotations:
        rle = annotation["segmentation"]
        mask = rle_to_mask(rle["counts"], rle["size"])
        np.testing.assert_array_equal(mask, coco.decode(rle))
        assert mask_to_rle(mask) == rle
    assert len(annotations) == 50
