"""`pixelwise list`: the tables of the library, one line for each name."""

# ruff: noqa: RUF009  (option() is dataclasses.field() with help text)

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal

from pixelwise.cli.commands import resolve
from pixelwise.settings import check_settings, required

What = Literal[
    "losses",
    "networks",
    "encoders",
    "loggers",
    "augmentations",
    "formats",
    "classes",
    "conventions",
    "rules",
    "methods",
    "tools",
]


@dataclass(frozen=True)
class ListConfig:
    """Which table is listed."""

    what: What = required("what to list")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Row:
    """A name, and what it is."""

    name: str
    about: str


@dataclass(frozen=True)
class Listing:
    """The names of a table.

    Args:
        what: the table.
        rows: in its order.
    """

    SCHEMA: ClassVar[str] = "pixelwise.list/1"

    what: str
    rows: tuple[Row, ...]

    def text(self) -> str:
        """One line for each name."""
        width = max(len(row.name) for row in self.rows)
        return "\n".join(f"{row.name.ljust(width)}  {row.about}" for row in self.rows)


def list_names(config: ListConfig) -> Listing:
    """The names of a table and what each is."""
    where, rows = TABLES[config.what]
    return Listing(config.what, tuple(Row(name, text) for name, text in rows(resolve(where))))


def first_line(documented: Any) -> str:
    """The first line of a docstring, without its full stop."""
    return (documented.__doc__ or "").partition("\n")[0].removesuffix(".")


def networks(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The families of networks; every family takes any encoder that fits."""
    encoders = "with an encoder of segmentation_models_pytorch or timm, such as resnet34"
    license = "weights: licence of the encoder's"
    rows = [(f"{name}:ENCODER", f"{row[0]} {encoders}; {license}") for name, row in table.items()]
    others = resolve("pixelwise.networks.table:OTHERS").items()
    rows += [(name, f"{about}; weights: licence {terms}") for name, (about, terms) in others]
    own = ("module:function", "your own: the function is called with num_classes=")
    return [*rows, own]


def encoders(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The encoders, with the pretrained weights of each."""
    of_timm = (
        "tu-NAME",
        "a network of timm, such as tu-resnest50d; tu- may be left out",
    )
    rows = [
        (name, f"weights: {', '.join(row['pretrained_settings']) or 'none'}")
        for name, row in table.items()
    ]
    return [*rows, of_timm]


def tools(rows: Any) -> list[tuple[str, str]]:
    """Other tools, and which of their numbers `score --like` gives."""
    calls: dict[str, list[str]] = {}
    for row in rows:
        calls.setdefault(row.tool, []).append(row.call)
    return [(tool, "; ".join(found)) for tool, found in calls.items()]


# what -> (module:table, the rows of that table)
TABLES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "losses": (
        "pixelwise.losses.table:LOSSES",
        lambda table: [(name, first_line(row.make)) for name, row in table.items()],
    ),
    "networks": ("pixelwise.networks.table:NETWORKS", networks),
    "encoders": ("segmentation_models_pytorch.encoders:encoders", encoders),
    "loggers": (
        "pixelwise.logs.loggers:LOGGERS",
        lambda table: [(name, first_line(row)) for name, row in table.items()],
    ),
    "augmentations": (
        "pixelwise.data.presets:AUGMENTATIONS",
        lambda table: [
            *((name, row.about) for name, row in table.items()),
            ("module:function", "your own: called with image, label and a numpy generator"),
        ],
    ),
    "formats": (
        "pixelwise.convert.formats.table:FORMATS",
        lambda table: [
            (name, first_line(import_module(f"pixelwise.convert.formats.{name}"))) for name in table
        ],
    ),
    "classes": (
        "pixelwise.labels.palettes:PALETTES",
        lambda table: [
            (name, f"{len(row.names)} classes: {row.source}") for name, row in table.items()
        ],
    ),
    "conventions": ("pixelwise.metrics.means:CONVENTIONS", dict.items),
    "rules": (
        "pixelwise.audit.rules:RULES",
        lambda table: [(id, f"{row.severity}: {row.title}") for id, row in table.items()],
    ),
    "methods": (
        "pixelwise.weights.formulas:METHODS",
        lambda table: [(name, row.text) for name, row in table.items()],
    ),
    "tools": ("pixelwise.metrics.like:LIKE", tools),
}
