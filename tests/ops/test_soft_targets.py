"""Soft targets: probabilities in place of class indices, only where they are declared."""

import math

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from pixelwise.losses.table import LOSSES
from pixelwise.ops.backends import usable_backends

HERE = usable_backends("cpu")

GENERATOR = torch.Generator().manual_seed(11)
LOGITS = torch.randn(2, 3, 4, 5, generator=GENERATOR, dtype=torch.float64)
SOFT = torch.randn(2, 3, 4, 5, generator=GENERATOR, dtype=torch.float64).softmax(1)
LABELS = torch.rand(2, 3, 4, 5, generator=GENERATOR, dtype=torch.float64)
TARGET = torch.randint(0, 3, (2, 4, 5), generator=GENERATOR)
TARGET[:, 1, ::2] = 255
ON_SUMS = [
    (name, activation)
    for name, row in LOSSES.items()
    if row.on_sums
    for activation in row.activations
]


def make(name, activation, **options):
    row = LOSSES[name]
    chosen = {"activation": activation} if len(row.activations) > 1 else {}
    return row.make(**chosen, **options)


@pytest.mark.parametrize(("name", "activation"), ON_SUMS)
def test_a_certain_soft_target_is_the_class_index(name, activation):
    """One-hot as probabilities, with a mask for void, in value and gradient."""
    hard, soft = (LOGITS.clone().requires_grad_() for _ in range(2))
    hot = pw.one_hot(TARGET, 3, dtype=torch.float64)
    loss = make(name, activation)
    a = loss(hard, TARGET)
    b = loss(soft, hot, TARGET != 255, soft_target=True)
    torch.testing.assert_close(a, b)
    a.backward()
    b.backward()
    torch.testing.assert_close(hard.grad, soft.grad)


@pytest.mark.parametrize(("name", "activation"), ON_SUMS)
def test_what_has_weight_zero_may_hold_anything(name, activation):
    target = {"softmax": SOFT, "sigmoid": LABELS}[activation].clone()
    weight = torch.ones(2, 4, 5)
    weight[0, :2], weight[1] = 0, 2.5
    loss = make(name, activation)
    clean = loss(LOGITS, target, weight, soft_target=True)
    void = (weight == 0).unsqueeze(1)
    dirty = LOGITS.masked_fill(void, math.inf).requires_grad_()
    value = loss(dirty, target.masked_fill(void, math.nan), weight, soft_target=True)
    value.backward()
    torch.testing.assert_close(value, clean)
    assert (dirty.grad.masked_select(void) == 0).all()


@pytest.mark.parametrize(("name", "activation"), ON_SUMS)
def test_the_gradient_is_the_slope(name, activation):
    target = {"softmax": SOFT, "sigmoid": LABELS}[activation]
    loss = make(name, activation)
    x = LOGITS[:, :, :2, :2].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, target[:, :, :2, :2], None, True), x)


def test_cross_entropy_is_torchs():
    for smoothing in (0.0, 0.2):
        theirs = F.cross_entropy(LOGITS, SOFT, label_smoothing=smoothing)
        ours = pw.CrossEntropy(label_smoothing=smoothing)(LOGITS, SOFT, soft_target=True)
        torch.testing.assert_close(ours, theirs)
    theirs = F.binary_cross_entropy_with_logits(LOGITS, LABELS)
    ours = pw.BinaryCrossEntropy()(LOGITS, LABELS, soft_target=True)
    torch.testing.assert_close(ours, theirs)


def test_sums_by_hand():
    """One pixel, p = (1/2, 1/4, 1/4), y = (0.6, 0.4, 0): Σ p y = 0.3, 0.1, 0."""
    logits = torch.tensor([[[math.log(2)], [0.0], [0.0]]], dtype=torch.float64)
    target = torch.tensor([[[0.6], [0.4], [0.0]]], dtype=torch.float64)
    stats = pw.pixel_stats(
        logits, target, sums=["target", "inter", "nll", "target2"], soft_target=True
    )
    assert stats.target[0].tolist() == pytest.approx([0.6, 0.4, 0])
    assert stats.inter[0].tolist() == pytest.approx([0.3, 0.1, 0])
    assert stats.nll[0].tolist() == pytest.approx([0.6 * math.log(2), 0.4 * math.log(4), 0])
    assert stats.target2[0].tolist() == pytest.approx([0.36, 0.16, 0])


