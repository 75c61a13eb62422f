"""COCO as tools write it: several files, dummy roots, boxes, ids as text, names of elsewhere."""

import json

import numpy as np
import pytest

from convert.annotations import SIZE, square, write_image, write_json
from convert.test_convert_coco import CATEGORIES, FLAT, IMAGE, annotation, write_coco
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.labels.rle import mask_to_rle

PROJECT = [{"id": 0, "name": "pets", "supercategory": "none"}]
WITH_ROOT = [*PROJECT, {"id": 1, "name": "cat", "supercategory": "pets"}]
BOX = {"segmentation": [], "bbox": [2, 2, 10, 10]}


def converted(source, **changes):
    out = (source if source.is_dir() else source.parent).parent / "out"
    return convert(ConvertConfig(source=source, **{"out": out, **changes}))


def label_of(source, name="a", **changes):
    return read_label(converted(source, **changes).folder / f"labels/{name}.png")


def table(names, categories=WITH_ROOT, category=1):
    images = [{**IMAGE, "id": place, "file_name": name} for place, name in enumerate(names)]
    found = [annotation([FLAT], category, place) for place in range(len(names))]
    return {"images": images, "categories": categories, "annotations": found}


def write_splits(root, folders=("train", "valid", "test"), **changes):
    """A file in each folder, beside its images, all with the same names."""
    for seed, folder in enumerate(folders):
        for name in ("a.png", "b.png"):
            write_image(root / folder / name, seed=seed)
        write_json(root / folder / "_annotations.coco.json", table(["a.png", "b.png"], **changes))
    return root


def splits_of(report):
    found = read_description(report.description)
    return {name: len(found.pairs(name)) for name in found.splits}


def test_folders_with_a_file_each_are_splits(tmp_path):
    """As Roboflow exports them, whatever the names in them."""
    report = converted(write_splits(tmp_path / "coco"))
    assert splits_of(report) == {"train": 2, "val": 2, "test": 2}
    assert report.classes.names == ("background", "cat")
    assert "left out as a class: the parent of others without an annotation: pets" in report.notes
    np.testing.assert_array_equal(read_label(report.folder / "labels/val/b.png"), square())


def test_files_whose_names_say_a_split_are_splits(tmp_path):
    """As COCO has them, with images in folders of their own and captions beside."""
    for name in ("train", "val"):
        write_image(tmp_path / f"coco/{name}2017/{name}.png")
        content = table([f"{name}.png"])
        write_json(tmp_path / f"coco/annotations/instances_{name}2017.json", content)
        captions = {"images": content["images"], "annotations": [{"image_id": 0, "caption": "x"}]}
        write_json(tmp_path / f"coco/annotations/captions_{name}2017.json", captions)
        write_json(tmp_path / f"coco/annotations/person_keypoints_{name}2017.json", content)
    report = converted(tmp_path / "coco")
    assert splits_of(report) == {"train": 1, "val": 1}
    assert (report.folder / "images/val/val.png").is_file()
    folder = tmp_path / "coco/annotations"
    again = converted(folder, images=tmp_path / "coco", out=tmp_path / "again")
    assert splits_of(again) == {"train": 1, "val": 1}
    assert splits_of(converted(folder, out=tmp_path / "third")) == {"train": 1, "val": 1}


def test_images_of_several_splits_are_said(tmp_path):
    """Some tools export the same file for each of them."""
    write_image(tmp_path / "coco/a.png")
    for name in ("train", "val"):
        write_json(tmp_path / f"coco/{name}.json", table(["a.png"]))
    assert "1 images are in several annotation files" in converted(tmp_path / "coco").notes


def test_the_result_may_lie_in_the_folder_of_the_splits(tmp_path):
    """It is no annotation; a second run finds the same."""
    root = write_splits(tmp_path / "coco")
    first = converted(root, out=root / "out")
    again = converted(root, out=root / "out")
    assert (first.files, again.files, again.resumed) == (6, 6, 6)


def test_files_that_say_no_split_are_one_data_set(tmp_path):
    """Ids are those of one file; images of one name are told apart by their folders."""
    root = write_splits(tmp_path / "coco", ("north", "south"))
    report = converted(root)
    assert report.files == 4
    assert (report.folder / "labels/north/a.png").is_file()
    assert "2 annotation files are one data set" in report.notes


