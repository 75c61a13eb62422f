"""Rows X23 to X44 of the torture table: dtypes, transforms, options, ranks."""

import math

import pytest
import torch
import torch._dynamo.testing
import torch.nn.functional as F

import pixelwise as pw
from laws.loss_cases import CASES, IGNORE, close, draw, value_and_gradient
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE

WEIGHT = [1.0, 2.0, 0.5, 4.0]
SUMS = [case for case in CASES if case.row.on_sums]
VALID = TARGET != 255


def half_keeps_its_value(dtype, shape):
    for case in SUMS:
        logits, target = draw(case, shape=shape, dtype=torch.float32)
        rounded = logits.to(dtype)
        value, gradient = value_and_gradient(case.make(), rounded, target)
        assert value.dtype == torch.float32
        assert gradient.dtype == dtype
        truth = case.make(backend="torch")(rounded.double(), target)
        close(value.double(), truth, rtol=2e-6, atol=1e-7)


def x23():
    """float16 with sums beyond 65504: they are float32 and wider."""
    half_keeps_its_value(torch.float16, (1, 300, 300))


def x24():
    """bfloat16: the value of the rounded logits in float64, as float32."""
    half_keeps_its_value(torch.bfloat16, (2, 7, 5))


def x25():
    """Under autocast: the same float32 loss."""
    for case in CASES:
        logits, target = draw(case, dtype=torch.float32)
        logits = logits.bfloat16()
        with torch.autocast("cpu", torch.bfloat16):
            inside = case.make()(logits, target)
        assert inside.dtype == torch.float32
        assert torch.equal(inside, case.make()(logits, target))


def x26():
    """float64 logits: a float64 loss and gradient."""
    for case in CASES:
        value, gradient = value_and_gradient(case.make(), *draw(case))
        assert (value.dtype, gradient.dtype) == (torch.float64, torch.float64)


def x27():
    """gradcheck and gradgradcheck with void, class weights, smoothing and pixel weights."""
    pixels = torch.rand(TARGET.shape, generator=torch.Generator().manual_seed(1))
    losses = [
        pw.CrossEntropy(WEIGHT, 0.1),
        pw.Focal(1.5, WEIGHT),
        pw.Dice(weight=WEIGHT, form="log"),
        pw.Tversky(0.3, 0.7, gamma=0.75, per_image=True),
        pw.GeneralizedDice(),
    ]
    x = LOGITS[:, :, :3, :2].clone().requires_grad_()
    y, w = TARGET[:, :3, :2], pixels[:, :3, :2]
    for loss in losses:
        assert torch.autograd.gradcheck(lambda x, loss=loss: loss(x, y, weight=w), x)
        assert torch.autograd.gradgradcheck(lambda x, loss=loss: loss(x, y, weight=w), x)


def x28():
    """torch.func: grad, vmap, jvp give what autograd gives."""
    for name in ("ce", "focal", "dice", "ce + dice(per_image=true)"):
        loss = pw.criterion(name)
        _, gradient = value_and_gradient(loss, LOGITS, TARGET)
        close(torch.func.grad(loss)(LOGITS, TARGET), gradient)
        alone = torch.func.vmap(loss)(LOGITS.unsqueeze(1), TARGET.unsqueeze(1))
        close(alone, torch.stack([loss(LOGITS[n : n + 1], TARGET[n : n + 1]) for n in range(2)]))
        moved = torch.func.jvp(lambda x, loss=loss: loss(x, TARGET), (LOGITS,), (LOGITS,))[1]
        close(moved, (gradient * LOGITS).sum())


