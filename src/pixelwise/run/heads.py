"""The loss of a network over all its heads: that of its logits, and those for training alone.

    loss = Σ_h factor_h · criterion(logits of head h, target)

Every head is compared at the label's own resolution.
"""

from collections.abc import Sequence

from torch import Tensor

from pixelwise.networks.build import Network
from pixelwise.ops.interpolate import no_larger
from pixelwise.run.setup import Run


def logits_of_heads(run: Run, image: Tensor, target: Tensor) -> list[Tensor]:
    """The logits of every head, those of the network first; none larger than the target."""
    found = run.model(image)
    heads = found if isinstance(found, list) else [found]
    return [no_larger(logits, target.shape[-2:]) for logits in heads]


def factors_of_heads(network: Network) -> tuple[float, ...]:
    """The factor of the loss of every head."""
    return network.head_factors or (1.0,)


def weighted(factors: Sequence[float], values: Sequence[Tensor]) -> Tensor:
    """Σ factor · value."""
    terms = [value if f == 1 else f * value for f, value in zip(factors, values, strict=True)]
    return sum(terms[1:], terms[0])


def auxiliary_loss(factors: Sequence[float], losses: Sequence[Tensor]) -> Tensor:
    """The mean of the losses of the other heads, by their factors and without the weight."""
    return weighted([f / sum(factors[1:]) for f in factors[1:]], losses[1:])
