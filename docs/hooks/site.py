"""The hook of the site: pages that are made when it is built, and links between files.

markdown_text.py  tables, code, links       python_pages.py  every public name
command_pages.py  every command             option_tables.py  settings, for both
format_pages.py   files and the tables of the library
rules_page.py     every rule of the audit, with the pictures of rule_pictures.py
docstrings.py     how mkdocstrings is given our docstrings; type_names.py: names in signatures
name_links.py     names and commands in a text lead to the reference
"""

import re
from pathlib import Path
from posixpath import basename, dirname

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import command_pages
import format_pages
import python_pages
import rules_page
from markdown_text import INCLUDED, ROOT, relinked
from name_links import with_links

DOCS = ROOT / "docs"
REFERENCE = """# Reference

- [Commands](commands/index.md): every command with its options, examples and exit codes.
- [Python](python/index.md): every public name, by what it is for.
- [Formats and tables](formats/index.md): the files that are read and written, and the names that
  options take.
- [Audit rules](rules.md): what is wrong, how bad it is, why it happens, and a picture of it.
"""
# what the search shows first: what is meant to be learned from, and last: what is looked up rarely
BOOSTS = {"lessons/": 2, "reference/rules": 1, "reference/formats/tools": 0.3, "reference/": 0.7}
BOOSTS |= {"own-": 2, "performance": 2.5}  # "own" is no word for the search
BOOSTS |= {"adr/": 0.3, "changelog": 0.3, "architecture": 0.5, "index.md": 1, "benchmarks": 0.5}
BOOSTS |= {"first-contact": 0.7, "migration": 0.7, "": 1.5}
_made: dict[str, str | bytes] = {}


def made() -> dict[str, str | bytes]:
    """The content of every page and picture that is made, by its path in the site."""
    pages: dict[str, str | bytes] = {"reference/index.md": REFERENCE, "adr/index.md": decisions()}
    for source, page in INCLUDED.items():
        file = ROOT / source
        if page not in pages and not (DOCS / page).exists() and file.is_file():
            pages[page] = file.read_text(encoding="utf-8")
    chart = "![times of other libraries as multiples of the time of pixelwise](benchmarks.svg)"
    title, _, rest = str(pages["benchmarks.md"]).partition("\n")
    pages["benchmarks.md"] = f"{title}\n\n{chart}\n{rest}"
    for part in (command_pages, python_pages, format_pages, rules_page):
        pages |= part.pages()
    return pages


def decisions() -> str:
    """The list of decisions."""
    lines = ["# Decisions", "", "Each with its reasons, and what was rejected.", ""]
    for path in sorted((DOCS / "adr").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the folders of the navigation."""
    _made.clear()
    _made.update(made())
    config.nav = unfolded(config.nav)
    return config


def unfolded(entry):
    """An entry of the navigation; "folder/*" becomes the pages of the folder, its index first."""
    if isinstance(entry, list):
        return [unfolded(one) for one in entry]
    if isinstance(entry, dict):
        return {title: unfolded(one) for title, one in entry.items()}
    if not entry.endswith("/*"):
        return entry
    folder = entry.removesuffix("/*")
    here = [page for page in _made if dirname(page) == folder and page.endswith(".md")]
    here += sorted(f"{folder}/{path.name}" for path in (DOCS / folder).glob("*.md"))
    here += sorted(f"{folder}/{path.stem}.md" for path in (DOCS / folder).glob("[0-9]*.py"))
    return sorted(here, key=lambda page: basename(page) != "index.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made."""
    for page, content in _made.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page, **_: object) -> str:
    """Links that lead to files of the repository lead to their pages."""
    uri = page.file.src_uri
    boost = next(boost for start, boost in BOOSTS.items() if uri.startswith(start))
    page.meta["search"] = {"boost": boost}
    page.meta["hide"] = ["navigation"] * (uri == "index.md")  # it has no page beside it
    if uri == "index.md":  # files of the repository have no such pages
        markdown = markdown.replace("](#the-reference)", "](reference/index.md)")
    sources = {where: source for source, where in INCLUDED.items() if where != "index.md"}
    if uri not in _made:
        return with_links(relinked(markdown, f"docs/{uri}", uri), uri)
    return relinked(markdown, sources[uri], uri) if uri in sources else markdown


def on_page_content(html: str, **_: object) -> str:
    """Wide tables scroll in a box that the keyboard can reach."""
    box = r'<div class="table-scroll" tabindex="0">\g<0></div>'
    return re.sub(r"<table>.*?</table>", box, html, flags=re.S)


def on_post_build(config: MkDocsConfig) -> None:
    """Nothing that only builders need is left in the site."""
    for path in Path(config.site_dir).rglob("*.map"):
        path.unlink()
