"""What can go wrong, as one tree, and the checks that say it in one sentence.

    PixelwiseError                  everything that a user can repair; the command line exits with 2
    ├── ArgumentError(ValueError)   a wrong value of an argument
    ├── ArgumentTypeError(TypeError)a wrong type or dtype of an argument
    ├── LabelError(ValueError)      a label image or its classes are wrong
    ├── PairingError(ValueError)    images and labels do not match up
    ├── DatasetError(ValueError)    dataset.toml or a split is wrong
    ├── RunError                    a run folder, checkpoint or training cannot go on
    ├── BackendError(RuntimeError)  a backend or a device is not available here
    └── MissingPackageError(ImportError)   a package that only some functions need

An error keeps its parts. A message has one of two forms:

    something is wrong    ArgumentError("train", "lr", must="> 0", got=-1, hint="...")
                          train: lr must be > 0, got -1. ...
    something happened    RunError("street_017", event="the worker process was killed twice")
                          street_017: the worker process was killed twice.
"""

import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from math import isnan
from typing import Any

# A setting inside a hint, see setting(): unit separator, name, unit separator, value
_SETTING = re.compile("\x1f(\\w+)\x1f([^\x1f]*)\x1f")
# Characters of a part of a message; a file can have a name of a million.
_LONGEST = 2000
# ... and of the rest of a message, in which several names are listed.
_WHOLE = 16_000
_HUGE = 10**100
# words of other libraries that look like another choice of ours
_MEANT = {"gpu": "cuda", "fp16": "16-mixed", "bf16": "bf16-mixed", "fp32": "32"}
_MEANT |= {"cross_entropy": "ce", "crossentropy": "ce", "iou": "jaccard", "bce_with_logits": "bce"}
_SHORT = 100  # characters of a value that is no text


def as_keyword(name: str, value: object = None) -> str:
    """An argument with its value as in Python; None leaves the value out."""
    if value is None:
        return name
    return f'{name}="{value}"' if isinstance(value, str) else f"{name}={value!r}"


class PixelwiseError(Exception):
    """Base of every error that a user of pixelwise can repair.

    Attributes:
        where: function, command or file.
        name: the argument, option or part of a file that is wrong; "" for an event.
        must, got: what it must be, and what it is.
        event: what happened, a clause in plain words, instead of name, must and got.
        hint: what to do, whole sentences.
        cause: of a file that cannot be used, such as "missing" or "damaged"; "" of everything else.
        found: what a command has found before it needs a decision; the command line shows it.
        command: what is to be run, where the hint names a command; "" of most errors.
    """

    cause: str = ""
    found: Any = None

    def __init__(
        self,
        where: object,
        name: str = "",
        *,
        must: object = None,
        got: object = None,
        event: str = "",
        hint: str = "",
        command: str = "",
    ) -> None:
        super().__init__(where, name)  # pickle calls the class with these, then restores the parts
        self.where, self.name = _one_line(where), _one_line(name)
        self._must, self._event, self._hint = must, event, hint  # with the marks of setting()
        self.command = command
        is_number = isinstance(got, float) or (isinstance(got, int) and abs(got) < _HUGE)
        self.got = got if is_number or got is None else _one_line(shown(got, str))

    def __str__(self) -> str:
        return self.message()

    @property
    def must(self) -> object:
        return _written(self._must) if isinstance(self._must, str) else self._must

    @property
    def event(self) -> str:
        return _written(self._event)

    @property
    def hint(self) -> str:
        return _written(self._hint)

    def add_hint(self, hint: str) -> None:
        """Say what else to do."""
        self._hint = f"{self._hint} {hint}".strip()

    def replace(self, old: str, new: str) -> None:
        """Name a path by another name, in all parts."""
        for part in ("where", "name", "_must", "got", "_event", "_hint", "command"):
            value = getattr(self, part)
            if isinstance(value, str):
                setattr(self, part, value.replace(old, new))

    @property
    def reason(self) -> str:
        """The message without `where`, for lists that name the file already."""
        return self._told(str, as_keyword)

    @property
    def without_hint(self) -> str:
        """The message without what to do and its full stop, for lists that name several files."""
        parts = {"must": self.must, "got": self.got, "event": self.event}
        return str(PixelwiseError(self.where, self.name, **parts)).removesuffix(".")  # type: ignore[arg-type]

    def message(
        self,
        named: Callable[[str], str] = str,
        with_value: Callable[[str, object], str] = as_keyword,
        most: int = _WHOLE,
    ) -> str:
        """The whole message, or its beginning and what to do.

        Args:
            named: how the argument that is wrong is called; the command line calls it an option.
            with_value: how an argument in an event or a hint is written, with its value or None.
            most: characters, besides `where` and what to do, which is never cut: it has commands.
        """
        rest = self._told(named, with_value, most)
        return f"{self.where}: {rest}" if rest else self.where

    def _told(
        self,
        named: Callable[[str], str],
        with_value: Callable[[str, object], str],
        most: int = _WHOLE,
    ) -> str:
        if self._must is None and not self._event:
            return ""
        what = self._event or f"{named(self.name)} must be {self._must}, got {self.got}"
        what = _written(what, with_value)
        if len(what) > most:
            what = f"{what[:most].rpartition(' ')[0] or what[:most]} ... (--verbose: all)"
        stop = "" if what.endswith("?") else "."
        text = f"{what}{stop} {self._hint}" if self._hint else f"{what}{stop}"
        text = _printable(_written(text, with_value))  # names from files may be in events too
        return text if len(text) <= _WHOLE else f"{text[:_WHOLE]}..."


