"""What a batch may contain, and what comes of it: for every loss in each of its activations."""

import math

import pytest
import torch
import torch.nn.functional as F

import oracles_losses as slow
import pixelwise as pw
from laws.loss_cases import CASES, IGNORE, close, draw, each, value_and_gradient
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE, THREE

INF, NAN = math.inf, math.nan
SOFTMAX = [case for case in CASES if case.activation == "softmax"]
SUMS_OF_SOFTMAX = [case for case in SOFTMAX if case.row.on_sums]
REGION = [case for case in CASES if case.name in ("dice", "tversky", "generalized_dice")]


def test_the_sums_of_a_batch_that_is_all_ignored_count_no_valid_pixel():
    assert pw.pixel_stats(LOGITS, torch.full_like(TARGET, IGNORE)).valid.sum() == 0


@each(REGION)
@pytest.mark.parametrize("options", [{}, {"absent": "keep"}], ids=str)
def test_an_image_that_is_all_ignored_leaves_the_loss_per_image_to_the_others(case, options):
    logits, target = draw(case)
    target[1] = IGNORE
    loss = case.make(per_image=True, **options)
    close(loss(logits, target), loss(logits[:1], target[:1]))


def test_an_absent_class_is_left_out_counted_with_0_or_counted_as_asked():
    scores = slow.scores(LOGITS.numpy(), TARGET.numpy(), 0.5, 0.5)
    found = {rule: pw.Dice(absent=rule)(LOGITS, TARGET).item() for rule in ("skip", "zero", "keep")}
    present = [1 - score for score in scores[:3]]
    assert found["skip"] == pytest.approx(sum(present) / 3)
    assert found["zero"] == pytest.approx(sum(present) / 4)
    assert found["keep"] == pytest.approx((sum(present) + 1) / 4)
    expected = slow.generalized_dice(LOGITS.numpy(), TARGET.numpy())
    assert pw.GeneralizedDice()(LOGITS, TARGET).item() == pytest.approx(expected)


@each(CASES)
def test_a_batch_with_an_absent_class_has_a_finite_loss_and_gradient_in_float64(case):
    value, gradient = value_and_gradient(case.make(), *draw(case))
    assert (value.dtype, gradient.dtype) == (torch.float64, torch.float64)
    assert value.isfinite()
    assert gradient.isfinite().all()


@each(CASES)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (0, r"got \d \(1 pixel, first at n=1 y=2 x=3\)"),
        (-1, r"got -1 \(1 pixel, first at n=1 y=2 x=3\)"),
    ],
    ids=["the number of classes", "minus one"],
)
def test_a_target_just_outside_the_indices_is_an_error_with_its_value_and_place(case, wrong, words):
    logits, target = draw(case)
    target = target.long()
    target[1, 2, 3] = wrong + case.indices * (wrong >= 0)
    with pytest.raises(pw.PixelwiseError, match=words):
        case.make()(logits, target)


def test_a_target_of_overlapping_classes_is_0_or_1():
    several = torch.zeros(THREE.shape, dtype=torch.uint8)
    several[1, 2, 3, 4] = 2
    with pytest.raises(pw.PixelwiseError, match=r"0..1 .*got 2 .*first at index \(1, 2, 3, 4\)"):
        pw.Dice(activation="sigmoid")(THREE, several)


def test_255_or_minus_one_in_a_binary_target_is_an_error_unless_declared_void():
    bce = pw.BinaryCrossEntropy(ignore_index=None)
    for wrong in (255, -1):
        with pytest.raises(pw.PixelwiseError, match=f"got {wrong} "):
            bce(ONE, TARGET_ONE.masked_fill(TARGET_ONE == 255, wrong))
    valid = (TARGET_ONE != 255).flatten()
    expected = F.binary_cross_entropy_with_logits(
        ONE.flatten()[valid], TARGET_ONE.flatten()[valid].double()
    )
    close(pw.BinaryCrossEntropy()(ONE, TARGET_ONE), expected)


