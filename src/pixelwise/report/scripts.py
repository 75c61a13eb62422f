"""The scripts of a page: written into the file, and the only ones that its policy lets run.

A page can be read without them: a script sorts, filters and enlarges what stands there already.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from pixelwise.files.content import read_file

FOLDER = Path(__file__).parent / "script"


@dataclass(frozen=True)
class Scripts:
    """What a page runs.

    Attributes:
        text: of one script element, as it stands in the page.
        policy: the source of its content security policy, which no other script has.
    """

    text: str
    policy: str


@cache
def scripts(*names: str) -> Scripts:
    """Join scripts of report/script, each in a function of its own.

    Args:
        names: without their suffix, in the order in which they run.
    """
    return _inline([read_file(FOLDER / f"{name}.js").decode() for name in names])


def _inline(parts: Sequence[str]) -> Scripts:
    text = "\n" + "\n".join(f"(() => {{\n{part}}})();" for part in parts) + "\n"
    if "</" in text or "<!--" in text:
        raise ValueError("a script of a page must hold no end of an element, got one")
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Scripts(text, f"'sha256-{digest}'")
