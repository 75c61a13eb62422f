"""x: who may import whom, and which packages may be used where."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "pixelwise"
LAYER = {
    **dict.fromkeys(
        [
            "errors",
            "sample",
            "text",
            "processes",
            "interrupt",
            "callable_package",
            "elsewhere",
            "allocator",
        ],
        0,
    ),
    **dict.fromkeys(["extras", "files", "sums", "offenders"], 1),
    **dict.fromkeys(["lazy", "settings", "executors", "progress", "figures"], 2),
    **dict.fromkeys(["labels", "metrics", "ops"], 3),
    **dict.fromkeys(["weights", "losses", "legend", "tiles", "post", "pictures"], 4),
    **dict.fromkeys(["survey", "ranks"], 5),
    **dict.fromkeys(["convert", "audit", "score", "networks", "data"], 6),
    **dict.fromkeys(["init", "repair", "plan"], 7),
    "logs": 8,
    "run": 9,
    **dict.fromkeys(["prediction", "report"], 10),
    **dict.fromkeys(["demo", "folds", "export", "integrate", "selection"], 11),
    "cli": 12,
    "__main__": 13,
}
NUMPY, IMAGING = {"numpy"}, {"numpy", "PIL"}
# third-party packages that a package of ours may import, at most; the others none
PACKAGES = {
    "executors": {"distributed"},
    "labels/bands": IMAGING | {"tifffile", "rasterio"},
    **dict.fromkeys(["labels", "survey", "convert", "audit", "repair", "demo"], IMAGING),
    **dict.fromkeys(["offenders", "weights", "legend", "init", "score"], NUMPY),
    "metrics": {"numpy", "scipy"},
    "ops": {"torch", "numpy"},
    "ops/cpu": {"torch", "numpy", "numba", "llvmlite"},
    "ops/gpu": {"torch", "numpy", "triton"},
    "losses": {"torch", "numpy", "scipy"},
    "networks": {"torch", "torchvision", "segmentation_models_pytorch", "timm"}
    | {"transformers", "huggingface_hub"},
    "ranks": {"torch", "lightning_fabric"},
    "data": {"torch", "torchvision", "numpy"},
    "plan": NUMPY,
    "logs": IMAGING | {"torch", "wandb", "mlflow"},
    "run": IMAGING | {"torch", "lightning_fabric", "safetensors"},
    "prediction": {"torch", "numpy"},
    "tiles": {"torch", "numpy"},
    "post": {"numpy", "scipy"},
    "selection": {"torch", "numpy"},
    "export": IMAGING | {"torch", "onnx", "onnxruntime", "onnxscript"},
    "integrate": {"torch", "numpy", "torchmetrics", "lightning", "transformers", "nnunetv2"}
    | {"mmseg", "mmengine", "monai", "supervision", "fiftyone"},
    "progress": {"rich"},
    "figures": NUMPY,
    "pictures": IMAGING,
    "report": IMAGING | {"jinja2"},
    "cli": {"shtab"},
}
MOST_FILES = 22
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "base"}
MOST_LINES = 400
FILES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")
REST = sorted(
    p for folder in ("tests", "benchmarks", "docs") for p in (ROOT / folder).rglob("*.py")
)
OURS = {".".join(("pixelwise", *p.relative_to(SOURCE).with_suffix("").parts)) for p in FILES}
TOUCHES_NO_TORCH = [
    "--help",
    "init --help",
    "audit --help",
    "convert --help",
    "weights --help",
    "score --help",
    "report --help",
    "export --help",
    "run --help",
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
    folders = path.relative_to(SOURCE).with_suffix("").parts
    ours = folders[0]
    allowed = PACKAGES.get("/".join(folders[:-1]), PACKAGES.get(ours, set()))
    for name in imported_modules(path):
        top, _, rest = name.partition(".")
        if top != "pixelwise":
            distributed = name.startswith("torch.distributed") and ours != "run"
            if top not in allowed | set(sys.stdlib_module_names) or distributed:
                yield f"{path.name} may not import {name}"
            continue
        other = rest.split(".")[0]
        if name not in OURS and other:
            yield f"{path.name} imports the package {name}, not the module that defines the name"
        elif not other and ours != "cli":
            yield f"{path.name} imports pixelwise itself"
        elif other and other != ours and LAYER[other] >= LAYER[ours]:
            yield f"{path.name} ({ours}, {LAYER[ours]}) imports {name} (layer {LAYER[other]})"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_imports_only_lower_layers_and_its_own_package(path):
    assert list(breaches(path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_is_short_flat_and_well_named(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES
    assert len(path.relative_to(SOURCE).parts) <= 3
    assert path.stem not in FORBIDDEN_NAMES


def test_a_package_has_few_files():
    numbers = Counter(str(path.parent.relative_to(SOURCE)) for path in FILES)
    assert {folder: n for folder, n in numbers.items() if n > MOST_FILES} == {}


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
