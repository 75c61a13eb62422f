"""labelme: every shape type, EXIF, paths that must not lead out, and its own exported labels."""

import base64
import json
import os

import numpy as np
import pytest
from PIL import Image, ImageOps

from convert.annotations import (
    SIZE,
    SQUARE,
    png_base64,
    shape,
    square,
    write_image,
    write_json,
    write_labelme,
)
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label


def converted(source, **changes):
    out = changes.pop("out", source / "../out")
    return convert(ConvertConfig(source=source, format="labelme", out=out, **changes))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/a.png")


@pytest.mark.parametrize(
    ("kind", "points", "pixels"),
    [
        ("polygon", SQUARE, 100),
        (None, SQUARE, 100),
        ("rectangle", [[12, 2], [2, 12]], 100),
        ("oriented_rectangle", SQUARE, 100),
        ("rotation", SQUARE, 100),
        ("quadrilateral", SQUARE, 100),
        ("rectangle", SQUARE, 100),
        ("rectangle", [SQUARE[2], SQUARE[3], SQUARE[0], SQUARE[1]], 100),
        ("rectangle", [[7, 2], [12, 7], [7, 12], [2, 7]], 50),
        ("circle", [[10, 9], [10, 14]], 80),
        ("line", [[5, 9], [25, 9]], 278),
        ("linestrip", [[5, 9], [15, 9], [25, 9]], 278),
        ("point", [[10, 9]], 80),
    ],
)
def test_every_shape_type_is_painted(tmp_path, kind, points, pixels):
    """Lines 10 pixels wide, points as discs of that diameter, as labelme draws them."""
    write_labelme(tmp_path / "source", shapes=[shape("cat", points, kind)])
    assert int(label_of(tmp_path / "source").sum()) == pytest.approx(pixels, abs=4)


def test_types_without_pixels_are_named(tmp_path):
    """The points of an AI prompt are not a shape."""
    write_labelme(tmp_path / "source", shapes=[shape("cat", SQUARE, "points")])
    with pytest.raises(DatasetError, match=r"shapes\[0\] \(cat\) has the type 'points'"):
        converted(tmp_path / "source")


MASK = np.random.default_rng(5).integers(0, 2, (4, 6), np.uint8)


@pytest.mark.parametrize("box", [[[3, 2], [8, 5]], [[3.4, 2.7], [8.4, 5.7]]], ids=["whole", "part"])
def test_a_mask_is_painted_into_its_box(tmp_path, box):
    """The box has its first and its last pixel; a fractional one says where the mask begins."""
    shapes = [shape("cat", box, "mask", mask=png_base64(MASK))]
    write_labelme(tmp_path / "source", shapes=shapes)
    expected = np.zeros(SIZE, np.uint8)
    expected[2:6, 3:9] = MASK
    np.testing.assert_array_equal(label_of(tmp_path / "source"), expected)


def test_a_mask_is_cut_at_the_border(tmp_path):
    """Its box may reach out of the image."""
    shapes = [shape("cat", [[-2, -1], [3, 2]], "mask", mask=png_base64(MASK))]
    write_labelme(tmp_path / "source", shapes=shapes)
    expected = np.zeros(SIZE, np.uint8)
    expected[:3, :4] = MASK[1:, 2:]
    np.testing.assert_array_equal(label_of(tmp_path / "source"), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mask": png_base64(MASK[:3])}, r"a mask of \(3, 6\) pixels in a box of \(4, 6\)"),
        ({"mask": "????"}, "must be base64"),
        ({"mask": base64.b64encode(b"no image").decode()}, "not a readable image"),
        ({"mask": None}, r"shapes\[0\].mask must be text, got none"),
        ({"mask": png_base64(MASK), "points": [[1, 2]]}, "the box"),
        ({"mask": png_base64(MASK), "points": [[1, 2], ["a", 3]]}, "the box"),
    ],
)
def test_a_mask_that_is_wrong_is_refused(tmp_path, changes, message):
    """With its place in the file."""
    mask = {"label": "cat", "points": [[3, 2], [8, 5]], "shape_type": "mask", **changes}
    write_labelme(tmp_path / "source", shapes=[mask])
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "source")


def test_ignore_is_void_and_background_is_class_zero(tmp_path):
    """In the order of the file: void under a later object is not void."""
    shapes = [shape("cat", SQUARE), shape("__ignore__", [[2, 2], [7, 2], [7, 12], [2, 12]])]
    write_labelme(tmp_path / "source", shapes=shapes)
    label = label_of(tmp_path / "source")
    assert (label[5, 4], label[5, 9], label[0, 0]) == (255, 1, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_tag_is_applied_to_image_and_frame_alike(tmp_path, orientation):
    """The label lies in the turned frame, and the image is written turned, without a tag."""
    write_labelme(tmp_path / "source", orientation=orientation)
    report = converted(tmp_path / "source")
    size = SIZE if orientation < 5 else SIZE[::-1]
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(size=size))
    with Image.open(tmp_path / "source/a.png") as image:
        upright = np.array(ImageOps.exif_transpose(image))
    written = report.folder / "images/a.png"
    np.testing.assert_array_equal(read_rgb(written), upright)
    with Image.open(written) as image:
        assert image.getexif().get(274, 1) == 1
    assert report.turned == (orientation > 1)


