"""Words -> a request, and --help: one option for each field of a configuration."""

import argparse
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from pixelwise import __version__
from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.cli.request import Request
from pixelwise.cli.wording import VERBOSE, nearest
from pixelwise.errors import ArgumentError
from pixelwise.settings import choices_of, flag, type_hints

WIDTH = 100  # of --help, if the terminal is as wide
LONGEST = 32  # characters of choices that stand beside their option
ABOUT = "Semantic segmentation, from label image to loss to score."
EXAMPLES = (
    "pixelwise demo             # all steps in two minutes, on a drawn dataset",
    "pixelwise init street/     # looks at your images and labels",
)
# what stands for a value in --help
METAVARS = {int: "N", float: "X", Path: "PATH"}
# headings that come first and last, wherever their fields are in the configuration
COMMON = "common"  # of a command with many options, with its arguments
FIRST, LAST = (COMMON, "arguments", "source", "data"), ("output", "machine")
PLACES = {"file": "FILE", "file or folder": "PATH"}
FOLDERS = ("dataset", "run", "folder")
# options of every command; no setting can have such a name
AS_JSON, CONFIG = "--json", "--config"


def parse(words: list[str]) -> Request:
    """The command and settings that were typed; --help and --version print and exit.

    Raises:
        ArgumentError: an unknown command or option, or an option with too few or many values.
    """
    name = words[0] if words else "--help"
    if name == "help":  # as in other programs: pixelwise help train
        words = [*words[1:2], "--help"]
        name = words[0]
    if name.startswith("-"):
        _, unknown = main_parser().parse_known_args([name])
        hint = f"{nearest(unknown[0], ['--help', '--version'])}See pixelwise --help."
        raise ArgumentError("pixelwise", event=f"unknown option {unknown[0]}", hint=hint)
    if name not in COMMANDS:
        hint = f"{nearest(name, list(COMMANDS))}See pixelwise --help."
        raise ArgumentError("pixelwise", event=f"unknown command {name}", hint=hint)
    parser = command_parser(name)
    try:
        found, unknown = parser.parse_known_intermixed_args(words[1:])
    except argparse.ArgumentError as error:
        raise wrong_count(name, error.argument_name or "") from None
    if unknown:
        word = next((word for word in unknown if word.startswith("-")), unknown[0])
        raise unknown_word(name, word)
    given = vars(found)
    as_json, config = given.pop(AS_JSON, False), given.pop(CONFIG, None)
    given.pop(VERBOSE, None)  # the words have it where it counts
    take_repeated(given, resolve(COMMANDS[name].config))
    return Request(name, given, as_json, None if config is None else Path(config))


def take_repeated(given: dict[str, Any], config: type) -> None:
    """`--data A --data B` is A --more-data B: an argument without dashes, and more of its kind.

    Args:
        given: what was typed, by option; it is changed.
        config: of the command.
    """
    for place, more in repeatable(config).items():
        words = given.pop(flag(place), [])
        if words and place not in given:
            given[place] = words.pop(0)
        if words:
            given[more] = [*words, *given.get(more, [])]


def repeatable(config: type) -> dict[str, str]:
    """The arguments without dashes that may be repeated as options, and where the others go."""
    names = {f.name for f in fields(config)}
    places = [f.name for f in fields(config) if f.metadata["positional"]]
    return {name: f"more_{name}" for name in places if f"more_{name}" in names}


def unknown_word(command: str, word: str) -> ArgumentError:
    """The error for a word that a command does not take."""
    option = word.partition("=")[0]
    hint = f"See pixelwise {command} --help."
    if not option.startswith("-"):
        return ArgumentError(command, event=f"unexpected argument {word}", hint=hint)
    kind = resolve(COMMANDS[command].config)
    options = {flag(f.name): f.metadata for f in fields(kind)}
    places = [name for name, metadata in options.items() if metadata["positional"]]
    no = [flag(f"no_{f.name}") for f in fields(kind) if type_hints(kind)[f.name] is bool]
    # "--learning-rate" is how the help of another option calls it
    said = option.strip("-").replace("-", " ")
    like = [name for name, metadata in options.items() if said in metadata["help"]]
    suggestion = nearest(option, [*options, *no, AS_JSON, CONFIG, VERBOSE, "--help"], like)
    if option in places:
        suggestion = f"{option[2:].upper()} is given without --{option[2:]}. "
    return ArgumentError(command, event=f"unknown option {option}", hint=f"{suggestion}{hint}")


