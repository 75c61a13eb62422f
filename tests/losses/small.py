"""Small batches with void, an absent class and an image without valid pixels, for the loops."""

import pytest
import torch

_GENERATOR = torch.Generator().manual_seed(7)
LOGITS = 2 * torch.randn(2, 4, 5, 6, generator=_GENERATOR, dtype=torch.float64)
TARGET = torch.randint(0, 3, (2, 5, 6), generator=_GENERATOR)  # class 3 is absent
TARGET[:, 1, ::2] = 255
TARGET[1, 3:] = 255

ONE = 2 * torch.randn(2, 1, 5, 6, generator=_GENERATOR, dtype=torch.float64)
TARGET_ONE = torch.randint(0, 2, (2, 5, 6), generator=_GENERATOR)
TARGET_ONE[0, 2:4, 1] = 255

THREE = 2 * torch.randn(2, 3, 5, 6, generator=_GENERATOR, dtype=torch.float64)
MAPS = {"softmax": (LOGITS, TARGET), "sigmoid": (ONE, TARGET_ONE), "rest": (THREE, TARGET)}
each_batch = pytest.mark.parametrize(
    ("maps", "activation"), [("softmax", "softmax"), ("sigmoid", "sigmoid"), ("rest", "sigmoid")]
)


def batch_for(activation):
    """Logits of several channels and a target that suit the activation."""
    return MAPS[{"softmax": "softmax", "sigmoid": "rest"}[activation]]
