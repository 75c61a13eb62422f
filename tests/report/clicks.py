"""A page in a browser, in which a test clicks and types; what it then reads comes back."""

import html
import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=6000"]

# The page stands in a frame, so that what clicks in it is not under its policy.
WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><body>
<iframe id="frame" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
<script>
const drawn = () => new Promise((done) => setTimeout(done, 60));
document.getElementById("frame").onload = async function () {{
  const page = this.contentDocument, all = (selector) => [...page.querySelectorAll(selector)];
  const one = (selector) => page.querySelector(selector);
  const texts = (selector) => all(selector).filter((e) => e.checkVisibility())
    .map((e) => e.textContent.trim());
  const type = async (selector, text) => {{
    one(selector).value = text;
    one(selector).dispatchEvent(new Event("input", {{ bubbles: true }}));
    await drawn();
  }};
  const click = async (node) => {{ node.click(); await drawn(); }};
  const found = {{}};
  try {{
    {actions}
  }} catch (error) {{ found.error = String(error); }}
  const out = document.createElement("output");
  out.textContent = JSON.stringify(found);
  document.body.append(out);
}};
</script>"""


def clicked(page, actions, folder, width=1280):
    """What JavaScript puts into `found`, and what the console said.

    Args:
        page: HTML.
        actions: JavaScript; page, all(selector), one(selector), texts(selector), type(selector,
            text) and click(node) are there.
        folder: for the files of the browser.
        width: of the page in pixels.
    """
    wrapper = folder / "clicks.html"
    wrapper.write_text(WRAPPER.format(width=width, page=html.escape(page), actions=actions))
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, wrapper.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    out = re.search(r"<output>(.*?)</output></body>", done.stdout, re.DOTALL)
    assert out, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(out.group(1))), console
