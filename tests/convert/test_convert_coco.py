"""COCO instances and panoptic: ids, parts, run lengths, order, and files that are wrong."""

import json

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, digests, square, write_image, write_json
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label
from pixelwise.labels.rle import mask_to_rle

FLAT = [value for point in SQUARE for value in point]
# ids have gaps and are in no order
CATEGORIES = [{"id": 17, "name": "dog"}, {"id": 3, "name": "cat"}]
IMAGE = {"id": 1, "file_name": "a.png", "height": SIZE[0], "width": SIZE[1]}


def annotation(segmentation, category=3, image=1, **more):
    return {
        "id": 1,
        "image_id": image,
        "category_id": category,
        "segmentation": segmentation,
        **more,
    }


def write_coco(folder, annotations, **changes):
    write_image(folder / "a.png")
    table = {"images": [IMAGE], "categories": CATEGORIES, "annotations": annotations, **changes}
    return write_json(folder / "instances.json", table)


def converted(source, **changes):
    folder = source if source.is_dir() else source.parent
    settings = {"format": "coco", "out": folder.parent / "out", **changes}
    return convert(ConvertConfig(source=source, **settings))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/a.png")


@pytest.mark.parametrize("place", ["coco/photos", "photos"])
def test_images_in_a_folder_nearby_are_found_or_asked_for(tmp_path, place):
    """Inside of the folder of annotations or beside it, as the COCO download has them.

    The only folder that has all of them is said; of two that have the first one, one is asked for.
    """
    file = write_coco(tmp_path / "coco", [])
    (tmp_path / place).mkdir()
    (tmp_path / "coco/a.png").rename(tmp_path / place / "a.png")
    report = converted(file)
    assert (report.folder / "images/a.png").is_file()
    assert f"images are in {tmp_path / place}" in report.notes
    write_image(tmp_path / f"{place}-drawn/a.png")
    with pytest.raises(DatasetError, match=rf"got a\.png in .* Give images=.\S+/{place}.\."):
        converted(file, out=tmp_path / "again")
    assert converted(file, images=tmp_path / place, out=tmp_path / "again").files == 1


def test_a_folder_nearby_that_lacks_images_is_asked_about(tmp_path):
    """It may be another one."""
    images = [IMAGE, {**IMAGE, "id": 2, "file_name": "b.png"}]
    file = write_coco(tmp_path / "coco", [], images=images)
    (tmp_path / "photos").mkdir()
    (tmp_path / "coco/a.png").rename(tmp_path / "photos/a.png")
    with pytest.raises(DatasetError, match=r"got a\.png in .* Give images=.\S+/photos.\."):
        converted(file)


def test_categories_become_indices_in_the_order_of_their_ids(tmp_path):
    """cat has id 3, dog 17: classes 1 and 2 behind the background."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT], 17)])
    report = converted(file)
    assert report.classes.names == ("background", "cat", "dog")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))


def test_the_polygons_of_an_annotation_are_one_object(tmp_path):
    """They are joined; an overlap of two of them is not a hole."""
    parts = [[2, 2, 12, 2, 12, 8, 2, 8], [2, 5, 12, 5, 12, 12, 2, 12]]
    file = write_coco(tmp_path / "coco", [annotation(parts)])
    report = converted(file)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert (report.objects, report.overlapped) == (1, 0)


@pytest.mark.parametrize("compressed", [True, False])
def test_run_lengths_are_painted(tmp_path, compressed):
    """Both forms."""
    mask = np.random.default_rng(1).random(SIZE) < 0.3
    file = write_coco(tmp_path / "coco", [annotation(mask_to_rle(mask, compressed), iscrowd=1)])
    np.testing.assert_array_equal(label_of(file), mask)


def test_small_objects_lie_on_top_unless_the_order_is_that_of_the_file(tmp_path):
    """COCO has no order; small on top is the common practice, and the report says so."""
    big = [0, 0, 18, 0, 18, 18, 0, 18]
    file = write_coco(tmp_path / "coco", [annotation([FLAT]), annotation([big], 17)])
    report = converted(file)
    assert (report.order, read_label(report.folder / "labels/a.png")[5, 5]) == ("area", 1)
    assert label_of(file, order="file", out=tmp_path / "file")[5, 5] == 2


def test_images_without_annotations_are_background(tmp_path):
    """They are images of the dataset all the same."""
    file = write_coco(tmp_path / "coco", [])
    assert not label_of(file).any()


def test_the_only_json_file_of_a_folder_is_found(tmp_path):
    """Beside JSON of another kind; a second one with the same images is refused."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT])])
    write_json(tmp_path / "coco/other.json", {})
    np.testing.assert_array_equal(label_of(tmp_path / "coco"), square())
    file.with_name("copy.json").write_bytes(file.read_bytes())
    with pytest.raises(DatasetError, match=r"different without their suffixes, got a"):
        converted(tmp_path / "coco")


