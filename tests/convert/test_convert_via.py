"""VGG Image Annotator: three versions, every shape, the attribute that names the class, splits."""

import json

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, square, write_image, write_json
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

X, Y = ([point[axis] for point in SQUARE] for axis in (0, 1))
POLYGON = {"name": "polygon", "all_points_x": X, "all_points_y": Y}


def region(shape=POLYGON, **attributes):
    return {"shape_attributes": shape, "region_attributes": attributes}


def entry(*regions, name="a.png", **more):
    return {"filename": name, "size": 9, "file_attributes": {}, "regions": list(regions), **more}


def write_via(folder, *regions, **more):
    write_image(folder / "a.png")
    return write_json(folder / "via_region_data.json", {"a.png9": entry(*regions, **more)})


def project_3(folder, xy=None, av=None, z=()):
    write_image(folder / "a.png")
    numbers = xy or [7, *(v for point in SQUARE for v in point)]
    options = {"type": 3, "aname": "kind", "anchor_id": "FILE1_Z0_XY1", "options": {"1": "cat"}}
    content = {
        "project": {"vid_list": ["1"]},
        "attribute": {"1": options},
        "file": {"1": {"fid": "1", "fname": "a.png", "type": 2, "loc": 1, "src": ""}},
        "view": {"1": {"fid_list": ["1"]}},
        "metadata": {
            "m1": {"vid": "1", "flg": 0, "z": list(z), "xy": numbers, "av": av or {"1": "1"}},
            "m2": {"vid": "1", "flg": 0, "z": [], "xy": [], "av": {"2": "of the image"}},
        },
    }
    return write_json(folder / "project.json", content)


def converted(source, **changes):
    out = (source if source.is_dir() else source.parent).parent / "out"
    return convert(ConvertConfig(source=source, **{"out": out, **changes}))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/a.png")


def test_a_polygon_becomes_the_class_of_its_only_attribute(tmp_path):
    """Which is said; the file is recognised beside its image."""
    write_via(tmp_path / "via", region(kind="cat"))
    report = converted(tmp_path / "via")
    assert (report.format, report.classes.names) == ("via", ("background", "cat"))
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert "the attribute kind of regions names the class" in report.notes


def test_regions_may_be_numbered(tmp_path):
    """As in version 1, where the first point is repeated: the tenth lies on the ninth."""
    closed = {**POLYGON, "all_points_x": [*X, X[0]], "all_points_y": [*Y, Y[0]]}
    regions = {str(n): region(closed, kind="dog" if n < 10 else "cat") for n in range(11)}
    file = write_via(tmp_path / "via")
    write_json(file, {"a.png9": entry() | {"regions": regions}})
    np.testing.assert_array_equal(label_of(file), square(1))


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        ({"name": "rect", "x": 2, "y": 2, "width": 10, "height": 10}, 100),
        ({"name": "circle", "cx": 15, "cy": 9, "r": 5}, np.pi * 25),
        ({"name": "ellipse", "cx": 15, "cy": 9, "rx": 8, "ry": 4}, np.pi * 32),
        ({"name": "ellipse", "cx": 15, "cy": 9, "rx": 8, "ry": 4, "theta": 0.5}, np.pi * 32),
        ({"name": "polyline", "all_points_x": [2, 12], "all_points_y": [9, 9]}, 20 + np.pi),
        ({"name": "point", "cx": 9, "cy": 9}, np.pi),
    ],
)
def test_every_shape_has_its_area(tmp_path, shape, area):
    """Lines and points have the width that is asked for."""
    file = write_via(tmp_path / "via", region(shape, kind="cat"))
    assert int(label_of(file, line_width=2.0).sum()) == pytest.approx(area, abs=5)


def test_an_ellipse_turns_clockwise(tmp_path):
    """theta is in radians: by a quarter of a turn it stands upright."""
    shape = {"name": "ellipse", "cx": 15, "cy": 9, "rx": 8, "ry": 2, "theta": np.pi / 2}
    label = label_of(write_via(tmp_path / "via", region(shape, kind="cat")))
    assert (label[2, 15], label[9, 22]) == (1, 0)


@pytest.mark.parametrize("folders", [("train", "val"), ("train", "valid", "test")])
def test_a_file_in_each_folder_is_a_split(tmp_path, folders):
    """Beside its images, whose names are the same in all of them."""
    for folder in folders:
        write_via(tmp_path / "via" / folder, region(kind="cat"))
    found = read_description(converted(tmp_path / "via").description)
    assert set(found.splits) == {"train", "val", *folders} - {"valid"}


def test_regions_without_any_attribute_are_one_class(tmp_path):
    """As of tools and data sets with one kind of object."""
    report = converted(write_via(tmp_path / "via", region()))
    assert report.classes.names == ("background", "object")
    assert "regions have no attributes: all of them are object" in report.notes


def test_of_several_attributes_one_is_chosen(tmp_path):
    """It is asked which, with the values of each."""
    both = [region(kind="cat", who="ann"), region(kind="dog", who="ann")]
    file = write_via(tmp_path / "via", *both)
    message = r"got kind \(cat: 1, dog: 1\); who \(ann: 2\)\. Choose it with key=.kind."
    with pytest.raises(DatasetError, match=message):
        converted(file)
    with pytest.raises(DatasetError, match=r"an attribute of regions, got 'x'\. Choose"):
        converted(file, key="x")
    report = converted(file, key="kind")
    assert report.classes.names == ("background", "cat", "dog")


