"""The command line: options made from the configurations, results to stdout, errors to one line.

exit code  0 fine   1 done, but the result is a finding   2 an error that the user can mend
           130 interrupted   143 interrupted by SIGTERM
stdout     the result, as text or with --json as JSON     stderr  progress and errors
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from pixelwise.errors import ArgumentError, PixelwiseError, check_choice
from pixelwise.extras import explain_missing
from pixelwise.interrupt import Terminated, raise_on_sigterm
from pixelwise.progress import progress_line
from pixelwise.settings import choices_of, read_settings
from pixelwise.text import printable


@dataclass(frozen=True)
class Command:
    """A row of COMMANDS. Modules are named, not imported, so that --help is fast.

    Attributes:
        config: module:class of its configuration.
        run: module:function that takes the configuration.
        show: result -> (what --json prints, what is printed otherwise).
        help: one line.
        finding: result -> the sentence that comes with exit code 1; "" where all is well.
        is_folder_job: whether run also takes progress=, which it calls with (done, all).
    """

    config: str
    run: str
    show: Callable[[Any], tuple[Any, str]]
    help: str
    finding: Callable[[Any], str] = lambda _: ""
    is_folder_job: bool = False


def show_path(key: str) -> Callable[[Path], tuple[Any, str]]:
    """Show a result that is a path."""
    return lambda path: ({key: str(path)}, str(path))


def show_init(result: Any) -> tuple[Any, str]:
    """Show what `init` found, and how sure it is."""
    notes = [f"  {'?' if note in result.unsure else ' '} {note}" for note in result.notes]
    doubt = ["Please check what is marked with ?, and change the file if it is wrong."]
    text = "\n".join([f"wrote {result.path}", *notes, *(doubt if result.unsure else [])])
    return {"path": str(result.path), "notes": result.notes, "unsure": result.unsure}, text


def show_convert(result: Any) -> tuple[Any, str]:
    """Show what was converted, and what was lost on the way."""
    return result.as_dict(), result.text()


def show_table(result: Any) -> tuple[Any, str]:
    """Show a result that can say itself as JSON and as text."""
    return result.as_dict(), result.text()


def run_audit(config: Any, progress: Any = None) -> Any:
    """Audit; then the page and the mended copy, which are other rooms' work."""
    result = resolve("pixelwise.audit.command:run")(config, progress)
    if config.html is not None:
        resolve("pixelwise.report.audit_page:audit_page")(result.as_dict(), config.html)
    fixed = None
    if config.fix is not None:
        fixed = resolve("pixelwise.repair.command:repair")(config, result)
    return result, fixed


def show_audit(result: Any) -> tuple[Any, str]:
    """Show what an audit found, and what was mended."""
    found, fixed = result
    if fixed is None:
        return found.as_dict(), found.text()
    return {**found.as_dict(), "fixed": fixed.as_dict()}, f"{found.text()}\n\n{fixed.text()}"


def find_errors(result: Any) -> str:
    """Errors in a data set are no success, also if a copy is without them."""
    found, _ = result
    return f"{found.errors:,} errors in {found.root}" if found.errors else ""


def show_train(run: Path) -> tuple[Any, str]:
    """Show the run folder and its best score; of several ranks the first alone does."""
    if resolve("pixelwise.run.distributed:rank_and_world")()[0] > 0:
        return None, ""
    best = resolve("pixelwise.run.run_folder:best_of")(run)
    return {"run": str(run), "best": best}, (
        f"{run}  best val mIoU {100 * best['val/miou']:.2f} (present) in epoch {best['epoch']}"
        if best
        else f"{run}  no epoch had a score"
    )


def show_predict(folder: Path) -> tuple[Any, str]:
    """Show where the predictions are, and what their probabilities are worth if that was asked."""
    content, text = {"predictions": str(folder)}, str(folder)
    if (folder / "calibration.json").is_file():
        kind = resolve("pixelwise.score.calibration:Calibration")
        found = resolve("pixelwise.files.results:read_record")(kind, folder / "calibration.json")
        return {**content, "calibration": found.as_dict()}, f"{text}\n\n{found.text()}"
    return content, text


def find_unscored(score: Any) -> str:
    """Nothing valid in the labels is no success, though the file says so too."""
    return score.finding()


def show_demo(result: Any) -> tuple[Any, str]:
    """Show the lesson of the demo."""
    return result.content, result.text


