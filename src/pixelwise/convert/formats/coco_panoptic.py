"""COCO panoptic: colour PNGs whose colours are ids of segments, and a JSON file that names them.

id = R + 256 G + 65536 B; id 0 is void. "segments_info" of the JSON file gives each id a category.

Source: COCO data format documentation, Panoptic Segmentation.
"""

from os.path import isdir
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.coco import json_file, placed
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.formats.items import named_item
from pixelwise.convert.legend import Legend, unknown_hint
from pixelwise.convert.paths import inside
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Source
from pixelwise.errors import DatasetError, setting
from pixelwise.files.json_file import get
from pixelwise.labels.color import pack
from pixelwise.labels.image import decode_rgb
from pixelwise.legend.coco_categories import categories, category_of, id_of
from pixelwise.offenders import list_offenders
from pixelwise.text import some


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The annotated images of a JSON file, each with its PNG."""
    path = json_file(config.source)
    where = str(path)
    table = reading.json(path)
    rows, (name_of,), said = categories([(where, table)])
    found = Images(config, path.parent)
    images = {
        id_of(where, image, "id", f"images[{place}]"): (place, image)
        for place, image in enumerate(get(where, table, "images", list))
    }
    folder = _png_folder(path)
    items = []
    for place, entry in enumerate(get(where, table, "annotations", list)):
        at = f"annotations[{place}]"
        image_id = id_of(where, entry, "image_id", at)
        if image_id not in images:
            raise DatasetError(where, f"{at}.image_id", must="an id of images", got=image_id)
        number, image = images[image_id]
        text = get(where, entry, "file_name", str, at=at)
        png = inside(where, f"{at}.file_name", text, folder, [folder])
        name = get(where, image, "file_name", str, at=f"images[{number}]")
        item = named_item(config, path, f"images[{number}].file_name", name, None, found)
        data = _segments(where, at, entry, name_of)
        items.append(Item(item.id, (png,), item.image, data))
    placed_items, notes = placed(path, items, config, reading.folder)
    return Source(placed_items, rows, (*said, *notes))


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """The segments of one PNG as class indices.

    Raises:
        DatasetError: the PNG has ids that the JSON file does not name, and unknown is "error"; or
            a category is not a class.
    """
    where = str(item.files[0])
    ids = pack(decode_rgb(where, item.contents[0]))
    classes = legend.classes
    outside = sorted({name for _, name in item.data if name not in legend.index_of})
    if outside and config.unknown == "error":
        must, got = f"among {some(legend.index_of, 30)}", some(outside)
        name = "categories of segments"
        raise DatasetError(where, name, must=must, got=got, hint=unknown_hint())

    named = [0, *(segment for segment, _ in item.data)]
    void = classes.ignore_index
    indices = [void, *(legend.index_of.get(name, void) for _, name in item.data)]
    order = np.argsort(named)
    known = np.array(named)[order]
    place = np.searchsorted(known, ids).clip(0, len(known) - 1)
    unknown = known[place] != ids
    if unknown.any() and config.unknown == "error":
        hint = f"Use {setting('unknown', 'ignore')} if they are void."
        got = list_offenders(ids, unknown)
        raise DatasetError(where, "ids", must="those of segments_info", got=got, hint=hint)
    label = np.where(unknown, void, np.array(indices)[order][place]).astype(classes.dtype)
    present = np.isin(named[1:], ids)
    vanished = [
        f"segment {n} ({name})" for (n, name), shown in zip(item.data, present) if not shown
    ]
    return Drawing(label.shape, label=label, count=len(item.data), vanished=tuple(vanished))


def _png_folder(path: Path) -> Path:
    """panoptic_val2017.json has its PNGs in panoptic_val2017/, or beside it."""
    folder = path.with_suffix("")
    return folder if isdir(folder) else path.parent


def _segments(where: str, at: str, entry: Any, name_of: dict[Any, str]) -> list[Any]:
    """[id, class name] of every segment."""
    found = []
    for number, segment in enumerate(get(where, entry, "segments_info", list, at=at)):
        here = f"{at}.segments_info[{number}]"
        category = category_of(where, here, segment, name_of)
        id = get(where, segment, "id", int, at=here)
        if not 0 < id < 1 << 24:
            raise DatasetError(where, f"{here}.id", must="a colour: 1..16,777,215", got=id)
        found.append([id, category])
    return found
