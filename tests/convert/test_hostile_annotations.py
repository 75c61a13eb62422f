"""What annotation files may say at worst: each is one sentence, before memory or time is spent."""

import json

import numpy as np
import pytest
from PIL import Image

from convert.annotations import SQUARE, png_base64, shape, write_image, write_json, write_labelme
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.reading import untrusted
from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.legend.read import read_rows

HUGE, DIGITS = 10**400, "9" * 5000
SIDE = 16_384  # an image of this height and width is the largest that is allowed
PNG = png_base64(np.ones((3, 3), np.uint8))
BOX = [[1, 1], [3, 3]]


def run(source, **settings):
    return convert(ConvertConfig(source, out=source.parent / "out", **settings))


def coco(folder, annotations=({},), categories=({"id": 1, "name": "cat"},), **image):
    image = {"id": 1, "file_name": "a.png", "height": 18, "width": 30, **image}
    write_image(folder / "a.png")
    polygon = [[2, 2, 12, 2, 12, 12]]
    content = {
        "images": [image],
        "categories": list(categories),
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": polygon, **annotation}
            for annotation in annotations
        ],
    }
    return write_json(folder / "a.json", content)


def label_studio(folder, kind, value, **more):
    write_image(folder / "a.png")
    result = {"type": kind, "value": {kind: ["cat"], **value}}
    result |= {"original_width": 30, "original_height": 18, **more}
    tasks = [{"data": {"image": "/upload/a.png"}, "annotations": [{"result": [result]}]}]
    return write_json(folder / "a.json", tasks)


def cvat(folder, shapes="", head="", encoding="utf-8"):
    write_image(folder / "a.png")
    image = f'<image id="0" name="a.png" width="30" height="18">{shapes}</image>'
    (folder / "a.xml").write_bytes(f"{head}<annotations>{image}</annotations>".encode(encoding))
    return folder / "a.xml"


def yolo(folder, text):
    write_image(folder / "images/a.png")
    (folder / "labels").mkdir()
    (folder / "labels/a.txt").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shapes": [shape("cat", [[HUGE, 1], *BOX])]}, "points that are not numbers"),
        ({"shapes": [shape("cat", [[HUGE, 1], [3, 3]], "mask", mask=PNG)]}, "the box .* around"),
        ({"shapes": [shape("cat", BOX, "mask", mask="AAAA")]}, "not a readable image"),
        ({"shapes": [shape("cat", BOX, "mask", mask="A")]}, r"shapes\[0\].mask must be base64"),
        ({"shapes": [shape("cat", BOX, "x" * 9999)]}, "the type 'xx"),
        ({"shapes": [shape("\ud800", SQUARE)]}, "source: names must be printable text"),
        ({"shapes": [shape("cat", [[], []], "line")]}, r"points of shape \(2, 0\)"),
        ({"imageHeight": HUGE}, "imageHeight must be a number of at most 64 bits"),
        ({"imageHeight": 10**6, "imageWidth": 10**6}, "size must be at most 268,435,456 pixels"),
        ({"imageHeight": SIDE, "imageWidth": SIDE}, "at most 1 GiB, got a label of 16,384 x 16"),
        ({"imagePath": "x" * 300 + ".png"}, "image must be an existing file"),
        ({"imagePath": "a\0.png"}, "imagePath must be a relative path"),
        ({"imagePath": "\ud800.png"}, "imagePath must be a relative path"),
        ({"imageData": "iVBORw0KGgo=", "imageHeight": None}, "image must be a PNG file"),
    ],
    ids=[
        *("coordinate", "box", "mask", "base64", "type", "half a character"),
        *("empty points", "digits"),
        *("pixels", "memory", "long name", "nul", "half a character in a name", "cut image"),
    ],
)
def test_labelme_files_are_refused_in_one_sentence(tmp_path, changes, message):
    image_files = "copy" if "imagePath" in changes or "imageData" in changes else "none"
    write_labelme(tmp_path / "source", **changes)
    (tmp_path / "source/a.png").unlink()
    with pytest.raises(PixelwiseError, match=message):
        run(tmp_path / "source", format="labelme", image_files=image_files)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file_name": "\ud800.png"}, "file_name must be a relative path"),
        ({"file_name": "b" * 300 + ".png"}, "file_name must be a relative path .* 250 bytes"),
        ({"id": []}, r"images\[0\].id must be an integer or text"),
        ({"id": 1.5}, r"images\[0\].id must be an integer or text"),
        ({"annotations": [{"segmentation": {"size": [18, 30], "counts": [HUGE]}}]}, "integers"),
        (
            {"annotations": [{"segmentation": {"size": [18, 30], "counts": ["x" * 10**6, 1]}}]},
            "a list of integers, got lists in lists or text",
        ),
        (
            {"annotations": [{"segmentation": {"size": [18, 30], "counts": "\ud8000"}}]},
            "text of the letters 0 to o",
        ),
        ({"annotations": [{}] * 70_000}, "shapes must be at most 65,536 on one image, got 70,000"),
        ({"annotations": [{"segmentation": [[1, 1]] * 70_000}]}, "shapes must be at most 65,536"),
        (
            {"annotations": [{"segmentation": [[1, 2] * 1_100_000]}]},
            "1,100,000 points, but at most 1,048,576",
        ),
        (
            {"categories": [{"id": n, "name": f"c{n}"} for n in range(70_000)]},
            "at most 65,535, got 70,00",
        ),
        ({"categories": [{"id": [], "name": "x"}, {"name": "y"}]}, "category_id must be an id"),
    ],
    ids=[
        *("half a character", "long name", "list", "float", "run", "text of runs", "letters"),
        *("objects", "polygons", "points", "categories", "ids"),
    ],
)
def test_coco_files_are_refused_in_one_sentence(tmp_path, changes, message):
    with pytest.raises(PixelwiseError, match=message):
        run(coco(tmp_path / "source", **changes))


