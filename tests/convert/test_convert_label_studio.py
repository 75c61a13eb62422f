"""Label Studio: percent, turned shapes, brushes bit by bit, and exports that are wrong."""

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, square, write_image, write_json
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.label_studio_rle import unpack_alpha
from pixelwise.errors import ArgumentError, DatasetError, LabelError
from pixelwise.labels.png import read_label

HEIGHT, WIDTH = SIZE


def percent(points):
    return [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in points]


def result(kind="polygonlabels", name="cat", **value):
    value = value or {"points": percent(SQUARE)}
    frame = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return {"type": kind, **frame, "value": {**value, kind: [name]}}


def task(results, image="/data/upload/3/a.png", **more):
    return {
        "id": 1,
        "data": {"text": "x", "image": image},
        "annotations": [{"result": results, **more}],
    }


def write_export(folder, tasks):
    write_image(folder / "a.png")
    return write_json(folder / "export.json", tasks)


def converted(source, **changes):
    settings = {"format": "label_studio", "out": source.parent.parent / "out", **changes}
    return convert(ConvertConfig(source=source, **settings))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/a.png")


def pack(values, sizes=(3, 4, 8, 16)):
    """The packing of the format, written from its description: repeats and single values."""
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    place = 0
    while place < len(values):
        run = 1
        while place + run < len(values) and values[place + run] == values[place] and run < 1 << 16:
            run += 1
        which = next(i for i, size in enumerate(sizes) if run <= 1 << size)
        repeated = run > 1
        bits += f"{repeated:b}{which:02b}{run - 1:0{sizes[which]}b}{values[place]:08b}"
        place += run
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def brush(alpha):
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[..., 3] = alpha
    return pack(rgba.ravel().tolist())


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/3/a.png",
        "/data/local-files/?d=some/a.png",
        "https://host.invalid/x/a.png?sign=b/c",
        "a.png",
    ],
)
def test_percent_become_pixels_and_images_are_found_by_name(tmp_path, image):
    """Whatever the address of the image looks like."""
    report = converted(write_export(tmp_path / "ls", [task([result()], image)]))
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())
    assert (report.folder / "images/a.png").is_file()


def test_a_rectangle_turns_about_its_first_corner(tmp_path):
    """x, y is the upper left corner; clockwise by 90 degrees it hangs to the left."""
    box = {"x": 100 * 12 / WIDTH, "y": 100 * 2 / HEIGHT, "width": 100 * 10 / WIDTH}
    box = {**box, "height": 100 * 10 / HEIGHT, "rotation": 90}
    file = write_export(tmp_path / "ls", [task([result("rectanglelabels", **box)])])
    np.testing.assert_array_equal(label_of(file), square())


def test_an_ellipse_has_the_area_of_an_ellipse(tmp_path):
    """x, y is its centre."""
    value = {"x": 50, "y": 50, "radiusX": 30, "radiusY": 40, "rotation": 0}
    file = write_export(tmp_path / "ls", [task([result("ellipselabels", **value)])])
    expected = np.pi * 0.3 * WIDTH * 0.4 * HEIGHT
    assert int(label_of(file).sum()) == pytest.approx(expected, abs=6)


def test_a_brush_is_its_alpha_channel(tmp_path):
    """Row after row; soft rims are cut at the half."""
    alpha = np.random.default_rng(4).choice([0, 100, 200, 255], SIZE)
    value = {"format": "rle", "rle": brush(alpha)}
    file = write_export(tmp_path / "ls", [task([result("brushlabels", **value)])])
    np.testing.assert_array_equal(label_of(file), alpha >= 128)


@pytest.mark.parametrize("sizes", [(3, 4, 8, 16), (1, 2, 5, 16), (16, 16, 16, 16)], ids=str)
def test_every_size_of_runs_is_read(sizes):
    """The four sizes are in the header."""
    alpha = np.random.default_rng(6).choice([0, 255], (9, 7), p=[0.8, 0.2]).astype(np.uint8)
    rgba = np.repeat(alpha[:, :, None], 4, axis=2)
    np.testing.assert_array_equal(unpack_alpha(pack(rgba.ravel().tolist(), sizes), (9, 7)), alpha)


def test_values_may_stand_one_by_one():
    """Flag 0: so many values follow."""
    values = list(range(1, 25))
    bits = f"{24:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += (
        f"001{23:08b}"[:3].replace("001", "010") + f"{23:08b}" + "".join(f"{v:08b}" for v in values)
    )
    bits += "0" * (-len(bits) % 8)
    packed = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    expected = np.array(values).reshape(2, 3, 4)[:, :, 3]
    np.testing.assert_array_equal(unpack_alpha(packed, (2, 3)), expected)


GOOD = brush(np.full((4, 5), 255))


