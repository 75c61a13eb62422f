"""Complete commands for what was found: the same conversion with classes, or with other folders."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os.path import isfile
from pathlib import Path
from typing import Any

from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.labels.description import Split
from pixelwise.labels.png import count_stored
from pixelwise.sample import sample
from pixelwise.settings import command_line
from pixelwise.survey.content import kind_of
from pixelwise.survey.conversion import Colors, class_file, find_colors, folders_above, has_colors
from pixelwise.survey.given import Given
from pixelwise.survey.known_sets import known_of
from pixelwise.survey.values.stored import read_values
from pixelwise.survey.values.unusable import RULES
from pixelwise.text import percent, plural

# Labels whose values are counted; of more, so many.
_LOOKED_AT = 100
_AFFIXES = ("image_prefix", "image_suffix", "label_prefix", "label_suffix")
_KINDS = 10
# Values that can be typed one by one.
MOST_TYPED = 64


def commands(config: ConvertConfig, splits: Mapping[str, Split], labels: Sequence[Path]) -> str:
    """The command lines of the same conversion of other folders, one for each split.

    Args:
        config: what the user has said.
        splits: where images and labels are, relative to the source.
        labels: of which some are read for their classes, unless those are given.
    """
    classes = {} if config.classes else classes_for(config, labels)
    # a class file beside the labels says more than the table of a known data set
    if not config.classes and not isfile(str(classes.get("classes"))):
        classes = _known(config, splits, labels) or classes
    lines: dict[tuple[object, ...], tuple[str, ConvertConfig]] = {}
    for name, split in splits.items():
        if split.labels is None:
            continue
        places: dict[str, Any] = {
            "source": config.source / split.labels,
            "images": config.source / split.images,
            "order": None,
        }
        affixes: dict[str, Any] = {
            affix: getattr(split, affix) for affix in _AFFIXES if hasattr(config, affix)
        }
        lines.setdefault(
            (split.images, split.labels, *affixes.values()),
            (name, replace(config, **places, **affixes, **classes)),
        )
    if len(lines) == 1:
        return command_line(next(iter(lines.values()))[1])
    return " && ".join(command_line(replace(c, split=name)) for name, c in lines.values())


def _known(
    config: ConvertConfig, splits: Mapping[str, Split], labels: Sequence[Path]
) -> dict[str, Any]:
    """The settings of a known data set that these labels are, with its classes."""
    known = known_of(config.source, splits, labels)
    if known is None or not known.convert:
        return {}
    colors = None if known.needs_convert else find_colors(labels)
    if colors is not None and not has_colors(known, colors):
        return {}
    nearest = {"unknown": "nearest"} if colors is not None and colors.nearest else {}
    return {**nearest, **settings_of(known.convert)}


def classes_for(
    config: ConvertConfig, labels: Sequence[Path], colors: Colors | None = None
) -> dict[str, Any]:
    """The settings that give the classes of some labels names which a person may change.

    Args:
        config: source, near which a class file with colours may lie.
        labels: the files, of which some are read.
        colors: of them, if they have been found already.
    Returns:
        Of classes, format and unknown; none if there are too many values or colours.
    """
    values = stored_values(labels)
    if values:
        options = unusable_options(config.source, labels)
        if options:
            return settings_of(options)
    if 0 < len(values) <= MOST_TYPED and kind_of(labels[:_KINDS]) != "soft":
        typed = typed_values(sorted(values))
        if config.unpaired == "background":  # which has to have a name
            typed = re.sub("^class_0=", "background=", typed)
        return {"format": "array", "classes": typed}
    colors = colors or find_colors(labels)
    near = folders_above([config.source, *(p.parent for p in labels[:1])], config.source.parent)
    classes = class_file(colors, near) if colors.shares else None
    named = str(classes or colors.typed)
    if not named:
        return {}
    found = {"format": "color", "classes": named}
    return {**found, "unknown": "nearest"} if colors.nearest else found


def unusable_options(root: Path, labels: Sequence[Path]) -> tuple[str, ...]:
    """The options of `pixelwise convert` for values that are no classes, as init finds them."""
    chosen = sample(labels, _LOOKED_AT)
    try:
        stored, _ = read_values(root, chosen, {})
    except PixelwiseError:
        return ()
    found = (rule(stored, None, Given()) for rule in RULES)
    return next((one.options for one in found if one is not None), ())


def settings_of(options: Sequence[str]) -> dict[str, Any]:
    """Options of the command line, each with one value, as settings."""
    pairs = zip(options[::2], options[1::2])
    settings = {name.removeprefix("--").replace("-", "_"): value for name, value in pairs}
    return {name: int(v) if name == "divisor" else v for name, v in settings.items()}


def typed_values(values: Sequence[int]) -> str:
    """What --classes takes for stored values, ascending."""
    if len(values) == 2 and values[0] == 0:
        return f"background=0,foreground={values[1]}"
    return ",".join(f"class_{value}={value}" for value in values)


def stored_values(labels: Sequence[Path]) -> Counter[int]:
    """The pixels of each stored value of labels that hold values; none if they are colours."""
    found = Counter[int]()
    for path in sample(labels, _LOOKED_AT):
        try:
            values, pixels = count_stored(path)
        except PixelwiseError:
            return Counter()
        found.update(dict(zip(values.tolist(), pixels.tolist())))
    return found


def classes_missing(config: ConvertConfig, labels: Sequence[Path]) -> DatasetError:
    """The error that asks for the classes: what is in the labels, and the command that names it.

    Args:
        config: of the conversion.
        labels: the files, of which some are read.
    """
    values = stored_values(labels)
    colors = None if values else find_colors(labels)
    changes = classes_for(config, labels, colors)
    hint = f"Give a class file, a known dataset or colours as {setting('classes')}."
    if changes:
        again = command_line(replace(config, **changes, order=None))
        loss = (
            "They were resized like images or saved with loss (thin classes may be missing). "
            if "unknown" in changes
            else ""
        )
        hint = f"{loss}Give a class file as {setting('classes')}, or change these names: {again}"
    seen = f"{plural(len(labels), 'label')} with {plural(len(values), 'value')}"
    if not values or "unknown" in changes:
        colors = colors or find_colors(labels)
        seen = f"{plural(len(labels), 'label')} with {plural(colors.seen, 'colour')}"
    if colors and colors.shares:
        seen += f", {colors.text}" if not colors.nearest else f", most near {colors.text}"
    elif colors:
        seen += ", of which none stands out"
    elif len(values) <= MOST_TYPED:
        seen += f", {shares_of(values)}"
    else:
        hint += f" If values number objects, give {setting('format', 'instances')}."
    return DatasetError("convert", "classes", must=f"given for {seen}", got="none", hint=hint)


def shares_of(pixels: Counter[int]) -> str:
    """Values with their shares, ascending: "0 (93.1 %), 5 (6.9 %)"."""
    total = pixels.total()
    return ", ".join(f"{value} ({percent(n / total, 1)} %)" for value, n in sorted(pixels.items()))
