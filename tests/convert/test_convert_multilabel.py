"""Classes that overlap: COCO, labelme, masks and stacks become a label image of each class."""

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from convert.annotations import (
    RIGHT,
    SIZE,
    SQUARE,
    digests,
    shape,
    square,
    write_image,
    write_json,
    write_labelme,
)
from pixelwise.cli import main
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.members import file_names
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.overlap.members import read_members

LEFT = square()
OTHER = np.zeros(SIZE, np.uint8)
OTHER[4:16, 10:24] = 1


def converted(source, **changes):
    settings = {"task": "multilabel", "out": source.parent / "out", **changes}
    return pw.convert(source, **settings)


def members_of(report):
    """{id: (C, H, W)} of every split."""
    description = read_description(report.folder)
    pairs = [pair for split in description.splits for pair in description.pairs(split)]
    return {pair.id: read_members(pair, description.classes) for pair in pairs}


def write_masks(folder, form="{name}/{id}.png", ids="abc", values=(255, 255)):
    for number, id in enumerate(ids):
        write_image(folder / f"images/{id}.png", seed=number)
        for name, mask, value in zip(("cat", "dog"), (LEFT, OTHER), values):
            path = folder / "masks" / form.format(id=id, name=name)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask * np.uint8(value)).save(path)
    return folder / "masks"


def annotation(polygon, category, **more):
    flat = [[value for point in polygon for value in point]]
    return {"id": 1, "image_id": 1, "category_id": category, "segmentation": flat, **more}


def write_coco(folder, annotations):
    write_image(folder / "a.png")
    categories = [{"id": 3, "name": "cat"}, {"id": 17, "name": "dog/fox"}, {"id": 20, "name": "e"}]
    image = {"id": 1, "file_name": "a.png", "height": SIZE[0], "width": SIZE[1]}
    table = {"images": [image], "categories": categories, "annotations": annotations}
    return write_json(folder / "instances.json", table)


def test_shapes_of_coco_overlap_and_a_crowd_is_void_for_its_class(tmp_path):
    """No shape hides another; a class that is not there has no file."""
    crowd = annotation(RIGHT, 3, iscrowd=1)
    file = write_coco(tmp_path / "coco", [crowd, annotation(SQUARE, 3), annotation(RIGHT, 17)])
    report = converted(file)
    assert report.classes.names == ("cat", "dog/fox", "e")
    assert report.classes.files == ("cat", "dog_fox", "e")
    members = members_of(report)["a"]
    np.testing.assert_array_equal(members[0], np.where(LEFT, 1, 255 * OTHER))
    np.testing.assert_array_equal(members[1], OTHER)
    assert not members[2].any()
    assert report.overlapped == int((LEFT & OTHER).sum())
    assert not (report.folder / "labels/e/a.png").exists()
    assert "order" not in report.text()
    with Image.open(report.folder / "labels/dog_fox/a.png") as label:
        assert label.mode == "P"
    # as one class a pixel, a crowd is of its class
    file = write_coco(tmp_path / "coco", [crowd, annotation(SQUARE, 3)])
    one = converted(file, task=None, out=tmp_path / "one")
    assert (pw.read_label(one.folder / "labels/a.png") == 1).sum() > LEFT.sum()


def test_shapes_of_labelme_have_no_background_and_void_is_void_everywhere(tmp_path):
    """_background_ is nowhere a class; void wins over what lies below."""
    shapes = [shape("_background_", RIGHT), shape("cat", SQUARE), shape("dog", RIGHT)]
    write_labelme(
        tmp_path / "drawn", "a", [*shapes, shape("void", [[2, 2], [5, 2], [5, 5], [2, 5]])]
    )
    write_labelme(tmp_path / "drawn", "b", [])
    report = converted(tmp_path / "drawn")
    assert report.classes.names == ("cat", "dog")
    found = members_of(report)
    corner = np.zeros(SIZE, bool)
    corner[2:5, 2:5] = True
    for plane, mask in zip(found["a"], (LEFT, OTHER)):
        np.testing.assert_array_equal(plane, np.where(corner, 255, mask))
    assert not found["b"].any()


