"""Rows X1 to X22 of the torture table: what a batch may contain, and what comes of it.

A row is a function; its docstring names the input and the right behaviour. test_torture_losses.py
runs them. "Every loss" is every row of LOSSES in each of its activations.
"""

import math

import pytest
import torch
import torch.nn.functional as F

import oracles_losses as slow
import pixelwise as pw
from laws.loss_cases import CASES, IGNORE, close, draw, value_and_gradient
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE, THREE

INF, NAN = math.inf, math.nan
SUMS = [case for case in CASES if case.row.on_sums]
SOFTMAX = [case for case in CASES if case.activation == "softmax"]
ANYWHERE = [case for case in CASES if case.row.axes is None]


def x1():
    """All ignored: loss 0, zero finite gradient, and a counter of valid pixels that says 0."""
    for case in CASES:
        logits, target = draw(case)
        value, gradient = value_and_gradient(case.make(), logits, torch.full_like(target, IGNORE))
        assert value == 0
        assert torch.equal(gradient, torch.zeros_like(gradient))
    stats = pw.pixel_stats(LOGITS, torch.full_like(TARGET, IGNORE))
    assert stats.valid.sum() == 0


def x2():
    """One image of two all ignored: the loss of the other, whether per batch or per image."""
    losses = [(case, case.make()) for case in CASES]
    region = [case for case in CASES if case.name in ("dice", "tversky", "generalized_dice")]
    losses += [(case, case.make(per_image=True)) for case in region]
    losses += [(case, case.make(per_image=True, absent="keep")) for case in region]
    for case, loss in losses:
        logits, target = draw(case)
        target[1] = IGNORE
        close(loss(logits, target), loss(logits[:1], target[:1]))


def x3():
    """A class that is absent: left out, counted with 0, or counted, as asked; never NaN."""
    scores = slow.scores(LOGITS.numpy(), TARGET.numpy(), 0.5, 0.5)
    found = {rule: pw.Dice(absent=rule)(LOGITS, TARGET).item() for rule in ("skip", "zero", "keep")}
    present = [1 - score for score in scores[:3]]
    assert found["skip"] == pytest.approx(sum(present) / 3)
    assert found["zero"] == pytest.approx(sum(present) / 4)
    assert found["keep"] == pytest.approx((sum(present) + 1) / 4)
    for case in CASES:
        value, gradient = value_and_gradient(case.make(), *draw(case))
        assert value.isfinite()
        assert gradient.isfinite().all()
    expected = slow.generalized_dice(LOGITS.numpy(), TARGET.numpy())
    assert pw.GeneralizedDice()(LOGITS, TARGET).item() == pytest.approx(expected)


def x4():
    """NaN and infinite logits under ignored pixels: no effect on value and gradient."""
    for case in CASES:
        logits, target = draw(case)
        hidden = (target == IGNORE).unsqueeze(1)
        clean = value_and_gradient(case.make(), logits, target)
        for poison in (NAN, INF, -INF):
            dirty = value_and_gradient(case.make(), logits.masked_fill(hidden, poison), target)
            assert dirty[0] == clean[0]
            assert torch.equal(dirty[1], clean[1])


def refused_index(wrong, words):
    for case in CASES:
        logits, target = draw(case)
        target = target.long()
        target[1, 2, 3] = wrong + case.indices * (wrong >= 0)
        with pytest.raises(pw.PixelwiseError, match=words):
            case.make()(logits, target)


def x5():
    """A target of C: an error with the value, its pixels and the first place, in every loss."""
    refused_index(0, r"got \d \(1 pixels, first at \(1, 2, 3\)\)")
    several = torch.zeros(THREE.shape, dtype=torch.uint8)  # overlapping classes are 0 or 1
    several[1, 2, 3, 4] = 2
    with pytest.raises(pw.PixelwiseError, match=r"indices 0..1 .*got 2 .*first at \(1, 2, 3, 4\)"):
        pw.Dice(activation="sigmoid")(THREE, several)


def x6():
    """A target of -1 that is not ignored: the same error."""
    refused_index(-1, r"got -1 \(1 pixels, first at \(1, 2, 3\)\)")


