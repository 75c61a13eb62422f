"""Counting: every valid pixel once, nothing else, exactly."""

import pickle
import re

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import BAND_PIXELS, ConfusionCounts, count_confusion

DTYPES = ["uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "uint64"]


def draw(shape, num_classes, seed, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    return rng.integers(0, num_classes, shape).astype(dtype)


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_target_and_columns_the_prediction(seed):
    """matrix[t, p] is the number of pixels with that target and that prediction."""
    pred, target = draw((7, 9), 4, seed), draw((7, 9), 4, seed + 100)
    expected = oracle.confusion(oracle.pixels_of(pred, target), 4)
    assert count_confusion(pred, target, 4).matrix.tolist() == expected


def test_only_the_target_decides_what_is_ignored():
    """An ignored pixel enters no count, whatever was predicted there."""
    target = np.array([[0, 255, 1], [255, 1, 1]], np.uint8)
    pred = np.array([[0, 77, 1], [0, 0, 1]], np.uint8)
    counts = count_confusion(pred, target, 2)
    assert counts.matrix.tolist() == [[1, 0], [1, 2]]
    assert (counts.ignored, counts.valid, counts.images) == (2, 4, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_integer_dtype_gives_the_same_counts(dtype):
    """The dtype of an index says nothing about the class; products do not wrap at 256."""
    pred, target = draw((20, 20), 100, 1), draw((20, 20), 100, 2)
    expected = count_confusion(pred, target, 100)
    assert count_confusion(pred.astype(dtype), target.astype(dtype), 100) == expected
    assert count_confusion(pred, target.astype(dtype), 100) == expected


def test_bool_arrays_are_the_classes_0_and_1():
    """A thresholded prediction is counted as it is."""
    pred, target = np.array([[True, False, True]]), np.array([[1, 1, 0]], np.uint8)
    assert count_confusion(pred, target, 2).matrix.tolist() == [[0, 1], [1, 1]]
    assert count_confusion(pred, pred, 2).matrix.tolist() == [[1, 0], [0, 2]]


@pytest.mark.parametrize(
    ("void", "ignore_index", "dtype"),
    [
        (255, 255, np.uint8),
        (-1, -1, np.int16),
        (-100, -100, np.int64),
        (65535, 65535, np.uint16),
        (3, 3, np.uint8),
        (255, (255, 7), np.uint8),
        (255, [255], np.uint8),
        (255, np.uint8(255), np.uint8),
        (255, np.array([255, -1]), np.uint8),
    ],
)
def test_any_integer_may_mean_ignored(void, ignore_index, dtype):
    """Which value means ignored changes nothing but the name of the ignored pixels."""
    target = np.array([[0, 1, void], [2, void, 1]], dtype)
    pred = np.array([[0, 2, 0], [2, 1, 1]])
    counts = count_confusion(pred, target, 3, ignore_index=ignore_index)
    assert counts.matrix.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert counts.ignored == 2


def test_several_values_may_be_ignored_at_once():
    """All values of a sequence are left out, class indices included."""
    target = np.array([0, 1, 2, 254, 255], np.uint8)
    counts = count_confusion(np.zeros(5, np.uint8), target, 3, ignore_index=(254, 255, 0))
    assert counts.matrix.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert counts.ignored == 3


def test_a_mask_says_which_pixels_are_ignored():
    """Ignoring by mask is ignoring by value."""
    target, pred = draw((5, 6), 3, 1), draw((5, 6), 3, 2)
    mask = draw((5, 6), 2, 3).astype(bool)
    by_value = count_confusion(pred, np.where(mask, 255, target), 3)
    assert count_confusion(pred, target, 3, ignore_index=mask) == by_value


def test_nothing_is_ignored_without_an_ignore_index():
    """ignore_index=None makes every value a class or an error."""
    index = np.arange(256, dtype=np.uint8)
    assert count_confusion(index, index, 256, ignore_index=None).matrix[255, 255] == 1


@pytest.mark.parametrize("empty", [(), [], None])
def test_an_unused_ignore_index_changes_nothing(empty):
    """With no void pixel, every way to ignore gives the same counts."""
    pred, target = draw((4, 4), 3, 1), draw((4, 4), 3, 2)
    assert count_confusion(pred, target, 3, empty) == count_confusion(pred, target, 3)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::2, 1::3],
        lambda a: a.T,
        lambda a: a[::-1, ::-1],
        np.asfortranarray,
        lambda a: np.broadcast_to(a[:1], a.shape),
    ],
)
def test_the_layout_in_memory_does_not_matter(view):
    """Any strides count like a contiguous copy, also if the two arrays differ in layout."""
    pred, target = view(draw((24, 24), 5, 1)), draw((24, 24), 5, 2)
    target = target[: pred.shape[0], : pred.shape[1]]
    expected = count_confusion(pred.copy(), target.copy(), 5)
    assert count_confusion(pred, target, 5) == expected


