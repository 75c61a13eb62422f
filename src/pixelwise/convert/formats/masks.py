"""One mask file for each object, or for each class, of an image.

ID/images/ID.png with ID/masks/*.png      every mask is one object of the class "object"
CLASS/ID.png                              every mask is all of one class of one image
ID/CLASS.png                              likewise
ID_CLASS.png, ID_CLASS_2.png              likewise; numbers at the end count objects of a class

A pixel belongs to a mask where it is not 0; masks are read in the order of their names.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.items import rows_beside
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import IMAGES, check_apart, images_below
from pixelwise.convert.pixels.mask_names import OBJECT, masks_by_image
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Object, Source
from pixelwise.errors import DatasetError, LabelError, setting
from pixelwise.files.affixes import Affixes
from pixelwise.labels.image import decode_rgb
from pixelwise.labels.pairs import find_pairs
from pixelwise.labels.png import decode_label
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Size
from pixelwise.legend.rows import Rows
from pixelwise.text import some

_MASKS = "masks"


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The masks of a folder by image."""
    files = list(images_below(config.source))
    by_folder = _by_folder(files, _MASKS)
    if by_folder:
        groups = {id: [(OBJECT, path) for path in paths] for id, paths in by_folder.items()}
        images = _images_inside(files, list(groups))
        rows, notes = Rows(("background", OBJECT)), tuple[str, ...]()
    else:
        images = _images_of(config)
        affixes = Affixes(config.label_prefix, config.label_suffix)
        groups = masks_by_image(affixes, files, images)
        _check_images(config, groups, images)
        names = tuple(sorted({name for masks in groups.values() for name, _ in masks}))
        listed, notes = rows_beside(config)
        # the order and colours of a list that has all of them
        found = listed is not None and set(names) <= set(listed.names)
        rows, notes = (listed, notes) if listed and found else (Rows(names), ())
        if len(names) > 1 and config.task is None:
            notes += ("where masks of an image overlap, the last of their names lies on top",)
    items = []
    for key, masks in groups.items():
        paths = tuple(path for _, path in masks)
        image = None if config.image_files == "none" else images.get(key)
        alone = bool(images) and key not in images
        items.append(Item(key, paths, image, [name for name, _ in masks], alone=alone))
    return Source(items, rows if rows.names else None, notes)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The masks of one image, each an object; ignore_values are void where classes overlap."""
    objects = []
    size: Size | None = None
    for name, path, data in zip(item.data, item.files, item.contents):
        mask, void = _mask(path, data, () if config.task is None else config.ignore_values)
        if size is not None and mask.shape != size:
            must = f"{size}, like the other masks of {item.id}"
            raise DatasetError(path, "size", must=must, got=mask.shape)
        size = (mask.shape[0], mask.shape[1])
        objects.append(Object(name, (Patch(mask).trimmed(),), path.name))
        if void.any():
            objects.append(Object(name, (Patch(void).trimmed(),), path.name, is_crowd=True))
    return Drawing(size or (0, 0), tuple(objects))


def _mask(
    path: Path, data: bytes, ignored: tuple[int, ...]
) -> tuple[NDArray[np.bool], NDArray[np.bool]]:
    """(H, W) bool, and where it is void.

    A mask may have any two values, of which one is 0, and be stored as colour.
    """
    try:
        values = decode_label(path, data)
    except LabelError:
        color = decode_rgb(path, data)
        if (color != color[:, :, :1]).any():
            raise
        values = color[:, :, 0]
    void = np.isin(values, ignored)
    found = np.unique(values[~void])
    if len(found) > 2 or (len(found) == 2 and found[0] != 0):
        hint = "Was it resized, or saved with loss?"
        raise DatasetError(path, "values", must="0 and one other", got=some(found, 8), hint=hint)
    return (values != 0) & ~void, void


def _by_folder(files: list[tuple[str, Path]], name: str) -> dict[str, list[Path]]:
    """The files in folders of a name, by the folder that these are in."""
    found = defaultdict(list)
    for file, path in files:
        folder, _, rest = file.partition(f"/{name}/")
        if rest:
            found[folder].append(path)
    return found


def _images_inside(files: list[tuple[str, Path]], keys: list[str]) -> dict[str, Path]:
    """The one image in the folder of images beside each folder of masks."""
    found = _by_folder(files, IMAGES)
    wrong = [key for key in keys if len(found.get(key, ())) != 1]
    if wrong:
        must = f"a folder {IMAGES} with one image beside {_MASKS}"
        got = f"{len(found.get(wrong[0], ()))} in {wrong[0]}"
        raise DatasetError("convert", "every image", must=must, got=got)
    return {key: found[key][0] for key in keys}


def _images_of(config: ConvertConfig) -> dict[str, Path]:
    """The images of one folder, by id."""
    if config.images is None:
        return {}
    check_apart(config.images, config.folder)
    pairs = find_pairs(
        *(config.images, None), image_prefix=config.image_prefix, image_suffix=config.image_suffix
    )
    return {pair.id: pair.image for pair in pairs}


def _check_images(
    config: ConvertConfig, groups: Mapping[str, object], images: Mapping[str, Path]
) -> None:
    alone = [key for key in groups if key not in images]
    if images and (not groups or (alone and config.unpaired != "skip")):
        got = f"{some(alone)} without" if alone else f"none, of images such as {min(images)}"
        way = f"Leave them out with {setting('unpaired', 'skip')}."
        hint = way if len(alone) < len(groups) else ""
        raise DatasetError(config.source, "masks", must="of an image", got=got, hint=hint)
