"""Under torch.autograd.detect_anomaly() a loss says where it stops being finite."""

import math

import pytest
import torch

import pixelwise as pw
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE


@pytest.fixture(autouse=True)
def _debugging():
    with torch.autograd.set_detect_anomaly(True):
        yield


def test_a_sound_batch_has_the_same_bits():
    x = LOGITS.clone().requires_grad_()
    value = (pw.CrossEntropy() + pw.Dice())(x, TARGET)
    value.backward()
    with torch.autograd.set_detect_anomaly(False):
        y = LOGITS.clone().requires_grad_()
        plain = (pw.CrossEntropy() + pw.Dice())(y, TARGET)
        plain.backward()
    assert torch.equal(value, plain)
    assert torch.equal(x.grad, y.grad)


def test_nan_under_void_is_no_matter():
    hidden = LOGITS.masked_fill((TARGET == 255).unsqueeze(1), math.nan)
    assert pw.Dice()(hidden, TARGET).isfinite()


def test_a_loss_that_sigmoid_makes_infinite_is_named_with_its_place():
    logits = ONE.clone()
    logits[1, 0, 2, 3] = -math.inf
    target = TARGET_ONE.index_put(
        (torch.tensor(1), torch.tensor(2), torch.tensor(3)), torch.tensor(1)
    )
    with pytest.raises(pw.PixelwiseError, match=r"BinaryCrossEntropy: logits must be finite .*-inf "
                                                r"at \(1, 0, 2, 3\), 1 such values"):  # fmt: skip
        pw.BinaryCrossEntropy()(logits, target)


def test_a_place_is_one_of_the_logits_under_upsampling():
    logits = LOGITS.clone()
    logits[0, 2, 4, 5] = math.nan
    target = TARGET.repeat_interleave(2, 1).repeat_interleave(2, 2)
    with pytest.raises(pw.PixelwiseError, match=r"got nan at \(0, 2, 4, 5\)"):
        pw.CrossEntropy(upsample="bilinear")(logits, target)


def test_finite_logits_with_an_infinite_loss_are_named_as_such():
    """So sure and so wrong that the sum of the losses is beyond float64."""
    with pytest.raises(pw.PixelwiseError, match=r"loss must be finite, got inf\. Look for a class"):
        pw.BinaryCrossEntropy()(1.5e308 * ONE.sign(), TARGET_ONE)