@pytest.mark.parametrize("pixels", [BAND_PIXELS - 1, BAND_PIXELS, 2 * BAND_PIXELS + 3])
def test_bands_add_up_to_the_whole(pixels):
    """Cutting the work into bands loses no pixel and counts none twice."""
    pred, target = draw(pixels, 3, 1), draw(pixels, 3, 2)
    target[-5:] = 255
    expected = [[int(((target == t) & (pred == p)).sum()) for p in range(3)] for t in range(3)]
    counts = count_confusion(pred, target, 3)
    assert counts.matrix.tolist() == expected
    assert counts.ignored == 5


def test_many_classes_are_counted_like_few():
    """A thousand classes, with 16-bit indices; index 255 is one of them unless it is ignored."""
    pred, target = draw(5000, 1000, 1, np.uint16), draw(5000, 1000, 2, np.uint16)
    matrix = count_confusion(pred, target, 1000, ignore_index=65535).matrix
    assert matrix.sum() == 5000
    assert (matrix.sum(axis=1) == np.bincount(target, minlength=1000)).all()


@pytest.mark.parametrize("shape", [(0,), (0, 5), (3, 0, 2)])
def test_no_pixels_are_no_counts(shape):
    """An empty image is counted as an image without pixels."""
    empty = np.zeros(shape, np.uint8)
    assert count_confusion(empty, empty, 2) == ConfusionCounts.zero(2)


def test_all_pixels_may_be_ignored():
    """Then only the number of ignored pixels is left."""
    counts = count_confusion(np.zeros((2, 3), int), np.full((2, 3), 255), 2)
    assert counts.ignored == 6
    assert counts.valid == 0


def test_inputs_are_not_changed():
    """The caller's arrays are read only, and may be read-only."""
    pred, target = draw((4, 4), 3, 1), draw((4, 4), 3, 2)
    before = pred.copy(), target.copy()
    pred.setflags(write=False)
    target.setflags(write=False)
    count_confusion(pred, target, 3)
    assert (pred == before[0]).all()
    assert (target == before[1]).all()


def test_tensors_lists_and_scalars_are_viewed_by_numpy():
    """Whatever numpy can view counts like an array."""
    torch = pytest.importorskip("torch")
    pred, target = [[0, 1], [1, 1]], [[0, 0], [1, 1]]
    expected = count_confusion(np.array(pred), np.array(target), 2)
    assert count_confusion(pred, target, 2) == expected
    assert count_confusion(torch.tensor(pred), torch.tensor(target), 2) == expected
    assert count_confusion(1, 0, 2).matrix.tolist() == [[0, 1], [0, 0]]


def test_unknown_targets_are_named_with_pixels_and_place():
    """An index that is neither a class nor ignored is never dropped or clamped."""
    target = np.array([[0, 1, 37], [255, 37, -2]])
    message = (
        "count_confusion: target must be class indices 0..18 or ignored, got "
        "37 (2 pixels, first at y=0 x=2), -2 (1 pixel, first at y=1 x=2). "
    )
    with pytest.raises(ArgumentError, match=re.escape(message)):
        count_confusion(np.zeros((2, 3), int), target, 19)


