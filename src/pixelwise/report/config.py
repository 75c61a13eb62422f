"""What `pixelwise report` takes. No torch here."""

from dataclasses import dataclass, field
from pathlib import Path

from pixelwise.errors import ArgumentError, check_range, sentence


@dataclass(frozen=True)
class ReportConfig:
    """Which score becomes a page, what it is compared with, and how many pictures it shows."""

    source: Path = field(
        metadata={
            "help": "score.json, or a folder that holds one, such as a run folder",
            "positional": True,
        }
    )
    out: Path | None = field(
        default=None, metadata={"help": "file to write (default: report.html beside the source)"}
    )
    compare: tuple[Path, ...] = field(
        default=(), metadata={"help": "other scores to show in the same table"}
    )
    worst: int = field(default=8, metadata={"help": "images with the lowest mean IoU to show"})
    best: int = field(default=4, metadata={"help": "images with the highest mean IoU to show"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", Path(self.source))
        object.__setattr__(self, "out", None if self.out is None else Path(self.out))
        object.__setattr__(self, "compare", tuple(Path(path) for path in self.compare))
        for name in ("worst", "best"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ArgumentError(sentence("report", name, "an integer", repr(value)))
            check_range("report", name, value, low=0)
