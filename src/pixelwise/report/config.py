"""What `pixelwise report` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import ArgumentError, setting
from pixelwise.settings import check_settings, max_gib_option, option, required

PORT = 8765


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
    serve: bool = option(
        False,
        "show the page on this machine, with images at full size, until Ctrl-C; write nothing",
        group="serving",
    )
    port: int = option(PORT, "with --serve: of the address; 0: any that is free", low=0, high=65535)
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        own = {"out": self.out is not None, "assets": self.assets}
        if self.serve and (written := [setting(name) for name, given in own.items() if given]):
            event = f"{setting('serve')} writes nothing: leave out {' and '.join(written)}"
            raise ArgumentError("report", event=event)
        if self.port != PORT and not self.serve:
            must, got = f"used with {setting('serve')}", "a page that is written"
            raise ArgumentError("report", "port", must=must, got=got)
