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

# The rules about how images are stored, which stand among the others of files in RULES.
IMAGE_RULES = {
    "F13": Rule(
        "warning",
        "the 16-bit image becomes nearly black",
        "It holds 12 bits in samples of 16, of which the upper 8 are used. Say in dataset.toml "
        "which values are black and white (pixelwise init asks), or save it with 8 bits. Of "
        "images, a sample is decoded, with deep all.",
        "files",
    ),
    "F14": Rule(
        "error",
        "the image has other bands or samples than the others, or than dataset.toml says",
        "It comes from another source or program. A network takes one kind of images: convert it, "
        "or name its bands under [images] in dataset.toml.",
        "files",
    ),
}
