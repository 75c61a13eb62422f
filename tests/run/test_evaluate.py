"""The validation of a run: the counts of its predictions, and a network that says nothing."""

import pytest
import torch

from make import VOID, make_dataset
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.errors import ArgumentError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.losses.table import criterion
from pixelwise.metrics.confusion import count_confusion
from pixelwise.run.evaluate import evaluate


class Says(torch.nn.Module):
    """A network with the same logits, one for each class, at every pixel of a coarse grid."""

    def __init__(self, *logits):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor(logits))

    def forward(self, image):
        return self.logits.view(1, -1, 1, 1).expand(len(image), -1, 9, 11)


@pytest.fixture
def described(tmp_path):
    return read_description(make_dataset(tmp_path / "data", val=3))


def evaluated(network, described):
    dataset = SegmentationDataset(described.pairs("val"), described.classes)
    loss = criterion("ce", num_classes=3, upsample="bilinear")
    return evaluate(network, dataset, loss, "softmax")


def test_the_counts_are_those_of_the_files_and_void_is_counted_apart(described):
    """Everything is predicted as class 1, at the labels' own sizes."""
    found = evaluated(Says(0.0, 2.0, 1.0), described)
    labels = [read_label(pair.label) for pair in described.pairs("val")]
    index = [described.classes.to_index(label) for label in labels]
    assert found.counts == sum(count_confusion(0 * i + 1, i, 3) for i in index)
    assert found.counts.ignored == sum((label == VOID).sum() for label in labels)
    assert found.counts.images == 3


def test_a_network_that_says_nan_has_no_score(described):
    """An error with its place, where argmax would make a class of it."""
    with pytest.raises(ArgumentError, match=r"logits must be numbers at valid pixels, got NaN at"):
        evaluated(Says(0.0, 1.0, float("nan")), described)


def test_an_infinite_logit_is_a_prediction(described):
    """The network is sure of class 2."""
    counts = evaluated(Says(0.0, 1.0, float("inf")), described).counts
    assert counts.pred_pixels.tolist() == [0, 0, counts.valid]
