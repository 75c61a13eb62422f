"""Files of images, labels and what lies beside them, drawn for the tests of whole folders."""

import numpy as np
from PIL import Image

SIZE = (24, 32)


def photo(number):
    noise = np.random.default_rng(number).integers(0, 256, (*SIZE, 3))
    return noise.astype(np.uint8)


def grey(number):
    return photo(number)[:, :, 0]


def stripes(number, values=(0, 1, 2)):
    """Every value, in stripes whose widths differ by number."""
    cuts = np.sort(np.random.default_rng(number).integers(2, SIZE[1] - 2, len(values) - 1))
    row = np.array(values)[np.searchsorted(cuts, np.arange(SIZE[1]), side="right")]
    return np.tile(row, (SIZE[0], 1)).astype(np.uint8 if max(values) < 256 else np.uint16)


def disc(number, value=255):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = (y - 12) ** 2 + (x - 10 - number % 9) ** 2 < 36
    return np.where(inside, value, 0).astype(np.uint8)


def colours(number):
    table = np.array([(0, 0, 0), (250, 40, 10), (20, 200, 60)], np.uint8)
    return table[stripes(number)]


def view(_number):
    """The same in every file."""
    return disc(3)


def objects(number):
    return stripes(number, (0, 1001, 2000 + number))


def draw(root, files):
    """Each (name with {} for the number, what it shows, numbers)."""
    for name, make, *numbers in files:
        for number in range(*(numbers or [6])):
            path = root / name.format(number, f"{number:03d}")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(make(number)).save(path)
    return root
