"""The command that repairs what a rule has found."""

from pixelwise.audit.rule import REPAIRED
from pixelwise.audit.rules import RULES
from pixelwise.text import shell_line


def repair_command(name: str, root: str) -> str:
    """The command that repairs a rule, as a shell takes it; "" if none does.

    Args:
        name: of the rule.
        root: the folder of the dataset.
    """
    rule, folder = RULES[name], root.rstrip("/") or root
    if rule.convert:
        return f"pixelwise convert {shell_line([folder])} {rule.convert}"
    if rule.repair not in REPAIRED:
        return ""
    asked = f" --fix-rules safe {name}" if rule.ask else ""
    return shell_line(["pixelwise", "audit", folder, "--fix", f"{folder}-fixed"]) + asked
