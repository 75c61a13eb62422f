"""Some rows of a label from a band of its logits, and how sure they are."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from ops.kernel_cases import DEVICE
from pixelwise.ops.backends import usable_backends
from pixelwise.ops.interpolate import interpolate
from pixelwise.ops.predict import predict_rows
from pixelwise.ops.rows import Rows, rows_needed, rows_ready, whole

HERE = usable_backends("cpu")
each_backend = pytest.mark.parametrize("backend", HERE)
each_kind = pytest.mark.parametrize("confidence", ["max", "margin"])
# height and width of the label, rows and columns of its logits
SHAPES = [(36, 44, 9, 11), (9, 11, 9, 11), (23, 50, 9, 11), (5, 4, 9, 11), (40, 13, 16, 9)]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
# an interpreted kernel takes as long for each row and column of a cell, however many cells
FEW_ROWS = [(12, 13, 3, 9), (9, 11, 9, 11), (7, 10, 3, 4), (5, 4, 9, 11), (8, 3, 3, 4)]


def make_logits(channels, grid, columns, dtype=torch.float32):
    generator = torch.Generator().manual_seed(4)
    return 2 * torch.randn(2, channels, grid, columns, generator=generator).to(dtype)


def bands(height, grid):
    """Parts of a label with no more rows of logits than they need."""
    edges = sorted({0, 1, height // 3, height // 2, height - 1, height})
    for first, stop in pairwise(edges):
        low, high = rows_needed(first, stop, height, grid)
        yield slice(low, high), Rows(first, stop, height, low, grid)


def in_torch(logits, size, confidence, temperature):
    """The definition in one line each: probabilities at full size."""
    full = F.interpolate(logits.double(), size, mode="bilinear") / temperature
    p = full.softmax(1).topk(2, 1).values
    return 255 * (p[:, 0] - p[:, 1] if confidence == "margin" else p[:, 0])


@each_backend
@each_shape
@pytest.mark.parametrize("channels", [2, 7])
@pytest.mark.parametrize("confidence", ["none", "max", "margin"])
def test_rows_of_a_band_are_those_of_the_whole_bit_for_bit(backend, shape, channels, confidence):
    height, width, grid, columns = shape
    logits = make_logits(channels, grid, columns)
    expected = pw.predict_label(logits, (height, width), backend=backend)
    options = {"confidence": confidence, "temperature": 1.3, "backend": backend}
    same, sure = predict_rows(logits, whole(logits, height), width, **options)
    found = [predict_rows(logits[:, :, b], r, width, **options) for b, r in bands(height, grid)]
    labels, bytes_of = zip(*found)
    assert torch.equal(same, expected)
    assert torch.equal(torch.cat(labels, 1), expected)
    if confidence != "none":
        assert torch.equal(torch.cat(bytes_of, 1), sure)


@pytest.mark.parametrize("shape", FEW_ROWS, ids=str)
@pytest.mark.parametrize("channels", [1, 5])
def test_rows_of_a_band_by_the_kernels_of_the_gpu_are_those_of_the_whole(shape, channels):
    height, width, grid, columns = shape
    activation = "sigmoid" if channels == 1 else "softmax"
    logits = make_logits(channels, grid, columns)[:1].to(DEVICE)
    whole_label = pw.predict_label(logits, (height, width), activation, backend="triton")
    parts = [
        predict_rows(logits[:, :, band], rows, width, activation, backend="triton")[0]
        for band, rows in bands(height, grid)
    ]
    assert torch.equal(torch.cat(parts, 1), whole_label)


def test_the_kernels_of_the_gpu_read_no_row_outside_their_band():
    """The row after the band weighs nothing for the last row that is wanted, and may be NaN."""
    logits = make_logits(3, 3, 5)[:1].to(DEVICE)
    wanted = Rows(0, 5, 9, 0, 3)  # rows 1, 4, 7 are rows 0, 1, 2 of the grid
    assert rows_needed(0, 5, 9, 3) == (0, 2)
    framed = torch.full_like(logits, torch.nan)
    framed[:, :, :2] = logits[:, :, :2]
    found, _ = predict_rows(framed[:, :, :2], wanted, 6, backend="triton")
    assert torch.equal(found, pw.predict_label(logits, (9, 6), backend="triton")[:, :5])


@pytest.mark.parametrize("height", [1, 5, 9, 18, 23, 36])
@pytest.mark.parametrize("grid", [1, 2, 9, 12])
def test_the_rows_that_are_ready_are_those_that_need_no_more(height, grid):
    for stop in range(grid + 1):
        ready = rows_ready(stop, height, grid)
        needs = [rows_needed(y, y + 1, height, grid)[1] for y in range(height)]
        assert ready == sum(need <= stop for need in needs)


@each_backend
@each_kind
@each_shape
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_confidence_is_the_probability_of_torch_to_one_step(
    backend, confidence, shape, temperature, dtype
):
    height, width, grid, columns = shape
    logits = make_logits(7, grid, columns, dtype)
    options = {"confidence": confidence, "temperature": temperature, "backend": backend}
    labels, sure = predict_rows(logits, whole(logits, height), width, **options)
    expected = in_torch(logits, (height, width), confidence, temperature)
    assert sure.dtype == torch.uint8
    assert (sure - expected).abs().max() <= 0.51  # rounded, and float32
    assert torch.equal(labels, pw.predict_label(logits, (height, width), backend=backend))


@each_backend
def test_equal_logits_are_sure_of_one_in_so_many_classes(backend):
    logits = torch.full((1, 5, 3, 4), -7.0)
    rows = whole(logits, 6)
    _, sure = predict_rows(logits, rows, 8, confidence="max", backend=backend)
    _, lead = predict_rows(logits, rows, 8, confidence="margin", backend=backend)
    assert (sure == round(255 / 5)).all()
    assert (lead == 0).all()


@each_backend
def test_an_endless_temperature_leaves_nothing_sure(backend):
    logits = make_logits(4, 5, 6)
    options = {"confidence": "max", "temperature": 1e30, "backend": backend}
    labels, sure = predict_rows(logits, whole(logits, 10), 12, **options)
    assert (sure == round(255 / 4)).all()
    assert torch.equal(labels, pw.predict_label(logits, (10, 12), backend=backend))


@each_backend
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_one_channel_is_as_sure_as_what_was_predicted_is_probable(backend, threshold):
    """The temperature is for the probability alone, not for the threshold."""
    logits = make_logits(1, 5, 6, torch.float64)
    full = interpolate(logits, (15, 12))[:, 0]
    p = (full / 2).sigmoid()
    own = torch.where(full.sigmoid() > threshold, p, 1 - p)
    options = {"activation": "sigmoid", "threshold": threshold, "temperature": 2.0}
    for kind, expected in (("max", own), ("margin", (2 * own - 1).clamp(min=0))):
        rows = whole(logits, 15)
        _, sure = predict_rows(logits, rows, 12, confidence=kind, backend=backend, **options)
        assert (sure - 255 * expected).abs().max() <= 0.51


@each_backend
def test_each_class_of_several_has_a_confidence_of_its_own(backend):
    logits = make_logits(3, 5, 6)
    options = {"activation": "sigmoid", "confidence": "max", "backend": backend}
    labels, sure = predict_rows(logits, whole(logits, 10), 12, **options)
    assert labels.shape == sure.shape == (2, 3, 10, 12)
    one = predict_rows(logits[:, 1:2], whole(logits, 10), 12, **options)[1]
    assert torch.equal(sure[:, 1], one)


@each_backend
@each_kind
def test_infinite_logits_are_decisions_and_nan_is_not(backend, confidence):
    logits = torch.zeros(1, 3, 1, 5)
    logits[0, 0, 0] = torch.tensor([torch.inf, -torch.inf, torch.inf, -torch.inf, torch.nan])
    logits[0, 1, 0] = torch.tensor([0, 0, torch.inf, -torch.inf, 0])
    logits[0, 2, 0] = torch.tensor([0, -torch.inf, 0, -torch.inf, 0])
    _, sure = predict_rows(logits, whole(logits, 1), 5, confidence=confidence, backend=backend)
    halves = [0, 0] if confidence == "margin" else [128, 85]
    assert sure.flatten().tolist() == [255, 255, *halves, 0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (Rows(0, 40, 36, 0, 9), r"rows must be 0 <= first <= stop <= height \(36\), got first=0"),
        (Rows(0, 36, 36, 2, 9), r"logits must be inside a grid of 9 rows, got rows 2 to 10"),
        (
            Rows(0, 36, 36, 0, 12),
            "must be rows 0 to 11 of the grid for rows 0 to 35 of the label, got rows 0 to 8",
        ),
    ],
)
def test_rows_that_the_band_cannot_give_are_named(rows, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        predict_rows(make_logits(3, 9, 11), rows, 44)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": "entropy"}, "confidence must be one of none, max, margin"),
        ({"temperature": 0.0}, r"temperature must be a finite number above 0, got 0\.0"),
    ],
)
def test_a_wrong_option_is_one_sentence(options, message):
    logits = make_logits(3, 9, 11)
    with pytest.raises(pw.PixelwiseError, match=message):
        predict_rows(logits, whole(logits, 36), 44, **options)


@each_backend
def test_no_row_is_an_empty_label(backend):
    logits = make_logits(3, 9, 11)
    labels, sure = predict_rows(logits, Rows(4, 4, 36, 0, 9), 44, confidence="max", backend=backend)
    assert labels.shape == sure.shape == (2, 0, 44)
