"""Colour label images and a class file that says which colour is which class.

CamVid, CVAT's "segmentation mask", Cityscapes' color.png and most hand-made masks are of this form.
"""

from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import find_label_files, rows_beside
from pixelwise.convert.legend import Legend
from pixelwise.convert.pixels.given_classes import Concluded, with_colors
from pixelwise.convert.pixels.labels_alone import check_no_photograph
from pixelwise.convert.pixels.suggestion import classes_missing
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.errors import LabelError, error_at
from pixelwise.labels.color import Unknown, index_and_snapped
from pixelwise.labels.image import decode_rgb
from pixelwise.legend.rows import Rows
from pixelwise.survey.conversion import find_colors


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The colour labels of a folder, and the class file beside them if there is one.

    Raises:
        DatasetError: there is none, and no classes are given; the message has the colours of the
            labels in the form that `classes` takes.
    """
    items = find_label_files(config)
    paths = [item.files[0] for item in items]
    if config.classes is not None:
        return Source(items, conclude=partial(_concluded, paths))
    rows, notes = rows_beside(config, colors=True)
    if rows is None and items:
        raise classes_missing(config, paths)
    return Source(items, rows, notes)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """One colour label as class indices.

    Raises:
        LabelError: colours are not those of a class, and unknown is "error"; two classes share a
            colour; or it is a photograph.
    """
    image = decode_rgb(item.files[0], item.contents[0])
    if config.bgr:
        image = image[:, :, ::-1]
    try:
        unknown = cast(Unknown, config.unknown)
        stored, snapped = index_and_snapped(image, legend.stored, unknown)
    except LabelError as error:
        check_no_photograph(item.files[0], item.contents[0])
        raise error_at(item.files[0], error, LabelError) from None
    label = legend.written[stored]
    void = label == legend.classes.ignore_index
    if 2 * (snapped.pixels if snapped else np.count_nonzero(void)) > void.size:
        check_no_photograph(item.files[0], item.contents[0])
    return Drawing(label.shape, label=label, snapped=snapped)


def _concluded(paths: list[Path], rows: Rows) -> Concluded:
    """Classes without colours, in grey labels."""
    return (rows, ()) if rows.colors is not None else with_colors(rows, find_colors(paths))
