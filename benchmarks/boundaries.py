"""Boundary and surface metrics of one large picture with many classes."""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

from benchmarks import measure
from pixelwise.metrics.boundary import count_boundary
from pixelwise.metrics.contour_f import count_contours
from pixelwise.metrics.surface import (
    average_surface_distance,
    hausdorff_distance,
    normalized_surface_distance,
    surface_distances,
)

SHAPE = (1024, 2048)
CLASSES = 19
REGIONS = 600


def draw() -> tuple[np.ndarray, np.ndarray]:
    """A target of 600 regions with ragged edges and a void band, and a prediction off by 3, 5."""
    random = np.random.default_rng(0)
    centres = random.random((REGIONS, 2)) * SHAPE
    owner = random.integers(0, CLASSES, REGIONS)
    ragged = 60 * gaussian_filter(random.normal(size=(2, *SHAPE)), (0, 8, 8))
    places = np.moveaxis(np.indices(SHAPE) + ragged, 0, -1).reshape(-1, 2)
    target = owner[cKDTree(centres).query(places)[1]].reshape(SHAPE).astype(np.uint8)
    pred = np.roll(target, (3, 5), (0, 1))
    target[-100:] = 255
    return pred, target


def surfaces(pred: np.ndarray, target: np.ndarray) -> None:
    distances = surface_distances(pred, target, CLASSES)
    normalized_surface_distance(distances, 5)
    hausdorff_distance(distances, 95)
    average_surface_distance(distances)


def one_class_after_the_other(pred: np.ndarray, target: np.ndarray) -> None:
    """The usual way: an erosion and a distance transform of the whole picture for each class."""
    for c in range(CLASSES):
        for label in (pred, target):
            mask = label == c
            edge = mask & ~binary_erosion(mask, border_value=1)
            distance_transform_edt(~edge)


def report() -> str:
    pred, target = draw()
    rows = {
        "boundary IoU": lambda: count_boundary(pred, target, CLASSES),
        "boundary F": lambda: count_contours(pred, target, CLASSES),
        "NSD + HD95 + ASSD": lambda: surfaces(pred, target),
        "scipy, class by class": lambda: one_class_after_the_other(pred, target),
    }
    seconds = measure.interleaved(rows, 3)
    lines = [[name, f"{measure.median(v):.2f} s"] for name, v in seconds.items()]
    head = [f"{SHAPE[0]}×{SHAPE[1]}, {CLASSES} classes", "median"]
    table = measure.table(head, lines)
    return f"## Boundary metrics\n\n{table}\n"


if __name__ == "__main__":
    print(report())
