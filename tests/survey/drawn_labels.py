"""Labels of every kind that a survey of values has to tell apart, drawn at random."""

from io import BytesIO

import numpy as np
from PIL import Image

from pixelwise.survey.statements import OPEN

HEIGHT, WIDTH = 96, 128
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def disc(seed, value=1, around=0, radii=(14, 24)):
    """A disc of one value."""
    rng = np.random.default_rng(seed)
    y, x, radius = rng.uniform(26, 70), rng.uniform(30, 98), rng.uniform(*radii)
    return np.where((Y - y) ** 2 + (X - x) ** 2 < radius**2, value, around)


def regions(seed, values, number=9):
    """Areas between straight borders."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (number, 2)) * [HEIGHT, WIDTH]
    nearest = np.argmin((Y[..., None] - points[:, 0]) ** 2 + (X[..., None] - points[:, 1]) ** 2, -1)
    return rng.permutation(np.resize(np.array(values), number))[nearest]


def outlined(label, value, width=1):
    """A label whose regions have borders of one value."""
    edge = np.zeros(label.shape, bool)
    edge[1:] |= label[1:] != label[:-1]
    edge[:, 1:] |= label[:, 1:] != label[:, :-1]
    for _ in range(width - 1):
        edge[1:] |= edge[:-1]
        edge[:, 1:] |= edge[:, :-1]
    return np.where(edge, value, label)


def line(seed, value, label=0):
    """A line, two pixels wide, over a label."""
    return np.where(abs(Y - X // 2 - seed % 12) < 1, value, label)


def spotted(label, *values):
    """A label with single pixels of some values."""
    label = label.copy()
    for number, value in enumerate(values):
        label[3 + number, 5 + 2 * number] = value
    return label


def resized(label, factor=0.5, how=Image.Resampling.BILINEAR):
    """A label that was resized like an image."""
    size = (round(label.shape[1] * factor), round(label.shape[0] * factor))
    return np.asarray(Image.fromarray(label.astype(np.uint8)).resize(size, how))


def as_jpeg(label, quality=85):
    """A label that was saved with loss."""
    file = BytesIO()
    Image.fromarray(label.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def objects(number):
    """Squares, numbered from 1."""
    label = np.zeros((HEIGHT, WIDTH), np.int64)
    for place in range(number):
        y, x = divmod(place, 10)
        label[12 * y : 12 * y + 9, 12 * x : 12 * x + 9] = place + 1
    return label


def drawn(draw, number=12, seed=0):
    return [draw(seed + n) for n in range(number)]


def questions(statements):
    return [s for s in statements if s.sureness == OPEN]
