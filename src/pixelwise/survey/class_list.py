"""The names of the classes of a folder: from a file beside its labels, or as a person gave them."""

from pathlib import Path

from pixelwise.labels.class_checks import OTHER
from pixelwise.labels.class_names import FEWEST_KNOWN, letters_of
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.legend.find import ClassFile, find_class_file
from pixelwise.legend.read import read_rows
from pixelwise.legend.rows import Rows, classes_of
from pixelwise.survey.given import Given
from pixelwise.survey.known_sets import with_void
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.survey.values.void import VOIDS
from pixelwise.text import some

NOTHING_GIVEN = Given()
# Part of the names of a list that are those of a known set, which may leave some out.
_MOST_NAMES = 0.8


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
        if given.classes in PALETTES:
            return _table(given), statements
    else:
        found = find_class_file(folders)
        statements = [Statement(LIKELY, problem) for problem in found.problems] if found else []
        if found is None or found.path is None:
            return None, statements
        rows = found.rows
        tables = _known_tables(rows, seen)
        if tables and not found.others:
            return _by_table(root, found.path, rows, seen, tables, statements)
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


def _table(given: Given) -> Classes:
    """The classes of a known dataset, whose ignore_index is stored for void if no class has it."""
    classes = Classes.named(str(given.classes))
    if given.ignore_values is not None or OTHER in classes.values:
        return classes
    if any(classes.ignore_index in values for values in classes.values):
        return classes
    return with_void(classes, (*classes.ignore_values, classes.ignore_index))


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


def _known_tables(rows: Rows, seen: list[int]) -> list[str]:
    """Known sets that have the classes of a list, but store others values that fit the labels.

    COCO-Stuff counts its list from 0 = unlabeled, and stores numbers that are one lower.
    """
    value_of = {letters_of(name): rows.values_of(name) for name in rows.names}
    number = len(rows.names) - len(rows.void_names)
    found = []
    for table in PALETTES:
        known = Classes.named(table)
        names = [letters_of(name) for name in known.names]
        if len(names) < max(FEWEST_KNOWN, _MOST_NAMES * number) or not set(names) <= set(value_of):
            continue
        differ = [v for n, v in zip(names, known.values) if v != OTHER and v != value_of[n]]
        if differ and _fits(seen, known):
            found.append(table)
    explained = _fits(seen, classes_of(rows, rows.void_names))
    return found if rows.void_names or not explained else []


def _fits(seen: list[int], classes: Classes) -> bool:
    """Whether all stored values are classes, or the void that a set has."""
    void = classes.ignore_values or (classes.ignore_index,)
    return not set(seen) - {v for own in classes.values for v in own} - set(void)


def _by_table(
    root: Path,
    path: Path,
    rows: Rows,
    seen: list[int],
    tables: list[str],
    statements: list[Statement],
) -> tuple[Classes, list[Statement]]:
    """The values of a list, or those of a known set with the same classes: a question."""
    own = classes_of(rows, rows.void_names)
    answers = [Answer(f"those of {table}", {"classes": table}) for table in tables]
    listed = Answer(f"those of {path.name}", {"classes": str(path)})
    answers.insert(0 if _fits(seen, own) else len(answers), listed)
    text = (
        f"{path.relative_to(root).as_posix()} lists the classes of {some(tables)}, but with other "
    )
    text += "stored values: which are those of the labels?"
    classes = own if answers[0] is listed else Classes.named(tables[0])
    return classes, [*statements, Statement(OPEN, text, tuple(answers))]


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
