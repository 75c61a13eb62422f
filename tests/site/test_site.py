"""The site: a strict build, whose links resolve, which has a place for everything and loads nothing
from elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import pixelwise as pw
import warm
from lessons.conftest import make_lessons
from pixelwise.cli.commands import COMMANDS

ROOT = Path(__file__).parent.parent.parent
for package in ("material", "mkdocstrings", "jupytext", "nbclient", "ipykernel", "cv2", "fcntl"):
    pytest.importorskip(package, reason=f"the site is built with {package}")
# what is typed into the search -> where one of its results leads
WORDS = {
    "Dice": "reference/python/losses.html#pixelwise.losses.region.Dice",
    "F1 rule": "reference/rules.html#f1",
    "class_weights": "reference/python/weights.html#pixelwise.weights.formulas.class_weights",
    "ignore_index": "glossary.html",
    "mean_iou": "reference/python/scores.html#pixelwise.metrics.scores.mean_iou",
    "onnx": "export.html",
    "inference": "faq.html#how-do-i-use-the-network-in-python",
    "own network": "own-network.html",
    "out of memory": "performance.html#out-of-memory",
    "polygons_to_label": "reference/python/labels.html#pixelwise.labels.shapes.polygons_to_label",
    "resume": "training.html",
    "softmax": "multi-class.html",
}


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
    make_lessons()  # the build takes what is kept
    done = warm.run(
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


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--enable-logging=stderr", "--hide-scrollbars", "--virtual-time-budget=120000"]
FLAGS += ["--dump-dom", "--allow-file-access-from-files"]
SCHEMES = {"default": [], "slate": ["--blink-settings=preferredColorScheme=0"]}  # light, dark
SAMPLE = ["index.html", "first-contact.html", "benchmarks.html", "glossary.html"]
SAMPLE += ["reference/rules.html", "reference/python/losses.html", "reference/formats/files.html"]
SAMPLE += ["reference/commands/train.html", "lessons/1_label_image.html", "conventions.html"]


def look(site, folder, call, flags):
    """What a function of look.js finds in the site, which is opened from its folder; and what the
    console said."""
    script = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")
    frame = '<iframe id="frame" style="border:0;height:900px"></iframe>'
    wrapper = site / f"{folder.name}.html"
    base = f'<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">{frame}'
    wrapper.write_text(f"{base}<script>{script}\n{call};</script>", encoding="utf-8")
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [*command, wrapper.as_uri()], capture_output=True, text=True, timeout=300, check=True
    )
    wrapper.unlink()
    found = re.search(r"<title>LOOKED (.*?)</title>", done.stdout, re.DOTALL)
    assert found, done.stderr
    lines = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unescape(found[1])), lines


@NEEDS_CHROMIUM
@pytest.mark.parametrize("scheme", SCHEMES)
def test_pages_fit_their_width_with_enough_contrast_and_a_silent_console(site, tmp_path, scheme):
    """On a desk and on a phone."""
    call = f"look({json.dumps(SAMPLE)}, [1280, 375])"
    found, console = look(site, tmp_path, call, SCHEMES[scheme])
    assert found.pop("scheme") == scheme
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert len(found) == 2 * len(SAMPLE)
    assert console == []


@NEEDS_CHROMIUM
def test_the_keyboard_reaches_the_text_and_the_search_which_finds_words(site, tmp_path):
    """From a folder, without a server."""
    found, console = look(site, tmp_path, f"keys({json.dumps(list(WORDS))})", [])
    assert found.pop("first") == "md-skip"
    assert "md-search__input" in found.pop("focus").split()
    assert {word: goal for word, goal in WORDS.items() if goal not in found[word]} == {}
    assert console == []
