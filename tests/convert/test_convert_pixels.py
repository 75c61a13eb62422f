"""Formats that keep pixels: colours, ids of objects, one mask for each object."""

import json

import numpy as np
import pytest

from convert.annotations import SIZE, random_image, square, write_image
from convert.pixel_files import converted, label_of, random_index, save
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, PairingError
from pixelwise.labels.color import index_to_color
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.png import read_label

COLORS = np.array([(10, 20, 30), (200, 100, 0), (0, 0, 255)], np.uint8)
HEX = "sky=#0a141e,road=#c86400,void=#0000ff"


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
@pytest.mark.parametrize("bgr", [False, True])
def test_colors_become_indices_and_void(tmp_path, suffix, bgr):
    """A class called void is not a class; blue may come first."""
    index = random_index(3)
    colors = COLORS[index]
    save(tmp_path / f"labels/a.{suffix}", colors[:, :, ::-1].copy() if bgr else colors)
    report = converted(tmp_path / "labels", "color", classes=HEX, bgr=bgr)
    np.testing.assert_array_equal(label_of(report), np.where(index == 2, 255, index))
    assert report.classes.names == ("sky", "road")
    assert report.notes[0] == "void: void"


@pytest.mark.parametrize(
    "name", ["voc", "camvid32", "cityscapes", "cityscapes_ids", "deepglobe", "potsdam", "uavid"]
)
def test_colors_of_a_known_dataset_become_its_classes_and_void(tmp_path, name):
    """Every colour that its labels have, those of void among them."""
    table = PALETTES[name]
    void = [color for _, color in table.void_colors]
    save(tmp_path / "labels/a.png", np.array([[*table.colors, *void]], np.uint8))
    report = converted(tmp_path / "labels", "color", classes=name)
    expected = [*range(len(table.names)), *[255] * len(void)]
    assert label_of(report)[0].tolist() == expected
    assert report.classes.names == table.names


def test_labels_become_colors_and_come_back(tmp_path):
    """index -> colour -> index."""
    index = random_index(2)
    save(tmp_path / "labels/a.png", COLORS[index])
    report = converted(tmp_path / "labels", "color", classes=HEX)
    again = index_to_color(label_of(report), report.classes)
    np.testing.assert_array_equal(again, COLORS[index])


def test_colors_that_are_not_a_class_are_named_or_replaced(tmp_path):
    """An error with counts and nearest class; void; or the nearest class."""
    index = random_index(2)
    colors = COLORS[index]
    colors[3, 4] = (199, 99, 1)
    save(tmp_path / "labels/a.png", colors)
    with pytest.raises(
        DatasetError, match=r"\(199, 99, 1\) nearest to road \(1 pixel, first at y=3 x=4\)"
    ):
        converted(tmp_path / "labels", "color", classes=HEX)
    report = converted(tmp_path / "labels", "color", classes=HEX, unknown="ignore")
    assert label_of(report)[3, 4] == 255
    report = converted(tmp_path / "labels", "color", classes=HEX, unknown="nearest")
    assert label_of(report)[3, 4] == 1


def test_colors_that_became_the_nearest_class_are_counted_and_said(tmp_path):
    """How many, in how many pixels, how far; in convert.json too, and when it is resumed."""
    for name, change in (("a", (5, 0, 0)), ("b", (0, 0, 12))):
        colors = COLORS[random_index(2)]
        colors[0, :3] += np.array(change, np.uint8)
        save(tmp_path / f"labels/{name}.png", colors)
    for _ in range(2):
        report = converted(tmp_path / "labels", "color", classes=HEX, unknown="nearest")
        snapped = json.loads((tmp_path / "out/convert.json").read_text())["snapped"]
        assert (snapped["pixels"], snapped["colors"]) == (6, len(np.unique(random_index(2)[0, :3])))
        assert (snapped["mean_distance"], snapped["largest_distance"]) == (8.5, 12.0)
        assert "6 pixels in 2 labels" in report.text()
        assert snapped["files"] == 2
        assert "8.5 away on average and 12.0 at most" in report.text()


def test_classes_that_share_a_color_are_refused(tmp_path):
    """Colour -> class is not defined then."""
    save(tmp_path / "labels/a.png", COLORS[random_index(2)])
    with pytest.raises(DatasetError, match=r"one class each, got .* for sky and sea"):
        converted(tmp_path / "labels", "color", classes="sky=#0a141e,sea=#0a141e")