def test_where_nothing_covers_may_be_void(tmp_path):
    """For all classes."""
    write_labelme(tmp_path / "drawn", "a", [shape("cat", SQUARE), shape("dog", RIGHT)])
    cat, dog = members_of(converted(tmp_path / "drawn", background="ignore"))["a"]
    covered = (LEFT | OTHER) == 1
    np.testing.assert_array_equal(cat, np.where(covered, LEFT, 255))
    np.testing.assert_array_equal(dog, np.where(covered, OTHER, 255))


@pytest.mark.parametrize("form", ["{name}/{id}.png", "{id}/{name}.png", "{id}_{name}.png"])
def test_masks_of_each_class_overlap(tmp_path, form):
    """However their names say which class it is; 0/1 and 0/255 side by side."""
    source = write_masks(tmp_path / "set", form, values=(1, 255))
    report = converted(source, images=tmp_path / "set/images")
    for members in members_of(report).values():
        np.testing.assert_array_equal(members, [LEFT, OTHER])
    assert "on top" not in report.text()


def test_void_of_a_mask_is_void_for_its_class(tmp_path):
    """Values that were said to be void."""
    source = write_masks(tmp_path / "set")
    Image.fromarray(255 * LEFT + 7 * OTHER * (1 - LEFT)).save(source / "cat/a.png")
    settings = {"images": tmp_path / "set/images", "format": "masks"}
    members = members_of(converted(source, ignore_values=(7,), **settings))["a"]
    np.testing.assert_array_equal(members[0], np.where(LEFT, 1, 255 * OTHER))
    np.testing.assert_array_equal(members[1], OTHER)


def save_npy(path, planes):
    np.save(path, planes)


def save_npz(path, planes):
    np.savez(path, labels=planes)


def save_named(path, planes):
    np.savez_compressed(path, dog=planes[1], cat=planes[0])


def save_pages(path, planes):
    first, *others = map(Image.fromarray, planes)
    first.save(path, save_all=True, append_images=others, compression="tiff_deflate")


STACKS = [(save_npy, ".npy"), (save_npz, ".npz"), (save_named, ".npz"), (save_pages, ".tif")]


@pytest.mark.parametrize(("save", "suffix"), STACKS)
@pytest.mark.parametrize("value", [1, 255])
def test_planes_of_a_stack_are_classes(tmp_path, save, suffix, value):
    """In the order of the classes, or by their names; 9 is void where it stands."""
    planes = np.stack([LEFT, OTHER]) * np.uint8(value)
    planes[1, 0, 0] = 9
    (tmp_path / "stacks").mkdir()
    for id in "ab":
        write_image(tmp_path / f"images/{id}.png", seed=ord(id))
        save(tmp_path / f"stacks/{id}{suffix}", planes)
    report = converted(
        tmp_path / "stacks",
        images=tmp_path / "images",
        format="array",
        classes="cat,dog",
        ignore_values=(9,),
    )
    expected = np.stack([LEFT, OTHER])
    expected[1, 0, 0] = 255
    for members in members_of(report).values():
        np.testing.assert_array_equal(members, expected)
    assert report.classes.names == ("cat", "dog")


def test_arrays_that_are_named_need_no_classes(tmp_path):
    """Their names are those of the classes."""
    (tmp_path / "stacks").mkdir()
    write_image(tmp_path / "images/a.png")
    save_named(tmp_path / "stacks/a.npz", np.stack([LEFT, OTHER]).astype(bool))
    report = converted(tmp_path / "stacks", images=tmp_path / "images")
    assert set(report.classes.names) == {"cat", "dog"}