def test_unknown_predictions_are_named_with_pixels_and_place():
    """A void or out-of-range prediction on a valid pixel would shrink the union: an error."""
    pred = np.array([[[0, 255], [200, 255]]], np.uint8)
    target = np.array([[[0, 1], [255, 0]]], np.uint8)
    message = r"pred must be .* got 255 \(2 pixels, first at n=0 y=0 x=1\)\. Only the target"
    with pytest.raises(ArgumentError, match=message):
        count_confusion(pred, target, 2)


def test_unknown_targets_and_predictions_are_named_together():
    """All offenders at once, on valid pixels of the whole array."""
    size = BAND_PIXELS + 10
    pred, target = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    pred[3], target[-1] = 5, 9
    message = (
        rf"target and pred must be class indices 0\.\.1 or ignored, got target 9 \(1 pixel, first "
        rf"at x={size - 1}\) and pred 5 \(1 pixel, first at x=3\)\. Pass void .* Only the target"
    )
    with pytest.raises(ArgumentError, match=message):
        count_confusion(pred, target, 2)


def test_a_long_list_of_unknown_values_is_cut_and_counted():
    """The message stays one line that a person can read."""
    target = np.arange(100, dtype=np.uint8)
    with pytest.raises(ArgumentError, match=r"first at x=9\) and 90 more values\. Pass void"):
        count_confusion(np.zeros(100, np.uint8), target, 2)


def test_huge_unsigned_values_do_not_wrap_into_classes():
    """2^64 - 1 is not -1, and neither is a class."""
    target = np.array([2**64 - 1], np.uint64)
    with pytest.raises(ArgumentError, match="18446744073709551615"):
        count_confusion(np.zeros(1, int), target, 2)


@pytest.mark.parametrize(
    ("pred_shape", "target_shape"),
    [((2, 3), (3, 2)), ((2, 3), (1, 2, 3)), ((1,), (5,)), ((), (1,))],
)
def test_shapes_must_be_equal(pred_shape, target_shape):
    """Nothing is resized, squeezed or broadcast."""
    message = re.escape(f"= {target_shape}".replace(",)", ")")) + ".*nothing is resized"
    with pytest.raises(ArgumentError, match=message):
        count_confusion(np.zeros(pred_shape, int), np.zeros(target_shape, int), 2)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros(3, complex), np.array(["a", "b", "c"])])
def test_only_integers_and_bools_are_indices(array):
    """Probabilities, NaN and text are never rounded into classes."""
    with pytest.raises(ArgumentTypeError, match="pred must be of an integer or bool dtype, got"):
        count_confusion(array, np.zeros(3, int), 2)
    with pytest.raises(ArgumentTypeError, match="target must be of an integer or bool dtype, got"):
        count_confusion(np.zeros(3, int), array, 2)


def test_what_numpy_cannot_view_is_refused_in_one_line():
    """A ragged list, like a tensor on another device, is not an array."""
    with pytest.raises(ArgumentTypeError, match="pred must be viewable by numpy, got list"):
        count_confusion([[0, 1], [0]], np.zeros((2, 2), int), 2)


@pytest.mark.parametrize("ignore_index", [1.5, "255", [0.5], True])
def test_ignore_index_must_be_made_of_integers(ignore_index):
    """A value that no index can have is a mistake, not a wish to ignore nothing."""
    with pytest.raises(ArgumentTypeError, match="ignore_index must be an integer, several"):
        count_confusion(np.zeros(3, int), np.zeros(3, int), 2, ignore_index=ignore_index)


def test_a_mask_must_be_as_large_as_the_target():
    """A mask is never broadcast."""
    mask = np.zeros(2, bool)
    with pytest.raises(ArgumentError, match=r"ignore_index must be .* as large as target = \(3\)"):
        count_confusion(np.zeros(3, int), np.zeros(3, int), 2, ignore_index=mask)


@pytest.mark.parametrize("num_classes", [0, -1])
def test_there_must_be_a_class(num_classes):
    """C >= 1."""
    with pytest.raises(ArgumentError, match="num_classes must be >= 1"):
        count_confusion(np.zeros(3, int), np.zeros(3, int), num_classes)