def test_a_class_file_beside_the_labels_is_used(tmp_path):
    """And the report says which."""
    save(tmp_path / "labels/a.png", COLORS[random_index(2)])
    (tmp_path / "label_colors.txt").write_text("10 20 30\tSky\n200 100 0\tRoad\n")
    report = converted(tmp_path / "labels", "color")
    assert report.classes.names == ("Sky", "Road")
    assert report.notes[0] == "classes are from label_colors.txt"
    (tmp_path / "label_colors.txt").unlink()
    with pytest.raises(DatasetError, match=r"--classes 'class_0=#0a141e,class_1=#c86400'"):
        converted(tmp_path / "labels", "color")


def test_the_colours_of_all_labels_are_asked_for(tmp_path):
    """A class may be missing from the first one."""
    for number, color in enumerate([(1, 2, 3), (255, 0, 0), (1, 2, 3)]):
        save(tmp_path / f"labels/{number}.png", np.full((4, 5, 3), color, np.uint8))
    with pytest.raises(
        DatasetError,
        match=r"given for 3 labels with 2 colours, #010203 \(66.7 %\), .*foreground=#ff0000",
    ):
        converted(tmp_path / "labels", "color")


def test_the_values_of_labels_are_asked_for_with_a_command_that_names_them(tmp_path):
    """Never with a hint to the command that has led here."""
    save(tmp_path / "labels/a.png", random_index(3).astype(np.uint8))
    message = r"1 label with 3 values, 0 \(.*--classes class_0=0,class_1=1,class_2=2$"
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "labels", "array")


def test_a_photograph_is_not_a_label(tmp_path):
    """Hundreds of colours, and no classes given."""
    save(tmp_path / "labels/a.png", random_image())
    with pytest.raises(
        DatasetError, match="folder of labels, got photographs, by their look: 540 c"
    ):
        converted(tmp_path / "labels", "color")


def test_images_are_paired_by_name(tmp_path):
    """With the suffixes that the two have behind the id."""
    save(tmp_path / "labels/a_gt.png", COLORS[random_index(2)])
    write_image(tmp_path / "images/a_rgb.jpg")
    settings = {"classes": HEX, "images": tmp_path / "images"}
    with pytest.raises(PairingError, match="every image must have a label"):
        converted(tmp_path / "labels", "color", **settings)
    suffixes = {"image_suffix": "_rgb.jpg", "label_suffix": "_gt.png"}
    report = converted(tmp_path / "labels", "color", **settings, **suffixes)
    pair = read_description(report.description).pairs("train")[0]
    assert (pair.id, pair.image.name) == ("a", "a.jpg")
    assert pair.image.read_bytes() == (tmp_path / "images/a_rgb.jpg").read_bytes()


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_a_label_in_the_turned_frame_has_its_image_turned(tmp_path, orientation):
    """The size says which frame."""
    save(tmp_path / "labels/a.png", COLORS[random_index(2, size=SIZE[::-1])])
    write_image(tmp_path / "images/a.png", SIZE if orientation > 1 else SIZE[::-1], orientation)
    report = converted(tmp_path / "labels", "color", classes=HEX, images=tmp_path / "images")
    assert read_rgb(report.folder / "images/a.png").shape[:2] == SIZE[::-1]


def test_a_label_of_another_size_than_its_image_is_refused(tmp_path):
    """Neither frame has it."""
    save(tmp_path / "labels/a.png", COLORS[random_index(2)])
    write_image(tmp_path / "images/a.png", (18, 31))
    with pytest.raises(DatasetError, match=r"annotated size must be \(18, 31\)"):
        converted(tmp_path / "labels", "color", classes=HEX, images=tmp_path / "images")


def test_the_sandstone_slices_become_four_classes(tmp_path, shared):
    """Real colour TIFFs: every pixel has one of the four colours, and comes back."""
    folder = shared / "data/sandstone"
    report = convert(
        ConvertConfig(
            source=folder / "labels",
            images=folder / "images",
            format="color",
            out=tmp_path / "out",
            classes="#0000ff,#ff0000,#00ff00,#ffff00",
            image_files="none",
        )
    )
    assert report.files == 9
    name = "Sandstone_Versa0150"
    again = index_to_color(label_of(report, name), report.classes)
    np.testing.assert_array_equal(again, read_rgb(folder / f"labels/{name}.tif"))


