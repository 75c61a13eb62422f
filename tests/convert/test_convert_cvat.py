"""CVAT XML: every element, z order, row-major runs, and documents that are refused."""

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, square, write_image
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

LABELS = (
    "<meta><task><name>no class</name><labels>"
    "<label><name>cat</name><color>#ff0000</color><attributes/></label>"
    "<label><name>dog</name><color>#00ff00</color></label>"
    "</labels></task></meta>"
)
POINTS = ";".join(f"{x}.00,{y}.00" for x, y in SQUARE)
ATTRIBUTE = '<attribute name="a">b</attribute>'
POLYGON = f'<polygon label="dog" points="{POINTS}" z_order="0">{ATTRIBUTE}</polygon>'


def write_cvat(folder, shapes, name="a.png", meta=LABELS, head="", height=SIZE[0]):
    write_image(folder / "a.png")
    image = f'<image id="0" name="{name}" width="{SIZE[1]}" height="{height}">{shapes}</image>'
    text = f'<?xml version="1.0" encoding="utf-8"?>{head}<annotations>{meta}{image}</annotations>'
    (folder / "annotations.xml").write_text(text)
    return folder / "annotations.xml"


def converted(source, **changes):
    settings = {"format": "cvat", "out": source.parent.parent / "out", **changes}
    return convert(ConvertConfig(source=source, **settings))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/a.png")


def test_labels_have_the_names_and_colors_of_the_task(tmp_path):
    """In its order; the background is added in front."""
    report = converted(write_cvat(tmp_path / "cvat", POLYGON))
    assert report.classes.names == ("background", "cat", "dog")
    assert report.classes.colors == ((0, 0, 0), (255, 0, 0), (0, 255, 0))
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))


def test_without_a_list_of_labels_names_are_those_of_the_shapes(tmp_path):
    """Sorted."""
    report = converted(write_cvat(tmp_path / "cvat", POLYGON, meta=""))
    assert report.classes.names == ("background", "dog")


@pytest.mark.parametrize(
    ("element", "pixels"),
    [
        ('<box label="cat" xtl="2" ytl="2" xbr="12" ybr="12"/>', 100),
        ('<box label="cat" xtl="4" ytl="2" xbr="14" ybr="12" rotation="90"/>', 100),
        ('<box label="cat" xtl="4" ytl="4" xbr="12" ybr="12" rotation="45"/>', 64),
        ('<ellipse label="cat" cx="14" cy="9" rx="10" ry="6"/>', np.pi * 60),
        ('<ellipse label="cat" cx="14" cy="9" rx="6" ry="8" rotation="90"/>', np.pi * 48),
        ('<polyline label="cat" points="5,9;25,9"/>', 278),
        ('<points label="cat" points="10,9"/>', 80),
    ],
)
def test_every_element_is_painted(tmp_path, element, pixels):
    """By its area."""
    label = label_of(write_cvat(tmp_path / "cvat", element))
    assert int(label.sum()) == pytest.approx(pixels, abs=5)


def test_a_turned_box_turns_clockwise_about_its_center(tmp_path):
    """A flat box turned by 90 degrees stands upright."""
    element = '<box label="cat" xtl="5" ytl="7" xbr="17" ybr="11" rotation="90"/>'
    rows, columns = np.nonzero(label_of(write_cvat(tmp_path / "cvat", element)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 14, 9, 12)


def test_runs_of_a_mask_go_along_the_rows_of_its_box(tmp_path):
    """Starting with pixels outside."""
    mask = np.random.default_rng(2).integers(0, 2, (5, 7))
    changes = np.flatnonzero(np.diff(mask.ravel(), prepend=0))
    runs = np.diff(changes, prepend=0, append=mask.size)
    rle = ", ".join(map(str, runs))
    element = f'<mask label="cat" rle="{rle}" left="4" top="3" width="7" height="5"/>'
    expected = np.zeros(SIZE, np.uint8)
    expected[3:8, 4:11] = mask
    np.testing.assert_array_equal(label_of(write_cvat(tmp_path / "cvat", element)), expected)


def test_larger_z_lies_on_top(tmp_path):
    """Whatever the order of the file."""
    low = f'<polygon label="cat" points="{POINTS}" z_order="-1"/>'
    report = converted(write_cvat(tmp_path / "cvat", POLYGON + low))
    assert (report.order, read_label(report.folder / "labels/a.png")[5, 5]) == ("z", 2)


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        ('<polygon label="cat" points="1,1;2,2"/>', "2 points"),
        ('<polygon label="cat" points="1,1;2"/>', "attributes that are not numbers"),
        ('<polygon label="cat" points="1,1;2,nan;4,4"/>', "not finite"),
        ('<polygon label="cat"/>', "no attribute 'points'"),
        ('<box label="cat" xtl="2"/>', "no attribute 'ytl'"),
        (
            '<mask label="cat" rle="4,4" left="0" top="0" width="3" height="3"/>',
            "9 pixels in sum, got 8",
        ),
        ('<mask label="cat" rle="4,a" left="0" top="0" width="3" height="3"/>', "not numbers"),
        ('<cuboid label="cat"/>', "the type 'cuboid', which cannot be painted"),
    ],
)
def test_elements_that_are_wrong_are_named(tmp_path, element, problem):
    """By their place in the image."""
    file = write_cvat(tmp_path / "cvat", POLYGON + element)
    with pytest.raises(DatasetError, match=rf"shape 1 of a \(cat\) has .*{problem}"):
        converted(file)
    assert len(converted(file, invalid="skip").skipped) == 1


