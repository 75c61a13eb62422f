"""A page for each command, from its settings and its row in COMMANDS."""

import inspect
from dataclasses import fields
from textwrap import dedent

import pixelwise as pw
from docstrings import to_markdown
from markdown_text import ROOT, block, code, table, text
from option_tables import option_tables
from pixelwise.cli.commands import COMMANDS, Command, resolve
from pixelwise.cli.parser import EXAMPLES, texts_of
from pixelwise.settings import command_of
from python_pages import page_of_name

EXIT_CODES = (
    ("0", "done"),
    ("1", "done, and there is something to look at: findings of `audit`, questions of `init`"),
    ("2", "refused, with one sentence on what is wrong and what to do"),
    ("130", "interrupted (Ctrl-C); 143: stopped by SIGTERM"),
)
GUIDES = {  # what explains a command, by the names of documents
    "init": ("first-contact", "dataset-toml", "class-files"),
    "convert": ("first-contact", "class-files", "labels"),
    "audit": ("labels",),
    "weights": ("class-weights", "rare-classes"),
    "train": ("training", "which-loss", "performance", "networks", "own-network"),
    "predict": ("prediction-in-python", "big-images", "ensembles", "confidence"),
    "next": ("confidence",),
    "score": ("conventions",),
    "report": ("report", "pictures"),
    "export": ("export",),
    "run": ("export",),
    "demo": ("install",),
    "list": ("networks", "which-loss"),
    "completion": ("install",),
}
GENERAL = (
    ("--json", "print the result as JSON"),
    ("--verbose", "print the whole of long messages"),
    (
        "--config FILE",
        "settings from a .toml file or the config.json of a run; options override it",
    ),
    ("-h, --help", "print the help"),
)


def pages() -> dict[str, str]:
    """The Markdown of the pages, by path."""
    made = {"reference/commands/index.md": index()}
    for name, command in COMMANDS.items():
        made[f"reference/commands/{name}.md"] = page(name, command)
    return made


def index() -> str:
    """The list of commands, and what all have in common."""
    rows = [(f"[{name}]({name}.md)", text(command.help)) for name, command in COMMANDS.items()]
    general = [(code(option), text(about)) for option, about in GENERAL]
    return "\n".join(
        [
            "# Commands\n",
            table(("command", "what it does"), rows),
            "\n" + block("\n".join(EXAMPLES), "sh"),
            "\n`pixelwise COMMAND --help` prints what these pages say. Every option is a keyword",
            "of the function in Python and a key of a file for `--config`, with `_` for `-`.\n",
            "## Options of every command\n",
            table(("option", "what it does"), general),
            "\n## Exit codes\n",
            table(("code", "meaning"), EXIT_CODES),
            "",
        ]
    )


def page(name: str, command: Command) -> str:
    """The page of a command."""
    config = resolve(command.config)
    lines = [f"# pixelwise {name}\n", f"{text(command.help[0].upper() + command.help[1:])}.\n"]
    lines += [block(texts_of(name)["usage"]), "\n## Examples\n"]
    lines += [block(dedent("\n".join(command.examples)), "sh"), ""]
    lines += [f"Guides: {guides(name)}\n", "## Options\n"]
    lines += [option_tables(config)]
    lines += ["The options `--json`, `--verbose`, `--config` and `--help` are those of"]
    lines += ["[every command](index.md#options-of-every-command), and so are the"]
    lines += ["[exit codes](index.md#exit-codes).\n"]
    return "\n".join(lines + in_python(name, config))


def guides(name: str) -> str:
    """Links to what explains a command, each by the title of its page."""
    titles = {page: (ROOT / f"docs/{page}.md").read_text("utf-8") for page in GUIDES[name]}
    lead = {page: words.partition("\n")[0].removeprefix("# ") for page, words in titles.items()}
    links = [f"[{title}](../../{page}.md)" for page, title in lead.items()]
    links += ["[Audit rules](../rules.md)"] * (name == "audit")
    return " · ".join(links)


def in_python(name: str, config: type) -> list[str]:
    """The same command as a function, where it is public."""
    if name not in pw.__all__:
        return []
    function = getattr(pw, name)
    assert command_of(config) == name
    place = next(
        (f.name for f in fields(config) if f.metadata["positional"]), fields(config)[0].name
    )
    docstring = inspect.getdoc(getattr(function, "_function", function)) or ""
    about = to_markdown(docstring.partition("\nSettings:")[0].partition("\n\n")[0])
    call = f"import pixelwise as pw\n\npw.{name}({place}=...)"
    shown = [about, "", block(call, "python"), ""]
    return ["## In Python\n", *shown, f"See [pw.{name}](../python/{page_of_name(name)}).\n"]
