"""Arrays and images of class indices: .npy, .mat, PNG, TIFF, GIF, BMP."""

import shlex
import sys

import numpy as np
import pytest
from PIL import Image

from convert.annotations import SIZE
from convert.pixel_files import converted, label_of, random_index, save
from pixelwise.cli.entry import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.array import _among, _whole_numbers
from pixelwise.convert.pixels.array_files import decode_npy
from pixelwise.errors import DatasetError, LabelError
from pixelwise.labels.png import read_label

INDEX = random_index(3, seed=7)
CLASSES = "a=#000000,b=#00ff00,c=#0000ff"


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.uint16, ">i2"])
@pytest.mark.parametrize("axes", [(), (0,), (2,)], ids=str)
def test_npy_arrays_of_whole_numbers_are_read(tmp_path, dtype, axes):
    """Any dtype and byte order, with or without an axis of one channel."""
    (tmp_path / "arrays").mkdir()
    array = np.expand_dims(INDEX, axes) if axes else INDEX
    np.save(tmp_path / "arrays/a.npy", np.asfortranarray(array.astype(dtype)))
    report = converted(tmp_path / "arrays", "array", classes=CLASSES)
    np.testing.assert_array_equal(label_of(report), INDEX)


def test_negative_values_may_be_void(tmp_path):
    """labelme's .npy files have -1."""
    (tmp_path / "arrays").mkdir()
    array = INDEX.astype(np.int32)
    array[0, :5] = -1
    np.save(tmp_path / "arrays/a.npy", array)
    with pytest.raises(DatasetError, match=r"-1 .5 pixels"):
        converted(tmp_path / "arrays", "array", classes=CLASSES)
    report = converted(tmp_path / "arrays", "array", classes=CLASSES, ignore_values=(-1,))
    np.testing.assert_array_equal(label_of(report), np.where(array < 0, 255, INDEX))


def test_values_that_are_not_a_class_are_an_error_or_void(tmp_path):
    """Named with counts and place."""
    array = INDEX.copy()
    array[2, 3] = 9
    save(tmp_path / "arrays/a.png", array)
    with pytest.raises(DatasetError, match=r"got 9 \(1 pixel, first at y=2 x=3\)"):
        converted(tmp_path / "arrays", "array", classes=CLASSES)
    report = converted(tmp_path / "arrays", "array", classes=CLASSES, unknown="ignore")
    assert label_of(report)[2, 3] == 255


def test_values_may_swap_places_and_join(tmp_path):
    """One simultaneous table: 0 and 2 swap, 1 joins 2."""
    save(tmp_path / "arrays/a.png", INDEX)
    text = '[[classes]]\nname = "x"\nvalue = [2, 1]\n[[classes]]\nname = "y"\nvalue = 0\n'
    (tmp_path / "classes.toml").write_text(text)
    report = converted(tmp_path / "arrays", "array", classes=str(tmp_path / "classes.toml"))
    np.testing.assert_array_equal(label_of(report), INDEX == 0)


@pytest.mark.parametrize("suffix", ["tif", "gif", "bmp", "png"])
def test_images_of_indices_are_read_exactly(tmp_path, suffix):
    """Values are not scaled, palettes are not applied."""
    image = Image.frombytes("P", SIZE[::-1], INDEX.tobytes())
    image.putpalette(list(range(255, -1, -1)) * 3)
    (tmp_path / "arrays").mkdir()
    image.save(tmp_path / f"arrays/a.{suffix}", optimize=False)
    report = converted(tmp_path / "arrays", "array", classes=CLASSES)
    np.testing.assert_array_equal(label_of(report), INDEX)


def test_mat_files_are_read_inside_structures_too(tmp_path):
    """As SBD keeps them: GTcls.Segmentation."""
    savemat = pytest.importorskip("scipy.io", reason="SciPy is not installed").savemat
    (tmp_path / "arrays").mkdir()
    inner = {"Segmentation": INDEX, "CategoriesPresent": np.array([[1], [2]])}
    savemat(tmp_path / "arrays/a.mat", {"GTcls": inner}, do_compression=True)
    report = converted(tmp_path / "arrays", "array", classes=CLASSES)
    np.testing.assert_array_equal(label_of(report), INDEX)


def test_mat_files_with_two_arrays_are_ambiguous(tmp_path):
    """Their names are in the message."""
    savemat = pytest.importorskip("scipy.io", reason="SciPy is not installed").savemat
    (tmp_path / "arrays").mkdir()
    savemat(tmp_path / "arrays/a.mat", {"x": INDEX, "y": INDEX})
    with pytest.raises(DatasetError, match=r"a single \(H, W\) array, got 2: x \(18 x 30\), y"):
        converted(tmp_path / "arrays", "array", classes=CLASSES)


def test_mat_files_are_read_without_scipy(tmp_path, monkeypatch):
    """The bytes are those that SciPy writes; SciPy itself cannot be imported."""
    savemat = pytest.importorskip("scipy.io", reason="SciPy is not installed").savemat
    (tmp_path / "arrays").mkdir()
    savemat(tmp_path / "arrays/a.mat", {"x": INDEX})
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    report = converted(tmp_path / "arrays", "array", classes=CLASSES)
    np.testing.assert_array_equal(label_of(report), INDEX)


