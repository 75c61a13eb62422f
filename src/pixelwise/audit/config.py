"""What `pixelwise audit` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import ArgumentError
from pixelwise.settings import check_settings, option, scheduler_option, workers_option


@dataclass(frozen=True)
class AuditConfig:
    """Which data set is looked at, how closely, and what is done with the findings."""

    data: Path | None = option(
        None, "folder with dataset.toml, or any folder of images and labels", positional=True
    )
    images: Path | None = option(None, "folder of images, instead of DATA")
    labels: Path | None = option(None, "folder of labels, instead of DATA")
    quick: bool = option(False, "read the first bytes of every file only: sizes, storage, pairs")
    deep: bool = option(
        False, "decode the images too (copies, shifted labels), and compare all pixels of labels"
    )
    html: Path | None = option(None, "HTML page to write, with images of what was found")
    fix: Path | None = option(None, "folder for a repaired copy of the data set")
    fix_rules: tuple[str, ...] = option(
        ("safe",), "with --fix: rules to repair; `safe F1 V6` adds two that may be wrong"
    )
    baseline: Path | None = option(None, "file of accepted findings")
    write_baseline: Path | None = option(None, "file to write, which accepts what is found now")
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()

    def __post_init__(self) -> None:
        check_settings(self)
        where = "audit"
        if (self.images is None) != (self.labels is None):
            raise ArgumentError(where, "images, labels", must="given together", got="one of them")
        if (self.data is None) == (self.images is None):
            got = "neither" if self.data is None else "both"
            constraint = "given, or --images and --labels"
            raise ArgumentError(where, "DATA", must=constraint, got=got)
        if self.fix is not None and self.data is None:
            got = "--images and --labels"
            raise ArgumentError(where, "fix", must="used with DATA, which has classes", got=got)
        if self.fix_rules != ("safe",) and self.fix is None:
            raise ArgumentError(where, "fix_rules", must="used with fix", got="no folder for it")
        if self.fix is not None and self.quick:
            raise ArgumentError(where, "fix", must="used without quick", got="both")
        if self.quick and self.deep:
            raise ArgumentError(where, "quick, deep", must="one of the two at most", got="both")
