"""Finding a score and its training curves, and reading them. Nothing unchecked goes on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.errors import PixelwiseError, RunError
from pixelwise.labels.classes import Classes
from pixelwise.report.form import FORM, OPTIONAL, SHARE, contradictions, is_of, mismatches

SCHEMA = "pixelwise.score/1"
SCORE_FILE, METRICS_FILE = "score.json", "metrics.jsonl"


@dataclass(frozen=True)
class Source:
    """One score.json, checked, with where it was found.

    Args:
        path: the score.json.
        score: its content.
        classes: the classes in it.
    """

    path: Path
    score: dict[str, Any]
    classes: Classes


def read_source(source: Path) -> Source:
    """Find and read a score.

    Args:
        source: score.json, or a folder; of several score.json below it the newest is taken.
    Raises:
        RunError: there is none, or it is not a score of this version.
    """
    path = find_score(source)
    score = read_json(read_bytes(path), str(path))
    schema = score.get("schema") if isinstance(score, dict) else None
    if schema != SCHEMA:
        hint = "Score the predictions again with this version: pixelwise score PREDICTIONS"
        raise RunError(path, "schema", must=repr(SCHEMA), got=repr(schema), hint=hint)
    there = {key: form for key, form in OPTIONAL.items() if key in score}
    wrong = mismatches(score, {**FORM, **there}, "") or contradictions(score)
    if wrong:
        raise RunError(
            f"{path}: {'; '.join(wrong[:5])}. Write it again: {command_for(path.parent)}"
        )
    try:
        return Source(path, score, Classes.from_dict(score["classes"]))
    except (PixelwiseError, TypeError) as error:  # TypeError: a field that classes do not have
        raise RunError(f"{path}: in classes: {error}") from None


def find_score(source: Path) -> Path:
    """The file itself, or the newest score.json in or below a folder.

    Raises:
        RunError: there is none.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        raise RunError(source, "source", must="a score.json or a folder", got="no such path")
    found = sorted(source.rglob(SCORE_FILE), key=lambda p: (p.stat().st_mtime_ns, str(p)))
    if not found:
        got = f"no {SCORE_FILE} in it or below it"
        hint = f"Make one: {command_for(source)}"
        raise RunError(source, "source", must="a folder with a score", got=got, hint=hint)
    return found[-1]


def command_for(folder: Path) -> str:
    """The command that writes a score into the predictions in or below a folder."""
    predicted = sorted(folder.rglob("prediction.json"))
    if predicted:
        return f"pixelwise score {predicted[-1].parent}"
    if (folder / "config.json").is_file():
        return f"pixelwise predict {folder}, then pixelwise score {folder / 'predictions' / 'val'}"
    return "pixelwise score PREDICTIONS --data DATASET"


def find_metrics(source: Path, score_path: Path) -> Path | None:
    """metrics.jsonl in the folder that was asked for, or in the run folder around the score."""
    # RUN/predictions/SPLIT/score.json is two folders below its run folder
    around = [source, score_path.parent, *score_path.absolute().parents[1:3]]
    return next((f / METRICS_FILE for f in around if (f / METRICS_FILE).is_file()), None)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, a later line for the same step over an earlier one.

    A last line without its line end is still being written and is left out.

    Returns:
        one dict per step and kind of line, in the order of the steps.
    Raises:
        RunError: a line is not a JSON object with a `step`.
    """
    lines = read_bytes(path).split(b"\n")[:-1]
    rows: dict[tuple[int, bool], dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        row = read_json(line, where)
        wrong = list(mismatches(row, {"step": int}, "")) or [
            f"{key!r} must be a number, got {value!r}"
            for key, value in row.items()
            if "/" in key and not is_of(value, SHARE)
        ]
        if wrong:
            raise RunError(f"{where}: {wrong[0]}. Remove the line, or train again.")
        # A resumed run repeats the steps after its checkpoint; they count as trained the last time.
        rows[row["step"], "val/loss" in row] = row
    return [rows[key] for key in sorted(rows)]


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        RunError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: the file must be readable, got {error.strerror}.") from None


def read_json(data: bytes, where: str) -> Any:
    """JSON in the strict sense: UTF-8, no NaN.

    Raises:
        RunError: it is not.
    """
    try:
        return json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        hint = f"The file is damaged or no score. {error}."
        raise RunError(
            where, "content", must="JSON", got=f"{len(data)} other bytes", hint=hint
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON, absent scores are null")
