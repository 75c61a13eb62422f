"""What `pixelwise audit` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass
from pathlib import Path

from pixelwise.audit.rules import RULES
from pixelwise.errors import ArgumentError, check_choice, setting
from pixelwise.labels.description import Description
from pixelwise.settings import (
    check_settings,
    max_gib_option,
    option,
    scheduler_option,
    workers_option,
)


@dataclass(frozen=True)
class AuditConfig:
    """Which dataset is looked at, how closely, and what is done with the findings."""

    data: Path | Description | None = option(
        None,
        "folder with dataset.toml, or any folder of images and labels",
        positional=True,
        reads="file or folder",
    )
    images: Path | None = option(
        None, "folder of images, instead of DATA", reads="folder", group="data"
    )
    labels: Path | None = option(None, "folder of labels, instead of DATA", reads="folder")
    image_prefix: str = option("", "with --images: what stands before the id in names of images")
    image_suffix: str = option("", "with --images: what follows the id in names of images")
    label_prefix: str = option("", "with --labels: what stands before the id in names of labels")
    label_suffix: str = option("", "with --labels: what follows the id in names of labels")
    quick: bool = option(
        False, "read only the first bytes of every file: sizes, storage, pairs", group="depth"
    )
    deep: bool = option(
        False, "decode the images too (copies, shifted labels), and compare all pixels of labels"
    )
    html: Path | None = option(
        None, "HTML page to write, with images of what was found", group="output"
    )
    fix: Path | None = option(None, "folder for a repaired copy of the dataset", group="repair")
    fix_rules: tuple[str, ...] = option(
        ("safe",),
        "rules to repair with --fix: safe, or safe with rules that may be wrong: safe F1 V6",
    )
    baseline: Path | None = option(
        None,
        "file of accepted findings, which are not reported",
        reads="file",
        group="accepted findings",
    )
    write_baseline: Path | None = option(None, "file to write that accepts what is found now")
    accept_rules: tuple[str, ...] = option(
        (), "rules to accept with --write-baseline (default: all)"
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        data, images, labels = setting("data"), setting("images"), setting("labels")
        if (self.images is None) != (self.labels is None):
            raise ArgumentError("audit", event=f"{images} and {labels} must be given together")
        if (self.data is None) == (self.images is None):
            got = "neither" if self.data is None else "both"
            must = f"given, or {images} and {labels}"
            raise ArgumentError("audit", "data", must=must, got=got)
        if self.images is None and any(self.affixes.values()):
            given = ", ".join(setting(name) for name, text in self.affixes.items() if text)
            hint = "Those of a dataset are in its dataset.toml."
            raise ArgumentError("audit", event=f"{given} need {images} and {labels}", hint=hint)
        if self.fix is not None and self.data is None:
            must, got = f"used with {data}, which has classes", f"{images} and {labels}"
            raise ArgumentError("audit", "fix", must=must, got=got)
        if self.fix_rules != ("safe",) and self.fix is None:
            must = f"used with {setting('fix')}"
            raise ArgumentError("audit", "fix_rules", must=must, got="no folder for it")
        for rule in self.accept_rules:
            check_choice("audit", "accept_rules", rule, tuple(RULES))
        if self.accept_rules and self.write_baseline is None:
            must = f"used with {setting('write_baseline')}"
            raise ArgumentError("audit", "accept_rules", must=must, got="no file for it")
        if self.fix is not None and self.quick:
            must = f"used without {setting('quick')}"
            raise ArgumentError("audit", "fix", must=must, got="both")
        if self.quick and self.deep:
            event = f"only one of {setting('quick')} and {setting('deep')} can be given"
            raise ArgumentError("audit", event=event)

    @property
    def affixes(self) -> dict[str, str]:
        """Prefixes and suffixes by the names that they have in a split."""
        names = ("image_prefix", "image_suffix", "label_prefix", "label_suffix")
        return {name: getattr(self, name) for name in names}
