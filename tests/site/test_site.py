"""The site: a strict build, whose links resolve, which has a place for everything and loads nothing
from elsewhere."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import pixelwise as pw
from pixelwise.cli.commands import COMMANDS

ROOT = Path(__file__).parent.parent.parent
pytest.importorskip("material", reason="mkdocs-material is not installed")
pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed")
WORDS = ["ignore_index", "Dice", "F1", "class_weights", "dataset.toml", "softmax", "convention"]
WORDS += ["polygons_to_label", "onnx", "void"]


class Page(HTMLParser):
    """The ids of a page, its links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [given[key] for key in ("href",) if tag == "a" and key in given]
        self.loaded += [given[key] for key in ("src",) if key in given]
        loads = tag == "link" and given.get("rel") != "canonical"
        self.loaded += [given[key] for key in ("href",) if loads]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site, built once; and what the builder said."""
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the site, read, by its path."""
    found = sorted(site.rglob("*.html"))
    return {str(path.relative_to(site).as_posix()): Page(path) for path in found}


@pytest.fixture(scope="session")
def index(site):
    """The documents that the search looks through."""
    return json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))["docs"]


def test_every_link_and_anchor_leads_somewhere(site, pages):
    """404.html stands for any place, so its links are absolute."""
    lost = []
    for name, page in pages.items():
        for link in page.links:
            address = urlsplit(urljoin(f"site://x/{name}", link))
            goal = unquote(address.path).lstrip("/") or "index.html"
            inside = address.scheme == "site" and name != "404.html"
            there = goal in pages or (site / goal).is_file()
            anchored = not address.fragment or goal not in pages
            known = anchored or unquote(address.fragment) in pages[goal].ids
            lost += [f"{name} -> {link}"] * (inside and not (there and known))
    assert lost == []


def test_nothing_is_loaded_from_elsewhere(site, pages):
    """Neither by a page nor by a style sheet."""
    loaded = {address for page in pages.values() for address in page.loaded}
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []
    sheets = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?:https?:)?//[^)]*\)|@import[^;]*;", sheets) == []


def test_every_public_name_has_its_place(pages):
    """An anchor with its full name."""
    ids = {one for name, page in pages.items() if "reference/python" in name for one in page.ids}
    names = {f"pixelwise.{name}" for name in pw.__all__}
    more = set(pw.metrics.__all__) - set(pw.__all__)
    assert (names | {f"pixelwise.metrics.{name}" for name in more}) - ids == set()


def test_every_command_and_every_rule_has_its_place(pages):
    """A page a command, a section a rule."""
    assert [n for n in COMMANDS if f"reference/commands/{n}.html" not in pages] == []
    assert {id.lower() for id in pw.RULES} - pages["reference/rules.html"].ids == set()


def test_every_record_of_a_file_has_its_place(site):
    """By its schema, as it stands in the source."""
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    schemas = set(re.findall(r'SCHEMA: ClassVar\[str\] = "(.*?)"', sources))
    page = (site / "reference/formats/files.html").read_text(encoding="utf-8")
    assert {one for one in schemas if one not in page} == set()


def test_every_document_and_decision_is_in_the_navigation(pages):
    """The first page leads to each."""
    written = [p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")]
    named = {path.with_suffix(".html").as_posix() for path in written if path.stem != "README"}
    assert named - set(pages) == set()
    menu = {
        urljoin("site://x/index.html", link).partition("#")[0] for link in pages["index.html"].links
    }
    shown = {link.removeprefix("site://x/") for link in menu}
    assert {name for name in pages if name not in ("404.html", "index.html")} - shown == set()


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_in_the_index_of_the_search(index, word):
    """In a title or a text, as a word."""
    assert [
        one for one in index if re.search(rf"\b{re.escape(word)}\b", one["title"] + one["text"])
    ]
