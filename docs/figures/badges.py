"""The badges of the README: what pyproject.toml states, drawn as SVG.

    python docs/figures/badges.py      # writes docs/badges

A test draws them again, so none of them can be out of date.
"""

import tomllib
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "badges"
HEIGHT, SIDE, LETTER = 20, 8, 6.6  # pixels: of a badge, left and right of a word, of a letter
LEFT, RIGHT = "#3f464d", "#1f5c99"  # contrast of white on them: 9.5 and 6.9


def badges() -> dict[str, str]:
    """SVG of each badge, by the name of its file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {f"{name}.svg": badge(name, value) for name, value in stated(project).items()}


def stated(project: dict[str, Any]) -> dict[str, str]:
    """What pyproject.toml says, in the words of a badge."""
    before = "Programming Language :: Python :: 3."
    minor = [name.removeprefix(before) for name in project["classifiers"] if before in name]
    return {
        "python": " | ".join(f"3.{number}" for number in minor),
        "licence": project["license"],
        "types": "mypy strict, pyright",
    }


def badge(name: str, value: str) -> str:
    """Two fields: what it is, and its value."""
    widths = [round(len(text) * LETTER) + 2 * SIDE for text in (name, value)]
    fields, left = [], 0
    for text, width, color in zip((name, value), widths, (LEFT, RIGHT), strict=True):
        fields += [
            f'<rect x="{left}" width="{width}" height="{HEIGHT}" fill="{color}"/>',
            f'<text x="{left + width / 2}" y="14">{escape(text)}</text>',
        ]
        left += width
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="{HEIGHT}" role="img" '
            f'aria-label="{escape(f"{name}: {value}")}">',
            '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
            'font-size="11">',
            *fields,
            "</g>",
            "</svg>\n",
        ]
    )


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in badges().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
