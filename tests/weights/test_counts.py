"""Counting labels: pixels, images and void of each class, exactly, in any order."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import write_label
from pixelwise.weights.counts import LabelCounts, count_labels, count_values

CLASSES = Classes(["sky", "road", "car"], ignore_values=[11])
# three labels: car only in the last, void in the last two
LABELS = [
    np.array([[0, 0, 1], [1, 1, 1]], np.uint8),
    np.array([[0, 11], [255, 0]], np.uint8),
    np.array([[2, 2, 2, 1, 11]], np.uint8),
]


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{n}.png" for n in range(len(LABELS))]
    for path, label in zip(paths, LABELS):
        write_label(path, label)
    return paths


def test_pixels_images_and_void_are_counted_by_class(files):
    """image_pixels: the valid pixels of the images that contain the class."""
    expected = LabelCounts([4, 5, 3], [2, 2, 1], ignored=3, files=3, image_pixels=[8, 10, 4])
    assert count_labels(files, CLASSES) == expected


def test_pairs_and_paths_count_alike(files):
    """The images of pairs are not opened."""
    pairs = [Pair(path.stem, path.with_suffix(".missing"), path) for path in files]
    expected = count_labels(files, CLASSES)
    assert count_labels(pairs, CLASSES) == expected
    assert count_labels([str(path) for path in files], CLASSES) == expected
    assert count_labels(iter(files), CLASSES) == expected


def test_an_executor_changes_nothing(files):
    """Sums of integers, in the order of the files."""
    with ThreadPoolExecutor(3) as executor:
        assert count_labels(files * 30, CLASSES, executor) == count_labels(files * 30, CLASSES)


@pytest.mark.parametrize("cut", range(4))
def test_counts_of_parts_add_up_to_the_counts_of_all(files, cut):
    """A dataset can be counted in shards."""
    parts = [count_labels(files[:cut], CLASSES), count_labels(files[cut:], CLASSES)]
    assert sum(parts) == sum(reversed(parts)) == count_labels(files, CLASSES)


def test_no_files_are_the_zero_of_addition(files):
    """0 + a = a = a + 0."""
    counts, zero = count_labels(files, CLASSES), count_labels([], CLASSES)
    assert zero == LabelCounts.zero(3)
    assert counts + zero == zero + counts == counts == sum([counts])


def test_stored_values_become_classes_before_they_are_counted(tmp_path):
    """Several stored values of one class add up; "other" takes what is left."""
    write_label(tmp_path / "a.png", np.array([[0, 7, 8, 255, 9]], np.uint8))
    classes = Classes(["none", "some", "rest"], values=[0, [7, 8], "other"])
    counts = count_labels([tmp_path / "a.png"], classes)
    assert counts.pixels.tolist() == [1, 2, 2]
    assert counts.images.tolist() == [1, 1, 1]


def test_labels_of_16_bits_are_counted(tmp_path):
    """More than 256 values in one file."""
    ids = np.arange(1000, dtype=np.uint16).reshape(20, 50)
    write_label(tmp_path / "a.png", ids)
    classes = Classes(["background", "object"], values=[0, "other"])
    assert count_labels([tmp_path / "a.png"], classes).pixels.tolist() == [1, 999]


def test_void_files_contain_no_class(tmp_path):
    """They are counted as files, and their pixels as ignored."""
    write_label(tmp_path / "a.png", np.full((3, 4), 11, np.uint8))
    counts = count_labels([tmp_path / "a.png"], CLASSES)
    assert (counts.files, counts.ignored, counts.valid) == (1, 12, 0)
    assert counts.images.tolist() == counts.image_pixels.tolist() == [0, 0, 0]


def test_unknown_values_are_named_with_file_pixels_and_place(tmp_path):
    """Not with the place in some intermediate array."""
    write_label(tmp_path / "a.png", np.array([[0, 0], [3, 0], [3, 7]], np.uint8))
    message = r"a\.png: stored values .* 3 \(2 pixels, first at y=1 x=0\), 7 \(1 pixel, .* y=2 x=1"
    with pytest.raises(LabelError, match=message):
        count_labels([tmp_path / "a.png"], CLASSES)


def test_all_wrong_files_are_reported_at_once(files, tmp_path):
    """Counting goes on behind the first wrong file; the message stays readable."""
    write_label(tmp_path / "wrong.png", np.array([[3]], np.uint8))
    Image.new("RGB", (2, 2)).save(tmp_path / "colour.png")
    wrong = [tmp_path / "wrong.png", tmp_path / "colour.png", tmp_path / "missing.png"]
    message = r"3 label files are wrong: .*wrong\.png: .* \| .*colour\.png: .* \| .*missing\.png: "
    with pytest.raises(LabelError, match=message):
        count_labels([*files, *wrong], CLASSES)
    with pytest.raises(LabelError, match=r"8 label files are wrong: .* and 3 more\."):
        count_labels(wrong[:1] * 8, CLASSES)


def test_pairs_without_labels_are_refused_together():
    """An unlabelled split cannot be counted."""
    pairs = [Pair("a", "a.jpg", None), Pair("b", "b.jpg", None)]
    with pytest.raises(PairingError, match=r"2 images without a label: a, b\."):
        count_labels(pairs, CLASSES)


def test_one_path_is_no_list_of_files(tmp_path):
    """A folder or file in place of a list would be read letter by letter."""
    with pytest.raises(ArgumentTypeError, match=r"got '.*'\. Pass find_pairs"):
        count_labels(str(tmp_path), CLASSES)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (300, 211)])
def test_values_are_counted_like_numpy_counts_unique_ones(dtype, shape):
    """Ascending, in the dtype of the label; any layout in memory."""
    rng = np.random.default_rng(1)
    label = rng.choice([0, 3, 200, 255], shape).astype(dtype)
    for view in (label, label.T, label[::-1, ::2]):
        expected = np.unique(view, return_counts=True)
        values, pixels = count_values(view)
        assert values.dtype == dtype
        np.testing.assert_array_equal(values, expected[0])
        np.testing.assert_array_equal(pixels, expected[1])


def test_counts_survive_a_pickle_and_cannot_be_changed(files):
    """Workers send them back; a record is a value."""
    counts = count_labels(files, CLASSES)
    restored = pickle.loads(pickle.dumps(counts))
    assert restored == counts
    assert hash(restored) == hash(counts)
    assert counts != LabelCounts.zero(3)
    assert counts != "counts"
    with pytest.raises(ValueError, match="read-only"):
        restored.pixels[0] = 1


def test_counts_of_other_classes_cannot_be_added():
    """2 classes + 3 classes is a mistake; so are arrays of different length."""
    with pytest.raises(ArgumentError, match=r"of the same classes, got pixels \(2,\) and \(3,\)"):
        LabelCounts.zero(2) + LabelCounts.zero(3)
    with pytest.raises(ArgumentError, match=r"images must be \(C,\) = \(2\)"):
        LabelCounts([1, 2], [1], 0, 1, [3, 3])
    with pytest.raises(TypeError, match="unsupported operand"):
        LabelCounts.zero(2) + 1


def test_camvid_has_the_pixels_that_numpy_counts(shared):
    """101 real labels, against np.bincount of the decoded files."""
    split = Split("val/images", "val/labels")
    classes = Classes.named("camvid")
    pairs = Description(shared / "data" / "camvid", classes, {"val": split}).pairs("val")
    decoded = [np.asarray(Image.open(pair.label)) for pair in pairs]
    pixels = [np.bincount(label.ravel(), minlength=12) for label in decoded]
    counts = count_labels(pairs, classes)
    assert counts.pixels.tolist() == np.sum(pixels, axis=0)[:11].tolist()
    assert counts.ignored == np.sum(pixels, axis=0)[11]
    assert counts.images.tolist() == np.count_nonzero(pixels, axis=0)[:11].tolist()
    assert counts.files == 101