def test_masks_of_one_image_may_not_take_more_together_than_a_file_may(tmp_path, monkeypatch):
    """Each is small enough alone."""
    monkeypatch.setenv("PIXELWISE_MAX_GIB", repr(300_000 / (1 << 30)))
    runs = {"size": [100, 200], "counts": [0, 20_000]}
    annotations = [{"segmentation": runs}]
    run(coco(tmp_path / "one/source", annotations, height=100, width=200), image_files="none")
    with pytest.raises(DatasetError, match="got masks of which one is 100 x 200"):
        run(coco(tmp_path / "source", annotations * 20, height=100, width=200), image_files="none")


def test_small_masks_on_large_images_stay_small(tmp_path):
    """Twenty masks of an image would be over the limit if each kept the whole image."""
    folder = tmp_path / "source"
    runs = {"size": [4000, 4000], "counts": [0, 1, 4000 * 4000 - 1]}
    source = coco(folder, [{"segmentation": runs}] * 60, height=4000, width=4000)
    assert run(source, image_files="none").objects == 60


def test_two_images_of_one_id_are_refused(tmp_path):
    """The second one would silently have no objects."""
    content = json.loads(coco(tmp_path / "source").read_text())
    content["images"] += [{**content["images"][0], "file_name": "other.png"}]
    write_json(tmp_path / "source/a.json", content)
    with pytest.raises(DatasetError, match=r"images\[1\].id must be of one image only, got 1"):
        run(tmp_path / "source/a.json")


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("brushlabels", {"rle": [0, 0, 0]}, "a whole stream"),
        ("rectanglelabels", {"x": HUGE}, "value.x must be a number of at most 64 bits"),
        ("polygonlabels", {"points": [[HUGE, 1], *BOX]}, "points that are not numbers"),
    ],
)
def test_label_studio_files_are_refused_in_one_sentence(tmp_path, kind, value, message):
    with pytest.raises(DatasetError, match=message):
        run(label_studio(tmp_path / "source", kind, value))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((-4, -1), "two integers > 0"),
        ((30_000, 30_000), "at most 268,435,456 pixels"),
        ((SIDE, SIDE), "unpacks to at most 1 GiB"),
        ((HUGE, 1), "at most 64 bits"),
    ],
)
def test_the_size_of_a_brush_is_checked_before_it_is_unpacked(tmp_path, size, message):
    packed = list((4 * abs(size[0] * size[1]) % (1 << 32)).to_bytes(4, "big"))
    sides = {"original_height": size[0], "original_width": size[1]}
    source = label_studio(tmp_path / "source", "brushlabels", {"rle": packed}, **sides)
    with pytest.raises(PixelwiseError, match=message):
        run(source)