def test_ids_of_objects_become_background_and_object(tmp_path):
    """16-bit ids; 0 is background."""
    ids = np.zeros(SIZE, np.uint16)
    ids[2:5, 3:8], ids[7:9, 1:4] = 700, 3
    save(tmp_path / "ids/a.png", ids)
    report = converted(tmp_path / "ids", "instances")
    np.testing.assert_array_equal(label_of(report), ids > 0)
    assert (report.classes.names, report.objects) == (("background", "object"), 2)


def test_ids_with_a_divisor_become_classes(tmp_path):
    """26001 and 26 are car, 4 is void: Cityscapes' instanceIds."""
    ids = np.full(SIZE, 4, np.uint16)
    ids[2:5, 3:8], ids[7:9, 1:4] = 26001, 26
    save(tmp_path / "ids/a.png", ids)
    report = converted(tmp_path / "ids", "instances", divisor=1000, classes="cityscapes_ids")
    np.testing.assert_array_equal(label_of(report), np.where(ids == 4, 255, 13))
    assert report.objects == 1


def test_the_nuclei_become_foreground(tmp_path, shared):
    """Ids of real images; and one mask file for each nucleus gives the same label."""
    folder = shared / "data/dsb2018"
    masks = convert(ConvertConfig(source=folder / "raw_sample", format="masks", out=tmp_path / "m"))
    assert (masks.files, masks.classes.names) == (6, ("background", "object"))
    description = read_description(masks.description)
    pairs = [pair for split in description.splits for pair in description.pairs(split)]
    compared = 0
    for pair in pairs:
        ids = folder / "instances" / f"{pair.id[:12]}.png"
        if ids.is_file():
            np.testing.assert_array_equal(read_label(pair.label), read_label(ids) > 0)
            compared += 1
    assert compared > 0


def write_masks(root, masks, key="a"):
    write_image(root / f"{key}/images/{key}.png")
    for name, mask in masks.items():
        save(root / f"{key}/masks/{name}.png", mask)


def test_masks_of_objects_are_joined(tmp_path):
    """0 and 255, or 0 and 1; overlaps of one class are not a conflict."""
    other = np.zeros(SIZE, np.uint8)
    other[5:15, 5:15] = 1
    write_masks(tmp_path / "masks", {"x": square(255), "y": other})
    report = converted(tmp_path / "masks", "masks")
    np.testing.assert_array_equal(label_of(report), (square() | other) > 0)
    assert (report.objects, report.overlapped) == (2, 0)
    assert (report.folder / "images/a.png").is_file()


def test_masks_in_folders_of_classes_are_painted_in_their_order(tmp_path):
    """CLASS/ID.png, one mask of each class."""
    other = np.zeros(SIZE, np.uint8)
    other[5:15, 5:15] = 255
    save(tmp_path / "masks/road/a.png", square(255))
    save(tmp_path / "masks/tree/a.png", other)
    report = converted(tmp_path / "masks", "masks")
    expected = np.where(other > 0, 2, square())
    np.testing.assert_array_equal(label_of(report), expected)
    assert report.classes.names == ("background", "road", "tree")
    assert report.overlapped == 49


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (random_index(3) * 100, "0 and one other, got 0, 100, 200"),
        (np.zeros((5, 5), np.uint8), r"size must be \(18, 30\), like the other masks of a"),
        (random_image(), "got RGB"),
    ],
    ids=["soft", "small", "color"],
)
def test_images_that_are_not_masks_are_refused(tmp_path, mask, message):
    """More than two values, another size, colours."""
    write_masks(tmp_path / "masks", {"x": square(255), "y": mask})
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "masks", "masks")


def test_masks_without_an_image_are_refused(tmp_path):
    """Of the layout that has one."""
    write_masks(tmp_path / "masks", {"x": square(255)})
    (tmp_path / "masks/a/images/a.png").unlink()
    with pytest.raises(
        DatasetError, match="a folder images with one image beside masks, got 0 in a"
    ):
        converted(tmp_path / "masks", "masks")