def x29():
    """torch.compile: one graph, at most two compilations for many shapes, the check kept."""
    loss = pw.criterion("ce + 0.5*dice")
    counter = torch._dynamo.testing.CompileCounter()
    torch.compiler.reset()
    compiled = torch.compile(loss, backend=counter, fullgraph=True)
    for size in (5, 6, 7, 9):
        logits, target = LOGITS.repeat(1, 1, 2, 2)[..., :size], TARGET.repeat(1, 2, 2)[..., :size]
        close(compiled(logits, target), loss(logits, target))
    assert counter.frame_count <= 2
    with pytest.raises(pw.PixelwiseError, match=r"got 4 \(1 pixels, first at \(0, 0, 1\)\)"):
        compiled(logits, target.index_put((torch.tensor(0), torch.tensor(0), torch.tensor(1)),
                                          torch.tensor(4)))  # fmt: skip
    torch.compiler.reset()


def x30():
    """export, inference_mode, no_grad, logits without a gradient: the value, and no graph."""
    loss = pw.criterion("ce + dice")
    expected = loss(LOGITS, TARGET)
    exported = torch.export.export(loss, (LOGITS, TARGET), strict=False).module()
    close(exported(LOGITS, TARGET), expected)
    x = LOGITS.clone().requires_grad_()
    with torch.no_grad():
        assert loss(x, TARGET).grad_fn is None
    with torch.inference_mode():
        assert torch.equal(loss(x, TARGET), expected)
    assert expected.grad_fn is None


def x31():
    """Class weights: all zero is nothing valid; negative, NaN, of wrong length or kind an error."""
    makes = [
        pw.CrossEntropy,
        lambda w: pw.Dice(weight=w),
        lambda w: pw.Dice(weight=w, pool_classes=True),
        lambda w: pw.Poly1(weight=w),
        lambda w: pw.Lovasz(weight=w),
        lambda w: pw.TopK(weight=w),
        lambda w: pw.Focal(alpha=w),
        lambda w: pw.MCC(weight=w),
    ]
    for make in makes:
        value, gradient = value_and_gradient(make([0.0] * 4), LOGITS, TARGET)
        assert value == 0
        assert not gradient.any()
        for wrong in ([1, 1, 1, -1], [1, 1, 1, math.nan], [1, 1, 1, math.inf]):
            with pytest.raises(pw.PixelwiseError, match="must be finite and >= 0, got"):
                make(wrong)
        for kind in (["a", "b"], [[1, 2], [3, 4]], torch.ones(4, dtype=torch.complex64)):
            with pytest.raises(pw.PixelwiseError, match=r"must be .*one .*number per class"):
                make(kind)
        with pytest.raises(pw.PixelwiseError, match="one number for each of 4 classes, got 3 "):
            make([1.0] * 3)(LOGITS, TARGET)
        weight = torch.tensor(WEIGHT)
        assert torch.equal(make(weight.half())(LOGITS, TARGET), make(WEIGHT)(LOGITS, TARGET))


def x32():
    """Label smoothing with class weights and void: torch's number."""
    for smoothing in (0.0, 0.1, 1.0):
        expected = F.cross_entropy(
            LOGITS,
            TARGET,
            torch.tensor(WEIGHT).double(),
            ignore_index=255,
            label_smoothing=smoothing,
        )
        close(pw.CrossEntropy(WEIGHT, smoothing)(LOGITS, TARGET), expected)


def x33():
    """Soft targets with void: a mask of pixels, whose contents do not matter."""
    soft = LOGITS.roll(1, 0).softmax(1)
    spoilt = soft.masked_fill(~VALID.unsqueeze(1), math.nan)
    loss = pw.CrossEntropy()(LOGITS, spoilt, weight=VALID, soft_target=True)
    columns = LOGITS.movedim(1, -1)[VALID], soft.movedim(1, -1)[VALID]
    close(loss, F.cross_entropy(*columns))
    with pytest.raises(pw.PixelwiseError, match="target must be probabilities that add up to 1"):
        pw.CrossEntropy()(LOGITS, spoilt, soft_target=True)


