"""`pixelwise audit`: open what is named, audit it, and keep what is accepted."""

from pixelwise.audit.audit import LISTED, audit_source, spreading
from pixelwise.audit.baseline import read_baseline, write_baseline
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.findings import Audit
from pixelwise.audit.ledger import Ledger
from pixelwise.audit.source import open_folders, open_source
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.sums import Progress


def run(config: AuditConfig, progress: Progress | None = None) -> Audit:
    """Audit what a configuration names.

    Args:
        config: see AuditConfig.
        progress: see audit.
    Raises:
        DatasetError: there is no data set, or its dataset.toml is wrong.
        ArgumentError: the baseline is none.
        RunError: a baseline cannot be written.
    """
    config = with_absolute_paths(config)
    accepted = {} if config.baseline is None else read_baseline(config.baseline)
    if config.images is not None and config.labels is not None:
        source = open_folders(config.images, config.labels)
    else:
        source = open_source(str(config.data))
    # a baseline and a repair must know every finding, not only those that are listed
    every = config.write_baseline is not None or config.fix is not None
    listed = None if every else LISTED
    ledger = Ledger(listed, accepted)
    with open_executor(config.workers, config.scheduler) as executor:
        spread = spreading(executor, progress)
        result = audit_source(source, spread, ledger, quick=config.quick, deep=config.deep)
    if config.write_baseline is not None:
        write_baseline(config.write_baseline, result)
    return result
