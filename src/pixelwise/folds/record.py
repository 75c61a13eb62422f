"""Folds: what folds.json holds, the file by which the folder of a cross-validation is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pixelwise.files.records import to_plain
from pixelwise.files.results import read_record, write_json
from pixelwise.plan.config import TrainConfig
from pixelwise.run.checkpoint import FOLDS
from pixelwise.text import percent, plural, text_table


@dataclass(frozen=True)
class Fold:
    """One of the runs of a cross-validation.

    Attributes:
        folder: of the run, in that of the cross-validation.
        train_split, val_split: of the run.
        pairs: that it is scored on.
        seconds: spent so far.
        is_complete: it has had all its epochs.
        epoch, miou: of its best checkpoint.
    """

    folder: str
    train_split: str
    val_split: str
    pairs: int
    seconds: float = 0.0
    is_complete: bool = False
    epoch: int | None = None
    miou: float | None = None


@dataclass(frozen=True)
class Folds:
    """A cross-validation; scores are mean IoU under the convention "present".

    Attributes:
        command, created: how it was started, and when.
        config: the settings.
        split: whose pairs are divided into folds.
        folds: the runs, in their order.
        mean, standard_deviation: of the scores of the folds (n - 1 in the denominator).
        joined: the score of all pairs, each predicted by the network that has not seen it.
        predictions: folder of those, in that of the cross-validation; "" until it is complete.
    """

    SCHEMA: ClassVar[str] = "pixelwise.folds/1"

    command: str
    created: str
    config: TrainConfig
    split: str
    folds: tuple[Fold, ...]
    mean: float | None = None
    standard_deviation: float | None = None
    joined: float | None = None
    predictions: str = ""

    @property
    def pairs(self) -> int:
        """Those of all folds."""
        return sum(fold.pairs for fold in self.folds)

    def text(self) -> str:
        """A row for each fold, and the scores of all."""
        rows = [["fold", "pairs", "best epoch", "val mIoU"]]
        for fold in self.folds:
            epoch = "-" if fold.epoch is None else str(fold.epoch)
            rows.append([fold.folder, str(fold.pairs), epoch, percent(fold.miou)])
        lines = [text_table(rows)]
        if self.predictions:
            lines += [
                f"mean {percent(self.mean)}, standard deviation {percent(self.standard_deviation)} "
                f"over {len(self.folds)} folds",
                f"joined {percent(self.joined)}: {plural(self.pairs, 'pair')} of {self.split}, "
                "each predicted by the network that has not seen it (present)",
            ]
        return "\n".join(lines)


def read_folds(folder: Path) -> Folds:
    """The folds.json of a folder.

    Raises:
        RunError: there is none, or it is damaged.
    """
    return read_record(Folds, folder / FOLDS)


def write_folds(folder: Path, folds: Folds) -> None:
    """Write folds.json."""
    write_json(folder / FOLDS, {"schema": folds.SCHEMA, **to_plain(folds)})
