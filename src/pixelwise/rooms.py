"""A room that shares its name with a public function can be called like that function.

`pixelwise.report` must be both the package that holds the report's files and the function
`pw.report(...)`; Python lets a module's class be replaced, which is the documented way to do it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


def callable_room(room: str, module: str, function: str) -> None:
    """Make calling the module `room` mean calling `function` of `module`, imported when called.

    Args:
        room: full name of the package, its `__name__`.
        module: full name of the module that defines the function.
        function: name of the function.
    """

    class Room(ModuleType):
        def __call__(self, *args: Any, **options: Any) -> Any:
            return getattr(import_module(module), function)(*args, **options)

    sys.modules[room].__class__ = Room
