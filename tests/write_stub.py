"""Writes the type stubs of the packages with lazy names: `python tests/write_stub.py`.

Type checkers do not run `__getattr__`, so a stub beside __init__.py says where each public name is
defined. A command takes its configuration or its settings; the stub spells the settings out.
"""

import inspect
import subprocess
import sys
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

from pixelwise.settings import choices_of

SOURCE = Path(import_module("pixelwise").__file__).parent
PACKAGES = ("pixelwise", "pixelwise.metrics")
HEAD = "# Written by tests/write_stub.py (make stub) from the table of public names.\n"


class Hints:
    """Type hints as source text; collects the imports that they need."""

    def __init__(self):
        self.imports = set()

    def text(self, hint):
        """A hint as it is written. A path may be text, a tuple of any length any sequence."""
        if hint in (NoneType, None):
            return "None"
        if hint is Path:
            return f"str | {self.name('pathlib', 'Path')}"
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return " | ".join(dict.fromkeys(self.text(arg) for arg in args))
        if origin is Literal:
            return f"{self.name('typing', 'Literal')}[{', '.join(map(repr, args))}]"
        if origin is tuple and args[-1] is Ellipsis:
            return f"{self.name('collections.abc', 'Sequence')}[{self.text(args[0])}]"
        if isinstance(args[0] if args else None, list):  # the arguments of a Callable
            args = f"[{', '.join(map(self.text, args[0]))}], {self.text(args[1])}"
            return f"{self.name('collections.abc', 'Callable')}[{args}]"
        if args:
            return f"{self.text(origin)}[{', '.join(map(self.text, args))}]"
        if hint.__module__ == "builtins":
            return hint.__name__
        return self.name(hint.__module__.removesuffix("._base"), hint.__name__)

    def result(self, hint):
        """The hint of what a function returns, where a path is a Path."""
        return self.name("pathlib", "Path") if hint is Path else self.text(hint)

    def name(self, module, name):
        self.imports.add(f"from {module} import {name}")
        return name


def command_config(thing):
    """The configuration that a public function takes instead of settings, None if it does not."""
    if not hasattr(thing, "__wrapped__"):
        return None
    first = next(iter(inspect.signature(thing).parameters))
    config = get_type_hints(thing)[first]
    return config if is_dataclass(config) else None


def overloads(name, function, config, hints):
    """A command as two overloads: with its configuration, and with its settings."""
    types = get_type_hints(function)
    first, *others = inspect.signature(function).parameters.values()
    more = [f"{p.name}: {hints.text(types[p.name])} = {p.default!r}" for p in others]
    result = hints.result(types["return"])
    whole = hints.name(config.__module__, config.__name__)
    places, options = [], []
    for field in fields(config):
        hint = get_type_hints(config)[field.name]
        if words := choices_of(config, field.name):
            hint = {str: Literal[words], str | None: Literal[words] | None}.get(hint, hint)
        value = str(field.default) if isinstance(field.default, Path) else field.default
        default = "" if value is MISSING else f" = {value!r}"
        place = places if field.metadata.get("positional") else options
        place.append(f"{field.name}: {hints.text(hint)}{default}")
    settings = ", ".join([*places, "*", *options, *more])
    overload = f"@{hints.name('typing', 'overload')}\ndef {name}"
    return (
        f"{overload}({', '.join([f'{first.name}: {whole}', *more])}) -> {result}: ...\n"
        f"{overload}({settings}) -> {result}: ...\n"
    )


def stub(package):
    """The text of the stub of a package.

    Args:
        package: full name of a package with a table `_DEFINED_IN`.
    """
    module = import_module(package)
    hints, imports, functions = Hints(), [], []
    defined_in = {n: f"{package}.{m}" for m, names in module._DEFINED_IN.items() for n in names}
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.ismodule(thing) and not callable(thing):
            imports.append(f"from {package} import {name} as {name}")
            continue
        function = inspect.unwrap(thing._function) if inspect.ismodule(thing) else thing
        config = command_config(thing._function if inspect.ismodule(thing) else thing)
        if config is not None:
            functions.append(overloads(name, function, config, hints))
        else:
            origin = defined_in.get(name) or function.__module__
            imports.append(f"from {origin} import {getattr(function, '__name__', name)} as {name}")
    version = "\n__version__: str\n" if hasattr(module, "__version__") else ""
    needed = [i for i in hints.imports if f"{i} as {i.split()[-1]}" not in imports]
    public = [*sorted(needed), *imports]
    text = HEAD + "\n".join(public) + "\n" + version + "\n".join(functions)
    return ruff("format", ruff("check", text, "--fix", "--select", "I,RUF022", "--exit-zero"))


def ruff(verb: str, text: str, *options: str) -> str:
    """Text as `ruff check --fix` or `ruff format` leaves it."""
    command = [sys.executable, "-m", "ruff", verb, "--quiet", *options, "--stdin-filename"]
    path = str(SOURCE / "__init__.pyi")
    done = subprocess.run(
        [*command, path, "-"], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def path_of(package: str) -> Path:
    """Where the stub of a package is."""
    return SOURCE.joinpath(*package.split(".")[1:], "__init__.pyi")


if __name__ == "__main__":
    for written in PACKAGES:
        path_of(written).write_text(stub(written), encoding="utf-8")
