"""Tables of the library: the names that options take, and the fields of every file and record."""

import inspect
import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any, get_args, get_type_hints, is_typeddict

from docstrings import plain
from markdown_text import block, code, table, text
from option_tables import kind_in_words
from pixelwise.cli.commands import resolve
from pixelwise.cli.listing import ListConfig, list_names
from pixelwise.losses.presets import PRESETS

# what `pixelwise list` lists -> what is said above it
LISTS = {
    "losses": "Names for `train --loss` and `pw.criterion`; sums such as `ce + 0.5*dice` are one.",
    "networks": "Names for `train --network`. [Networks](../../networks.md) has more of them.",
    "encoders": "What stands for ENCODER in the name of a network, such as `unet:resnet34`.",
    "conventions": "What a mean over classes does with classes that do not occur.",
    "methods": "Formulas for `weights --method` and `train --class-weights`.",
    "augmentations": "Names for `train --augment`.",
    "formats": "Annotation formats for `convert --format`; most are detected.",
    "classes": "Class tables for `--classes`.",
    "tools": "Other tools, and their numbers that `score --like` gives.",
    "loggers": "Names for `train --log`.",
}
# the record of a file or answer -> where it is, in the order of work
RECORDS = {
    "convert.report:ConvertReport": "`convert.json`, written by `convert`",
    "survey.statements:Survey": "what `init` found, in Python",
    "audit.result:Audit": "`audit --json`",
    "audit.baseline:Baseline": "accepted findings: `audit --write-baseline FILE`",
    "repair.result:Repaired": "`fix.json` of a repaired copy: `audit --fix`",
    "weights.record:Weights": "`weights --out FILE`, read by `train --class-weights FILE`",
    "weights.member_record:MemberWeights": "the same, of classes that overlap",
    "run.dry_run:TrainingPlan": "`train --dry-run --json`",
    "run.run_folder:AboutRun": "`config.json` of a run",
    "run.checkpoint:AboutCheckpoint": "`config.json` of a checkpoint",
    "run.evidence:Evidence": "`evidence.json` of a run that was stopped by what it measured",
    "run.val_counts:ValCounts": "counts of each evaluation of a run",
    "plan.bad_images:BadImages": "`bad-images.json` of a run",
    "logs.example_pictures:Examples": "the list of training examples in a run",
    "folds.record:Folds": "`folds.json` of a cross-validation",
    "prediction.post:ChosenPost": "`post.json`: post-processing that was chosen on a split",
    "score.temperature:ChosenTemperature": "`temperature.json`: chosen on a split",
    "score.thresholds:ChosenThresholds": "`thresholds.json`: chosen on a split",
    "score.record:Score": "`score.json`",
    "score.members:MultilabelScore": "`score.json` of classes that overlap",
    "score.compare:Comparison": "`comparison.json`",
    "score.calibration:Calibration": "`calibration.json` of predictions",
    "score.confidence:Confidence": "`confidence.json` of predictions",
    "selection.record:NextImages": "`next --json`",
    "export.manifest:Manifest": "`manifest.json` of an export",
    "export.run:Labelled": "`run --json`",
    "cli.listing:Listing": "`list --json`",
    "cli.completion:Completion": "`completion --json`",
}
DATASET = (
    "A dataset is a folder with a file `dataset.toml`, which `pixelwise init` writes and "
    "[read_description](../python/labels.md#pixelwise.read_description) reads. Paths are relative "
    "to its folder."
)
# tables of dataset.toml -> the record of their keys
TABLES = {
    "`[images]`": "labels.bands.channels:Channels",
    "`[splits.NAME]`": "labels.description:Split",
}
OTHERS: set[type] = set()
RENAMED = {"names": "channels"}  # keys of [images] that the record calls otherwise


def pages() -> dict[str, str]:
    """The Markdown of the pages, by path."""
    made = {"reference/formats/index.md": index(), "reference/formats/files.md": files_page()}
    made |= {f"reference/formats/{what}.md": list_page(what) for what in LISTS}
    made["reference/formats/presets.md"] = presets_page()
    return made


def index() -> str:
    """What there is."""
    lines = ["# Formats and tables\n", "## Files\n"]
    lines += ["- [File formats](files.md): dataset.toml, and every JSON file and answer."]
    lines += ["- [Audit rules](../rules.md)\n", "## Names that options take\n"]
    lines += [f"- [{what.capitalize()}]({what}.md): {about}" for what, about in LISTS.items()]
    lines += ["- [Presets of losses](presets.md): what `pw.Dice.like(...)` reproduces."]
    return "\n".join(lines) + "\n"


def list_page(what: str) -> str:
    """The page of a table that `pixelwise list` prints."""
    rows = [(code(row.name), text(row.about)) for row in list_names(ListConfig(what)).rows]
    lines = [f"# {what.capitalize()}\n", f"{LISTS[what]}\n", block(f"pixelwise list {what}", "sh")]
    return "\n".join([*lines, "", table(("name", "what it is"), rows), ""])


