"""Scripts of tables and lists: headers sort, a field filters, buttons copy."""

from pixelwise.report.html import environment
from pixelwise.report.scripts import scripts
from report.clicks import NEEDS_CHROMIUM, clicked

FRAME = """{% extends "page.html" %}{% from "macros.html" import filter_bar, copy_button %}
{% block title %}t{% endblock %}{% block main %}CONTENT{% endblock %}"""
TABLE = """{{ filter_bar('t', 'files', by='severity') }}{{ copy_button('t', 'Copy the names') }}
<table class="sortable" id="t"><thead>
<tr><th scope="col">Name</th><th scope="col">Pixels</th><th scope="col">Score</th></tr></thead>
<tbody>{% for name, pixels, score, severity in rows %}
<tr data-severity="{{ severity }}"><th scope="row">{{ name }}</th>
<td data-value="{{ pixels }}">{{ pixels | grouped }} px</td><td>{{ score }}</td></tr>{% endfor %}
</tbody><tbody><tr><th scope="row">all</th><td>0</td><td>0</td></tr></tbody></table>"""
ROWS = [
    ("img10", 2000, "0.5", "error"),
    ("img9", 30, "–", "warning"),
    ("img1 <b>Ä</b>", 100, "0.25", "error"),
    ("img2", 100, "0.75", "note"),
]


def page_of(content, rows=ROWS):
    used = scripts("sort", "filter", "copy")
    text = FRAME.replace("CONTENT", content)
    return environment().from_string(text).render(version="1", scripts=used, rows=rows)


@NEEDS_CHROMIUM
def test_a_header_sorts_by_number_or_name_and_says_so(tmp_path):
    """Absent values stand last both ways, equal ones keep their order, sums their place."""
    actions = """
    for (const column of [0, 1, 2]) {
      const button = all("thead th")[column].querySelector("button");
      for (const direction of ["up", "down"]) {
        await click(button);
        found[column + direction] = [texts("tbody th"), all("thead th").map((th) => th.ariaSort)];
      }
    }
    found.reached = one("thead button").tabIndex;"""
    found, console = clicked(page_of(TABLE), actions, tmp_path)
    assert console == []
    one, two, nine, ten = "img1 <b>Ä</b>", "img2", "img9", "img10"
    assert found == {
        "0up": [[one, two, nine, ten, "all"], ["ascending", None, None]],
        "0down": [[ten, nine, two, one, "all"], ["descending", None, None]],
        "1up": [[nine, two, one, ten, "all"], [None, "ascending", None]],
        "1down": [[ten, two, one, nine, "all"], [None, "descending", None]],
        "2up": [[one, ten, two, nine, "all"], [None, None, "ascending"]],
        "2down": [[two, ten, one, nine, "all"], [None, None, "descending"]],
        "reached": 0,
    }


@NEEDS_CHROMIUM
def test_a_field_and_choices_filter_and_the_number_shown_is_said(tmp_path):
    """All words must occur; of pressed choices any; sums stay."""
    actions = """
    const look = (name) => { found[name] = [texts("tbody:first-of-type th"), texts(".shown")[0]]; };
    look("start");
    found.choices = texts(".choices button").map((text) => text.replace(/\\s+/g, " "));
    await type("input", "IMG1 ä"); look("typed");
    await type("input", ""); look("cleared");
    await click(one(".choices button")); look("error");
    await click(all(".choices button")[2]); look("error or note");
    await type("input", "nothing"); look("nothing");
    found.role = one(".shown").role;
    found.sum = texts("tbody:last-of-type th");"""
    found, console = clicked(page_of(TABLE), actions, tmp_path)
    assert console == []
    one, two, nine, ten = "img1 <b>Ä</b>", "img2", "img9", "img10"
    assert found == {
        "start": [[ten, nine, one, two], "4 of 4 files shown"],
        "choices": ["error 2", "warning 1", "note 1"],
        "typed": [[one], "1 of 4 files shown"],
        "cleared": [[ten, nine, one, two], "4 of 4 files shown"],
        "error": [[ten, one], "2 of 4 files shown"],
        "error or note": [[ten, one, two], "3 of 4 files shown"],
        "nothing": [[], "0 of 4 files shown"],
        "role": "status",
        "sum": ["all"],
    }


