"""Labels that are colour, lossy or soft images -> the commands that make label images of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import PixelwiseError
from pixelwise.files.names import real_path
from pixelwise.labels.description import Split
from pixelwise.labels.palettes import PALETTES
from pixelwise.legend.find import class_lists
from pixelwise.legend.read import read_rows
from pixelwise.legend.rows import colored_rows
from pixelwise.sample import sample
from pixelwise.survey.content import (
    MOST_VALUES,
    NOISE,
    content_of,
    count_colors,
    distance_of,
    is_flat,
    levels_of,
    read_pixels,
)
from pixelwise.survey.known_sets import Known, known_of
from pixelwise.text import percent, shell_line

# Labels whose colours are looked at, and pixels; of more labels, so many.
LOOKED_AT, _MOST_PIXELS = 100, 1 << 25
_BLACK, _WHITE = 0, 0xFFFFFF
_VOID = 0xE0E0C0  # of Pascal VOC
_FEWEST = 2
# Of two classes, the foreground is hardly so large.
MOSTLY = 0.5
_AFFIXES = ("image_prefix", "image_suffix", "label_prefix", "label_suffix")


@dataclass(frozen=True)
class Colors:
    """The colours that stand for classes in some labels.

    Args:
        shares: (packed colour, share of the pixels), ascending by colour; none if the colours
            cannot be those of classes.
        nearest: other colours lie between them: labels were resized, or saved with loss.
        lossy: some file is of a format that loses values.
        is_grey: all are grey.
        files: labels that were read.
        seen: different colours.
    """

    shares: tuple[tuple[int, float], ...]
    nearest: bool
    lossy: bool
    is_grey: bool
    files: int
    seen: int

    @property
    def typed(self) -> str:
        """What --classes takes: a name, which a person may change, for each colour."""
        colors = [color for color, _ in self.shares]
        names = ["void" if c == _VOID else f"class_{n}" for n, c in enumerate(colors)]
        if len(colors) == 2 and distance_of(colors[0], _BLACK) <= NOISE:
            names = ["background", "foreground"]
        return ",".join(f"{name}=#{color:06x}" for name, color in zip(names, colors))

    @property
    def text(self) -> str:
        """The colours with their shares, for a message."""
        ordered = sorted(self.shares, key=lambda both: -both[1])
        return ", ".join(f"#{color:06x} ({percent(share, 1)} %)" for color, share in ordered)


def convert_commands(
    root: Path, splits: dict[str, Split], labels: Sequence[Path]
) -> tuple[str, bool, str]:
    """The command lines that turn the labels of a folder into label images, and what to know.

    One for all splits if they lie in the same folders, else one for each, joined by "&&". They
    name the class file beside the labels, or the colours that were found, whose names a person may
    change.

    Args:
        root: folder of the dataset.
        splits: where its labels are.
        labels: the files, of which some are read.
    Returns:
        The commands, "" if the colours cannot be those of classes; whether only the nearest class
        can be taken, since values were lost; and a sentence about what is foreground, or "".
    """
    known = known_of(root, splits, labels)
    if known is not None and known.needs_convert:
        return command_lines(root, splits, known.convert), False, ""
    colors = find_colors(labels)
    folders = [root / split.labels for split in splits.values() if split.labels]
    above = folders_above(folders, root)
    options = options_for(colors, above)
    # a file beside the labels that has all of their colours is nearer than a table of ours
    own = class_file(colors, above)
    if own is None and known is not None and known.convert and has_colors(known, colors):
        options = list(known.convert)
        options += ["--unknown", "nearest"] * (colors.nearest and "--unknown" not in options)
    note = ""
    if colors.typed in options and "background=" in colors.typed:
        share = colors.shares[1][1]
        if share > MOSTLY:
            note = f"Of two colours, {exchange_names('the second', share, 'the first')}. "
    return (command_lines(root, splits, options) if options else ""), colors.nearest, note


def exchange_names(front: object, share: float, back: object) -> str:
    """A clause for two classes of which the upper has most of the pixels."""
    much = f"{front} has {percent(share, 0)} % of the pixels"
    return f"{much}; if {back} is foreground, exchange the names"


def has_colors(known: Known, colors: Colors) -> bool:
    """Whether labels have the colours of a known data set, not those of a changed copy."""
    table = known.convert[known.convert.index("--classes") + 1]
    rows = colored_rows(table) if table in PALETTES else read_rows(table)
    theirs = [red << 16 | green << 8 | blue for red, green, blue in rows.colors or ()]
    return all(
        any(distance_of(color, other) <= NOISE for other in theirs) for color, _ in colors.shares
    )


def options_for(colors: Colors, folders: Sequence[Path]) -> list[str]:
    """The options of `pixelwise convert` that say what colours mean; none without colours.

    Args:
        colors: of the labels.
        folders: where a class file may lie.
    """
    classes = class_file(colors, folders) or colors.typed
    # one colour is no label: its values may be in an alpha channel
    if not classes or len(colors.shares) < _FEWEST:
        return []
    return [
        "--format",
        "color",
        "--classes",
        str(classes),
        *["--unknown", "nearest"] * colors.nearest,
    ]


def command_lines(root: Path, splits: dict[str, Split], options: Sequence[str]) -> str:
    """The command lines that convert the labels of a folder, joined by "&&".

    Args:
        root: folder of the dataset.
        splits: where its labels are.
        options: of `pixelwise convert`, but for those that name files.
    """
    out = root.parent / f"{real_path(root).name}-converted"
    commands: dict[tuple[str, ...], list[str]] = {}
    for name, split in splits.items():
        affixes = {key: getattr(split, key, "") for key in _AFFIXES}
        source = (split.images, split.labels or "", *affixes.values())
        if split.labels is None or source in commands:
            continue
        words = ["pixelwise", "convert", root / split.labels, "--images", root / split.images]
        for option, affix in affixes.items():
            words += [f"--{option.replace('_', '-')}", affix] if affix else []
        unpaired = getattr(split, "unpaired", "error")
        words += ["--unpaired", unpaired] if unpaired != "error" else []
        words += [*options, "--out", out, "--split", name]
        commands[source] = [str(word) for word in words]
    several = list(commands.values())
    if len(several) == 1:
        several = [several[0][:-2]]
    return " && ".join(map(shell_line, several))


def without_labels(splits: Mapping[str, Split]) -> str:
    """What to say in front of command_lines about the splits that they leave out."""
    left = [f"{name} ({split.images})" for name, split in splits.items() if split.labels is None]
    if not left:
        return ""
    are = "split is" if len(left) == 1 else "splits are"
    return f"Images without labels stay where they are: their {are} {', '.join(left)}. "


def find_colors(labels: Sequence[Path]) -> Colors:
    """The colours of the classes of some labels, as they are shown.

    Args:
        labels: the files, of which some are read.
    """
    exact, areas = [_no_colors()], [_no_colors()]
    kinds, files, pixels, lossy, is_grey = set[str](), 0, 0, False, True
    for path in sample(labels, LOOKED_AT):
        if pixels > _MOST_PIXELS and files > 1:
            break
        try:
            found = read_pixels(path, shown=True)
        except PixelwiseError:
            continue
        packed = found.packed
        exact.append(count_colors(packed))
        if min(packed.shape) > 2:
            areas.append(count_colors(packed[1:-1, 1:-1][is_flat(packed)]))
        kinds.add(content_of(found).kind)
        files, pixels, lossy = files + 1, pixels + packed.size, lossy or found.lossy
        is_grey &= found.is_grey
    colors, counts = _together(exact)
    few = len(colors) <= MOST_VALUES and not lossy and "soft" not in kinds
    shares = [(int(c), float(n / counts.sum())) for c, n in zip(colors, counts)] if few else []
    if not few and "photograph" not in kinds:
        shares = _plain(*_together(areas), colors, counts)
    return Colors(
        tuple(sorted(shares)),
        nearest=not few,
        lossy=lossy,
        is_grey=is_grey,
        files=files,
        seen=len(colors),
    )


def class_file(colors: Colors, folders: Sequence[Path]) -> Path | None:
    """A class file in one of the folders that has all of some colours, or those near them."""
    for path, rows in (both for folder in folders for both in class_lists(folder, colors=True)):
        known = [red << 16 | green << 8 | blue for red, green, blue in rows.colors or ()]
        reach = NOISE if colors.nearest else 0
        if known and all(
            any(distance_of(color, other) <= reach for other in known) for color, _ in colors.shares
        ):
            return path
    return None


def folders_above(folders: Sequence[Path], root: Path) -> list[Path]:
    """Folders, those above them up to the root, the nearest first, and the root."""
    above = (p for f in folders for p in (f, *f.parents) if p == root or root in p.parents)
    return sorted(dict.fromkeys([*above, root]), key=lambda path: -len(path.parts))


def _no_colors() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64)


def _together(
    counts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Colours and pixels of several files as one."""
    colors, pixels = (np.concatenate(parts) for parts in zip(*counts))
    unique, inverse = np.unique(colors, return_inverse=True)
    return unique, np.bincount(inverse, weights=pixels, minlength=len(unique)).astype(np.int64)


def _plain(
    areas: NDArray[np.int64],
    area_pixels: NDArray[np.int64],
    colors: NDArray[np.int64],
    pixels: NDArray[np.int64],
) -> list[tuple[int, float]]:
    """The colours that form areas, without those that are noise; else those that stand out."""
    total = int(pixels.sum())
    levels = levels_of(areas, area_pixels, is_packed=True)[0] if total else []
    if len(levels) < 2 and total:
        levels = levels_of(colors, pixels, is_packed=True)[0]
    if not 2 <= len(levels) < MOST_VALUES:
        return []
    found = [color for color, _ in levels]
    if (
        len(found) == 2
        and min(found) <= 0x010101 * NOISE
        and max(found) >= 0x010101 * (255 - NOISE)
    ):
        # black and white, whatever the loss has made of them
        ends = {min(found): _BLACK, max(found): _WHITE}
        levels = [(ends[color], share) for color, share in levels]
    return levels