@each(SOFTMAX)
def test_one_channel_with_softmax_is_an_error_that_says_sigmoid(case):
    with pytest.raises(pw.PixelwiseError, match=r"channels for softmax.*sigmoid"):
        case.make()(ONE, TARGET_ONE)


def test_two_softmax_channels_are_one_sigmoid_channel_of_their_difference():
    one = value_and_gradient(pw.BinaryCrossEntropy(), ONE, TARGET_ONE)
    both = torch.cat([torch.zeros_like(ONE), ONE], dim=1)
    two = value_and_gradient(pw.CrossEntropy(), both, TARGET_ONE)
    close(one[0], two[0])
    close(one[1], two[1][:, 1:])
    close(
        pw.Dice(classes="foreground")(both, TARGET_ONE),
        pw.Dice(activation="sigmoid")(ONE, TARGET_ONE),
    )


def test_targets_of_any_integer_dtype_give_the_same_bits():
    dtypes = (torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32, torch.int64)
    target = TARGET.masked_fill(TARGET == 255, 100)
    for name in ("ce + dice", "lovasz"):
        loss = pw.criterion(name, ignore_index=100)
        values = [loss(LOGITS, target.to(dtype)) for dtype in dtypes]
        assert all(torch.equal(value, values[0]) for value in values)


@each(CASES)
def test_a_float_target_is_an_error_that_names_the_option_for_soft_targets(case):
    logits, target = draw(case)
    with pytest.raises(TypeError, match=r"target must be class indices .*soft_target=True"):
        case.make()(logits, target.float())


@each([case for case in CASES if not case.row.on_sums])
def test_a_loss_that_is_not_on_sums_refuses_soft_targets(case):
    logits, _ = draw(case)
    with pytest.raises(pw.PixelwiseError, match="target must be class indices, got soft_targ"):
        case.make()(logits, logits.sigmoid(), soft_target=True)


def test_a_float_target_that_is_declared_soft_counts():
    hot = slow.one_hot(TARGET.masked_fill(TARGET == 255, 0).numpy(), 4)
    assert pw.CrossEntropy()(LOGITS, torch.from_numpy(hot), soft_target=True).isfinite()


def test_bool_targets_count():
    target = TARGET_ONE == 1
    close(pw.BinaryCrossEntropy()(ONE, target), pw.BinaryCrossEntropy()(ONE, target.long()))


def test_a_target_on_another_device_or_with_a_gradient_is_an_error():
    with pytest.raises(pw.PixelwiseError, match="target must be on cpu, got meta"):
        pw.CrossEntropy()(LOGITS, TARGET.to("meta"))
    soft = LOGITS.softmax(1).requires_grad_()
    with pytest.raises(pw.PixelwiseError, match="target must be without a gradient"):
        pw.CrossEntropy()(LOGITS, soft, soft_target=True)
    assert not pw.CrossEntropy()(LOGITS, TARGET).requires_grad


@each(CASES)
def test_strided_and_channels_last_tensors_have_a_gradient_of_the_same_layout(case):
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), logits, target)
    last = logits.contiguous(memory_format=torch.channels_last).requires_grad_()
    loss = case.make()(last, target.mT.contiguous().mT)
    loss.backward()
    close(loss.detach(), value)
    close(last.grad, gradient)
    assert last.grad.stride() == last.stride()


@each(CASES)
def test_expanded_tensors_have_the_loss_of_what_they_repeat(case):
    logits, target = draw(case)
    wide = logits[:1].expand(3, -1, -1, -1), target[:1].expand(3, -1, -1)
    assert 0 in wide[0].stride()
    close(case.make()(*wide), case.make()(logits[:1], target[:1]))


def test_more_pixels_of_a_class_than_float32_can_count_are_counted():
    side = 2**12 + 3  # an odd number of pixels above 2^24, which float32 does not have
    # a loss of 32 to the last bit of float32: no order of additions within a block rounds
    logits = torch.tensor([0.0, 32.0]).view(1, 2, 1, 1).expand(1, 2, side, side)
    target = torch.zeros(1, 1, 1, dtype=torch.uint8).expand(1, side, side)
    stats = pw.pixel_stats(logits, target, sums=("target", "nll"))
    assert stats.target.tolist() == [[side**2, 0]]
    assert stats.nll.tolist() == [[32 * side**2, 0]]


