"""Cityscapes: polygons of every image in one JSON file.

The polygons of a file are painted in their order on "unlabeled", which is void. A label that ends
in "group" and is not a class means the class without that word; "license plate" has no id and is
never painted, nor is an object marked as deleted. They become the 19 classes that are trained,
unless other classes are given.

leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png     gtFine/SPLIT/CITY/NAME_gtFine_polygons.json

Source: Cityscapes scripts, helpers/labels.py and preparation/json2labelImg.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from os.path import isdir, isfile
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import files_below
from pixelwise.convert.reading import Reading
from pixelwise.convert.records import Drawing, Item, Object, Source
from pixelwise.errors import DatasetError, setting
from pixelwise.files.json_file import get, parse_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.shapes import Outline
from pixelwise.legend.rows import Rows

_IMAGES, _IMAGE_END = "leftImg8bit", "_leftImg8bit.png"
_FINE = "gtFine"
_ANNOTATIONS = (_FINE, "gtCoarse")
_NEVER_PAINTED = "license plate"
_GROUP = "group"


def find(config: ConvertConfig, reading: Reading) -> Source:  # noqa: ARG001
    """The polygon files of a folder. All 34 names are known; 15 of them are void."""
    trained = Classes.named("cityscapes")
    void = [name for name in PALETTES["cityscapes_all"].names if name not in trained.names]
    colors = (*trained.colors, *[(0, 0, 0)] * len(void))
    rows = Rows((*trained.names, *void), colors, void=tuple(void))
    return Source(list(annotated(config, "_polygons.json")), rows)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The polygons of one file."""
    where = str(item.files[0])
    table = parse_json(item.contents[0], where)
    height, width = (get(where, table, f"img{side}", int) for side in ("Height", "Width"))
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
    return Drawing((height, width), tuple(objects))


def annotated(config: ConvertConfig, suffix: str) -> Iterator[Item]:
    """The annotation files with a suffix, each with its image.

    Of a folder that has gtFine in it, the files in there, under the names that they have there; of
    one that has gtCoarse too, the fine ones.
    """
    images = None if config.image_files == "none" else _image_folders(config)
    found = list(files_below(config.source, [suffix.lower()]))
    is_fine = {_FINE in name.split("/")[:-1] for name, _ in found}
    for name, path in found:
        folders = name.split("/")[:-1]
        if len(is_fine) == 2 and _FINE not in folders:
            continue
        below = next((n + 1 for n, folder in enumerate(folders) if folder in _ANNOTATIONS), 0)
        stem = "/".join((*folders[below:], path.name))[: -len(suffix)]
        # without the part of the name that says by whom it was annotated: gtFine or gtCoarse
        id = stem.rpartition("_")[0] or stem
        yield Item(id, (path,), None if images is None else _image(config, id, images))


def _image_folders(config: ConvertConfig) -> list[Path]:
    """Where images may be: leftImg8bit in the source or beside it, or in a folder of its zip."""
    if config.images is not None:
        return [config.images, config.images / _IMAGES]
    source = config.source.absolute()
    found = []
    for above in (source, *source.parents):
        # gtFine/train -> leftImg8bit/train
        below = source.relative_to(above).parts[1:]
        found.append(Path(above, _IMAGES, *below))
    for folder in (source, *list(source.parents)[:2]):
        with suppress(OSError):  # a folder that cannot be read has no images for us
            # leftImg8bit_trainvaltest/leftImg8bit
            found += [path / _IMAGES for path in sorted(folder.glob(f"{_IMAGES}_*"))]
    return [folder for folder in found if isdir(folder)]


def _image(config: ConvertConfig, id: str, folders: Sequence[Path]) -> Path:
    """The image of an annotation."""
    name = f"{id}{_IMAGE_END}"
    image = next((folder / name for folder in folders if isfile(folder / name)), None)
    if image is not None:
        return image
    if config.images is not None:
        return config.images / name
    hint = f"Give the folder as {setting('images')}, or {setting('image_files', 'none')}."
    must, got = "beside the annotations or above them", f"none for {id}"
    raise DatasetError(config.source, _IMAGES, must=must, got=got, hint=hint)