def test_counts_beyond_32_and_53_bits_are_exact():
    """Sums are int64 all the way; float64 would lose the last pixel here."""
    big = ConfusionCounts(np.array([[2**53, 0], [2**31, 1]]))
    total = big + ConfusionCounts(np.array([[1, 0], [1, 0]]))
    assert total.matrix.tolist() == [[2**53 + 1, 0], [2**31 + 1, 1]]
    assert total.valid == 2**53 + 2**31 + 3
    assert total.matrix.dtype == np.int64


def test_counts_keep_their_own_read_only_matrix():
    """A record is a value: it cannot be changed later, not even through a pickle."""
    matrix = np.eye(2, dtype=np.int32)
    counts = ConfusionCounts(matrix, 3, 2)
    matrix[0, 0] = 9
    assert counts.matrix[0, 0] == 1
    restored = pickle.loads(pickle.dumps(counts))
    assert (restored, restored.images) == (counts, 2)
    with pytest.raises(ValueError, match="read-only"):
        restored.matrix[0, 0] = 5


def test_equal_counts_have_equal_pixels():
    """==, hash: the matrix and the ignored pixels, not the number of images."""
    counts = ConfusionCounts(np.eye(2, dtype=int), ignored=1)
    assert counts == ConfusionCounts(np.eye(2, dtype=int), ignored=1, images=7)
    assert hash(counts) == hash(ConfusionCounts(np.eye(2, dtype=np.uint8), ignored=1))
    assert counts != ConfusionCounts(np.eye(2, dtype=int), ignored=2)
    assert counts != ConfusionCounts(np.eye(3, dtype=int), ignored=1)
    assert counts != "counts"


def test_counts_are_viewed_by_numpy_as_their_matrix():
    """np.asarray(counts) is what plotting and saving want."""
    counts = ConfusionCounts(np.arange(4).reshape(2, 2))
    assert np.asarray(counts).tolist() == [[0, 1], [2, 3]]
    assert np.asarray(counts, dtype=float).dtype == float


@pytest.mark.parametrize(
    "matrix", [np.zeros((2, 3), int), np.zeros(4, int), np.zeros((2, 2, 2), int)]
)
def test_a_matrix_must_be_square(matrix):
    """One row and one column a class."""
    with pytest.raises(ArgumentError, match=r"matrix must be \(C, C\)"):
        ConfusionCounts(matrix)


def test_a_matrix_must_hold_counts():
    """Counts are integers, and none is negative."""
    with pytest.raises(ArgumentError, match="matrix must be >= 0, got -1"):
        ConfusionCounts(np.array([[0, -1], [0, 0]]))
    with pytest.raises(ArgumentTypeError, match="matrix must be of an integer or bool dtype"):
        ConfusionCounts(np.eye(2))


def test_counts_of_other_classes_cannot_be_added():
    """2 classes + 3 classes is a mistake, and so is adding a number."""
    with pytest.raises(ArgumentError, match="must be of the same classes, got"):
        ConfusionCounts.zero(2) + ConfusionCounts.zero(3)
    with pytest.raises(TypeError, match="unsupported operand"):
        ConfusionCounts.zero(2) + 1
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + ConfusionCounts.zero(2)


def test_more_pixels_of_a_class_than_single_precision_can_count():
    """Above 2^24 = 16,777,216 a counter in float32 stands still."""
    target = np.broadcast_to(np.uint8(1), (4097, 4097))
    pred = np.broadcast_to(np.uint8(0), (4097, 4097))
    assert count_confusion(pred, target, 2).matrix.tolist() == [[0, 0], [4097**2, 0]]


def test_counts_of_more_than_31_bits_stream_and_merge():
    """Records of two billion pixels each add up, in any order, through a pickle."""
    part = ConfusionCounts(np.array([[2**31 - 1, 1], [0, 2**31]]), ignored=2**31)
    total = pickle.loads(pickle.dumps(sum([part] * 5)))
    assert total.matrix.tolist() == [[5 * (2**31 - 1), 5], [0, 5 * 2**31]]
    assert (total.ignored, total.valid, total.images) == (5 * 2**31, 5 * 2**32, 5)
