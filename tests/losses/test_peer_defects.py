"""What other libraries got wrong, each as a case in which ours is the number of a slow loop.

The loops are float64; the logits are rounded to the dtype first, so that both see the same ones.
"""

import pytest
import torch

import oracles
import oracles_losses as slow
import pixelwise as pw
from losses.small import MAPS, batch_for

DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
WEIGHT = [1.0, 2.0, 0.5, 4.0]


def flat(array):
    return array.reshape(*array.shape[:-2], -1)


# peer and defect -> batch, ours, what a loop says
DEFECTS = {
    "MONAI: focal with ignore_index is C times larger": (
        "rest",
        lambda: pw.Focal(2.0, activation="sigmoid"),
        lambda x, y: slow.focal(x, y, 2.0, "sigmoid"),
    ),
    "nnU-Net: BCE with an ignored label is C times larger": (
        "rest",
        pw.BinaryCrossEntropy,
        slow.binary_cross_entropy,
    ),
    "smp, toolbelt, mmseg: cross entropy divides by ignored pixels too": (
        "softmax",
        lambda: pw.CrossEntropy(label_smoothing=0.1),
        lambda x, y: oracles.cross_entropy(flat(x), flat(y), smoothing=0.1),
    ),
    "smp: cross entropy cannot be made without a smoothing factor": (
        "softmax",
        pw.CrossEntropy,
        lambda x, y: oracles.cross_entropy(flat(x), flat(y)),
    ),
    "smp: multi-class focal is a sigmoid against the rest": (
        "softmax",
        lambda: pw.Focal(2.0),
        lambda x, y: oracles.focal(flat(x), flat(y), 2.0),
    ),
    "mmseg: focal on the CPU is another number": (
        "sigmoid",
        lambda: pw.Focal(2.0, activation="sigmoid"),
        lambda x, y: slow.focal(x, y, 2.0, "sigmoid"),
    ),
    "mmseg: class weights with 255 in the target crash": (
        "softmax",
        lambda: pw.CrossEntropy(WEIGHT),
        lambda x, y: oracles.cross_entropy(flat(x), flat(y), weight=WEIGHT),
    ),
    "mmseg: Dice punishes what is predicted under void": (
        "softmax",
        pw.Dice,
        lambda x, y: oracles.dice_loss(flat(x), flat(y)),
    ),
    "toolbelt: soft F1 with void indexes the wrong shape": (
        "softmax",
        lambda: pw.FBeta(1.0),
        lambda x, y: slow.mean_score_loss(x, y, 0.5, 0.5),
    ),
    "toolbelt: Jaccard does not ignore": (
        "softmax",
        pw.Jaccard,
        lambda x, y: slow.mean_score_loss(x, y, 1.0, 1.0),
    ),
    "SegLoss: generalised Dice collapses to 0 with an absent class": (
        "softmax",
        pw.GeneralizedDice,
        slow.generalized_dice,
    ),
    "mmseg: Hausdorff takes all foreground for every class": (
        "softmax",
        pw.Hausdorff,
        lambda x, y: slow.by_distance(x, y, slow.hausdorff_cost()),
    ),
    "kornia: Lovász does not ignore": ("softmax", pw.Lovasz, slow.lovasz_softmax),
    "smp: Lovász refuses bfloat16": ("sigmoid", pw.LovaszHinge, slow.lovasz_hinge),
    "nnU-Net: top-k counts void as pixels that are right": (
        "softmax",
        lambda: pw.TopK(0.1),
        lambda x, y: slow.top_k(slow.pixel_losses(x, y), 0.1),
    ),
    "mmseg: OHEM of few pixels drops the easiest": (
        "softmax",
        lambda: pw.OHEM(threshold=0.0, min_kept=1.0),
        lambda x, y: slow.mean(slow.pixel_losses(x, y)),
    ),
}


@DTYPES
@pytest.mark.parametrize(("maps", "make", "loop"), DEFECTS.values(), ids=DEFECTS)
def test_ours_is_the_number_of_the_loop(maps, make, loop, dtype):
    logits, target = MAPS[maps]
    logits = logits.to(dtype)
    loss = make()(logits, target)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(loop(logits.double().numpy(), target.numpy()), rel=2e-6)


@DTYPES
@pytest.mark.parametrize("make", [row[1] for row in DEFECTS.values()], ids=DEFECTS)
def test_an_ignore_index_that_does_not_occur_changes_nothing(make, dtype):
    """Where peers change their denominator as soon as one is given."""
    logits, target = batch_for(make().activation)
    target = target.masked_fill(target == 255, 0)
    loss = make()
    with_index = loss(logits.to(dtype), target)
    loss.ignore_index = None
    assert torch.equal(loss(logits.to(dtype), target), with_index)


@DTYPES
@pytest.mark.parametrize("name", pw.LOSSES)
def test_all_void_is_a_scalar_that_can_go_backward(name, dtype):
    """Peers return NaN (focal), shape (0, C) (Lovász), or a detached 0 (OHEM)."""
    row = pw.LOSSES[name]
    logits, target = batch_for(row.activations[0])
    x = logits.to(dtype).requires_grad_()
    loss = row.make()(x, torch.full_like(target, 255))
    loss.backward()
    assert loss.shape == ()
    assert loss == 0
    assert torch.equal(x.grad, torch.zeros_like(x))


