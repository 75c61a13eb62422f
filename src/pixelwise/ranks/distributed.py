"""Ranks: parts without padding, and sums over them.

Every rank takes items[rank::world]. No item is repeated to make the parts equal, and integer
counts are added, so a score over several ranks is exactly the score of one.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from pixelwise.errors import BackendError, setting

Item = TypeVar("Item")


def rank_and_world() -> tuple[int, int]:
    """Number of this process and of all processes that work together; (0, 1) when alone."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def shard(items: Sequence[Item]) -> list[Item]:
    """This rank's items: every world-th one, without padding."""
    rank, world = rank_and_world()
    return list(items[rank::world])


def sum_over_ranks(tensor: Tensor) -> Tensor:
    """Σ over ranks, the same on every rank; the tensor itself when there is one rank."""
    if rank_and_world()[1] > 1:
        tensor = tensor.clone()
        distributed.all_reduce(tensor)
    return tensor


def add_over_ranks(numbers: Sequence[float], device: torch.device) -> list[float]:
    """Σ over ranks of numbers that the CPU knows; one rank does not wait for its GPU."""
    if rank_and_world()[1] == 1:
        return list(numbers)
    return sum_over_ranks(torch.tensor(numbers, dtype=torch.float64, device=device)).tolist()


def any_rank(flag: bool, device: torch.device) -> bool:
    """True on every rank if it is true on one."""
    return add_over_ranks([flag], device)[0] > 0


def gather_over_ranks(value: Item) -> list[Item]:
    """The values of all ranks, in their order; any that can be pickled."""
    world = rank_and_world()[1]
    if world == 1:
        return [value]
    values: list[Any] = [None] * world
    distributed.all_gather_object(values, value)
    return values


def copy_buffers(network: nn.Module) -> None:
    """Give every rank the first rank's buffers, such as the running statistics of BatchNorm.

    Each rank updates its own from the images that it sees; parameters are equal on all ranks.
    """
    if rank_and_world()[1] > 1:
        for buffer in network.buffers():
            distributed.broadcast(buffer, src=0)


def choose_device(where: str, name: str) -> str:
    """ "auto", "cpu" or "cuda" as "cpu" or "cuda".

    Args:
        where: the command.
        name: a Device.
    Raises:
        BackendError: a GPU was asked for and there is none that torch can use.
    """
    usable = torch.cuda.is_available()
    if name == "cuda" and not usable:
        hint = f"Use {setting('device', 'cpu')} or {setting('device', 'auto')}."
        event = "this machine has no GPU that torch can use"
        raise BackendError(where, "device", event=event, hint=hint)
    return "cuda" if usable and name != "cpu" else "cpu"
