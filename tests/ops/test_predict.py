"""Predicted labels and counts, with interpolation inside."""

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from pixelwise.ops.backends import usable_backends

HERE = usable_backends("cpu")

LOGITS = torch.randn(3, 5, 6, 7, generator=torch.Generator().manual_seed(0))
each_backend = pytest.mark.parametrize("backend", HERE)
SIZES = [(6, 7), (12, 14), (24, 28), (13, 9), (3, 20), (1, 1)]


@each_backend
@pytest.mark.parametrize("size", SIZES)
def test_a_prediction_is_the_argmax_of_interpolated_logits(size, backend):
    large = F.interpolate(LOGITS.double(), size=size, mode="bilinear", align_corners=False)
    labels = pw.predict_label(LOGITS.double(), size, backend=backend)
    assert labels.dtype == torch.uint8
    assert torch.equal(labels.long(), large.argmax(1))


@pytest.mark.parametrize("backend", HERE)
def test_prediction_and_counts_compile_without_graph_breaks(backend):
    def both(x, y):
        counts = pw.confusion_matrix(x, y, backend=backend)
        return pw.predict_label(x, (12, 14), backend=backend), counts

    target = torch.zeros(3, 12, 14, dtype=torch.long)
    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    for ours, plain in zip(compiled(LOGITS, target), both(LOGITS, target)):
        assert torch.equal(ours, plain)


@each_backend
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_one_channel_is_foreground_above_the_threshold(threshold, backend):
    labels = pw.predict_label(
        LOGITS[:, :1], activation="sigmoid", threshold=threshold, backend=backend
    )
    assert torch.equal(labels, (LOGITS[:, 0].sigmoid() > threshold).to(torch.uint8))


@each_backend
def test_equal_logits_give_the_lowest_index(backend):
    assert (pw.predict_label(torch.zeros(1, 4, 2, 2), backend=backend) == 0).all()


@each_backend
def test_more_than_256_classes_need_two_bytes(backend):
    logits = torch.zeros(1, 300, 2, 2)
    logits[:, 299] = 1
    labels = pw.predict_label(logits, backend=backend)
    assert labels.dtype == torch.uint16
    assert labels.tolist() == [[[299, 299], [299, 299]]]


@each_backend
@pytest.mark.parametrize("size", SIZES)
def test_counts_are_those_of_the_predicted_label(size, backend):
    target = torch.randint(0, 5, (3, *size), generator=torch.Generator().manual_seed(1))
    target[0, 0] = 255
    counts = pw.confusion_matrix(LOGITS, target, backend=backend)
    pred = pw.predict_label(LOGITS, size, backend=backend).long()
    valid = target != 255
    expected = torch.zeros(5, 5, dtype=torch.int64)
    expected.index_put_(
        (target[valid], pred[valid]), torch.ones((), dtype=torch.int64), accumulate=True
    )
    assert torch.equal(counts, expected)


@each_backend
def test_counts_of_one_channel_are_two_by_two(backend):
    target = torch.randint(0, 2, (3, 6, 7), generator=torch.Generator().manual_seed(1))
    counts = pw.confusion_matrix(LOGITS[:, :1], target, "sigmoid", backend=backend)
    assert counts.shape == (2, 2)
    assert counts.sum() == target.numel()
    assert counts[1, 1] == ((LOGITS[:, 0] > 0) & (target == 1)).sum()


@each_backend
def test_volumes_are_predicted_at_their_own_size(backend):
    logits = torch.randn(2, 3, 4, 5, 6)
    assert torch.equal(pw.predict_label(logits, backend=backend).long(), logits.argmax(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"activation": "sigmoid", "threshold": [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]},
            "threshold must be one number, or one for each of the",
        ),
        ({"threshold": 1.5}, "threshold must be between 0 and 1"),
        ({"activation": "argmax"}, "activation must be one of softmax, sigmoid"),
    ],
)
def test_a_wrong_argument_is_one_sentence(options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        pw.predict_label(LOGITS, **options)


def test_a_size_needs_two_axes():
    with pytest.raises(ValueError, match=r"must be \(N, C, h, w\) when a size is given"):
        pw.predict_label(LOGITS[:, :, 0], (4, 4))


@each_backend
def test_unknown_targets_are_not_counted_but_refused(backend):
    with pytest.raises(ValueError, match=r"got 9 \(126 pixels"):
        pw.confusion_matrix(LOGITS, torch.full((3, 6, 7), 9), backend=backend)
