"""In the text of a page `pw.NAME` and `pixelwise COMMAND` lead to the reference."""

import re
from posixpath import dirname, relpath

import pixelwise as pw
import python_pages
from pixelwise.cli.commands import COMMANDS

# what is left alone comes first: blocks of code, headings, links; then what is looked at
PIECES = re.compile(
    r"(?P<kept>^ *```.*?^ *```|^#[^\n]*|\[[^\]\n]*\]\([^)\n]*\)|<summary>.*?</summary>)"
    r"|`pw\.(?P<metrics>metrics\.)?(?P<name>\w+)(?P<call>[^`\n]*)`"
    r"|`pixelwise (?P<command>[a-z]+)(?P<words>[^`\n]*)`",
    re.DOTALL | re.MULTILINE,
)


def with_links(markdown: str, uri: str) -> str:
    """The text of a page with those links.

    Args:
        markdown: the text.
        uri: path of the page in the site.
    """

    def lead(match: re.Match) -> str:
        goal = goal_of(match)
        return f"[{match[0]}]({relpath(goal, dirname(uri) or '.')})" if goal else match[0]

    return PIECES.sub(lead, markdown)


def goal_of(match: re.Match) -> str:
    """The page and anchor that a name has in the reference; "" if it has none."""
    if match["kept"]:
        return ""
    if match["command"]:
        command = match["command"]
        return f"reference/commands/{command}.md" if command in COMMANDS else ""
    name = match["name"]
    if name in pw.__all__ and name != "metrics":
        return f"reference/python/{python_pages.page_of_name(name)}"
    if name in python_pages.only_metrics() and match["metrics"]:
        return f"reference/python/metrics.md#{python_pages.anchor(name, 'metrics.')}"
    return ""
