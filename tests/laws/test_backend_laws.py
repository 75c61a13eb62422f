"""What every backend owes, and that no loss, activation or backend is outside the laws."""

import inspect

import pytest

import pixelwise as pw
from laws.loss_cases import CASES, HERE, ON_BACKENDS
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.table import LOSSES
from pixelwise.ops.backends import BACKENDS, INSTALLED, kernels

# backends with kernels of their own; the definition is what autograd differentiates
KERNELS = [name for name, (*_, package) in BACKENDS.items() if package in INSTALLED]
OWED_BY_KERNELS = {
    ("stats", "forward"): ["logits", "target", "weight", "spec"],
    ("stats", "backward"): ["grad", "logits", "target", "weight", "spec", "scale"],
    ("upsampled", "forward_upsampled"): ["logits", "target", "weight", "spec"],
    ("upsampled", "backward_upsampled"): ["grad", "logits", "target", "weight", "spec", "scale"],
    ("formula", "evaluate"): ["formula", "sums", "pixels", "dtype"],
}
OWED_BY_ALL = {
    ("predict", "predict"): ["logits", "rows", "width", "activation", "threshold", "out_dtype"],
    ("predict", "confusion"): [
        "logits", "target", "num_classes", "activation", "threshold", "ignore_index",
    ],
}  # fmt: skip


def offered(backend, owed):
    """Names of the parameters of each function that is owed."""
    functions = {key: getattr(kernels(backend, key[0]), key[1]) for key in owed}
    return {key: list(inspect.signature(fn).parameters) for key, fn in functions.items()}


@pytest.mark.parametrize("backend", KERNELS)
def test_a_folder_of_kernels_offers_the_passes_of_a_backend(backend):
    """The operators call them by position and know of no backend in particular."""
    assert offered(backend, OWED_BY_KERNELS) == OWED_BY_KERNELS


@pytest.mark.parametrize("backend", ["torch", *KERNELS])
def test_every_backend_predicts_and_counts(backend):
    assert offered(backend, OWED_BY_ALL) == OWED_BY_ALL


def test_every_loss_is_a_row_of_the_table():
    """A new one is under all laws of the losses."""
    public = [thing for name in dir(pw) if inspect.isclass(thing := getattr(pw, name))]
    losses = {thing for thing in public if issubclass(thing, Criterion)} - {Criterion}
    assert losses == {row.make for row in LOSSES.values()}


def test_every_row_in_every_activation_is_under_the_laws():
    rows = {(name, activation) for name, row in LOSSES.items() for activation in row.activations}
    assert {(case.name, case.activation) for case in CASES} == rows
    assert {case for case, _ in ON_BACKENDS} == set(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if case.row.on_sums], ids=str)
def test_a_loss_on_sums_is_under_the_laws_on_every_backend_of_the_cpu(case):
    assert [backend for other, backend in ON_BACKENDS if other == case] == HERE


def test_the_backends_of_the_cpu_are_the_definition_and_the_kernels_made_for_it():
    assert set(HERE) == {name for name, (_, device, _) in BACKENDS.items() if device != "cuda"}
