"""What `pixelwise weights` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

import shlex
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pixelwise.audit.weights import METHODS, ZERO_POLICIES
from pixelwise.errors import ArgumentError, check_choice, check_range, sentence
from pixelwise.executors import scheduler_option, workers_option

_PATHS = ("data", "out", "html", "keep_list")
# Where the work is done changes no result.
_WORK = ("workers", "scheduler")


def option(default: Any, text: str, **extra: Any) -> Any:
    return field(default=default, metadata={"help": text, **extra})


@dataclass(frozen=True)
class WeightsConfig:
    """Which split is counted, which weights are made of the counts, and where they go."""

    data: Path = field(metadata={"help": "folder with dataset.toml", "positional": True})
    method: str | None = option(None, "formula of the weights (default: all)", choices=METHODS)
    zero: str = option(
        "error",
        "a class without a pixel: refuse, weigh it 0, or like the heaviest",
        choices=ZERO_POLICIES,
    )
    beta: float | None = option(
        None, "of effective_number, 0 <= beta < 1 (default: (pixels - 1) / pixels)"
    )
    split: str = option("train", "split to count")
    out: Path | None = option(
        None, "JSON file for the weights of --method, to be given to train --class-weights"
    )
    html: Path | None = option(None, "page to make of the counts and weights")
    drop_background: float | None = option(
        None, "list the images that one class fills to at least this share, such as 0.98"
    )
    keep_list: Path | None = option(
        None, "with --drop-background: text file for the ids of the other images"
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()

    def __post_init__(self) -> None:
        where = "weights"
        for name in _PATHS:
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Path(value))
        check_choice(where, "method", self.method, (None, *METHODS))
        check_choice(where, "zero", self.zero, ZERO_POLICIES)
        if self.beta is not None and self.method not in (None, "effective_number"):
            got = f"{self.beta} with method {self.method!r}"
            raise ArgumentError(sentence(where, "beta", "used with effective_number only", got))
        if self.out is not None and self.method is None:
            hint = f"Choose one: --method {', '.join(METHODS)}."
            constraint = "given with out, which holds one weight a class"
            raise ArgumentError(sentence(where, "method", constraint, "none", hint))
        if self.out is not None and self.out.suffix != ".json":
            raise ArgumentError(sentence(where, "out", "a name ending in .json", str(self.out)))
        check_range(where, "workers", self.workers, low=0)
        if self.drop_background is not None:
            hint = "It is a share: 0.98 means 98 %."
            check_range(where, "drop_background", self.drop_background, 0, 1, hint)
        elif self.keep_list is not None:
            constraint = "given with keep_list, which leaves out the images that it finds"
            raise ArgumentError(sentence(where, "drop_background", constraint, "none"))

    @property
    def command(self) -> str:
        """The command line that says the same."""
        words = ["pixelwise", "weights", str(self.data)]
        for given in fields(self)[1:]:
            value = getattr(self, given.name)
            if value != given.default and given.name not in _WORK:
                words += ["--" + given.name.replace("_", "-"), str(value)]
        return shlex.join(words)
