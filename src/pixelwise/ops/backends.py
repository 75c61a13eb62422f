"""Which implementations of the pass exist, and which one serves a given tensor."""

import os
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Literal

from torch import Tensor

from pixelwise.errors import BackendError, check_choice

Backend = Literal["auto", "numba", "triton", "torch"]  # "auto" or a name of BACKENDS
# name -> (folder, device it runs on, package it needs); the first that fits wins. A folder of
# kernels offers, with the arguments of ops/cpu:
#     stats.py      forward, backward                        logits of the target's size
#     upsampled.py  forward_upsampled, backward_upsampled    smaller ones
#     formula.py    evaluate(formula, sums, pixels, dtype)   loss and derivative, see ops/formula
#     predict.py    predict, confusion                       (of the definition too)
#     confidence.py predict_sure                             (of the CPU and the definition)
# The backward functions take a number () that the upstream gradients are multiplied by, or None.
BACKENDS: dict[str, tuple[str, str | None, str | None]] = {
    "numba": ("cpu", "cpu", "numba"),
    "triton": ("gpu", "cuda", "triton"),
    "torch": ("definition", None, None),
}
# looked up once: torch.compile cannot trace the search for a package
INSTALLED = {package for *_, package in BACKENDS.values() if package and find_spec(package)}
# Triton's own switch: GPU kernels are run step by step on the CPU, for tests and debugging
INTERPRETED = os.environ.get("TRITON_INTERPRET", "").lower() in ("1", "true", "yes", "on")


def choose_backend(name: str, logits: Tensor, definition_for: str = "") -> str:
    """The backend that computes the sums of these logits.

    Args:
        name: "auto" takes the fastest that runs here; any other name is taken or refused.
        logits: the tensor to be reduced.
        definition_for: what only the definition in plain torch computes, if that is asked for.
    Returns:
        A name of BACKENDS.
    Raises:
        ArgumentError: no such backend.
        BackendError: the backend cannot run here, with the reason and those that can.
    """
    check_choice("pixelwise", "backend", name, ["auto", *BACKENDS])
    if definition_for:
        if name not in ("auto", "torch"):
            wanted = f'"auto" or "torch" for {definition_for}'
            raise BackendError("pixel_stats", "backend", must=wanted, got=repr(name))
        return "torch"
    if name == "auto":
        return usable_backends(logits.device.type)[0]
    obstacle = _obstacle(name, logits.device.type)
    if name == "triton" and INTERPRETED and logits.device.type == "cpu":
        obstacle = None
    if obstacle is not None:
        event = f'backend "{name}" must {obstacle}, got logits on {logits.device}'
        hint = f"Available here: {', '.join(usable_backends(logits.device.type))}."
        raise BackendError("pixelwise", event=event, hint=hint)
    return name


def usable_backends(device: str) -> list[str]:
    """Names of the backends that run on tensors of a device type, the fastest first."""
    return [name for name in BACKENDS if _obstacle(name, device) is None]


def _obstacle(name: str, device: str) -> str | None:
    _, wanted, package = BACKENDS[name]
    if wanted is not None and device != wanted:
        return f"run on {wanted}"
    if package is not None and package not in INSTALLED:
        return f"have the package {package} installed"
    return None


@cache
def has_kernels(name: str, kind: str) -> bool:
    """Whether a backend has such a module; not all have all."""
    folder = BACKENDS[name][0] if name in BACKENDS else None
    return folder is not None and find_spec(f"pixelwise.ops.{folder}.{kind}") is not None


@cache
def kernels(name: str, kind: str) -> ModuleType:
    """A module of a backend, imported on first use: "stats", "upsampled", "formula", "predict"."""
    return import_module(f"pixelwise.ops.{BACKENDS[name][0]}.{kind}")