@pytest.mark.parametrize(
    ("packed", "size", "message"),
    [
        (GOOD, (5, 5), "100 values, 4 for each pixel"),
        (GOOD[:8], (4, 5), "a whole stream"),
        ([], (4, 5), "a whole stream"),
        ([300], (4, 5), "bytes 0..255"),
        (["a"], (4, 5), "bytes 0..255"),
        ([0, 0, 0, 80, 0xFF, *GOOD[5:]], (4, 5), "values of 8 bits"),
        ([0, 0, 0, 4, *pack([7] * 80)[4:]], (1, 1), "4 values, got more"),
    ],
)
def test_a_brush_that_is_wrong_is_refused(packed, size, message):
    """Cut, of another size, no bytes, too many values."""
    with pytest.raises(LabelError, match=message):
        unpack_alpha(packed, size)


def test_only_the_first_annotation_counts(tmp_path):
    """Not a cancelled one; and the report says that there were more."""
    entry = task([result(name="dog")], was_cancelled=True)
    entry["annotations"] += [{"result": [result()]}, {"result": [result(name="cow")]}]
    report = converted(write_export(tmp_path / "ls", [entry]))
    assert report.classes.names == ("background", "cat")
    assert any("several annotations" in note for note in report.notes)


def test_a_task_that_was_submitted_without_regions_is_background(tmp_path):
    """Unlike one that nobody has annotated."""
    unseen = {**task([], "c.png"), "annotations": []}
    source = write_export(tmp_path / "ls", [task([result()]), task([], "b.png"), unseen])
    for name in "bc":
        write_image(source.parent / f"{name}.png")
    report = converted(source)
    assert report.files == 2
    assert not read_label(report.folder / "labels/b.png").any()
    assert "1 tasks were submitted without regions: all is background" in report.notes
    assert "left out: 1 tasks without annotation" in report.notes


def test_what_has_no_pixels_is_counted_in_the_notes(tmp_path):
    """Key points, choices, and tasks without any shape."""
    other = {"type": "keypointlabels", "value": {}}
    tasks = [task([result(), other]), task([], "b.png")]
    report = converted(write_export(tmp_path / "ls", tasks))
    assert report.files == 1
    assert "left out: 1 keypointlabels" in report.notes
    assert any("1 tasks without shapes" in note for note in report.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": {"points": [[1, 2], [3, 4]], "polygonlabels": ["cat"]}}, "has 2 points"),
        (
            {"value": {"points": [[1, "a"]] * 3, "polygonlabels": ["cat"]}},
            "points that are not numbers",
        ),
        ({"value": {"points": [[1]] * 3, "polygonlabels": ["cat"]}}, r"not all \[x, y\]"),
        (
            {"value": {"points": percent(SQUARE), "polygonlabels": ["cat", "dog"]}},
            "2 names instead of one",
        ),
        ({"value": {"points": percent(SQUARE)}}, "0 names instead of one"),
        ({"type": "brushlabels", "image_rotation": 90}, "turned by 90 degrees"),
        (
            {"type": "brushlabels", "value": {"rle": [1, 2], "brushlabels": ["cat"]}},
            "run lengths whose bits must be",
        ),
        ({"original_width": 31}, "the same for all results"),
        ({"original_width": "a"}, r"result\[1\].original_width must be an integer"),
    ],
)
def test_results_that_are_wrong_are_named(tmp_path, change, message):
    """By their place."""
    file = write_export(tmp_path / "ls", [task([result(), {**result(), **change}])])
    with pytest.raises(DatasetError, match=message):
        converted(file)


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"id": 1}, "must be a list of tasks"),
        ([3], r"\[0\] must be an object"),
        ([{"id": 1}], r"\[0\].annotations must be a list, got none"),
        ([task([result()], image=3) | {"data": {}}], "an object with an image"),
        ([task([result()]) | {"data": {"image": "/data/%2e%2e"}}], "a relative path"),
        ([task([result()]), task([result()])], "different without their suffixes"),
    ],
)
def test_exports_that_are_wrong_are_refused(tmp_path, tasks, message):
    """Another format, no image, a name that leads out, one image twice."""
    with pytest.raises((DatasetError, ArgumentError), match=message):
        converted(write_export(tmp_path / "ls", tasks))


def bare(kind, name=None, id="r1", **value):
    """A region without labels of its own, and what <Labels> adds to it if there is a name."""
    value = value or {"points": percent(SQUARE)}
    frame = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0, "id": id}
    drawn = [{"type": kind, "from_name": kind, **frame, "value": value}]
    named = {**frame, "type": "labels", "from_name": "tag", "value": {**value, "labels": [name]}}
    return drawn + [named] * (name is not None)