def test_a_named_array_may_be_in_one_file_alone(tmp_path):
    """The classes are those of all files; an array with other axes is none of them."""
    (tmp_path / "stacks").mkdir()
    for number in range(30):
        write_image(tmp_path / f"images/{number}.png", seed=number)
        rare = {"rare": OTHER} if number == 17 else {}
        np.savez(tmp_path / f"stacks/{number}.npz", cat=LEFT, **rare)
    report = converted(tmp_path / "stacks", images=tmp_path / "images")
    assert report.classes.names == ("cat", "rare")
    found = members_of(report)
    assert [id for id, members in found.items() if members[1].any()] == ["17"]


@pytest.mark.parametrize(("void", "inside"), [(1, 2), (128, 255), (255, 1)])
def test_any_value_of_planes_may_be_void(tmp_path, void, inside):
    """The message names it, also where it would be the number of a class."""
    source = tmp_path / "stacks"
    source.mkdir()
    write_image(tmp_path / "images/a.png")
    planes = np.stack([LEFT, OTHER]) * np.uint8(inside)
    planes[0, -1, -1] = void
    np.save(source / "a.npy", planes)
    given = {"images": tmp_path / "images", "classes": "cat,dog", "ignore_values": (void,)}
    cat = members_of(converted(source, **given))["a"][0]
    assert cat[-1, -1] == 255
    with pytest.raises(DatasetError, match="ignore_values must be without 0, which is no class"):
        converted(source, **given | {"ignore_values": (0,)})


@pytest.mark.parametrize("value", [-1, 1 << 16])
def test_planes_hold_values_that_a_label_can_have(tmp_path, value):
    """Others are not offered as void, which they cannot be."""
    write_image(tmp_path / "images/a.png")
    (tmp_path / "stacks").mkdir()
    np.save(tmp_path / "stacks/a.npy", np.stack([LEFT, OTHER]).astype(int) * value)
    with pytest.raises(pw.PixelwiseError, match=r"whole numbers 0\.\.65535, got int64, not all of"):
        converted(tmp_path / "stacks", images=tmp_path / "images", classes="cat,dog")


@pytest.mark.parametrize(
    ("planes", "classes", "message"),
    [
        (np.stack([LEFT, OTHER]), "cat,dog,fox", "planes must be 3, one for each of cat, dog, fox"),
        (np.stack([LEFT, OTHER]), None, "classes must be named.*--classes|classes must be named"),
        (LEFT, "cat,dog", r"array must be \(C, H, W\), a plane for each class, got uint8 with"),
        (np.stack([LEFT, 7 * OTHER]), "cat,dog", r"0 and one other, which is the class, got 1, 7"),
        (np.stack([LEFT, OTHER]) * 0.5, "cat,dog", "Probabilities are not labels"),
    ],
)
def test_a_stack_that_says_less_is_refused(tmp_path, planes, classes, message):
    """One sentence, with the option that helps."""
    write_image(tmp_path / "images/a.png")
    (tmp_path / "stacks").mkdir()
    np.save(tmp_path / "stacks/a.npy", planes)
    with pytest.raises((ArgumentError, DatasetError, pw.PixelwiseError), match=message):
        converted(tmp_path / "stacks", images=tmp_path / "images", classes=classes)


def test_a_stack_without_the_task_is_told_of_it(tmp_path):
    """The message has the option."""
    write_image(tmp_path / "images/a.png")
    (tmp_path / "stacks").mkdir()
    np.save(tmp_path / "stacks/a.npy", np.stack([LEFT, OTHER]))
    with pytest.raises(pw.PixelwiseError, match=r"a plane for each class: task=.multilabel."):
        converted(tmp_path / "stacks", images=tmp_path / "images", task=None, classes="a,b")


def test_pickled_arrays_are_never_opened(tmp_path):
    """An object array could run anything."""
    write_image(tmp_path / "images/a.png")
    (tmp_path / "stacks").mkdir()
    np.save(tmp_path / "stacks/a.npy", np.array([LEFT, None], object), allow_pickle=True)
    with pytest.raises(DatasetError, match="array of numbers"):
        converted(tmp_path / "stacks", images=tmp_path / "images", classes="cat,dog")


