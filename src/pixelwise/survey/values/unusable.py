"""Labels whose stored values are no table of classes, and the command that makes label images.

Soft rims, ids that hold class and object, and images of another kind stop a survey.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pixelwise.errors import LabelError
from pixelwise.labels.class_checks import OTHER
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split
from pixelwise.labels.palettes import PALETTES
from pixelwise.survey.conversion import MOSTLY, command_lines, exchange_names, without_labels
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, Statement
from pixelwise.survey.values.layout import Extent
from pixelwise.survey.values.objects import number_objects
from pixelwise.survey.values.stored import StoredValues
from pixelwise.survey.values.suspects import find_suspects
from pixelwise.survey.values.void import is_dense
from pixelwise.text import percent, plural, shell_line, some

# Grey levels are so far apart; values so near to one are its noise.
_GREY_GAP, _NOISE = 8, 20
# A value that covers no areas has at most this share of pixels inside its own.
_NO_AREA = 0.05
# Levels have at least this share of the pixels, and a neighbour within _NEAR less than _MINOR.
_LEVEL_SHARE, _NEAR, _MINOR = 5e-4, 16, 0.1
# Of a soft label: rims, their share of rims and jumps, values in between, and of their pixels those
# that are rims or noise.
_RIMS, _RIM_SHARE, _BETWEEN, _EXPLAINED = 8, 0.25, 3, 0.5
# Of two values on one border, the pixels of the lesser.
_LESSER = 0.2
# More pixels in between are those of a photograph or of probabilities.
_MOST_BETWEEN = 0.4
# Fewer files of soft class indices are left out, not the reason to stop.
_FEW_FILES, _FEW_SHARE = 2, 0.1
# More values without names than this are those of a photograph or a height.
_MOST_VALUES = 64
_LEAST_LEVELS = 2
# Ids of objects: divisor, the largest remainder, the share of ids that have no larger one and of
# files that have ids.
_IDS = {1000: 200, 256: 64}
_MOST_CLASSES, _AGREE, _HOLDERS = 64, 0.95, 0.25


@dataclass(frozen=True)
class Unusable:
    """Why stored values are no classes.

    Args:
        text: what was found, a clause.
        advice: what the command does, or what to do without one.
        options: of `pixelwise convert`; () without a command.
    """

    text: str
    advice: str
    options: tuple[str, ...] = ()


def check_values(
    root: Path,
    splits: dict[str, Split],
    stored: StoredValues,
    named: Classes | None,
    given: Given,
) -> list[Statement]:
    """Raise if stored values are no table of classes; else what is said about a few soft labels.

    Args:
        root: folder of the dataset.
        splits: where its labels are, for the command.
        stored: what they contain.
        named: classes by name, if there are any.
        given: what a person decided.
    Raises:
        LabelError: with one command that makes label images, where there is one.
    """
    for rule in RULES:
        found = rule(stored, named, given)
        if found is not None:
            command = command_lines(root, splits, found.options) if found.options else ""
            hint = f"{found.advice}: {command}" if command else f"{found.advice}."
            hint = without_labels(splits) * bool(command) + hint
            raise LabelError(root, "labels", event=f"{found.text}", hint=hint, command=command)
    soft = _soft_files(stored)
    if not soft:
        return []
    names = some([stored.names[n] for n in soft] if stored.names else soft, 3)
    have = "has" if len(soft) == 1 else "have"
    text = f"{plural(len(soft), 'label')} {have} rims of values in between, resized like an image?"
    more = shell_line(["pixelwise", "audit", str(root)])
    return [Statement(LIKELY, f"{text} {names}; for more: {more}")]


def _soft_greys(
    stored: StoredValues,
    named: Classes | None,
    given: Given,  # noqa: ARG001
) -> Unusable | None:
    """Grey levels with rims, or with noise around them."""
    levels = sorted({*_levels(stored), *_noisy_levels(stored)})
    if len(levels) < _LEAST_LEVELS or min(b - a for a, b in pairwise(levels)) < _GREY_GAP:
        return _soft_lines(stored, levels)
    suspects = find_suspects(stored).values
    between = [v for v in stored.seen if v not in levels and v not in suspects]
    near = [v for v in between if min(abs(v - level) for level in levels) <= _NOISE]
    if len(between) < (_LEAST_LEVELS if near else _BETWEEN) or not _are_thin(stored, between):
        return None
    rims = sum(number for (_, v, _), number in stored.rims.items() if v in between)
    every = sum(stored.extents[v].pixels for v in between if v in stored.extents)
    noise = sum(stored.extents[v].pixels for v in near if v in stored.extents)
    is_explained = rims + noise >= max(_RIMS, _EXPLAINED * every)
    far = [v for v in between if v not in near]
    if stored.share(far) > _MOST_BETWEEN or not (is_explained or len(between) > _GREY_GAP):
        return None
    return _nearest(stored, levels, between, named)


def _soft_lines(stored: StoredValues, levels: list[int]) -> Unusable | None:
    """Lines so thin that interpolation left no area of their own value."""
    rest = [v for v in stored.seen if v not in levels]
    if len(levels) != 1 or len(rest) < _GREY_GAP or not _are_thin(stored, rest):
        return None
    if stored.share(rest) > _MOST_BETWEEN:
        return None
    low, high = levels[0], stored.seen[-1]
    if high - low < 4 * _GREY_GAP:
        return None
    return _nearest(stored, [low, 255 if 192 <= high <= 255 else high], rest, None)


def _soft_many(
    stored: StoredValues,
    named: Classes | None,
    given: Given,  # noqa: ARG001
) -> Unusable | None:
    """Class indices and void, with more values in between than classes can be."""
    names = {v for several in named.values if several != "other" for v in several} if named else ()
    levels = sorted({*_levels(stored), *(v for v in (255,) if v in stored.seen)})
    between = [v for v in stored.seen if v not in levels and v not in names]
    least = _GREY_GAP if named else _MOST_VALUES
    if len(levels) < _LEAST_LEVELS or len(between) < least or not _are_thin(stored, between):
        return None
    return (
        None if stored.share(between) > _MOST_BETWEEN else _nearest(stored, levels, between, named)
    )


def _soft_indices(stored: StoredValues, named: Classes | None, given: Given) -> Unusable | None:
    """Class indices with rims, where the values in between may be classes too."""
    soft = _soft_files(stored)
    few = max(_FEW_FILES, _FEW_SHARE * len(stored.layouts)) if len(stored.layouts) > 4 else 0
    levels = _levels(stored)
    between = [v for v in stored.seen if v not in levels]
    if len(soft) <= few or given.ignore_values is not None or stored.share(between) > _MOST_BETWEEN:
        return None
    rims = sum(stored.rims.values())
    lost = {v for _, v, _ in stored.rims} & set(between)
    if len(levels) >= _LEAST_LEVELS and lost and _are_thin(stored, between):
        return _nearest(stored, levels, between, named)
    text = (
        f"{plural(len(soft), 'label')} of {len(stored.layouts):,} were resized like images: "
        f"{rims:,} pixels at borders have values in between, which are other classes"
    )
    return Unusable(text, "Resize the labels again from the originals, with the nearest value")


def _class_and_object(stored: StoredValues, named: Classes | None, given: Given) -> Unusable | None:
    """16-bit ids: class * 1000 + object, or class * 256 + object."""
    if not stored.wide or named is not None or given.ignore_values is not None:
        return None
    for divisor, most in _IDS.items():
        ids = [v for v in stored.seen if divisor <= v < 65535]
        plain = [v for v in stored.seen if v < divisor]
        agree = [v for v in ids if v % divisor < most]
        classes = {v // divisor for v in agree}
        holders = sum(max(file, default=0) >= divisor for file in stored.files)
        if (
            len(ids) < 2
            or len(agree) < _AGREE * len(ids)
            or not 0 < len(classes) <= _MOST_CLASSES
            or not any(v % divisor for v in agree)
            or holders < _HOLDERS * len(stored.files)
            or (plain and plain[-1] > 255)
            or len(plain) > _MOST_CLASSES
        ):
            continue
        options = ["--format", "instances", "--divisor", str(divisor)]
        table = PALETTES["cityscapes_all"]
        if {*classes, *plain} <= set(range(len(table.names))) and max(classes) >= 24:
            options += ["--classes", "cityscapes_ids"]
        text = (
            f"stored values up to {ids[-1]} hold class and object: class * {divisor} + object, "
            f"of {plural(len(classes), 'class')}"
        )
        return Unusable(text, "Keep the class alone", tuple(options))
    return None


def _by_color(stored: StoredValues, named: Classes | None, given: Given) -> Unusable | None:
    """Palettes with the same colours in another order: values mean another class in each file."""
    values, colors = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for palette in stored.palettes:
        for value, color in palette.items():
            values[color].add(value)
            colors[value].add(color)
    moved = [c for c, several in values.items() if any(len(colors[v]) > 1 for v in several)]
    moved = [color for color in moved if len(values[color]) > 1]
    if len(moved) < _LEAST_LEVELS or len(values) > _MOST_CLASSES or given.ignore_values is not None:
        return None
    called = dict(zip(map(tuple, named.colors), named.names)) if named else {}
    typed = []
    for number, color in enumerate(sorted(values)):
        name = called.get((color >> 16, color >> 8 & 255, color & 255), f"class_{number}")
        typed.append(f"{name}=#{color:06x}")
    text = (
        f"the palettes of labels differ: {plural(len(moved), 'colour')} such as #{moved[0]:06x} "
        f"{'is' if len(moved) == 1 else 'are'} stored as another value in other files"
    )
    options = ("--format", "color", "--classes", ",".join(typed))
    return Unusable(text, "Keep the values by --ignore-values none, or take the colours", options)


def _many(stored: StoredValues, named: Classes | None, given: Given) -> Unusable | None:
    """Photographs, heights, probabilities."""
    if named is not None or len(stored.seen) <= _MOST_VALUES or given.ignore_values is not None:
        return None
    solid = sum(extent.inner for extent in stored.extents.values())
    every = sum(extent.pixels for extent in stored.extents.values())
    if number_objects(stored) or (stored.wide and solid > _EXPLAINED * every):
        return None
    levels = "grey levels" if stored.seen[-1] <= 255 else "stored values"
    text = f"are these label images? They have {len(stored.seen):,} {levels}"
    text += f", {stored.seen[0]} to {stored.seen[-1]}, that no file names"
    advice = (
        "Heights, photographs and probabilities are no labels: name the folder of labels by "
        "--labels; if each number is a class, name them by --classes FILE; if it is an object, "
        "give --classes objects"
    )
    return Unusable(text, advice)


# The first that finds something stops the survey.
RULES: tuple[Callable[[StoredValues, Classes | None, Given], Unusable | None], ...] = (
    _by_color,
    _class_and_object,
    _soft_greys,
    _soft_many,
    _soft_indices,
    _many,
)


def _levels(stored: StoredValues) -> list[int]:
    """The values that cover areas, ascending, without the noise of a more frequent one."""
    areas = [
        v
        for v, extent in stored.extents.items()
        if extent.covers_areas and stored.share([v]) >= _LEVEL_SHARE
    ]
    found = set[int]()
    for value in sorted(areas, key=lambda v: -stored.pixels[v]):
        close = found.intersection(range(value - _NEAR, value + _NEAR + 1))
        grey = len(stored.seen) > 2 and stored.seen[-1] > _MOST_VALUES
        if grey and any(stored.pixels[value] < _MINOR * stored.pixels[v] for v in close):
            continue
        found.add(value)
    return sorted(found)


def _noisy_levels(stored: StoredValues) -> list[int]:
    """The most frequent of the lowest, and of the highest values, if none of them has areas."""
    seen, found = stored.seen, list[int]()
    for ends in (seen, seen[::-1]):
        group = [v for v in ends if abs(v - ends[0]) <= _NOISE]
        rest = ends[len(group) :]
        is_apart = len(group) > 1 and rest and abs(rest[0] - group[-1]) > _NOISE
        if is_apart and _are_thin(stored, group) and stored.share(group) >= _LEVEL_SHARE:
            found.append(max(group, key=lambda v: stored.pixels[v]))
    return found


def _are_thin(stored: StoredValues, values: Sequence[int]) -> bool:
    """Whether hardly any pixel of some values is inside an area."""
    extents = [stored.extents.get(v, Extent()) for v in values]
    every = sum(extent.pixels for extent in extents)
    return bool(every) and sum(extent.inner for extent in extents) <= _NO_AREA * every


def _soft_files(stored: StoredValues) -> list[int]:
    """The files, by place, whose borders have rims that differ along one border."""
    found = []
    for place, layout in stored.layouts.items():
        rims, jumps = layout.rims.total(), layout.jumps.total()
        varied = _varies(layout.rims, _BETWEEN, 0) or _varies(layout.lines, 2, _LESSER)
        if varied and rims >= _RIMS and rims >= _RIM_SHARE * (rims + jumps):
            found.append(place)
    return found


def _varies(rims: Mapping[tuple[int, int, int], int], least: int, share: float) -> bool:
    """Whether borders of the same two values have several values in between."""
    for low, high in {(a, b) for a, _, b in rims}:
        pixels = [number for (a, _, b), number in rims.items() if (a, b) == (low, high)]
        if sum(number >= share * sum(pixels) for number in pixels) >= least:
            return True
    return False


def _nearest(
    stored: StoredValues, levels: list[int], between: list[int], named: Classes | None
) -> Unusable:
    names = _names(levels, named)
    # files of 16 bits show the upper 8; those of a palette its colours
    greys = [level >> 8 if stored.seen[-1] > 255 else level for level in levels]
    shown = [stored.colors.get(v, grey * 0x010101) for v, grey in zip(levels, greys)]
    colors = [f"{name}=#{color:06x}" for name, color in zip(names, shown)]
    files = sum(not set(between).isdisjoint(file) for file in stored.files)
    text = (
        f"{files:,} of {plural(len(stored.files), 'label')} have soft borders: "
        f"{plural(len(between), 'value')} between {some(levels, 8)}, "
        f"{percent(stored.share(between))} % of the pixels (resized like images, or saved with "
        "loss?)"
    )
    options = ("--format", "color", "--classes", ",".join(colors), "--unknown", "nearest")
    if len(set(shown)) < len(shown):
        return Unusable(text, "Export them again without smooth borders, with 8 bits a pixel")
    share = stored.share(levels[1:], levels)
    if len(levels) == _LEAST_LEVELS and share > MOSTLY:
        text += f"; {exchange_names(levels[1], share, levels[0])}"
    return Unusable(text, "Take the nearest level", options)


def _names(levels: list[int], named: Classes | None) -> list[str]:
    """What the levels are called: by the names of their values, or of a list as long."""
    names = [f"class_{n}" for n in range(len(levels))]
    if named is None and len(levels) == _LEAST_LEVELS:
        names = ["background", "foreground"]
    if levels[-1] == 255 and len(levels) > _LEAST_LEVELS and is_dense(levels[:-1]):
        names[-1] = "void"
    if named is None:
        return names
    of = {v: n for n, vs in zip(named.names, named.values) if vs != OTHER for v in vs}
    if len(set(of) & set(levels)) > 1:
        return [of.get(level, name) for level, name in zip(levels, names)]
    for listed in (named.names, ("background", *named.names)):
        if len(listed) == len(levels):
            return list(listed)
    return names
