"""Look at a folder of images and labels, and write down what was found as dataset.toml."""

from dataclasses import dataclass
from pathlib import Path

from pixelwise.audit.look import look
from pixelwise.errors import DatasetError, sentence
from pixelwise.labels.description import write_description
from pixelwise.run.config import InitConfig
from pixelwise.run.next_step import next_step

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
        raise DatasetError(sentence("init", FILE, "a new file", f"an existing {path}", hint))
    try:
        found = look(config.folder)
    except DatasetError as error:
        step = next_step(config.folder) if config.folder.is_dir() else ""
        raise DatasetError(f"{error} {step}".rstrip()) from None
    write_description(found.description, path, comments=found.notes)
    return Found(path, found.notes, found.unsure)
