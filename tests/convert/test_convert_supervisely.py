"""Supervisely: bitmaps, holes, inclusive corners, folders of datasets, and files that are wrong."""

import base64
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from convert.annotations import SIZE, SQUARE, square, write_image, write_json
from labels.build_png import chunk, header, join
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats import supervisely
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

META = {"classes": [{"title": "dog", "shape": "bitmap"}, {"title": "cat", "shape": "polygon"}]}


def thing(name="cat", kind="polygon", **geometry):
    geometry = geometry or {"points": {"exterior": SQUARE, "interior": []}}
    return {"classTitle": name, "geometryType": kind, "tags": [], **geometry}


def png(mask, mode="P"):
    """A mask as a PNG of the mode; the palette is black and transparent, then white."""
    image = Image.fromarray(mask.astype(np.uint8) * (1 if mode == "P" else 255))
    out = io.BytesIO()
    if mode == "P":
        image = image.convert("P")
        image.putpalette([0, 0, 0, 255, 255, 255])
        image.save(out, "PNG", bits=1, transparency=0)
    elif mode == "RGBA":
        Image.merge("RGBA", [image, image, image, image]).save(out, "PNG")
    else:
        image.convert(mode).save(out, "PNG")
    return out.getvalue()


def bitmap(data, origin=(2, 2), packed=True):
    data = zlib.compress(data) if packed else data
    return {"bitmap": {"origin": list(origin), "data": base64.b64encode(data).decode()}}


def write_supervisely(root, *objects, dataset="ds0", name="a.png", meta=META, **changes):
    write_image(root / dataset / "img" / name)
    size = {"height": SIZE[0], "width": SIZE[1]}
    content = {"description": "", "tags": [], "size": size, "objects": list(objects), **changes}
    write_json(root / dataset / "ann" / f"{name}.json", content)
    if meta is not None:
        write_json(root / "meta.json", meta)
    return root


def converted(source, **changes):
    return convert(ConvertConfig(source=source, **{"out": source.parent / "out", **changes}))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / "labels/ds0/a.png")


def test_classes_are_in_the_order_of_the_meta_file(tmp_path):
    """The format is recognised beside its images."""
    report = converted(write_supervisely(tmp_path / "sly", thing()))
    assert (report.format, report.classes.names) == ("supervisely", ("background", "dog", "cat"))
    np.testing.assert_array_equal(read_label(report.folder / "labels/ds0/a.png"), square(2))
    assert (report.folder / "images/ds0/a.png").is_file()


def test_without_a_meta_file_the_names_are_sorted(tmp_path):
    """They are those that are used."""
    root = write_supervisely(tmp_path / "sly", thing("cow"), thing("ant"), meta=None)
    assert converted(root).classes.names == ("background", "ant", "cow")


@pytest.mark.parametrize("mode", ["P", "L", "RGBA", "RGB"])
@pytest.mark.parametrize("packed", [True, False])
def test_bitmaps_are_painted_at_their_origin(tmp_path, mode, packed):
    """Packed or not, and whatever the mode; what is not set does not erase."""
    mask = np.random.default_rng(3).random((10, 10)) < 0.5
    under = thing("dog")
    own = thing("cat", "bitmap", **bitmap(png(mask, mode), packed=packed))
    label = label_of(write_supervisely(tmp_path / "sly", under, own))
    expected = square(1)
    expected[2:12, 2:12][mask] = 2
    np.testing.assert_array_equal(label, expected)


def test_bitmaps_may_reach_out_of_the_image(tmp_path):
    """They are cut."""
    own = thing("cat", "bitmap", **bitmap(png(np.ones((10, 10), bool)), origin=(-5, 13)))
    label = label_of(write_supervisely(tmp_path / "sly", own))
    assert int((label == 2).sum()) == 5 * 5
    assert label[17, 0] == 2


@pytest.mark.parametrize("rule", ["center", "coco"])
def test_holes_are_not_painted(tmp_path, rule):
    """What lies below shows in them."""
    hole = [[4, 4], [8, 4], [8, 8], [4, 8]]
    ring = thing(points={"exterior": SQUARE, "interior": [hole, hole]})
    label = label_of(write_supervisely(tmp_path / "sly", thing("dog"), ring), rule=rule)
    expected = square(2)
    expected[4:8, 4:8] = 1
    np.testing.assert_array_equal(label, expected)


def test_both_corners_of_a_rectangle_belong_to_it(tmp_path):
    """Whichever they are."""
    box = thing(kind="rectangle", points={"exterior": [[11, 2], [2, 11]], "interior": []})
    np.testing.assert_array_equal(label_of(write_supervisely(tmp_path / "sly", box)), square(2))