@pytest.mark.parametrize(
    ("segmentation", "problem"),
    [
        ([FLAT[:4]], "2 points, but a polygon needs at least 3"),
        ([FLAT[:7]], "the polygon .* instead of x, y, x, y"),
        ([[1, 2, 3, 4, 5, "a"]], "the polygon .* instead of x, y, x, y"),
        ([3], "the polygon 3"),
        ([], r"the segmentation \[\]"),
        (None, "the segmentation None"),
        ({"size": list(SIZE), "counts": [5, 5]}, "540 pixels in sum, got 10"),
        ({"size": list(SIZE), "counts": [-5, 545]}, "runs >= 0"),
        ({"size": list(SIZE), "counts": None}, "a list of integers"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, r"size \[1000000, 1000000\] on an image"),
        ({"size": list(SIZE[::-1]), "counts": [540]}, r"size \[30, 18\] on an image of \(18, 30\)"),
    ],
)
def test_a_segmentation_that_is_wrong_is_named(tmp_path, segmentation, problem):
    """With its place and class; --invalid skip leaves it out and counts it."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT]), annotation(segmentation, 17)])
    with pytest.raises(DatasetError, match=rf"annotations\[1\] \(dog\) has .*{problem}"):
        converted(file)
    report = converted(file, invalid="skip")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert len(report.skipped) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": [annotation([FLAT], category=5)]}, "an id of categories, got 5"),
        ({"annotations": [annotation([FLAT], image=5)]}, "ids of images, got 1 others, such as 5"),
        ({"categories": [{"id": 1}]}, 'an object with a "name"'),
        ({"categories": CATEGORIES[:1] * 2}, "ids must be different integers"),
        (
            {"images": [{**IMAGE, "height": "18"}]},
            r"images\[0\].height must be an integer, got '18'",
        ),
        ({"images": [{**IMAGE, "height": 10**6, "width": 10**6}]}, "at most 268,435,456 pixels"),
        ({"images": [{**IMAGE, "file_name": "../../etc/passwd"}]}, "a relative path that stays"),
        ({"images": [{**IMAGE, "file_name": "/etc/passwd"}]}, "a relative path that stays"),
        ({"images": [IMAGE, {**IMAGE, "id": 2}]}, "of one id only, got .a.png. of ids 1 and 2"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, changes, message):
    """Unknown ids, wrong types, names that lead out, sizes that no memory holds."""
    file = write_coco(tmp_path / "coco", **{"annotations": [annotation([FLAT])], **changes})
    with pytest.raises((DatasetError, ArgumentError), match=message):
        converted(file, image_files="none")


def test_a_name_that_leads_out_writes_nothing_there(tmp_path):
    """Labels have the names of images, which come from the file."""
    file = write_coco(tmp_path / "coco", [], images=[{**IMAGE, "file_name": "../a.png"}])
    before = digests(tmp_path)
    with pytest.raises(DatasetError, match="a relative path that stays"):
        converted(file, image_files="none")
    assert digests(tmp_path) == before


def test_only_some_categories_can_be_converted(tmp_path):
    """Classes are given; others are skipped, and counted."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT]), annotation([FLAT], 17)])
    (tmp_path / "names.txt").write_text("background\ncat\n")
    report = converted(file, classes=str(tmp_path / "names.txt"), unknown="skip")
    assert report.classes.names == ("background", "cat")
    assert report.unknown == {"dog": 1}