def wrong_count(command: str, names: str) -> ArgumentError:
    """The error for an option with another number of values than it takes."""
    option = names.partition("/")[0]
    kind = resolve(COMMANDS[command].config)
    counts = {flag(f.name): count_of(type_hints(kind)[f.name]) for f in fields(kind)}
    count = {**counts, AS_JSON: 0, VERBOSE: 0, CONFIG: None}.get(option, 0)  # --no-OPTION is a flag
    event = f"{option} takes no value"
    hint = f"See pixelwise {command} --help."
    if count != 0:
        words_of: dict[int | str | None, str] = {None: "a value", "+": "one or more values"}
        number = words_of.get(count, f"{count} values")
        event = f"{option} must be followed by {number}"
        words = {flag(f.name): f.metadata["metavar"] for f in fields(kind)}.get(option)
        if isinstance(words, tuple):
            hint = f"Write {option} {' '.join(words)}. {hint}"
    return ArgumentError(command, event=event, hint=hint)


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help of at most WIDTH columns; examples keep their lines."""

    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns, WIDTH)
        super().__init__(prog, max_help_position=30, width=width)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_on_hyphens=False)  # an option stays one word


class Parser(argparse.ArgumentParser):
    """A parser that leaves types, choices and missing settings to the configuration."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(
            formatter_class=Formatter,
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
            add_help=False,
            exit_on_error=False,
            **texts,
        )


def main_parser() -> Parser:
    """The parser of `pixelwise` without a command."""
    width = max(map(len, COMMANDS))
    lines = [ABOUT, "", "commands:"]
    lines += [f"  {name.ljust(width)}  {command.help}" for name, command in COMMANDS.items()]
    parser = Parser(
        prog="pixelwise",
        usage="pixelwise COMMAND [options]",
        description="\n".join(lines),
        epilog=examples(EXAMPLES),
    )
    general = parser.add_argument_group("options")
    add_help(general)
    version = f"pixelwise {__version__}"
    text = "print the version"
    general.add_argument("-v", "--version", action="version", version=version, help=text)
    return parser


def command_parser(name: str) -> Parser:
    """The parser of a command."""
    parser = Parser(prog=f"pixelwise {name}", **texts_of(name))
    add_options(parser, resolve(COMMANDS[name].config))
    return parser


def texts_of(name: str) -> dict[str, Any]:
    """Usage, description and examples of a command, for its parser."""
    command = COMMANDS[name]
    config = resolve(command.config)
    places = [f for f in fields(config) if f.metadata["positional"]]
    words = [f.name.upper() if f.default is MISSING else f"[{f.name.upper()}]" for f in places]
    hints = type_hints(config)
    words = [f"{w} [{w} ...]" if is_several(hints[f.name]) else w for f, w in zip(places, words)]
    return {
        "usage": " ".join(["pixelwise", name, *words, "[options]"]),
        "description": f"{command.help[0].upper()}{command.help[1:]}.",
        "epilog": examples(command.examples),
    }


def examples(lines: Sequence[str]) -> str:
    """Examples as the end of --help."""
    return "\n  ".join(["examples:", *lines])


def add_options(parser: argparse.ArgumentParser, config: type) -> dict[str, Any]:
    """One option for each field of a configuration, and those that every command has.

    Returns:
        The actions of argparse by name of field.
    """
    actions: dict[str, Any] = {}
    for title, members in headings(config).items():
        group = parser.add_argument_group(title)
        actions |= {f.name: add_option(group, config, f) for f in members}
    general = parser.add_argument_group("general")
    general.add_argument(
        "--json", dest=AS_JSON, action="store_true", help="print the result as JSON"
    )
    general.add_argument(
        VERBOSE, dest=VERBOSE, action="store_true", help="print the whole of long messages"
    )
    text = "settings from a .toml file or the config.json of a run; options override it"
    actions[CONFIG] = general.add_argument("--config", dest=CONFIG, metavar="FILE", help=text)
    add_help(general)
    return actions


