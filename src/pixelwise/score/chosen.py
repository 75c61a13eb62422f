"""What is chosen for a run on a split: where it is from, and what it depends on. No torch here."""

from dataclasses import dataclass

from pixelwise.files.results import Result
from pixelwise.score.record import DataSplit


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Chosen(Result):
    """Kept in the run folder until the checkpoint or a file of the split is another one.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset: what it was chosen on.
        images: how many that were.
        epoch: of the checkpoint; None of several networks.
        key: digest of the checkpoint, the classes, the files of the images and what else counts.
    """

    version: str
    command: str
    created: str
    dataset: DataSplit
    images: int
    epoch: int | None
    key: str

    def place(self, predicted: DataSplit) -> dict[str, object]:
        """What prediction.json says of where it is from.

        Args:
            predicted: the dataset that is predicted.
        """
        return {
            "data": self.dataset.path,
            "split": self.dataset.split,
            "epoch": self.epoch,
            "same_images": self.dataset == predicted,
        }