def test_a_tiff_file_whose_pages_repeat_is_refused(tmp_path):
    """A directory that follows itself would never end."""
    write_image(tmp_path / "images/a.png")
    (tmp_path / "stacks").mkdir()
    path = tmp_path / "stacks/a.tif"
    save_pages(path, np.stack([LEFT, OTHER]))
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[4:8], "little")
    for _ in range(2):
        entries = int.from_bytes(data[first : first + 2], "little")
        last = first + 2 + 12 * entries
        following = int.from_bytes(data[last : last + 4], "little")
        first = following or first
    data[last : last + 4] = data[4:8]
    path.write_bytes(data)
    with pytest.raises(pw.PixelwiseError, match="repeats itself"):
        converted(
            tmp_path / "stacks", images=tmp_path / "images", classes="cat,dog", format="array"
        )


def test_the_same_conversion_writes_the_same_bytes_and_goes_on_where_it_was(tmp_path):
    """A file that was lost is made again; a class that is gone loses its file."""
    source = write_masks(tmp_path / "set")
    settings = {"images": tmp_path / "set/images"}
    first = converted(source, **settings)
    before = digests(first.folder)
    assert converted(source, **settings).resumed == 3
    (first.folder / "labels/cat/a.png").unlink()
    assert converted(source, **settings).resumed == 2
    assert digests(first.folder) == before
    Image.fromarray(0 * LEFT).save(source / "dog/b.png")
    again = converted(source, **settings)
    assert not (again.folder / "labels/dog/b.png").exists()
    assert not members_of(again)["b"][1].any()


def test_several_splits_share_their_classes(tmp_path):
    """The second split is added to the description of the first."""
    for split in ("train", "val"):
        source = write_masks(tmp_path / split)
        converted(source, images=tmp_path / split / "images", split=split, out=tmp_path / "out")
    description = read_description(tmp_path / "out")
    assert description.splits["val"].labels == "val/labels/{class}"
    assert [len(description.pairs(split)) for split in ("train", "val")] == [3, 3]
    with pytest.raises(DatasetError, match=r"task must be that of .*multilabel, got one class"):
        converted(
            source,
            images=tmp_path / "val" / "images",
            task=None,
            split="test",
            out=tmp_path / "out",
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": "area"}, "order must be left out with task=.multilabel."),
        ({"sidecars": ("huggingface",)}, "sidecars must be left out with task=.multilabel."),
        ({"background": "sky"}, "background must be ignore or left out"),
        ({"format": "color"}, "task must be left out with format color"),
    ],
)
def test_settings_of_one_class_a_pixel_are_refused(tmp_path, settings, message):
    """Before anything is read."""
    with pytest.raises(ArgumentError, match=message):
        ConvertConfig(source=tmp_path, task="multilabel", **settings)


def test_names_of_classes_become_names_of_folders():
    """Whatever a file system refuses."""
    names = [
        "a/b",
        "a_b",
        "Car",
        "car",
        "con",
        "..",
        "*?",
        300 * "x",
        300 * "x" + "y",
        99 * "ß",
        "é",
    ]
    found = file_names(names)
    assert pw.Classes(names, files=found).files == tuple(found)
    assert found[2] == "Car"
    assert found[-1] == "é"
    assert max(len(name.encode()) for name in found) < 200


def test_a_converted_set_is_trained_on_by_the_commands(tmp_path, capsys):
    """convert -> audit -> weights on the result."""
    source = write_masks(tmp_path / "set", ids="abcdefgh")
    out = tmp_path / "out"
    words = ["--task", "multilabel", "--images", str(tmp_path / "set/images"), "--out", str(out)]
    assert main(["convert", str(source), *words]) == 0
    assert "cat, dog" in capsys.readouterr().out
    assert set(pw.audit(out).totals) <= {"S4", "S1"}
    assert pw.weights(out).counts.images.min() > 0
