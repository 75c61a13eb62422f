"""Fabric, imported without torchmetrics.

lightning_fabric imports torchmetrics, where that is installed, for its version alone. With what
torchmetrics imports in turn (SciPy, matplotlib, transformers) this takes as long as torch.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

__all__ = ["Fabric", "LightningEnvironment"]


@contextmanager
def _version_alone(package: str) -> Iterator[None]:
    """Inside, who imports a package that nobody has imported yet gets its version alone."""
    if package in sys.modules:
        yield
        return
    stand_in = ModuleType(package)
    try:
        stand_in.__dict__["__version__"] = version(package)
    except PackageNotFoundError:
        yield
        return
    sys.modules[package] = stand_in
    try:
        yield
    finally:
        del sys.modules[package]


with _version_alone("torchmetrics"):
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments import LightningEnvironment
