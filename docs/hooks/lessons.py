"""Execute the lessons of docs/lessons into pages and notebooks of the site.

A lesson is one Python file in the percent format of jupytext. It is executed in a kernel of this
environment, in an empty folder. Its page holds text, code and outputs; its notebook holds the same.
Results are kept in build/lessons, and made again when the lesson, pixelwise or a package changes.

mkdocs calls the functions named on_*. By hand: python docs/hooks/lessons.py [NAME ...]
"""

import base64
import fcntl
import hashlib
import html
import importlib.metadata
import os
import posixpath
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "docs" / "lessons"
BUILD = ROOT / "build" / "lessons"
SECONDS_PER_CELL = 120
# of the forms that an output has, the first of these is shown
FORMS = ("image/svg+xml", "image/png", "text/html", "text/plain")
# packages whose release changes what a lesson shows
PACKAGES = ("numpy", "pillow", "torch", "opencv-python-headless", "ipython", "jupytext", "nbclient")
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}
STYLE = """\
.lesson-output { margin: -0.6em 0 1.4em; overflow-x: auto; }
.lesson-output > pre { margin: 0; }
.md-typeset .lesson-output > pre > code { padding: 0.4em 1.1em; background: none;
  border-left: 0.15rem solid var(--md-default-fg-color--lighter, gray); border-radius: 0; }
.lesson-output > pre .md-code__nav, .lesson-output > pre .md-clipboard { display: none; }
.lesson-output > :not(pre) { margin-top: 1.2em; }
.lesson-output :is(td, th):first-child { padding-left: 0.6em !important; }
.lesson-output svg, .lesson-output img { max-width: 100%; height: auto; }
.lesson-output svg.pw-figure { min-width: 27rem; } /* legible on a phone, where it scrolls */
"""


class LessonFailed(PluginError):
    """A cell of a lesson raised an exception."""


def names() -> list[str]:
    """Names of the lessons, in their order."""
    return [path.stem for path in sorted(SOURCES.glob("[0-9]_*.py"))]


