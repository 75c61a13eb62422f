"""Errors in the words of the command line: `--class-weights`, not `class_weights`."""

import re
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches

import pixelwise
from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.errors import PixelwiseError, as_keyword
from pixelwise.settings import field_of, flag
from pixelwise.text import shell_line

# what a command calls by itself: who typed the command does not know them
FUNCTIONS = {*filter(str.islower, dir(pixelwise)), "open_executor"} - set(COMMANDS)

VERBOSE = "--verbose"
LONGEST_MESSAGE = 400


def sentence(error: PixelwiseError, words: list[str]) -> str:
    """An error as one line that names settings as they are typed.

    Args:
        error: what a command raised.
        words: the words of the command line; the first is the command.
    """
    command = words[0] if words and words[0] in COMMANDS else ""
    is_own = command and error.where in (command, *FUNCTIONS)

    def named(names: str) -> str:
        is_setting = re.fullmatch(r"\w+(\[\d+\])?(, \w+)*", names)  # "every image" is not
        # what is wrong in a file or in another function has a name of its own there
        if not is_setting or not is_own:
            return names
        return re.sub(r"\w+", lambda m: option(command, m[0]), names)

    def with_value(name: str, value: object) -> str:
        return option(command, name, value)

    # who has to read more than that reads nothing; lists of names are behind --verbose
    most = {} if VERBOSE in words else {"most": LONGEST_MESSAGE}
    text = error.message(named, with_value, **most)
    if error.where == "pixelwise":  # it stands before every message anyway
        text = text.removeprefix("pixelwise: ")
    elif command and error.where in FUNCTIONS:
        text = f"{command}{text.removeprefix(error.where)}"
    return " ".join(text.split())


def option(command: str, name: str, value: object = None) -> str:
    """A setting as it is typed: DATA, --class-weights, --zero zero.

    Args:
        command: the one that was typed.
        name: what may be a setting of it, or of the only other command that has such a setting.
        value: None leaves the value out.
    """
    if name in settings_of(command):
        return typed(command, name, value)
    owners = [other for other in COMMANDS if name in settings_of(other)]
    if value is not None and len(owners) == 1:
        return f"{typed(owners[0], name, value)} of pixelwise {owners[0]}"
    return name if value is None else as_keyword(name, value)


def settings_of(command: str) -> list[str]:
    """The names of what a command takes."""
    return [f.name for f in fields(resolve(COMMANDS[command].config))] if command else []


def typed(command: str, name: str, value: object) -> str:
    """A setting of a command with its value, if there is one."""
    if field_of(resolve(COMMANDS[command].config), name).metadata["positional"]:
        return name.upper()
    if value is False:
        return flag(f"no_{name}")
    values = (
        value if isinstance(value, tuple) else () if value is None or value is True else (value,)
    )
    return shell_line([flag(name), *map(str, values)])


def nearest(word: str, known: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    """The sentence that suggests what may have been meant, or ""."""
    near = [*get_close_matches(word, known, n=1), *otherwise]
    return f"Did you mean {near[0]}? " if near else ""
