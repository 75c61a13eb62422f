"""A page of the reference for each part of Python's public names, all from docstrings."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache
from typing import Any, NamedTuple

import pixelwise as pw
from docstrings import plain
from markdown_text import block, code
from option_tables import settings_table
from type_names import type_names


class Part(NamedTuple):
    """A page: its title, what it is about, and the packages whose public names stand on it."""

    title: str
    about: str
    packages: tuple[str, ...]


PARTS = {
    "folders": Part(
        "Look at a folder",
        "What is in a folder of images and labels, what is wrong with it, and its repair.",
        ("init", "survey", "audit", "repair", "report.audit_page", "demo"),
    ),
    "labels": Part(
        "Read and write labels",
        "Label images as arrays, classes, colours, polygons, and the pairs of a dataset.",
        ("labels", "convert"),
    ),
    "pictures": Part(
        "Pictures", "Images, labels and predictions to look at.", ("pictures", "figures")
    ),
    "weights": Part(
        "Frequencies and class weights",
        "How often each class occurs, and the weights that follow from it.",
        ("weights",),
    ),
    "losses": Part(
        "Losses",
        "Each is called as `loss(logits, target)`; sums of them are one pass over the logits. "
        "[Which loss?](../../which-loss.md) helps to choose.",
        ("losses",),
    ),
    "tensors": Part(
        "Tensors",
        "One-hot targets, activations, sums over pixels, predictions.",
        ("ops", "ranks"),
    ),
    "training": Part(
        "Training",
        "Datasets, training and what it reports.",
        ("data", "plan", "run", "folds", "logs"),
    ),
    "prediction": Part(
        "Prediction and export",
        "Trained networks on new images, in Python and in one file.",
        ("prediction", "export"),
    ),
    "scores": Part(
        "Scores",
        "Counts of two label images, and the scores that are formulas on them. The names here are "
        "in `pixelwise` and in `pixelwise.metrics`; [more scores](metrics.md) are in the latter.",
        ("metrics", "score", "report.config", "report.command"),
    ),
    "errors": Part("Errors", "What is raised, and what it says.", ("errors",)),
}
# classes whose options others share, below the page of those
BASES = {
    "losses": {
        "Region": "losses.region",
        "PixelLoss": "losses.pixel",
        "HardPixels": "losses.hard_pixels",
        "DistanceLoss": "losses.boundary",
        "LovaszLoss": "losses.lovasz",
    }
}
TABLES = {  # public names that are tables, and where they are listed
    "RULES": "[Audit rules](../rules.md)",
    "LOSSES": "[Losses](../formats/losses.md)",
    "PRESETS": "[Presets of losses](../formats/presets.md)",
    "CONVENTIONS": "[Conventions](../formats/conventions.md)",
}
TORCH = ("forward", "extra_repr")  # methods that a reader knows from torch


@cache
def parts() -> dict[str, list[str]]:
    """The public names on each page, in the order of the page's packages.

    Raises:
        ValueError: a public name has no page.
    """
    places = {name: module for module, names in pw._DEFINED_IN.items() for name in names}
    places |= {name: f"{name}.command" for name in pw._COMMANDS}
    found: dict[str, list[str]] = {page: [] for page in PARTS}
    for name, module in places.items():
        found[page_of(name, module)].append(name)
    return {page: sorted(names, key=place_in_page) for page, names in found.items() if names}


def place_in_page(name: str) -> int:
    """Functions stand first, then tables, classes, and settings last."""
    thing = getattr(pw, name)
    if not inspect.isclass(thing):
        return 1 if name in TABLES else 0
    return 3 if name.endswith("Config") else 2


def page_of(name: str, module: str) -> str:
    """The page of a public name."""
    for length in (2, 1):
        head = ".".join(module.split(".")[:length])
        for page, part in PARTS.items():
            if head in part.packages:
                return page
    raise ValueError(f"docs/hooks/python_pages.py: {name} ({module}) must be in one of PARTS")


def pages() -> dict[str, str]:
    """The Markdown of the pages, by path."""
    by_page = parts()
    listed = {page: [f"{PARTS[page].about}\n", *_entries(page, by_page[page])] for page in by_page}
    made = {"reference/python/index.md": index(by_page)}
    for page, lines in listed.items():
        made[f"reference/python/{page}.md"] = "\n".join([f"# {PARTS[page].title}\n", *lines])
        if page == "scores":
            made["reference/python/metrics.md"] = metrics_page()
    return made


def index(by_page: dict[str, list[str]]) -> str:
    """The names by page, as links."""
    lines = ["# Python\n", "All names are imported from `pixelwise`, when they are first used.\n"]
    lines += [block("import pixelwise as pw", "python"), ""]
    for page, names in by_page.items():
        lines += [f"## [{PARTS[page].title}]({page}.md)\n", ""]
        lines += [", ".join(f"[{name}]({page}.md#{anchor(name)})" for name in sorted(names)), ""]
        if page == "scores":
            more = ", ".join(f"[{n}](metrics.md#{anchor(n, 'metrics.')})" for n in only_metrics())
            lines += ["## [More scores: pw.metrics](metrics.md)\n", more, ""]
    return "\n".join(lines)


def page_of_name(name: str) -> str:
    """Where a public name stands: its page in reference/python, and its anchor."""
    page = next(page for page, names in parts().items() if name in names)
    return f"{page}.md#{anchor(name)}"


def anchor(name: str, package: str = "") -> str:
    """The anchor of a public name."""
    return f"pixelwise.{package}{name}"


def only_metrics() -> list[str]:
    """The names of pw.metrics that are not in pixelwise itself."""
    return [name for name in pw.metrics.__all__ if name not in pw.__all__]


def metrics_page() -> str:
    """The page of the names that only pw.metrics has."""
    lines = [f"# More scores: pw.metrics {{ #{anchor('metrics')} }}\n"]
    lines.append(
        "These names are imported from `pixelwise.metrics`, which has those of "
        "[Scores](scores.md) too.\n"
    )
    for name in only_metrics():
        thing = getattr(pw.metrics, name)
        lines.append(entry(name, thing, "metrics."))
    return "\n".join(lines)


def _entries(page: str, names: list[str]) -> list[str]:
    entries = [entry(name, getattr(pw, name)) for name in names]
    if page in BASES:
        entries.append("## Shared options\n\nOptions that several losses have, by their base.\n")
        entries += [
            directive(f"pixelwise.{m}.{n}", members=False, level=3) for n, m in BASES[page].items()
        ]
    return entries


def heading(name: str, place: str) -> str:
    """The heading of a name, in the type of those that mkdocstrings writes."""
    return f"## {name} {{ #{place} .doc-heading }}\n\n"


def entry(name: str, thing: Any, package: str = "") -> str:
    """What is said of a public name."""
    mark = f'<a id="{anchor(name, package)}"></a>\n\n'
    if name in TABLES:
        return heading(name, anchor(name, package)) + f"{table_text(name, thing)}\n"
    thing = getattr(thing, "_function", thing)
    if inspect.ismodule(thing):
        return heading(name, anchor(name)) + "A module: see [More scores](metrics.md).\n"
    if is_dataclass(thing) and name.endswith("Config"):
        return config_text(name, thing)
    inner = inspect.unwrap(thing)
    path = f"{inner.__module__}.{inner.__qualname__}"
    more = names_of_types(thing.__init__ if inspect.isclass(thing) else inner)
    if inspect.isclass(thing):
        shown = not is_loss(thing) or name == "Criterion"
        return mark + directive(path, name, members=shown) + more
    return mark + directive(path, name) + more + settings_of(name)


def names_of_types(function: Callable) -> str:
    """A line on the names in a signature that stand for other types."""
    found = [code(f"{name} = {value}") for name, value in type_names(function).items()]
    return f"\n**Types:** {', '.join(found)}\n" if found else ""


def settings_of(name: str) -> str:
    """Where the settings of a command are."""
    config = f"{name.capitalize()}Config"
    if config not in pw.__all__:
        return ""
    options = f"[pixelwise {name}](../commands/{name}.md)"
    return f"\n**Settings:** [{config}]({page_of_name(config)}), the options of {options}.\n"


def is_loss(thing: type) -> bool:
    """Whether a class is a loss, whose methods are those of Criterion."""
    return issubclass(thing, pw.Criterion)


def directive(path: str, name: str = "", members: bool = True, level: int = 2) -> str:
    """What makes mkdocstrings write about an object."""
    lines = [f"::: {path}", "    options:", f"      heading_level: {level}"]
    if name:
        lines += [f'      heading: "{name}"', f'      toc_label: "{name}"']
    filters = ["!^_", *(f"!^{method}$" for method in TORCH)]
    lines.append(f"      filters: {filters}" if members else "      members: false")
    return "\n".join(lines) + "\n"


def table_text(name: str, thing: Any) -> str:
    """What is said of a public table."""
    kind = "name of a rule" if name == "RULES" else "name"
    return f"A table with {len(thing)} rows: {kind} → what stands behind it. See {TABLES[name]}."


def config_text(name: str, config: type) -> str:
    """A configuration: what it is, and its settings."""
    about = inspect.getdoc(config) or ""
    first, _, rest = about.partition("\n\n")
    lines = [heading(name, anchor(name)) + plain(first), ""]
    lines += [plain(rest), ""] if rest else []
    lines += [settings_table(config), ""]
    return "\n".join(lines)
