"""Items of several formats: label files paired with images, and images named in a file."""

from collections.abc import Collection
from os.path import isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import check_apart, files_below, inside, safe_id
from pixelwise.convert.records import Item
from pixelwise.errors import DatasetError
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.pairs import find_pairs
from pixelwise.text import some


def find_label_files(
    config: ConvertConfig, suffixes: Collection[str] = IMAGE_SUFFIXES
) -> list[Item]:
    """An item for each label file of the source, with its image if there is a folder of images.

    Args:
        config: source, images, and the suffixes of both.
        suffixes: of label files, in small letters.
    Raises:
        DatasetError: a label file has no image.
        PairingError: images do not pair up, see find_pairs.
    """
    if config.images is None or config.image_files == "none":
        return [Item(_key(config, name), (path,)) for name, path in _files(config, suffixes)]
    check_apart(config.images, config.folder)
    if IMAGE_SUFFIXES.issuperset(suffixes):
        pairs = find_pairs(
            *(config.images, config.source),
            image_suffix=config.image_suffix,
            label_suffix=config.label_suffix,
        )
        return [Item(pair.id, (pair.label,), pair.image) for pair in pairs if pair.label]
    images = {pair.id: pair.image for pair in find_pairs(config.images, None)}
    labels = {_key(config, name): path for name, path in _files(config, suffixes)}
    alone = sorted(set(labels) ^ set(images))
    if alone:
        must = "equal in both folders, without their suffixes"
        got = f"{len(alone):,} in one of them: {some(alone)}"
        raise DatasetError(config.source, "names", must=must, got=got)
    return [Item(key, (path,), images[key]) for key, path in labels.items()]


def named_item(
    config: ConvertConfig, path: Path, name: str, text: str, data: Any, beside: str = ""
) -> Item:
    """The item of an image that an annotation file names.

    Args:
        config: images and image_files.
        path: the annotation file.
        name: the field that has the name, for messages.
        text: the name, relative to the folder of the images or of the annotation file.
        data: of the item.
        beside: a folder beside the annotation file that may have the image too.
    Raises:
        DatasetError: the name leads out of that folder.
    """
    where, base = str(path), path.parent if config.images is None else config.images
    file = inside(where, name, text, base, [base])
    if beside and config.images is None and not isfile(file):
        file = inside(where, name, text, base / beside, [base])
    return Item(
        safe_id(where, name, text), (), None if config.image_files == "none" else file, data
    )


def _files(config: ConvertConfig, suffixes: Collection[str]) -> list[tuple[str, Path]]:
    """(name, path) of the label files; one file is a source too."""
    if isfile(config.source):
        return [(config.source.name, config.source)]
    suffix = config.label_suffix
    found = files_below(config.source, suffixes)
    return [(n, p) for n, p in found if n.endswith(suffix) or p.stem.endswith(suffix)]


def _key(config: ConvertConfig, name: str) -> str:
    return safe_id(str(config.source), "name", name).removesuffix(Path(config.label_suffix).stem)
