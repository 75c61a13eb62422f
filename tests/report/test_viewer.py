"""The table of all images and the viewer in a browser: clicks, keys and what is then seen."""

import pytest

from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.source import read_source
from report.browse import Browser
from report.clicks import NEEDS_CHROMIUM

ROWS = "[...document.querySelectorAll('.images-table tbody tr:not(.spacer)')]"
SHOWN = f"{ROWS}.map(r => r.cells[1].textContent)"
SETTLED = "new Promise((done) => setTimeout(done, 120))"


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path) as found:
        yield found
    assert found.console == []


def typed(browser, control, value):
    browser.run(
        f"{{const c = {control}; c.value = {value!r}; "
        f"c.dispatchEvent(new Event('input', {{bubbles: true}})); {SETTLED}}}"
    )


@NEEDS_CHROMIUM
def test_the_table_filters_and_sorts(browser, run_folder, score_path):
    """By name, class, range of scores and confusion; a click on a header sorts."""
    browser.open(report(ReportConfig(run_folder)).as_uri())
    images = read_source(score_path).score.images
    worst_first = [i.id for i in sorted(images, key=lambda i: i.mean_iou)]
    assert browser.run(SHOWN) == worst_first
    assert "10 of 10 images shown" in browser.run("document.querySelector('.shown').textContent")
    header = "document.querySelectorAll('.images-table th button')"
    browser.run(f"{header}[0].click()")
    assert browser.run(SHOWN) == [f"seq_{k:04d}" for k in range(10)]
    browser.run(f"{header}[1].click(); {header}[1].click()")
    assert browser.run(SHOWN) == worst_first[::-1]
    sorts = "[...document.querySelectorAll('.images-table th')].map(th => th.ariaSort)"
    assert browser.run(sorts) == [None, None, "descending", None, None, None]
    typed(browser, "document.querySelector('.images-filter input')", "0003")
    assert browser.run(SHOWN) == ["seq_0003"]
    browser.run("document.querySelector('.images-filter button').click()")
    low, high = sorted(i.mean_iou * 100 for i in images)[2:4]
    typed(browser, "document.querySelector('.limit')", f"{(low + high) / 2:.3f}")
    assert browser.run(SHOWN) == worst_first[3:][::-1]


@NEEDS_CHROMIUM
def test_a_label_is_not_the_small_picture_of_an_image_that_is_missing(
    browser, run_folder, change_score
):
    def edit(score):
        score["images"][0]["image"] = "gone.jpg"

    change_score(edit)
    browser.open(report(ReportConfig(run_folder)).as_uri())
    small = f"{ROWS}.filter(r => r.querySelector('.thumb img')).map(r => r.cells[1].textContent)"
    assert sorted(browser.run(small)) == [f"seq_{k:04d}" for k in range(1, 10)]


@NEEDS_CHROMIUM
def test_a_cell_of_the_matrix_lists_its_images(browser, run_folder, score_path):
    """By click and by Enter, those with the most of the confusion first."""
    browser.open(report(ReportConfig(run_folder)).as_uri())
    images = read_source(score_path).score.images

    def expected(target, predicted):
        part = {
            i.id: sum(c[2] for c in i.confusion if c[:2] == (target, predicted)) for i in images
        }
        return sorted((i for i in part if part[i]), key=lambda i: -part[i])

    browser.run("document.querySelector('.heat tbody tr:nth-child(4) td:nth-child(2)').click()")
    assert browser.run(SHOWN) == expected(3, 0)
    browser.run("document.querySelector('.heat tbody td').focus()")
    browser.key("ArrowRight", "ArrowDown", "ArrowDown", "Enter")
    assert browser.run(SHOWN) == expected(2, 1)
    assert "Road is taken for Building" in browser.run(
        "document.querySelector('.shown').textContent"
    )
    assert browser.run("document.activeElement.className") == "images-table"


VIEWER = "document.querySelector('.viewer')"
READY = f"{VIEWER}.open && {VIEWER}.querySelector('[role=status]').textContent === ''"
TITLE = f"{VIEWER}.querySelector('h2').textContent"