def x34():
    """Probabilities where logits belong: a warning, from a few pixels, on the CPU, not compiled."""
    probs = LOGITS.softmax(1)
    for loss in (pw.CrossEntropy(), pw.Dice(), pw.Lovasz()):
        with pytest.warns(UserWarning, match="softmax in the network"):
            loss(probs, TARGET)
    with pytest.warns(UserWarning, match="softmax in the network"):
        pw.CrossEntropy()(probs.bfloat16(), TARGET)
    # warnings are errors in these tests, so that what follows must not warn
    pw.CrossEntropy()(LOGITS, TARGET)
    pw.CrossEntropy()(torch.zeros_like(LOGITS), TARGET)
    pw.CrossEntropy()(LOGITS.log_softmax(1), TARGET)
    pw.BinaryCrossEntropy()(probs, TARGET)
    torch.func.grad(pw.CrossEntropy())(probs, TARGET)
    torch.compile(pw.CrossEntropy(), backend="eager")(probs, TARGET)
    torch.compiler.reset()


def x35():
    """Probabilities of exactly 0 and 1: every loss finite, its gradient bounded."""
    for case in SUMS:
        logits, target = draw(case)
        for scale in (50.0, 800.0):  # p is 1 in float32, and 0 in float64 too
            value, gradient = value_and_gradient(case.make(), scale * logits.sign(), target)
            assert value.isfinite()
            assert gradient.abs().max() <= 20
    with pytest.raises(pw.PixelwiseError, match=r"an option must be .*, got 'from_logits'"):
        pw.criterion("ce(from_logits=false)")


def x36():
    """Focal with gamma 0, below 1, alpha 0 or 1 where p is 1: no NaN in the gradient."""
    sure = 60.0 * F.one_hot(TARGET.masked_fill(~VALID, 0), 4).movedim(-1, 1).double()
    for gamma in (0.0, 0.25, 1.0, 2.0):
        for backend in ("torch", "numba"):
            for alpha in (None, [0.0, 1.0, 0.0, 1.0]):
                loss = pw.Focal(gamma, alpha, backend=backend)
                value, gradient = value_and_gradient(loss, sure, TARGET)
                assert 0 <= value < 1e-20
                assert gradient.isfinite().all()
            for alpha in (0.0, 1.0):
                loss = pw.Focal(gamma, alpha, activation="sigmoid", backend=backend)
                value, gradient = value_and_gradient(loss, 60.0 * ONE.sign(), TARGET_ONE)
                assert value.isfinite()
                assert gradient.isfinite().all()


def x37():
    """0 / 0 in a ratio (no costs, no pixels, no smooth): a score of 1, so a loss of 0."""
    close(pw.Tversky(0.0, 0.0)(LOGITS, TARGET), torch.tensor(0.0).double())
    nowhere = LOGITS.clone()
    nowhere[:, 3] = -math.inf
    kept = pw.Dice(absent="keep", weight=[0.0, 0.0, 0.0, 1.0])
    value, gradient = value_and_gradient(kept, nowhere, TARGET)
    assert value == 0
    assert gradient.isfinite().all()


def x38():
    """All classes but the background of one channel, a class out of range: errors.

    Ignoring the background's index ignores its pixels, not its channel.
    """
    with pytest.raises(pw.PixelwiseError, match="classes must be None or indices, got 'foreground"):
        pw.Dice(classes="foreground", activation="sigmoid")(ONE, TARGET_ONE)
    for make in (pw.Dice, pw.MCC, pw.Lovasz, pw.GeneralizedDice):
        with pytest.raises(pw.PixelwiseError, match=r"classes must be indices below 4, got \[4\]"):
            make(classes=[4])(LOGITS, TARGET)
        for wrong in ([], [-1], [1, 1]):
            with pytest.raises(pw.PixelwiseError, match="classes must be distinct indices >= 0"):
                make(classes=wrong)
    hidden = TARGET.masked_fill(TARGET == 0, 255)
    close(
        pw.Dice(ignore_index=(0, 255))(LOGITS, TARGET),
        pw.Dice()(LOGITS, hidden),
    )


