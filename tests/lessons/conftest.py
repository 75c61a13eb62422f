"""The lessons, executed once; another run of the tests takes what is kept in build/lessons.

Each has a kernel of its own, in a process that begins with torch imported.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import warm

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "docs" / "hooks" / "lessons.py"
PACKAGES = ("jupytext", "nbclient", "ipykernel", "mkdocs", "cv2", "fcntl")
MISSING = [package for package in PACKAGES if importlib.util.find_spec(package) is None]


def pytest_collection_modifyitems(items):
    reason = f"a lesson is executed with {', '.join(MISSING)}, which is not installed"
    for item in items:
        if MISSING and item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason=reason))


def make_lessons():
    """The folders of all lessons, which the hook names when it is run as a script."""
    words = [sys.executable, str(Path(__file__).parent / "warm_kernels.py"), str(HOOK)]
    done = warm.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [ROOT / line for line in done.stdout.split()]


@pytest.fixture(scope="session")
def made():
    """The folder of each lesson by its name: page, pictures, notebook."""
    return {folder.name: folder for folder in make_lessons()}
