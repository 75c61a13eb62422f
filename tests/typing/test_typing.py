"""What a type checker says to who uses the public names."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import pytest

import pixelwise as pw

HERE = Path(__file__).parent
SOURCE = Path(pw.__file__).parent.parent
PROGRAM, MISTAKES = HERE / "every_public_name.py", HERE / "mistakes.py"
NAMES = [*(f"pw.{n}" for n in pw.__all__), *(f"pw.metrics.{n}" for n in pw.metrics.__all__)]


# what no public type names, though what we import imports it: mypy says the same without it in a
# third of the time
LEFT_OUT = ["IPython", "dask", "distributed", "filelock", "jinja2", "lightning_fabric"]
LEFT_OUT += ["matplotlib", "numba", "onnx", "onnx_ir", "onnxscript", "prompt_toolkit", "rich"]
LEFT_OUT += ["tornado", "wcwidth"]
OF_TORCH = ["_decomp", "_dynamo", "_export", "_functorch", "_guards", "_higher_order_ops"]
OF_TORCH += ["_inductor", "_library", "_meta_registrations", "_native", "_numpy", "_refs"]
OF_TORCH += ["_subclasses", "ao", "distributed", "distributions", "export", "fx", "jit"]
OF_TORCH += ["onnx", "profiler"]
LEFT_OUT += [f"torch.{name}" for name in OF_TORCH]


def mypy(folder, *files):
    """Lines of mypy --strict. Errors inside pixelwise are not errors of its users."""
    left_out = ",".join(f"{name}.*" for name in LEFT_OUT)
    (folder / "mypy.ini").write_text(f"[mypy]\n[mypy-{left_out}]\nfollow_imports = skip\n")
    words = ["--strict", "--follow-imports=silent", "--no-pretty", "--cache-dir", os.devnull]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", folder / "mypy.ini", *words, *files],
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


@pytest.fixture(scope="module", params=CHECKERS)
def said(request, tmp_path_factory):
    """The lines of one start of a checker, by the name of the file; other files are the program's.

    It looks at the program, at the mistakes, and at asked.py, which asks for the type of each name.
    """
    folder = tmp_path_factory.mktemp("types")
    asked = folder / "asked.py"
    questions = [f"reveal_type({name})" for name in NAMES]
    asked.write_text("\n".join(["import pixelwise as pw", *questions]))
    lines = request.param(folder, PROGRAM, MISTAKES, asked)
    found = defaultdict(list)
    for line in lines:
        files = [name for name in (MISTAKES.name, asked.name) if f"{name}:" in line]
        found[files[0] if files else PROGRAM.name].append(line)
    return found


def test_the_program_uses_every_public_name():
    """As pw.name, or m.name where m is pw.metrics."""
    text = re.sub(r"\bm\.", "pw.metrics.", PROGRAM.read_text(encoding="utf-8"))
    unused = [name for name in NAMES if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert unused == []


def test_a_program_that_uses_every_public_name_has_no_errors(said):
    assert [line for line in said[PROGRAM.name] if "error:" in line] == []


def test_mistakes_are_found_and_nothing_else(said):
    lines = MISTAKES.read_text(encoding="utf-8").splitlines()
    planted = [number for number, line in enumerate(lines, 1) if line.endswith("# error")]
    found = [line for line in said[MISTAKES.name] if " error: " in line]
    assert sorted({int(line.split(":")[1]) for line in found}) == planted, "\n".join(found)


def test_every_public_name_has_a_type(said):
    """No name is Any to mypy or Unknown to pyright, modules are known by name."""
    lines = said["asked.py"]
    assert len(lines) == len(NAMES)
    types = [re.search(r'(?:type is|Type of ".*" is) "(.*)"', line)[1] for line in lines]
    untyped = [
        name for name, kind in zip(NAMES, types) if kind in ("Any", "Unknown", "types.ModuleType")
    ]
    assert [name for name in untyped if name != "pw.metrics"] == []
