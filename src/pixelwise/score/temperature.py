"""The temperature that makes probabilities right, by their likelihood on a split. No torch here.

Logits are divided by T before the softmax. The best T has the least

    NLL(T) = mean over valid pixels of -log p_y,  p = softmax(x / T)

RUN/temperature.json holds it with what it was chosen on, as thresholds.json does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.files.results import made_by
from pixelwise.score.chosen import Chosen
from pixelwise.score.record import DataSplit

FILE = "temperature.json"
# A quarter of an octave apart: the NLL is so smooth in log T that between them it is a polynomial.
TEMPERATURES: tuple[float, ...] = tuple(2.0 ** (k / 4) for k in range(-4, 13))
AROUND = 2  # sums on each side of the least one that the polynomial goes through
GOLDEN = (sqrt(5) - 1) / 2
PRECISION = 1e-4  # of log2 T


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ChosenTemperature(Chosen):
    """The temperature with the least negative log-likelihood on a split.

    Attributes:
        temperature: T.
        pixels: valid ones.
        nll, nll_at_one: mean over them, there and at T = 1.
        tried: (T, NLL) that it follows from.
    """

    SCHEMA: ClassVar[str] = "pixelwise.temperature/1"

    temperature: float
    pixels: int
    nll: float
    nll_at_one: float
    tried: tuple[tuple[float, float], ...]

    def text(self) -> str:
        """One line; whether the temperature is an end of what is tried."""
        ends = TEMPERATURES[0], TEMPERATURES[-1]
        end = f" (no other than {ends[0]:g} to {ends[1]:g} is tried)"
        return (
            f"temperature {self.temperature:.3f}{end if self.temperature in ends else ''} on "
            f"{self.dataset.split}: negative log-likelihood {self.nll:.4f}, "
            f"{self.nll_at_one:.4f} at temperature 1"
        )


def chosen_temperature(
    sums: NDArray[np.float64],
    pixels: int,
    dataset: DataSplit,
    images: int,
    epoch: int | None,
    key: str,
    command: str,
) -> ChosenTemperature:
    """What follows from the sums of -log p_y over the valid pixels of a split.

    Args:
        sums: (T,) at each of TEMPERATURES.
        pixels: how many are valid, >= 1.
        dataset, images, epoch, key: see Chosen.
        command: the command line that asked for it.
    """
    means = sums / pixels
    temperature, nll = best_temperature(means)
    return ChosenTemperature(
        **made_by(command),
        dataset=dataset,
        images=images,
        epoch=epoch,
        key=key,
        temperature=temperature,
        pixels=pixels,
        nll=nll,
        nll_at_one=float(means[TEMPERATURES.index(1.0)]),
        tried=tuple(zip(TEMPERATURES, means.tolist())),
    )


def best_temperature(values: NDArray[np.float64]) -> tuple[float, float]:
    """The T with the least value, and that value, from those at TEMPERATURES.

    Golden section on the polynomial in log T through the least one and its neighbours. A least
    value at an end is the end.
    """
    octaves = np.log2(TEMPERATURES)
    least = int(np.argmin(values))
    if least in (0, len(values) - 1):
        return TEMPERATURES[least], float(values[least])
    first = min(max(least - AROUND, 0), len(values) - 2 * AROUND - 1)
    near = slice(first, first + 2 * AROUND + 1)
    curve = np.poly1d(np.polyfit(octaves[near] - octaves[least], values[near], 2 * AROUND))
    step = octaves[1] - octaves[0]
    at = golden_section(curve, -step, step)
    return float(2 ** (at + octaves[least])), float(curve(at))


def golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley between two points is lowest."""
    while high - low > PRECISION:
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if function(left) <= function(right) else (left, high)
    return (low + high) / 2
