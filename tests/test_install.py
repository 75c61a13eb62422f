"""`pip install pixelwise` alone has what label tools need; the rest is asked for by name."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.png import write_label

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "pixelwise"
PIP = ["-m", "pip", "--disable-pip-version-check", "--quiet", "--retries", "1"]


def done(words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, so that no build folder appears in the source."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(SOURCE, copy / "src/pixelwise", ignore=shutil.ignore_patterns("__pycache__"))
    made = done([sys.executable, *PIP, "wheel", "--no-deps", "-w", copy / "made", copy])
    unless_reached(made)
    return next((copy / "made").glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A new environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin/python"
    assert done([sys.executable, "-m", "venv", "--without-pip", folder]).returncode == 0
    # the pip at hand installs; Python compiles what it imports, pip would compile all of numpy
    words = [*PIP, "--python", python, "install", "--no-compile", wheel]
    unless_reached(done([sys.executable, *words]))
    return python


def command(python, words, folder):
    """`pixelwise WORDS` in a folder; -I leaves PYTHONPATH out, where the source may be."""
    return done([python, "-I", "-m", "pixelwise.cli", *words.split()], cwd=folder)


def unless_reached(made):
    """Skip where pip finds no package index; any other failure of pip is one."""
    if "Could not find a version that satisfies" in made.stderr:
        pytest.skip("the package index cannot be reached")
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """Eight images with labels of three classes, as a folder of two splits."""
    root, rng = tmp_path_factory.mktemp("drawn") / "street", np.random.default_rng(0)
    for split, number in [(s, n) for s in ("train", "val") for n in range(4)]:
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(image).save(root / f"images/{split}/{number}.png")
        label = np.repeat(np.repeat(rng.integers(0, 3, (3, 4), dtype=np.uint8), 8, 0), 8, 1)
        write_label(root / f"labels/{split}/{number}.png", label)
    return root


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel):
    files = {f"pixelwise/{p.relative_to(SOURCE)}" for p in SOURCE.rglob("*") if p.is_file()}
    inside = zipfile.ZipFile(wheel).namelist()
    assert {name for name in inside if "dist-info" not in name} == {
        name for name in files if "__pycache__" not in name
    }


def test_importing_pixelwise_needs_no_torch(python):
    code = "import pixelwise, sys; pixelwise.read_label; assert 'torch' not in sys.modules"
    assert done([python, "-I", "-c", code]).stderr == ""
    assert "No module named 'torch'" in done([python, "-I", "-c", "import torch"]).stderr


@pytest.fixture(scope="module")
def described(python, street):
    """The folder after `pixelwise init`."""
    made = command(python, "init street", street.parent)
    assert (street / "dataset.toml").is_file(), made.stderr
    return street


def test_label_tools_scores_and_reports_work_without_torch(python, described):
    for words in (
        "audit street --html audit.html",
        "convert street/labels/val --format instances --classes voc --out converted",
        "weights street --html weights.html",
        "score street/labels/val --data street",
        "report street/labels/val",
    ):
        made = command(python, words, described.parent)
        assert made.returncode == 0, made.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "train street",
            "train: the package torch is not installed. "
            "Install it with: pip install 'pixelwise[train]'",
        ),
        (
            "score street/labels/val --data street --boundary",
            "score: the package scipy is not installed. "
            "Install it with: pip install 'pixelwise[scipy]'",
        ),
    ],
)
def test_a_command_says_what_it_needs_beyond_that(words, sentence, python, described):
    made = command(python, words, described.parent)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr == f"pixelwise: {sentence}\n"


def test_a_loss_says_what_it_needs(python):
    code = "import pixelwise as pw\ntry: pw.Dice\nexcept ImportError as error: print(error)"
    sentence = "pixelwise.Dice: the package torch is not installed. Install it with: "
    assert done([python, "-I", "-c", code]).stdout == f"{sentence}pip install 'pixelwise[torch]'\n"
