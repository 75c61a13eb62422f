"""Stacks (C, H, W): a plane of 0 and one other value for each class, which may overlap.

.npy    one array (C, H, W)
.npz    one array (C, H, W), or an array (H, W) of each class, called like it
TIFF    a page for each class

The value of a pixel that is of the class is the same in all files.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import rows_beside
from pixelwise.convert.legend import Legend
from pixelwise.convert.pixels.array_files import SUFFIXES, chosen, decode_npy, npz_arrays, npz_names
from pixelwise.convert.records import Drawing, Item, Object, Source
from pixelwise.errors import DatasetError, LabelError, PixelwiseError, setting
from pixelwise.files.content import MAX_PIXELS, Unreadable
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.codecs.tiff import tiff_pages
from pixelwise.labels.png import decode_label
from pixelwise.labels.raster import Patch
from pixelwise.legend.rows import Rows
from pixelwise.sample import sample
from pixelwise.settings import command_line
from pixelwise.text import some

# Files whose values are looked at to find the one that stands for the class.
_LOOKED_AT = 20
_TIFF = (".tif", ".tiff")
# An array (H, W) of each class by its name, or planes in the order of the classes.
Planes = dict[str, NDArray[np.integer]] | list[NDArray[np.integer]]


def is_stack(path: Path) -> bool:
    """Whether a file of this name may hold a plane of each class."""
    return path.suffix.lower() in (*SUFFIXES[:2], *_TIFF)


def stacks(items: Sequence[Item], config: ConvertConfig) -> Source:
    """Stacks as a source; what they have in common is decided from some of them.

    Args:
        items: with their files.
        config: classes, key and ignore_values.
    Raises:
        DatasetError: names of the classes, or the value that stands for one, are not known.
    """
    wrong = [item.files[0] for item in items if not is_stack(item.files[0])]
    if wrong:
        must = ".npy, .npz or TIFF files with a plane for each class"
        raise DatasetError(config.source, "labels", must=must, got=some(wrong))
    if 0 in config.ignore_values:
        raise DatasetError("convert", "ignore_values", must="without 0, which is no class", got=0)
    rows, notes = (None, ()) if config.classes else rows_beside(config)
    values, names = set[int](), dict[str, None]()
    for item in sample(items, _LOOKED_AT):
        with suppress(PixelwiseError):  # reading it for its label says what is wrong
            planes = _planes(replace(item), config)
            names |= dict.fromkeys(planes) if isinstance(planes, dict) else {}
            values.update(_values(planes if isinstance(planes, list) else planes.values()))
    found = sorted(values - {0, *config.ignore_values})
    if len(found) > 1:
        # 1 is mostly a class, and 255 is one where 128 is void
        void = found[-1] if found[0] == 1 else found[0]
        again = command_line(replace(config, ignore_values=(*config.ignore_values, void)))
        hint = f"Say which of them are void, such as {void}: {again}"
        must, got = "0 and one other, which is the class", some(found)
        raise DatasetError(config.source, "values of planes", must=must, got=got, hint=hint)
    if rows is None and config.classes is None:
        if not names:
            hint = f"Give them in the order of the planes: {setting('classes', 'car,wheel')}."
            raise DatasetError(
                config.source, "classes", must="named", got="planes alone", hint=hint
            )
        rows = Rows(tuple(names | _more_names(items)))
    value = found[0] if found else 1
    return Source([replace(item, data=value) for item in items], rows, notes)


def read_stack(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """The planes of one file, each an object; ignore_values are void for the class alone.

    Raises:
        DatasetError, LabelError: the file is damaged, has another number of planes than there are
            classes, or other values.
    """
    where, names = str(item.files[0]), legend.stored.names
    planes = _planes(item, config)
    if isinstance(planes, list):
        if len(planes) != len(names):
            must = f"{len(names)}, one for each of {some(names, 30)}"
            raise LabelError(where, "planes", must=must, got=len(planes))
        planes = dict(zip(names, planes))
    if not planes:
        raise LabelError(where, "planes", must="at least one", got="none")
    size = next(iter(planes.values())).shape
    objects = []
    for name, plane in planes.items():
        if plane.shape != size:
            raise LabelError(where, f"size of {name}", must=f"{size}", got=plane.shape)
        void = np.isin(plane, config.ignore_values)
        inside = plane == item.data
        if not (void | inside | (plane == 0)).all():
            others = sorted(set(_values([plane])) - {0, item.data, *config.ignore_values})
            must = f"0 or {item.data}, as in the other files"
            hint = f"Void values are given by {setting('ignore_values')}."
            raise LabelError(where, f"values of {name}", must=must, got=some(others), hint=hint)
        for mask, is_void in ((inside, False), (void, True)):
            if mask.any():
                shape = (Patch(mask).trimmed(),)
                objects.append(Object(name, shape, f"plane {name}", is_crowd=is_void))
    return Drawing((size[0], size[1]), tuple(objects))


def _more_names(items: Sequence[Item]) -> dict[str, None]:
    """Names of (H, W) arrays in all .npz files: a class may be in few of them."""
    found = dict[str, None]()
    for item in items:
        with suppress(PixelwiseError):
            found |= dict.fromkeys(npz_names(item.files[0], replace(item).contents[0]))
    return found


def _planes(item: Item, config: ConvertConfig) -> Planes:
    """The planes of a file, whole numbers each."""
    (path,), (data,) = item.files, item.contents
    suffix = path.suffix.lower()
    if suffix in _TIFF:
        return list(_pages(path, data))
    if suffix == ".npy":
        return _split(path, decode_npy(path, data))
    arrays = npz_arrays(path, data)
    flat = {name: array for name, array in arrays if array.ndim == 2}
    if config.key is None and len(flat) == len(arrays) and flat:
        return {name: _whole(path, array) for name, array in flat.items()}
    return _split(path, chosen(path, arrays, config.key))


def _pages(path: Path, data: bytes) -> Iterator[NDArray[np.integer]]:
    kept = 0
    try:
        for page in tiff_pages(data):
            check_unpacked(3 * len(data) + kept, "the pages of a TIFF file")
            plane = decode_label(path, page)
            kept += plane.nbytes
            yield plane
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None


def _split(path: Path, array: np.ndarray) -> list[NDArray[np.integer]]:
    if array.ndim != 3 or not array.size:
        got = f"{array.dtype} with shape {array.shape}"
        raise LabelError(path, "array", must="(C, H, W), a plane for each class", got=got)
    return [_whole(path, plane) for plane in array]


def _whole(path: Path, plane: np.ndarray) -> NDArray[np.integer]:
    if plane.dtype.kind == "b":
        return plane.astype(np.uint8)
    if plane.size > MAX_PIXELS:
        raise LabelError(path, "array", must=f"at most {MAX_PIXELS:,} pixels", got=plane.shape)
    whole = plane.dtype.kind in "iu" and 0 <= plane.min() <= plane.max() < 1 << 16
    if plane.dtype.kind == "f" and np.isfinite(plane).all() and (plane == np.floor(plane)).all():
        whole = bool((np.abs(plane) < 1 << 16).all())
    if not whole:
        is_float = plane.dtype.kind == "f"
        got = f"{plane.dtype}, not all {'whole' if is_float else 'of these'}"
        hint = "Probabilities are not labels: choose a threshold first." if is_float else ""
        raise LabelError(path, "array", must="whole numbers 0..65535", got=got, hint=hint)
    return plane.astype(np.int64) if plane.dtype.kind == "f" else plane


def _values(planes: Iterable[NDArray[np.integer]]) -> set[int]:
    return {value for plane in planes for value in np.unique(plane).tolist()}
