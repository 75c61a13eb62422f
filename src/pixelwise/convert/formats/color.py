"""Colour label images and a class file that says which colour is which class.

CamVid, CVAT's "segmentation mask", Cityscapes' color.png and most hand-made masks are of this form.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import find_label_files, rows_beside
from pixelwise.convert.legend import Legend
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.errors import DatasetError, LabelError, error_at, setting
from pixelwise.labels.color import Unknown, index_and_snapped
from pixelwise.labels.image import decode_rgb, read_rgb

# More colours than this are not those of classes.
_MOST_COLORS = 64
# Labels whose colours are listed; of more, so many evenly spaced ones.
_FILES_LOOKED_AT = 20


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The colour labels of a folder, and the class file beside them if there is one.

    Raises:
        DatasetError: there is none, and no classes are given; the message has the colours of the
            labels in the form that `classes` takes.
    """
    items = find_label_files(config)
    if config.classes is not None:
        return Source(items)
    rows, notes = rows_beside(config, colors=True)
    if rows is None and items:
        files = [item.files[0] for item in items]
        raise _colors_found(files[:: -(-len(files) // _FILES_LOOKED_AT)])
    return Source(items, rows, notes)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """One colour label as class indices.

    Raises:
        LabelError: colours are not those of a class, and unknown is "error"; or two classes share
            a colour.
    """
    image = decode_rgb(item.files[0], item.contents[0])
    if config.bgr:
        image = image[:, :, ::-1]
    try:
        unknown = cast(Unknown, config.unknown)
        stored, snapped = index_and_snapped(image, legend.stored, unknown)
    except LabelError as error:
        raise error_at(item.files[0], error, LabelError) from None
    label = legend.written[stored]
    return Drawing(label.shape, label=label, snapped=snapped)


def _colors_found(paths: Sequence[Path]) -> DatasetError:
    """The error that asks for the classes, with the colours that there are."""
    colors: set[tuple[int, ...]] = set()
    for path in paths:
        found = np.unique(read_rgb(path).reshape(-1, 3), axis=0)
        if len(found) > _MOST_COLORS:
            hint = (
                "Is it a photograph, or was it resized or saved with loss? "
                f"Then give {setting('classes')}."
            )
            got = f"{len(found):,} colours in {path}"
            must = "given for labels of so many colours"
            return DatasetError("convert", "classes", must=must, got=got, hint=hint)
        colors.update(map(tuple, found.tolist()))
    words = ",".join(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in sorted(colors))
    hint = (
        f"Give a class file, or write a name before each colour found in {len(paths):,} of the "
        f"labels, like sky=#8080ff: {setting('classes', words)}."
    )
    must = "given for colour labels"
    return DatasetError("convert", "classes", must=must, got="none", hint=hint)
