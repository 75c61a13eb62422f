"""What `pixelwise audit` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pixelwise.errors import ArgumentError, sentence
from pixelwise.executors import scheduler_option, workers_option


def option(default: Any, text: str, **extra: Any) -> Any:
    """A field with its help text; `positional=True` makes it an argument without dashes."""
    return field(default=default, metadata={"help": text, **extra})


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
    html: Path | None = option(None, "HTML page to write, with pictures of what was found")
    fix: Path | None = option(None, "folder for a mended copy of the data set")
    fix_rules: tuple[str, ...] = option(
        ("safe",), "with --fix: rules to mend; `safe F1 V6` adds two that may be wrong"
    )
    baseline: Path | None = option(None, "file of accepted findings")
    write_baseline: Path | None = option(None, "file to write, which accepts what is found now")
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()

    def __post_init__(self) -> None:
        paths = ("data", "images", "labels", "html", "fix", "baseline", "write_baseline")
        for name in paths:
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Path(value))
        where = "audit"
        if (self.images is None) != (self.labels is None):
            raise ArgumentError(sentence(where, "images, labels", "given together", "one of them"))
        if (self.data is None) == (self.images is None):
            got = "neither" if self.data is None else "both"
            constraint = "given, or --images and --labels"
            raise ArgumentError(sentence(where, "DATA", constraint, got))
        object.__setattr__(self, "fix_rules", tuple(self.fix_rules))
        if self.fix is not None and self.data is None:
            got = "--images and --labels"
            raise ArgumentError(sentence(where, "fix", "used with DATA, which has classes", got))
        if self.fix_rules != ("safe",) and self.fix is None:
            raise ArgumentError(sentence(where, "fix_rules", "used with fix", "no folder for it"))
        if self.quick and self.deep:
            raise ArgumentError(sentence(where, "quick, deep", "one of the two at most", "both"))
