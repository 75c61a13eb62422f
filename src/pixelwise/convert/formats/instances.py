"""Label images whose values are ids of objects, not classes.

Without a divisor, 0 is background and any other id is an object. With one, as in Cityscapes'
instanceIds where id = 1000 * class + number, the class is id // divisor, and ids below the divisor
are classes themselves.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.array import read_values, values_to_label
from pixelwise.convert.formats.items import find_label_files
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.labels.class_checks import OTHER
from pixelwise.legend.rows import Rows
from pixelwise.sample import sample
from pixelwise.text import some

# Files whose ids are looked at to learn which classes there are; of more, so many.
_FILES_LOOKED_AT = 500
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The id images of a folder.

    The classes are background and object unless they are given; with a divisor, numbers.
    """
    rows = Rows(("background", "object"), None, (0, OTHER))
    suffixes = _SUFFIXES if config.images else (*_SUFFIXES, ".npy")
    items = find_label_files(config, suffixes)
    if config.divisor and config.classes is None:
        return Source(items, *_numbered(items, config))
    return Source(items, None if config.divisor else rows)


def _numbered(items: list[Item], config: ConvertConfig) -> tuple[Rows, tuple[str, ...]]:
    """Classes that are called by their number, as some files have them; and a note."""
    found = set[int]()
    for item in sample(items, _FILES_LOOKED_AT):
        # what is read again later is not kept
        ids, void = read_values(replace(item), config)
        found.update(_classes_of(ids[~void], config.divisor).tolist())
    values = sorted(found)
    names = tuple(f"class_{value}" for value in values)
    note = f"classes have no names, but the numbers of {some(names)}"
    return Rows(names, values=tuple((value,) for value in values)), (note,)


def _classes_of(ids: NDArray[np.integer], divisor: int) -> NDArray[np.integer]:
    # the ids may have too few bits for the divisor
    number = np.array(divisor, np.min_scalar_type(divisor))
    return np.unique(np.where(ids >= number, ids // number, ids))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """One id image as class indices."""
    ids, void = read_values(item, config)
    values = ids
    if config.divisor:
        # the ids may have too few bits for the divisor
        divisor = np.array(config.divisor, np.min_scalar_type(config.divisor))
        values = np.where(ids >= divisor, ids // divisor, ids)
    label = values_to_label(str(item.files[0]), values, void, config, legend)
    count = len(np.unique(ids[(ids >= max(1, config.divisor)) & ~void]))
    return Drawing(label.shape, label=label, count=count)
