"""A loss by pass and kernel in one: the plain formula's results, wherever a loss can be used."""

import sys

import pytest
import torch
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx

import pixelwise as pw
from losses.fused_cases import CRITERIA, draw, gradient, is_fused, plain
from pixelwise.errors import ArgumentError
from pixelwise.losses.fused import table_of
from pixelwise.ops import kernels
from pixelwise.ranks.rank_stats import loss_over_ranks

pytest.importorskip("numba")
TOLERANCE = {torch.float64: {"rtol": 1e-12, "atol": 1e-14}}


@pytest.mark.parametrize("text", CRITERIA)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_loss_and_gradient_are_those_of_pass_and_formula(text, dtype):
    """The same bits but in float64, where the last ones are of another order of additions."""
    criterion, (logits, target) = pw.criterion(text), draw(dtype)
    logits.requires_grad_()
    before = logits.detach().clone()
    weight = torch.rand(target.shape, generator=torch.Generator().manual_seed(2)).round(decimals=1)
    for given in (None, weight):
        loss, truth = criterion(logits, target, given), plain(criterion, logits, target, given)
        assert is_fused(loss)
        assert not is_fused(truth)
        assert loss.dtype == truth.dtype
        tolerance = (
            {"rtol": 1e-12, "atol": 1e-14} if dtype == torch.float64 else {"rtol": 0, "atol": 0}
        )
        torch.testing.assert_close(loss, truth, **tolerance)
        slopes = gradient(3 * loss, logits), gradient(3 * truth, logits)
        torch.testing.assert_close(*slopes, **tolerance)
    assert torch.equal(logits, before)
    with torch.no_grad():
        assert torch.equal(criterion(logits, target), criterion(logits, target).detach())


@pytest.mark.parametrize("text", CRITERIA)
def test_the_value_is_float64_and_the_same(text):
    logits, target = draw()
    criterion = pw.criterion(text)
    value = criterion.value(logits.requires_grad_(), target)
    assert is_fused(value)
    torch.testing.assert_close(value, criterion.formula(criterion.stats(logits, target)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("text", CRITERIA)
def test_logits_that_are_not_finite_give_the_same(text, value):
    logits, target = draw(torch.float64)
    logits[0, 1, 3, 3] = value
    logits.requires_grad_()
    criterion = pw.criterion(text)
    loss, truth = criterion(logits, target), plain(criterion, logits, target)
    torch.testing.assert_close(loss, truth, equal_nan=True)
    slopes = gradient(loss, logits), gradient(truth, logits)
    torch.testing.assert_close(*slopes, equal_nan=True)


def test_a_sum_of_all_kinds_fuses_what_is_on_sums():
    """The loss on logits is added beside; a formula without a table leaves all to the formulas."""
    logits, target = draw()
    logits.requires_grad_()
    mixed = pw.CrossEntropy() + 0.5 * pw.Lovasz() + pw.Dice()
    alone = [(f, term(logits, target)) for f, term in mixed.terms()]
    truth = sum(f * loss for f, loss in alone)
    torch.testing.assert_close(mixed(logits, target), truth)
    torch.testing.assert_close(*(gradient(x, logits) for x in (mixed(logits, target), truth)))
    assert not is_fused((pw.CrossEntropy() + pw.MCC())(logits, target))


def test_upsampled_levels_and_one_rank_are_fused():
    logits, target = draw(size=(4, 4))
    target = target.repeat_interleave(2, 1).repeat_interleave(2, 2)
    criterion = pw.criterion("ce+dice", upsample="bilinear")
    logits.requires_grad_()
    assert is_fused(criterion(logits, target))
    assert is_fused(loss_over_ranks(criterion, logits, target))
    torch.testing.assert_close(criterion(logits, target), plain(criterion, logits, target))
    levels = pw.DeepSupervision(criterion)([logits, logits[..., ::2, ::2]], target)
    parts = [plain(criterion, level, target) for level in (logits, logits[..., ::2, ::2])]
    torch.testing.assert_close(levels, (parts[0] + 0.5 * parts[1]) / 1.5)


@pytest.mark.parametrize("text", CRITERIA)
def test_the_gradient_has_a_gradient(text):
    # a row of void, and one that has each class
    logits, target = (x[..., 1:, :] for x in draw(torch.float64, size=(2, 3)))
    criterion = pw.criterion(text)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: criterion(x, target), logits)
    assert torch.autograd.gradgradcheck(lambda x: criterion(x, target), logits)


def test_a_graph_can_be_walked_twice():
    logits, target = draw()
    logits.requires_grad_()
    loss = pw.criterion("ce+dice")(logits, target)
    loss.backward(retain_graph=True)
    once = logits.grad.clone()
    loss.backward()
    torch.testing.assert_close(logits.grad, 2 * once)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_logits_that_were_changed_in_place_have_no_gradient():
    logits, target = draw()
    hidden = logits.requires_grad_() * 1
    loss = pw.criterion("ce+dice")(hidden, target)
    hidden.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("text", CRITERIA)
def test_every_transform_gives_the_same(text):
    """Forward mode, torch.func, batches of problems and of gradients."""
    logits, target = draw(torch.float64)
    criterion = pw.criterion(text)

    def loss(x):
        return criterion(x, target)

    inputs = logits.clone().requires_grad_()
    slope = gradient(loss(inputs), inputs)
    torch.testing.assert_close(torch.func.grad(loss)(logits), slope)
    torch.testing.assert_close(torch.func.jacrev(loss)(logits), slope)
    direction = torch.randn_like(logits)
    _, moved = torch.func.jvp(loss, (logits,), (direction,))
    torch.testing.assert_close(moved, (slope * direction).sum())
    with forward_ad.dual_level():
        dual = loss(forward_ad.make_dual(logits, direction))
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, moved)
    several = torch.stack([logits, 2 * logits])
    each = torch.stack([loss(x) for x in several])
    torch.testing.assert_close(torch.func.vmap(loss)(several), each)
    masks = torch.stack([target, target.flip(0)])
    by_target = torch.func.vmap(lambda y: criterion(logits, y))(masks)
    torch.testing.assert_close(by_target, torch.stack([criterion(logits, y) for y in masks]))
    (both,) = torch.autograd.grad(
        loss(inputs), inputs, torch.tensor([1.0, 2.0]).double(), is_grads_batched=True
    )
    torch.testing.assert_close(both, torch.stack([slope, 2 * slope]))


