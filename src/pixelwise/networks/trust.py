"""Which `module:function` a checkpoint may name: those that this user has typed to train with.

To build such a network is to run code, and a checkpoint may be anybody's. The names are in a file
of the user, one a line; any other is allowed once by trust=True. See docs/adr/0006-runs.md.
"""

import os
from contextlib import suppress
from pathlib import Path

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.files.atomic import append_text
from pixelwise.files.toml_file import read_text
from pixelwise.networks.table import KINDS, NETWORKS

FILE = "trusted_networks.txt"
_trusted_here: set[str] = set()  # by this process, also where the file cannot be written


def is_code(name: str) -> bool:
    """Whether a network is a `module:function`."""
    kind, _, rest = name.partition(":")
    return bool(rest) and kind not in NETWORKS and kind not in KINDS


def trust(name: str) -> None:
    """Note that this user trains a network; only a `module:function` needs it."""
    if not is_code(name) or name in trusted() or len(name.splitlines()) != 1:
        return
    _trusted_here.add(name)
    with suppress(PixelwiseError, OSError, RuntimeError):
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        append_text(file, name + "\n")


def check_trusted(name: str, where: Path, allowed: bool) -> None:
    """Raise if a file names code that this user has neither trained with nor allowed.

    Args:
        name: of the network, as of build_network.
        where: the file.
        allowed: trust, of the command or function.
    Raises:
        RunError: naming the module; it has not been imported.
    """
    if allowed or not is_code(name) or name in trusted():
        return
    module = name.partition(":")[0]
    event = f"its network {name} is code of the module {module}, which you have not trained with"
    hint = f"It is not imported. If you know and trust it, allow it: {setting('trust', True)}."
    raise RunError(where, event=event, hint=hint)


def trusted() -> set[str]:
    """The names in the user's file, and those of this process."""
    with suppress(PixelwiseError, OSError, RuntimeError):
        return {*_trusted_here, *read_text(_file()).splitlines()}
    return set(_trusted_here)


def _file() -> Path:
    base = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "pixelwise" / FILE
