"""What `pixelwise init` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.settings import check_settings, option, required


@dataclass(frozen=True)
class InitConfig:
    """Which folder is looked at to write its dataset.toml."""

    folder: Path = required("folder with images and label images", reads="folder")
    force: bool = option(False, "replace an existing dataset.toml")

    def __post_init__(self) -> None:
        check_settings(self)
