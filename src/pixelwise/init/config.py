"""What `pixelwise init` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import ArgumentError, setting
from pixelwise.settings import check_settings, max_gib_option, option, required


@dataclass(frozen=True)
class InitConfig:
    """Which folder is looked at to write its dataset.toml."""

    folder: Path = required("folder with images and label images", reads="folder")
    images: Path | None = option(None, "folder of the images, in FOLDER (default: found)")
    labels: Path | None = option(None, "folder of the labels, in FOLDER (default: found)")
    force: bool = option(False, "replace an existing dataset.toml")
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.images is None) != (self.labels is None):
            names = f"{setting('images')} and {setting('labels')}"
            raise ArgumentError("init", event=f"{names} are given together or not at all")