def write_panoptic(folder, ids, segments, **changes):
    """ids (H, W) as a colour PNG in the folder that the JSON file's name says."""
    write_image(folder / "a.png")
    colors = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=2).astype(np.uint8)
    (folder / "pan").mkdir(exist_ok=True)
    from PIL import Image

    Image.fromarray(colors).save(folder / "pan/a.png")
    entry = {"image_id": 1, "file_name": "a.png", "segments_info": segments, **changes}
    table = {"images": [IMAGE], "categories": CATEGORIES, "annotations": [entry]}
    return write_json(folder / "pan.json", table)


def panoptic_ids():
    ids = np.zeros(SIZE, np.int64)
    ids[2:12, 2:12] = 5
    ids[2:12, 12:20] = 70000
    return ids


def test_panoptic_ids_become_the_classes_of_their_segments(tmp_path):
    """id = R + 256 G + 65536 B; 0 is void; a segment without a pixel has vanished."""
    segments = [{"id": 70000, "category_id": 17}, {"id": 5, "category_id": 3}]
    segments.append({"id": 9, "category_id": 3})
    file = write_panoptic(tmp_path / "coco", panoptic_ids(), segments)
    report = converted(file, format="coco_panoptic")
    expected = square(0, background=255)
    expected[2:12, 12:20] = 1
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), expected)
    assert report.classes.names == ("cat", "dog")
    assert (report.objects, report.vanished) == (3, ("a: segment 9 (cat)",))


def test_panoptic_ids_without_a_segment_are_named(tmp_path):
    """With pixel count and place, or void."""
    file = write_panoptic(tmp_path / "coco", panoptic_ids(), [{"id": 5, "category_id": 3}])
    with pytest.raises(DatasetError, match=r"got 70000 \(80 pixels, first at y=2 x=12\)"):
        converted(file, format="coco_panoptic")
    label = label_of(file, format="coco_panoptic", unknown="ignore")
    np.testing.assert_array_equal(label, square(0, background=255))


def test_panoptic_files_that_are_wrong_are_refused(tmp_path):
    """An image that is not there, a name that leads out."""
    for changes, message in (
        ({"image_id": 4}, "an id of images, got 4"),
        ({"file_name": "../../x.png"}, "a relative path that stays"),
        ({"segments_info": [{"id": 5, "category_id": 99}]}, "an id of categories, got 99"),
    ):
        file = write_panoptic(tmp_path / "coco", panoptic_ids(), [], **changes)
        with pytest.raises(DatasetError, match=message):
            converted(file, format="coco_panoptic")


def test_both_forms_of_the_panoptic_sample_agree(tmp_path, shared):
    """Colours and run lengths of the same images; the indices are those of the categories."""
    folder = shared / "data/coco_panoptic"
    images = {"images": folder / "input_images"}
    colors = converted(
        folder / "panoptic_examples.json", format="coco_panoptic", out=tmp_path / "a", **images
    )
    runs = converted(
        folder / "panoptic_coco_detection_format.json",
        out=tmp_path / "b",
        background="ignore",
        **images,
    )
    names = [
        category["name"]
        for category in json.loads((folder / "panoptic_coco_categories.json").read_text())
    ]
    assert list(colors.classes.names) == names
    pairs = read_description(colors.description).pairs("train")
    pairs += read_description(colors.description).pairs("val") if len(pairs) == 1 else []
    assert len(pairs) == 2
    for pair in pairs:
        label = read_label(pair.label)
        np.testing.assert_array_equal(label, read_label(runs.folder / "labels" / pair.label.name))
        assert label.shape == read_rgb(pair.image).shape[:2]
    assert colors.objects == runs.objects == 50
