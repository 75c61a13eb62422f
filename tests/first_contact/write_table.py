"""Writes docs/first-contact.md: what `pixelwise init` says of every folder that is drawn here.

python tests/first_contact/write_table.py
"""

import os
import sys
import tempfile
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/first-contact.md"
sys.path.insert(0, str(ROOT / "tests"))

from first_contact import exports, folders, values  # noqa: E402
from first_contact.drawings import DRAWINGS  # noqa: E402
from first_contact.follow import OPEN, follow  # noqa: E402

HEAD = """# First contact: what `init` says of a folder

`pixelwise init FOLDER` looks at a folder as it was downloaded or exported and writes its
`dataset.toml`. What it says is *sure* (one candidate, or a margin in content and a known sign),
*likely* (a guess that costs nothing if it is wrong), or *open*: a question about what the files
mean. Questions are asked on a terminal; otherwise they are printed with the commands that answer
them, `init` ends with exit code 1, and `weights`, `train` and `score` refuse the dataset until they
are answered. Labels that are not label images yet are refused with the command that makes them.

This table is made by `python tests/first_contact/write_table.py`, which draws every folder and runs
what is printed; `tests/first_contact` compares the resulting labels with what was drawn.
"""
NEXT = """Next: [label images](labels.md) · [dataset.toml by hand](dataset-toml.md) ·
[class files](class-files.md)
"""
PARTS = {"Values": values, "Folders": folders, "Exports of annotation tools": exports}
# statements that say what the files are, of what a survey says
TELLING = ("images are", "splits are", "classes", "binary", "void", "number the objects", "of them")


class Printed:
    """What is printed, as pytest's capsys gives it."""

    def __init__(self) -> None:
        self.out, self.err = StringIO(), StringIO()

    def readouterr(self) -> SimpleNamespace:
        texts = SimpleNamespace(out=self.out.getvalue(), err=self.err.getvalue())
        for stream in (self.out, self.err):
            stream.truncate(stream.seek(0))
        return texts


def table() -> str:
    """The page."""
    lines = [HEAD]
    for title, module in PARTS.items():
        lines += [f"## {title}", "", "| folder | what `init` says | commands |", "|---|---|---|"]
        drawn = (draw for draw in DRAWINGS.values() if draw.__module__ == module.__name__)
        lines += [f"| {' | '.join(map(_cell, _row(draw)))} |" for draw in drawn]
        lines.append("")
    return "\n".join([*lines, NEXT])


def _row(draw) -> tuple[str, str, str]:
    name = draw.__name__.replace("_", "-")
    with tempfile.TemporaryDirectory() as place, chdir(place):
        truth = draw(Path(name))
        tree = _tree(Path(name))
        printed = Printed()
        with redirect_stdout(printed.out), redirect_stderr(printed.err):
            steps = follow(Path(name), truth, printed)
    about = " ".join((draw.__doc__ or "").split())
    commands = [f"`{step.command}`" for step in steps]
    return f"{about}\n{tree}", _said(steps[0]), "\n".join(commands)


def _tree(folder: Path) -> str:
    """The folders with an example and the number of files of each suffix."""
    shown: dict[tuple[str, str], str] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        key = (os.path.dirname(path.relative_to(folder)), path.suffix)
        numbers[key] += 1
        shown.setdefault(key, path.relative_to(folder).as_posix())
    lines = [f"`{name}` ({numbers[key]})" for key, name in shown.items()]
    return "\n".join(lines[:8] + [f"and {len(lines) - 8} more"] * (len(lines) > 8))


def _said(step) -> str:
    lines = [line.strip() for line in step.text.splitlines() if line.strip()]
    if step.code == OPEN:
        return "\n".join(line for line in lines if line.startswith("? ") and "likely" not in line)
    if step.code == 0:
        return "\n".join(line for line in lines if any(word in line for word in TELLING))
    # the command is in the next column
    return lines[-1].removeprefix("pixelwise: ").partition(": pixelwise")[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


if __name__ == "__main__":
    TABLE.write_text(table())
