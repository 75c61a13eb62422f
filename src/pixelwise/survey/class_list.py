"""The names of the classes of a folder: from a file beside its labels, or as a person gave them."""

from pathlib import Path

from pixelwise.labels.classes import Classes
from pixelwise.legend.find import ClassFile, find_class_file
from pixelwise.legend.read import read_rows
from pixelwise.legend.rows import Rows, classes_of
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.survey.values.void import VOIDS
from pixelwise.text import some

NOTHING_GIVEN = Given()


def listed_classes(
    root: Path, folders: list[Path], seen: list[int], given: Given = NOTHING_GIVEN
) -> tuple[Classes | None, list[Statement]]:
    """The classes that a file lists, void among its ignore_values; None without such a file.

    Args:
        root: folder of the dataset.
        folders: where to look, the nearest to the labels first.
        seen: stored values of the labels.
        given: classes and ignore_values are not questioned.
    Raises:
        DatasetError: the classes that were given cannot be read.
    """
    if given.classes is not None:
        rows = read_rows(given.classes)
        statements = [Statement(SURE, f"class names are from {given.classes}")]
    else:
        found = find_class_file(folders)
        statements = [Statement(LIKELY, problem) for problem in found.problems] if found else []
        if found is None or found.path is None:
            return None, statements
        rows = found.rows
        statements.append(_where_from(root, found))
    statements += [Statement(LIKELY, note) for note in rows.notes]
    doubtful = [] if given.ignore_values is not None else list(rows.doubtful)
    if not set(rows.names) - set(rows.void_names) - set(doubtful):
        return None, statements
    for name in rows.void:
        values = some(rows.values_of(name), 12)
        statements.append(Statement(SURE, f"stored value {values} is void: {name} is not scored"))
    asked = [name for name in doubtful if set(rows.values_of(name)) & set(seen)]
    statements += [_question(rows, name, seen) for name in asked]
    return classes_of(rows, [*rows.void, *doubtful]), statements


def _where_from(root: Path, found: ClassFile) -> Statement:
    paths = [path for path in (found.path, *found.others) if path is not None]
    names = [p.relative_to(root).as_posix() if root in p.parents else str(p) for p in paths]
    if found.others:
        text = f"{some(names)} list different classes: which of them are those of the labels?"
        answers = [Answer(f"those of {n}", {"classes": str(p)}) for n, p in zip(names, paths)]
        return Statement(OPEN, text, tuple(answers))
    if found.rows.values is None and found.rows.colors is not None:
        text = f"class names are from {names[0]}, in whose order they are stored"
        return Statement(LIKELY, text)
    return Statement(SURE, f"class names are from {names[0]}")


def _question(rows: Rows, name: str, seen: list[int]) -> Statement:
    """Whether a class is void whose name does not quite say so."""
    own = rows.values_of(name)
    named = {v for n in rows.names for v in rows.values_of(n)}
    void = {v for n in (*rows.void_names, *rows.doubtful) for v in rows.values_of(n)} - set(own)
    # who decides decides all of them
    void |= {v for v in (*rows.ignore_values, *VOIDS) if v in seen and v not in named}
    text = f"stored value {some(own, 12)} is called {name}: is it void?"
    answers = (
        Answer("it is void", {"ignore_values": tuple(sorted({*void, *own}))}),
        Answer("it is a class", {"ignore_values": tuple(sorted(void))}),
    )
    return Statement(OPEN, text, answers)
