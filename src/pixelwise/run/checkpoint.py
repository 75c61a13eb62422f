"""Checkpoints: folders of plain data. Nothing is ever unpickled.

weights.safetensors   the network's tensors
optimizer.pt          optimizer and position of the loop, read with weights_only=True
config.json           which network this is, for which classes, and the sha256 of both files
"""

import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from zipfile import ZipFile

import torch
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from pixelwise.errors import RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import MAX_BYTES, Unreadable, read_file
from pixelwise.files.folder import previous_of, staged_folder
from pixelwise.files.records import shown, to_plain
from pixelwise.files.results import read_record
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import TASKS
from pixelwise.plan.config import MOST_SCALE
from pixelwise.text import plural, some
from pixelwise.tiles.grid import Tiling

WEIGHTS, OPTIMIZER, CONFIG = "weights.safetensors", "optimizer.pt", "config.json"
AUXILIARY = "auxiliary"  # in OPTIMIZER; their names begin with it
BEST, LAST = "best", "last"
FOLDS = "folds.json"  # by which the folder of a cross-validation is known
MOST_CHANNELS = 1 << 16  # values of a label of 16 bits


@dataclass(frozen=True)
class AboutCheckpoint:
    """What config.json of a checkpoint says.

    Attributes:
        network: name, as of build_network.
        num_channels: of the logits; 1 for a binary task.
        task, classes, dataset: of the dataset.
        scale: size of an image at the network / size on disk.
        images: what they are: channels, samples and their values.
        tiling: the tiles in which the val split was scored; None: whole images.
        epoch, step: complete epochs and steps of the optimizer.
        score: val/miou and its convention.
        val_split: that the score is of.
        sha256: of the files beside it.
    """

    SCHEMA: ClassVar[str] = "pixelwise.checkpoint/1"

    network: str
    num_channels: int
    task: str
    classes: Classes
    scale: float
    dataset: str
    epoch: int
    step: int
    score: dict[str, float | str | None]
    val_split: str = "val"
    sha256: dict[str, str] = field(default_factory=dict)
    images: ImageKind = RGB8
    tiling: Tiling | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files are complete."""

    folder: Path
    about: AboutCheckpoint

    def training_state(self) -> dict[str, Any]:
        """Content of optimizer.pt.

        Raises:
            RunError: it holds more than tensors, numbers and text.
        """
        path = self.folder / OPTIMIZER
        data = io.BytesIO(content_of(path))
        try:
            # torch writes an archive that is not compressed; one that is may hold any number of GB
            packed = any(part.compress_type for part in ZipFile(data).infolist())
            data.seek(0)
            state = None if packed else torch.load(data, map_location="cpu", weights_only=True)
        except Exception:  # whatever else is in there was not written here, and is not run
            state = None
        if not isinstance(state, dict):
            must = "plain tensors and numbers"
            raise RunError(path, "content", must=must, got="something else")
        return state


def save_checkpoint(
    folder: Path, network: nn.Module, about: AboutCheckpoint, state: dict[str, Any]
) -> None:
    """Write a checkpoint; the old one of that name stays until the new one is complete.

    Args:
        folder: run folder / "best" or "last".
        network: its state_dict is saved; the auxiliary heads in optimizer.pt, as what predicts has
            none.
        about: config.json, without sha256.
        state: tensors, numbers and strings for optimizer.pt.
    """
    tensors = {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}
    heads = {name: tensors.pop(name) for name in list(tensors) if name.startswith(AUXILIARY)}
    state = state | {AUXILIARY: heads} if heads else state
    buffer = io.BytesIO()
    torch.save(state, buffer)
    files = {WEIGHTS: tensors_to_bytes(tensors), OPTIMIZER: buffer.getvalue()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    content = {"schema": about.SCHEMA, **to_plain(replace(about, sha256=sums))}
    files[CONFIG] = json.dumps(content, indent=2).encode()
    with staged_folder(folder) as staging:
        for name, data in files.items():
            atomic_write(staging / name, data)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Open a checkpoint folder and compare its files with their checksums.

    Raises:
        RunError: a file is missing or damaged, or of another version.
    """
    about = read_record(AboutCheckpoint, folder / CONFIG)
    check_about(about, folder / CONFIG)
    for name, expected in about.sha256.items():
        if hashlib.sha256(content_of(folder / name)).hexdigest() != expected:
            raise RunError(folder / name, "content", event="damaged: its checksum does not match")
    return Checkpoint(folder, about)


