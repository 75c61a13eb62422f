"""Pieces of the pages that are made: tables, code, links between files of the repository."""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

ROOT = Path(__file__).parent.parent.parent
# files outside of docs/ that have a page, by their path in the repository
INCLUDED = {
    "ARCHITECTURE.md": "architecture.md",
    "GLOSSARY.md": "glossary.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "benchmarks/chart.svg": "benchmarks.svg",
    "docs/adr": "adr/index.md",
    "README.md": "index.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; cells are Markdown already."""
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in lines
    )


def text(words: str) -> str:
    """Words of ours as a cell or paragraph: nothing in them is HTML or Markdown."""
    words = escape(words, quote=False).replace("|", "&#124;")
    return re.sub(r"([*_\[\]`#])", r"\\\1", words)


def code(words: object) -> str:
    """Words as code in a line, also in a cell of a table."""
    shown = escape(str(words)).replace("|", "&#124;").replace("_", "&#95;").replace("*", "&#42;")
    return f"<code>{shown}</code>"


def block(words: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{words}\n```"


def relinked(markdown: str, source: str, page: str) -> str:
    """Markdown of a file of the repository whose links lead to pages of the site.

    Args:
        markdown: its text.
        source: path of the file in the repository.
        page: path of its page in the site.
    Returns:
        The text; a link to a file that has no page is its words alone.
    """

    def lead(match: re.Match) -> str:
        mark, words, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return match[0]
        place = normpath(str(PurePosixPath(source).parent / path))
        shown = place.startswith("docs/lessons/") or place.endswith((".md", ".png", ".svg"))
        own = place.removeprefix("docs/") if place.startswith("docs/") and shown else ""
        goal = INCLUDED.get(place, own)
        if not (ROOT / place).exists():
            return match[0]
        if not goal:
            return words
        return f"{mark}[{words}]({relpath(goal, str(PurePosixPath(page).parent))}{hash_}{anchor})"

    return LINK.sub(lead, markdown)