def test_an_attribute_without_values_is_none(tmp_path):
    """And a number or the one box that is ticked is a name."""
    file = write_via(tmp_path / "via", region(kind="", grade={"cat": True, "dog": False}))
    assert converted(file).classes.names == ("background", "cat")
    file = write_via(tmp_path / "numbers/via", region(kind=3))
    assert converted(file).classes.names == ("background", "3")


def test_a_project_has_the_names_that_its_lists_show(tmp_path):
    """Regions store the keys of options."""
    region_attributes = {"kind": {"type": "dropdown", "options": {"1": "cat", "2": ""}}}
    content = {
        "_via_settings": {},
        "_via_img_metadata": {"a.png9": entry(region(kind="1"), region(kind="2"))},
        "_via_attributes": {"region": region_attributes, "file": {}},
    }
    write_image(tmp_path / "via/a.png")
    file = write_json(tmp_path / "via/project.json", content)
    assert converted(file).classes.names == ("background", "2", "cat")


def test_projects_of_version_3_are_read(tmp_path):
    """Shapes are lists of numbers."""
    report = converted(project_3(tmp_path / "via"))
    assert report.classes.names == ("background", "cat")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    file = project_3(tmp_path / "box/via", xy=[2, 2, 2, 10, 10])
    np.testing.assert_array_equal(label_of(file), square())


def test_videos_of_version_3_are_refused(tmp_path):
    """They have times."""
    with pytest.raises(DatasetError, match="times of a video"):
        converted(project_3(tmp_path / "via", z=[0.5, 1.0]))


def test_images_may_have_been_moved_or_have_an_address(tmp_path):
    """They are looked for below the folder of the annotations, or the one that is given."""
    file = write_via(tmp_path / "via", region(kind="cat"), name="https://host.invalid/x/a.png")
    (tmp_path / "via/photos").mkdir()
    (tmp_path / "via/a.png").rename(tmp_path / "via/photos/a.png")
    np.testing.assert_array_equal(label_of(file), square())
    given = {"images": tmp_path / "via/photos", "out": tmp_path / "again"}
    np.testing.assert_array_equal(label_of(file, **given), square())


def test_an_image_that_is_not_there_is_asked_for(tmp_path):
    """Its size is needed, also if no images are written."""
    file = write_via(tmp_path / "via", region(kind="cat"))
    assert label_of(file, image_files="none").shape == SIZE
    (tmp_path / "via/a.png").unlink()
    with pytest.raises(DatasetError, match=r"there, as the annotations have no size.* Give the fo"):
        converted(file, image_files="none", out=tmp_path / "again")


def test_images_without_regions_are_said(tmp_path):
    """They may be background, or not annotated."""
    write_image(tmp_path / "via/b.png")
    content = {"a": entry(region(kind="cat")), "b": entry(name="b.png")}
    write_image(tmp_path / "via/a.png")
    report = converted(write_json(tmp_path / "via/x.json", content))
    assert report.files == 2
    assert "1 images have no regions: all of them is background" in report.notes


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (region({}, kind="cat"), "the shape None"),
        (region({"name": "star"}, kind="cat"), "the shape 'star'"),
        (region({**POLYGON, "all_points_x": [1, 2]}, kind="cat"), "not as many numbers x as y"),
        (region({**POLYGON, "all_points_x": ["a"] * 4}, kind="cat"), "not as many numbers x as y"),
        (region(), "0 names instead of one"),
        (region(kind={"cat": True, "dog": True}), "2 names instead of one"),
        (region({"name": "point", "cx": 1}, kind="cat"), "cy must be a number"),
        (region({"name": "circle", "cx": [], "cy": 1, "r": 1}, kind="cat"), "cx must be a number"),
    ],
)
def test_regions_that_are_wrong_are_named(tmp_path, wrong, problem):
    """By their place."""
    file = write_via(tmp_path / "via", region(kind="cat"), wrong)
    with pytest.raises(DatasetError, match=problem):
        converted(file)


@pytest.mark.parametrize(
    "content",
    [
        {"a": {"filename": 3, "regions": []}},
        {"a": {"filename": "a.png", "regions": 3}},
        {"a": {"filename": "a.png", "regions": [3]}},
        {"a": {"filename": "a.png", "regions": {"x": 3}}},
        {"a": {"filename": "../a.png", "regions": []}},
        {"_via_img_metadata": 3},
        {"_via_img_metadata": {"a": 3}},
        {"project": 3, "attribute": 3, "file": 3, "view": 3, "metadata": 3},
        {"project": {}, "attribute": {}, "file": {}, "view": {"1": 3}, "metadata": {}},
        {"project": {}, "attribute": {}, "file": {}, "view": {}, "metadata": {"1": {"xy": [[]]}}},
    ],
    ids=json.dumps,
)
def test_files_that_are_wrong_are_refused_in_a_sentence(tmp_path, content):
    """Never with a traceback."""
    write_image(tmp_path / "via/a.png")
    with pytest.raises(DatasetError):
        converted(write_json(tmp_path / "via/x.json", content), format="via")


def test_images_in_a_folder_below_are_found_by_name(tmp_path):
    folder = tmp_path / "via"
    write_via(folder, region(kind="cat"))
    (folder / "images").mkdir()
    (folder / "a.png").rename(folder / "images/a.png")
    np.testing.assert_array_equal(label_of(folder), square())
