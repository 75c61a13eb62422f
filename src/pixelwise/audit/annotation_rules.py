"""R2 to R6: what annotation files of labelme say that cannot be meant.

A point twice in a row, or one beyond the border of the image, is not a finding: every raster rule
paints such shapes as they were meant.

Source: labelme 7.1 documentation and the files that it writes.
"""

import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Any

import numpy as np

from pixelwise.audit.findings import Finding, unreadable
from pixelwise.audit.headers import read_start
from pixelwise.audit.inventory import Inventory
from pixelwise.audit.regions import first_place
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import MAX_PIXELS, Unreadable, check_regular
from pixelwise.files.json_file import get, parse_json
from pixelwise.files.names import with_slashes
from pixelwise.labels.class_names import is_void_name
from pixelwise.labels.shapes import LABELME_KINDS, Outline, labelme_outline, patch_of, problem_of
from pixelwise.text import percent, plural, some

_AREAS = ("polygon", "rectangle", "circle")
# The first bytes of a file in which labelme's key must be.
_FIRST_BYTES = 1 << 16
# R2: the painted area of a simple polygon is that of its corners, but for so much.
_AREA_SHARE, _AREA_PIXELS = 0.05, 16
# R4: a shape that loses less is drawn carelessly, not hidden.
_LOST_SHARE, _LOST_PIXELS = 0.1, 16
_BAND_PIXELS = 8
# R3: a typo is rarer than what was meant, and words shorter than this have neighbours.
_TYPO_SHARE, _TYPO_LETTERS = 0.1, 5
_LISTED = 3
_FILES_A_TASK = 16


@dataclass(frozen=True)
class _Annotation:
    """One annotation file: its findings, and how often it uses each name."""

    file: str
    findings: tuple[Finding, ...]
    names: Counter


def annotation_rules(
    inventory: Inventory, names: frozenset[str], spread: Callable[..., Iterator[Any]]
) -> tuple[list[Finding], int]:
    """Look at every labelme file of a dataset.

    Args:
        inventory: its files.
        names: of the classes; empty if they are not known.
        spread: map_over with an executor.
    Returns:
        The findings, and the number of annotation files.
    """
    findings: list[Finding] = []
    used: dict[str, tuple[int, str]] = {}
    number = 0
    read = partial(_read, str(inventory.root), names)
    for found in spread(inventory.annotations, read, chunk=_FILES_A_TASK):
        if found is None:
            continue
        number += 1
        findings += found.findings
        for name, shapes in found.names.items():
            before, first = used.get(name, (0, found.file))
            used[name] = (before + shapes, first)
    return findings + list(_spellings(used)), number


def _read(root: str, names: frozenset[str], file: str) -> _Annotation | None:
    """One file; None if it is not a labelme file."""
    path = os.path.join(root, file)
    try:
        data = _content(path)
        if data is None:
            return None
        table = parse_json(data, path)
        shapes = get(path, table, "shapes", list)
        labels = [get(path, s, "label", str, at=f"shapes[{n}]") for n, s in enumerate(shapes)]
        size = _size(path, table)
    except PixelwiseError as error:
        return _Annotation(file, (Finding("R2", file, 1, None, error.reason),), Counter())
    parts = [_part(path, n, shape) for n, shape in enumerate(shapes)]
    findings = [*_bad_shapes(file, labels, parts, names, size), *_sizes(root, file, table, size)]
    if size is not None:
        findings += _overlaps(file, labels, parts, size)
    return _Annotation(file, tuple(findings), Counter(labels))


def _content(path: str) -> bytes | None:
    """The content of a labelme file, which is opened once; None if it is something else."""
    try:
        check_regular(path)
        with open(path, "rb") as file:
            start = file.read(_FIRST_BYTES)
            return start + file.read() if b'"shapes"' in start else None
    except OSError as error:
        raise DatasetError(path, "file", must="readable", got=error.strerror) from None
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None


def _size(path: str, table: Any) -> tuple[int, int] | None:
    height, width = (get(path, table, f"image{s}", int, type(None)) for s in ("Height", "Width"))
    if height is None or width is None or not 0 < height * width <= MAX_PIXELS:
        return None
    return height, width


def _part(path: str, number: int, shape: Any) -> Outline | str | None:
    """What a shape covers, or what is wrong with it; None for masks, which convert checks."""
    try:
        points = get(path, shape, "points", list, at=f"shapes[{number}]")
        kind = get(path, shape, "shape_type", str, type(None), at=f"shapes[{number}]") or "polygon"
    except PixelwiseError as error:
        return error.reason
    if kind == "mask":
        return None
    if kind not in LABELME_KINDS:
        return f"it has the type {kind!r}, which cannot be painted"
    outline = labelme_outline(kind, points)
    problem = problem_of(outline)
    return f"it has {problem}" if problem else outline


def _bad_shapes(
    file: str,
    labels: list[str],
    parts: list[Outline | str | None],
    names: frozenset[str],
    size: tuple[int, int] | None,
) -> Iterator[Finding]:
    wrong = []
    for number, (label, part) in enumerate(zip(labels, parts)):
        problem = part if isinstance(part, str) else None
        if isinstance(part, Outline) and size is not None:
            problem = _problem(part, size)
        if problem is None and names and not _is_known(label, names):
            problem = "its name is not a class"
        if problem is not None:
            wrong.append((number, f"shape {number} ({label}): {problem}"))
    if wrong:
        shown = some((text for _, text in wrong), _LISTED, "; ")
        first = parts[wrong[0][0]]
        place = _place(first, size) if isinstance(first, Outline) else None
        yield Finding("R2", file, len(wrong), place, shown)


