"""Dtypes, derivatives, options and ranks: what the numbers of a loss are."""

import math

import pytest
import torch
import torch._dynamo.testing
import torch.nn.functional as F

import pixelwise as pw
from laws.loss_cases import CASES, IGNORE, close, draw, each, value_and_gradient
from losses.small import LOGITS, ONE, TARGET, TARGET_ONE

WEIGHT = [1.0, 2.0, 0.5, 4.0]
SUMS = [case for case in CASES if case.row.on_sums]
VALID = TARGET != 255


@each(SUMS)
def test_bfloat16_logits_have_the_loss_of_the_rounded_logits_as_float32(case):
    logits, target = draw(case, dtype=torch.float32)
    rounded = logits.bfloat16()
    value, gradient = value_and_gradient(case.make(), rounded, target)
    assert value.dtype == torch.float32
    assert gradient.dtype == torch.bfloat16
    truth = case.make(backend="torch")(rounded.double(), target)
    close(value.double(), truth, rtol=2e-6, atol=1e-7)


@each(CASES)
def test_under_autocast_the_loss_is_the_same_float32(case):
    logits, target = draw(case, dtype=torch.float32)
    logits = logits.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        inside = case.make()(logits, target)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, case.make()(logits, target))


def test_gradcheck_holds_with_void_class_weights_smoothing_and_pixel_weights():
    pixels = torch.rand(TARGET.shape, generator=torch.Generator().manual_seed(1))
    losses = [
        pw.CrossEntropy(WEIGHT, 0.1),
        pw.Focal(1.5, WEIGHT),
        pw.Dice(weight=WEIGHT, form="log"),
        pw.Tversky(0.3, 0.7, gamma=0.75, per_image=True),
        pw.GeneralizedDice(),
    ]
    x = LOGITS[:, :, :2, :2].clone().requires_grad_()
    y, w = TARGET[:, :2, :2], pixels[:, :2, :2]
    for loss in losses:
        assert torch.autograd.gradcheck(lambda x, loss=loss: loss(x, y, weight=w), x)
        assert torch.autograd.gradgradcheck(lambda x, loss=loss: loss(x, y, weight=w), x)


def test_grad_vmap_and_jvp_of_torch_func_are_autograd():
    for name in ("ce", "focal", "dice", "ce + dice(per_image=true)"):
        loss = pw.criterion(name)
        _, gradient = value_and_gradient(loss, LOGITS, TARGET)
        close(torch.func.grad(loss)(LOGITS, TARGET), gradient)
        alone = torch.func.vmap(loss)(LOGITS.unsqueeze(1), TARGET.unsqueeze(1))
        close(alone, torch.stack([loss(LOGITS[n : n + 1], TARGET[n : n + 1]) for n in range(2)]))
        moved = torch.func.jvp(lambda x, loss=loss: loss(x, TARGET), (LOGITS,), (LOGITS,))[1]
        close(moved, (gradient * LOGITS).sum())


def test_torch_compile_makes_one_graph_for_many_shapes_and_keeps_the_check():
    """At most two compilations."""
    loss = pw.criterion("ce + 0.5*dice")
    counter = torch._dynamo.testing.CompileCounter()
    torch.compiler.reset()
    compiled = torch.compile(loss, backend=counter, fullgraph=True)
    for size in (5, 6, 7, 9):
        logits, target = LOGITS.repeat(1, 1, 2, 2)[..., :size], TARGET.repeat(1, 2, 2)[..., :size]
        close(compiled(logits, target), loss(logits, target))
    assert counter.frame_count <= 2
    with pytest.raises(pw.PixelwiseError, match=r"got 4 \(1 pixel, first at n=0 y=0 x=1\)"):
        compiled(logits, target.index_put((torch.tensor(0), torch.tensor(0), torch.tensor(1)),
                                          torch.tensor(4)))  # fmt: skip
    torch.compiler.reset()


def test_exported_or_without_gradients_the_value_is_the_same_and_has_no_graph():
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


WEIGHTED = {
    "CrossEntropy": pw.CrossEntropy,
    "Dice": lambda w: pw.Dice(weight=w),
    "Dice, pooled": lambda w: pw.Dice(weight=w, pool_classes=True),
    "Poly1": lambda w: pw.Poly1(weight=w),
    "Lovasz": lambda w: pw.Lovasz(weight=w),
    "TopK": lambda w: pw.TopK(weight=w),
    "Focal": lambda w: pw.Focal(alpha=w),
    "MCC": lambda w: pw.MCC(weight=w),
}


@pytest.mark.parametrize("make", WEIGHTED.values(), ids=WEIGHTED)
def test_class_weights_are_finite_numbers_of_any_dtype_and_all_zero_is_nothing_valid(make):
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


def test_label_smoothing_with_class_weights_and_void_is_that_of_torch():
    for smoothing in (0.0, 0.1, 1.0):
        expected = F.cross_entropy(
            LOGITS,
            TARGET,
            torch.tensor(WEIGHT).double(),
            ignore_index=255,
            label_smoothing=smoothing,
        )
        close(pw.CrossEntropy(WEIGHT, smoothing)(LOGITS, TARGET), expected)