def shown(value: object, written: Callable[[object], str] = repr) -> str:
    """A value in a message, short: arrays by type and shape, others by their beginning.

    Args:
        written: str or repr.
    """
    shape = getattr(value, "shape", ())
    if shape and hasattr(value, "dtype"):
        return f"{type(value).__name__} {tuple(shape)} of {value.dtype}"
    if isinstance(value, str):
        return written(value)
    try:
        text = " ".join(written(value).split())
    except ValueError:  # thousands of digits
        return "an integer of thousands of digits"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}..."


def _one_line(value: object) -> str:
    """Text for a message: files decide how long it is and what is in it."""
    try:
        text = str(value)
    except ValueError:  # thousands of digits
        return "an integer of thousands of digits"
    return _printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _printable(text: str) -> str:
    """Text without line breaks and the like; the marks of setting() stay."""
    if text.replace("\x1f", "").isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\x1f" else " " if c.isspace() else "?" for c in text
    )


def setting(name: str, value: object = None) -> str:
    """An argument in a hint: `zero="zero"` for who calls from Python, `--zero zero` in a shell."""
    return f"\x1f{name}\x1f{'' if value is None else repr(value)}\x1f"


def _written(text: str, with_value: Callable[[str, object], str] = as_keyword) -> str:
    """Text with its settings as with_value(name, value or None) writes them."""
    return _SETTING.sub(lambda m: with_value(m[1], _value(m[2]) if m[2] else None), text)


def _value(text: str) -> object:
    """The value of setting(), or text that a file or its name has where such a value would be."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


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


class MissingPackageError(PixelwiseError, ImportError):  # type: ignore[misc]
    """A package is not installed that the function needs; the hint has the line that installs it.

    Attributes:
        name: the package.
    """


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
        must = f"{letters} = {wanted}"
        raise ArgumentError(where, name, must=must, got=tuple(shape), hint=hint)


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
    if hasattr(value, "__array__") or value not in known:
        meant = _MEANT.get(value, value) if isinstance(value, str) else shown(value, str)
        near = get_close_matches(meant, [str(k) for k in known], n=1)
        hint = f"Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(str(k) for k in known)
        raise error(where, name, must=f"one of {listed}", got=shown(value), hint=hint)


def check_range(
    where: str,
    name: str,
    value: float,
    low: float | None = None,
    high: float | None = None,
    hint: str = "",
) -> None:
    """Raise unless low <= value <= high; a bound of None is not a bound; NaN never passes.

    Raises:
        ArgumentError: value is outside the range.
        ArgumentTypeError: it is not one number.
    """
    is_nan = isinstance(value, float) and isnan(value)  # integers may be too large for isnan()
    try:
        above = low is None or bool(value >= low)
        below = high is None or bool(value <= high)
    except (TypeError, ValueError, RuntimeError):  # text, or several numbers
        raise ArgumentTypeError(where, name, must="a number", got=shown(value), hint=hint) from None
    if is_nan or not (above and below):
        if low is not None and high is not None:
            constraint = f"between {low} and {high}"
        elif low is not None:
            constraint = f">= {low}"
        else:
            constraint = f"<= {high}"
        raise ArgumentError(where, name, must=constraint, got=value, hint=hint)


def error_at(
    where: object, error: PixelwiseError, kind: type[PixelwiseError] = DatasetError
) -> PixelwiseError:
    """An error as one of a file or an item: all its parts but `where`.

    Args:
        where: the file or item.
        error: what is wrong with it.
        kind: type of the result.
    """
    return kind(
        *(where, error.name),
        must=error._must,
        got=error.got,
        event=error._event,
        hint=error._hint,
    )