def test_a_turned_jpeg_is_annotated_in_its_turned_frame(tmp_path):
    """A 40 x 20 JPEG with orientation 6, annotated as 20 x 40: 0 object pixels elsewhere."""
    folder = tmp_path / "source"
    write_image(folder / "a.jpg", (20, 40), 6)
    points = [[5, 25], [15, 25], [15, 35], [5, 35]]
    table = {"shapes": [shape("cat", points)], "imagePath": "a.jpg", "imageData": None}
    write_json(folder / "a.json", {**table, "imageHeight": 40, "imageWidth": 20})
    report = converted(folder)
    label = read_label(report.folder / "labels/a.png")
    assert label.shape == (40, 20) == read_rgb(report.folder / "images/a.png").shape[:2]
    assert int(label.sum()) == 100


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_frame_of_another_size_than_the_image_is_refused(tmp_path, orientation):
    """Also the frame of the stored pixels, if the tag says that they are turned."""
    changes = {"imageHeight": 18 + (orientation == 1), "imageWidth": 30}
    write_labelme(tmp_path / "source", orientation=orientation, **changes)
    with pytest.raises(DatasetError, match=r"annotated size must be \(\d+, \d+\) as turned"):
        converted(tmp_path / "source")


def test_a_missing_frame_is_that_of_the_image(tmp_path):
    """Turned, as labelme would have written it."""
    none = {"imageHeight": None, "imageWidth": None}
    write_labelme(tmp_path / "source", orientation=6, **none)
    assert label_of(tmp_path / "source").shape == SIZE[::-1]


def test_an_embedded_image_is_written(tmp_path):
    """imageData counts, even if imagePath leads nowhere."""
    image = np.random.default_rng(3).integers(0, 256, (*SIZE, 3), np.uint8)
    changes = {"imageData": png_base64(image), "imagePath": "gone.jpg"}
    write_labelme(tmp_path / "source", **changes)
    report = converted(tmp_path / "source")
    np.testing.assert_array_equal(read_rgb(report.folder / "images/a.png"), image)


@pytest.mark.parametrize("path", ["../images/a.png", "a.png", "..\\images\\a.png"])
def test_images_may_lie_in_the_folder_that_was_given(tmp_path, path):
    """Relative to the JSON file, or by their name in the folder of images."""
    write_labelme(tmp_path / "source", imagePath=path)
    os.renames(tmp_path / "source/a.png", tmp_path / "images/a.png")
    report = converted(tmp_path / "source", images=tmp_path / "images")
    assert (report.folder / "images/a.png").is_file()


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "C:\\secret.png", "\\\\host\\share\\x.png", "", "a\0b"],
)
@pytest.mark.parametrize("image_files", ["copy", "none"])
def test_an_image_path_that_leads_out_is_refused(tmp_path, path, image_files):
    """Absolute, climbing, a drive, a share: whether the image is wanted or not."""
    write_labelme(tmp_path / "source", imagePath=path)
    (tmp_path / "source/a.png").unlink()
    with pytest.raises(DatasetError, match="imagePath must be a relative path that stays"):
        converted(tmp_path / "source", image_files=image_files)


def test_an_image_behind_a_link_that_leads_out_is_refused(tmp_path):
    """A link is followed before it is judged."""
    write_labelme(tmp_path / "source")
    os.renames(tmp_path / "source/a.png", tmp_path / "elsewhere/a.png")
    (tmp_path / "source/a.png").symlink_to(tmp_path / "elsewhere/a.png")
    with pytest.raises(DatasetError, match="imagePath must be a relative path that stays"):
        converted(tmp_path / "source")
    write_json(tmp_path / "source/a.json", {**labelme_of(tmp_path), "imagePath": "gone.png"})
    with pytest.raises(DatasetError, match=r"gone\.png: image must be an existing file"):
        converted(tmp_path / "source")


def labelme_of(folder):
    return json.loads((folder / "source/a.json").read_text())