def test_soft_targets_with_void_are_a_mask_whose_contents_do_not_matter():
    soft = LOGITS.roll(1, 0).softmax(1)
    spoilt = soft.masked_fill(~VALID.unsqueeze(1), math.nan)
    loss = pw.CrossEntropy()(LOGITS, spoilt, weight=VALID, soft_target=True)
    columns = LOGITS.movedim(1, -1)[VALID], soft.movedim(1, -1)[VALID]
    close(loss, F.cross_entropy(*columns))
    with pytest.raises(pw.PixelwiseError, match="target must be probabilities that add up to 1"):
        pw.CrossEntropy()(LOGITS, spoilt, soft_target=True)


def test_probabilities_in_place_of_logits_are_a_warning():
    """From a few pixels, on the CPU, not compiled."""
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


@each(SUMS)
@pytest.mark.parametrize("scale", [50.0, 800.0])  # p is 1 in float32, and 0 in float64 too
def test_probabilities_of_exactly_0_and_1_have_a_finite_loss_and_a_bounded_gradient(case, scale):
    logits, target = draw(case)
    value, gradient = value_and_gradient(case.make(), scale * logits.sign(), target)
    assert value.isfinite()
    assert gradient.abs().max() <= 20


def test_no_loss_takes_probabilities():
    with pytest.raises(pw.PixelwiseError, match=r"an option must be .*, got 'from_logits'"):
        pw.criterion("ce(from_logits=false)")


def test_focal_is_smooth_for_any_gamma_and_alpha_where_p_is_1():
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


def test_no_costs_and_no_pixels_are_a_score_of_1():
    """0 / 0 in a ratio without smooth: a loss of 0."""
    close(pw.Tversky(0.0, 0.0)(LOGITS, TARGET), torch.tensor(0.0).double())
    nowhere = LOGITS.clone()
    nowhere[:, 3] = -math.inf
    kept = pw.Dice(absent="keep", weight=[0.0, 0.0, 0.0, 1.0])
    value, gradient = value_and_gradient(kept, nowhere, TARGET)
    assert value == 0
    assert gradient.isfinite().all()


def test_classes_must_be_channels_that_there_are():
    with pytest.raises(pw.PixelwiseError, match="classes must be None or indices, got 'foreground"):
        pw.Dice(classes="foreground", activation="sigmoid")(ONE, TARGET_ONE)
    for make in (pw.Dice, pw.MCC, pw.Lovasz, pw.GeneralizedDice):
        with pytest.raises(pw.PixelwiseError, match=r"classes must be indices below 4, got \[4\]"):
            make(classes=[4])(LOGITS, TARGET)
        for wrong in ([], [-1], [1, 1]):
            with pytest.raises(pw.PixelwiseError, match="classes must be distinct indices >= 0"):
                make(classes=wrong)


def test_ignoring_the_index_of_a_class_ignores_its_pixels_not_its_channel():
    hidden = TARGET.masked_fill(TARGET == 0, 255)
    close(pw.Dice(ignore_index=(0, 255))(LOGITS, TARGET), pw.Dice()(LOGITS, hidden))


def test_sums_beyond_float16_of_float16_logits_are_float64():
    logits, target = LOGITS[:1].half().repeat(1, 1, 80, 80), TARGET[:1].repeat(1, 80, 80)
    stats = pw.pixel_stats(logits, target)
    assert stats.nll.dtype == torch.float64
    assert stats.nll.sum() > 65504
    loss = pw.CrossEntropy()(logits, target, weight=torch.full(target.shape, 1e4))
    assert loss.dtype == torch.float32
    close(loss, pw.CrossEntropy()(logits, target), rtol=1e-6)


def test_one_or_two_threads_give_the_same_bits_and_another_order_the_same_up_to_rounding():
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


def test_ranks_with_unequal_numbers_of_valid_pixels_have_the_loss_of_all_images():
    """The mean of the ranks' losses is another number. test_rank_stats.py runs two processes."""
    ranks, whole = uneven()
    for name in ("ce", "focal", "dice", "ce + dice(per_image=true)"):
        loss = pw.criterion(name)
        joined = pw.PixelStats.join([loss.stats(*batch) for batch in ranks])
        close(loss.formula(joined), loss(*whole))
    means = [pw.CrossEntropy()(*batch) for batch in ranks]
    assert abs(sum(means) / 2 - pw.CrossEntropy()(*whole)) > 0.1


def test_a_rank_without_a_valid_pixel_changes_nothing_for_the_others():
    batch, void = (LOGITS, TARGET), (LOGITS, torch.full_like(TARGET, IGNORE))
    for name in ("ce", "dice", "dice(per_image=true, absent='keep')", "generalized_dice"):
        loss = pw.criterion(name)
        joined = pw.PixelStats.join([loss.stats(*batch), loss.stats(*void)])
        close(loss.formula(joined), loss(*batch))


def test_each_part_against_the_joined_sums_gives_the_gradient_of_one_batch():
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


@pytest.mark.parametrize(
    ("scale", "error", "words"),
    [
        (
            1e9,
            pw.PixelwiseError,
            r"the gradient of the logits must be finite .*inf at \(0, 0, 0, 0\)",
        ),
        (math.nan, RuntimeError, "returned nan values"),
    ],
)
def test_under_detect_anomaly_a_gradient_that_is_not_finite_is_an_error(scale, error, words):
    """For inf with its place; torch itself finds NaN first.

    float16 logits overflow where a scaler multiplies the loss.
    """
    x = LOGITS.half().requires_grad_()
    with torch.autograd.set_detect_anomaly(True):
        loss = pw.CrossEntropy()(x, TARGET)
        assert loss.isfinite()
        with pytest.raises(error, match=words):
            (loss * scale).backward()
