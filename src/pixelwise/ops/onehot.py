"""One-hot targets."""

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_range
from pixelwise.ops.batch_axis import refuse_image
from pixelwise.ops.target import Ignore, check_target_dtype, class_index, merge_ignored


def one_hot(
    target: Tensor,
    num_classes: int,
    ignore_index: Ignore = 255,
    eps: float = 0.0,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """One channel per class: 1 at the pixel's class, 0 elsewhere, all 0 where ignored.

    out[n, c, s] = [target[n, s] == c] + eps

    Exactly C channels are allocated whatever the ignored value is. No loss of this library needs
    a one-hot target; this is for code that does.

    Args:
        target: (N, *S) class indices 0..C-1 or ignored; any integer dtype or bool. (N, L) that
            looks like one image (H, W) is refused: target[None], or target[..., None].
        num_classes: C, >= 1.
        ignore_index: ignored value, several of them, or None.
        eps: lower bound of every element, added to all, >= 0.
        dtype: dtype of the result.
    Returns:
        (N, C, *S) of `dtype`.
    Raises:
        ArgumentTypeError: the target is not of an integer dtype.
        ArgumentError: a value is neither class nor ignored; eps < 0; num_classes < 1.
    Equals: torch.nn.functional.one_hot(target, C).movedim(-1, 1) if nothing is ignored and eps = 0
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> pw.one_hot(torch.tensor([[0, 2, 255]]), num_classes=3)[0]
        tensor([[1., 0., 0.],
                [0., 0., 0.],
                [0., 1., 0.]])
    """
    check_range("one_hot", "num_classes", num_classes, low=1)
    check_range("one_hot", "eps", eps, low=0)
    if not dtype.is_floating_point and eps:
        raise ArgumentError("one_hot", "eps", must=f"0 for {dtype}", got=eps)
    target = check_target_dtype("one_hot", target)
    if target.dim() == 0:
        raise ArgumentError("one_hot", "target", must="(N, *S)", got="a single number")
    if target.dim() == 2:
        refuse_image("one_hot", "target", target.shape, "(N, *S)")
    target, ignored = merge_ignored(target, ignore_index)
    index = class_index(target, num_classes, ignored, "one_hot").unsqueeze(1)
    hot = (index >= 0).to(dtype)
    hot = hot + eps if eps else hot
    shape = (target.shape[0], num_classes, *target.shape[1:])
    return torch.full(shape, eps, dtype=dtype, device=target.device).scatter(
        1, index.clamp(min=0), hot
    )