def npy_with(shape, dtype="|u1", data=b"", version=1, text=False):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape})
    header = (shape if text else header).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy_with((10**9, 10**9)), r"got 0 bytes for shape \(1000000000, 1000000000\)"),
        (npy_with((4, 4), data=b"x" * 15), "15 bytes for shape"),
        (npy_with((2, 2), "|O", b"cos\nsystem\n"), "an array of Python objects"),
        (npy_with("()"), "a .npy array of numbers"),
        (b"\x93NUMPY\x09\x00", "a .npy array of numbers"),
        (b"no array", "a .npy array of numbers"),
        (npy_with((2, 2), data=b"1234", version=3), "got version 3.0"),
        (npy_with("('", text=True), "a .npy array of numbers"),
        (npy_with("(" * 900, text=True), "a .npy array of numbers"),
        (npy_with("-" * 9000 + "1", text=True), "a .npy array of numbers"),
        (npy_with((-2, -2), data=b"1234"), r"4 bytes for shape \(-2, -2\)"),
        (npy_with((10**400, 0)), "a .npy array of numbers"),
        (npy_with((2,), "|V999999999999"), "a .npy array of numbers"),
    ],
    ids=[
        *("huge", "cut", "objects", "shape", "version", "text", "version 3", "open quote"),
        *("brackets", "deep", "negative", "digits", "wide"),
    ],
)
def test_npy_files_that_are_hostile_are_refused(tmp_path, data, message):
    """Before memory is taken, and without unpickling anything."""
    with pytest.raises(DatasetError, match=message):
        decode_npy(tmp_path / "a.npy", data)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.where(INDEX == 1, np.nan, 0.0), "whole numbers, got NaN"),
        (INDEX + 0.5, "whole numbers, got fractions or infinity"),
        (np.zeros((4, 4, 3)), r"got float64 with shape \(4, 4, 3\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((4, 4), complex), "got complex128"),
    ],
    ids=["nan", "fraction", "color", "empty", "complex"],
)
def test_arrays_that_are_not_labels_are_refused(tmp_path, array, message):
    """Never rounded, never cut."""
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays/a.npy", array)
    with pytest.raises(DatasetError, match=message):
        converted(tmp_path / "arrays", "array", classes=CLASSES)


def test_an_animated_gif_is_refused(tmp_path):
    """Which of its images would be the label?"""
    (tmp_path / "arrays").mkdir()
    frames = [Image.fromarray(INDEX * 80), Image.fromarray(255 - INDEX * 80)]
    frames[0].save(tmp_path / "arrays/a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DatasetError, match="one image, got 2 frames"):
        converted(tmp_path / "arrays", "array", classes=CLASSES)


def test_the_arrays_of_labelme_equal_its_pngs(tmp_path, shared):
    """-1 there is 255 here."""
    folder = shared / "data/labelme/semantic_segmentation/data_dataset_voc"
    report = convert(
        ConvertConfig(
            source=folder / "SegmentationClassNpy",
            format="array",
            out=tmp_path / "out",
            classes=str(folder / "class_names.txt"),
            ignore_values=(-1,),
        )
    )
    for path in sorted((folder / "SegmentationClass").glob("*.png")):
        np.testing.assert_array_equal(label_of(report, path.stem), read_label(path))


def test_classes_and_void_may_not_be_the_same_value(tmp_path):
    """1 is a class."""
    save(tmp_path / "arrays/a.png", INDEX)
    with pytest.raises(LabelError, match="not those of a class, got 1 of b"):
        converted(tmp_path / "arrays", "array", classes=CLASSES, ignore_values=(1,))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.float32, bool])
def test_values_keep_their_dtype_and_may_be_ignored_in_any(dtype):
    """Eight bytes a pixel would be eight times the file."""
    values = np.array([[0, 1], [1, 0]], dtype)
    found = _whole_numbers("a.npy", values)
    assert found.dtype == {bool: np.uint8, np.float32: np.int64}.get(dtype, dtype)
    assert found.tolist() == values.astype(int).tolist()
    assert _among(found, [1, 70_000]).tolist() == (values == 1).tolist()


def test_values_of_which_the_foreground_is_not_clear_are_asked_with_a_command(tmp_path):
    """No guess gets into the dataset in silence."""
    (tmp_path / "arrays").mkdir()
    for number in range(3):
        np.save(tmp_path / f"arrays/{number}.npy", np.where(np.eye(9, dtype=bool), 2, 1))
    asked = pytest.raises(DatasetError, match=r"stored as 1, 2: is 2 the foreground\? Give .*=1,")
    with asked as found:
        convert(ConvertConfig(tmp_path / "arrays", out=tmp_path / "out"))
    words = shlex.split(found.value.hint.partition(": ")[2])
    assert main(words[1:]) == 0
    np.testing.assert_array_equal(read_label(tmp_path / "out/labels/0.png"), np.eye(9))
