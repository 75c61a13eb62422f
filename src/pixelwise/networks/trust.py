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
NETWORK, AUGMENTATION = "network", "augmentation"
_trusted_here: set[str] = set()  # by this process, also where the file cannot be written


def is_code(name: str, what: str = NETWORK) -> bool:
    """Whether a network or an augmentation is a `module:function`."""
    kind, _, rest = name.partition(":")
    is_library = kind in NETWORKS or kind in KINDS
    return bool(rest) and (what == AUGMENTATION or not is_library)


def trust(name: str, what: str = NETWORK) -> None:
    """Note that this user trains with it; only a `module:function` needs to be noted."""
    if not is_code(name, what) or name in trusted() or len(name.splitlines()) != 1:
        return
    _trusted_here.add(name)
    with suppress(PixelwiseError, OSError, RuntimeError):
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        append_text(file, name + "\n")


def check_trusted(name: str, where: Path, allowed: bool, what: str = NETWORK) -> None:
    """Raise if a file names code that this user has neither trained with nor allowed.

    Args:
        name: of the network, as of build_network, or of the augmentation.
        where: the file.
        allowed: trust, of the command or function.
        what: NETWORK or AUGMENTATION.
    Raises:
        RunError: naming the module; it has not been imported.
    """
    if allowed or not is_code(name, what) or name in trusted():
        return
    module = name.partition(":")[0]
    event = f"its {what} {name} is code of the module {module}, which you have not trained with"
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