@NEEDS_CHROMIUM
def test_many_values_are_a_list_to_choose_from(tmp_path):
    rows = [(f"i{n}", n, "", f"class {n % 9}") for n in range(40)]
    actions = """
    one("select").selectedIndex = 3;
    one("select").dispatchEvent(new Event("change"));
    await drawn();
    found.shown = [one("select").options[3].text, ...texts("tbody th")];"""
    found, _ = clicked(page_of(TABLE, rows), actions, tmp_path)
    assert found == {"shown": ["class 2 (5)", "i2", "i11", "i20", "i29", "i38", "all"]}


GROUPS = """{{ filter_bar('all', 'files', items='.file', groups='article', also='.example') }}
<div id="all">{% for name in ("one", "two") %}<article><h3>{{ name }}</h3>
<p class="example">a{{ name }}</p><details{{ ' open' if loop.last }}><summary>more</summary>
<p class="file">a{{ name }}</p><p class="file">b</p></details></article>{% endfor %}</div>"""


@NEEDS_CHROMIUM
def test_what_is_folded_opens_for_a_search_and_empty_groups_vanish(tmp_path):
    actions = """
    const look = (name) => {
      found[name] = [texts("h3, .example, .file"), all("details").map((e) => e.open)];
    };
    await type("input", "one"); look("one");
    await type("input", "b"); look("b");
    await type("input", ""); look("end");
    found.status = texts(".shown");"""
    found, console = clicked(page_of(GROUPS), actions, tmp_path)
    assert console == []
    assert found == {
        "one": [["one", "aone", "aone"], [True, True]],
        "b": [["one", "b", "two", "b"], [True, True]],
        "end": [["one", "aone", "two", "atwo", "atwo", "b"], [False, True]],
        "status": ["4 of 4 files shown"],
    }


COMMAND = '<pre class="command" tabindex="0">pixelwise audit \'a b\' &amp;&amp; x</pre>'


@NEEDS_CHROMIUM
def test_a_command_and_the_names_that_are_shown_are_copied(tmp_path):
    """Where the browser copies nothing, the text is selected and says so."""
    actions = """
    const copied = [], win = page.defaultView;
    const set = (writeText) => Object.defineProperty(
      win.navigator, "clipboard", { configurable: true, value: { writeText } });
    set(async (text) => { copied.push(text); });
    await type("input", "img1");
    for (const button of all(".copied-from button, .copy button")) await click(button);
    found.copied = copied;
    found.said = texts(".copied-from [role=status], .copy [role=status]");
    set(async () => { throw new Error("refused"); });
    page.execCommand = () => false;
    await click(one(".copied-from button"));
    found.selected = [String(win.getSelection()), ...texts(".copied-from [role=status]")];
    await click(one(".copy button"));
    found.area = [page.activeElement.value, ...texts(".copy [role=status]")];"""
    found, console = clicked(page_of(TABLE + COMMAND), actions, tmp_path)
    assert console == []
    command, names = "pixelwise audit 'a b' && x", "img10\nimg1 <b>Ä</b>"
    assert found == {
        "copied": [names, command],
        "said": ["Copied", "Copied"],
        "selected": [command, "Selected: press Ctrl+C"],
        "area": [names, "Selected: press Ctrl+C"],
    }


def test_without_a_script_there_is_no_control():
    """A button that does nothing would be worse than none."""
    page = page_of(TABLE + COMMAND).partition("<body>")[2].partition("<script>")[0]
    for control in ("<button", "<input", "<select", "aria-sort="):
        assert control not in page
