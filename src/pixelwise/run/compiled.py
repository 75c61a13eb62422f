"""`--compile`: torch.compile of the network in training, where all images have one size.

What is compiled is a view of the network: the network itself, which is scored, averaged and saved,
shares its tensors and stays as it is. So images of any size are scored without compiling again, and
checkpoints do not know about it.
"""

from typing import Any

import torch
from torch import nn

from pixelwise.errors import BackendError, RunError, setting
from pixelwise.text import reason_of


def compiled(network: nn.Module, device: torch.device) -> Any:
    """A view of a network whose forward and backward pass are compiled in the first step.

    What is drawn at random is drawn as without compiling.

    Raises:
        BackendError: this machine has no compiler.
    """
    check_compiler(device)
    return torch.compile(network, dynamic=False, options={"fallback_random": True})


def check_compiler(device: torch.device) -> None:
    """Compile a sum, to know whether this machine can.

    Raises:
        BackendError: what is missing.
    """
    try:
        torch.compile(lambda x: 2 * x + 1, dynamic=False)(torch.ones(2, device=device))
    except Exception as error:  # of the compiler, of its driver, of Triton, ...
        needs = "Triton and a C compiler" if device.type == "cuda" else "a C++ compiler"
        hint = f"It needs {needs} (the variable CXX names another one); or give "
        event = f"torch.compile does not work on this machine: {first_line(error)}"
        raise BackendError(
            "train", "compile", event=event, hint=f"{hint}{setting('compile', False)}."
        ) from None


def first_line(error: Exception) -> str:
    """What is wrong; the lines below it are advice for who works on torch."""
    return reason_of(Exception(*str(error).splitlines()[:1] or [type(error).__name__]))


def not_compiled(name: str, error: Exception) -> RunError:
    """The error of a network that the compiler cannot compile, though it works."""
    event = f"torch.compile cannot compile the network {name}: {first_line(error)}"
    return RunError("train", "compile", event=event, hint=f"Give {setting('compile', False)}.")
