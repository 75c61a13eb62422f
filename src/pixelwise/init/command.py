"""Look at a folder of images and labels, and write down what was found as dataset.toml."""

from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.init.config import InitConfig
from pixelwise.init.suggest import next_step
from pixelwise.labels.description import write_description
from pixelwise.survey.folder import look

FILE = "dataset.toml"


@dataclass(frozen=True)
class Found:
    """What was written, what it rests on, and those of the notes that a person should check."""

    path: Path
    notes: tuple[str, ...]
    unsure: tuple[str, ...]


def init(config: InitConfig) -> Found:
    """Write the dataset.toml of a folder.

    Args:
        config: the folder, and whether an existing file may be replaced.
    Returns:
        The file, with the notes that are also in it as comments.
    Raises:
        DatasetError: there is a dataset.toml already, or nothing to describe.
    """
    path = config.folder / FILE
    if path.exists() and not config.force:
        hint = "Give --force to replace it."
        raise DatasetError("init", FILE, must="a new file", got=f"an existing {path}", hint=hint)
    try:
        found = look(config.folder)
    except DatasetError as error:
        step = next_step(config.folder) if config.folder.is_dir() else ""
        raise DatasetError(f"{error} {step}".rstrip()) from None
    write_description(found.description, path, comments=found.notes)
    return Found(path, found.notes, found.unsure)
