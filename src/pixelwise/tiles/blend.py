"""How much a cell of a tile counts where tiles overlap.

    gaussian   w(y, x) = max(g(y) g(x), 0.001)     g(i) = exp(-(i - (k - 1) / 2)² / (2 (k / 8)²))
    equal      w(y, x) = 1

The Gaussian is centred in the tile and never 0, so that each pixel has a weight.

Source: MONAI, compute_importance_map (sigma_scale 1/8); nnU-Net has the same deviation, half
a pixel off the centre.
"""

import torch
from torch import Tensor

from pixelwise.tiles.grid import Blend

SIGMA = 1 / 8  # of a tile
FLOOR = 1e-3


def tile_weights(size: tuple[int, int], blend: Blend) -> Tensor:
    """(h, w) float32 in (0, 1]: what the cells of a tile count.

    Args:
        size: cells of a tile.
        blend: see the formula above.
    Equals: monai.data.utils.compute_importance_map(size, blend, 1 / 8)
    """
    if blend == "equal":
        return torch.ones(size)
    rows, columns = (_bell(length) for length in size)
    return (rows[:, None] * columns).clamp_min(FLOOR).float()


def _bell(length: int) -> Tensor:
    place = torch.arange(length, dtype=torch.float64) - (length - 1) / 2
    return torch.exp(-(place**2) / (2 * (SIGMA * length) ** 2))
