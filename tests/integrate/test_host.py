"""A module of an adapter is imported without its host, which is named where it is missing."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pixelwise as pw
import pixelwise.integrate
from integrate.inputs import PAGE
from pixelwise.errors import MissingPackageError
from pixelwise.integrate.fiftyone import to_segmentation
from pixelwise.integrate.mmseg import register
from pixelwise.integrate.supervision import to_detections

FOLDER = Path(pixelwise.integrate.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
HOSTS = ["torchmetrics", "lightning", "transformers", "nnunetv2", "mmengine", "mmseg", "monai"]
HOSTS += ["keras", "tensorflow", "fiftyone", "supervision"]
ON_HOSTS = [
    ("torchmetrics", "MeanIoU", "torchmetrics"),
    ("nnunet", "nnUNetTrainerPixelwise", "nnunetv2"),
    ("monai", "MeanIoU", "monai"),
    ("mmseg", "PixelwiseIoU", "mmengine"),
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


def test_functions_name_a_host_that_is_missing(monkeypatch):
    classes, label = pw.Classes(["road"]), np.zeros((2, 2), np.uint8)
    for package, function in (
        ("fiftyone", lambda: to_segmentation(label, classes)),
        ("supervision", lambda: to_detections(label, classes)),
        ("mmengine", register),
    ):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingPackageError, match=f"the package {package} is not installed"):
            function()


def test_every_example_of_the_page_is_run_by_a_test():
    titles = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.M)
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert [title for title in titles if f'run_example("{title}"' not in tests] == []