def check_about(about: AboutCheckpoint, path: Path) -> None:
    """Raise if numbers of config.json are out of range or contradict each other.

    Raises:
        RunError: naming the first.
    """
    rules = {
        "task": (about.task in TASKS, f"one of {', '.join(TASKS)}"),
        "num_channels": (0 < about.num_channels <= MOST_CHANNELS, f"1 to {MOST_CHANNELS}"),
        "scale": (0 < about.scale <= MOST_SCALE, f"> 0 and at most {MOST_SCALE}"),
        "epoch": (about.epoch >= 0, ">= 0"),
        "step": (about.step >= 0, ">= 0"),
        "sha256": (
            about.sha256.keys() == {WEIGHTS, OPTIMIZER},
            f"the checksums of {WEIGHTS} and {OPTIMIZER}",
        ),
    }
    for name, (holds, must) in rules.items():
        if not holds:
            raise RunError(path, name, must=must, got=shown(getattr(about, name)))


def content_of(path: Path) -> bytes:
    """The bytes of a file of a checkpoint.

    Raises:
        RunError: it cannot be read.
    """
    try:
        return read_file(path, most=MAX_BYTES)  # a network may be large
    except Unreadable as reason:
        raise reason.at(RunError, path, "file") from None


def find_checkpoint(run: Path, order: tuple[str, ...], log: Callable[[str], None]) -> Checkpoint:
    """The first complete checkpoint of a run; one that is damaged is left out with a warning.

    Args:
        run: run folder, or a checkpoint folder.
        order: names to try, such as ("best", "last"); of each also what a power loss in the middle
            of writing it has left.
        log: given a line for each damaged checkpoint that was left out.
    Raises:
        RunError: there is none.
    """
    if not os.path.isdir(run):
        raise RunError(run, "run", must="a run folder or a checkpoint", got="no such folder")
    if os.path.lexists(run / FOLDS):
        event = f"it holds a run for each fold of a cross-validation, {run / 'fold-1'} and so on"
        hint = "Name one of them; predict and load_predictor take all."
        raise RunError(run, "run", event=event, hint=hint)
    if os.path.lexists(run / WEIGHTS):
        return read_checkpoint(run)
    folders = [f for name in order for f in (run / name, previous_of(run / name))]
    candidates = [folder for folder in folders if os.path.lexists(folder)]
    problems = []
    for folder in candidates:
        try:
            checkpoint = read_checkpoint(folder)
        except RunError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            log(f"warning: {problem} Continuing with {folder} instead.")
        return checkpoint
    hint = " ".join(problems) or "Has the first epoch ended?"
    raise RunError(run, "run", must="a folder with a complete checkpoint", got="none", hint=hint)


def load_weights(network: nn.Module, folder: Path) -> None:
    """Copy the checkpoint's tensors into a network of the same shape.

    Raises:
        RunError: tensors are missing, too many or of other shapes; all are counted.
    """
    load_tensors(network, read_tensors(folder / WEIGHTS), folder / WEIGHTS)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file of safetensors, by name.

    Raises:
        RunError: it cannot be read, or is no such file.
    """
    data = content_of(path)
    try:
        return tensors_from_bytes(data)
    except Exception as error:  # the format's own and, for a damaged header, many others
        must = "tensors in the format safetensors"
        raise RunError(path, "content", must=must, got=error) from None


def load_tensors(network: nn.Module, stored: Any, path: Path) -> None:
    """Copy tensors into a network that has the same ones.

    Args:
        network: it is changed.
        stored: tensors by name.
        path: their file, for the message.
    Raises:
        RunError: tensors are missing, too many or of other shapes; all are counted.
    """
    if not isinstance(stored, dict) or not all(isinstance(t, Tensor) for t in stored.values()):
        raise RunError(path, "tensors", must="those of the network", got="something else")
    own = network.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in stored]
    wrong += [f"{name} is not in the network" for name in stored if name not in own]
    both = [(name, own[name], stored[name]) for name in own if name in stored]
    for what in ("shape", "dtype", "layout"):
        wrong += [
            f"{name} is {shown_of(theirs, what)} instead of {shown_of(ours, what)}"
            for name, ours, theirs in both
            if getattr(theirs, what) != getattr(ours, what)
        ]
    if wrong:
        got = f"{plural(len(wrong), 'difference')}: {some(wrong)}"
        raise RunError(path, "tensors", must="those of the network", got=got)
    network.load_state_dict(stored, strict=True)


def shown_of(tensor: Tensor, what: str) -> str:
    """An attribute of a tensor as a message shows it."""
    value = getattr(tensor, what)
    return str(tuple(value) if what == "shape" else value)
