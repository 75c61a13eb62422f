"""What the documents show works: Python blocks run, commands exist, links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from pixelwise.cli.parser import parse
from pixelwise.cli.request import make_config
from pixelwise.labels.description import read_description
from pixelwise.losses.presets import PRESETS
from pixelwise.settings import command_of

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS = list(dict.fromkeys(DOCUMENTS))


# its examples need other libraries, and run where those are imported: tests/integrate
ELSEWHERE = ROOT / "docs" / "integration.md"


def blocks(language):
    for path in (document for document in DOCUMENTS if document != ELSEWHERE):
        text = path.read_text(encoding="utf-8")
        for number, code in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.S), 1):
            yield pytest.param(code, id=f"{path.name}-{number}")


@pytest.mark.parametrize("code", list(blocks("python")))
def test_a_python_block_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "document", "exec"), {"__name__": "document"})


def commands():
    for block in blocks("sh"):
        for line in block.values[0].splitlines():
            if line.startswith("pixelwise "):
                words = shlex.split(line, comments=True)
                yield pytest.param(words[1:], id=shlex.join(words))


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_parses(words):
    request = parse(words)
    assert command_of(make_config(request)) == request.command


def descriptions():
    """Every block of a dataset.toml, below two classes where it shows none."""
    classes = '[[classes]]\nname = "a"\n\n[[classes]]\nname = "b"\n\n'
    for block in blocks("toml"):
        text = block.values[0]
        head = "" if "[[classes]]" in text else classes
        yield pytest.param(head + text, id=block.id)


@pytest.mark.parametrize("text", list(descriptions()))
def test_a_description_is_read(text, tmp_path):
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    assert read_description(tmp_path).root == tmp_path


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_to_files(path):
    links = re.findall(r"\]\((?!http)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


GUIDES = sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "index.md"})


@pytest.mark.parametrize("path", GUIDES, ids=lambda p: p.name)
def test_a_guide_ends_with_what_to_read_next(path):
    last = path.read_text(encoding="utf-8").rstrip().rpartition("\n\n")[2]
    assert last.startswith("Next: [")


def test_the_citation_of_the_questions_is_that_of_the_file():
    page = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^  (\w+) += \{+([^{}]+)\}", page, re.MULTILINE))
    file = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said = dict(re.findall(r'^(title|version|license): "?([^"\n]+)', file, re.MULTILINE))
    said |= {"author": re.search(r"- name: (.+)", file)[1]}
    assert shown == said


def test_readme_names_no_backtick_file_that_is_missing():
    names = re.findall(
        r"`((?:src|docs|tests|benchmarks)/[\w./-]+)`", (ROOT / "README.md").read_text()
    )
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("preset", PRESETS)
def test_the_page_on_migration_has_every_row_of_the_table(preset):
    """Their call, ours, and what ours does not reproduce, in the words of the table."""
    page = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    rows = [
        f'| `{row.call}` | `pw.{loss}.like("{preset}")` | {row.differs} |'
        for loss, row in PRESETS[preset].items()
    ]
    assert [row for row in rows if row not in page.splitlines()] == []
