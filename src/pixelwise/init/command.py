"""Survey a folder of images and labels, and write what was found as dataset.toml."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pixelwise.audit.headers import read_start
from pixelwise.errors import DatasetError, setting
from pixelwise.files.content import Unreadable
from pixelwise.files.names import real_path
from pixelwise.init.config import InitConfig
from pixelwise.init.suggest import next_step
from pixelwise.labels.description import FILE_NAME, write_description
from pixelwise.labels.storage_notes import count_kinds, dark_note, storage_notes
from pixelwise.settings import takes_settings
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.statements import LIKELY, SURE, Statement, Survey


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
    try:
        folders = None
        if config.images is not None and config.labels is not None:
            folders = (_inside(config, "images"), _inside(config, "labels"))
        survey = survey_folder(config.folder, folders)
    except DatasetError as error:
        if config.folder.is_dir():
            error.add_hint(next_step(config.folder))
        raise
    survey = replace(survey, statements=(*survey.statements, *_storage(survey)))
    write_description(survey.description, path, comments=survey.notes)
    return survey


def _storage(survey: Survey) -> Iterator[Statement]:
    """What is done with images that are not plain 8-bit RGB."""
    kinds, deep, number = Counter[str](), list[Path](), 0
    for pair in survey.pairs:
        with suppress(Unreadable):
            header = read_start(str(pair.image))
            number += 1
            kinds.update(count_kinds([header]))
            deep += [pair.image] if header.depth == 16 else []
    for note in storage_notes(kinds, number):
        yield Statement(SURE, note)
    if dark := dark_note(deep):
        yield Statement(LIKELY, dark)


def _inside(config: InitConfig, name: str) -> Path:
    """A folder in that of the dataset, given relative to it or to the current folder."""
    given, root = Path(getattr(config, name)), config.folder
    found = [real_path(path) for path in (root / given, given) if path.is_dir()]
    inside = [path for path in found if path.is_relative_to(real_path(root))]
    if not inside:
        raise DatasetError("init", name, must=f"a folder in {root}", got=given)
    return root / inside[0].relative_to(real_path(root))
