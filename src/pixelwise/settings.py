"""Settings: what a command takes, as one frozen dataclass, from Python, the command line or a file.

The fields of `TrainConfig` are the options of `pixelwise train`, the keywords of `pw.train` and the
keys of `--config FILE`: one name, type, default, range and help text for all three.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, field, fields
from functools import wraps
from inspect import cleandoc, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    RunError,
    check_choice,
    check_range,
)
from pixelwise.extras import explain_missing
from pixelwise.files.json_file import read_json
from pixelwise.files.limits import allow_unpacked
from pixelwise.files.records import converted, shown, type_hints
from pixelwise.files.toml_file import read_toml
from pixelwise.text import shell_line

Result = TypeVar("Result")
# what a path leads to: a dataset is a folder with dataset.toml, or that file
Reads = Literal["", "dataset", "run", "folder", "file", "file or folder"]

LARGEST = 2**63 - 1  # whole numbers of settings meet tensors, which have 64 bits


class Given:
    """Base of a configuration that knows which of its settings were given.

    A setting whose value is the default may have been given too, as in `--resume RUN --epochs 20`.
    Where every field is given at once, as dataclasses.replace and from_plain do it, those count
    that differ from their defaults.
    """

    given: frozenset[str]

    def __new__(cls, *values: Any, **named: Any) -> Self:
        config, known = super().__new__(cls), fields(cls)  # type: ignore[arg-type]
        named |= dict(zip((f.name for f in known), values))
        is_all = len(named) == len(known)
        given = (f.name for f in known if f.name in named)
        if is_all:
            given = (f.name for f in known if named[f.name] != f.default)
        object.__setattr__(config, "given", frozenset(given))
        return config

    def but(self, **changes: Any) -> Self:
        """A configuration of what was given, with changes; others than these are not given."""
        own = {name: getattr(self, name) for name in self.given}
        return type(self)(**own | changes)


def option(
    default: Any,
    text: str,
    *,
    positional: bool = False,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: tuple[str, ...] = (),
    metavar: str | tuple[str, ...] | None = None,
    reads: Reads = "",
    group: str = "",
    common: bool = False,
) -> Any:
    """A field of a configuration.

    Args:
        default: its value where nothing is given.
        text: help, one clause.
        positional: an argument of the command line without dashes.
        low, high: least and largest value; above: a bound that is excluded. None is in every range.
        choices: allowed words that a `Literal` hint cannot say, because a table has them.
        metavar: what stands for the value in --help.
        reads: what a path must lead to before the command begins.
        group: heading of --help that begins with this field.
        common: stands before the groups, where --help begins.
    """
    metadata = {"help": text, "positional": positional, "low": low, "high": high, "above": above}
    metadata |= {"choices": choices, "metavar": metavar, "reads": reads, "group": group}
    metadata["common"] = common
    return field(default=default, metadata=metadata)


def required(text: str, *, reads: Reads = "") -> Any:
    """A field that must be given: the first argument of its command."""
    return option(MISSING, text, positional=True, reads=reads)


def workers_option() -> Any:
    """The field `workers` of a command that does the same for every file of a folder."""
    return option(0, "processes that share the work; 0: none", low=0, group="machine")


def scheduler_option() -> Any:
    """The field `scheduler` of such a command."""
    text = "address of a Dask scheduler whose workers share the work, such as tcp://host:8786"
    return option(None, text, metavar="ADDRESS", group="machine")


def accept_guesses_option() -> Any:
    """The field `accept_guesses` of a command that needs a dataset without open questions."""
    return option(False, "use a dataset.toml that has open questions as it is")


def max_gib_option() -> Any:
    """The field `max_gib` of a command that reads files which others have made."""
    text = "GiB of memory that the content of one file may take (default: 1)"
    return option(None, text, above=0, metavar="GIB", group="machine")


def command_of(config: Any) -> str:
    """The command that takes a configuration: TrainConfig -> "train"."""
    kind = config if isinstance(config, type) else type(config)
    return kind.__name__.removesuffix("Config").lower()


def check_settings(config: Any) -> None:
    """Give every field its declared type and check its choices and range; for __post_init__.

    Raises:
        ArgumentError: a value is of another type, not among the choices, or out of range.
    """
    kind: Any = type(config)
    hints = type_hints(kind)
    for f in fields(config):
        value = _checked(f, hints[f.name], getattr(config, f.name), command_of(config))
        object.__setattr__(config, f.name, value)


def _checked(f: Field, kind: Any, given: Any, where: str) -> Any:
    """A value as the type of its field, within its choices and range."""
    value = converted(kind, given, where, f.name)
    low, high, above = (f.metadata[bound] for bound in ("low", "high", "above"))
    for one in value if isinstance(value, tuple) else () if value is None else (value,):
        if f.metadata["choices"]:
            check_choice(where, f.name, one, f.metadata["choices"])
        if low is not None or high is not None:
            check_range(where, f.name, one, low, high)
        if above is not None and not above < one < float("inf"):
            raise ArgumentError(where, f.name, must=f"> {above}", got=one)
        if isinstance(one, Path | str) and "\0" in str(one):
            # no system has such a path, and Python's functions of paths disagree on what to do
            raise ArgumentError(where, f.name, must="without a NUL character", got=shown(str(one)))
        if type(one) is int and abs(one) > LARGEST:
            raise ArgumentError(where, f.name, must=f"at most {LARGEST:,}", got=shown(one))
    return value


def from_words(kind: Any, words: str | Sequence[str] | bool) -> Any:
    """What was typed as a type hint wants it: "3" -> 3, "none" -> None, ["64", "96"] -> (64, 96).

    Text that is not such a number stays text, which check_settings refuses. Flags are bool already.
    """
    if isinstance(words, bool):
        return words
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if words == "none" and NoneType in kinds:
        return None
    first = next(k for k in kinds if k is not NoneType)
    if not isinstance(words, str):
        declared = get_args(next(k for k in kinds if get_origin(k) is tuple))
        declared = declared[:1] * len(words) if declared[-1] is Ellipsis else declared
        return tuple(map(from_words, declared, words))
    if first in (int, float):
        with suppress(ValueError):
            return first(words)
    return words


def choices_of(config: type, name: str) -> tuple[str, ...]:
    """The words that a field may be, () where it is free."""
    kind = type_hints(config)[name]
    kinds = [k for k in get_args(kind) if get_origin(k) is Literal] or [kind]
    words = get_args(kinds[0]) if get_origin(kinds[0]) is Literal else ()
    return words or field_of(config, name).metadata.get("choices", ())


def field_of(config: type, name: str) -> Field:
    """The field of a name."""
    return next(f for f in fields(config) if f.name == name)  # type: ignore[arg-type]


def command_line(config: Any) -> str:
    """The command that a configuration stands for, without what is left at its default."""
    places: list[str] = []
    words: list[str] = []
    for f in fields(config):
        value = getattr(config, f.name)
        if value == f.default:
            continue
        if f.metadata.get("positional"):
            places += map(str, value if isinstance(value, tuple) else (value,))
        elif isinstance(value, bool):
            words.append(flag(f.name) if value else flag(f"no_{f.name}"))
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [flag(f.name), *("none" if v is None else str(v) for v in values)]
    return shell_line(["pixelwise", command_of(config), *places, *words])


def flag(name: str) -> str:
    """A field as an option of the command line: class_weights -> --class-weights."""
    return "--" + name.replace("_", "-")


def takes_settings(
    config: type,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Decorator of a command: it takes its configuration, or the settings themselves.

        train(TrainConfig("street", loss="ce"))    train("street", loss="ce")

    Args:
        config: the configuration, first argument of the function. Settings that are arguments
            without dashes on the command line may be given by position.
    """
    names = [f.name for f in fields(config)]
    places = [f.name for f in fields(config) if f.metadata.get("positional")]

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        others = list(signature(function).parameters)[1:]

        @wraps(function)
        def command(*given: Any, **settings: Any) -> Result:
            if "config" in settings:
                if given:
                    raise ArgumentTypeError(
                        function.__name__, event="config must be given without other arguments"
                    )
                given = (settings.pop("config"), *given)
            with explain_missing(function.__name__, function.__module__):
                if given and isinstance(given[0], config):
                    for name in settings:
                        if name in names and name not in others:
                            event = f"{name} belongs into the configuration, not beside it"
                            raise ArgumentTypeError(function.__name__, event=event)
                    made, more, given = given[0], settings, given[1:]
                else:
                    made, more = from_settings(given, settings)
                    given = ()
                try:
                    with allow_unpacked(getattr(made, "max_gib", None)):
                        return function(made, *given, **more)
                except BrokenPipeError:
                    raise  # somebody has stopped to read what is printed
                except OSError as error:
                    event = f"the file system refuses ({error.strerror or error})"
                    where = error.filename or function.__name__
                    raise RunError(where, event=event) from error

        def from_settings(given: tuple, settings: dict) -> tuple[Any, dict]:
            if len(given) > len(places):
                must = f"at most {len(places)} ({', '.join(places)})"
                raise ArgumentTypeError(
                    function.__name__, "arguments without a name", must=must, got=len(given)
                )
            for name in settings:
                check_choice(function.__name__, "setting", name, [*names, *others])
            more = {name: settings.pop(name) for name in others if name in settings}
            placed = dict(zip(places, given))
            twice = ", ".join(name for name in placed if name in settings)
            if twice:
                event = f"{twice} is given twice, by position and by name"
                raise ArgumentTypeError(function.__name__, event=event)
            own = placed | settings
            missing = [f.name for f in fields(config) if f.default is MISSING and f.name not in own]
            if missing:
                must, got = "given", "nothing"
                raise ArgumentTypeError(function.__name__, ", ".join(missing), must=must, got=got)
            return config(**own), more

        command.__doc__ = f"{cleandoc(function.__doc__ or '')}\nSettings:\n{described}"
        return command

    described = "\n".join(map(_described, fields(config)))
    return decorate


def _described(f: Field) -> str:
    """A line of help(pw.train): a setting, its default and its text."""
    default = "" if f.default in (MISSING, None) else f" = {f.default!r}"
    return f"    {f.name}{default}: {f.metadata['help']}"


def read_settings(path: Path, config: type) -> dict[str, Any]:
    """Settings from a JSON or TOML file, or from the config.json of a run, checked one by one.

    Raises:
        ArgumentError: the file cannot be read; a key is not a setting of the command, or its value
            is of another type.
    """
    reader = read_toml if path.suffix == ".toml" else read_json
    content = reader(path, ArgumentError)
    if not isinstance(content, dict):
        raise ArgumentError(path, "content", must="a table of settings", got=shown(content))
    content = content.get("config", content)  # the config.json of a run has them in a table
    if not isinstance(content, dict):
        raise ArgumentError(path, "config", must="a table of settings", got=shown(content))
    known, hints = {f.name: f for f in fields(config)}, type_hints(config)  # type: ignore[arg-type]
    for key in content:
        check_choice(str(path), "setting", key, known)
    return {key: _checked(known[key], hints[key], v, str(path)) for key, v in content.items()}
