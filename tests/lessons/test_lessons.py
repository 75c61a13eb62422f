"""The lessons run, and their pages have what a reader needs."""

import ast
import re

import nbformat
import pytest

from lessons.conftest import ROOT

SOURCES = sorted((ROOT / "docs" / "lessons").glob("[0-9]_*.py"))
LESSONS = [path.stem for path in SOURCES]
OF_A_NOTEBOOK = {"display", "get_ipython"}


@pytest.fixture(params=LESSONS)
def page(request, made):
    """The Markdown of a lesson's page."""
    return (made[request.param] / f"{request.param}.md").read_text(encoding="utf-8")


@pytest.fixture(params=LESSONS)
def notebook(request, made):
    """The executed notebook of a lesson."""
    return nbformat.read(made[request.param] / f"{request.param}.ipynb", as_version=4)


@pytest.fixture
def outputs(notebook):
    """All outputs of a notebook as text."""
    found = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    shown = [o.get("text") or "\n".join(map(str, o.get("data", {}).values())) for o in found]
    return "\n".join(text for text in shown if not text.startswith("iVBOR"))  # PNG in base64


def test_a_notebook_is_valid_and_every_cell_ran(notebook):
    nbformat.validate(notebook)
    ran = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert ran == list(range(1, len(ran) + 1))


def test_no_output_is_a_traceback_a_path_or_an_address(notebook, outputs):
    kinds = {o.output_type for cell in notebook.cells for o in cell.get("outputs", [])}
    assert "error" not in kinds
    assert re.findall(r"Traceback|0x[0-9a-f]{6,}|/(?:tmp|home|work|usr|root)/\S*", outputs) == []


def test_every_picture_of_a_page_is_there_and_described(request, page, made):
    name = request.node.callspec.params["page"]
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", page)
    assert {file for _, file in pictures} == {
        path.relative_to(made[name]).as_posix() for path in (made[name] / name).glob("*.png")
    }
    assert [file for text, file in pictures if len(text) < 20] == []
    drawn = page.count("<svg") + page.count("<img") + len(pictures)
    described = len(pictures) + len(re.findall(r'<svg[^>]* role="img"|<img[^>]* alt="[^"]', page))
    assert described == drawn
    assert drawn, "a lesson has a picture"


def test_a_page_has_one_title_and_leads_to_its_notebook(request, page):
    name = request.node.callspec.params["page"]
    prose = re.sub(r"```.*?```", "", page, flags=re.S)
    assert len(re.findall(r"^# ", prose, re.M)) == 1
    assert f"]({name}.ipynb)" in prose


def test_a_lesson_ends_with_three_questions_and_their_answers(page):
    before, heading, questions = page.partition("\n## Three questions\n")
    assert heading
    assert "<details" not in before
    assert "\n## " not in questions
    answers = re.findall(
        r'<details markdown="1">\s*<summary>Answer</summary>\n\n(.+?)\n\n</details>',
        questions,
        re.S,
    )
    assert len(answers) == 3
    assert re.findall(r"^\*\*(\d)\.", questions, re.M) == ["1", "2", "3"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_is_a_plain_script(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names & OF_A_NOTEBOOK == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_asserts_what_it_says(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 3