def x7():
    """255 or -1 in a binary target is an error, or void where that is declared."""
    bce = pw.BinaryCrossEntropy(ignore_index=None)
    for wrong in (255, -1):
        with pytest.raises(pw.PixelwiseError, match=f"got {wrong} "):
            bce(ONE, TARGET_ONE.masked_fill(TARGET_ONE == 255, wrong))
    valid = (TARGET_ONE != 255).flatten()
    expected = F.binary_cross_entropy_with_logits(
        ONE.flatten()[valid], TARGET_ONE.flatten()[valid].double()
    )
    close(pw.BinaryCrossEntropy()(ONE, TARGET_ONE), expected)


def x8():
    """One channel with softmax: an error that says sigmoid."""
    for case in SOFTMAX:
        with pytest.raises(pw.PixelwiseError, match=r"channels for softmax.*sigmoid"):
            case.make()(ONE, TARGET_ONE)


def x9():
    """Two softmax channels are one sigmoid channel of their difference."""
    one = value_and_gradient(pw.BinaryCrossEntropy(), ONE, TARGET_ONE)
    both = torch.cat([torch.zeros_like(ONE), ONE], dim=1)
    two = value_and_gradient(pw.CrossEntropy(), both, TARGET_ONE)
    close(one[0], two[0])
    close(one[1], two[1][:, 1:])
    close(
        pw.Dice(classes="foreground")(both, TARGET_ONE),
        pw.Dice(activation="sigmoid")(ONE, TARGET_ONE),
    )


def x10():
    """Targets of any integer dtype: the same bits."""
    dtypes = (torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32, torch.int64)
    target = TARGET.masked_fill(TARGET == 255, 100)
    for name in ("ce + dice", "lovasz"):
        loss = pw.criterion(name, ignore_index=100)
        values = [loss(LOGITS, target.to(dtype)) for dtype in dtypes]
        assert all(torch.equal(value, values[0]) for value in values)


def x11():
    """Float targets: an error unless soft targets are declared."""
    for case in CASES:
        logits, target = draw(case)
        with pytest.raises(TypeError, match=r"target must be class indices .*soft_target=True"):
            case.make()(logits, target.float())
    hot = slow.one_hot(TARGET.masked_fill(TARGET == 255, 0).numpy(), 4)
    assert pw.CrossEntropy()(LOGITS, torch.from_numpy(hot), soft_target=True).isfinite()
    for case in [case for case in CASES if not case.row.on_sums]:
        logits, _ = draw(case)
        with pytest.raises(pw.PixelwiseError, match="target must be class indices, got soft_targ"):
            case.make()(logits, logits.sigmoid(), soft_target=True)


def x12():
    """Bool targets count; another device, or a target that wants a gradient, is an error."""
    target = TARGET_ONE == 1
    close(pw.BinaryCrossEntropy()(ONE, target), pw.BinaryCrossEntropy()(ONE, target.long()))
    with pytest.raises(pw.PixelwiseError, match="target must be on cpu, got meta"):
        pw.CrossEntropy()(LOGITS, TARGET.to("meta"))
    soft = LOGITS.softmax(1).requires_grad_()
    with pytest.raises(pw.PixelwiseError, match="target must be without a gradient"):
        pw.CrossEntropy()(LOGITS, soft, soft_target=True)
    assert not pw.CrossEntropy()(LOGITS, TARGET).requires_grad


def x13():
    """Strided, channels_last, expanded tensors: the same value; a gradient of the same layout."""
    for case in CASES:
        logits, target = draw(case)
        value, gradient = value_and_gradient(case.make(), logits, target)
        last = logits.contiguous(memory_format=torch.channels_last).requires_grad_()
        loss = case.make()(last, target.mT.contiguous().mT)
        loss.backward()
        close(loss.detach(), value)
        close(last.grad, gradient)
        assert last.grad.stride() == last.stride()
        wide = logits[:1].expand(3, -1, -1, -1), target[:1].expand(3, -1, -1)
        assert 0 in wide[0].stride()
        close(case.make()(*wide), case.make()(logits[:1], target[:1]))


def x14():
    """One, three and four spatial axes: the loss of the flattened pixels."""
    for case in ANYWHERE:
        for shape in [(2, 11), (2, 3, 4, 5), (2, 3, 1, 4, 2)]:
            logits, target = draw(case, shape=shape)
            pixels = logits.flatten(2), target.flatten(1)
            close(case.make()(logits, target), case.make()(*pixels))


def x15():
    """No image, or images without a pixel: as all ignored."""
    for case in CASES:
        for shape in [(0, 4, 4), (2, 0, 4), (2, 4, 0)]:
            logits = torch.zeros(shape[0], case.channels, *shape[1:], requires_grad=True)
            value = case.make()(logits, torch.zeros(shape, dtype=torch.uint8))
            value.backward()
            assert value == 0
            assert logits.grad.shape == logits.shape


