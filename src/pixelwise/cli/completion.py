"""`pixelwise completion`: a script with which a shell completes commands, options and choices."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Literal

from pixelwise.cli.commands import COMMANDS, resolve
from pixelwise.cli.parser import (
    CONFIG,
    FOLDERS,
    Parser,
    add_options,
    kind_of,
    main_parser,
    texts_of,
)
from pixelwise.settings import check_settings, choices_of, required, type_hints

Shell = Literal["bash", "zsh", "fish", "tcsh", "powershell"]


@dataclass(frozen=True)
class CompletionConfig:
    """Which shell reads the script."""

    shell: Shell = required("the shell that is to use the script")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Completion:
    """A script for a shell.

    Args:
        shell: its name.
        script: what it reads.
    """

    SCHEMA: ClassVar[str] = "pixelwise.completion/1"

    shell: str
    script: str

    def text(self) -> str:
        """The script alone."""
        return self.script


def completion(config: CompletionConfig) -> Completion:
    """The script for a shell."""
    import shtab

    return Completion(config.shell, shtab.complete(full_parser(), config.shell).rstrip("\n"))


def full_parser() -> Parser:
    """The parser of all commands, which knows what can follow each option."""
    import shtab

    parser = main_parser()
    commands = parser.add_subparsers(dest="command")
    for name, row in COMMANDS.items():
        config = resolve(row.config)
        actions = add_options(commands.add_parser(name, help=row.help, **texts_of(name)), config)
        for f in fields(config):
            actions[f.name].choices = choices_of(config, f.name) or None
            if f.metadata["reads"] or kind_of(type_hints(config)[f.name]) is Path:
                is_folder = f.metadata["reads"] in FOLDERS
                actions[f.name].complete = shtab.DIRECTORY if is_folder else shtab.FILE
        actions[CONFIG].complete = shtab.FILE
    return parser
