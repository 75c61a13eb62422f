"""What a rule of the audit says; RULES is the table of them."""

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Rule:
    """What a finding of a rule means.

    Args:
        severity: how bad it is.
        title: what is wrong, in words that stand alone.
        cause: how it comes about most often, and what to do where no command repairs it.
        counted: what the count of a finding counts.
        about: what a finding is about.
        repair: what a repaired copy does: "storage" writes the label again with the same values;
            "values" changes wrong pixels; "turn" turns the image as its orientation tag says;
            "resize" gives the image the size of its label; "never" copies the file even if other
            rules found something in it, because what it holds is not what was drawn; "" leaves
            this finding.
        ask: why the repair is made only if the rule is named; "" = it is safe.
        convert: options of `pixelwise convert` that repair it instead.
        replaces: the rule whose findings become ones of this rule once all labels have been read.
    """

    severity: Severity
    title: str
    cause: str
    counted: Literal["pixels", "files", "lines", "shapes", "classes"] = "pixels"
    about: Literal["file", "split", "class", "list", "place"] = "file"
    repair: Literal["", "storage", "values", "turn", "resize", "never"] = ""
    ask: str = ""
    convert: str = ""
    replaces: str = ""


# The kinds of repair that change something in a copy, and those that change images.
OF_IMAGES = ("turn", "resize")
REPAIRED = ("storage", "values", *OF_IMAGES)
