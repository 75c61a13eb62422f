"""The class file of a folder of labels.

A file in the folder of the labels is nearer than one above it, up to the folder of the dataset; the
nearest that lists classes is taken, whole: two files are never combined. Of several in one folder
the first in NAMES is taken, and those that say something else are told. classes.toml, which only
pixelwise writes, needs no company.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.legend.read import read_class_list
from pixelwise.legend.rows import Rows, rows_of

# Patterns of names in lower case; those that are surest to say all first.
NAMES = (
    *("classes.toml", "dataset_meta.json", "dataset.json", "id2label.json", "classes.json"),
    *("class_names.json", "label_map.json", "labelmap.json", "obj_class_to_machine_color.json"),
    *("meta.json", "config*.json", "_classes.csv", "class_dict*.csv", "classes.csv", "labels.csv"),
    *("label_info.csv", "objectinfo*.txt", "objectinfo*.csv", "labelmap*.txt", "label_colors*.txt"),
    *("classes.txt", "class_names.txt", "labels.txt", "label_names.txt", "names.txt", "codes.txt"),
    *("*.names", "obj.data", "data.yaml", "dataset.yaml", "*.yaml", "*.yml", "*.pbtxt"),
    *("labels.py", "mmsegmentation.py", "*.qml", "*.clr", "*.gpl"),
    *("colormap*.txt", "palette*.txt", "colors.txt"),
)
_SUFFIXES = {os.path.splitext(pattern)[1] for pattern in NAMES}
# More files of one pattern belong to images, one each.
_MOST_ALIKE = 3
# Class files are small; annotations are not.
_MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class ClassFile:
    """What was found in the folders.

    Args:
        path: of the file that is taken; None if no file lists classes.
        rows: what it says; without names if there is no file.
        others: files of the same folder that say something else.
        problems: sentences about files that look like class files and cannot be read.
    """

    path: Path | None
    rows: Rows
    others: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


def find_class_file(folders: Sequence[Path], colors: bool = False) -> ClassFile | None:
    """The nearest class file; None if there is none, and none that cannot be read.

    Args:
        folders: where to look, the nearest to the labels first.
        colors: only files with a colour for each class count.
    """
    problems = list[str]()
    for folder in dict.fromkeys(folders):
        found = list(class_lists(folder, colors, problems))
        if found:
            (path, rows), *rest = found
            own = path.name.lower() == NAMES[0]
            others = [other for other, says in rest if not own and _meaning(says) != _meaning(rows)]
            return ClassFile(path, rows, tuple(others), tuple(problems))
    return ClassFile(None, Rows(()), (), tuple(problems)) if problems else None


def class_lists(
    folder: Path, colors: bool = False, problems: list[str] | None = None
) -> Iterator[tuple[Path, Rows]]:
    """All files of a folder that list classes, and what they say.

    Args:
        folder: where to look.
        colors: as in find_class_file.
        problems: takes a sentence about each file that cannot be read.
    """
    for path in _candidates(folder):
        try:
            listed = read_class_list(path)
        except DatasetError as error:
            if problems is not None:
                problems.append(f"{path.name} is not read as a list of classes: {error.reason}")
            continue
        rows = rows_of(listed) if isinstance(listed, Classes) else listed
        if rows is not None and (rows.colors is not None if colors else _has_names(rows)):
            yield path, rows


def _candidates(folder: Path) -> Iterator[Path]:
    try:
        # the names of many images are not compared with every pattern
        names = sorted(n for n in os.listdir(folder) if _suffix(n) in _SUFFIXES)
    except OSError:
        return
    taken = set[str]()
    for pattern in NAMES:
        alike = [n for n in names if n not in taken and fnmatchcase(n.lower(), pattern)]
        taken.update(alike)
        if len(alike) <= _MOST_ALIKE:
            yield from (folder / name for name in alike if _is_small(folder / name))


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _is_small(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _MOST_BYTES
    except OSError:
        return False


def _has_names(rows: Rows) -> bool:
    """Whether there are names, not numbers: lists of files have those too."""
    # LABEL_0 is what a model of Hugging Face has that nobody gave names
    names = enumerate(name.lower() for name in rows.names)
    made_up = all(name in (f"class_{place}", f"label_{place}") for place, name in names)
    return not made_up and not all(name.isdecimal() for name in rows.names)


def _meaning(rows: Rows) -> list[tuple[str, tuple[int, ...]]]:
    """Names in their simplest spelling, and what is stored for them."""
    simple = ("".join(filter(str.isalnum, name.lower())) for name in rows.names)
    return sorted(zip(simple, map(rows.values_of, rows.names)))