BOX = {"x": 100 * 2 / WIDTH, "y": 100 * 2 / HEIGHT, "rotation": 0}
BOX = {**BOX, "width": 100 * 10 / WIDTH, "height": 100 * 10 / HEIGHT}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("polygon", {}),
        ("rectangle", BOX),
        ("brush", {"format": "rle", "rle": brush(255 * square())}),
    ],
)
def test_regions_are_named_by_the_result_of_the_same_id(tmp_path, kind, value):
    """As <Labels> beside <Polygon> writes them; in any order, or alone."""
    both = bare(kind, "cat", **value)
    for number, results in enumerate([both, both[::-1], both[1:]]):
        file = write_export(tmp_path / str(number) / "ls", [task(results)])
        report = converted(file, format="auto")
        assert (report.classes.names, report.objects) == (("background", "cat"), 1)
        np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())


def test_named_and_bare_regions_may_be_mixed(tmp_path):
    """None of them is left out without a word."""
    results = [result(name="dog"), *bare("polygon", "cat")]
    report = converted(write_export(tmp_path / "ls", [task(results)]))
    assert (report.classes.names, report.objects) == (("background", "cat", "dog"), 2)
    file = write_export(tmp_path / "bare/ls", [task([result(), *bare("polygon")])])
    with pytest.raises(DatasetError, match=r"result\[1\] has 0 names instead of one"):
        converted(file)
    assert len(converted(file, invalid="skip").skipped) == 1


def test_regions_of_which_none_has_a_label_are_one_class(tmp_path):
    """<Polygon> alone; the report says so."""
    report = converted(write_export(tmp_path / "ls", [task(bare("polygon"))]))
    assert report.classes.names == ("background", "object")
    assert "regions have no labels: all of them are object" in report.notes


@pytest.mark.parametrize(
    ("region", "problem"),
    [
        (result("bitmasklabels", imageDataURL="data:,"), "the type 'bitmask', which cannot be"),
        (result("vectorlabels", vertices=[]), "the type 'vector', which cannot be painted"),
        (result(points=percent(SQUARE), closed=False), "a polygon that is not closed"),
        (bare("labels", start=3)[0], "the type 'labels'"),
    ],
)
def test_regions_that_cannot_be_painted_are_an_error(tmp_path, region, problem):
    """They would be background."""
    file = write_export(tmp_path / "ls", [task([result(), region])])
    with pytest.raises(DatasetError, match=problem):
        converted(file)
    assert len(converted(file, invalid="skip").skipped) == 1


def test_predictions_are_not_annotations(tmp_path):
    """How they become some is said."""
    entry = {**task([]), "annotations": [], "predictions": [{"result": [result()]}]}
    message = r"got none in 1 tasks, 1 with predictions\. Predictions count when they are submitted"
    with pytest.raises(DatasetError, match=message):
        converted(write_export(tmp_path / "ls", [entry]), format="auto")


def test_other_exports_of_label_studio_are_named(tmp_path):
    """Also if the format is given."""
    entry = {"id": 1, "image": "a.png", "annotation_id": 3, "lead_time": 1.5}
    with pytest.raises(DatasetError, match=r"JSON-MIN of Label Studio.*Export the project as JSON"):
        converted(write_export(tmp_path / "ls", [entry]))
    with pytest.raises(DatasetError, match="one task of Label Studio"):
        converted(write_export(tmp_path / "ls", task([result()])), format="auto")


def test_images_may_have_lost_what_an_upload_puts_before_their_names(tmp_path):
    """Eight letters and a hyphen."""
    file = write_export(tmp_path / "ls", [task([result()], "/data/upload/3/1a2b3c4d-a.png")])
    np.testing.assert_array_equal(label_of(file), square())


def test_images_below_the_export_are_found_if_they_are_there_once(tmp_path):
    """Two folders down at most: others may be of another data set."""
    file = write_export(tmp_path / "ls", [task([result()])])
    (tmp_path / "ls/x/y").mkdir(parents=True)
    (tmp_path / "ls/a.png").rename(tmp_path / "ls/x/y/a.png")
    assert "1 images were found by the end of their names" in converted(file).notes
    write_image(tmp_path / "ls/drawn/a.png")
    with pytest.raises(DatasetError, match=r"drawn/a.png, x/y/a.png. Give that folder as images"):
        converted(file, out=tmp_path / "again")
    (tmp_path / "ls/drawn/a.png").unlink()
    (tmp_path / "ls/x/y").rename(tmp_path / "ls/drawn/y")
    (tmp_path / "ls/drawn").rename(tmp_path / "ls/x/z")
    with pytest.raises(DatasetError, match=r"image must be an existing file"):
        converted(file, out=tmp_path / "again")


def test_images_of_one_name_are_told_apart_by_their_folders(tmp_path):
    """Which are in the address of local files."""
    address = "/data/local-files/?d=project/{}/0.png"
    tasks = [task([result(name=name)], address.format(name)) for name in ("cat", "dog")]
    source = write_export(tmp_path / "ls", tasks)
    for name in ("cat", "dog"):
        write_image(source.parent / name / "0.png")
    folder = converted(source).folder
    for value, name in enumerate(("cat", "dog"), start=1):
        np.testing.assert_array_equal(read_label(folder / f"labels/{name}/0.png"), square(value))
