"""What `pixelwise weights` takes."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pixelwise.errors import ArgumentError, check_range, setting
from pixelwise.settings import (
    accept_guesses_option,
    check_settings,
    command_line,
    max_gib_option,
    option,
    required,
    scheduler_option,
    workers_option,
)
from pixelwise.weights.formulas import METHODS, POS_WEIGHT, Method, Zero, check_beta


def zero_option() -> Any:
    """The field `zero` of a command that weighs classes by their pixels."""
    text = "weight of a class without a pixel: an error, 0, or that of the heaviest class"
    return option("error", text)


@dataclass(frozen=True)
class WeightsConfig:
    """Which split is counted, which weights are made of the counts, and where they go."""

    data: Path = required("folder with dataset.toml", reads="dataset")
    method: Literal[Method, "pos_weight"] | None = option(
        None,
        "formula of the weights (default: all); pos_weight: where classes overlap",
        group="weights",
    )
    zero: Zero = zero_option()
    beta: float | None = option(
        None, "parameter of effective_number, 0 <= beta < 1 (default: (pixels - 1) / pixels)"
    )
    split: str = option("train", "split to count", group="data")
    accept_guesses: bool = accept_guesses_option()
    out: Path | None = option(
        None,
        "JSON file for the weights of --method, to be given to train --class-weights",
        group="output",
    )
    html: Path | None = option(None, "HTML page to write, with counts and weights")
    drop_background: float | None = option(
        None, "list the images that one class fills to at least this share, such as 0.98"
    )
    keep_list: Path | None = option(
        None, "with --drop-background: text file for the ids of the other images"
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()
    max_gib: float | None = max_gib_option()

    def __post_init__(self) -> None:
        check_settings(self)
        where = "weights"
        check_beta(where, self.beta, None if self.method == POS_WEIGHT else self.method)
        if self.out is not None and self.method is None:
            event = f"{setting('out')} holds one weight per class and needs {setting('method')}"
            hint = f"One of {', '.join(METHODS)}; {POS_WEIGHT} where classes overlap."
            raise ArgumentError(where, "method", event=event, hint=hint)
        if self.out is not None and self.out.suffix != ".json":
            raise ArgumentError(where, "out", must="a name ending in .json", got=self.out)
        if self.drop_background is not None:
            hint = "It is a share: 0.98 means 98 %."
            check_range(where, "drop_background", self.drop_background, 0, 1, hint)
        elif self.keep_list is not None:
            event = f"{setting('keep_list')} needs {setting('drop_background')}"
            hint = "It is a list without the images that one class fills."
            raise ArgumentError(where, "drop_background", event=event, hint=hint)

    @property
    def command(self) -> str:
        """The command line that says the same."""
        # where the work is done changes no result
        return command_line(replace(self, workers=0, scheduler=None))
