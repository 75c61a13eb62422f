"""Errors in the words of the command line: `--class-weights`, not `class_weights`."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches

from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.errors import PixelwiseError, as_keyword
from pixelwise.settings import field_of, flag


def sentence(error: PixelwiseError, words: list[str]) -> str:
    """An error as one line that names settings as they are typed.

    Args:
        error: what a command raised.
        words: the words of the command line; the first is the command.
    """
    command = words[0] if words and words[0] in COMMANDS else ""
    is_own = command and error.where == command

    def named(names: str) -> str:
        # what is wrong in a file or in another function has a name of its own there
        is_setting = re.fullmatch(r"\w+(\[\d+\])?(, \w+)*", names)  # "every image" is not
        if not is_setting or (names == error.name and not is_own):
            return names
        return re.sub(r"\w+", lambda m: option(command, m[0]), names)

    def with_value(name: str, value: object) -> str:
        return option(command, name, value)

    # "pixelwise" stands before every message anyway
    text = error.reason if error.where == "pixelwise" else error.message(named, with_value)
    return " ".join(text.split())


def option(command: str, name: str, value: object = None) -> str:
    """A setting as it is typed: DATA, --class-weights, --zero zero.

    Args:
        command: the one that was typed.
        name: what may be a setting of it, or of the only other command that has such a setting.
        value: None leaves the value out.
    """
    configs = {owner: resolve(row.config) for owner, row in COMMANDS.items()}
    owners = [owner for owner, kind in configs.items() if name in {f.name for f in fields(kind)}]
    if command not in owners and (value is None or len(owners) != 1):
        return name if value is None else as_keyword(name, value)
    owner = command if command in owners else owners[0]
    if field_of(configs[owner], name).metadata["positional"]:
        return name.upper()
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    text = shlex.join([flag(name), *map(str, values)])
    return text if owner == command else f"{text} of pixelwise {owner}"


def nearest(word: str, known: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    """The sentence that suggests what may have been meant, or ""."""
    near = [*get_close_matches(word, known, n=1), *otherwise]
    return f"Did you mean {near[0]}? " if near else ""
