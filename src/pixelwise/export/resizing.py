"""The resizing of training as two matrix products, which every runtime computes alike.

    Y = ⌊A · ⌊X · Bᵀ + ½⌋ + ½⌋ for images of bytes;  Y = A · X · Bᵀ for other samples

A (h, H) and B (w, W) are what bilinear interpolation with antialiasing makes of an identity. For
bytes torch rounds the weights to multiples of 2⁻ᵖ and the samples after either axis, so A and B
hold such multiples, and the result has the very bytes that the network saw in training. Sums are
exact in float32 as long as p <= 16: down to about a quarter of the size.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_BITS = 22  # of the weights of torch: p, and ...
LARGEST = 1 << 15  # ... what the largest of them, times 2^p, is below


def axis_matrix(size: int, out: int, is_bytes: bool) -> Tensor:
    """(out, size) float32: what an axis of `size` samples becomes at `out` samples.

    Equals: torchvision.transforms.v2.functional.resize(..., antialias=True) along that axis.
    """
    # torch computes the weights in these types
    eye = torch.eye(size, dtype=torch.float64 if is_bytes else torch.float32)[None, None]
    weights = F.interpolate(eye, (size, out), mode="bilinear", antialias=True)[0, 0].T
    if is_bytes:
        scale = 2 ** bits_of(weights.max().item())
        weights = torch.floor(weights * scale + 0.5) / scale
    return weights.float().contiguous()


def bits_of(largest: float) -> int:
    """p: to how many binary places torch keeps weights of which the largest is `largest`.

    Source: ATen/native/cpu/UpSampleKernel.cpp, as Pillow does it.
    """
    bits = 0
    while bits < MOST_BITS and int(0.5 + largest * 2 ** (bits + 1)) < LARGEST:
        bits += 1
    return bits


def resize_by(x: Tensor, rows: Tensor | None, columns: Tensor | None, is_bytes: bool) -> Tensor:
    """(N, C, H, W) float -> (N, C, h, w), first along the rows' direction as torch does.

    Args:
        x: samples as they are stored.
        rows: (h, H), or None where the height stays.
        columns: (W, w), transposed, or None where the width stays.
        is_bytes: whether to round after each axis.
    """
    if columns is not None:
        x = x @ columns
        x = torch.floor(x + 0.5) if is_bytes else x
    if rows is not None:
        x = rows @ x
        x = torch.floor(x + 0.5) if is_bytes else x
    return x
