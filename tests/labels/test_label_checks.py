"""A label is integers in two axes."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.labels.label_checks import as_label


@pytest.mark.parametrize("shape", [(), (1, 2, 2), (2, 2, 3)])
def test_a_label_has_two_axes_or_is_a_row_of_one(shape):
    """Batches and colour images are something else."""
    with pytest.raises(ArgumentError, match=r"here: it must be \(H, W\), got \("):
        as_label("here", "it", np.zeros(shape, int))
