"""What may be computed in parts of a batch, and what differs then."""

from pixelwise.errors import ArgumentError
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.table import LOSSES
from pixelwise.networks.build import Network, draws_at_random, has_batch_norm
from pixelwise.plan.config import TrainConfig
from pixelwise.text import some


def takes_one_pass(criterion: Criterion) -> bool:
    """Whether the slopes depend on labels alone."""
    makes = {row.make for row in LOSSES.values() if row.decomposes}
    return all(type(term) in makes for _, term in criterion.terms())


def check_parts(config: TrainConfig, criterion: Criterion) -> None:
    """Raise if a batch in parts would not be the batch, see check_sums."""
    check_sums("train", config.accumulate, criterion)


def check_sums(where: str, accumulate: int, criterion: Criterion) -> None:
    """Raise if a batch in so many parts would not be the batch.

    Raises:
        ArgumentError: a term is not a formula on sums.
    """
    terms = sorted({type(term).__name__ for _, term in criterion.terms() if not term.sums})
    if accumulate > 1 and terms:
        must = f"1 with {some(terms)}, whose loss of a batch does not follow from that of its parts"
        raise ArgumentError(where, "accumulate", must=must, got=accumulate)


def lines_about_parts(config: TrainConfig, criterion: Criterion, network: Network) -> list[str]:
    """What a training in parts says about itself."""
    if config.accumulate == 1:
        return []
    passes = "one forward pass" if takes_one_pass(criterion) else "two forward passes"
    lines = [f"a batch in {config.accumulate} parts, {passes} for each"]
    end = "results differ from --accumulate 1"
    if has_batch_norm(network):
        lines.append(f"BatchNorm statistics are of each part of the batch: {end}")
    if draws_at_random(network):
        lines.append(f"dropout draws numbers of its own in each part of the batch: {end}")
    return lines