def key(name: str) -> str:
    """Digest of all that decides what a lesson shows."""
    digest = hashlib.sha256(sys.version.encode())
    for package in PACKAGES:
        digest.update(_release(package).encode())
    package_files = sorted((ROOT / "src" / "pixelwise").rglob("*.py"))
    for path in (SOURCES / f"{name}.py", Path(__file__), *package_files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _release(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} is missing"


def make(name: str) -> Path:
    """Folder with NAME.md, NAME.ipynb and NAME/*.png of a lesson; executes it where that is needed.

    Raises:
        LessonFailed: with the lesson, the cell, its line and the exception.
    """
    folder = BUILD / name
    with _lock(name):
        digest = key(name)
        kept = folder / "key"
        if kept.exists() and kept.read_text() == digest:
            return folder
        notebook = execute(name)
        with tempfile.TemporaryDirectory(dir=BUILD) as made:
            write(notebook, name, Path(made) / name)
            (Path(made) / name / "key").write_text(digest)
            if folder.exists():
                shutil.rmtree(folder)
            os.rename(Path(made) / name, folder)
    return folder


@contextmanager
def _lock(name: str) -> Iterator[None]:
    """Two builds at the same time execute a lesson once."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def execute(name: str) -> Any:
    """The notebook of a lesson, executed."""
    notebook = jupytext.read(SOURCES / f"{name}.py", fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # those of jupytext are random
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "IPYTHONDIR": str(Path(folder) / "ipython"),
        }
        kernel = {
            "transport": "ipc",  # sockets of the file system: no port is opened
            "ip": str(Path(folder) / "kernel"),
            "connection_file": str(Path(folder) / "kernel.json"),
        }
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            config=Config({"KernelManager": kernel}),
            timeout=SECONDS_PER_CELL,
            record_timing=False,
            resources={"metadata": {"path": str(work)}},
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise LessonFailed(_failure(name, notebook, error)) from None
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined([_plain(output) for output in cell.outputs])
    nbformat.validate(notebook)
    return notebook


def _failure(name: str, notebook: Any, error: CellExecutionError) -> str:
    """Which cell of which lesson raised what; the traceback follows."""
    failed = [
        (number, cell)
        for number, cell in enumerate(notebook.cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    number, cell = failed[0]
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    trace = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
    return (
        f"docs/lessons/{name}.py: cell {number} ({first}): {error.ename}: {error.evalue}\n{trace}"
    )


def _plain(output: Any) -> Any:
    """An output in one form, without what differs between two executions."""
    if "data" in output:
        form = next(form for form in FORMS if form in output.data)
        output.data = nbformat.from_dict({form: output.data[form]})
        output.metadata = nbformat.from_dict({})
    return output


def _joined(outputs: list[Any]) -> list[Any]:
    """Text that arrived in several parts is one output: where it is parted depends on time."""
    joined: list[Any] = []
    for output in outputs:
        stream = output.get("name")
        if stream is not None and joined and joined[-1].get("name") == stream:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def write(notebook: Any, name: str, folder: Path) -> None:
    """Write page, pictures and notebook of an executed lesson."""
    folder.mkdir()
    (folder / name).mkdir()
    blocks, pictures = [], 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            blocks.append(cell.source.replace("<details>", '<details markdown="1">'))
            continue
        blocks.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                pictures += 1
                picture = f"{name}/{pictures}.png"
                (folder / picture).write_bytes(base64.b64decode(output.data["image/png"]))
                blocks.append(f"![{_alternative(cell)}]({picture})")
            else:
                blocks.append(_shown(output))
    title, _, rest = blocks[0].partition("\n")
    download = f"This page is a notebook with its outputs: [download it]({name}.ipynb)."
    blocks[0] = f"{title}\n\n{download}\n{rest}"
    (folder / f"{name}.md").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _for_a_notebook(cell.source)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def _alternative(cell: Any) -> str:
    """The alternative text of a cell's picture, as in `# %% alt="..."`."""
    return re.sub(r"([\[\]\\])", r"\\\1", cell.metadata.get("alt", ""))


def _shown(output: Any) -> str:
    """An output as HTML that Markdown leaves as it is."""
    data = output.get("data", {})
    if "image/svg+xml" in data:
        shown = re.sub(r"^\s*<\?xml.*?\?>\s*", "", data["image/svg+xml"])
    elif "text/html" in data:
        shown = data["text/html"]
    else:
        text = output.text if output.output_type == "stream" else data["text/plain"]
        shown = f"<pre><code>{html.escape(text.rstrip(), quote=False)}</code></pre>"
    return f'<div class="lesson-output">\n{shown}\n</div>'


def _for_a_notebook(text: str) -> str:
    """Links to lessons lead to their notebooks; links to pages are text, for there are none."""
    text = re.sub(r"\]\((\d_\w+)\.py\)", r"](\1.ipynb)", text)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\.md(?:#[^)]*)?\)", r"\1", text)


def make_all(chosen: list[str]) -> list[Path]:
    """The folders of several lessons; two are executed at the same time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(make, chosen))


def on_config(config: Any) -> Any:
    """Answers inside <details> are Markdown; outputs have a style."""
    if "md_in_html" not in config.markdown_extensions:
        config.markdown_extensions.append("md_in_html")
    config.extra_css.append("lessons/lessons.css")
    return config


def on_files(files: Files, config: Any) -> Files:
    """In place of a lesson's source: its page, its pictures and its notebook."""
    files.append(File.generated(config, "lessons/lessons.css", content=STYLE))
    for folder in make_all(names()):
        source = files.get_file_from_path(f"lessons/{folder.name}.py")
        if source is not None:
            files.remove(source)
        for path in sorted(folder.rglob("*.*")):
            uri = f"lessons/{path.relative_to(folder).as_posix()}"
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to the source of a lesson, which GitHub shows, lead to its page."""
    here = posixpath.dirname(page.file.src_uri)

    def page_of(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, match[1]))
        known = target in {f"lessons/{name}" for name in names()}
        return f"]({match[1]}.md{match[2] or ''})" if known else match[0]

    return re.sub(r"\]\(([\w./-]+)\.py(#[\w-]+)?\)", page_of, markdown)


if __name__ == "__main__":
    try:
        for made in make_all(sys.argv[1:] or names()):
            print(made.relative_to(ROOT))
    except LessonFailed as error:
        sys.exit(str(error))
