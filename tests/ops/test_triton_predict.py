"""Fused prediction and counting on a GPU: equal to interpolate and argmax, in one pass."""

import math

import pytest
import torch

from ops.kernel_cases import DEVICE
from oracles_ops import upsample
from pixelwise.errors import BackendError
from pixelwise.ops.gpu import predict as kernels
from pixelwise.ops.nan import nan_pixels
from pixelwise.ops.rows import whole

# numpy, which interprets the kernels, warns where a GPU would not
quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")
# of 2 x 3 logits: more columns of a cell than are compared together, more rows than a band has
BANDS = (4, 15)
SIZES = {"same": (2, 3), "x2": (4, 6), "ragged": (3, 7), "smaller": (1, 2), "wide": (1, 70)}


def make_logits(channels, dtype=torch.float32, images=2):
    generator = torch.Generator().manual_seed(9)
    return torch.randn(images, channels, 2, 3, generator=generator).to(dtype)


def predict(logits, size, activation="softmax", threshold=0.5, dtype=torch.uint8):
    rows = whole(logits, size[0])
    found = kernels.predict(logits.to(DEVICE), rows, size[1], activation, threshold, dtype)
    return found.cpu()


def confusion(logits, target, *options):
    counts, unknown, nan = kernels.confusion(logits.to(DEVICE), target.to(DEVICE), *options)
    return counts.cpu(), int(unknown), int(nan)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("channels", [2, 19])
def test_prediction_is_the_argmax_of_the_interpolated_logits(channels, size):
    """label = argmax over classes, up and down, but where two logits differ by rounding alone."""
    logits = make_logits(channels, images=1)
    found = predict(logits, size)
    full = upsample(logits.double(), size)
    lead = full.amax(1) - full.gather(1, found.long().unsqueeze(1)).squeeze(1)
    assert found.shape == (1, *size)
    assert lead.max() <= 4 * torch.finfo(torch.float32).eps * full.abs().max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_any_dtype_and_more_classes_than_a_program_holds(dtype):
    """300 classes: labels of 16 bits."""
    logits = make_logits(300, dtype, images=1)
    found = predict(logits, (2, 3), dtype=torch.uint16)
    assert found.dtype == torch.uint16
    assert torch.equal(found.long(), logits.argmax(1))


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_one_channel_is_compared_with_the_threshold(threshold):
    """label = [sigmoid(x) > threshold], strictly; float64 leaves no pixel at the border."""
    logits = make_logits(1, torch.float64, images=1)
    expected = upsample(logits, (4, 5)).squeeze(1).sigmoid() > threshold
    assert torch.equal(predict(logits, (4, 5), "sigmoid", threshold).bool(), expected)


def test_a_logit_exactly_at_the_threshold_is_background():
    """p = threshold is not above it; NaN is not above anything."""
    logits = torch.tensor([0.0, -0.0, 1e-30, torch.nan, torch.inf, -torch.inf]).view(1, 1, 1, 6)
    assert predict(logits, (1, 6), "sigmoid").flatten().tolist() == [0, 0, 1, 0, 1, 0]


def test_ties_go_to_the_lowest_class():
    """Equal logits stay equal through interpolation, and the first of them is taken."""
    logits = make_logits(3).index_select(1, torch.tensor([0, 1, 0, 1, 0]))
    assert predict(logits, (3, 5)).max() <= 1


def test_nan_counts_as_the_largest_and_the_first_nan_wins():
    """The same as torch.argmax, also where some classes are -inf."""
    logits = make_logits(5)
    logits[:, 2] = -torch.inf
    logits[0, 3, 1, 2], logits[0, 1, 1, 2], logits[1, 4, 0, 0] = torch.nan, torch.nan, torch.nan
    assert torch.equal(predict(logits, (2, 3)).long(), logits.argmax(1))


@pytest.mark.parametrize("size", [(2, 3), (3, 7)], ids=str)
@pytest.mark.parametrize("channels", [1, 5])
def test_confusion_counts_the_prediction(channels, size):
    """out[t, p] = number of valid pixels of target t and predicted class p, exactly."""
    activation = "sigmoid" if channels == 1 else "softmax"
    classes = max(channels, 2)
    logits = make_logits(channels)
    generator = torch.Generator().manual_seed(10)
    target = torch.randint(0, classes + 1, (2, *size), generator=generator, dtype=torch.int16)
    target[target == classes] = 999
    counts, unknown, _ = confusion(logits, target, classes, activation, 0.3, 999)
    valid = target != 999
    labels = predict(logits, size, activation, 0.3).long()
    flat = target[valid] * classes + labels[valid]
    assert torch.equal(counts, flat.bincount(minlength=classes**2).view(classes, classes))
    assert unknown == 0


def test_confusion_names_how_many_targets_are_unknown():
    """Values that are neither class nor ignored are counted apart."""
    target = torch.zeros(2, 2, 3, dtype=torch.int32)
    target[0, 1, 2], target[1, 0, 0] = -7, 5
    counts, unknown, _ = confusion(make_logits(5), target, 5, "softmax", 0.5, None)
    assert unknown == 2
    assert counts.sum() == target.numel() - 2


