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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from pixelwise.errors import RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import previous_of, staged_folder
from pixelwise.labels.classes import Classes
from pixelwise.ops.spec import Activation
from pixelwise.run.networks import Network, build_network

SCHEMA = "pixelwise.checkpoint/1"
WEIGHTS, OPTIMIZER, CONFIG = "weights.safetensors", "optimizer.pt", "config.json"
BEST, LAST = "best", "last"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files are complete.

    Attributes:
        folder: where it lies.
        config: content of its config.json: network, num_channels, task, classes, scale, dataset,
            epoch, step, score.
    """

    folder: Path
    config: dict[str, Any]

    @property
    def classes(self) -> Classes:
        """The classes that the network predicts."""
        return Classes.from_dict(self.config["classes"])

    @property
    def activation(self) -> Activation:
        """What turns logits into probabilities: "sigmoid" for a binary task, else "softmax"."""
        return "sigmoid" if self.config["task"] == "binary" else "softmax"

    def network(self) -> Network:
        """The network with the checkpoint's weights, on the CPU, in evaluation mode."""
        network = build_network(self.config["network"], self.config["num_channels"])
        load_weights(network, self.folder)
        return network.eval()

    def training_state(self) -> dict[str, Any]:
        """Content of optimizer.pt.

        Raises:
            RunError: it holds more than tensors, numbers and text.
        """
        path = self.folder / OPTIMIZER
        data = io.BytesIO(path.read_bytes())
        try:
            return torch.load(data, map_location="cpu", weights_only=True)
        except Exception:  # whatever else is in there was not written here, and is not run
            raise RunError(
                path, "content", must="plain tensors and numbers", got="something else"
            ) from None


def save_checkpoint(
    folder: Path, network: nn.Module, config: dict[str, Any], state: dict[str, Any]
) -> None:
    """Write a checkpoint; the old one of that name stays until the new one is complete.

    Args:
        folder: run folder / "best" or "last".
        network: its state_dict is saved.
        config: what config.json says, JSON-able.
        state: tensors, numbers and strings for optimizer.pt.
    """
    tensors = {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    files = {WEIGHTS: tensors_to_bytes(tensors), OPTIMIZER: buffer.getvalue()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files[CONFIG] = json.dumps({"schema": SCHEMA, **config, "sha256": sums}, indent=2).encode()
    with staged_folder(folder) as staging:
        for name, data in files.items():
            atomic_write(staging / name, data)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Open a checkpoint folder and compare its files with their checksums.

    Raises:
        RunError: a file is missing or damaged, or of another version.
    """
    where = str(folder)
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        if config["schema"] != SCHEMA:
            raise RunError(where, "schema", must=repr(SCHEMA), got=repr(config["schema"]))
        for name, expected in config["sha256"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise RunError(f"{folder / name}: content must match its checksum, got damage.")
    except OSError as error:
        missing = os.path.basename(error.filename or "")
        got = f"no readable {missing}"
        raise RunError(where, "content", must="a checkpoint", got=got) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunError(where, CONFIG, must="a checkpoint's description", got="damage") from None
    return Checkpoint(folder, config)


def find_checkpoint(run: Path, order: tuple[str, ...], log: Callable[[str], None]) -> Checkpoint:
    """The first complete checkpoint of a run; a damaged one is passed over with a loud line.

    Args:
        run: run folder, or a checkpoint folder.
        order: names to try, such as ("best", "last"); of each also what a power loss in the middle
            of writing it has left.
        log: told which damaged checkpoints were passed over.
    Raises:
        RunError: there is none.
    """
    if not run.is_dir():
        raise RunError(run, "run", must="a run folder or a checkpoint", got="no such folder")
    if (run / WEIGHTS).exists():
        return read_checkpoint(run)
    candidates = [f for name in order for f in (run / name, previous_of(run / name)) if f.exists()]
    problems = []
    for folder in candidates:
        try:
            checkpoint = read_checkpoint(folder)
        except RunError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            log(f"WARNING: {problem} Continuing with {folder} instead.")
        return checkpoint
    hint = " ".join(problems) or "Has a first epoch ended?"
    raise RunError(run, "run", must="a folder with a complete checkpoint", got="none", hint=hint)


def load_weights(network: nn.Module, folder: Path) -> None:
    """Copy the checkpoint's tensors into a network of the same shape.

    Raises:
        RunError: tensors are missing, left over or of other shapes; all are counted.
    """
    stored: dict[str, Tensor] = tensors_from_bytes((folder / WEIGHTS).read_bytes())
    own = network.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in stored]
    wrong += [f"{name} is left over" for name in stored if name not in own]
    wrong += [
        f"{name} is {tuple(stored[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in stored and stored[name].shape != own[name].shape
    ]
    if wrong:
        got = f"{len(wrong)} differences: {', '.join(wrong[:5])}"
        raise RunError(folder / WEIGHTS, "tensors", must="those of the network", got=got)
    network.load_state_dict(stored, strict=True)