def headings(config: type) -> dict[str, list[Field]]:
    """The fields of a configuration under their headings, in the order of --help."""
    found: dict[str, list[Field]] = {title: [] for title in FIRST}
    heading = "options"
    for f in fields(config):
        heading = f.metadata["group"] or heading
        title = "arguments" if f.metadata["positional"] else heading
        found.setdefault(COMMON if f.metadata["common"] else title, []).append(f)
    last = {title: found.pop(title) for title in LAST if title in found}
    return {title: members for title, members in {**found, **last}.items() if members}


def add_help(group: Any) -> None:
    """The option --help."""
    group.add_argument("-h", "--help", action="help", help="print this help")


def add_option(group: Any, config: type, f: Field) -> argparse.Action:
    """The option of one field, or its argument without dashes."""
    kind, name, text = type_hints(config)[f.name], flag(f.name), help_of(config, f)
    if f.metadata["positional"]:
        if f.name in repeatable(config):
            group.add_argument(name, dest=name, action="append", help=argparse.SUPPRESS)
        count = "*" if is_several(kind) else "?"
        return group.add_argument(f.name, metavar=f.name.upper(), nargs=count, help=text)
    if kind is bool and f.default:
        return group.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
    if kind is bool:
        # what a file of settings says can be taken back
        no = flag(f"no_{f.name}")
        group.add_argument(no, dest=f.name, action="store_false", help=argparse.SUPPRESS)
        return group.add_argument(name, action="store_true", help=text)
    metavar = metavar_of(config, f)
    return group.add_argument(name, metavar=metavar, nargs=count_of(kind), help=text)


def kind_of(hint: Any) -> Any:
    """A type hint without None."""
    kinds = get_args(hint) if NoneType in get_args(hint) else (hint,)
    return next(kind for kind in kinds if kind is not NoneType)


def count_of(hint: Any) -> int | str | None:
    """How many values an option takes, as argparse says it: None is one."""
    kind = kind_of(hint)
    if kind is bool:
        return 0
    if get_origin(kind) is not tuple:
        return None
    kinds = get_args(kind)
    return "+" if kinds[-1] is Ellipsis else len(kinds)


def is_several(hint: Any) -> bool:
    """Whether an argument may be given more than once: `Path | tuple[Path, ...]`."""
    return any(get_origin(kind) is tuple for kind in get_args(hint))


def metavar_of(config: type, f: Field) -> str | tuple[str, ...]:
    """What stands for the value of a field: its choices if they are short."""
    if f.metadata["metavar"]:
        return f.metadata["metavar"]
    listed = "{" + ",".join(choices_of(config, f.name)) + "}"
    if 2 < len(listed) <= LONGEST:
        return listed
    if f.metadata["reads"]:
        return PLACES.get(f.metadata["reads"], "FOLDER")
    return METAVARS.get(kind_of(type_hints(config)[f.name]), f.name.rpartition("_")[2].upper())


def help_of(config: type, f: Field) -> str:
    """The help of a field: what it is, its choices if they are long, its default."""
    words = choices_of(config, f.name)
    text, opening, rest = f.metadata["help"].partition(" (default")
    metavar = metavar_of(config, f)
    if words and (f.metadata["positional"] or any(word not in metavar for word in words)):
        text += f": {', '.join(words)}"
    text += opening + rest
    if f.default not in (MISSING, None, (), "") and f.default is not False:
        text += f" (default: {shown_default(f.default)})"
    return text.replace("%", "%%")


def shown_default(default: Any) -> str:
    """A default as one would type it."""
    if default is True:
        return "yes"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)