def test_numbers_that_overflow_are_named_as_points(tmp_path):
    corner = {"x": 1e308, "y": 1e308, "width": 1e308, "height": 1e308, "rotation": 1e308}
    source = label_studio(tmp_path / "source", "rectanglelabels", corner, original_width=3000)
    with pytest.raises(DatasetError, match="which is not finite"):
        run(source, image_files="none")


MASK = '<mask label="cat" rle="{}" left="0" top="0" width="{}" height="18"/>'


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("nonsense", "unknown encoding"),
        ("hex", "not a text encoding"),
        ("shift_jis", "multi-byte encodings are not supported"),
        ("idna", "valid XML"),
        ("undefined", "valid XML"),
        ("unicode_escape", "labels|valid XML|classes"),
        ("ascii", "not well-formed"),
    ],
)
def test_an_xml_file_in_an_encoding_that_cannot_be_read_is_refused(tmp_path, encoding, message):
    shapes = '<polygon label="\xe4" points="1,1;9,1;9,9"/>'
    source = cvat(tmp_path / "source", shapes, f'<?xml version="1.0" encoding="{encoding}"?>')
    with pytest.raises(DatasetError, match=message):
        run(source, classes="cat=#ff0000")


@pytest.mark.parametrize("z", ["--5", DIGITS, "\xb2", "x", ""])
def test_a_z_order_that_is_not_a_number_is_refused_or_its_shape_skipped(tmp_path, z):
    shapes = f'<polygon label="cat" points="1,1;9,1;9,9" z_order="{z}"/>'
    source = cvat(tmp_path / "source", shapes)
    with pytest.raises(DatasetError, match="not a number of at most 9 digits"):
        run(source)
    assert run(source, invalid="skip").objects == 0


@pytest.mark.parametrize(
    "shapes",
    [MASK.format(DIGITS, 30), MASK.format("0,540", DIGITS), MASK.format("1,,2", 30)],
    ids=["run", "width", "none"],
)
def test_a_mask_of_numbers_that_no_image_has_is_refused(tmp_path, shapes):
    with pytest.raises(DatasetError, match="whole numbers of more than 9 digits"):
        run(cvat(tmp_path / "source", shapes))


def test_a_mask_of_a_cvat_file_is_not_unpacked_beyond_the_limit(tmp_path):
    with pytest.raises(DatasetError, match="at most 268,435,456 pixels, got 99,999,999 x 18"):
        run(cvat(tmp_path / "source", MASK.format("0,540", 99_999_999)))


def test_elements_that_are_nested_deeply_are_no_trouble(tmp_path):
    shapes = '<polygon label="cat" points="1,1;9,1;9,9"/>' + "<a>" * 50_000 + "</a>" * 50_000
    assert run(cvat(tmp_path / "source", shapes)).objects == 1


@pytest.mark.parametrize("number", ["65534", "99999", "1000000000", DIGITS, "-1", "\xb2"])
def test_a_yolo_class_that_no_label_can_hold_is_refused_with_the_limit(tmp_path, number):
    """It would be the number of the names of all classes."""
    source = yolo(tmp_path / "source", f"{number} .1 .1 .9 .1 .9 .9\n")
    with pytest.raises(DatasetError, match=r"the class '.*, which is not a number 0\.\.65533"):
        run(source)