@each(CASES)
def test_shapes_that_torch_would_broadcast_are_an_error_with_both_shapes(case):
    logits, target = draw(case)
    for wrong in (target[:, :, :1], target[:1], target[:, :1], target.unsqueeze(1)[..., :1]):
        with pytest.raises(pw.PixelwiseError, match=r"target must be \(N, .*got \("):
            case.make()(logits, wrong)
    with pytest.raises(pw.PixelwiseError, match=r"weight must be \(N, \*S\)"):
        case.make()(logits, target, weight=torch.ones(2, 1, 1))


@each(CASES)
def test_logits_of_ten_thousand_have_a_finite_loss_and_gradient(case):
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), 1e4 * logits, target)
    assert value.isfinite()
    assert gradient.isfinite().all()


def test_cross_entropy_of_logits_of_ten_thousand_is_exact():
    logits = 1e4 * LOGITS.sign()
    close(pw.CrossEntropy()(logits, TARGET), F.cross_entropy(logits, TARGET, ignore_index=255))


def test_dice_of_a_certain_right_answer_and_its_gradient_are_0():
    index = TARGET.masked_fill(TARGET == 255, 0)
    certain = 1e4 * F.one_hot(index, 4).movedim(-1, 1).double()
    value, gradient = value_and_gradient(pw.Dice(), certain, TARGET)
    assert value == 0
    assert not gradient.any()


@each(SUMS_OF_SOFTMAX)
@pytest.mark.parametrize("index", [0, 1])
def test_an_infinite_logit_at_a_valid_pixel_is_the_limit_or_not_finite(case, index):
    """For two channels the kernels give the limit, for more it is NaN as in torch."""
    logits, target = draw(case, void=0)
    target[0, 0, 0] = index
    logits[0, 0, 0, 0] = INF
    value = case.make()(logits, target)
    logits[0, 0, 0, 0] = 1e5
    limit = case.make()(logits, target)
    assert not value.isfinite() or value == pytest.approx(limit.item())


@each([case for case in CASES if case.row.on_sums and case.channels == 5])
def test_an_absent_class_that_is_masked_by_minus_infinity_has_no_gradient(case):
    logits, target = draw(case)
    logits[:, -1] = -INF
    value, gradient = value_and_gradient(case.make(), logits, target)
    assert value.isfinite()
    assert gradient.isfinite().all()
    assert not gradient[:, -1].any()


def test_a_share_of_the_target_for_a_masked_class_is_an_infinite_loss():
    masked = LOGITS.index_fill(1, torch.tensor(3), -INF)
    assert pw.CrossEntropy(label_smoothing=0.1)(masked, TARGET) == INF


@pytest.mark.parametrize("name", ["ce", "dice", "ce + dice", "lovasz"])
def test_a_nan_logit_at_a_valid_pixel_is_a_nan_loss_and_under_detect_anomaly_its_place(name):
    logits = LOGITS.clone()
    logits[1, :, 0, 1] = NAN
    assert pw.criterion(name)(logits, TARGET).isnan()
    with (
        torch.autograd.set_detect_anomaly(True),
        pytest.raises(pw.PixelwiseError, match=r"finite at valid pixels, got nan at \(1, 0, 0"),
    ):
        pw.criterion(name)(logits, TARGET)


def test_infinite_logits_on_the_right_side_of_a_sigmoid_are_a_certain_right_answer():
    sure = torch.where(TARGET_ONE == 1, INF, -INF).double().unsqueeze(1)
    for loss in (pw.BinaryCrossEntropy(), pw.Focal(2.0, activation="sigmoid")):
        for backend in ("torch", "auto"):
            loss.backend = backend
            value, gradient = value_and_gradient(loss, sure, TARGET_ONE)
            assert value == 0
            assert not gradient.any()
    assert pw.Dice(activation="sigmoid")(sure, TARGET_ONE) == 0
