"""Backends agree on infinite logits: sums, gradients, predictions, at any size of the target."""

import pytest
import torch

from ops.kernel_cases import DEVICE
from pixelwise.ops.backends import INSTALLED
from pixelwise.ops.predict import confusion_matrix, predict_label
from pixelwise.ops.spec import SIGMOID_ONLY, SUMS
from pixelwise.ops.stats import pixel_stats

GAMMAS = (0.0, 0.5, 2.0)
# name -> activation, classes, whether the target has a channel for each
TASKS = {
    "softmax-2": ("softmax", 2, False),
    "softmax-3": ("softmax", 3, False),
    "softmax-7": ("softmax", 7, False),
    "binary": ("sigmoid", 1, False),
    "one-vs-rest": ("sigmoid", 3, False),
    "multi-label": ("sigmoid", 3, True),
}
SIZES = {"x1": (5, 6), "x2": (10, 12), "x4": (20, 24), "any": (13, 11)}
KINDS = [
    "-inf here and there",
    "+inf here and there",
    "both",
    "a class",
    "a pixel",
    "+inf pixel",
    "NaN",
]


def spoil(logits, kind, generator):
    """Logits with what `kind` says in them."""
    chance = torch.rand(logits.shape, generator=generator)
    images, classes = logits.shape[:2]
    channel = torch.randint(0, classes, (images,), generator=generator)
    if kind in ("-inf here and there", "both", "NaN"):
        logits[chance < 0.04] = -torch.inf
    if kind in ("+inf here and there", "both"):
        logits[chance > 0.96] = torch.inf
    if kind == "NaN":
        logits[chance > 0.98] = torch.nan
    if kind == "a class":
        logits[torch.arange(images), channel] = -torch.inf
    if kind == "a pixel":
        logits[:, :, 2, 3] = -torch.inf
    if kind == "+inf pixel":
        logits[:, :, 2, 3] = torch.inf
    return logits


def draw(task, size, kind, seed, images=2):
    """Logits (N, C, 5, 6), target and weight of `size`."""
    _, channels, by_channel = TASKS[task]
    generator = torch.Generator().manual_seed(seed)
    logits = spoil(2 * torch.randn(images, channels, 5, 6, generator=generator), kind, generator)
    shape = (images, channels, *SIZES[size]) if by_channel else (images, *SIZES[size])
    kinds = 2 if by_channel or channels == 1 else channels
    target = torch.randint(0, kinds, shape, generator=generator)
    target[torch.rand(shape, generator=generator) < 0.15] = 255
    weight = torch.rand(images, *SIZES[size], generator=generator) + 0.5
    weight[torch.rand(weight.shape, generator=generator) < 0.2] = 0
    return logits, target, weight


def each_sum(task, batch, backend, gamma, among=SUMS[2:]):
    """Every sum and its gradient, one pass each: NaN of one would hide the others."""
    logits, target, weight = batch
    activation, *_ = TASKS[task]
    names = [s for s in among if activation == "sigmoid" or s not in SIGMOID_ONLY]
    up = None if logits.shape[2:] == target.shape[-2:] else "bilinear"
    found = {}
    for name in names:
        x = logits.clone().requires_grad_()
        options = {"weight": weight, "upsample": up, "backend": backend, "gamma": gamma}
        sums = pixel_stats(x, target, activation, sums=[name], **options).sums
        upstream = torch.randn(sums.shape, generator=torch.Generator().manual_seed(1)).double()
        slope = torch.autograd.grad(sums, x, upstream)[0]
        found |= {name: sums.detach(), f"gradient of {name}": slope}
    return found


def assert_same(found, wanted):
    for name, sums in wanted.items():
        torch.testing.assert_close(
            found[name],
            sums,
            rtol=1e-4,
            atol=1e-4,
            equal_nan=True,
            msg=lambda m, n=name: f"{n}: {m}",
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_the_kernels_of_the_cpu_and_the_definition_agree_on_infinite_logits(task, size, kind):
    for seed, gamma in enumerate(GAMMAS):
        batch = draw(task, size, kind, seed, images=4)
        assert_same(each_sum(task, batch, "numba", gamma), each_sum(task, batch, "torch", gamma))


@pytest.mark.skipif("triton" not in INSTALLED, reason="Triton is not installed")
@pytest.mark.parametrize(
    ("task", "size", "kind"),
    [
        ("softmax-3", "x2", "-inf here and there"),
        ("softmax-2", "x1", "a class"),
        ("binary", "x1", "both"),
    ],
)
def test_the_kernels_of_the_gpu_and_the_definition_agree_on_infinite_logits(task, size, kind):
    batch = [tensor.to(DEVICE) for tensor in draw(task, size, kind, 0)]
    found, defined = (
        each_sum(task, batch, backend, 2.0, ["inter", "nll", "focal", "focal_neg"])
        for backend in ("triton", "torch")
    )
    assert_same(found, defined)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", ["softmax-2", "softmax-3", "softmax-7", "binary"])
def test_backends_predict_the_same_class_from_infinite_logits(task, size, kind):
    activation, *_ = TASKS[task]
    logits, *_ = draw(task, size, kind, 0, images=12)
    by_kernel, defined = (
        predict_label(logits, SIZES[size], activation, backend=name) for name in ("numba", "torch")
    )
    assert torch.equal(by_kernel, defined)


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("size", [(5, 6), (10, 12), (15, 18), (13, 11)])
def test_a_class_of_minus_infinity_is_never_predicted_and_weighs_nothing(backend, size):
    logits = torch.randn(1, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    logits[:, 2] = -torch.inf
    target = torch.zeros(1, *size, dtype=torch.long)
    options = {"backend": backend}
    assert not bool((predict_label(logits, size, **options) == 2).any())
    assert not bool(confusion_matrix(logits, target, **options)[:, 2].any())
    up = None if size == (5, 6) else "bilinear"
    stats = pixel_stats(logits, target, sums=["prob", "nll"], upsample=up, **options)
    assert stats.sums.isfinite().all()
    assert stats.prob[0, 2] == 0


@pytest.mark.parametrize("order", ["gradient of the gradient", "forward mode"])
@pytest.mark.parametrize("kind", KINDS[:6])
@pytest.mark.parametrize("task", TASKS)
def test_derivatives_of_any_order_agree_on_infinite_logits(task, kind, order):
    logits, target, weight = draw(task, "x2", kind, 3)
    vector = torch.randn(logits.shape, generator=torch.Generator().manual_seed(2))

    def sums(x, backend):
        options = {"weight": weight, "upsample": "bilinear", "backend": backend}
        return pixel_stats(x, target, TASKS[task][0], sums=["inter", "nll"], **options).sums

    def gradient_of_gradient(backend):
        x = logits.clone().requires_grad_()
        (slope,) = torch.autograd.grad(sums(x, backend).sum(), x, create_graph=True)
        return torch.autograd.grad((slope * vector).nansum(), x)[0]

    def forward_mode(backend):
        return torch.func.jvp(lambda x: sums(x, backend), (logits,), (vector,))[1]

    how = {"gradient of the gradient": gradient_of_gradient, "forward mode": forward_mode}[order]
    assert_same({order: how("numba")}, {order: how("torch")})
