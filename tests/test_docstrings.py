"""Docstrings of the public names: arguments are described, examples run, signatures are typed."""

import doctest
import inspect
import re
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

import pixelwise as pw


def public(package):
    """Functions and classes by name; a package that can be called stands for its function."""
    things = {name: getattr(package, name) for name in package.__all__}
    things = {name: getattr(thing, "_function", thing) for name, thing in things.items()}
    return {name: thing for name, thing in things.items() if callable(thing)}


THINGS = {**public(pw.metrics), **public(pw)}
NAMES = sorted(THINGS)
# a page of an audit that is read back from JSON
NOT_TYPED = ["audit_page"]


def texts(thing):
    """The docstring of a function; of a class those of its constructor and of its bases too."""
    owners = [
        one for one in getattr(thing, "__mro__", ()) if one.__module__.startswith("pixelwise")
    ]
    both = [thing, *owners, *(vars(one).get("__init__") for one in owners)]
    return "\n".join(text for one in both if (text := inspect.getdoc(one)) is not None)


@pytest.mark.parametrize("name", NAMES)
def test_each_argument_is_described_in_the_docstring(name):
    """By a line `name: ...`, or several names before one colon."""
    thing = THINGS[name]
    text = texts(thing)
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    names = [p.name for p in inspect.signature(thing).parameters.values() if p.kind not in kinds]
    missing = [one for one in names if not re.search(rf"^ *(\w+, )*{one}(, \w+)*:", text, re.M)]
    helped = getattr(thing, "__dataclass_fields__", {})
    assert [one for one in missing if "help" not in getattr(helped.get(one), "metadata", {})] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_docstring_run(name):
    """With the public names, np, torch and pw as they are imported in the documents."""
    thing = THINGS[name]
    finder = doctest.DocTestFinder(exclude_empty=True)
    module = inspect.getmodule(inspect.unwrap(thing))
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report = []
    known = {**vars(module), **THINGS, "np": np, "torch": torch, "pw": pw}
    for test in finder.find(inspect.unwrap(thing), name, module=module, globs=known):
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def is_bare(hint):
    """Whether something in a type hint says nothing: Any, a missing one, an array of any dtype."""
    if hint in (Any, inspect.Parameter.empty, np.ndarray):
        return True
    if get_origin(hint) is np.ndarray:
        return any(map(is_bare, get_args(hint)[1:]))
    parts = hint if isinstance(hint, list | tuple) else get_args(hint)
    return any(is_bare(part) for part in parts if part not in get_args(ArrayLike))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_TYPED])
def test_no_argument_and_no_result_is_of_any_type(name):
    thing = THINGS[name]
    function = thing.__init__ if inspect.isclass(thing) else inspect.unwrap(thing)
    hints = {"return": inspect.Parameter.empty, **get_type_hints(function)}
    spelled = {p.name: p.annotation for p in inspect.signature(thing).parameters.values()}
    untyped = [arg for arg, hint in {**spelled, **hints}.items() if is_bare(hint)]
    assert untyped == []
