"""Label images as GeoTIFF files: written row by row, at the place on earth of another file.

Source: OGC GeoTIFF 1.1; GDAL's tags for nodata, as rasterio writes them.
"""

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import LabelError
from pixelwise.extras import is_installed, missing_package
from pixelwise.files.atomic import replaced
from pixelwise.files.content import Unreadable, open_file
from pixelwise.labels.bands.tiff import TIFF_MAGIC
from pixelwise.labels.codecs.png_writer import WriteRows

BLOCK = 256  # rows and columns of a tile of the file


def check_geotiff() -> None:
    """Raise unless GeoTIFF files can be written.

    Raises:
        MissingPackageError: rasterio is not installed.
    """
    if not is_installed("rasterio"):
        raise missing_package("predict", "rasterio")


@contextmanager
def tiff_of_rows(
    path: Path,
    size: tuple[int, int],
    dtype: np.dtype,
    palette: np.ndarray | None,
    nodata: int | None,
    like: Path,
) -> Iterator[WriteRows]:
    """A TIFF file of one band, which appears when all rows are written and read back equal.

    Args:
        path: of the file.
        size: (height, width).
        dtype: uint8 or uint16.
        palette: (256, 3) uint8 display colour of every value of 8 bits; None for 16.
        nodata: the value that says nothing: void.
        like: the image; its coordinate system, transform or ground control points are kept.
    Yields:
        A function that takes the next rows (n, width) of this type.
    Raises:
        LabelError: what was written would not be read back equal.
        RunError: the file system refuses.
        MissingPackageError: rasterio is not installed.
    """
    check_geotiff()
    import rasterio
    from rasterio.windows import Window

    height, width = size
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": dtype}
    profile |= {"nodata": nodata, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    profile |= {"compress": "deflate", "bigtiff": "if_safer", **_place_of(like)}
    points = profile.pop("gcps", None)
    held: list[np.ndarray] = []
    first = check = 0

    def put(rows: np.ndarray) -> None:
        nonlocal first, check
        target.write(rows, 1, window=Window(0, first, width, len(rows)))
        first, check = first + len(rows), zlib.crc32(rows.tobytes(), check)

    def write(rows: np.ndarray) -> None:
        """In whole rows of tiles, as each is compressed once."""
        held.append(rows)
        if sum(map(len, held)) >= BLOCK:
            together = np.concatenate(held)
            whole = len(together) // BLOCK * BLOCK
            put(together[:whole])
            held[:] = [together[whole:]]

    with replaced(path, f"{width:,} x {height:,} pixels") as temporary, _quiet():
        with rasterio.open(temporary, "w", **profile) as target:
            if palette is not None:
                target.write_colormap(1, {i: (*map(int, c), 255) for i, c in enumerate(palette)})
            if points is not None:
                target.gcps = points
            yield write
            if rest := [rows for rows in held if len(rows)]:
                put(np.concatenate(rest))
            assert first == height
        again = 0
        with rasterio.open(temporary) as found:
            for top in range(0, height, BLOCK):
                rows = found.read(1, window=Window(0, top, width, min(BLOCK, height - top)))
                again = zlib.crc32(rows.tobytes(), again)
        if again != check:
            must, got = "equal when read back", "other values"
            raise LabelError(path, "label", must=must, got=got)


def _place_of(image: Path) -> dict[str, Any]:
    """Where an image is on earth; nothing if its file does not say."""
    import rasterio

    try:
        with open_file(image) as file:
            if file.read(len(TIFF_MAGIC[0])) not in TIFF_MAGIC:
                return {}
        with _quiet(), rasterio.open(image) as found:
            points, system = found.gcps
            if points:
                return {"gcps": (points, system)}
            return {"crs": found.crs, "transform": found.transform}
    except (Unreadable, rasterio.errors.RasterioError):
        return {}  # what is wrong with it is said when it is read


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings that a file has no coordinates."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="rasterio")
        yield