def test_files_of_which_some_say_a_split_are_refused(tmp_path):
    """The other one may have all images again."""
    root = write_splits(tmp_path / "coco", ("train", "all"))
    with pytest.raises(DatasetError, match=r"which split .* got all/_annotations.*Name one"):
        converted(root)


def test_files_with_other_categories_are_refused(tmp_path):
    """In one sentence that has both."""
    root = write_splits(tmp_path / "coco", ("train", "val"))
    other = [*WITH_ROOT, {"id": 2, "name": "dog", "supercategory": "pets"}]
    write_json(root / "val/_annotations.coco.json", table(["a.png"], other))
    with pytest.raises(DatasetError, match=r"categories must be those of .*: cat, got cat, dog\."):
        converted(root)


def test_a_single_file_keeps_the_split_that_its_folder_says(tmp_path):
    root = write_splits(tmp_path / "coco", ("test",))
    assert splits_of(converted(root)) == {"test": 2}


def test_images_in_folders_beside_the_source_are_of_other_data_sets(tmp_path):
    root, other = tmp_path / "coco", tmp_path / "other"
    write_image(root / "images/a.png")
    write_image(other / "a.png")
    write_json(root / "x.json", table(["a.png"]))
    assert f"images are in {root / 'images'}" in converted(root).notes
    (root / "images/a.png").unlink()
    with pytest.raises(DatasetError, match="image must be an existing file"):
        converted(root, out=tmp_path / "again")


def test_files_may_number_the_same_categories_differently(tmp_path):
    """Names decide."""
    root = write_splits(tmp_path / "coco", ("train", "val"), categories=CATEGORIES, category=3)
    swapped = [{"id": 8, "name": "cat"}, {"id": 1, "name": "dog"}]
    write_json(root / "val/_annotations.coco.json", table(["a.png"], swapped, 8))
    report = converted(root)
    for split in ("train", "val"):
        np.testing.assert_array_equal(read_label(report.folder / f"labels/{split}/a.png"), square())


@pytest.mark.parametrize("name", ["cat", "pets"])
def test_a_project_is_no_class_even_if_it_is_called_like_one(tmp_path, name):
    """It is the parent of a category, and nothing is annotated with it."""
    categories = [
        {"id": 0, "name": name, "supercategory": "none"},
        {"id": 1, "name": "cat", "supercategory": name},
    ]
    file = write_coco(tmp_path / "coco", [annotation([FLAT], 1)], categories=categories)
    report = converted(file)
    assert report.classes.names == ("background", "cat")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())


def test_a_parent_with_annotations_is_a_class(tmp_path):
    """And so is a category that is its own parent, or the parent of none."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT], 0)], categories=WITH_ROOT)
    assert converted(file).classes.names == ("background", "pets", "cat")
    own = [{"id": 1, "name": "cat", "supercategory": "cat"}, {"id": 2, "name": "cow"}]
    file = write_coco(tmp_path / "own/coco", [annotation([FLAT], 1)], categories=own)
    assert converted(file).classes.names == ("background", "cat", "cow")


def test_an_id_of_two_images_is_refused_with_both(tmp_path):
    """The same image twice is one image, and said."""
    write_image(tmp_path / "coco/b.png")
    two = [IMAGE, {**IMAGE, "file_name": "b.png"}]
    file = write_coco(tmp_path / "coco", [annotation([FLAT])], images=two)
    with pytest.raises(DatasetError, match=r"images\[1\].id .* got 1 of 'a.png' and of 'b.png'"):
        converted(file)
    file = write_coco(tmp_path / "coco", [annotation([FLAT])], images=[IMAGE, IMAGE])
    report = converted(file)
    assert (report.files, report.objects) == (1, 1)
    assert "1 images are listed twice" in report.notes


@pytest.mark.parametrize("outline", [[], [[]], None, {}])
def test_boxes_are_refused_unless_they_are_asked_for(tmp_path, outline):
    """A box covers what is not the object."""
    boxes = [annotation(outline, bbox=[2, 2, 10, 10])] * 2
    file = write_coco(tmp_path / "coco", boxes)
    with pytest.raises(DatasetError, match=r"2 of 2 objects are boxes, not outlines"):
        converted(file, invalid="skip")
    report = converted(file, boxes=True)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert "2 objects are boxes, painted as rectangles" in report.notes


def test_boxes_among_outlines_can_be_left_out(tmp_path):
    """A box beside an outline is not one."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT], bbox=[0, 0, 9, 9]), annotation(**BOX)])
    with pytest.raises(DatasetError, match=r"1 of 2 objects are boxes, not outlines"):
        converted(file)
    report = converted(file, invalid="skip")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert len(report.skipped) == 1


