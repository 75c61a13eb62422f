"""Images without annotation and annotations without image: left out, or labels of background alone.

Formats of label files pair them up themselves and refuse what has no partner, unless it is to be
skipped. Annotation files name their images; others beside these are left out, and that is said.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from os.path import isdir, isfile
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.table import FORMATS, IGNORE
from pixelwise.convert.paths import images_below
from pixelwise.convert.records import Item, Source
from pixelwise.files.affixes import Affixes
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.text import plural


def settle_unpaired(config: ConvertConfig, source: Source) -> Source:
    """The items that are made, with what is left out in the notes.

    Args:
        config: its unpaired decides: "background" makes a label of each image without annotation,
            "skip" leaves out annotations whose image is missing.
        source: what the format found.
    """
    whole = [item for item in source.items if not item.alone]
    gone = [item for item in source.items if item.alone]
    if config.unpaired == "skip":
        there, lost = list[Item](), list[Item]()
        for item in whole:
            (there if item.image is None or isfile(item.image) else lost).append(item)
        # if all are missing, it is another mistake, which each of them says
        whole, gone = (there, [*gone, *lost]) if there else (whole, gone)
    images = list(_images_alone(config, source)) if whole else []
    notes = [*source.notes]
    if gone:
        example = gone[0].files[0].name if gone[0].files else gone[0].id
        notes.append(f"{_left_out(len(gone), 'annotation')} without an image, such as {example}")
    if images and config.unpaired == "background":
        whole += images
        labels = f"{plural(len(images), 'label')} of background alone"
        notes.append(f"{labels}, of images without annotation, such as {_name(images)}")
    elif images:
        left = f"{_left_out(len(images), 'image')} without annotation, such as {_name(images)}"
        notes.append(f"{left} (--unpaired background makes labels of background alone)")
    return replace(source, items=whole, notes=tuple(notes))


def _left_out(number: int, what: str) -> str:
    return f"left out: {plural(number, what)}"


def _name(items: list[Item]) -> str:
    return items[0].image.name if items[0].image else items[0].id


def _images_alone(config: ConvertConfig, source: Source) -> Iterator[Item]:
    """An item for each image without annotation, in or beside the folders of the others."""
    used = {os.path.normpath(item.image) for item in source.items if item.image is not None}
    used.update(os.path.normpath(file) for item in source.items for file in item.files)
    ids = {item.id for item in source.items}
    # names in annotation files may be relative to a folder above or below that of the images
    above = {item.image.parent: item.id.rpartition("/")[0] for item in source.items if item.image}
    affixes = Affixes(config.image_prefix, config.image_suffix)
    for name, path in _images(config, source):
        key = affixes.id_of(name)
        if key is not None and path.parent in above:
            key = "/".join(filter(None, (above[path.parent], key.rpartition("/")[2])))
        if key is not None and key not in ids and os.path.normpath(path) not in used:
            yield Item(key, (), path, alone=True)


def _images(config: ConvertConfig, source: Source) -> Iterator[tuple[str, Path]]:
    """(name below its folder, path) of the images that may have been annotated."""
    if config.images is not None:
        yield from images_below(config.images)
    elif FORMATS[config.format].background in (None, IGNORE):
        return  # label images without a folder of images, or Cityscapes' other files
    elif isdir(config.source) and any(_is_beside(item) for item in source.items):
        for name, path in images_below(config.source):
            # what labelme_json_to_dataset made of an annotation has the image again
            if not isfile(path.parent / "label_names.txt"):
                yield name, path
    else:
        folders = {item.image.parent for item in source.items if item.image is not None}
        for folder in sorted(filter(isdir, folders)):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                if entry.name.lower().endswith(tuple(IMAGE_SUFFIXES)) and entry.is_file():
                    yield entry.name, folder / entry.name


def _is_beside(item: Item) -> bool:
    """Whether the annotation file of an image lies beside it."""
    return item.image is not None and item.image.parent in {file.parent for file in item.files}
