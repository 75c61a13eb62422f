"""Photographs are never taken for labels: a source that has both is refused, with the way on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from os.path import isdir
from pathlib import Path

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.paths import images_below
from pixelwise.convert.pixels.mask_names import are_single_classes
from pixelwise.convert.pixels.suggestion import commands, stored_values, unusable_options
from pixelwise.convert.unsupported_files import named_beside
from pixelwise.errors import DatasetError, LabelError, PixelwiseError, setting
from pixelwise.files.affixes import NO_AFFIXES, Affixes, likely_affixes
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.sample import sample
from pixelwise.settings import command_line
from pixelwise.survey.content import Content, content_of, decode_pixels, kind_of, look
from pixelwise.survey.folder_names import IMAGE_FOLDERS, LABEL_FOLDERS
from pixelwise.survey.pairing import subfolders
from pixelwise.survey.splits import find_layout
from pixelwise.text import shell_line, some

# Files that are looked at, of some folders and names, and their pixels.
_FOLDERS, _OF_ONE, _PIXELS = 8, 4, 1 << 26
# A smaller share of photographs may be previews.
_SHARE = 0.2
_LABELS_READ = 3


def check_labels_alone(config: ConvertConfig, files: Sequence[tuple[str, Path]]) -> None:
    """Refuse label files among which are photographs.

    Args:
        config: source, and what the user has said.
        files: (name below the source, path) of the label files.
    Raises:
        DatasetError: all look like photographs, or some of them; the message says which files look
            like images and which like labels, and has the command that names the two.
    """
    if config.images is None:
        _check_names(config)
    seen = _looks(files)
    photos = [name for name, content in seen.items() if content.kind == "photograph"]
    labels = [name for name, content in seen.items() if content.kind in ("label", "soft")]
    if not photos or len(photos) < _SHARE * len(seen):
        return
    colors = f"{seen[photos[0]].colors:,} colours in {photos[0]}, of which none stands out"
    if not labels:
        if len(photos) < len(seen):
            return
        tool = named_beside(config.source) if isdir(config.source) else None
        if tool is not None and config.images is None:
            raise tool
        got = f"photographs, by their look: {colors}"
        raise DatasetError(
            config.source, "source", must="a folder of labels", got=got, hint=_hint(config, {})
        )
    got = f"photographs, {_pattern(photos)} ({colors}), beside labels, {_pattern(labels)}"
    hint = _hint(config, {"photos": photos, "labels": labels})
    raise DatasetError(config.source, "source", must="labels alone", got=got, hint=hint)


def _check_names(config: ConvertConfig) -> None:
    """Refuse a folder with folders that are called what those of images and of labels are."""
    source = config.source
    folders = subfolders(source) if isdir(source) else []
    images, labels = (
        next((f.name for f in folders if f.name.lower() in names), None)
        for names in (IMAGE_FOLDERS, LABEL_FOLDERS)
    )
    if images is not None and labels is not None:
        several = replace(config, source=source / labels, images=source / images, order=None)
        if one_class_each(several):
            got = f"{images} and {labels}, which has one mask for each class"
            hint = f"Name the two: {command_line(replace(several, format='masks'))}"
            must = "a folder of labels alone"
            raise DatasetError(source, "source", must=must, got=got, hint=hint)
        splits = _surveyed(source) or {"train": Split(images, labels)}
        got = f"{images} and {labels}"
        hint = _way_on(config, splits)
        raise DatasetError(source, "source", must="a folder of labels alone", got=got, hint=hint)


def one_class_each(config: ConvertConfig) -> bool:
    """Whether the image files of the source are masks of one class each, several for an image."""
    if not isdir(config.source):
        return False
    images: list[str] = []
    if config.images is not None:
        own = Affixes(config.image_prefix, config.image_suffix)
        names = walk_files(config.images, IMAGE_SUFFIXES)
        images = [id for name in names if (id := own.id_of(name)) is not None]
    affixes = Affixes(config.label_prefix, config.label_suffix)
    return are_single_classes(affixes, list(images_below(config.source)), images)


def check_no_photograph(path: Path, data: bytes) -> None:
    """Refuse a label file most of whose pixels are of no class because it is a photograph.

    Args:
        path: the file; arrays are passed over.
        data: its content.
    Raises:
        LabelError: it looks like one.
    """
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return
    content = content_of(decode_pixels(path, data))
    if content.kind == "photograph":
        got = f"what looks like a photograph: {content.colors:,} colours, of which none stands out"
        hint = "Take it away from the labels."
        raise LabelError(path, "label", must="a label", got=got, hint=hint)


def _looks(files: Sequence[tuple[str, Path]]) -> dict[str, Content]:
    """What some of the files look like, by name."""
    folders: dict[str, list[tuple[str, Path]]] = {}
    for name, path in files:
        folders.setdefault(os.path.dirname(name), []).append((name, path))
    seen: dict[str, Content] = {}
    pixels = 0
    for several in sample(list(folders.values()), _FOLDERS):
        # neighbours, since an image and its label are called alike, and others
        middle = len(several) // 2
        chosen = [*several[middle : middle + 2], *sample(several, _OF_ONE)]
        for name, path in chosen:
            if name in seen or (pixels > _PIXELS and len(seen) > 1):
                continue
            content = look(path)
            if content is not None:
                seen[name] = content
                pixels += content.height * content.width
    return seen


def _pattern(names: Sequence[str]) -> str:
    """What the names of some files have in common: "train/*_mask.png"."""
    folders = list(dict.fromkeys(os.path.dirname(name) for name in names))
    suffix = _common_suffix([os.path.basename(name) for name in names])
    return some((f"{folder}/*{suffix}".lstrip("/") for folder in folders), 3)


def _common_suffix(names: Sequence[str]) -> str:
    """From a mark such as "_" on, what all names end with."""
    letters = zip(*(name[::-1] for name in names))
    equal = "".join(several[0] for several in takewhile(lambda s: len(set(s)) == 1, letters))
    last = equal[::-1]
    if last in names:
        return os.path.splitext(last)[1]
    starts = [place for place, letter in enumerate(last) if letter in "_-."]
    return last[starts[0] :] if starts else ""


def _hint(config: ConvertConfig, names: Mapping[str, Sequence[str]]) -> str:
    """The command that names images and labels as the survey pairs them, else by their names."""
    splits = _surveyed(config.source) or (_by_names(config.source, **names) if names else {})
    return _way_on(config, splits) or (
        f"Give the folder of labels, that of the images as {setting('images')}, and what the "
        f"names of labels end with as {setting('label_suffix')}."
    )


def _way_on(config: ConvertConfig, splits: Mapping[str, Split]) -> str:
    """The command for images and labels in these places; "" if no names pair there."""
    source = config.source
    labels = [path for split in splits.values() for path in _labels_of(source, split)]
    if not labels:
        return ""
    few = labels[:_LABELS_READ]
    is_plain = stored_values(few) and not unusable_options(source, labels)
    if config.classes is None and config.images is None and is_plain:
        describe = shell_line(["pixelwise", "init", str(source)])
        return f"The labels hold values already, which need no conversion: {describe}"
    return f"Name the two: {commands(config, splits, labels)}"


def _surveyed(root: Path) -> dict[str, Split]:
    """The splits that the survey finds, if it takes files for labels that look like some."""
    try:
        splits = dict(find_layout(root).splits)
    except PixelwiseError:
        return {}
    labels = [path for split in splits.values() for path in _labels_of(root, split)[:_LABELS_READ]]
    return splits if kind_of(labels) in ("label", "soft") else {}


def _labels_of(root: Path, split: Split) -> list[Path]:
    try:
        pairs = Description(root, Classes(["unknown"]), {"train": split}).pairs("train")
    except PixelwiseError:
        return []
    return [pair.label for pair in pairs if pair.label]


def _by_names(root: Path, photos: Sequence[str], labels: Sequence[str]) -> dict[str, Split]:
    """One split whose images and labels lie in two folders, or have names that end differently."""
    folders = [sorted({os.path.dirname(name) for name in names}) for names in (photos, labels)]
    if any(len(several) > 1 for several in folders):
        return {}
    images, below = (several[0] for several in folders)
    if images == below:
        ends = [_common_suffix([os.path.basename(n) for n in names]) for names in (photos, labels)]
        affixes = Affixes(suffix=ends[0]), Affixes(suffix=ends[1])
    else:
        names = (walk_files(root / folder, IMAGE_SUFFIXES) for folder in (images, below))
        ids = [[os.path.splitext(name)[0] for name in several] for several in names]
        affixes = likely_affixes(*ids) or (NO_AFFIXES, NO_AFFIXES)
    return {
        "train": Split(
            images or ".",
            below or ".",
            image_prefix=affixes[0].prefix,
            image_suffix=affixes[0].suffix,
            label_prefix=affixes[1].prefix,
            label_suffix=affixes[1].suffix,
        )
    }
