"""Cityscapes: polygons of every image in one JSON file, or label images of ids.

The polygons of a file are painted in their order on "unlabeled", which is void. A label that ends
in "group" and is no class means the class without that ending; "license plate" has no id and is
never painted, nor is an object marked as deleted. Both forms become the 19 classes that are
trained, unless other classes are given.

leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png     gtFine/SPLIT/CITY/NAME_gtFine_polygons.json

Source: Cityscapes scripts, helpers/labels.py and preparation/json2labelImg.py.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.legend import Legend
from pixelwise.convert.legend_files import rows_of
from pixelwise.convert.paths import files_below
from pixelwise.convert.records import Drawing, Item, Object, Rows, Source
from pixelwise.errors import DatasetError
from pixelwise.files.json_file import get, read_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.shapes import Outline

POLYGONS, IDS = "_polygons.json", "_labelIds.png"
_IMAGES, _IMAGE_END = "leftImg8bit", "_leftImg8bit.png"
_NEVER_PAINTED = "license plate"
_GROUP = "group"


def find(config: ConvertConfig, executor: Executor | None) -> Source:  # noqa: ARG001
    """The polygon files of a folder. All 34 names are known; 15 of them are void."""
    trained = Classes.named("cityscapes")
    void = [name for name in PALETTES["cityscapes_all"].names if name not in trained.names]
    colors = (*trained.colors, *[(0, 0, 0)] * len(void))
    rows = Rows((*trained.names, *void), colors, void=tuple(void))
    return Source(list(_items(config, POLYGONS)), rows)


def find_ids(config: ConvertConfig, executor: Executor | None) -> Source:  # noqa: ARG001
    """The label images of ids in a folder: ids become the indices of the 19 trained classes."""
    rows = rows_of(Classes.named("cityscapes_ids"))
    return Source(list(_items(config, IDS)), rows)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The polygons of one file."""
    path = item.files[0]
    where = str(path)
    table = read_json(path)
    size = tuple(get(where, table, f"img{side}", int) for side in ("Height", "Width"))
    objects = []
    for place, entry in enumerate(get(where, table, "objects", list)):
        at = f"objects[{place}]"
        name = get(where, entry, "label", str, at=at).strip()
        if name not in legend.index_of and name.endswith(_GROUP):
            name = name.removesuffix(_GROUP)
        deleted = get(where, entry, "deleted", int, bool, type(None), at=at)
        if not deleted and name != _NEVER_PAINTED:
            points = get(where, entry, "polygon", list, at=at)
            objects.append(Object(name, (Outline(points),), at))
    return Drawing(size, tuple(objects))  # type: ignore[arg-type]


def _items(config: ConvertConfig, ending: str) -> Iterator[Item]:
    for name, path in files_below(config.source, [ending.lower()]):
        stem = name[: -len(ending)]
        # the part of the name that says by whom it was annotated: gtFine or gtCoarse
        key = stem.rpartition("_")[0] or stem
        yield Item(key, (path,), _image(config, key))


def _image(config: ConvertConfig, key: str) -> Path | None:
    """The image of an annotation, in leftImg8bit beside gtFine."""
    if config.image_files == "none":
        return None
    if config.images is not None:
        return config.images / f"{key}{_IMAGE_END}"
    for above in (config.source.absolute(), *config.source.absolute().parents):
        image = _in(above / _IMAGES, config.source.absolute(), above, key)
        if image is not None:
            return image
    hint = "Give the folder with --images, or --image-files none."
    got = f"none for {key}"
    raise DatasetError(config.source, _IMAGES, must="beside the annotations", got=got, hint=hint)


def _in(images: Path, source: Path, above: Path, key: str) -> Path | None:
    # gtFine/train -> leftImg8bit/train
    below = source.relative_to(above).parts[1:]
    image = Path(images, *below, f"{key}{_IMAGE_END}")
    return image if image.is_file() else None