def test_a_logit_of_minus_infinity_for_an_impossible_class_is_finite():
    """0 · (−log 0) is 0."""
    logits = LOGITS.clone()
    logits[:, 2] = -math.inf
    target = torch.cat([SOFT[:, :2] / SOFT[:, :2].sum(1, keepdim=True), 0 * SOFT[:, 2:]], 1)
    loss = pw.CrossEntropy() + pw.Dice()
    torch.testing.assert_close(
        loss(logits, target, soft_target=True),
        loss(LOGITS[:, :2], target[:, :2], soft_target=True),
    )


def test_upsampling_inside_is_interpolating_before():
    small = LOGITS[:, :, :2, :3]
    big = F.interpolate(small, size=(4, 5), mode="bilinear", align_corners=False)
    torch.testing.assert_close(
        pw.CrossEntropy(upsample="bilinear")(small, SOFT, soft_target=True),
        pw.CrossEntropy()(big, SOFT, soft_target=True),
    )


def test_squared_dice_is_least_at_the_target_and_plain_dice_is_not():
    """The caveat of the region losses: plain Dice pushes soft predictions to 0 and 1."""
    at_target, certain = SOFT.log(), 50 * SOFT.log()
    for loss in (pw.Dice(squared=True), pw.Jaccard(squared=True)):
        assert loss(at_target, SOFT, soft_target=True).item() == pytest.approx(0, abs=1e-12)
        assert loss(certain, SOFT, soft_target=True) > 0.05
    plain = pw.Dice()
    assert plain(certain, SOFT, soft_target=True) < plain(at_target, SOFT, soft_target=True)


def test_the_definition_serves_them_and_says_so():
    assert pw.pixel_stats(LOGITS, SOFT, soft_target=True).backend == "torch"
    assert pw.pixel_stats(LOGITS, SOFT, soft_target=True, backend="torch").backend == "torch"


@pytest.mark.parametrize("backend", [name for name in HERE if name != "torch"])
def test_a_kernel_that_is_asked_for_refuses(backend):
    with pytest.raises(pw.PixelwiseError, match='"auto" or "torch" for soft targets, got'):
        pw.pixel_stats(LOGITS, SOFT, soft_target=True, backend=backend)


OFF = SOFT.clone()
OFF[1, :, 2, 3] = torch.tensor([0.5, 0.25, 0.125])
LARGE = LABELS.clone()
LARGE[0, 1, 0, 2] = 1.5


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: pw.Dice()(LOGITS, SOFT), TypeError, "or soft_target=True if they are probabil"),
        (lambda: pw.Dice()(LOGITS, TARGET, None, True), ValueError, r"\(N, C, \*S\)"),
        (lambda: pw.Dice()(LOGITS, SOFT.long(), None, True), TypeError, "floating point if soft"),
        (lambda: pw.Dice()(LOGITS, [[0.5]], None, True), TypeError, "must be a tensor, got list"),
        (lambda: pw.Dice()(LOGITS, SOFT.clone().requires_grad_(), None, True), ValueError,
         r"without a gradient, got one that has. .* target.detach\(\)"),
        (lambda: pw.Dice()(LOGITS, OFF, None, True), ValueError,
         r"add up to 1 .* got \[0.5, 0.25, 0.125\] at \(1, 2, 3\), 1 such pixels. Void pixels"),
        (lambda: pw.BinaryCrossEntropy()(LOGITS, LARGE, None, True), ValueError,
         r"between 0 and 1 everywhere, got .* at \(0, 0, 2\)"),
        (lambda: pw.Dice()(LOGITS, SOFT * math.nan, None, True), ValueError, "40 such pixels"),
        (lambda: (pw.CrossEntropy() + pw.Lovasz())(LOGITS, SOFT, None, True), ValueError,
         "Lovasz: target must be class indices"),
    ],
)  # fmt: skip
def test_a_soft_target_that_does_not_fit_is_one_sentence(run, error, message):
    with pytest.raises(error, match=message) as caught:
        run()
    assert isinstance(caught.value, pw.PixelwiseError)


@pytest.mark.parametrize("name", [name for name, row in LOSSES.items() if not row.on_sums])
def test_a_loss_on_logits_takes_class_indices_only(name):
    with pytest.raises(ValueError, match=r"class indices, got soft_target=True. Use a loss on su"):
        LOSSES[name].make()(LOGITS, SOFT, soft_target=True)
