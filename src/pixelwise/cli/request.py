"""What was asked for: a command and its settings, checked before heavy packages are imported."""

import os
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.errors import ArgumentError, setting
from pixelwise.files.patterns import fixed_part
from pixelwise.settings import choices_of, from_words, read_settings, type_hints
from pixelwise.text import shell_line

# the file by which a folder of a kind is known, and others that will do
INSIDE = {"dataset": "dataset.toml", "run": "config.json"}
ALSO = {"run": "folds.json"}


@dataclass(frozen=True)
class Request:
    """A command as it was typed.

    Args:
        command: a name in COMMANDS.
        words: name of a setting -> the text, texts or flag that was given.
        as_json: print the result as JSON.
        config: file with more settings.
    """

    command: str
    words: dict[str, Any]
    as_json: bool = False
    config: Path | None = None


def make_config(request: Request) -> Any:
    """The configuration of a command: its file of settings, then its options.

    Raises:
        ArgumentError: a setting is missing, unknown, or not what it must be.
    """
    kind = resolve(COMMANDS[request.command].config)
    hints = type_hints(kind)
    given = {}
    if request.config is not None:
        check_path(request.command, "--config", request.config, "file")
        given = read_settings(request.config, kind)
    given |= {name: from_words(hints[name], words) for name, words in request.words.items()}
    for f in fields(kind):
        if f.default is MISSING and f.name not in given:
            words = choices_of(kind, f.name)
            what = f"one of {', '.join(words)}" if words else f.metadata["help"]
            event = f"{setting(f.name)} must be given: {what}"
            hint = f"See pixelwise {request.command} --help."
            raise ArgumentError(request.command, event=event, hint=hint)
    return kind(**given)


def check_paths(command: str, config: Any) -> None:
    """Check that what a command reads is there.

    Raises:
        ArgumentError: a file or folder does not exist, or is not of the kind that is needed.
    """
    for f in fields(config):
        value = getattr(config, f.name)
        for one in value if isinstance(value, tuple) else (value,):
            # text may also be a name that the command knows
            is_path = isinstance(one, Path) or str(one).endswith(".json")
            if f.metadata["reads"] and is_path:
                check_path(command, f.name, Path(one), f.metadata["reads"])


def check_path(command: str, name: str, path: Path, reads: str) -> None:
    """Check that a path leads to a file, folder, dataset or run."""
    if "folder" in reads:
        path = fixed_part(path)  # "*" in it stands for several folders
    # os.path, as Path.exists() raises an error for names that are too long
    is_folder, hint = os.path.isdir(path), ""
    known = [*INSIDE.items(), *ALSO.items()]
    kinds = [kind for kind, name in known if os.path.isfile(path / name)]
    if not os.path.lexists(path):
        got = f"{path}, which does not exist"
    elif is_folder and reads in INSIDE and reads not in kinds:
        got = f"{path}, a {kinds[0]}" if kinds else f"{path} without it"
        if reads == "dataset" and not kinds:
            hint = f"Make one with: pixelwise init {shell_line([str(path)])}"
    elif is_folder and reads == "file":
        got = f"{path}, a folder"
    elif not is_folder and reads in ("folder", "run"):
        got = f"{path}, a file"
    else:
        return
    must = f"a folder with {INSIDE[reads]}" if reads in INSIDE else f"an existing {reads}"
    raise ArgumentError(command, name, must=must, got=got, hint=hint)