@pytest.mark.parametrize("box", [[1, 2, 3], ["a", 1, 2, 3], 3, [float("1e400")] * 4])
def test_boxes_that_are_none_are_named(tmp_path, box):
    """By their place."""
    file = write_coco(tmp_path / "coco", [annotation([], bbox=box)])
    with pytest.raises(DatasetError, match=r"annotations\[0\] \(cat\) has the box|JSON"):
        converted(file, boxes=True)


@pytest.mark.parametrize(
    "name",
    [
        "/home/someone/pets/a.png",
        "C:\\pets\\photos\\a.png",
        "https://host.invalid/x/a.png?size=3",
        "file:///data/a.png",
        "elsewhere/a.png",
        "../images/a.png",
        "photos\\a.png",
    ],
)
def test_images_are_found_where_they_are_now(tmp_path, name):
    """Below the folder that is given, by the end of the name that they had."""
    file = write_coco(
        tmp_path / "coco", [annotation([FLAT])], images=[{**IMAGE, "file_name": name}]
    )
    folder = tmp_path / "coco/deeper/photos"
    folder.mkdir(parents=True)
    (tmp_path / "coco/a.png").rename(folder / "a.png")
    report = converted(file, images=tmp_path / "coco/deeper")
    assert report.files == 1
    assert len(list(report.folder.rglob("a.png"))) == 2


def test_the_end_of_an_absolute_name_tells_images_apart(tmp_path):
    """As much of it as there is; a name alone must be there once."""
    names = ["/old/north/a.png", "/old/south/a.png"]
    for folder in ("north", "south"):
        write_image(tmp_path / f"coco/{folder}/a.png")
    images = [{**IMAGE, "id": place, "file_name": name} for place, name in enumerate(names)]
    file = write_coco(tmp_path / "coco", [], images=images)
    (tmp_path / "coco/a.png").unlink()
    report = converted(file, images=tmp_path / "coco")
    assert sorted(p.parent.name for p in report.folder.rglob("labels/*/*.png")) == [
        "north",
        "south",
    ]
    write_coco(tmp_path / "coco", [], images=[{**IMAGE, "file_name": "/old/a.png"}])
    (tmp_path / "coco/a.png").unlink()
    with pytest.raises(DatasetError, match=r"in one folder of .* got north/a.png, south/a.png"):
        converted(file, images=tmp_path / "coco")


def test_an_absolute_name_that_is_nowhere_asks_for_the_folder_once(tmp_path):
    """With the folder given it does not ask for it again."""
    images = [{**IMAGE, "file_name": "/old/b.png"}]
    file = write_coco(tmp_path / "coco", [], images=images)
    with pytest.raises(DatasetError, match="Give the folder of the images as images"):
        converted(file)
    with pytest.raises(DatasetError, match=r"that of an image in .*, got '/old/b.png'\.$"):
        converted(file, images=tmp_path / "coco")


@pytest.mark.parametrize("as_id", [str, float], ids=["text", "decimal point"])
def test_ids_may_be_written_in_other_ways(tmp_path, as_id):
    """Of images, of categories, or of both; a crowd flag that is null is none."""
    changes = {
        "images": [{**IMAGE, "id": as_id(1)}],
        "categories": [{**c, "id": as_id(c["id"])} for c in CATEGORIES],
    }
    plain = annotation([FLAT], 17, iscrowd=None)
    other = annotation([FLAT], as_id(17), as_id(1))
    for number, (entries, change) in enumerate([([other], {}), ([plain], changes)]):
        file = write_coco(tmp_path / str(number) / "coco", entries, **change)
        np.testing.assert_array_equal(label_of(file), square(2))


