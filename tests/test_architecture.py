"""The house keeps its floors: who may import whom, and which packages may be used where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "pixelwise"
FLOOR = {
    "errors": 0,
    "rooms": 0,
    "processes": 0,
    "sums": 1,
    "executors": 1,
    "text": 1,
    "labels": 1,
    "progress": 2,
    "convert": 2,
    "audit": 2,
    "metrics": 2,
    "ops": 2,
    "losses": 3,
    "run": 4,
    "report": 4,
    "demo": 5,
    "cli": 6,
}
IMAGING = {"numpy", "PIL"}
# fmt: off
PACKAGES = {
    "errors": set(), "rooms": set(), "processes": set(), "sums": set(), "text": set(),
    "executors": {"distributed"}, "progress": set(),
    "labels": IMAGING, "convert": IMAGING, "audit": IMAGING,
    "metrics": {"numpy", "scipy"}, "ops": {"torch", "numpy"}, "losses": {"torch", "numpy", "scipy"},
    "run": IMAGING | {"torch", "torchvision", "segmentation_models_pytorch", "timm",
                      "lightning_fabric", "rich", "safetensors"},
    "report": IMAGING | {"jinja2"}, "demo": {"numpy"}, "cli": set(),
}
# fmt: on
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "base"}
MOST_LINES = 400
FILES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")
REST = sorted(p for room in ("tests", "benchmarks", "docs") for p in (ROOT / room).rglob("*.py"))
OURS = {".".join(("pixelwise", *p.relative_to(SOURCE).with_suffix("").parts)) for p in FILES}
TOUCHES_NO_TORCH = [
    "--help",
    "init --help",
    "audit --help",
    "convert --help",
    "weights --help",
    "score --help",
    "report --help",
]


def imported_modules(path):
    """Every absolute module name that a file imports, function bodies included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from pixelwise.labels import png` names a module too
            deeper = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [d for d in deeper if d in OURS] or [node.module]


def breaches(path):
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    allowed = set(PACKAGES[room]) | set(sys.stdlib_module_names)
    allowed |= {"numba", "llvmlite"} if path.stem.endswith("_numba") else set()
    allowed |= {"triton"} if path.stem.endswith("_triton") else set()
    for name in imported_modules(path):
        top, _, rest = name.partition(".")
        if top != "pixelwise":
            distributed = name.startswith("torch.distributed") and room != "run"
            if top not in allowed or distributed:
                yield f"{path.name} may not import {name}"
            continue
        other = rest.split(".")[0]
        if name not in OURS and other:
            yield f"{path.name} imports the room {name}, not the module that defines the name"
        elif not other and room != "cli":
            yield f"{path.name} imports the package itself"
        elif other and other != room and FLOOR[other] >= FLOOR[room]:
            yield f"{path.name} ({room}, floor {FLOOR[room]}) imports {name} (floor {FLOOR[other]})"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_imports_only_from_lower_floors_and_its_own_room(path):
    assert list(breaches(path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_is_short_flat_and_well_named(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES
    assert len(path.relative_to(SOURCE).parts) <= 2, "no folder inside a room"
    assert path.stem not in FORBIDDEN_NAMES


def test_tests_benchmarks_and_documents_have_short_files_too():
    assert {path.relative_to(ROOT).parts[0] for path in REST} == {"tests", "benchmarks", "docs"}
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in REST}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("command", TOUCHES_NO_TORCH)
def test_commands_that_need_no_tensor_import_no_torch(command):
    code = (
        "import sys; from pixelwise.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command.split()], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_importing_pixelwise_imports_no_torch():
    code = "import sys, pixelwise; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
