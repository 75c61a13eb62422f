"""Logits and targets without a batch axis: (C, H, W) could be (N, C, L), which is another thing."""

from collections.abc import Sequence

from pixelwise.errors import ArgumentError

SMALLEST, LONGEST = 8, 8  # pixels of a side of an image; how much longer the other side may be


def batch_hint(logits: Sequence[int], target: Sequence[int]) -> str:
    """What to do about two shapes that do not fit, if an axis of images is missing; else ""."""
    images = len(logits) == 3 and len(target) in (2, 3) and min(target[-2:]) > 1
    missing = ["logits"] if images else []
    if len(target) == 2 and (images or len(logits) == 4):
        missing.append("target")
    return f"Add a batch axis: {', '.join(f'{m}[None]' for m in missing)}." if missing else ""


def refuse_image(where: str, name: str, shape: Sequence[int], letters: str) -> None:
    """Raise if one spatial axis beside N (or C) looks like the height and width of an image.

    Where no second tensor tells, the last two axes decide: an image has sides of at least 8, none
    more than 8 times the other; points of a list are many more than classes.

    Args:
        where, name: parts of the error.
        shape: (N, C, L) of logits, (N, L) of a target.
        letters: what it should be.
    Raises:
        ArgumentError: with both ways out.
    """
    height, width = shape[-2:]
    if min(height, width) >= SMALLEST and max(height, width) <= LONGEST * min(height, width):
        hint = (
            f"If this is one image, add a batch axis: {name}[None]. If these are batches of lists, "
            f"add a spatial axis: {name}[..., None]."
        )
        raise ArgumentError(where, name, must=letters, got=tuple(shape), hint=hint)