@DTYPES
def test_a_small_object_in_a_large_image_keeps_its_digits(dtype):
    """smp: (P + T − |P − T|)/2 in float32 gave 0.9727, and a gradient wrong by 170 %.

    p = 1/2 on 4096² pixels and an object of 32²: 1 − 2 · 512 / (2²³ + 1024), and the slope at a
    pixel is −2 y / (P + T) + 2 I / (P + T)², times p (1 − p) = 1/4.
    """
    logits = torch.zeros(1, 1, 4096, 4096, dtype=dtype, requires_grad=True)
    target = torch.zeros(1, 4096, 4096, dtype=torch.uint8)
    target[:, 100:132, 200:232] = 1
    loss = pw.Dice(activation="sigmoid")(logits, target)
    loss.backward()
    total, inter = 2**23 + 1024, 512
    assert loss.item() == pytest.approx(1 - 2 * inter / total, rel=1e-7)
    outside, inside = 2 * inter / total**2 / 4, (-2 / total + 2 * inter / total**2) / 4
    rel = 2 * torch.finfo(dtype).eps
    assert logits.grad[0, 0, 0, 0].item() == pytest.approx(outside, rel=rel)
    assert logits.grad[0, 0, 110, 210].item() == pytest.approx(inside, rel=rel)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_a_large_image_of_half_logits_has_the_loss_of_its_tile(dtype):
    """MONAI, mmseg, smp: sums of 512² pixels overflow float16 to 0.995, 1.0 or NaN."""
    logits, target = MAPS["softmax"]
    tile = logits[:1].to(dtype)
    loss = pw.Dice()(tile.repeat(1, 1, 100, 85), target[:1].repeat(1, 100, 85))
    truth = oracles.dice_loss(flat(tile.double().numpy()), flat(target[:1].numpy()))
    assert loss.item() == pytest.approx(truth, rel=1e-6)


def test_an_absent_class_leaves_generalised_dice_a_gradient():
    """SegLoss: its weight 1e20 outvotes every other class."""
    logits, target = MAPS["softmax"]
    x = logits.clone().requires_grad_()
    pw.GeneralizedDice()(x, target).backward()
    assert x.grad.abs().max() > 1e-3


def test_an_ignored_class_index_ignores_pixels_not_a_channel():
    """mmseg: ignore_index=1 drops channel 1 of Dice and keeps the pixels."""
    logits, target = MAPS["softmax"]
    hidden = target.masked_fill(target == 255, 1)
    expected = oracles.dice_loss(flat(logits.numpy()), flat(hidden.numpy()), ignore=1)
    assert pw.Dice(ignore_index=1)(logits, hidden).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", pw.LOSSES)
def test_losses_take_logits_and_offer_no_way_around(name):
    """smp: Lovász accepts from_logits=False and applies softmax to probabilities all the same."""
    with pytest.raises(pw.PixelwiseError, match=r"an option must be .*, got 'from_logits'"):
        pw.criterion(f"{name}(from_logits=false)")


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_a_half_image_is_not_zero(smoothing):
    """torch on the CPU: 256² pixels of float16 have loss 0 and no gradient, smoothed ones inf."""
    logits, target = MAPS["softmax"]
    x = logits[:1].half().repeat(1, 1, 52, 43)[..., :256, :256].requires_grad_()
    y = target[:1].repeat(1, 52, 43)[..., :256, :256]
    loss = pw.CrossEntropy(label_smoothing=smoothing)(x, y)
    loss.backward()
    truth = x.detach().double().requires_grad_()
    expected = torch.nn.functional.cross_entropy(
        truth, y, ignore_index=255, label_smoothing=smoothing
    )
    (slope,) = torch.autograd.grad(expected, truth)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(x.grad.double(), slope, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("backend", ["torch", "auto"])
def test_a_wide_image_of_little_foreground_keeps_its_digits(backend):
    """smp: 1024 × 2048 pixels gave 0.99909 for 0.99900."""
    logits = torch.full((1, 1, 1024, 2048), -1.0)
    target = torch.zeros(1, 1024, 2048, dtype=torch.uint8)
    target[:, :10, :100] = 1
    p = torch.tensor(-1.0).double().sigmoid().item()
    expected = 1 - 2 * 1000 * p / (1024 * 2048 * p + 1000)
    loss = pw.Dice(activation="sigmoid", backend=backend)(logits, target)
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_soft_targets_are_reached_by_the_squared_form():
    """MONAI, mmseg, kornia: Dice of a soft target against itself is 1/3, and no minimum."""
    target = MAPS["softmax"][0].softmax(1)
    logits = target.log().requires_grad_()
    loss = pw.Dice(squared=True)(logits, target, soft_target=True)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert logits.grad.abs().max() < 1e-12
    assert pw.Dice()(logits, target, soft_target=True) > 0.1
