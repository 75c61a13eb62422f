"""What formats that keep pixels have in common: label files, paired with images where given."""

from collections.abc import Sequence
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import check_apart, files_below, safe_id
from pixelwise.convert.records import Item
from pixelwise.errors import DatasetError
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.labels.pairs import find_pairs

_LISTED = 5


def find_label_files(config: ConvertConfig, endings: Sequence[str] = ()) -> list[Item]:
    """An item for each label file of the source, with its image if there is a folder of images.

    Args:
        config: source, images, and the suffixes of both.
        endings: of label files, in small letters; () = pictures.
    Raises:
        DatasetError: a label file has no image.
        PairingError: pictures do not pair up, see find_pairs.
    """
    endings = endings or sorted(IMAGE_SUFFIXES)
    if config.images is None or config.image_files == "none":
        return [Item(_key(config, name), (path,)) for name, path in _files(config, endings)]
    check_apart(config.images, config.folder)
    if set(endings) <= IMAGE_SUFFIXES:
        pairs = find_pairs(
            config.images,
            config.source,
            image_suffix=config.image_suffix,
            label_suffix=config.label_suffix,
        )
        return [Item(pair.id, (pair.label,), pair.image) for pair in pairs if pair.label]
    images = {pair.id: pair.image for pair in find_pairs(config.images, None)}
    labels = {_key(config, name): path for name, path in _files(config, endings)}
    alone = sorted(set(labels) ^ set(images))
    if alone:
        constraint = "equal in both folders, without their endings"
        got = f"{len(alone):,} in one of them, such as {', '.join(alone[:_LISTED])}"
        raise DatasetError(config.source, "names", must=constraint, got=got)
    return [Item(key, (path,), images[key]) for key, path in labels.items()]


def _files(config: ConvertConfig, endings: Sequence[str]) -> list[tuple[str, Path]]:
    """(name, path) of the label files; one file is a source too."""
    if config.source.is_file():
        return [(config.source.name, config.source)]
    suffix = config.label_suffix
    found = files_below(config.source, endings)
    return [(n, p) for n, p in found if n.endswith(suffix) or p.stem.endswith(suffix)]


def _key(config: ConvertConfig, name: str) -> str:
    return safe_id(str(config.source), "name", name).removesuffix(Path(config.label_suffix).stem)
