"""First weights from another run, or from any file of safetensors.

A tensor is copied if the network has one of that name and shape. What makes the logits has a row
for each class: rows are copied by the name of their class, so that other classes, or the same ones
in another order, may be learnt. What is not copied keeps its fresh values, and is said.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.labels.description import Description
from pixelwise.networks.build import Network
from pixelwise.run.checkpoint import BEST, LAST, WEIGHTS, find_checkpoint, read_tensors
from pixelwise.text import plural, some

# the names of a file of another program may lack the first words of ours
PREFIXES = ("", "body.", "body.encoder.")
VALUES = ("mean", "std", "low", "high")  # of the samples of images


def start_from(
    path: Path, network: Network, description: Description, log: Callable[[str], None]
) -> None:
    """Copy into a new network what another one has learnt.

    Args:
        path: a run, one of its checkpoints, or a file of safetensors, whose classes are not known:
            its rows are copied only if there are as many.
        network: on the CPU; it is changed.
        description: of the dataset whose classes will be learnt.
        log: given a line about what was copied, and one about each kind of tensor that was not.
    Raises:
        RunError: the file cannot be read, or there is no checkpoint.
        ArgumentError: nothing in it fits.
    """
    classes = channel_names(description.classes.names, description.num_channels)
    before: tuple[str, ...] | None = None
    if os.path.isdir(path):
        checkpoint = find_checkpoint(path, (BEST, LAST), log)
        about = checkpoint.about
        before = channel_names(about.classes.names, about.num_channels)
        path = checkpoint.folder / WEIGHTS
    own = network.state_dict()
    stored = renamed(read_tensors(path), own)
    heads = head_tensors(network, len(classes))
    old = len(classes) if before is None else len(before)
    apart = forget_values(stored, network)
    copied, kept = 0, [f"{name} is of other images" for name in apart]
    for name, tensor in own.items():
        theirs = stored.pop(name, None)
        if theirs is None:
            kept += [f"{name} is not in it"] * (name not in apart)
        elif theirs.is_floating_point() != tensor.is_floating_point():
            kept.append(f"{name} is {theirs.dtype}")
        elif before is not None and name in heads and fits_by_row(theirs, tensor, old):
            copy_rows(theirs, tensor, before, classes)
            copied += 1
        elif theirs.shape == tensor.shape:
            tensor.copy_(theirs)
            copied += 1
        else:
            kept.append(f"{name} is {tuple(theirs.shape)} instead of {tuple(tensor.shape)}")
    if not copied:
        must = "weights of a network that has tensors of the same names and shapes"
        raise ArgumentError("train", "start", must=must, got=f"none in {path}")
    log(f"start: {copied} of {plural(len(own), 'tensor')} from {path}")
    if before is not None and heads:
        fresh = [name for name in classes if name not in before]
        same = [name for name in classes if name in before]
        log(f"start: classes with their weights: {some(same) if same else 'none'}")
        if fresh:
            log(f"start: classes with fresh weights: {some(fresh)}")
    if kept:
        log(f"start: {plural(len(kept), 'tensor')} not copied: {some(kept)}")
    if stored:
        log(f"start: {plural(len(stored), 'tensor')} of the file not used: {some(stored)}")


def forget_values(stored: dict[str, Tensor], network: Network) -> list[str]:
    """Remove mean and std of samples with another black and white than ours; the names of those."""
    own = network.state_dict()
    for name in ("low", "high"):
        theirs, ours = stored.get(name), own.get(name)
        if theirs is not ours and (theirs is None or ours is None or not torch.equal(theirs, ours)):
            break
    else:
        return []
    return [name for name in VALUES if stored.pop(name, None) is not None]


def channel_names(names: Sequence[str], num_channels: int) -> tuple[str, ...]:
    """The class of each channel of the logits; one channel alone is the foreground."""
    return tuple(names[-1:] if num_channels == 1 else names)


def renamed(stored: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that most of ours have."""

    def known(prefix: str) -> int:
        return sum(prefix + name in own for name in stored)

    best = max(PREFIXES, key=known)
    return {best + name: tensor for name, tensor in stored.items()}


def fits_by_row(theirs: Tensor, ours: Tensor, rows: int) -> bool:
    """Whether two tensors have the same shape but for their rows, of which theirs has so many."""
    return theirs.ndim > 0 and theirs.shape[0] == rows and theirs.shape[1:] == ours.shape[1:]


def copy_rows(theirs: Tensor, ours: Tensor, before: Sequence[str], classes: Sequence[str]) -> None:
    """Copy the rows of the classes that both have."""
    for row, name in enumerate(classes):
        if name in before:
            ours[row].copy_(theirs[before.index(name)])


def head_tensors(network: Network, num_channels: int) -> set[str]:
    """The names of the parameters whose rows belong to one channel of the logits each.

    They are those where the gradient of a channel is zero in all rows but its own, and not there.
    """
    training, found = network.training, set()
    network.eval()
    wide = {n: p for n, p in network.named_parameters() if p.ndim and len(p) == num_channels}
    learning = {name: p.requires_grad for name, p in wide.items()}
    for p in wide.values():
        p.requires_grad_(True)
    generator = torch.Generator().manual_seed(0)
    shape = (1, network.channels, 64, 64)
    image = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    if network.clips:
        image = network.low + image / 255 * (network.high - network.low)
    with torch.enable_grad():
        logits = network(image)
        rows = [0, num_channels - 1]
        gradients = [
            torch.autograd.grad(
                logits[:, row].sum(), list(wide.values()), retain_graph=True, allow_unused=True
            )
            for row in rows
        ]
    for name, *of_rows in zip(wide, *gradients, strict=True):
        if all(g is not None and _is_of(g, row) for g, row in zip(of_rows, rows)):
            found.add(name)
    for name, p in wide.items():
        p.requires_grad_(learning[name])
    network.train(training)
    return found


def _is_of(gradient: Tensor, row: int) -> bool:
    used = gradient.flatten(1).any(dim=1) if gradient.ndim > 1 else gradient != 0
    return bool(used[row]) and int(used.sum()) == 1
