"""The lessons, executed once; another run of the tests takes what is kept in build/lessons."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "docs" / "hooks" / "lessons.py"
PACKAGES = ("jupytext", "nbclient", "ipykernel", "mkdocs", "cv2", "fcntl")
MISSING = [package for package in PACKAGES if importlib.util.find_spec(package) is None]


def pytest_collection_modifyitems(items):
    reason = f"a lesson is executed with {', '.join(MISSING)}, which is not installed"
    for item in items:
        if MISSING and item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def made():
    """The folder of each lesson by its name: page, pictures, notebook."""
    done = subprocess.run(
        [sys.executable, str(HOOK)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return {Path(line).name: ROOT / line for line in done.stdout.split()}
