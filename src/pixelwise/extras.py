"""Packages that only a part of pixelwise needs, and the extra of `pip install` that brings each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pixelwise.errors import MissingPackageError

EXTRAS = {
    **dict.fromkeys(["torch", "numba", "llvmlite"], "torch"),
    "scipy": "scipy",
    "distributed": "dask",
    "shtab": "completion",
    **dict.fromkeys(["tifffile", "imagecodecs"], "tiff"),
    **{name: name for name in ("tensorboard", "wandb", "mlflow")},
    "transformers": "hf",
    "rasterio": "geotiff",
    **dict.fromkeys(["onnx", "onnxruntime", "onnxscript"], "onnx"),
    **dict.fromkeys(
        ["torchvision", "segmentation_models_pytorch", "timm", "lightning_fabric", "safetensors"],
        "train",
    ),
}
# modules that need the whole extra "train", whichever package is found missing first
_TRAINING = tuple(
    f"pixelwise.{name}"
    for name in (
        *("data", "ranks", "plan", "logs", "run", "prediction", "folds", "demo"),
        *("export", "selection"),
    )
)


@contextmanager
def explain_missing(where: str, module: str = "") -> Iterator[None]:
    """Say which extra brings a package that an import does not find.

    Args:
        where: the command or public name that needs it.
        module: full name of the module that is imported or run.
    Raises:
        MissingPackageError: a package of EXTRAS is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise missing_package(where, package, module) from None


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it is not imported for that."""
    try:
        return find_spec(package) is not None
    except ValueError:  # it is None in sys.modules
        return sys.modules.get(package) is not None


def module_beside(name: str, error: Exception) -> str:
    """What to do about a module that is not found, but lies in the current folder; else ""."""
    top = name.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or error.name != top:
        return ""
    if not (Path(f"{top}.py").is_file() or Path(top).is_dir()):
        return ""
    return (
        f"{top} is in this folder, where the command does not look for modules: run "
        "`python -m pixelwise` instead of `pixelwise`, or set PYTHONPATH=. before it."
    )


def missing_package(where: str, package: str, module: str = "") -> MissingPackageError:
    """The error of a package that is not installed; see explain_missing."""
    # what export needs beside torch is in no other extra
    extra = EXTRAS[package]
    if module.startswith(_TRAINING) and extra != "onnx":
        extra = "train"
    hint = f"Install it with: pip install 'pixelwise[{extra}]'"
    event = f"the package {package} is not installed"
    return MissingPackageError(where, package, event=event, hint=hint)
