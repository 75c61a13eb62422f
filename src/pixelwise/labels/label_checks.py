"""What an array of stored values or class indices must be."""

import numpy as np
from numpy.typing import ArrayLike

from pixelwise.errors import ArgumentError, ArgumentTypeError

# What to do with a colour image where a label is expected.
FROM_CHANNEL = "write_label(path, read_image(path)[:, :, 0])"
FROM_COLOR = (
    "Convert it with color_to_index(read_image(path), classes), or its folder with `pixelwise "
    f"convert`; if every channel holds the index, keep one: {FROM_CHANNEL}."
)


def as_label(where: str, name: str, array: ArrayLike) -> np.ndarray:
    """View something as an (H, W) array of integers; a row of them is allowed too.

    Raises:
        ArgumentTypeError: the dtype is neither integer nor bool.
        ArgumentError: there are more axes, as in a colour image or a batch, or none.
    """
    values = np.asarray(array)
    if values.dtype != bool and not np.issubdtype(values.dtype, np.integer):
        hint = "Labels hold whole numbers; round or take the argmax first."
        got = f"dtype {values.dtype}"
        raise ArgumentTypeError(where, name, must="of an integer or bool dtype", got=got, hint=hint)
    if values.ndim not in (1, 2):
        hint = "Convert colours with color_to_index; pass the images of a batch one by one."
        raise ArgumentError(where, name, must="(H, W)", got=values.shape, hint=hint)
    if values.dtype == np.uint64:
        # numpy takes no uint64 as an index; values above the limit are unknown to anyone
        values = np.minimum(values, np.iinfo(np.int64).max).astype(np.int64)
    return values
