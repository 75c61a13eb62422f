"""What can go wrong, as one tree, and the checks that say it in one sentence.

    PixelwiseError                  everything that a user can mend; the command line exits with 2
    ├── ArgumentError(ValueError)   a wrong value of an argument
    ├── ArgumentTypeError(TypeError)a wrong type or dtype of an argument
    ├── LabelError(ValueError)      a label image or its classes are wrong
    ├── PairingError(ValueError)    images and labels do not match up
    ├── DatasetError(ValueError)    dataset.toml or a split is wrong
    ├── RunError                    a run folder, checkpoint or training cannot go on
    └── BackendError(RuntimeError)  a backend or a device is not available here

Every message reads: <function or file>: <name> must be <constraint>, got <value>. <what to do>
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from math import isnan
from typing import Any


class PixelwiseError(Exception):
    """Base of every error that a user of pixelwise can mend."""


class ArgumentError(PixelwiseError, ValueError):
    """An argument has a value that the function cannot take."""


class ArgumentTypeError(PixelwiseError, TypeError):
    """An argument has a type or dtype that the function cannot take."""


class LabelError(PixelwiseError, ValueError):
    """A label image, or the values in it, contradict what was declared."""


class PairingError(PixelwiseError, ValueError):
    """Images and labels could not be paired one to one."""


class DatasetError(PixelwiseError, ValueError):
    """A dataset description or one of its splits cannot be used."""


class RunError(PixelwiseError):
    """A run folder, a checkpoint or a training run cannot be continued."""


class BackendError(PixelwiseError, RuntimeError):
    """A backend or a device was asked for that this machine or input does not allow."""


def check_shape(
    where: str,
    name: str,
    shape: Sequence[int],
    expected: Sequence[int | None],
    letters: str,
    hint: str = "",
) -> None:
    """Raise unless `shape` equals `expected`, where None stands for any length.

    Args:
        where: function or file, the first word of the message.
        name: what has this shape.
        shape: the shape that was given.
        expected: the shape that is required; None matches any length.
        letters: the expected shape in letters, such as "(N, H, W)".
        hint: what to do, a whole sentence.
    Raises:
        ArgumentError: the shapes differ.
    """
    same = len(shape) == len(expected) and all(e is None or s == e for s, e in zip(shape, expected))
    if not same:
        wanted = "(" + ", ".join("any" if e is None else str(e) for e in expected) + ")"
        raise ArgumentError(sentence(where, name, f"{letters} = {wanted}", tuple(shape), hint))


def check_choice(
    where: str,
    name: str,
    value: Any,
    choices: Iterable[Any],
    error: type[PixelwiseError] = ArgumentError,
) -> None:
    """Raise unless `value` is one of `choices`; the message names them and the nearest one.

    Raises:
        ArgumentError, or `error`: value is not among the choices.
    """
    known = list(choices)
    if value not in known:
        near = get_close_matches(str(value), [str(k) for k in known], n=1)
        hint = f"Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(str(k) for k in known)
        raise error(sentence(where, name, f"one of {listed}", repr(value), hint))


def check_range(
    where: str,
    name: str,
    value: float,
    low: float | None = None,
    high: float | None = None,
    hint: str = "",
) -> None:
    """Raise unless low <= value <= high; a bound of None is no bound; NaN never passes.

    Raises:
        ArgumentError: value is outside the range.
    """
    above = low is None or value >= low
    below = high is None or value <= high
    if isnan(value) or not (above and below):
        if low is not None and high is not None:
            constraint = f"between {low} and {high}"
        elif low is not None:
            constraint = f">= {low}"
        else:
            constraint = f"<= {high}"
        raise ArgumentError(sentence(where, name, constraint, value, hint))


def sentence(where: str, name: str, constraint: str, got: Any, hint: str = "") -> str:
    """The one grammar of all messages: where: name must be constraint, got value. hint"""
    return f"{where}: {name} must be {constraint}, got {got}." + (f" {hint}" if hint else "")
