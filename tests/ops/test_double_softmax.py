"""The warning about probabilities where logits belong: what it looks at, and what it costs."""

import pytest
import torch

from pixelwise.ops.double_softmax import warn_if_probabilities

WORDS = "pixel_stats: logits must be raw, got channels in 0..1 that add up to 1"


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 50), (1, 5, 9, 8), (2, 3, 4, 5, 6), (1, 2, 1, 1)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_probabilities_of_any_shape_and_precision_are_found(shape, dtype):
    logits = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    with pytest.warns(UserWarning, match=WORDS):
        warn_if_probabilities("pixel_stats", logits.softmax(1).to(dtype))


def test_it_looks_at_a_few_pixels_only():
    """These logits have 2^37 elements and no memory: a pass over them would take minutes."""
    logits = torch.full((1, 1, 1, 1), 0.5).expand(1, 2, 2**18, 2**18)
    with pytest.warns(UserWarning, match=WORDS):
        warn_if_probabilities("pixel_stats", logits)


# warnings are errors here, so that returning is the test
@pytest.mark.parametrize(
    "logits",
    [
        torch.randn(2, 3, 8, 8),
        torch.zeros(2, 3, 8, 8),
        torch.rand(2, 3, 8, 8),
        torch.full((2, 3, 8, 8), float("nan")),
        torch.randn(2, 3, 8, 8).log_softmax(1),
        torch.zeros(0, 3, 8, 8),
        torch.zeros(2, 3, 0, 8),
    ],
    ids=["random", "zeros", "uniform", "NaN", "log_softmax", "no image", "no pixel"],
)
def test_raw_logits_are_left_alone(logits):
    warn_if_probabilities("pixel_stats", logits)
