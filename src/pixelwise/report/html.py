"""One self-contained HTML file: scores, curves, confusions and pictures.

`report` reads, arranges and writes; what stands where is report.html, how it looks is report.css.
The page fetches nothing, except the pictures of --assets, and runs its own script alone: its
content security policy lets no other.
"""

from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pixelwise.errors import RunError, setting
from pixelwise.figures import words
from pixelwise.files.atomic import atomic_write
from pixelwise.logs.curves import read_metrics
from pixelwise.report.comparison import comparison
from pixelwise.report.config import ReportConfig
from pixelwise.report.explore.assets import folder_of, write_assets
from pixelwise.report.members_page import members_page
from pixelwise.report.score_page import curves, score_page
from pixelwise.report.source import (
    MemberSource,
    Source,
    command_for,
    find_metrics,
    find_result,
    folders_around,
    read_evidence,
    read_result,
    read_source,
)
from pixelwise.score.compare import Comparison
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import Score
from pixelwise.settings import takes_settings


@takes_settings(ReportConfig)
def report(config: ReportConfig) -> Path:
    """Write a score, its curves and its pictures, or a comparison, as one HTML file.

    The same score and pictures give the same bytes.

    Args:
        config: which score, what it is compared with, how many pictures.
    Returns:
        the file. With `serve` nothing is written and nothing returned: Ctrl-C ends it.
    Raises:
        RunError: there is no score.json, it or calibration.json is damaged or of another version,
            or the pictures of all images are asked for of something that is not a score.
    """
    path = find_result(config.source)
    found, out = read_result(path), out_path(config)
    text = rendered(config, path, found, config.serve)
    if config.serve:
        # http.server is only imported where it is used
        from pixelwise.report.serve import serve

        serve(text, found, path, config.port)
    if config.assets:
        if not isinstance(found, Score):
            event = f"{setting('assets')} takes a score of classes that do not overlap"
            raise RunError("report", event=event)
        write_assets(out, Source(path, found))
    atomic_write(out, text.encode())
    return out


def rendered(
    config: ReportConfig,
    path: Path,
    found: Score | MultilabelScore | Comparison,
    is_served: bool = False,
) -> str:
    """The HTML of a page.

    Args:
        config: as report takes it.
        path: of what was found.
        found: in it.
        is_served: the page may ask for the pictures of an image, such as full/NUMBER/image.
    """
    out = out_path(config)
    if isinstance(found, Comparison):
        if config.compare:
            event = f"{path} is a comparison already, and has no others beside it"
            hint = f"To compare scores, write one first: {command_for(path.parent)}"
            raise RunError("report", event=event, hint=hint)
        context = comparison(found, path.parent, config.worst, config.best)
        template = "comparison.html"
    else:
        read = [read_source(other) for other in config.compare]
        metrics = find_metrics(config.source, path)
        charts = curves(read_metrics(metrics)) if metrics else []
        evidence = read_evidence(metrics.parent) if metrics else ""
        overlapping = [one for one in read if isinstance(one, MemberSource)]
        others = [one for one in read if isinstance(one, Source)]
        if len(others if isinstance(found, MultilabelScore) else overlapping):
            event = "scores of classes that overlap stand beside no others"
            raise RunError("report", event=f"{event}: leave out {setting('compare')}")
    if isinstance(found, MultilabelScore):
        own = MemberSource(path, found)
        context = members_page(own, overlapping, charts, config.worst, config.best)
        context["evidence"] = evidence
        template = "members.html"
    elif isinstance(found, Score):
        source = Source(path, found)
        folders = folders_around(config.source, path)
        files = folder_of(out) if config.assets else None
        context = score_page(source, others, folders, config, files, is_served)
        context |= {"charts": charts, "evidence": evidence}
        template = "report.html"
    context |= {"created": readable_time(found.created), "result": path.name, "full": is_served}
    return environment().get_template(template).render(context)


def out_path(config: ReportConfig) -> Path:
    """Where the page goes: report.html beside the source, unless another place was named."""
    if config.out is not None and not config.out.is_dir():
        return config.out
    source = config.source if config.source.is_dir() else config.source.parent
    return (config.out or source) / "report.html"


@cache
def environment() -> Environment:
    """The template engine: everything is escaped, and every value passes `plain`.

    A process has one, which compiles each template once.
    """
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=words.percent, grouped=words.grouped, listed=words.listed)
    return env


def readable_time(created: str) -> str:
    """An ISO 8601 time as `2026-05-04 12:30`; any other text as it is."""
    try:
        return datetime.fromisoformat(created).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return created
