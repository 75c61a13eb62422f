"""Records become plain data and come back equal; what does not fit is one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

import numpy as np
import pytest

from pixelwise.audit.config import AuditConfig
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.report import ConvertReport
from pixelwise.errors import ArgumentError, RunError
from pixelwise.files.records import from_plain, in_words, to_plain, type_hints
from pixelwise.files.results import made_by, read_record, write_json
from pixelwise.init.config import InitConfig
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.report.config import ReportConfig
from pixelwise.score.calibration import Calibration
from pixelwise.score.compare import Comparison
from pixelwise.score.config import ScoreConfig
from pixelwise.score.record import Score
from pixelwise.settings import read_settings
from pixelwise.survey.statements import Survey
from pixelwise.weights.config import WeightsConfig

CLASSES = Classes(["sky", "road"], values=[(0, 7), "other"], ignore_values=[9])
# records with rules of their own about which values go together
MADE = {
    Classes: lambda _: CLASSES,
    Description: lambda _: Description(
        Path("street"),
        CLASSES,
        {"train": Split("images", "labels", folds=5, keep=(1, 2)), "test": Split("images")},
    ),
}
RECORDS = [Score, Comparison, Calibration, ConvertReport, Survey]
SETTINGS = [
    InitConfig("street", force=True),
    AuditConfig("street"),
    ConvertConfig("drawn", out="made", ignore=("a", "b"), line_width=3),
    WeightsConfig("street"),
    TrainConfig("street", crop=(64, 96), lr=1),
    PredictConfig("runs/a"),
    ScoreConfig("made", data="street"),
    ReportConfig("runs/a", compare=("runs/b", "runs/c")),
]


@dataclass(frozen=True)
class Point:
    """Two numbers."""

    y: float
    x: float = 0.0


@dataclass(frozen=True)
class Everything:
    """One field for each kind of hint."""

    name: str
    number: int = 1
    share: float | None = None
    sure: bool = False
    file: Path = Path()
    mode: Literal["sum", "mean", 3] = "sum"
    value: int | str | tuple[int, ...] = 0
    pair: tuple[int, float] = (1, 2.0)
    names: tuple[str, ...] = ()
    listed: list[int] | None = None
    counts: Mapping[str, int] | None = None
    point: Point | None = None
    points: tuple[Point, ...] = ()


def drawn(kind: Any, rng: np.random.Generator) -> Any:
    """A value of a type hint."""
    origin, args = get_origin(kind), get_args(kind)
    simple = {
        str: lambda: str(rng.choice(["a", "é", "", "1"])),
        int: lambda: int(rng.integers(-9, 1 << 40)),
        float: lambda: float(rng.normal()),
        bool: lambda: bool(rng.integers(2)),
        Path: lambda: Path("a", str(rng.integers(9))),
        NoneType: lambda: None,
    }
    if kind in MADE:
        return MADE[kind](rng)
    if is_typeddict(kind):
        return {name: drawn(hint, rng) for name, hint in type_hints(kind).items()}
    if is_dataclass(kind):
        hints = type_hints(kind)
        return kind(**{f.name: drawn(hints[f.name], rng) for f in fields(kind) if f.init})
    if origin is Literal:
        return args[rng.integers(len(args))]
    if origin in (Union, UnionType):
        return drawn(args[rng.integers(len(args))], rng)
    if origin is tuple and args[-1] is not Ellipsis:
        return tuple(drawn(arg, rng) for arg in args)
    if origin in (tuple, list):
        return origin(drawn(args[0], rng) for _ in range(rng.integers(4)))
    if origin in (dict, Mapping):
        return {drawn(args[0], rng): drawn(args[1], rng) for _ in range(3)}
    return simple[kind]()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", [*RECORDS, Everything])
def test_a_record_comes_back_equal_from_plain_data(kind, seed):
    record = drawn(kind, np.random.default_rng(seed))
    assert from_plain(kind, to_plain(record), "here") == record


@pytest.mark.parametrize("config", SETTINGS)
def test_settings_come_back_equal_from_plain_data(config):
    assert from_plain(type(config), to_plain(config), "here") == config


@pytest.mark.parametrize("kind", [Point, Everything])
def test_a_record_comes_back_equal_from_its_file(tmp_path, kind):
    stored = type("Stored", (kind,), {"SCHEMA": "pixelwise.test/1"})
    record = drawn(stored, np.random.default_rng(3))
    content = {"schema": stored.SCHEMA, **made_by("pixelwise test"), **to_plain(record)}
    write_json(tmp_path / "a.json", content)
    assert read_record(stored, tmp_path / "a.json") == record


def test_arrays_become_lists_and_what_is_not_a_number_becomes_none():
    plain = to_plain({"a": np.arange(3), "b": np.float32(0.5), "c": [float("nan"), float("inf")]})
    assert plain == {"a": [0, 1, 2], "b": 0.5, "c": [None, None]}


WRONG = [
    ({}, r"^a\.json: name must be given, got nothing\.$"),
    ({"name": 1}, r"^a\.json: name must be text, got 1\.$"),
    ({"name": None}, r"name must be text, got None"),
    ({"name": "a", "numbr": 1}, r"key must be one of name, .*got 'numbr'\. Did you mean 'number'"),
    ({"name": "a", "number": 1.5}, r"number must be an integer, got 1\.5"),
    ({"name": "a", "number": True}, r"number must be an integer, got True"),
    ({"name": "a", "share": "half"}, r"share must be a number, got 'half'"),
    ({"name": "a", "share": False}, r"share must be a number, got False"),
    ({"name": "a", "sure": 1}, r"sure must be true or false, got 1"),
    ({"name": "a", "file": 3}, r"file must be a path, got 3"),
    ({"name": "a", "mode": "men"}, r"mode must be one of sum, mean, 3, .*Did you mean 'mean'"),
    ({"name": "a", "mode": []}, r"mode must be one of sum, mean, 3, got \[\]"),
    ({"name": "a", "value": 1.5}, r"value must be .*, got 1\.5"),
    ({"name": "a", "pair": [1]}, r"pair must be 2 values, got \[1\]"),
    ({"name": "a", "pair": [1, "b"]}, r"pair\[1\] must be a number, got 'b'"),
    ({"name": "a", "pair": "ab"}, r"pair must be 2 values, got 'ab'"),
    ({"name": "a", "names": "ab"}, r"names must be a list, got 'ab'"),
    ({"name": "a", "names": ["b", 3]}, r"names\[1\] must be text, got 3"),
    ({"name": "a", "names": {"b": 3}}, r"names must be a list, got \{'b': 3\}"),
    ({"name": "a", "listed": [None]}, r"listed\[0\] must be an integer, got None"),
    ({"name": "a", "counts": [1]}, r"counts must be a table, got \[1\]"),
    ({"name": "a", "counts": {"b": "c"}}, r"counts\.b must be an integer, got 'c'"),
    ({"name": "a", "point": 3}, r"point must be .*, got 3"),
    ({"name": "a", "point": {}}, r"point\.y must be given, got nothing"),
    ({"name": "a", "point": {"y": 1, "z": 2}}, r"point\.key must be one of y, x, got 'z'"),
    ({"name": "a", "points": [{"y": 1}, {"y": "b"}]}, r"points\[1\]\.y must be a number, got 'b'"),
    ({"name": "a" * 99, "number": "b" * 99}, r"number must be an integer, got 'b{59}\.\.\.\.$"),
    ([1], r"^a\.json: content must be a table, got \[1\]\.$"),
    (None, r"content must be a table, got None"),
]


@pytest.mark.parametrize(("plain", "message"), WRONG)
def test_what_does_not_fit_is_one_sentence_with_its_place(plain, message):
    with pytest.raises(RunError, match=message):
        from_plain(Everything, plain, "a.json", RunError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "content must be a table of settings"),
        ('{"epoch": 1}', "setting must be one of data, .*Did you mean 'epochs'"),
        ('{"epochs": "3"}', r"epochs must be an integer, got '3'"),
        ('{"epochs": 3.0}', r"epochs must be an integer, got 3\.0"),
        ('{"crop": 64}', r"crop must be 2 values.*, got 64"),
        ('{"crop": [64, "a"]}', r"crop\[1\] must be an integer, got 'a'"),
        ('{"lr": "fast"}', r"lr must be a number.*, got 'fast'"),
        ('{"flip": 1}', "flip must be true or false, got 1"),
        ('{"lr": NaN}', "file must be valid JSON"),
        ('{"lr": 1, "lr": 2}', "the key 'lr' twice"),
        ('{"config": 3}', "config must be a table of settings, got 3"),
    ],
)
def test_a_file_of_settings_that_does_not_fit_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "train.json"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=rf"^{path}: .*{message}"):
        read_settings(path, TrainConfig)


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "an integer"),
        (float | None, "a number or none"),
        (tuple[str, ...], "a list"),
        (tuple[int, int], "2 values"),
        (int | str, "an integer or text"),
        (float | Literal["auto"], "a number or auto"),
        (Path, "a path"),
        (dict[str, int], "a table"),
    ],
)
def test_a_hint_is_said_in_words(hint, words):
    assert in_words(hint) == words