def colored(name):
    """Pixels of a canvas by colour, as JavaScript."""
    return (
        f"{{const c = {VIEWER}.querySelectorAll('canvas')[{name}]; const n = {{}};"
        "new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)"
        ".forEach((v) => { n[v] = (n[v] ?? 0) + 1; }); n}"
    )


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("name", "options"),
    [("report.html", {}), ("a#b %25 ü.html", {"assets": True, "worst": 0, "best": 0})],
)
def test_the_viewer_opens_by_keyboard_and_shows_what_is_wrong(
    browser, run_folder, score_path, name, options
):
    """Also for pictures that lie in files beside a page that is itself a file."""
    page = report(ReportConfig(run_folder, out=run_folder / name, **options))
    browser.open(page.as_uri())
    image = min(read_source(score_path).score.images, key=lambda i: i.mean_iou)
    browser.run("document.querySelector('.images-table').focus()")
    browser.key("Enter")
    browser.until(READY)
    assert browser.run(TITLE) == image.id
    wrong = sum(n for t, p, n in image.confusion if t != p)
    confused = (255 << 24) | (127 << 16) | (38 << 8) | 220
    assert browser.run(colored(2))[str(confused)] == wrong
    # one class on: what of it is missed, and what is falsely it
    buttons = f"[...{VIEWER}.querySelectorAll('button')]"
    browser.run(f"{buttons}.find(b => b.textContent === 'All off').click()")
    browser.run(f"{buttons}.find(b => b.textContent === 'Road').click()")
    found = browser.run(colored(2))
    missed, false = (255 << 24) | (255 << 16) | (114 << 8), (255 << 24) | (176 << 8) | 255
    assert found[str(missed)] == sum(n for t, p, n in image.confusion if t == 2 != p)
    assert found[str(false)] == sum(n for t, p, n in image.confusion if p == 2 != t)
    # keys: layers, the next image, and back to the table
    display = f"[...{VIEWER}.querySelectorAll('canvas')].map(c => c.style.display)"
    assert browser.run(display) == ["none", "block", "none"]
    browser.key("2", "3", "4")
    assert browser.run(display) == ["block", "none", "block"]
    before = browser.run(f"{VIEWER}.querySelector('.sheet').style.transform")
    browser.key("+")
    assert browser.run(f"{VIEWER}.querySelector('.sheet').style.transform") != before
    browser.key("ArrowRight")
    browser.until(f"{TITLE} !== {image.id!r}")
    browser.key("Escape")
    assert browser.run(f"{VIEWER}.open") is False
    assert browser.run("document.activeElement.className") == "images-table"


@NEEDS_CHROMIUM
def test_hostile_names_are_text_in_the_table_and_the_viewer(browser, change_score, run_folder):
    """Markup, quotes, marks that reorder and 10,000 characters."""
    names = ["</script><b>x</b>", "'\"><img src=x onerror=alert(1)>", "\u202egnp", "n" * 10_000]

    def rename(score):
        for image, name in zip(score["images"], names):
            image["id"] = name

    change_score(rename)
    browser.open(report(ReportConfig(run_folder)).as_uri())
    shown = browser.run(SHOWN)
    assert {names[0], names[1], "gnp", names[3]} <= set(shown)
    assert browser.run("document.querySelectorAll('.images-table b, [onerror]').length") == 0
    browser.run("document.querySelector('.images-table').focus()")
    browser.key("Enter")
    browser.until(READY)
    assert browser.run("document.documentElement.scrollWidth") <= 1280
    assert browser.run(TITLE) == shown[0]


@NEEDS_CHROMIUM
def test_without_scripts_the_page_is_read_as_it_stands(browser, run_folder):
    """No control that does nothing, and the pictures and tables are there."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(report(ReportConfig(run_folder)).as_uri())
    assert browser.run("document.querySelectorAll('button, input, select, dialog').length") == 0
    assert browser.run("document.getElementById('all-images').checkVisibility()") is False
    assert browser.run("[...document.querySelectorAll('.shot img')].length") == 40
