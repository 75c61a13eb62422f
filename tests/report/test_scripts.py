"""Scripts stand in the page itself; the policy knows each of them and no other."""

from base64 import b64encode
from hashlib import sha256

import pytest

from pixelwise.report import scripts
from pixelwise.report.html import environment

FRAME = '{% extends "page.html" %}{% block title %}t{% endblock %}{% block main %}{% endblock %}'


def test_the_policy_holds_the_digest_of_the_script_that_stands_in_the_page(tmp_path, monkeypatch):
    (tmp_path / "one.js").write_text("const a = 1 < 2 && 'b';\n")
    (tmp_path / "two.js").write_text("const a = 3;\n")
    monkeypatch.setattr(scripts, "FOLDER", tmp_path)
    found = scripts.scripts("one", "two")
    page = environment().from_string(FRAME).render(version="1", scripts=found)
    written = page.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(written.encode()).digest()).decode()
    assert "const a = 1 < 2 && 'b';" in written
    assert f"script-src 'sha256-{digest}';" in page


def test_a_page_without_scripts_lets_none_run():
    page = environment().from_string(FRAME).render(version="1")
    assert "default-src 'none'" in page
    assert "script" not in page.replace("runs no script", "")


@pytest.mark.parametrize("text", ["a = '</script>';", "a = '<!-- ';"])
def test_a_script_cannot_end_its_element(text, tmp_path, monkeypatch):
    (tmp_path / "bad.js").write_text(text)
    monkeypatch.setattr(scripts, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="a script of a page must hold no end of an element"):
        scripts.scripts("bad")
