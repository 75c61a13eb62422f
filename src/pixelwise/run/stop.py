"""What the counts of the images decide and say in a run; the formulas are in evidence.py.

The first rank has the counts of all, and decides for all.
"""

from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.plan.config import TrainConfig
from pixelwise.ranks.distributed import any_rank
from pixelwise.run.evaluate import Evaluation
from pixelwise.run.evidence import FILE, Scores, evidence_of, highest_gain, interval, resampled
from pixelwise.run.setup import Run
from pixelwise.run.val_counts import ValCounts, write_counts
from pixelwise.text import percent, plural


def keep_counts(run: Run, evaluation: Evaluation) -> dict[str, float]:
    """Keep the counts of an epoch that was scored.

    Returns:
        Bounds of its mean IoU for metrics.jsonl; of other ranks than the first nothing.
    """
    if not run.fabric.is_global_zero:
        return {}
    epoch = run.position.epochs + 1
    counts = ValCounts(epoch, run.position.step, evaluation.shape, evaluation.images)
    write_counts(run.folder, counts)
    run.scores.add(run.folder, counts)
    own = run.scores.of.get(epoch)  # none where no image was counted in all epochs
    low, high = interval((resampled(counts.sums()) if own is None else own)[1:])
    return {"val/miou_low": low, "val/miou_high": high}


def gains_too_little(run: Run) -> bool:
    """Whether the run ends here by evidence, and says so; the first rank decides."""
    if run.config.stop == "none":
        return False
    line = why_stopped(run.config, run.scores)
    ends = any_rank(line is not None, run.fabric.device)
    if line:
        run.display.line(line)
    return ends


def why_stopped(config: TrainConfig, scores: Scores) -> str | None:
    """A line, if a run with these scores of its epochs ends by evidence; else None."""
    if config.stop == "none":
        return None
    most, last = highest_gain(scores, config.stop_window), config.stop_window
    if 100 * most >= config.stop_gain:
        return None
    return (
        f"stopped by evidence after {max(scores.of)} of {plural(config.epochs, 'epoch')}: the last "
        f"{f'{last} epochs' if last > 1 else 'epoch'} gained at most {percent(most)} points of mIoU"
    )


def say_evidence(run: Run) -> None:
    """Say and write which epochs are as good as the best, when a run ends."""
    if run.scores.of:
        evidence = evidence_of(run.scores)
        write_json(run.folder / FILE, {"schema": evidence.SCHEMA, **to_plain(evidence)})
        run.display.line(evidence.text())