RUN = "pixelwise.run"
COMMANDS = {
    "init": Command(
        "pixelwise.init.config:InitConfig",
        "pixelwise.init.command:init",
        show_init,
        "look at a folder of images and labels and write its dataset.toml",
    ),
    "convert": Command(
        "pixelwise.convert.config:ConvertConfig",
        "pixelwise.convert.command:convert",
        show_convert,
        "turn annotation files of other tools into label images",
        is_folder_job=True,
    ),
    "audit": Command(
        "pixelwise.audit.config:AuditConfig",
        "pixelwise.cli:run_audit",
        show_audit,
        "look for defects of label files, labels, pairs and splits",
        find_errors,
        is_folder_job=True,
    ),
    "weights": Command(
        "pixelwise.weights.config:WeightsConfig",
        "pixelwise.report.weights_page:weights",
        show_table,
        "count the pixels of each class, and weigh the classes",
        is_folder_job=True,
    ),
    "train": Command(
        f"{RUN}.config:TrainConfig", f"{RUN}.train:train", show_train, "train a network"
    ),
    "predict": Command(
        f"{RUN}.config:PredictConfig",
        f"{RUN}.predict:predict",
        show_predict,
        "predict label images with a trained network",
    ),
    "score": Command(
        "pixelwise.score.config:ScoreConfig",
        "pixelwise.score.command:score",
        show_table,
        "compare predicted label images with labels",
        find_unscored,
        is_folder_job=True,
    ),
    "report": Command(
        "pixelwise.report.config:ReportConfig",
        "pixelwise.report.html:report",
        show_path("report"),
        "make one self-contained HTML page of a score",
    ),
    "demo": Command(
        "pixelwise.demo.command:DemoConfig",
        "pixelwise.demo.command:demo",
        show_demo,
        "draw a data set, train two networks, score them, and compare (2 minutes)",
    ),
}


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
    try:
        finding = ""
        # --help and --version have said what was asked for
        with raise_on_sigterm(), suppress(SystemExit):
            finding = run_command(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
        if finding:
            print(f"pixelwise: {printable(finding)}", file=sys.stderr)
            return 1
    except PixelwiseError as error:
        message = printable(" ".join(str(error).split())).removeprefix("pixelwise: ")
        print(f"pixelwise: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("pixelwise: interrupted", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:
        # who read stdout has gone, as `| head` does; nothing is left to be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def run_command(words: list[str]) -> str:
    """Parse the words, run the command, print its result and return what exit code 1 is for."""
    name = words[0] if words else "--help"
    if not name.startswith("-"):
        check_choice("pixelwise", "command", name, COMMANDS)
    with explain_missing(name, COMMANDS[name].run if name in COMMANDS else ""):
        return run_words(name, words)


def run_words(name: str, words: list[str]) -> str:
    """See run_command; name is the first word, the command if it is one."""
    options = vars(make_parser(name).parse_args(words or ["--help"]))
    as_json, settings = options.pop("json"), options.pop("config")
    command = COMMANDS[options.pop("command")]
    config_class = resolve(command.config)
    for field in fields(config_class):
        # argparse cannot leave out an argument without dashes: it gives None instead
        if field.metadata.get("positional") and options.get(field.name, field) is None:
            del options[field.name]
    given = {} if settings is None else read_settings(settings, config_class)
    values = {**given, **options}
    with progress_line(name) as progress:
        more = {"progress": progress} if command.is_folder_job else {}
        result = resolve(command.run)(config_class(**values), **more)
    content, text = command.show(result)
    shown_text = "\n".join(map(printable, text.split("\n")))  # names come from files
    if text:  # other ranks than the first have nothing to say
        print(json.dumps(content, indent=1) if as_json else shown_text)
    return command.finding(result)


def resolve(name: str) -> Any:
    """What "module:attribute" names, imported now."""
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of pixelwise: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(f"{self.prog}: {message}. See {self.prog} --help.")


def make_parser(chosen: str) -> argparse.ArgumentParser:
    """The parser, with the options of the chosen command; other commands are only named."""
    import pixelwise

    parser = Parser(
        prog="pixelwise",
        allow_abbrev=False,
        description="Semantic segmentation, from label image to loss to score.",
    )
    parser.add_argument("--version", action="version", version=f"pixelwise {pixelwise.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.help,
            description=command.help,
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
        )
        if name == chosen:
            add_options(own, resolve(command.config))
    return parser


def add_options(parser: argparse.ArgumentParser, config: type) -> None:
    """One option for each field of a configuration, and the two that every command has."""
    hints = get_type_hints(config)
    for field in fields(config):
        kind = hints[field.name]
        needed = field.default is MISSING
        default = "" if needed or field.default is None else f" (default: {shown(field.default)})"
        text = (field.metadata["help"] + default).replace("%", "%%")
        optional = type(None) in get_args(kind)
        kind = next((k for k in get_args(kind) if k is not type(None)), kind) if optional else kind
        if field.metadata.get("positional"):
            name, count = field.name.upper(), None if needed else "?"
            parser.add_argument(
                field.name, type=kind, metavar=name, help=text, nargs=count, default=None
            )
        elif kind is bool:
            flag = "--" + field.name.replace("_", "-")
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=text)
        else:
            add_valued_option(parser, config, field.name, kind, optional, text, field.metadata)
    parser.add_argument(
        "--json", action="store_true", default=False, help="print the result as JSON"
    )
    parser.add_argument(
        "--config", type=Path, default=None, help="take settings from a config.json or a .toml file"
    )


def add_valued_option(
    parser: argparse.ArgumentParser,
    config: type,
    name: str,
    kind: Any,
    optional: bool,
    text: str,
    metadata: Any,
) -> None:
    """An option with one value, or with as many as its tuple type has."""
    options: dict[str, Any] = {"help": text, "metavar": metadata["metavar"] or name.upper()}
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        options["nargs"] = "*" if kinds[-1] is Ellipsis else len(kinds)
        kind = kinds[0]
    if words := choices_of(config, name):
        options["metavar"] = "{" + ",".join(words) + "}"
    kind = str if get_origin(kind) is Literal else kind
    options["type"] = none_or(kind) if optional else kind
    parser.add_argument("--" + name.replace("_", "-"), **options)


def none_or(kind: type) -> Callable[[str], Any]:
    """A converter that also knows the word "none"."""

    def convert(text: str) -> Any:
        return None if text == "none" else kind(text)

    convert.__name__ = kind.__name__
    return convert


def shown(default: Any) -> str:
    """A default as one would type it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return " ".join(map(str, default)) or "none"
    return str(default)


if __name__ == "__main__":
    sys.exit(main())
