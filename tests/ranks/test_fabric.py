"""What `train` imports with Fabric."""

import sys

import warm

CODE = """
import sys
from importlib.util import find_spec
from pixelwise.run import train
assert "torchmetrics" not in sys.modules
from lightning_fabric.utilities.imports import _TORCHMETRICS_GREATER_EQUAL_1_0_0 as is_there
assert is_there == (find_spec("torchmetrics") is not None)
"""


def test_fabric_knows_the_version_of_torchmetrics_without_importing_it():
    """It would import it for that, and with it SciPy, matplotlib and transformers."""
    warm.run([sys.executable, "-c", CODE], check=True)