def presets_page() -> str:
    """The losses of other libraries."""
    lines = ["# Presets of losses\n"]
    lines += ["`pw.LOSS.like(PRESET)` is the loss of another library, with its defaults.\n"]
    for preset, losses in PRESETS.items():
        rows = [
            (code(row.call), code(f'pw.{loss}.like("{preset}")'), text(row.differs))
            for loss, row in losses.items()
        ]
        lines += [f"## {preset}\n", table(("their call", "ours", "what differs"), rows), ""]
    return "\n".join(lines)


def files_page() -> str:
    """The keys of dataset.toml, of class files, and the fields of every JSON file."""
    lines = ["# File formats\n", "## dataset.toml\n", f"{DATASET}\n"]
    lines += [block(example("pixelwise.labels.description"), "toml"), ""]
    lines += ["Of images that are not RGB of 8 bits:\n"]
    lines += [block(example("pixelwise.labels.bands.channels"), "toml"), ""]
    for title, name in TABLES.items():
        lines += [f"### {title}\n", fields_table(resolve(f"pixelwise.{name}"), RENAMED), ""]
    lines += ["## Class files\n", class_files(), "", "## JSON files and answers\n"]
    lines += ["Every record begins with `schema`, its name and version: a change of fields changes"]
    lines += ["the version. Keys are sorted as here; a value that is missing is `null`.\n"]
    shown: set[type] = set()
    for name, place in RECORDS.items():
        kind = resolve(f"pixelwise.{name}")
        lines += [record(kind, f"### {kind.__name__}: {kind.SCHEMA}", place), ""]
        for inner in nested(kind):
            if inner not in shown:
                shown.add(inner)
                lines += [record(inner, f"#### {inner.__name__}", ""), ""]
    return "\n".join(lines)


def example(module: str) -> str:
    """The example of a file in the docstring of a module."""
    parts = inspect.getdoc(import_module(module)).split("\n\n", 1)
    return re.sub(r", see \S+\.py", ", see below", parts[1])


def class_files() -> str:
    """What the docstring of the reader of class files says."""
    parts = inspect.getdoc(import_module("pixelwise.labels.class_files")).split("\n\n")
    parts = [part for part in parts if not part.startswith("Everything here works")]
    intro, forms, *rest = parts[1:] if "One class a line" in parts[1] else parts
    return "\n\n".join([plain(intro), block(forms), *map(plain, rest)])


def record(kind: type, title: str, place: str) -> str:
    """A record: what it is, where it is, its fields."""
    first, _, _ = (inspect.getdoc(kind) or "").partition("\n")
    lines = [f"{title}\n", plain(first) + (f" {place[0].upper()}{place[1:]}." if place else ""), ""]
    return "\n".join([*lines, fields_table(kind, {})])


def members(kind: type) -> dict[str, Any]:
    """The fields of a record that a file has, with their types."""
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind)] if is_dataclass(kind) else list(hints)
    return {name: hints[name] for name in names}


def fields_table(kind: type, renamed: dict[str, str]) -> str:
    """The fields of a record and what they are."""
    about = described(kind)
    rows = [
        (code(renamed.get(name, name)), typed(hint), plain(about.get(name, "")))
        for name, hint in members(kind).items()
    ]
    return table(("key", "type", "what it is"), rows)


def typed(hint: Any) -> str:
    """A type hint in words; a record leads to its fields."""
    words = kind_in_words(hint)
    for inner in records_in(hint):
        words = re.sub(
            rf"\b{inner.__name__}\b", f"[{inner.__name__}](#{inner.__name__.lower()})", words
        )
    return words


def records_in(hint: Any) -> list[type]:
    """The records that a type hint names."""
    if is_dataclass(hint) or is_typeddict(hint):
        return [hint] if hint not in OTHERS else []
    return [inner for part in get_args(hint) for inner in records_in(part)]


def nested(kind: type) -> list[type]:
    """The records inside of a record, at any depth."""
    found: list[type] = []
    for hint in members(kind).values():
        for inner in records_in(hint):
            found += [inner, *nested(inner)]
    return found


def described(kind: type) -> dict[str, str]:
    """What the docstrings of a record and its bases say of each field."""
    found = (
        {f.name: f.metadata["help"] for f in fields(kind) if "help" in f.metadata}
        if (is_dataclass(kind))
        else {}
    )
    for one in reversed(kind.__mro__ if hasattr(kind, "__mro__") else [kind]):
        names: list[str] = []
        inside, own = False, set[str]()
        for line in (inspect.cleandoc(one.__doc__ or "")).split("\n"):
            if re.match(r"(Args|Attributes):$", line):
                inside = True
            elif line and not line.startswith(" "):
                inside = False
            elif inside and (match := re.match(r"    ((?:\w+, )*\w+): (.*)", line)):
                names = [name for name in match[1].split(", ") if name not in own]
                own |= set(names)
                found |= dict.fromkeys(names, match[2])
            elif inside and line.startswith("        "):
                found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
