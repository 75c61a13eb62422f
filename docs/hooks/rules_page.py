"""The page of the audit's rules: each with how bad it is, its cause, its repair and a picture."""

from markdown_text import block, text
from pixelwise.audit.rules import RULES
from rule_pictures import ABOUT, picture

KINDS = {
    "F": "How a file is stored",
    "V": "Values in a label",
    "G": "Image and label on top of each other",
    "P": "Which label belongs to which image",
    "S": "Splits and copies",
    "R": "Shapes and regions",
    "M": "The class table",
}
REPAIRS = {
    "storage": "`pixelwise audit DATA --fix FOLDER` writes the label again, with the same values.",
    "values": "`pixelwise audit DATA --fix FOLDER` changes the wrong pixels in a copy.",
    "turn": "`pixelwise audit DATA --fix FOLDER` turns the image in a copy.",
    "resize": "`pixelwise audit DATA --fix FOLDER` resizes the image in a copy.",
    "never": "By hand: the file is copied as it is.",
    "": "By hand.",
}
INTRODUCTION = """# Audit rules

`pixelwise audit DATA` looks for {number} defects of label files, labels, pairs and splits. A
finding names its rule, the files, and how many pixels are concerned. See the
[command](commands/audit.md).

- **error**: training or scores would be wrong, or stop.
- **warning**: wrong in many programs, or wrong more often than not.
- **note**: worth knowing.

The pictures are drawn: the label as it should be on the left, the defect on the right. `audit
--html` shows the same of your own files.
"""


def pages() -> dict[str, str | bytes]:
    """The page and its pictures, by path."""
    made: dict[str, str | bytes] = {}
    lines = [INTRODUCTION.format(number=len(RULES))]
    for letter, title in KINDS.items():
        lines.append(f"## {title}\n")
        for id in (id for id in RULES if id[0] == letter):
            lines += section(id)
            if (drawn := picture(id)) is not None:
                made[f"reference/rules/{id}.png"] = drawn
    return {"reference/rules.md": "\n".join(lines), **made}


def section(id: str) -> list[str]:
    """What is said of a rule."""
    rule = RULES[id]
    lines = [f"### {id}: {text(rule.title)} {{ #{id.lower()} }}\n"]
    lines += [f"Rule {id} · **{rule.severity}** · counted in {rule.counted}\n"]
    shown = ABOUT[id]
    if picture(id) is not None:
        lines.append(f"![{text(shown)}](rules/{id}.png){{ .rule }}\n\n{text(shown)}\n")
    else:
        lines.append(block(shown) + "\n")
    lines.append(f"**Cause:** {text(rule.cause)}\n")
    lines.append(f"**Repair:** {repair(id)}\n")
    return lines


def repair(id: str) -> str:
    """How a finding of a rule is repaired."""
    rule = RULES[id]
    if rule.convert:
        return f"`pixelwise convert ... {rule.convert}`"
    words = REPAIRS[rule.repair]
    if rule.ask:
        named = f"`--fix-rules safe {id}`"
        words += f" Only if the rule is named, by {named}: {text(rule.ask)}."
    return words
