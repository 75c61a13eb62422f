"""Label images of one image, written from the top to the bottom while it is predicted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from pixelwise.labels.bands.geotiff import tiff_of_rows
from pixelwise.labels.classes import Classes
from pixelwise.labels.codecs.png_writer import WriteRows, png_of_rows
from pixelwise.prediction.config import Format

SUFFIXES: dict[Format, str] = {"png": ".png", "tiff": ".tif"}


@contextmanager
def label_files(
    folder: Path, image: Path, id: str, size: tuple[int, int], classes: Classes, format: Format
) -> Iterator[Callable[[np.ndarray], None]]:
    """The label image of an image, or one for each class if they overlap.

    It appears when all rows are there. It has 8 bits and a palette if all values that the classes
    are stored as fit, and 16 bits otherwise, whichever of them occur.

    Args:
        folder: of the predictions.
        image: whose place on earth a TIFF file keeps.
        id: of the image.
        size: (height, width).
        classes: of the dataset.
        format: of the files.
    Yields:
        A function that takes the next rows: class indices (n, W), or (C, n, W) of 0 and 1.
    Raises:
        LabelError, RunError, MissingPackageError: see png_of_rows and tiff_of_rows.
    """
    with ExitStack() as opened:

        def open_one(part: str, own: Classes) -> WriteRows:
            path = folder / part / f"{id}{SUFFIXES[format]}"
            dtype = own.to_stored(np.zeros((1, 1), np.uint8)).dtype
            palette = own.palette() if dtype == np.uint8 else None
            if format == "png":
                return opened.enter_context(png_of_rows(path, size, dtype, palette))
            place = palette, own.stored_void, image
            return opened.enter_context(tiff_of_rows(path, size, dtype, *place))

        if classes.files:
            files = list(zip(map(open_one, classes.files, classes.members), classes.members))
        else:
            files = [(open_one("", classes), classes)]

        def write(label: np.ndarray) -> None:
            for (write_rows, own), plane in zip(files, label if classes.files else [label]):
                write_rows(own.to_stored(plane))

        yield write


@contextmanager
def byte_file(
    folder: Path, image: Path, id: str, size: tuple[int, int], format: Format
) -> Iterator[WriteRows]:
    """A grey image of one byte a pixel; arguments and errors as of label_files.

    Yields:
        A function that takes the next rows (n, W) uint8.
    """
    path, dtype = folder / f"{id}{SUFFIXES[format]}", np.dtype(np.uint8)
    if format == "png":
        made = png_of_rows(path, size, dtype, None)
    else:
        made = tiff_of_rows(path, size, dtype, None, None, image)
    with made as write_rows:
        yield write_rows
