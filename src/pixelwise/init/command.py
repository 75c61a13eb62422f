"""Survey a folder of images and labels, and write what was found as dataset.toml."""

from pathlib import Path

from pixelwise.errors import DatasetError, setting
from pixelwise.init.config import InitConfig
from pixelwise.init.suggest import next_step
from pixelwise.labels.description import FILE_NAME, write_description
from pixelwise.settings import takes_settings
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.statements import Survey


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
    write_description(survey.description, path, comments=survey.notes)
    return survey


def _inside(config: InitConfig, name: str) -> Path:
    """A folder in that of the dataset, given relative to it or to the current folder."""
    given, root = Path(getattr(config, name)), config.folder
    found = [path.resolve() for path in (root / given, given) if path.is_dir()]
    inside = [path for path in found if path.is_relative_to(root.resolve())]
    if not inside:
        raise DatasetError("init", name, must=f"a folder in {root}", got=given)
    return root / inside[0].relative_to(root.resolve())
