"""Hosts: other libraries, imported when something of an adapter is first used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import new_class
from typing import Any

from pixelwise.errors import MissingPackageError
from pixelwise.extras import is_installed


def host(where: str, module: str) -> Any:
    """A module of another library.

    Args:
        where: the class or function that needs it, the first word of the message.
        module: its full name.
    Raises:
        MissingPackageError: the library is not installed.
    """
    package = module.partition(".")[0]
    if not is_installed(package):
        hint = f"Install it with: pip install {package}"
        event = f"the package {package} is not installed"
        raise MissingPackageError(where, package, event=event, hint=hint)
    return import_module(module)


def classes_on_hosts(
    module: dict[str, Any], bases: Mapping[str, tuple[type, str]]
) -> Callable[[str], Any]:
    """`__getattr__` of a module whose classes have a base in another library.

    Args:
        module: globals() of the module; a class that was made is kept there.
        bases: for each class its body, and its base in the host as "module:Name".
    """

    def get(name: str) -> Any:
        if name not in bases:
            raise AttributeError(f"module {module['__name__']!r} has no attribute {name!r}")
        body, base = bases[name]
        found = host(name, base.partition(":")[0])
        parents = (body, getattr(found, base.partition(":")[2]))
        parts = {"__module__": module["__name__"], "__doc__": body.__doc__}
        module[name] = new_class(name, parents, exec_body=lambda namespace: namespace.update(parts))
        return module[name]

    return get