def x39():
    """Sums beyond float16 from float16 logits: float64 sums, a float32 loss."""
    logits, target = LOGITS[:1].half().repeat(1, 1, 80, 80), TARGET[:1].repeat(1, 80, 80)
    stats = pw.pixel_stats(logits, target)
    assert stats.nll.dtype == torch.float64
    assert stats.nll.sum() > 65504
    loss = pw.CrossEntropy()(logits, target, weight=torch.full(target.shape, 1e4))
    assert loss.dtype == torch.float32
    close(loss, pw.CrossEntropy()(logits, target), rtol=1e-6)


def x40():
    """Twice, and with one or two threads: the same bits; in another order: up to rounding."""
    logits, target = LOGITS.float().repeat(1, 1, 30, 30), TARGET.repeat(1, 30, 30)
    threads = torch.get_num_threads()
    for name in ("ce + dice", "focal", "generalized_dice"):
        loss = pw.criterion(name)
        found = []
        for number in (1, 2, 2):
            torch.set_num_threads(number)
            found.append(value_and_gradient(loss, logits, target))
        torch.set_num_threads(threads)
        assert all(value == found[0][0] for value, _ in found)
        assert all(torch.equal(gradient, found[0][1]) for _, gradient in found)
        close(loss(logits.flip(0), target.flip(0)), found[0][0], rtol=1e-6)


def uneven():
    """Two batches: few valid pixels with a large loss, many with a small one."""
    logits = LOGITS.clone()
    target = TARGET.clone()
    target[0, 1:] = IGNORE
    logits[0] *= 5
    return [(logits[n : n + 1], target[n : n + 1]) for n in range(2)], (logits, target)


def x41():
    """Ranks with unequal numbers of valid pixels: the joined sums give the loss of all images.

    The mean of the ranks' losses is another number. test_rank_stats.py runs two processes.
    """
    ranks, whole = uneven()
    for name in ("ce", "focal", "dice", "ce + dice(per_image=true)"):
        loss = pw.criterion(name)
        joined = pw.PixelStats.join([loss.stats(*batch) for batch in ranks])
        close(loss.formula(joined), loss(*whole))
    means = [pw.CrossEntropy()(*batch) for batch in ranks]
    assert abs(sum(means) / 2 - pw.CrossEntropy()(*whole)) > 0.1


def x42():
    """A rank without a valid pixel changes nothing for the others."""
    batch, void = (LOGITS, TARGET), (LOGITS, torch.full_like(TARGET, IGNORE))
    for name in ("ce", "dice", "dice(per_image=true, absent='keep')", "generalized_dice"):
        loss = pw.criterion(name)
        joined = pw.PixelStats.join([loss.stats(*batch), loss.stats(*void)])
        close(loss.formula(joined), loss(*batch))


def x43():
    """Gradients in steps: each part against the joined sums gives the gradient of one batch."""
    parts, (logits, target) = uneven()
    for name in ("ce", "ce + dice", "jaccard(per_image=true)"):
        loss = pw.criterion(name)
        _, expected = value_and_gradient(loss, logits, target)
        known = [loss.stats(*part) for part in parts]
        for number, (part, y) in enumerate(parts):
            x = part.clone().requires_grad_()
            stats = [*known[:number], loss.stats(x, y), *known[number + 1 :]]
            loss.formula(pw.PixelStats.join(stats)).backward()
            close(x.grad, expected[number : number + 1])


def x44():
    """A finite loss, a gradient that is not: under detect_anomaly an error, for inf with the place.

    Torch itself finds NaN first. float16 logits overflow where a scaler multiplies the loss.
    """
    for scale, error, words in [
        (
            1e9,
            pw.PixelwiseError,
            r"the gradient of the logits must be finite .*inf at \(0, 0, 0, 0\)",
        ),
        (math.nan, RuntimeError, "returned nan values"),
    ]:
        x = LOGITS.half().requires_grad_()
        with torch.autograd.set_detect_anomaly(True):
            loss = pw.CrossEntropy()(x, TARGET)
            assert loss.isfinite()
            with pytest.raises(error, match=words):
                (loss * scale).backward()
