"""The classes of a folder that is a known data set, beside those that a file in it lists."""

from collections.abc import Sequence
from pathlib import Path

from pixelwise.errors import LabelError
from pixelwise.labels.class_names import is_void_name, letters_of
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split
from pixelwise.legend.find import find_class_file
from pixelwise.survey.conversion import command_lines, without_labels
from pixelwise.survey.given import Given
from pixelwise.survey.known_sets import Known
from pixelwise.survey.statements import OPEN, Answer, Statement
from pixelwise.survey.values.stored import StoredValues
from pixelwise.survey.values.suspects import find_suspects

# Class files that people write themselves; others are parts of published sets.
_OWN_FILES = ("classes", "class_names", "label_names", "names", "codes")
_TOML = (".toml", ".json")


def check_form(root: Path, splits: dict[str, Split], known: Known | None) -> None:
    """Refuse labels of a known data set that are ids of a class and an object.

    Raises:
        LabelError: with the command that makes label images of them.
    """
    if known is not None and known.needs_convert:
        event = f"they are ids of objects, of which each has a class, of {known.name}"
        command = command_lines(root, splits, known.convert)
        hint = f"{without_labels(splits)}Make label images of them first: {command}"
        raise LabelError(root, "labels", event=event, hint=hint, command=command)


def choose_classes(
    known: Known | None,
    stored: StoredValues,
    listed: Classes | None,
    notes: Sequence[Statement],
    folders: Sequence[Path],
    given: Given,
) -> tuple[Classes | None, list[Statement]]:
    """The classes of a known data set, or those of a class file; a question if they differ.

    Args:
        known: the data set.
        stored: what the labels contain.
        listed: the classes of the file.
        notes: about them.
        folders: where the file is.
        given: what a person decided is not questioned.
    """
    if known is None or given.classes is not None or given.foreground is not None:
        return listed, list(notes)
    suspects = find_suspects(stored, known.legal).values
    seen = [value for value in stored.seen if value not in suspects]
    classes, statements = known.meaning(seen)
    if given.ignore_values is not None and classes is not None:
        statements = tuple(s for s in statements if s.sureness != OPEN)
        if set(classes.ignore_values) & set(seen) - set(given.ignore_values):
            return listed, list(notes)
    if classes is None or listed is None:
        return (listed if classes is None else classes), [*notes, *statements]
    found = find_class_file(folders)
    file = None if found is None else found.path
    masks = bool(known.encoding.object)
    if masks or not known.sure or (file is not None and file.suffix.lower() in _TOML):
        return listed, list(notes)
    if file is None or file.stem.lower() not in _OWN_FILES or _agree(listed, classes):
        return classes, list(statements)
    table, shown = known.encoding.table, str(file)
    text = f"this is {known.name}, by {known.signs}, but {file.name} lists other classes"
    answers = (
        Answer(f"those of {file.name}", {"classes": shown}),
        Answer(f"those of {known.name}", {"classes": table}),
    )
    return listed, [*notes, Statement(OPEN, text, answers)]


def _agree(listed: Classes, known: Classes) -> bool:
    """Whether all names of a set are in a list, which may have void too."""
    ours, theirs = (
        {letters_of(name) for name in classes.names if not is_void_name(name)}
        for classes in (listed, known)
    )
    return theirs <= ours
