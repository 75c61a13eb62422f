"""JSON files that any reader accepts: whole or not at all, null where JSON has no number."""

import json
import math
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.files.atomic import atomic_write


def origin(schema: str, command: str) -> dict[str, str]:
    """What every result begins with: its schema, and which release made it, how and when."""
    return {
        "schema": schema,
        "version": version("pixelwise"),
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically; NaN and infinity become null."""
    text = json.dumps(without_nan(content), indent=1, allow_nan=False)
    atomic_write(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that this library wrote.

    Raises:
        RunError: there is no such file, or it is damaged.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError:
        got = f"no {path.name} in it"
        raise RunError(path.parent, "folder", must="one of pixelwise", got=got) from None
    except ValueError:
        raise RunError(path, "content", must="JSON", got="damage") from None
    if not isinstance(content, dict):
        raise RunError(path, "content", must="a JSON object", got=type(content).__name__)
    return content


def without_nan(value: Any) -> Any:
    """The same JSON-able value with null in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: without_nan(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