def test_a_missing_image_is_named(tmp_path):
    """With the options that help."""
    write_labelme(tmp_path / "source", imagePath="b.png")
    (tmp_path / "source/a.png").unlink()
    message = r"b.png: image must be .* Give the folder .* as images, or image_files=.none."
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "source")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("[1, 2]", "shapes must be a list, got none"),
        ('{"shapes": 3}', "shapes must be a list, got 3"),
        ('{"shapes": [3]}', r"shapes\[0\] must be an object, got 3"),
        ('{"shapes": NaN}', "NaN, which JSON does not allow"),
        ('{"shapes": [], "shapes": []}', "the key 'shapes' twice"),
        ("[" * 100_000, "deeper nesting"),
        ("\xff\xfe", "valid JSON"),
    ],
    ids=["empty", "list", "number", "no shape", "nan", "twins", "deep", "bytes"],
)
def test_hostile_files_are_one_sentence(tmp_path, content, message):
    """Never a traceback of another library."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/a.json").write_bytes(content.encode("latin-1"))
    (tmp_path / "classes.txt").write_text("cat\n")
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "source", classes=str(tmp_path / "classes.txt"))


@pytest.mark.parametrize("side", ["imageHeight", "imageWidth"])
@pytest.mark.parametrize("value", [0, -5, 10**9, 18.5, "18", True])
def test_a_frame_that_is_not_a_size_is_refused(tmp_path, side, value):
    """Zero, negative, huge, broken, text."""
    write_labelme(tmp_path / "source", **{side: value})
    with pytest.raises((DatasetError, ValueError), match="must be"):
        converted(tmp_path / "source", image_files="none")


def test_points_that_are_not_finite_are_named(tmp_path):
    """1e400 is valid JSON and infinite."""
    file = write_labelme(tmp_path / "source")
    file.write_text(file.read_text().replace("[12, 2]", "[1e400, 2]"))
    with pytest.raises(
        DatasetError, match=r"shapes\[0\] \(cat\) has the point \(inf, 2.0\) in place 1"
    ):
        converted(tmp_path / "source")


def test_labels_that_labelme_exported_come_out(tmp_path, shared):
    """Its VOC-style PNGs, by the rule "pillow"; one pixel differs between versions of Pillow."""
    folder = shared / "data/labelme/semantic_segmentation"
    report = converted(
        folder / "data_annotated",
        out=tmp_path / "out",
        classes=str(folder / "labels.txt"),
        rule="pillow",
    )
    files = sorted((folder / "data_dataset_voc/SegmentationClass").glob("*.png"))
    differ = [
        int((read_label(f) != read_label(report.folder / "labels" / f.name)).sum()) for f in files
    ]
    assert (len(files), sum(differ)) == (3, 1)
    assert report.classes.names[:2] == ("_background_", "aeroplane")


def test_all_primitives_of_labelme_are_painted(tmp_path, shared):
    """Its own example with one shape of each type: none vanishes, no two overlap."""
    report = converted(shared / "data/labelme/primitives", out=tmp_path / "out")
    label = read_label(report.folder / "labels/primitives.png")
    assert set(np.unique(label)) == set(range(8))
    assert (report.objects, report.vanished, report.overlapped) == (8, (), 0)


def test_a_cuboid_says_why_it_is_not_painted(tmp_path):
    """Its corners are those of two faces."""
    write_labelme(tmp_path / "source", shapes=[shape("cat", SQUARE * 2, "cuboid")])
    with pytest.raises(
        DatasetError, match="the type 'cuboid', which cannot be painted, as its faces"
    ):
        converted(tmp_path / "source")


@pytest.mark.parametrize("path", ["/home/someone/a.png", "C:\\data\\a.png", "..\\..\\old\\a.png"])
def test_the_name_of_an_image_of_another_computer_is_enough(tmp_path, path):
    """If it lies beside the JSON file, or in the folder of images."""
    write_labelme(tmp_path / "source", imagePath=path)
    assert converted(tmp_path / "source").files == 1
    os.renames(tmp_path / "source/a.png", tmp_path / "images/a.png")
    with pytest.raises(DatasetError, match="Give the folder of the images as images"):
        converted(tmp_path / "source", out=tmp_path / "again")
    given = {"images": tmp_path / "images", "out": tmp_path / "again"}
    assert converted(tmp_path / "source", **given).files == 1
    os.renames(tmp_path / "images/a.png", tmp_path / "images/b.png")
    with pytest.raises(DatasetError, match=r"that of an image beside it or in \S+images, got"):
        converted(tmp_path / "source", **{**given, "out": tmp_path / "third"})


def test_a_size_of_minus_one_is_that_of_the_image(tmp_path):
    """As a template has it."""
    write_labelme(tmp_path / "source", imageHeight=-1, imageWidth=-1)
    np.testing.assert_array_equal(label_of(tmp_path / "source"), square())


def test_images_in_a_folder_beside_the_annotations_are_asked_for_by_its_name(tmp_path):
    """Once, not for every file."""
    for name in ("a", "b"):
        write_labelme(tmp_path / "labels", name, imagePath=f"..\\images\\{name}.png")
        os.renames(tmp_path / f"labels/{name}.png", tmp_path / f"images/{name}.png")
    with pytest.raises(DatasetError, match=r"a.json: imagePath .* Give images=.\S+/images.\.$"):
        converted(tmp_path / "labels")
    assert converted(tmp_path / "labels", images=tmp_path / "images").files == 2
    assert converted(tmp_path, out=tmp_path.parent / f"{tmp_path.name}-out").files == 2


def test_folders_that_labelme_made_of_annotations_are_not_images(tmp_path):
    """labelme_json_to_dataset copies the image and writes labels beside it."""
    write_labelme(tmp_path / "source")
    for name in ("img.png", "label.png"):
        write_image(tmp_path / f"source/a_json/{name}")
    (tmp_path / "source/a_json/label_names.txt").write_text("_background_\ncat\n")
    report = converted(tmp_path / "source", unpaired="background")
    assert report.files == 1
