"""The page in a browser: nothing overflows at the width of a phone, and nothing is refused."""

import html
import re
import shutil
import subprocess

import pytest

from make import make_dataset
from pixelwise.audit.findings import Finding, Total
from pixelwise.audit.result import Audit
from pixelwise.report.audit_page import audit_page
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.weights_page import weights
from pixelwise.weights.config import WeightsConfig

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=3000"]
PHONE, DESK = 375, 1280

# The page stands in a frame of the wanted width, since a window has a least width of about 500.
# What sticks out of the frame without a scrolling box around it is named.
WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><body>
<iframe id="frame" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
<script>
document.getElementById("frame").onload = function () {{
  const root = this.contentDocument.documentElement;
  const out = [...root.querySelectorAll("body *")].filter(e =>
    !e.closest(".scroll") && !e.closest("svg") && e.getBoundingClientRect().right > {width} + 0.5);
  const four = [...root.querySelectorAll(".four figure")].slice(0, 4);
  document.title = "MEASURED width=" + root.scrollWidth
    + " out=" + out.map(e => e.outerHTML.slice(0, 80))
    + " pictures=" + [...root.querySelectorAll("img:not(.thumb img)")]
      .filter(e => e.naturalWidth > 0).length
    + " columns=" + new Set(four.map(e => e.offsetLeft)).size;
}};
</script>"""


def look(page, width, folder, *flags):
    """Show HTML in a frame and return what was measured and what the console said."""
    wrapper = folder / "wrapper.html"
    wrapper.write_text(WRAPPER.format(width=width, page=html.escape(page)))
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, wrapper.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    measured = re.search(r"<title>MEASURED (.*?)</title>", done.stdout, re.DOTALL)
    assert measured, done.stderr
    return measured.group(1), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@NEEDS_CHROMIUM
@pytest.mark.parametrize(("width", "columns"), [(PHONE, 2), (DESK, 4)])
def test_the_page_fits_its_width_and_the_console_is_silent(run_folder, tmp_path, width, columns):
    """Tables scroll in their own boxes; the four pictures stand in a row, or two by two."""
    page = report(ReportConfig(run_folder, compare=(run_folder,))).read_text()
    measured, console = look(page, width, tmp_path)
    assert measured == f"width={width} out= pictures=40 columns={columns}"
    assert console == []


@NEEDS_CHROMIUM
def test_long_names_do_not_widen_the_page(change_score, run_folder, tmp_path):
    """A name without a place to break is broken anyway."""

    def lengthen(score):
        score["classes"]["names"][0] = score["per_class"][0]["name"] = "Sky" * 60
        score["images"][0]["id"] = score["command"] = "a_long_id" * 30
        score["dataset"]["split"] = "s" * 200

    change_score(lengthen)
    measured, _ = look(report(ReportConfig(run_folder)).read_text(), PHONE, tmp_path)
    assert measured.startswith(f"width={PHONE} out= ")


@NEEDS_CHROMIUM
def test_what_is_wider_than_the_page_would_be_noticed(tmp_path):
    """The measurement can fail."""
    wide = "<!DOCTYPE html><body><div style='width:900px'>wide</div></body>"
    measured, _ = look(wide, PHONE, tmp_path)
    assert re.match(r"width=90\d out=&lt;div|width=90\d out=<div", measured)


@NEEDS_CHROMIUM
def test_a_script_in_the_page_would_be_refused_and_noticed(run_folder, tmp_path):
    """The policy of the page stops what escaping would have let through."""
    page = report(ReportConfig(run_folder, worst=0, best=0)).read_text()
    intruder = page.replace("</main>", "<script>document.body.textContent = 'gone'</script></main>")
    measured, console = look(intruder, PHONE, tmp_path)
    assert measured.startswith(f"width={PHONE} ")
    assert "Content Security Policy" in " ".join(console)


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_of_weights_fits_its_width(tmp_path, width):
    """Bars of four methods scroll in their own box."""
    names = ("ground", "disc" * 30, "bar")
    data = make_dataset(tmp_path / "data", names=names)
    weights(WeightsConfig(data, html=tmp_path / "w.html", drop_background=0.1))
    measured, console = look((tmp_path / "w.html").read_text(), width, tmp_path)
    assert measured == f"width={width} out= pictures=0 columns=0"
    assert console == []


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_of_an_audit_fits_its_width(tmp_path, width):
    """Also with a long name; every picture is one that a browser shows."""
    data = make_dataset(tmp_path / "data")
    found = [
        Finding("V4", "train/labels/00.png", 1, (9, 9), "w" * 300, (7,), "train/images/00.png"),
        Finding("P1", "x" * 300, 1, None, "no label"),
    ]
    totals = {"V4": Total(1, 1), "P1": Total(1, 1)}
    audit = Audit(str(data), 16, tuple(found), totals=totals)
    page = audit_page(audit.as_dict(), tmp_path / "audit.html").read_text()
    measured, console = look(page, width, tmp_path)
    assert measured == f"width={width} out= pictures=3 columns=0"
    assert console == []