BOMB = '<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]>'
THEFT = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd">'


@pytest.mark.parametrize("head", [BOMB, THEFT, REMOTE], ids=["bomb", "theft", "remote"])
def test_documents_with_entities_are_refused(tmp_path, head):
    """No annotation needs them."""
    with pytest.raises(DatasetError, match="must be plain XML, got a document type or entity"):
        converted(write_cvat(tmp_path / "cvat", POLYGON, head=head))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shapes": "<polygon"}, "must be valid XML"),
        ({"name": "../../etc/passwd"}, r"image\[0\].name must be a relative path"),
        ({"height": "x"}, r"image\[0\].height must be an integer > 0, got 'x'"),
        ({"height": "9" * 5000}, r"image\[0\].height must be an integer > 0"),
        ({"meta": '<track id="0" label="cat"/>'}, "CVAT for images"),
    ],
)
def test_documents_that_are_wrong_are_refused(tmp_path, changes, message):
    """Cut, leading out, no size, video."""
    file = write_cvat(tmp_path / "cvat", **{"shapes": POLYGON, **changes})
    with pytest.raises(DatasetError, match=message):
        converted(file)


def test_images_are_found_in_a_folder_beside_the_file(tmp_path):
    """As in CVAT's own export: images/name."""
    file = write_cvat(tmp_path / "cvat", POLYGON)
    (tmp_path / "cvat/images").mkdir()
    (tmp_path / "cvat/a.png").rename(tmp_path / "cvat/images/a.png")
    assert (converted(file).folder / "images/a.png").is_file()


def write_project(folder, subsets, images="images/{}", name="a.png"):
    """A project with an image of the same name in each subset."""
    elements = ""
    for number, subset in enumerate(subsets):
        write_image(folder / images.format(subset) / "a.png", seed=number)
        size = f'width="{SIZE[1]}" height="{SIZE[0]}"'
        elements += f'<image id="{number}" name="{name}" subset="{subset}" {size}>{POLYGON}</image>'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "annotations.xml").write_text(f"<annotations>{LABELS}{elements}</annotations>")
    return folder / "annotations.xml"


@pytest.mark.parametrize("images", ["images/{}", "{}"])
def test_subsets_of_a_project_are_splits(tmp_path, images):
    """The same name may be in each of them."""
    file = write_project(tmp_path / "cvat", ["Train", "Validation"], images)
    report = converted(file, format="auto")
    found = read_description(report.description)
    assert {name: len(found.pairs(name)) for name in found.splits} == {"train": 1, "val": 1}
    np.testing.assert_array_equal(read_label(report.folder / "labels/Train/a.png"), square(2))
    copies = [report.folder / f"images/{subset}/a.png" for subset in ("Train", "Validation")]
    assert len({path.read_bytes() for path in copies}) == 2
    again = converted(file, images=tmp_path / "cvat", out=tmp_path / "again")
    assert again.files == 2


def test_subsets_of_other_names_are_folders(tmp_path):
    """One alone is not, as it says nothing."""
    report = converted(write_project(tmp_path / "cvat", ["north", "south"]))
    assert sorted(p.parent.name for p in report.folder.glob("labels/*/*.png")) == ["north", "south"]
    report = converted(write_project(tmp_path / "one/cvat", ["default"]))
    assert (report.folder / "labels/a.png").is_file()


def test_a_name_that_begins_with_its_subset_is_not_doubled(tmp_path):
    """Some exports have it in both."""
    elements = ["Train", "Test"]
    file = write_project(tmp_path / "cvat", elements)
    text = file.read_text()
    for subset in elements:
        text = text.replace(
            f'name="a.png" subset="{subset}"', f'name="{subset}/a.png" subset="{subset}"'
        )
    file.write_text(text)
    report = converted(file)
    assert (report.folder / "labels/Train/a.png").is_file()


@pytest.mark.parametrize("subset", ["../..", "/etc", "a/../.."])
def test_a_subset_that_leads_out_is_refused(tmp_path, subset):
    """It is data like a name."""
    file = write_project(tmp_path / "cvat", ["x", "y"])
    file.write_text(file.read_text().replace('subset="x"', f'subset="{subset}"'))
    with pytest.raises(DatasetError, match="a relative path"):
        converted(file)


def test_the_only_annotations_of_a_folder_may_lie_deeper(tmp_path):
    """Several are asked about."""
    write_cvat(tmp_path / "cvat/task_1", POLYGON)
    assert converted(tmp_path / "cvat/task_1", format="auto").files == 1
    assert converted(tmp_path / "cvat", format="auto", out=tmp_path / "again").files == 1
    write_cvat(tmp_path / "cvat/task_2", POLYGON)
    with pytest.raises(DatasetError, match=r"one annotations.xml, got task_1.*task_2.*Name one"):
        converted(tmp_path / "cvat", format="auto", out=tmp_path / "third")
