"""Survey a folder of images and labels, and write what was found as dataset.toml."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from pixelwise.audit.headers import read_start
from pixelwise.errors import DatasetError, LabelError, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import Unreadable
from pixelwise.files.names import real_path
from pixelwise.files.patterns import fixed_part
from pixelwise.init.config import InitConfig
from pixelwise.init.images import NoData, about_images
from pixelwise.init.suggest import convert_command, next_step
from pixelwise.labels.description import FILE_NAME, read_description, write_description
from pixelwise.labels.storage_notes import count_kinds, storage_notes
from pixelwise.settings import takes_settings
from pixelwise.survey.ask import ask, question_lines, together
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.given import Given
from pixelwise.survey.layout.choice import NothingFound
from pixelwise.survey.statements import OPEN, SURE, Statement, Survey

# splits that have an option of their own
SPLITS = ("train", "val", "test")


@takes_settings(InitConfig)
def init(config: InitConfig) -> Survey:
    """Write the dataset.toml of a folder.

    Args:
        config: the folder, those of images and labels if they are not to be found, and whether an
            existing file may be replaced.
    Returns:
        The survey, whose description and statements are in the file.
    Raises:
        DatasetError: there is a dataset.toml already, or nothing to describe.
    """
    path = config.folder / FILE_NAME
    if path.exists() and not config.force:
        hint = f"Give {setting('force', True)} to replace it."
        got = f"an existing {path}"
        raise DatasetError("init", FILE_NAME, must="a new file", got=got, hint=hint)
    given, written = given_of(config), written_nodata(path)
    try:
        survey = survey_folder(config.folder, given)
    except DatasetError as error:
        step = next_step(config.folder) if config.folder.is_dir() else ""
        if step and isinstance(error, NothingFound):
            event = f"there are no images and label images whose names pair up: {error.got}"
            raise DatasetError(config.folder, event=event, hint=step) from None
        # an option that is wrong is no reason for another command
        if step and not error.command and error.where not in ("init", "pixelwise"):
            error.add_hint(step)
        raise
    except LabelError as error:
        step = convert_command(config.folder) if config.folder.is_dir() else ""
        if not step:
            raise
        event = error.without_hint.removeprefix(f"{error.where}: ")
        hint = f"Its annotations have the classes: {step}"
        raise DatasetError(error.where, event=event, hint=hint) from None
    survey = _with_images(survey, written)
    if config.accept_guesses:
        survey = survey.accepted()
    comments = [str(s) for s in survey.statements if s not in survey.open]
    if survey.open:
        comments += ["", *question_lines(config.folder, survey.open, survey.given.options())]
    for name, ids in survey.lists.items():
        if (config.folder / name).exists() and not config.force:
            hint = f"Give {setting('force', True)} to replace it."
            raise DatasetError("init", name, must="a new file", got="an existing one", hint=hint)
        atomic_write(config.folder / name, "".join(f"{id}\n" for id in ids).encode())
    write_description(survey.description, path, comments)
    return survey


def init_or_ask(config: InitConfig) -> Survey:
    """As init; on a terminal, open questions are asked."""
    survey, asked = init(config), set[str]()
    while sys.stdin.isatty() and sys.stdout.isatty():
        questions = [q for q in survey.open if q.text not in asked]
        asked |= {q.text for q in questions}
        if questions:
            print(survey.text())
        options = ask(questions)
        if not options:
            break
        config = replace(config, force=True, **together([survey.given.options(), options]))
        survey = init(config)
    return survey


def given_of(config: InitConfig) -> Given:
    """The decisions for the survey; paths are relative to the folder of the dataset.

    Raises:
        DatasetError: a folder or list is not in the folder of the dataset.
    """
    options = {f.name: getattr(config, f.name) for f in fields(Given) if f.name != "splits"}
    for name in ("images", "labels"):
        if options[name] is not None:
            options[name] = _inside(config, name, _is_folder, "a folder")
    splits = {
        name: _inside(config, f"split_{name}", os.path.exists, "a folder or list")
        for name in SPLITS
        if getattr(config, f"split_{name}") is not None
    }
    return Given(**options, splits=splits)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(fixed_part(path))


def written_nodata(path: Path) -> NoData:
    """nodata of a dataset.toml that is to be replaced; None without one, or if it is damaged."""
    try:
        return read_description(path).channels.nodata
    except (DatasetError, LabelError):
        return None


def _with_images(survey: Survey, written: NoData) -> Survey:
    """The survey with the channels of its images, and what is done with those that are not RGB."""
    images = []
    for pair in survey.pairs:
        with suppress(Unreadable):
            images.append((pair.image, read_start(str(pair.image))))
    channels, said = about_images(images, survey.given, written)
    kinds = count_kinds(header for _, header in images)
    notes = storage_notes(kinds, len(images), not said and channels.is_rgb)
    said += [Statement(SURE, note) for note in notes]
    questions = (*survey.description.open, *(s.text for s in said if s.sureness == OPEN))
    description = replace(survey.description, channels=channels, open=questions)
    return replace(survey, description=description, statements=(*survey.statements, *said))


def _inside(config: InitConfig, name: str, exists: Callable[[Path], bool], kind: str) -> Path:
    """A path in the folder of the dataset, given relative to it or to the current folder."""
    given, root = Path(getattr(config, name)), config.folder
    found = [real_path(path) for path in (root / given, given) if exists(path)]
    inside = [path for path in found if path.is_relative_to(real_path(root))]
    if not inside:
        raise DatasetError("init", name, must=f"{kind} in {root}", got=given)
    return inside[0].relative_to(real_path(root))
