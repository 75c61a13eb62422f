"""A package that shares its name with a public function can be called like that function.

`pixelwise.report` must be both the package that holds the report's files and the function
`pw.report(...)`; Python lets a module's class be replaced, which is the documented way to do it.
"""

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any


def callable_package(package: str, module: str, function: str) -> None:
    """Make calling `package` mean calling `function` of `module`, imported when it is first called.

    Args:
        package: full name of the package, its `__name__`.
        module: the module that defines the function: its name in the package, or its full name if
            it is of a higher layer.
        function: name of the function.
    """

    class CallablePackage(ModuleType):
        def __call__(self, *args: Any, **options: Any) -> Any:
            return self._function(*args, **options)

        def __reduce__(self) -> tuple[Any, ...]:
            # pickle knows no modules; a pool of processes may be given pw.audit
            return import_module, (package,)

        @property
        def _function(self) -> Any:
            name = module if module.startswith("pixelwise.") else f"{package}.{module}"
            return getattr(import_module(name), function)

        @property
        def __doc__(self) -> str:  # type: ignore[override]
            return f"{inspect.getdoc(self._function)}\n\n{contents}"

        @property
        def __signature__(self) -> inspect.Signature:
            return inspect.signature(self._function)

    contents = vars(sys.modules[package])["__doc__"]
    sys.modules[package].__class__ = CallablePackage
