"""Run a command: settings from words, result to stdout, errors to one line on stderr."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

from pixelwise.cli.commands import COMMANDS, Command, resolve
from pixelwise.cli.parser import parse
from pixelwise.cli.request import Request, check_paths, make_config
from pixelwise.cli.wording import sentence
from pixelwise.errors import PixelwiseError
from pixelwise.extras import explain_missing
from pixelwise.interrupt import Terminated, raise_on_sigterm
from pixelwise.progress import progress_line
from pixelwise.text import printable


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the words after `pixelwise`; None takes those of the process.
    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name must never stop the output
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        finding: str | PixelwiseError | None = None
        # --help and --version have printed what was asked for
        with raise_on_sigterm(), suppress(SystemExit):
            finding = run_command(words)
        sys.stdout.flush()
        if finding:
            text = finding if isinstance(finding, str) else sentence(finding, words)
            print(f"pixelwise: {printable(text)}", file=sys.stderr)
            return 1
    except PixelwiseError as error:
        print(f"pixelwise: {printable(sentence(error, words))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("pixelwise: interrupted", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:
        # the reader of stdout has closed it, as `| head` does; nothing more can be written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def run_command(words: list[str]) -> str | PixelwiseError | None:
    """Parse the words, run the command, print its result and return what exit code 1 is for."""
    request = parse(words)
    command = COMMANDS[request.command]
    config = make_config(request)
    check_paths(request.command, config)
    # other commands have a display of their own, or ask questions, which a bar would overwrite
    with progress_line(request.command) if command.is_folder_job else nullcontext() as progress:
        more = {"progress": progress} if command.is_folder_job else {}
        with explain_missing(request.command, command.run):
            if command.check:
                resolve(command.check)(config)
            try:
                result = resolve(command.run)(config, **more)
            except PixelwiseError as error:
                if error.found is not None:
                    show(command, request, error.found)
                raise
    show(command, request, result)
    return result.finding() if hasattr(result, "finding") else None


def show(command: Command, request: Request, result: Any) -> None:
    """Print a result, as text or as JSON."""
    content, text = command.show(result)
    shown_text = "\n".join(map(printable, text.split("\n")))  # names come from files
    if text:  # other ranks than the first have nothing to say
        print(json.dumps(content, indent=1) if request.as_json else shown_text)