def x16():
    """More than 2^24 pixels of a class: float32 could not count them, the sums can."""
    height = 2**12 + 3
    logits = torch.zeros(1, 2, 1, 1).expand(1, 2, height, 2**12)
    target = torch.zeros(1, 1, 1, dtype=torch.uint8).expand(1, height, 2**12)
    stats = pw.pixel_stats(logits, target, sums=("target", "nll"))
    assert stats.target.tolist() == [[height * 2**12, 0]]
    assert stats.nll[0, 0].item() == pytest.approx(height * 2**12 * math.log(2), rel=1e-6)


def x17():
    """Shapes that torch would broadcast: an error with both shapes."""
    for case in CASES:
        logits, target = draw(case)
        for wrong in (target[:, :, :1], target[:1], target[:, :1], target.unsqueeze(1)[..., :1]):
            with pytest.raises(pw.PixelwiseError, match=r"target must be \(N, .*got \("):
                case.make()(logits, wrong)
        with pytest.raises(pw.PixelwiseError, match=r"weight must be \(N, \*S\)"):
            case.make()(logits, target, weight=torch.ones(2, 1, 1))


def x18():
    """Logits of 1e4: finite, cross entropy exact, and a Dice gradient of 0 that is honest."""
    logits, valid = 1e4 * LOGITS.sign(), TARGET != 255
    expected = F.cross_entropy(logits, TARGET, ignore_index=255)
    close(pw.CrossEntropy()(logits, TARGET), expected)
    for case in CASES:
        given, target = draw(case)
        value, gradient = value_and_gradient(case.make(), 1e4 * given, target)
        assert value.isfinite()
        assert gradient.isfinite().all()
    certain = 1e4 * F.one_hot(TARGET.masked_fill(~valid, 0), 4).movedim(-1, 1).double()
    value, gradient = value_and_gradient(pw.Dice(), certain, TARGET)
    assert value == 0
    assert not gradient.any()


def x19():
    """A logit of +inf at a valid pixel: the limit, or not finite; never another number.

    For two channels the kernels give the limit, for more it is NaN as in torch.
    """
    for case in [case for case in SUMS if case.activation == "softmax"]:
        for index in (0, 1):
            logits, target = draw(case, void=0)
            target[0, 0, 0] = index
            logits[0, 0, 0, 0] = INF
            value = case.make()(logits, target)
            logits[0, 0, 0, 0] = 1e5
            limit = case.make()(logits, target)
            assert not value.isfinite() or value == pytest.approx(limit.item())


def x20():
    """A logit of -inf for a class that is absent (a masked class): finite."""
    for case in [case for case in SUMS if case.channels == 5]:
        logits, target = draw(case)
        logits[:, -1] = -INF
        value, gradient = value_and_gradient(case.make(), logits, target)
        assert value.isfinite()
        assert gradient.isfinite().all()
        assert not gradient[:, -1].any()
    masked = LOGITS.index_fill(1, torch.tensor(3), -INF)
    assert (
        pw.CrossEntropy(label_smoothing=0.1)(masked, TARGET) == INF
    )  # a share of the target was asked of the masked class


def x21():
    """NaN at a valid pixel: NaN comes out; under detect_anomaly its place does."""
    logits = LOGITS.clone()
    logits[1, :, 0, 1] = NAN
    for name in ("ce", "dice", "ce + dice", "lovasz"):
        assert pw.criterion(name)(logits, TARGET).isnan()
        with (
            torch.autograd.set_detect_anomaly(True),
            pytest.raises(pw.PixelwiseError, match=r"finite at valid pixels, got nan at \(1, 0, 0"),
        ):
            pw.criterion(name)(logits, TARGET)


def x22():
    """Infinite logits on the right side of a sigmoid: as a certain right answer."""
    sure = torch.where(TARGET_ONE == 1, INF, -INF).double().unsqueeze(1)
    for loss in (pw.BinaryCrossEntropy(), pw.Focal(2.0, activation="sigmoid")):
        for backend in ("torch", "auto"):
            loss.backend = backend
            value, gradient = value_and_gradient(loss, sure, TARGET_ONE)
            assert value == 0
            assert not gradient.any()
    assert pw.Dice(activation="sigmoid")(sure, TARGET_ONE) == 0
