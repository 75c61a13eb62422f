"""A package whose public names are imported when they are first used."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from pixelwise.elsewhere import name_hint
from pixelwise.extras import explain_missing


def lazy_names(
    package: str, defined_in: Mapping[str, Sequence[str]], packages: Sequence[str] = ()
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a package.

    Args:
        package: its full name.
        defined_in: public names by the module of the package that defines them.
        packages: packages in it that are public names.
    """
    modules = {
        name: f"{package}.{module}" for module, names in defined_in.items() for name in names
    }
    public = sorted([*modules, *packages])

    def get(name: str) -> Any:
        if name in packages:
            return import_module(f"{package}.{name}")
        if name not in modules:
            hint = "" if name.startswith("_") else name_hint(name, public)
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        with explain_missing(f"{package}.{name}", modules[name]):
            return getattr(import_module(modules[name]), name)

    return public, get, lambda: list(public)
