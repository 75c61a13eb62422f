"""Batches: a fixed order, the same for any number of workers; errors cross processes unchanged."""

import pytest
import torch

from pixelwise.errors import LabelError
from pixelwise.run.loader import epoch_batches, load_batches


class Squares:
    """key (epoch, index) -> tensors; index 5 cannot be read if `broken`."""

    def __init__(self, broken=False):
        self.broken = broken

    def __getitem__(self, key):
        epoch, index = key
        if self.broken and index == 5:
            raise LabelError("05.png: label must be readable, got damage.")
        return torch.tensor([epoch, index]), torch.tensor(index * index)


def test_an_epoch_has_each_pair_once_in_full_batches():
    batches = epoch_batches(11, 4, seed=3, epoch=2)
    indices = [index for batch in batches for _, index in batch]
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(set(indices)) == 8
    assert {epoch for batch in batches for epoch, _ in batch} == {2}
    assert batches == epoch_batches(11, 4, seed=3, epoch=2)
    assert batches != epoch_batches(11, 4, seed=3, epoch=3)


def test_fewer_pairs_than_a_batch_are_one_batch():
    assert sorted(epoch_batches(3, 8, seed=0, epoch=0)[0]) == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_order_for_any_number_of_workers(workers):
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    loaded = [keys.tolist() for keys, _ in load_batches(Squares(), batches, workers)]
    assert loaded == [[list(key) for key in batch] for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_ours_keeps_its_type_and_its_one_line(workers):
    batches = epoch_batches(12, 3, seed=1, epoch=0)
    with pytest.raises(LabelError, match=r"^05.png: label must be readable, got damage\.$"):
        list(load_batches(Squares(broken=True), batches, workers))
