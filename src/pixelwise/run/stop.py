"""What the counts of the images decide and say in a run; the formulas are in evidence.py.

The first rank has the counts of all, and decides for all.
"""

from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.ranks.distributed import any_rank
from pixelwise.run.evaluate import Evaluation
from pixelwise.run.evidence import FILE, evidence_of, highest_gain, interval
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
    low, high = interval(run.scores.of[epoch][1:])
    return {"val/miou_low": low, "val/miou_high": high}


def gains_too_little(run: Run) -> bool:
    """Whether the run ends here by evidence, and says so; the first rank decides."""
    config, epochs = run.config, run.position.epochs
    if config.stop == "none":
        return False
    most = highest_gain(run.scores, config.stop_window)
    ends = any_rank(100 * most < config.stop_gain, run.fabric.device)
    if ends:
        run.display.line(
            f"stopped by evidence after {epochs} of {plural(config.epochs, 'epoch')}: the last "
            f"{plural(config.stop_window, 'epoch')} gained at most {percent(most)} points of mIoU"
        )
    return ends


def say_evidence(run: Run) -> None:
    """Say and write which epochs are as good as the best, when a run ends."""
    if run.scores.of:
        evidence = evidence_of(run.scores)
        write_json(run.folder / FILE, {"schema": evidence.SCHEMA, **to_plain(evidence)})
        run.display.line(evidence.text())
