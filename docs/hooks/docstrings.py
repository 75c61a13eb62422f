"""Docstrings of this repository -> Google sections that mkdocstrings knows, as Markdown.

Their own headings ("Absent classes", "Equals", "Source") become paragraphs with a title, the
formula below the first sentence becomes code, and `alpha, beta: text` describes both names.
"""

import re
from itertools import pairwise

import griffe

KNOWN = ("Args", "Raises", "Attributes")
OWN = ("Returns", "Absent classes", "Equals", "Source", "Yields", "Settings")
HEADING = re.compile(rf"^({'|'.join((*KNOWN, *OWN, 'Example'))}):(?: +(.*))?$")
# a paragraph below the first sentence is a formula if it has one of these and is no sentence
MATHS = re.compile(r"[=·Σ/→|]|argmax|max over|min over|mean over|sum over|percentiles")
SENTENCE = re.compile(r"^[A-Z][a-z]+ (of )?[a-z]+ [a-z]+")
ITEM = re.compile(r"^(    )((?:\*{0,2}\w+, )*\*{0,2}\w+): (.*)$")
# the classes whose options others share: "see Region" leads to them
SHARED = {
    "Criterion": "losses.criterion",
    "Region": "losses.region",
    "PixelLoss": "losses.pixel",
    "DistanceLoss": "losses.boundary",
    "HardPixels": "losses.hard_pixels",
    "LovaszLoss": "losses.lovasz",
}


class Docstrings(griffe.Extension):
    """Gives every docstring that the site shows its Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Called by griffe for each object that it has read."""
        if obj.docstring and not obj.is_module:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(text: str) -> str:
    """A docstring as griffe's parser and Markdown want it."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if HEADING.match(line)] + [len(lines)]
    parts = [introduction(lines[: starts[0]])]
    parts += [section(lines[a:b]) for a, b in pairwise(starts)]
    return "\n\n".join(part for part in parts if part)


def introduction(lines: list[str]) -> str:
    """The first sentence, the formula, and what else stands above the sections."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    if len(paragraphs) > 1 and is_formula(paragraphs[1]):
        paragraphs[1] = fenced(paragraphs[1], "text")
    return "\n\n".join(paragraph(one) for one in paragraphs)


def is_formula(text: str) -> bool:
    """Whether the second paragraph of a docstring is the formula."""
    starts = SENTENCE.match(text) or re.search(r"\. [A-Z][a-z]+ ", text)
    return bool(MATHS.search(text.partition("\n")[0])) and not starts


def paragraph(text: str) -> str:
    """A paragraph as Markdown; indented lines are code."""
    if text.startswith("```"):
        return text
    if text.startswith("    "):
        code = "\n".join(line.removeprefix("    ") for line in text.split("\n"))
        return fenced(code, "python" if "(" in code else "text")
    return "\n".join(plain(line.strip()) for line in text.split("\n"))


def fenced(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def section(lines: list[str]) -> str:
    """A section: its heading with what belongs to it."""
    title, text = HEADING.match(lines[0]).groups()
    body = lines[1:]
    while body and not body[-1].strip():
        body.pop()
    if title == "Example" and not any(line.strip().startswith(">>>") for line in body):
        body = ["    ```python", *body, "    ```"]
    if title == "Example":
        return "\n".join(["Examples:", *body])
    if title in KNOWN:
        return "\n".join([f"{title}:", *items(body)])
    words = " ".join(filter(None, [text, *(line.strip() for line in body)]))
    return f"**{title}:** {plain(words)}" if words else ""


def items(lines: list[str]) -> list[str]:
    """The lines of a section of names, one name an item."""
    found: list[tuple[list[str], list[str]]] = []
    for line in lines:
        if match := ITEM.match(line):
            found.append((match[2].split(", "), [plain(match[3])]))
        elif found and line.strip():
            found[-1][1].append(plain(line.strip()))
    out = []
    for names, text in found:
        for name in names:
            first, *more = text
            out += [f"    {name}: {first}", *(f"        {line}" for line in more)]
    return out


def plain(text: str) -> str:
    """Text in which nothing but code between backticks is Markdown; "see Region" is a link."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [escaped(part) for part in parts[::2]]
    return re.sub(
        rf"\b([Ss]ee) ({'|'.join(SHARED)})\b",
        lambda m: f"{m[1]} [{m[2]}][pixelwise.{SHARED[m[2]]}.{m[2]}]",
        "".join(parts),
    )


def escaped(text: str) -> str:
    """Text whose characters stand for themselves in Markdown."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    return re.sub(r"([*_\[\]#])", r"\\\1", text)
