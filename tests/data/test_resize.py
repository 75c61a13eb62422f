"""The size at the network: one rule for training and prediction."""

import pytest
import torch

from pixelwise.data.resize import network_size, resize_image


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [
        ((360, 480), 0.5334, (192, 256)),
        ((120, 121), 1.0, (128, 128)),
        ((1, 1), 1.0, (32, 32)),
        ((1000, 40), 0.5, (512, 32)),
        ((64, 96), 1.0, (64, 96)),
    ],
)
def test_the_size_is_the_nearest_multiple_of_32(size, scale, expected):
    assert network_size(size, scale) == expected


def test_an_image_of_the_right_size_is_not_touched():
    image = torch.randint(256, (3, 64, 96), dtype=torch.uint8)
    assert resize_image(image, (64, 96), 1.0) is image
    assert resize_image(image, (64, 96), 0.5).shape == (3, 32, 64)
