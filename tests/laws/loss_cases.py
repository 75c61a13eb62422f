"""Inputs on which every loss must obey every law: small, ragged, with void and absent classes."""

import functools
import inspect
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch

from pixelwise.losses.table import LOSSES
from pixelwise.ops.backends import usable_backends

HERE = usable_backends("cpu")

IGNORE = 255


@dataclass(frozen=True)
class Case:
    """One loss in one activation, and the number of channels that suits it."""

    name: str
    activation: str
    channels: int

    def make(self, backend="auto", **options):
        if len(self.row.activations) > 1:
            options["activation"] = self.activation
        if self.row.on_sums:
            options["backend"] = backend
        return self.row.make(**options)

    @property
    def backends(self):
        """Those it can run on; a loss on logits has none to choose."""
        return HERE if self.row.on_sums else ["torch"]

    @property
    def row(self):
        return LOSSES[self.name]

    def renumbered(self, order):
        """An order of the classes in which a background, if the loss has one, stays the first."""
        stays = self.row.make.has_background and self.activation == "softmax"
        return [0, *(c for c in order if c)] if stays else list(order)

    def __str__(self):
        return f"{self.name}-{self.activation}-C{self.channels}"

    @property
    def indices(self):
        """Number of target values: one sigmoid channel has two."""
        return max(self.channels, 2)


CASES = [
    Case(name, activation, channels)
    for name, row in LOSSES.items()
    for activation in row.activations
    for channels in ((2, 5) if activation == "softmax" else (1, 3))
]

ON_BACKENDS = [(case, backend) for case in CASES for backend in case.backends]


def each(cases):
    """A mark that runs a test for each of these cases."""
    return pytest.mark.parametrize("case", cases, ids=str)


def on_backends(chosen=lambda _: True):
    """Make a test of law(case, backend) for the cases that are chosen, on each of their backends.

    One test runs a loss in one activation, with every number of channels on every backend: most
    laws take less time than a test of their own would. A failure names the case and the backend.
    """
    losses: dict[str, list] = {}
    for case, backend in ON_BACKENDS:
        if chosen(case):
            losses.setdefault(f"{case.name}-{case.activation}", []).append((case, backend))

    def decorate(law):
        @pytest.mark.parametrize("loss", losses)
        @functools.wraps(law)
        def run(loss):
            for case, backend in losses[loss]:
                with named(f"{case} on {backend}"):
                    law(case, backend)

        run.__signature__ = inspect.Signature([inspect.Parameter("loss", 1)])
        return run

    return decorate


def draw(case, shape=(2, 7, 5), dtype=torch.float64, seed=0, void=0.2, scale=2.0):
    """Logits (N, C, *S) and target (N, *S) with about `void` ignored pixels and no last class."""
    generator = torch.Generator().manual_seed(seed)
    n, *spatial = shape
    logits = scale * torch.randn(n, case.channels, *spatial, generator=generator, dtype=dtype)
    # with more than two classes the last one is absent
    present = case.indices - (case.indices > 2)
    target = torch.randint(0, present, (n, *spatial), generator=generator, dtype=torch.uint8)
    ignored = torch.rand(n, *spatial, generator=generator) < void
    return logits, target.masked_fill(ignored, IGNORE)


def value_and_gradient(criterion, logits, target, **options):
    x = logits.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = criterion(x, target, **options)
    (gradient,) = torch.autograd.grad(value, x)
    return value.detach(), gradient


@functools.cache
def made(case, backend, **options):
    """The criterion of a case, one for all laws: what a call leaves in it must not matter."""
    return case.make(backend=backend, **options)


@functools.cache
def drawn_pass(case, backend):
    """Value and gradient on the inputs of draw(case), which many laws compare with."""
    return value_and_gradient(made(case, backend), *draw(case))


@contextmanager
def named(value):
    """A failure within says for which value: laws try several on the same inputs."""
    try:
        yield
    except Exception as error:
        error.add_note(f"for {value}")
        raise


def close(a, b, rtol=1e-10, atol=1e-12):
    torch.testing.assert_close(a, b, rtol=rtol, atol=atol)