def test_parts_of_a_multipolygon_are_one_object(tmp_path):
    """Each with its own holes."""
    halves = [[[2, 2], [12, 2], [12, 7], [2, 7]], [[2, 7], [12, 7], [12, 12], [2, 12]]]
    own = thing(kind="multipolygon", parts=[{"exterior": half, "interior": []} for half in halves])
    np.testing.assert_array_equal(label_of(write_supervisely(tmp_path / "sly", own)), square(2))


def test_the_type_may_be_said_by_the_class(tmp_path):
    """As in older files."""
    own = thing("dog", **bitmap(png(np.ones((10, 10), bool))))
    del own["geometryType"]
    np.testing.assert_array_equal(label_of(write_supervisely(tmp_path / "sly", own)), square(1))


def test_datasets_called_like_splits_are_splits(tmp_path):
    """In whatever letters."""
    for dataset in ("Train", "val_set"):
        write_supervisely(tmp_path / "sly", thing(), dataset=dataset)
    found = read_description(converted(tmp_path / "sly").description)
    assert sorted(found.splits) == ["train", "val"]


def test_a_dataset_or_its_annotations_alone_are_a_source(tmp_path):
    """meta.json lies above."""
    root = write_supervisely(tmp_path / "sly", thing())
    for place, source in enumerate((root / "ds0", root / "ds0/ann")):
        report = converted(source, out=tmp_path / str(place))
        assert report.classes.names == ("background", "dog", "cat")
        np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))


def test_names_may_lack_the_suffix_of_the_image(tmp_path):
    """a.json of a.png, as older exports have it; images may lie elsewhere."""
    root = write_supervisely(tmp_path / "sly", thing())
    (root / "ds0/ann/a.png.json").rename(root / "ds0/ann/a.json")
    np.testing.assert_array_equal(label_of(root), square(2))
    (root / "ds0/img").rename(tmp_path / "photos")
    (root / "ds0/ann/a.json").rename(root / "ds0/ann/a.png.json")
    report = converted(root, images=tmp_path / "photos", out=tmp_path / "again")
    assert (report.folder / "images/ds0/a.png").is_file()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (thing(kind="cuboid", points=[]), "the type 'cuboid', which cannot be painted"),
        (thing(kind="graph", nodes={}), "the type 'graph'"),
        (thing(kind=3), "the type 3"),
        (thing(points={"exterior": [[1, 2]]}), "1 points, but a polygon needs"),
        (thing(points={"exterior": SQUARE, "interior": [[[1, 2]]]}), "1 points, but a polygon"),
        (thing(points={"exterior": 3}), "exterior must be a list"),
        (thing(kind="rectangle", points={"exterior": [["a", 1], [2, 3]]}), "corners that are not"),
        (thing(kind="bitmap", bitmap={"origin": [0, 0], "data": "%%"}), "not base64"),
        (thing(kind="bitmap", bitmap={"origin": [0], "data": ""}), r"a bitmap at \[0\]"),
        (thing(kind="bitmap", **bitmap(b"no image")), "not a readable image"),
        (thing(kind="bitmap", **bitmap(b"no image", packed=False)), "not a readable image"),
        (thing(kind="bitmap", **bitmap(bytes((1 << 26) + 9))), "more than 67,108,864 bytes"),
    ],
)
def test_objects_that_are_wrong_are_named(tmp_path, wrong, problem):
    """By their place."""
    root = write_supervisely(tmp_path / "sly", thing(), wrong)
    with pytest.raises(DatasetError, match=problem):
        converted(root)


@pytest.mark.parametrize(
    ("side", "problem"),
    [(16_384, "must be a file that unpacks to at most 1 GiB"), (60_000, "is not a readable image")],
)
def test_a_small_bitmap_of_a_huge_image_is_refused_before_it_is_unpacked(
    tmp_path, monkeypatch, side, problem
):
    """Its header says what it takes."""
    monkeypatch.setattr(supervisely, "decode_image", None)
    png = join(header(side, side, 1, 0), chunk(b"IDAT", zlib.compress(b"")))
    root = write_supervisely(tmp_path / "sly", thing(kind="bitmap", **bitmap(png)))
    with pytest.raises(DatasetError, match=f"a bitmap that {problem}"):
        converted(root)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 3},
        {"size": {"height": "a", "width": 3}},
        {"objects": 3},
        {"objects": [3]},
        {"objects": [{"classTitle": 3}]},
        {"objects": [{"classTitle": "cat"}]},
    ],
    ids=json.dumps,
)
def test_files_that_are_wrong_are_refused_in_a_sentence(tmp_path, changes):
    """Never with a traceback."""
    root = write_supervisely(tmp_path / "sly", thing(), **changes)
    with pytest.raises(DatasetError):
        converted(root, format="supervisely")
