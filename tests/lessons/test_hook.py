"""The hook that executes lessons."""

import importlib.util
import json
from types import SimpleNamespace

import pytest

from lessons.conftest import HOOK

LESSON = """\
# %% [markdown]
# # A title
#
# See [the next](2_next.py) and [the guide](../guide.md).

# %%
import time

seen = {"a", "b"}
print(len(seen), end=" ", flush=True)
time.sleep(0.3)  # until the first part has arrived
print("<b>")

# %% [markdown]
# <details>
# <summary>Answer</summary>
#
# *Yes.*
#
# </details>
"""
PICTURE = """
# %% alt="A [grey] square"
from PIL import Image

Image.new("L", (4, 4))
"""


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """The hook, with a lesson of our own."""
    spec = importlib.util.spec_from_file_location("lessons_hook", HOOK)
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    monkeypatch.setattr(hook, "SOURCES", tmp_path / "lessons")
    monkeypatch.setattr(hook, "BUILD", tmp_path / "build")
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "1_drawn.py").write_text(LESSON + PICTURE)
    return hook


def test_a_lesson_becomes_a_page_with_its_outputs_and_a_notebook(lessons):
    folder = lessons.make("1_drawn")
    page = (folder / "1_drawn.md").read_text()
    assert page.startswith("# A title\n\nThis page is a notebook")
    assert "<pre><code>2 &lt;b&gt;</code></pre>" in page
    assert '<details markdown="1">\n<summary>Answer</summary>\n\n*Yes.*\n\n</details>' in page
    assert r"![A \[grey\] square](1_drawn/1.png)" in page
    assert (folder / "1_drawn" / "1.png").read_bytes().startswith(b"\x89PNG")
    first, code, *_ = json.loads((folder / "1_drawn.ipynb").read_text())["cells"]
    assert "[the next](2_next.ipynb) and the guide." in "".join(first["source"])
    assert code["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["2 <b>\n"]}]
    # a second build takes what is there
    lessons.execute = None
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    assert lessons.make("1_drawn") == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before
    # another text of it does not
    lessons.SOURCES.joinpath("1_drawn.py").write_text(LESSON.replace("title", "heading"))
    with pytest.raises(TypeError, match="not callable"):
        lessons.make("1_drawn")


def test_a_cell_that_fails_is_named(lessons):
    lessons.SOURCES.joinpath("1_drawn.py").write_text(LESSON + "\n# %%\nassert seen == 3, 'no'\n")
    with pytest.raises(lessons.LessonFailed, match=r"1_drawn\.py: cell 3 \(assert seen == 3") as e:
        lessons.make("1_drawn")
    assert "AssertionError: no" in str(e.value)
    assert "\x1b" not in str(e.value)
    assert not (lessons.BUILD / "1_drawn").exists()


@pytest.mark.parametrize(
    ("page", "link", "shown"),
    [
        ("index.md", "lessons/1_drawn.py", "lessons/1_drawn.md"),
        ("lessons/index.md", "1_drawn.py#more", "1_drawn.md#more"),
        ("guide.md", "hooks/1_drawn.py", "hooks/1_drawn.py"),
    ],
)
def test_links_to_the_source_of_a_lesson_lead_to_its_page(lessons, page, link, shown):
    where = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    assert lessons.on_page_markdown(f"[one]({link})", page=where) == f"[one]({shown})"
