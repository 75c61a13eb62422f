"""Cityscapes: label images of ids, gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png.

Ids become the indices of the 19 classes that are trained, unless other classes are given.

Source: Cityscapes scripts, helpers/labels.py.
"""

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats import array
from pixelwise.convert.formats.cityscapes import annotated
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Source
from pixelwise.labels.classes import Classes
from pixelwise.legend.rows import rows_of

read = array.read


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The label images of ids in a folder."""
    items = list(annotated(config, "_labelIds.png"))
    return Source(items, rows_of(Classes.named("cityscapes_ids")))