def test_a_tracer_sees_operators_and_no_constant():
    logits, target = draw()
    criterion = pw.criterion("ce+dice")
    graph = make_fx(lambda x: criterion(x, target))(logits)
    torch.testing.assert_close(graph(2 * logits), criterion(2 * logits, target))


@pytest.mark.skipif(sys.platform == "win32", reason="torch.compile needs a C++ compiler")
def test_a_compiled_criterion_has_one_graph():
    logits, target = draw()
    criterion = pw.criterion("ce+dice")
    criterion(logits, target)
    torch._dynamo.reset()
    compiled = torch.compile(criterion, fullgraph=True, backend="aot_eager")
    one, other = (x.clone().requires_grad_() for x in (logits, logits))
    loss, truth = compiled(one, target), criterion(other, target)
    torch.testing.assert_close(loss, truth)
    torch.testing.assert_close(gradient(loss, one), gradient(truth, other))


@pytest.mark.parametrize(
    "criterion",
    [
        pw.CrossEntropy(weight=[1, 2]),
        pw.Focal(alpha=[1, 2]),
        pw.Dice(weight=[1, 2]),
        pw.Dice(classes=(1, 7)),
        pw.CrossEntropy() + pw.Jaccard(classes=(3,)),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused_in_the_same_words(criterion):
    logits, target = draw()
    with pytest.raises(ArgumentError, match="must be") as plain_error:
        plain(criterion, logits, target)
    with pytest.raises(ArgumentError, match="must be") as error:
        criterion(logits, target)
    assert str(error.value) == str(plain_error.value)


def test_what_has_no_kernel_takes_the_definition():
    """Soft targets, backend "torch", and a gradient that another mode watches."""
    logits, target = draw()
    logits.requires_grad_()
    soft = torch.softmax(torch.randn_like(logits), 1).detach()
    assert not is_fused(pw.Dice()(logits, soft, soft_target=True))
    assert not is_fused(pw.Dice(backend="torch")(logits, target))
    assert not is_fused(pw.BinaryCrossEntropy(label_smoothing=0.1)(logits, target))


def test_nothing_is_computed_that_no_gradient_needs(monkeypatch):
    """Without a gradient there is no backward pass; the pass is made once."""
    logits, target = draw()
    made = []
    forward = kernels._stats_forward
    monkeypatch.setattr(
        kernels, "_stats_forward", lambda *args: made.append("pass") or forward(*args)
    )
    criterion = pw.criterion("ce+dice")
    loss = criterion(logits, target)
    assert not loss.requires_grad
    criterion(logits.requires_grad_(), target).backward()
    assert made == ["pass", "pass"]
    assert table_of(criterion) is table_of(criterion)