@pytest.mark.parametrize("word", [DIGITS, "nan", "x" * 100_000])
def test_a_yolo_coordinate_that_is_no_number_is_refused(tmp_path, word):
    source = yolo(tmp_path / "source", f"0 {word} .1 .9 .1 .9 .9\n")
    with pytest.raises(DatasetError, match="coordinates that are not"):
        run(source)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.txt", "1000000000 a\n1 b", "numbers must be of at most 9 digits"),
        ("c.txt", f"{DIGITS} a", "numbers must be of at most 9 digits"),
        ("c.txt", f"{DIGITS} 1 1 a", "numbers must be of at most 9 digits"),
        ("c.txt", f"a {DIGITS} 1 1", "numbers must be of at most 9 digits"),
        ("c.txt", "99999 a\n1 b", r"values of a must be an integer 0\.\.65535"),
        ("c.csv", f"name,r,g,b\na,{DIGITS},1,1", "numbers must be of at most 9 digits"),
        ("c.csv", "name,r,g,b\n" + "a" * 200_000 + ",1,1,1", "a CSV table, got field larger"),
        ("c.yaml", f"names:\n  {DIGITS}: a", "numbers must be of at most 9 digits"),
        ("c.json", json.dumps({DIGITS: "a"}), "numbers must be of at most 9 digits"),
        ("c.json", '{"names": ["a"], "values": [1000000000]}', r"an integer 0\.\.65535"),
        ("c.json", '[{"id": "x", "name": "a"}, {"name": "b"}, 1]', "an object with a"),
        ("c.toml", '[[classes]]\nname = "a"\nvalue = 1000000000', r"an integer 0\.\.65535"),
        ("c.toml", f'[[classes]]\nname = "a"\nvalue = 0x{"f" * 5000}', "more than 64 bits"),
        ("c.toml", "\n".join(f'[[classes]]\nname = "{n}"' for n in range(66_000)), "at most 65,5"),
        ("c.txt", "\n".join(["a"] * 60_000), "different from each other, got 'a' more than once"),
    ],
)
def test_class_files_are_refused_in_one_sentence(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises((DatasetError, LabelError), match=message):
        read_rows(tmp_path / name)


@pytest.mark.parametrize("text", ["a" + "," * 100_000 + "b", "a 1" + " 1" * 50_000 + " x"])
def test_a_long_line_of_a_class_file_is_matched_in_linear_time(tmp_path, text):
    """Trying every way to split it would take hours."""
    (tmp_path / "c.txt").write_text(text)
    assert len(read_rows(tmp_path / "c.txt").names) == 1


def test_labels_of_another_format_in_a_folder_of_colours_are_named(tmp_path):
    """A file that is not an image at all."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    with pytest.raises(DatasetError, match="format must be one that can be recognised"):
        run(tmp_path / "source")


@pytest.mark.parametrize(
    "error",
    [
        *(KeyError("x"), OverflowError("too large"), RecursionError("deep"), MemoryError()),
        *(UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"), TypeError("none"), StopIteration()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_other_libraries_raise_on_damaged_data_names_the_file(error):
    """With the kind of the error, so that a mistake of ours is not hidden either."""

    def parse():
        with untrusted("a.json", "labelme JSON"):
            raise error

    message = f"^a.json: file must be undamaged labelme JSON, got {type(error).__name__}: "
    with pytest.raises(DatasetError, match=message) as caught:
        parse()
    assert caught.value.__cause__ is error


def test_errors_of_the_file_system_are_not_taken_for_damage():
    with pytest.raises(PermissionError, match="no"), untrusted("a.json", "JSON"):
        raise PermissionError("no")


def test_an_embedded_mask_larger_than_a_file_may_unpack_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXELWISE_MAX_GIB", repr(1 / 1024))
    mask = png_base64(np.asarray(Image.new("L", (900, 900), 1)))
    write_labelme(
        tmp_path / "source", shapes=[shape("cat", [[0, 0], [899, 899]], "mask", mask=mask)]
    )
    with pytest.raises(DatasetError, match="a mask that must be a file that unpacks to at most"):
        run(tmp_path / "source")
