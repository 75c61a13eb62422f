"""Files are opened in one package: what is checked there cannot be forgotten elsewhere."""

import ast
from pathlib import Path

import pixelwise

SOURCE = Path(pixelwise.__file__).parent
FILES = sorted(p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py"))
READ_OR_WRITE = {"read_text", "read_bytes", "write_text", "write_bytes"}
LOADERS = {"np.load", "np.save", "Image.open", "torch.load", "torch.save", "os.open"}
# what is in memory already, or has been opened by files/
OPENED = {"BytesIO", "io.BytesIO", "data", "buffer"}
# modules that open a file themselves, and why they may
EXCEPTIONS = {
    "ops/cpu/jit.py": "the source of our own kernels, for the name of their cache",
    "report/examples.py": "asks its own collection of files for one",
    "convert/manifest.py": "a log that grows line by line",
    "run/memory.py": "counters of this process, in /proc",
    "ranks/ranks.py": "os.devnull, as the stdin of a rank",
    "cli/entry.py": "os.devnull, when the reader of stdout has closed it",
    "convert/pixels/array_files.py": "the entries of an archive in memory",
    "audit/headers.py": "the first bytes of files that may be anything",
    "labels/bands/geotiff.py": "GDAL takes names; files/ has checked the file, or named it",
    "export/runner.py": "is copied into artefacts, where this library is not",
    "audit/annotation_rules.py": "the first bytes of files that may be anything",
}


def opens(module):
    """Calls of a module that open a file, by line."""
    calls = [
        n for n in ast.walk(ast.parse((SOURCE / module).read_text())) if isinstance(n, ast.Call)
    ]
    return [ast.unparse(call) for call in calls if opens_file(call)]


def opens_file(call):
    function = ast.unparse(call.func)
    owner, _, method = function.rpartition(".")
    first = ast.unparse(call.args[0]).partition("(")[0] if call.args else ""
    if function in LOADERS:
        opened = OPENED | ({"file"} if function == "Image.open" else set())
        return not opened.intersection([first, *map(ast.unparse, call.args[1:])])
    return function == "open" or (bool(owner) and method in {*READ_OR_WRITE, "open"})


def test_no_module_outside_files_opens_a_file():
    others = [f for f in FILES if not f.startswith("files/") and f not in EXCEPTIONS]
    assert {module: calls for module in others if (calls := opens(module))} == {}


def test_every_exception_is_still_needed():
    assert [module for module in EXCEPTIONS if not opens(module)] == []


def test_no_module_asks_pathlib_where_links_lead():
    """Path.resolve raises RuntimeError for links in a circle; files.names.real_path does not."""
    assert [f for f in FILES if ".resolve()" in (SOURCE / f).read_text()] == []