def _is_known(label: str, names: frozenset[str]) -> bool:
    name = label.strip()
    return name in names or name.startswith("_") or is_void_name(name)


def _problem(part: Outline, size: tuple[int, int]) -> str | None:
    """Why a shape that can be painted is not meant so: no area, not on the image, a knot."""
    points = np.asarray(part.points, np.float64)
    height, width = size
    low, high = points.min(axis=0), points.max(axis=0)
    if (high < 0).any() or (low > (width, height)).any():
        return "it lies outside of the image"
    if part.kind not in _AREAS:
        return None
    if part.kind == "polygon":
        x, y = points.T
        area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    else:
        area = float(np.prod(high - low)) if part.kind == "rectangle" else float((high - low).max())
    inside = (low >= 0).all() and (high <= (width, height)).all()
    if part.kind == "polygon" and inside:
        painted = int(patch_of(part, size).mask.sum())
        if abs(painted - area) > max(_AREA_PIXELS, _AREA_SHARE * max(painted, area)):
            return "its outline crosses itself, and what lies between is left out"
    return "it has no area" if area == 0 else None


def _place(part: Outline, size: tuple[int, int] | None) -> tuple[int, int]:
    """The first corner, moved onto the image."""
    height, width = size or (1 << 31, 1 << 31)
    x, y = np.asarray(part.points, np.float64)[0]
    return int(np.clip(y, 0, height - 1)), int(np.clip(x, 0, width - 1))


def _sizes(root: str, file: str, table: Any, size: tuple[int, int] | None) -> Iterator[Finding]:
    """R6, by the header of the image that the file names; an image elsewhere is not looked for."""
    name = table.get("imagePath")
    if size is None or not isinstance(name, str) or table.get("imageData"):
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), with_slashes(name)))
    if path.startswith(("..", "/")) or ":" in path or not os.path.isfile(os.path.join(root, path)):
        return
    try:
        image = read_start(os.path.join(root, path))
    except Unreadable as error:
        yield unreadable(path, error)
        return
    found = (image.height, image.width)
    turned = found[::-1] if image.orientation >= 5 else found
    if size != turned:
        shown = "{} x {} (height x width) in the annotation file, {} x {} on disk".format(
            *size, *turned
        )
        if size == turned[::-1]:
            shown += "; one of them is turned"
        yield Finding("R6", file, 1, None, shown, other=path)


def _overlaps(
    file: str, labels: list[str], parts: list[Outline | str | None], size: tuple[int, int]
) -> Iterator[Finding]:
    """R4 and R5: what later shapes of other classes hide, by the rule that labelme paints with."""
    owner = np.full(size, -1, np.int32)
    class_of = {label: n for n, label in enumerate(dict.fromkeys(labels))}
    areas = [
        (n, part)
        for n, part in enumerate(parts)
        if isinstance(part, Outline) and part.kind in _AREAS and not is_void_name(labels[n])
    ]
    numbers = np.array([class_of[label] for label in labels] or [0])
    area = np.zeros(len(labels) + 1, np.int64)
    lost = np.zeros(len(labels) + 1, np.int64)
    covered = np.zeros(size, bool)
    for n, part in areas:
        patch = patch_of(part, size, "pillow")
        below = owner[patch.place]
        other = patch.mask & (below >= 0) & (numbers[below] != numbers[n])
        lost += np.bincount(below[other], minlength=len(lost))
        covered[patch.place] |= other
        area[n] = patch.mask.sum()
        below[patch.mask] = n
    hidden = np.flatnonzero(lost >= np.maximum(_LOST_PIXELS, _LOST_SHARE * area))
    if hidden.size and _thick(covered):
        worst = hidden[(lost[hidden] / area[hidden]).argsort()[::-1]][:_LISTED]
        shown = ", ".join(
            f"shape {n} ({labels[n]}) loses {percent(lost[n] / area[n], 0)} %" for n in worst
        )
        yield Finding("R4", file, int(covered.sum()), first_place(covered), shown)
    elif covered.sum() >= _BAND_PIXELS and not _thick(covered):
        detail = "the overlaps are lines of one or two pixels"
        yield Finding("R5", file, int(covered.sum()), first_place(covered), detail)


def _thick(mask: np.ndarray) -> bool:
    """Whether some 3 x 3 pixels are all in it."""
    rows = mask[:-2] & mask[1:-1] & mask[2:]
    return bool((rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]).any())


def _spellings(used: dict[str, tuple[int, str]]) -> Iterator[Finding]:
    """R3: rare names that are another spelling of a frequent one."""
    frequent: list[str] = []
    for name in sorted(used, key=lambda name: (-used[name][0], name)):
        shapes, file = used[name]
        meant = next((f for f in frequent if _same(name, shapes, f, used[f][0])), None)
        if meant is None:
            frequent.append(name)
            continue
        detail = f"{name!r} in {plural(shapes, 'shape')}, {meant!r} in {used[meant][0]:,}"
        yield Finding("R3", file, shapes, None, detail)


def _same(name: str, shapes: int, frequent: str, others: int) -> bool:
    plain = [_plain(text) for text in (name, frequent)]
    if plain[0] == plain[1]:
        return True
    if min(map(len, plain)) < _TYPO_LETTERS or shapes > _TYPO_SHARE * others:
        return False
    digits = [[c for c in text if c.isdigit()] for text in plain]
    return digits[0] == digits[1] and _one_edit(*plain)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c not in " _-\t")


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter was changed, left out, added, or swapped with its neighbour."""
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    edits: Iterable[Any] = [block for block in blocks if block[0] != "equal"]
    changed = sum(max(i2 - i1, j2 - j1) for _, i1, i2, j1, j2 in edits)
    return changed == 1 or (changed == 2 and sorted(a) == sorted(b))
