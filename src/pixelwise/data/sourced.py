"""Examples together with the data set that each is of."""

from collections.abc import Sequence

from torch import Tensor
from torch.utils.data import Dataset

from pixelwise.data.dataset import SegmentationDataset


class Sourced(Dataset[tuple[Tensor, Tensor, int]]):
    """A dataset whose examples say which data set they are of: (image, target, number).

    Args:
        dataset: of the pairs of all data sets.
        source_of: number of the data set of each pair.
    """

    def __init__(self, dataset: SegmentationDataset, source_of: Sequence[int]) -> None:
        self.dataset = dataset
        self.source_of = list(source_of)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor, int]:
        return *self.dataset[key], self.source_of[self.dataset.index_of(key)]
