"""A module of an adapter is imported without its host, which is named where it is missing."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pixelwise.integrate
from pixelwise.errors import MissingPackageError

FOLDER = Path(pixelwise.integrate.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
HOSTS = ["torchmetrics", "lightning", "transformers", "nnunetv2", "mmengine", "mmseg", "monai"]
HOSTS += ["keras", "tensorflow", "fiftyone", "supervision"]
ON_HOSTS = [
    ("torchmetrics", "MeanIoU", "torchmetrics"),
    ("nnunet", "nnUNetTrainerPixelwise", "nnunetv2"),
]


def test_importing_every_adapter_imports_no_host():
    modules = ", ".join(f"pixelwise.integrate.{name}" for name in MODULES)
    code = f"import sys, {modules}; sys.exit(repr([h for h in {HOSTS} if h in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(("module", "name", "package"), ON_HOSTS)
def test_a_host_that_is_missing_is_named_with_the_line_that_installs_it(
    module, name, package, monkeypatch
):
    adapter = importlib.import_module(f"pixelwise.integrate.{module}")
    monkeypatch.delitem(vars(adapter), name, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    message = f"{name}: the package {package} is not installed. Install it with: pip install"
    with pytest.raises(MissingPackageError, match=message):
        getattr(adapter, name)


@pytest.mark.parametrize("module", sorted({module for module, _, _ in ON_HOSTS}))
def test_a_name_that_an_adapter_lacks_is_an_attribute_error(module):
    adapter = importlib.import_module(f"pixelwise.integrate.{module}")
    with pytest.raises(AttributeError, match="has no attribute 'MeanIuO'"):
        _ = adapter.MeanIuO
