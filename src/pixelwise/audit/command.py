"""What an audit does before its page and its repair: open, examine, keep what is accepted."""

from concurrent.futures import Executor

from pixelwise.audit.baseline import Baseline, read_baseline, write_baseline
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.examine import examine
from pixelwise.audit.findings import Ledger
from pixelwise.audit.overlap.views import examine_members
from pixelwise.audit.result import Audit
from pixelwise.audit.source import NOT_REPAIRED, Source, open_folders, open_source
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.description import without_overlap
from pixelwise.sums import Progress

# Findings of each rule that are listed; the others are counted.
LISTED = 10_000


def audit_of(
    config: AuditConfig,
    executor: Executor | None = None,
    listed: int | None = LISTED,
    progress: Progress | None = None,
    source: Source | None = None,
) -> Audit:
    """The audit that a configuration asks for; html and fix are left to the packages above.

    Args:
        config: the settings.
        executor: where the work is done; None works in this thread.
        listed, progress: see report.audit_page.audit.
        source: the dataset if it is open already.
    Raises:
        PixelwiseError: see report.audit_page.audit.
    """
    known = () if config.baseline is None else read_baseline(config.baseline).accepted
    baseline = Baseline(known).counts()
    if source is None and config.images is not None and config.labels is not None:
        source = open_folders(config.images, config.labels, **config.affixes)
    if source is None:
        assert config.data is not None  # AuditConfig sees to it
        source = open_source(config.data)
    # a baseline and a repair must know every finding, not only those that are listed
    if config.write_baseline is not None or config.fix is not None:
        listed = None
    how = {"quick": config.quick, "deep": config.deep}
    if source.description.task == MULTILABEL:
        if config.fix is not None:
            without_overlap(source.description, "audit --fix", NOT_REPAIRED)
        result = examine_members(source, listed, baseline, executor, progress, **how)
    else:
        result = examine(source, Ledger(listed, baseline), executor, progress, **how)
    if config.write_baseline is not None:
        write_baseline(config.write_baseline, result, known, config.accept_rules)
    return result
