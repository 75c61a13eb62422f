"""EXPORTS: what a network becomes. A row is a function that writes a file, and one that runs it."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.export.network import Deployed
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.text import reason_of

OPSET = 18  # of ONNX; the first with what torch.onnx writes
INPUT, OUTPUT = "image", "label"
# (N, C, H, W) samples -> stored values
Model = Callable[[NDArray[Any]], NDArray[Any]]
_OPERATOR = re.compile(r"OpOverload\(op='([\w.]+)'")


@dataclass(frozen=True)
class Export:
    """A row of EXPORTS.

    Attributes:
        file: name of the file in the artefact.
        write: (network, images, size, path) -> writes it.
        load: path -> what runs it, on the CPU.
        packages: whose versions the manifest has.
    """

    file: str
    write: Callable[[Deployed, ImageKind, tuple[int, int], Path], None]
    load: Callable[[Path], Model]
    packages: tuple[str, ...]


def example_of(images: ImageKind, size: tuple[int, int]) -> Tensor:
    """Two images of zeros, of the type that files have."""
    return torch.zeros(2, len(images.channels), *size, dtype=getattr(torch, images.dtype))


def exported(network: Deployed, images: ImageKind, size: tuple[int, int]) -> Any:
    """The program of torch.export: any number of images, of one size or of multiples of 32.

    Raises:
        RunError: the network does something that cannot be exported.
    """
    axes: dict[int, Any] = {0: torch.export.Dim("images")}
    if network.size is None:
        axes |= {2: 32 * torch.export.Dim("rows"), 3: 32 * torch.export.Dim("columns")}
    with quiet(), one_sentence("torch.export"):
        return torch.export.export(network, (example_of(images, size),), dynamic_shapes=(axes,))


def write_torch(network: Deployed, images: ImageKind, size: tuple[int, int], path: Path) -> None:
    """Write a program of torch.export.

    Raises:
        RunError: see exported.
    """
    program = exported(network, images, size)
    with quiet(), one_sentence("torch.export"):
        torch.export.save(program, path)


def write_onnx(network: Deployed, images: ImageKind, size: tuple[int, int], path: Path) -> None:
    """Write an ONNX file that holds its weights.

    Raises:
        RunError: see exported; an operator has no counterpart in ONNX.
    """
    import onnxscript  # noqa: F401  (what is missing is said before anything is computed)

    program = exported(network, images, size)
    names: dict[str, Any] = {
        "input_names": [INPUT],
        "output_names": [OUTPUT],
        "opset_version": OPSET,
    }
    with quiet(), one_sentence("torch.onnx"):
        made = torch.onnx.export(program, dynamo=True, external_data=False, verbose=False, **names)
        assert made is not None
        made.save(path, external_data=False)


def load_torch(path: Path) -> Model:
    """What a program of torch.export computes."""
    with quiet():
        module = torch.export.load(path).module()

    def run(images: NDArray[Any]) -> NDArray[Any]:
        with torch.no_grad():
            return module(torch.from_numpy(np.ascontiguousarray(images))).numpy()

    return run


def load_onnx(path: Path) -> Model:
    """What onnxruntime computes, on the CPU."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {INPUT: images})[0]


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what the exporters print, log and warn of."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def one_sentence(exporter: str) -> Iterator[None]:
    """Errors of an exporter, which are pages long, as one sentence with the name of the operator.

    Raises:
        RunError: with the first reason and the operator.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, PixelwiseError | ModuleNotFoundError):
            raise
        first: BaseException = error
        while first.__cause__ is not None:
            first = first.__cause__
        operator = _OPERATOR.search(str(first))
        what = f"the operator {operator[1]}" if operator else f"this network: {reason_of(first)}"
        event = f"{exporter} cannot export {what}"
        other = f" {setting('format', 'torch')} needs fewer." if exporter == "torch.onnx" else ""
        raise RunError("export", event=event, hint=f"Train another network.{other}") from error


EXPORTS = {
    "onnx": Export("model.onnx", write_onnx, load_onnx, ("torch", "onnx", "onnxruntime")),
    "torch": Export("model.pt2", write_torch, load_torch, ("torch",)),
}
