"""Options that losses share: declared once, known to editors and type checkers, shown by help().

A loss takes its own options and `**shared: Unpack[RegionOptions]`, those of its base class. Type
checkers read the TypedDict. `spell_out` writes the same options, with the defaults of the base
class, into the signature, and `check_options` refuses any other.
"""

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature, signature
from typing import TypedDict, Unpack, get_args, get_origin

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.elsewhere import OPTIONS
from pixelwise.errors import ArgumentTypeError, check_choice, shown
from pixelwise.ops.backends import Backend
from pixelwise.ops.spec import Upsample
from pixelwise.ops.target import Ignore

Factors = Sequence[float] | NDArray[np.floating] | Tensor | None


class Settings(TypedDict, total=False):
    """What every loss takes; see Criterion."""

    ignore_index: Ignore
    upsample: Upsample


class PassSettings(Settings, total=False):
    """What every loss on sums takes; see Criterion."""

    backend: Backend


def spell_out(cls: type) -> None:
    """Replace `**shared` in the signature of cls.__init__ by the options that it stands for."""
    init = vars(cls).get("__init__")
    if init is None:
        return
    *own, last = signature(init).parameters.values()
    if get_origin(last.annotation) is not Unpack:
        return
    types = get_args(last.annotation)[0].__annotations__
    of_base = signature(super(cls, cls).__init__).parameters.values()  # type: ignore[arg-type, misc]
    shared = [
        option.replace(kind=Parameter.KEYWORD_ONLY, annotation=types[option.name])
        for option in of_base
        if option.name in types
    ]
    init.__signature__ = Signature([*own, *shared], return_annotation=None)


def check_options(cls: type, given: Mapping[str, object], unnamed: Sequence[object] = ()) -> None:
    """Raise unless the class has every option that is given.

    Raises:
        ArgumentTypeError: an unknown name; the message has those of the class and the nearest, or
            what does the same here; an option that must be given by name.
    """
    options = signature(cls).parameters.values()
    if len(unnamed) > sum(option.kind is not Parameter.KEYWORD_ONLY for option in options):
        got, hint = shown(unnamed[-1]), f"Such as {cls.__name__}(name=value)."
        raise ArgumentTypeError(cls.__name__, "options", must="given by name", got=got, hint=hint)
    if not any(option.kind is Parameter.VAR_KEYWORD for option in options):
        known = [option.name for option in options]
        for name in given:
            if name not in known and name in OPTIONS:
                must, hint = f"one of {', '.join(known)}", OPTIONS[name]
                raise ArgumentTypeError(
                    cls.__name__, "an option", must=must, got=repr(name), hint=hint
                )
            check_choice(cls.__name__, "an option", name, known, ArgumentTypeError)