def test_layout_changes_nothing():
    """channels_last and sliced logits give the label map of contiguous ones."""
    logits = make_logits(5, images=1).to(DEVICE)
    sliced = torch.stack([logits, logits], -1).flatten(-2)[..., ::2]
    for view in (logits.to(memory_format=torch.channels_last), sliced):
        assert torch.equal(predict(view, (3, 5)), predict(logits, (3, 5)))


def test_empty_results_are_empty():
    """No image: an empty label map, a matrix of zeros."""
    assert predict(make_logits(5)[:0], (8, 8)).shape == (0, 8, 8)
    target = torch.zeros(0, 8, 8, dtype=torch.uint8)
    counts, unknown, _ = confusion(make_logits(5)[:0], target, 5, "softmax", 0.5, None)
    assert not counts.any()
    assert unknown == 0


@quiet
@pytest.mark.parametrize("channels", [1, 5, 19])
@pytest.mark.parametrize("size", [(2, 3), (5, 9), BANDS, (1, 2)], ids=str)
def test_pixels_that_a_nan_has_a_part_in_are_counted_once(channels, size):
    """As nan_pixels, where the target is valid; infinite logits of either sign are numbers."""
    activation = "sigmoid" if channels == 1 else "softmax"
    logits = make_logits(channels)
    logits[:, -1] = -torch.inf
    logits[0, -1, 1, 0] = torch.inf
    logits[0, 0, 0, 1], logits[1, -1, 1, 2] = torch.nan, torch.nan
    target = torch.zeros(2, *size, dtype=torch.uint8)
    target[:, 0, 0] = 255
    counts, unknown, nan = confusion(logits, target, max(channels, 2), activation, 0.5, 255)
    expected = nan_pixels(logits, target, 255)
    assert nan == expected.sum()
    assert unknown == 0
    assert counts.sum() == (target != 255).sum()


@quiet
@pytest.mark.parametrize("size", [(2, 3), BANDS], ids=str)
def test_a_nan_changes_no_pixel_that_it_has_no_part_in(size):
    """Rows of a strip with a NaN are looked at once more, with the same result elsewhere."""
    logits = make_logits(19)
    dirty = logits.clone()
    dirty[1, 7, 0, 0] = torch.nan
    target = torch.zeros(2, *size, dtype=torch.uint8)
    hit = nan_pixels(dirty, target, None)
    found, clean = predict(dirty, size), predict(logits, size)
    assert torch.equal(found[~hit], clean[~hit])
    assert (found[hit] == 7).all()


@quiet
@pytest.mark.parametrize("channels", [3, 12, 19, 23])
def test_infinities_of_both_signs_are_compared(channels):
    """A sum of them is NaN, which is no sign of a NaN logit: argmax is what it was."""
    logits = make_logits(channels)
    logits[:, 0], logits[0, 2], logits[1, 1] = -torch.inf, torch.inf, torch.inf
    found = predict(logits, (2, 3))
    assert torch.equal(found.long(), logits.argmax(1))
    assert (predict(logits[:1], (3, 15)) == 2).all()


@quiet
def test_a_pixel_whose_logits_are_all_minus_infinity_is_class_0():
    """As in torch.argmax, with more classes than are compared at the same time."""
    assert not predict(torch.full((1, 19, 2, 3), -torch.inf), BANDS).any()


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.9])
def test_a_float32_logit_is_compared_with_the_threshold_itself(threshold):
    """x > log(p / (1 - p)) in float64, for the float32 numbers around it."""
    exact = math.log(threshold) - math.log1p(-threshold)
    near = torch.tensor(exact, dtype=torch.float32)
    towards = torch.tensor([-torch.inf, torch.inf])
    logits = torch.stack([near, *torch.nextafter(near, towards)]).view(1, 1, 1, 3)
    expected = logits.double() > exact
    assert torch.equal(predict(logits, (1, 3), "sigmoid", threshold).bool(), expected[:, 0])


def test_more_pairs_of_classes_than_int32_counts_are_refused():
    """Their index would be that of other pairs."""
    logits, target = torch.empty(1, 46341, 1, 1), torch.zeros(1, 1, 1, dtype=torch.uint8)
    with pytest.raises(BackendError, match=r'of at most 46,340 classes .* Use backend="torch"'):
        confusion(logits, target, 46341, "softmax", 0.5, 255)


def test_pairs_that_alternate_are_counted_one_by_one():
    """Pixels of one pair are added together; here the pair changes with every row and column."""
    logits = torch.zeros(1, 3, 4, 40)
    rows, columns = torch.arange(4)[:, None], torch.arange(40)
    logits.scatter_(1, ((rows + columns) % 3)[None, None], 1.0)
    target = ((rows * columns) % 2)[None].to(torch.uint8)
    counts, _, _ = confusion(logits, target, 3, "softmax", 0.5, None)
    flat = (target.long() * 3 + logits.argmax(1)).flatten()
    assert torch.equal(counts, flat.bincount(minlength=9).view(3, 3))
