"""What a type checker says to who uses the public names."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import pixelwise as pw

HERE = Path(__file__).parent
SOURCE = Path(pw.__file__).parent.parent
PROGRAM, MISTAKES = HERE / "every_public_name.py", HERE / "mistakes.py"
NAMES = [*(f"pw.{n}" for n in pw.__all__), *(f"pw.metrics.{n}" for n in pw.metrics.__all__)]


def mypy(folder, *files):
    """Lines of mypy --strict. Errors inside pixelwise are not errors of its users."""
    words = ["--strict", "--follow-imports=silent", "--no-pretty", "--cache-dir", folder / "mypy"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", *words, *files],
        env={"MYPYPATH": str(SOURCE), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode < 2, done.stdout + done.stderr
    return done.stdout.splitlines()


def pyright(folder, *files):
    """Lines of basedpyright as pyright checks by default, in the form of those of mypy."""
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "standard", "extraPaths": [str(SOURCE)]})
    )
    words = ["--outputjson", "--project", folder, "--pythonpath", sys.executable]
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", *words, *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [
        f"{found['file']}:{found['range']['start']['line'] + 1}: {found['severity']}: "
        + found["message"].replace("\n", " ")
        for found in json.loads(done.stdout)["generalDiagnostics"]
    ]


CHECKERS = [
    mypy,
    pytest.param(
        pyright,
        marks=pytest.mark.skipif(
            find_spec("basedpyright") is None, reason="basedpyright is not installed"
        ),
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("types")


def test_the_program_uses_every_public_name():
    """As pw.name, or m.name where m is pw.metrics."""
    text = re.sub(r"\bm\.", "pw.metrics.", PROGRAM.read_text(encoding="utf-8"))
    unused = [name for name in NAMES if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert unused == []


@pytest.mark.parametrize("check", CHECKERS)
def test_a_program_that_uses_every_public_name_has_no_errors(check, folder):
    found = check(folder, PROGRAM)
    assert [line for line in found if "error:" in line] == []


@pytest.mark.parametrize("check", CHECKERS)
def test_mistakes_are_found_and_nothing_else(check, folder):
    lines = MISTAKES.read_text(encoding="utf-8").splitlines()
    planted = [number for number, line in enumerate(lines, 1) if line.endswith("# error")]
    found = [line for line in check(folder, MISTAKES) if " error: " in line]
    assert sorted({int(line.split(":")[1]) for line in found}) == planted, "\n".join(found)


@pytest.mark.parametrize("check", CHECKERS)
def test_every_public_name_has_a_type(check, folder):
    """No name is Any to mypy or Unknown to pyright, modules are known by name."""
    asked = folder / "asked.py"
    asked.write_text(
        "\n".join(["import pixelwise as pw", *(f"reveal_type({name})" for name in NAMES)])
    )
    said = [line for line in check(folder, asked) if "asked.py" in line]
    assert len(said) == len(NAMES)
    types = [re.search(r'(?:type is|Type of ".*" is) "(.*)"', line)[1] for line in said]
    untyped = [
        name for name, kind in zip(NAMES, types) if kind in ("Any", "Unknown", "types.ModuleType")
    ]
    assert [name for name in untyped if name != "pw.metrics"] == []