def test_numbers_without_a_list_around_them_are_a_polygon_or_run_lengths(tmp_path):
    """Run lengths add up to the pixels of the image."""
    mask = square() > 0
    counts = mask_to_rle(mask, False)["counts"]
    for number, outline in enumerate([FLAT, counts]):
        file = write_coco(tmp_path / str(number) / "coco", [annotation(outline)])
        np.testing.assert_array_equal(label_of(file), square())


def test_run_lengths_may_be_bytes_that_became_text(tmp_path):
    """As Python prints them."""
    packed = mask_to_rle(square() > 0, True)
    text = packed["counts"] if isinstance(packed["counts"], str) else packed["counts"].decode()
    outline = {**packed, "counts": repr(text.encode())}
    file = write_coco(tmp_path / "coco", [annotation(outline)])
    np.testing.assert_array_equal(label_of(file), square())
    broken = {**packed, "counts": "b'\\x'"}
    file = write_coco(tmp_path / "coco", [annotation(broken)])
    with pytest.raises(DatasetError, match=r"annotations\[0\] \(cat\) has run lengths"):
        converted(file)


def test_scraps_beside_polygons_are_left_out_and_said(tmp_path):
    """One or two points cover nothing."""
    file = write_coco(tmp_path / "coco", [annotation([FLAT, [3, 3], [1, 1, 2, 2]])])
    report = converted(file)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert "2 polygons of one or two points are left out" in report.notes


def test_polygons_inside_another_of_their_object_are_said(tmp_path):
    """COCO has no holes: some tools write them all the same."""
    hole = [4, 4, 8, 4, 8, 8, 4, 8]
    beside = [14, 4, 18, 4, 18, 8, 14, 8]
    file = write_coco(tmp_path / "coco", [annotation([FLAT, hole, beside]), annotation([hole])])
    report = converted(file)
    assert any(note.startswith("1 polygons lie inside another") for note in report.notes)
    corner = [0, 0, 20, 0, 20, 2, 2, 2, 2, 17, 0, 17]  # around the other, not around its middle
    file = write_coco(tmp_path / "around/coco", [annotation([corner, hole])])
    assert not any("lie inside another" in note for note in converted(file).notes)


def test_a_size_that_is_missing_is_that_of_the_image(tmp_path):
    """Or 0."""
    image = {"id": 1, "file_name": "a.png"}
    for more in ({}, {"height": 0, "width": 0}, {"height": None, "width": None}):
        file = write_coco(tmp_path / "coco", [annotation([FLAT])], images=[{**image, **more}])
        assert label_of(file).shape == SIZE


def test_images_without_annotations_are_said(tmp_path):
    """They may be background, or not annotated."""
    report = converted(write_coco(tmp_path / "coco", []))
    assert "1 images have no annotation: all of them is background" in report.notes


def test_the_address_of_an_image_may_be_its_only_name(tmp_path):
    """As in LVIS, where what has no annotation is unknown; the report says so."""
    image = {k: v for k, v in IMAGE.items() if k != "file_name"}
    image |= {"coco_url": "http://images.invalid/train2017/a.png", "neg_category_ids": []}
    file = write_coco(tmp_path / "coco", [annotation([FLAT])], images=[image])
    report = converted(file)
    assert report.files == 1
    assert any(note.startswith("LVIS: what has no annotation is unknown") for note in report.notes)


@pytest.mark.parametrize(
    "damage",
    [
        {"images": [3]},
        {"images": [{"id": [], "file_name": "a.png"}]},
        {"annotations": [3]},
        {"annotations": [{**annotation([FLAT]), "category_id": []}]},
        {"annotations": [{**annotation([FLAT]), "image_id": {}}]},
        {"annotations": [{**annotation([FLAT]), "image_id": None}]},
        {"categories": [{"id": [], "name": "cat"}]},
        {"categories": [{"id": {}, "name": "cat", "supercategory": []}]},
        {"categories": []},
        {"categories": 3},
    ],
    ids=json.dumps,
)
def test_what_has_no_meaning_is_refused_in_a_sentence(tmp_path, damage):
    """Never with a traceback."""
    file = write_coco(tmp_path / "coco", **{"annotations": [annotation([FLAT])], **damage})
    with pytest.raises(DatasetError):
        converted(file, format="coco")
