"""Label images whose values are ids of objects, not classes.

Without a divisor, 0 is background and any other id is an object. With one, as in Cityscapes'
instanceIds where id = 1000 * class + number, the class is id // divisor, and ids below the divisor
are classes themselves.
"""

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.array import read_values, values_to_label
from pixelwise.convert.formats.items import find_label_files
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.labels.class_checks import OTHER
from pixelwise.legend.rows import Rows

_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The id images of a folder; the classes are background and object unless they are given."""
    rows = Rows(("background", "object"), None, (0, OTHER))
    suffixes = _SUFFIXES if config.images else (*_SUFFIXES, ".npy")
    return Source(find_label_files(config, suffixes), None if config.divisor else rows)


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
