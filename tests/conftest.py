"""Fixtures that every test may use."""

import os
import signal
from pathlib import Path

import pytest
import torch

# without a GPU its kernels are interpreted; Triton looks at this once, when it is first imported
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# a shell's background jobs ignore Ctrl-C, and so would the commands that tests start and interrupt
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared():
    """The folder of real data and peers' numbers that may lie beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is not beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def forget_compiled_code(request):
    """Tests compile the same function again and again; torch gives up after a few times."""
    if "compile" in request.node.name:
        torch.compiler.reset()
