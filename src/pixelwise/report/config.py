"""What `pixelwise report` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.settings import check_settings, max_gib_option, option, required


@dataclass(frozen=True)
class ReportConfig:
    """Which score becomes a page, what it is compared with, and how many images it shows."""

    source: Path = required(
        "score.json, or a folder that holds one, such as a run folder", reads="file or folder"
    )
    out: Path | None = option(None, "file to write (default: report.html beside the source)")
    compare: tuple[Path, ...] = option(
        (), "other scores to show in the same table", reads="file or folder"
    )
    worst: int = option(8, "images with the lowest mean IoU to show", low=0)
    best: int = option(4, "images with the highest mean IoU to show", low=0)
    assets: bool = option(
        False,
        "write the pictures of all images too, into a folder beside the page",
    )
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
