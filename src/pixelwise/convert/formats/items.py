"""Items of several formats: label files paired with images, and images named in a file."""

from collections.abc import Collection, Sequence
from os.path import isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.image_names import Images
from pixelwise.convert.paths import check_apart, files_below, safe_id
from pixelwise.convert.pixels.labels_alone import check_labels_alone
from pixelwise.convert.records import Item
from pixelwise.errors import DatasetError, setting
from pixelwise.files.affixes import Affixes
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.pairs import complete_pairs, find_pairing
from pixelwise.labels.shapes import Size
from pixelwise.legend.find import find_class_file
from pixelwise.legend.rows import Rows
from pixelwise.text import some


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
        DatasetError: photographs are among the label files.
        PairingError: images do not pair up, see find_pairs, and are not left out.
    """
    label_affixes = Affixes(config.label_prefix, config.label_suffix)
    files = [(config.source.name, config.source)]  # one file is a source too
    if not isfile(config.source):
        files = list(files_below(config.source, suffixes))
    found = [(id, *file) for file in files if (id := label_affixes.id_of(file[0])) is not None]
    pictures = [(n, path) for _, n, path in found if path.suffix.lower() in IMAGE_SUFFIXES]
    if pictures:
        check_labels_alone(config, pictures)
    if config.images is None or config.image_files == "none":
        return [
            Item(safe_id(str(config.source), "name", f"{id}{Path(name).suffix}"), (path,))
            for id, name, path in found
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


def rows_beside(config: ConvertConfig, colors: bool = False) -> tuple[Rows | None, tuple[str, ...]]:
    """The rows of the class file beside the labels, and where they are from; None without one.

    Args:
        config: source and images; files above both are not looked for.
        colors: only a file with a colour for each class counts.
    Raises:
        DatasetError: files of one folder list different classes.
    """
    folders = [config.source, config.source.parent]
    if config.images is not None:
        above = set(config.images.parents)
        folders += [folder for folder in config.source.parents if folder in above][:1]
    found = find_class_file(folders, colors)
    if found is None or found.path is None:
        return None, () if found is None else found.problems
    if found.others:
        got = some(path.name for path in (found.path, *found.others))
        hint = f"Name one: {setting('classes', str(found.path))}."
        must = f"of one class file in {found.path.parent}"
        raise DatasetError("convert", "classes", must=must, got=got, hint=hint)
    return found.rows, (f"classes are from {found.path.name}", *found.problems)


def named_item(
    config: ConvertConfig,
    path: Path,
    name: str,
    text: str,
    data: Any,
    images: Images,
    folders: Sequence[str] = ("",),
    split: str = "",
) -> Item:
    """The item of an image that an annotation file names.

    Args:
        config: image_files.
        path: the annotation file.
        name: the field that has the name, for messages.
        text: the name, relative to the folder of the images or of the annotation file.
        data: of the item.
        images: finds the image.
        folders: those beside the annotation file that may have the image.
        split: of the image, if that is known.
    Raises:
        DatasetError: the name leads out of that folder.
    """
    id, file = images.find(str(path), name, text, path.parent, folders, split)
    return Item(id, (), None if config.image_files == "none" else file, data)


def size_of_image(item: Item) -> Size:
    """The size of a label whose annotation file does not say it: that of the image, turned.

    Raises:
        DatasetError: the image is not there.
    """
    if item.image is None or not isfile(item.image):
        must = "there, as the annotations have no size"
        hint = f"Give the folder of the images as {setting('images')}."
        raise DatasetError(item.image or item.id, "image", must=must, got="none", hint=hint)
    return item.image_file.turned_size
