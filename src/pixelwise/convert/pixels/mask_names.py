"""Masks of which each is one class or object of an image: their names -> image and class."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from pixelwise.files.affixes import Affixes
from pixelwise.survey.content import look
from pixelwise.survey.folder_names import IMAGE_FOLDERS, SPLIT_NAMES

OBJECT = "object"
_MARKS = "_-. "
# Names that do not say which class a mask is of.
_SAYS_NOTHING = {"", "mask", "masks", "label", "object", "instance", "seg", "obj"}
# Masks that are looked at; the values of one.
_LOOKED_AT, _MOST_VALUES = 6, 2
_SPLITS = {name for names in SPLIT_NAMES.values() for name in names}


def are_single_classes(
    affixes: Affixes, files: Collection[tuple[str, Path]], images: Collection[str]
) -> bool:
    """Whether the label files of a folder are masks of one class each, several for an image.

    Args:
        affixes: of the names of label files.
        files: (name below the folder, path).
        images: ids of the images; none if they are not known: then only folders of classes count.
    """
    groups = masks_by_image(affixes, files, images)
    classes = {name for masks in groups.values() for name, _ in masks}
    own = sum(id in images for name, _ in files if (id := affixes.id_of(name)) is not None)
    masks = [path for several in groups.values() if len(several) > 1 for _, path in several]
    if len(classes - {OBJECT}) < 2 or 2 * own >= len(files) or len(masks) < 2:
        return False
    if not images and any("/" not in name for name, _ in files):
        return False
    if classes & (_SPLITS | set(IMAGE_FOLDERS)) or 2 * len(masks) < len(files) * bool(not images):
        return False
    # of each class, since images in a folder beside that of labels are one too
    first = {name: path for several in groups.values() for name, path in several}
    found = [look(path) for path in [*list(first.values())[:_LOOKED_AT], *masks[:_LOOKED_AT]]]
    return all(content is None or content.colors <= _MOST_VALUES for content in found)


def masks_by_image(
    affixes: Affixes, files: Iterable[tuple[str, Path]], images: Collection[str] = ()
) -> dict[str, list[tuple[str, Path]]]:
    """The masks of each image, and the class of each.

    Args:
        affixes: of the names of masks.
        files: (name below the source, path).
        images: ids of the images, as far as they are known; most of the masks belong to these.
    """
    named = [(id, path) for name, path in files if (id := affixes.id_of(name)) is not None]
    ways = [
        [(*way(id, images), path) for id, path in named]
        for way in (_class_folder, _image_folder, _class_suffix)
    ]
    groups = defaultdict(list)
    for id, name, path in max(ways, key=lambda way: _fit(way, images)):
        if id and name:
            groups[id].append((name, path))
    return dict(groups)


def _fit(way: list[tuple[str, str, Path]], images: Collection[str]) -> tuple[int, int]:
    """How many masks get an image and a class; of known images, as few classes as can be."""
    found = [(id, name) for id, name, _ in way if id and name and (not images or id in images)]
    return len(found), -len({name for _, name in found}) if images else 0


def _class_folder(name: str, images: Collection[str]) -> tuple[str, str]:
    """ "car/0" -> image "0", class "car"; also "train/car/0" -> "train/0"."""
    parts = name.split("/")
    for place in range(len(parts) - 2, -1, -1):
        rest = "/".join(parts[:place] + parts[place + 1 :])
        if rest in images:
            return rest, parts[place]
    return "/".join(parts[1:]), parts[0] if len(parts) > 1 else ""


def _image_folder(name: str, images: Collection[str]) -> tuple[str, str]:  # noqa: ARG001
    """ "0/car_2" -> image "0", class "car"."""
    folder, _, last = name.rpartition("/")
    return folder, _class_name(last)


def _class_suffix(name: str, images: Collection[str]) -> tuple[str, str]:
    """ "0_car_2" -> image "0", class "car": the longest image name, else up to the last mark."""
    last = name.rpartition("/")[2]
    cuts = [place for place, letter in enumerate(last) if letter in _MARKS and place]
    start = len(name) - len(last)
    for place in reversed(cuts):
        if name[: start + place] in images:
            return name[: start + place], _class_name(last[place + 1 :])
    if images or not cuts:
        return "", ""
    words = [place for place in cuts if _class_name(last[place + 1 :]) != OBJECT] or cuts
    return name[: start + words[-1]], _class_name(last[words[-1] + 1 :])


def _class_name(text: str) -> str:
    """Without the number of an object at the end; numbers alone are objects."""
    name = text.rstrip("0123456789").strip(_MARKS)
    return name if name.lower() not in _SAYS_NOTHING else OBJECT
