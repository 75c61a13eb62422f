"""Items of several formats: label files paired with images, and images named in a file."""

from collections.abc import Collection
from os.path import isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import check_apart, files_below, inside, safe_id
from pixelwise.convert.records import Item
from pixelwise.errors import setting
from pixelwise.files.affixes import Affixes
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.pairs import complete_pairs, find_pairing


def find_label_files(
    config: ConvertConfig, suffixes: Collection[str] = IMAGE_SUFFIXES
) -> list[Item]:
    """An item for each label file of the source, with its image if there is a folder of images.

    Args:
        config: source, images, the prefixes and suffixes of both, and unpaired.
        suffixes: of label files, in small letters.
    Returns:
        Items; those of label files without an image, which are skipped, are alone.
    Raises:
        PairingError: images do not pair up, see find_pairs, and are not left out.
    """
    label_affixes = Affixes(config.label_prefix, config.label_suffix)
    if config.images is None or config.image_files == "none":
        files = files_below(config.source, suffixes)
        if isfile(config.source):  # one file is a source too
            files = iter([(config.source.name, config.source)])
        found = ((label_affixes.id_of(name), name, path) for name, path in files)
        return [
            Item(safe_id(str(config.source), "name", f"{id}{Path(name).suffix}"), (path,))
            for id, name, path in found
            if id is not None
        ]
    check_apart(config.images, config.folder)
    image_affixes = Affixes(config.image_prefix, config.image_suffix)
    source = [config.source] if isfile(config.source) else config.source
    pairing = find_pairing(
        *(config.images, source, image_affixes, label_affixes), label_files=suffixes
    )
    both, _, without_image = pairing.of()
    # where nothing pairs up, the names or folders are wrong
    chosen = {"skip": both, "background": [*both, *without_image]}
    ids = chosen.get(config.unpaired) if both else None
    left_out = (
        f"{setting('unpaired', 'skip')} leaves them out, {setting('unpaired', 'background')} makes "
        "labels of background alone for images without one"
    )
    pairs = complete_pairs(pairing, ids, left_out=left_out)
    alone = without_image if config.unpaired == "skip" else []
    return [
        *(Item(pair.id, (pair.label,), pair.image) for pair in pairs if pair.label),
        *(Item(id, (label,), alone=True) for id in alone if (label := pairing.label_of[id])),
    ]


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
