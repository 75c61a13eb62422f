"""The average of the weights over steps, which is often better than the weights of the last one.

    d = 2^(-1 / steps of the half-life)
    average after t steps = Σ_s d^(t-s) weights after step s / Σ_s d^(t-s)

The weights of a step count half as much a half-life later, and those before the first step not at
all, so that short runs need no other half-life. The factor of a step depends on its number alone.
"""

import math
from copy import deepcopy

import torch

from pixelwise.networks.build import Network


class WeightAverage:
    """A network whose weights are the average of those of another.

    Buffers such as the running statistics of BatchNorm are averaged as well; whole numbers are
    copied. All of it is float32, whatever the precision of training is.

    Args:
        network: the one that is trained, on its device.
        half_life: in steps, above 0.
    """

    def __init__(self, network: Network, half_life: float) -> None:
        self.network = deepcopy(network).requires_grad_(False).eval()
        self.rate = math.log(2) / half_life  # d = e^-rate

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Add the weights that a network has after so many steps, >= 1."""
        own, new = self.network.state_dict(), network.state_dict()
        # where the rate vanishes, all steps count the same
        factor = math.expm1(-self.rate) / math.expm1(-self.rate * step) if self.rate else 1 / step
        real = [name for name, tensor in own.items() if tensor.is_floating_point()]
        if factor == 1:  # of the first step; own + (new - own) is rounded
            real = []
        for name in own.keys() - set(real):
            own[name].copy_(new[name])
        if real:
            torch._foreach_lerp_([own[n] for n in real], [new[n] for n in real], factor)
