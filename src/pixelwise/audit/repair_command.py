"""The command that repairs what a rule has found."""

from pixelwise.audit.rules import OF_IMAGES, REPAIRED, RULES
from pixelwise.text import shell_line


def repair_command(name: str, root: str, first: str = "", instead: str = "") -> str:
    """The command that repairs a rule, as a shell takes it; "" if none does.

    Args:
        name: of the rule.
        root: the folder of the dataset.
        first: the command that writes its dataset.toml, "" if it has one.
        instead: the commands that make label images of labels that are colours; "" if they are
            label images.
    """
    rule, folder = RULES[name], root.rstrip("/") or root
    if rule.convert:
        return f"pixelwise convert {shell_line([folder])} {rule.convert}"
    if name == "P1" and first:
        return first
    if rule.repair not in REPAIRED:
        return ""
    if instead:
        return instead if rule.repair not in OF_IMAGES else ""
    asked = f" --fix-rules safe {name}" if rule.ask else ""
    command = shell_line(["pixelwise", "audit", folder, "--fix", f"{folder}-fixed"]) + asked
    return f"{first} && {command}" if first else command
