"""Finding a score or a comparison and the curves of its training, and reading them, checked."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pixelwise.errors import RunError
from pixelwise.files.results import read_object, read_record, record_of
from pixelwise.labels.tables.distinct import shown_classes
from pixelwise.report.form import contradictions, member_contradictions
from pixelwise.run.evidence import FILE as EVIDENCE_FILE
from pixelwise.run.evidence import Evidence
from pixelwise.score.command import FILE as SCORE_FILE
from pixelwise.score.compare import FILE as COMPARISON_FILE
from pixelwise.score.compare import Comparison
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import Score
from pixelwise.text import shell_line

METRICS_FILE = "metrics.jsonl"
Found = TypeVar("Found", bound=Score | MultilabelScore | Comparison)


@dataclass(frozen=True)
class Source:
    """One score, with the score.json in which it was found."""

    path: Path
    score: Score


@dataclass(frozen=True)
class MemberSource:
    """One score whose classes overlap, with the score.json in which it was found."""

    path: Path
    score: MultilabelScore


def read_source(source: Path) -> Source | MemberSource:
    """Find and read a score.

    Raises:
        RunError: there is none, or it is damaged.
    """
    path = find_result(source)
    found = read_result(path)
    if isinstance(found, Comparison):
        hint = "Compare scores, or make the page of the comparison alone."
        raise RunError(path, "source", must="a score", got="a comparison", hint=hint)
    return MemberSource(path, found) if isinstance(found, MultilabelScore) else Source(path, found)


def read_result(path: Path) -> Score | MultilabelScore | Comparison:
    """The score in a score.json, or the comparison in a comparison.json.

    Raises:
        RunError: it is damaged, of another version, or its parts contradict each other.
    """
    content = read_object(path)
    if content.get("schema") == Comparison.SCHEMA:
        hint = "Write it again: pixelwise score PREDICTIONS VERSUS"
        return in_shown_colors(record_of(Comparison, content, str(path), hint))
    hint = f"Write it again: {command_for(path.parent)}"
    overlap = str(content.get("schema")).startswith(MultilabelScore.SCHEMA.partition("/")[0])
    score: Score | MultilabelScore
    if overlap:
        score = record_of(MultilabelScore, content, str(path), hint)
        wrong = member_contradictions(score)
    else:
        score = record_of(Score, content, str(path), hint)
        wrong = contradictions(score)
    if wrong:
        raise RunError(path, event="; ".join(wrong[:5]), hint=hint)
    return in_shown_colors(score)


def in_shown_colors(found: Found) -> Found:
    """The same, its classes in the colours that pages show them in."""
    return replace(found, classes=shown_classes(found.classes))


def find_result(source: Path) -> Path:
    """The file itself, or the newest score.json in or below a folder, or else comparison.json.

    Raises:
        RunError: there is none.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        raise RunError(source, "source", must="a score.json or a folder", got="no such path")
    for name in (SCORE_FILE, COMPARISON_FILE):
        files = (path for path in source.rglob(name) if path.is_file())
        found = sorted(files, key=lambda p: (p.stat().st_mtime_ns, str(p)))
        if found:
            return found[-1]
    got = f"no {SCORE_FILE} in it or below it"
    hint = f"Make one: {command_for(source)}"
    raise RunError(source, "source", must="a folder with a score", got=got, hint=hint)


def command_for(folder: Path) -> str:
    """The command that writes a score into the predictions in or below a folder."""
    predicted = sorted(folder.rglob("prediction.json"))
    if predicted:
        return shell_line(["pixelwise", "score", str(predicted[-1].parent)])
    if (folder / "config.json").is_file():
        predict, score = (shell_line(["pixelwise", do, str(folder)]) for do in ("predict", "score"))
        return f"{predict}, then {score}"
    return "pixelwise score PREDICTIONS --data DATASET"


def find_metrics(source: Path, score_path: Path) -> Path | None:
    """metrics.jsonl in the folder that was asked for, or in the run folder around the score."""
    around = folders_around(source, score_path)
    return next((f / METRICS_FILE for f in around if (f / METRICS_FILE).is_file()), None)


def folders_around(source: Path, score_path: Path) -> list[Path]:
    """The folders that may be the run of a score."""
    # RUN/predictions/SPLIT/score.json is two folders below its run folder
    return [source, score_path.parent, *score_path.absolute().parents[1:3]]


def read_evidence(run: Path) -> str:
    """What a run says of its best epoch and of those that are as good; empty if it says nothing.

    Raises:
        RunError: its file is damaged.
    """
    path = run / EVIDENCE_FILE
    if not path.is_file():
        return ""
    hint = f"Write it again: {shell_line(['pixelwise', 'train', '--resume', str(run)])}"
    line = read_record(Evidence, path, hint).text()
    return f"{line[:1].upper()}{line[1:]}."
