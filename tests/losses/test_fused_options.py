"""A table of numbers is of the loss and the options as they are: never of a parent, never stale."""

import copy
import gc
import pickle
import weakref

import pytest
import torch

import pixelwise as pw
from losses.fused_cases import draw, is_fused, plain
from pixelwise.losses.criterion import Criterion

pytest.importorskip("numba")


class Half(pw.Dice):
    def formula(self, stats):
        return super().formula(stats) / 2


class HalfValue(pw.Dice):
    def value(self, *batch):
        return super().value(*batch) / 2


class HalfForward(pw.Dice):
    def forward(self, *batch):
        return super().forward(*batch) / 2


class OtherStats(pw.Dice):
    def stats(self, logits, target, weight=None, soft_target=False):
        return Criterion.stats(self, logits / 2, target, weight, soft_target)


class OtherRatio(pw.Dice):
    def coefficients(self):
        return 2.0, 2.0, 2.0


class OtherSums(pw.Dice):
    def class_sums(self, stats):
        inter, prob, target, valid, factors = super().class_sums(stats)
        return inter / 2, prob, target, valid, factors


class Scheduled(pw.Dice):
    @property
    def exponent(self):
        return 2.0


class OnlyOptions(pw.Dice):
    """A Dice whose smooth has another default."""

    def __init__(self, smooth=1.0, **options):
        super().__init__(smooth=smooth, **options)


class Further(Half):
    pass


def test_a_subclass_that_only_sets_options_is_fused():
    logits, target = draw()
    loss = OnlyOptions()(logits.requires_grad_(), target)
    assert is_fused(loss)
    assert torch.equal(loss, pw.Dice(smooth=1)(logits, target))


@pytest.mark.parametrize(
    "kind", [Half, HalfValue, HalfForward, OtherStats, OtherRatio, OtherSums, Scheduled, Further]
)
def test_a_subclass_that_defines_anything_is_not_its_parent(kind):
    """Alone or in a sum, it is never taken for the loss that it is derived from."""
    logits, target = draw()
    logits.requires_grad_()
    dice, own = pw.Dice()(logits, target), kind()(logits, target)
    assert not is_fused(own)
    assert not torch.equal(own, dice)
    both = pw.CrossEntropy() + kind()
    assert not is_fused(both(logits, target))
    torch.testing.assert_close(both(logits, target), plain(both, logits, target))


class OtherSum(type(pw.CrossEntropy() + pw.Dice())):
    stats = OtherStats.stats


def test_a_sum_with_stats_of_its_own_is_not_fused():
    logits, target = draw()
    both = OtherSum([(1.0, pw.CrossEntropy()), (1.0, pw.Dice())])
    expected = pw.criterion("ce+dice")(logits / 2, target)
    torch.testing.assert_close(both(logits, target), expected)


def set_option(name, value):
    def change(criterion):
        for _, term in criterion.terms():
            setattr(term, name, value)

    return change


def change_weights(criterion):
    for _, term in criterion.terms():
        term.weight[1] = 5


def change_weights_unseen(criterion):
    for _, term in criterion.terms():
        term.weight.data[1] = 5


def replace_weights(criterion):
    for _, term in criterion.terms():
        term.weight = torch.tensor([1.0, 0.5, 0.25])


def halve_precision(criterion):
    criterion.half()


def learn_weights(criterion):
    for _, term in criterion.terms():
        term.weight.requires_grad_()


def replace_formula(criterion):
    for _, term in criterion.terms():
        term.formula = lambda stats: stats.nll.sum() * 1e-3


CHANGES = [
    set_option("per_channel", True),
    set_option("weighted_mean", False),
    set_option("smooth", 3.0),
    set_option("smooth", torch.tensor(2.0)),
    set_option("form", "log"),
    set_option("classes", [1, 2]),
    set_option("exponent", 2.0),
    set_option("weight", None),
    change_weights,
    change_weights_unseen,
    replace_weights,
    halve_precision,
    learn_weights,
    replace_formula,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("text", ["ce(weight=[1,2,3])+dice(weight=[3,2,1])"])
def test_what_is_changed_later_counts(change, text):
    logits, target = draw()
    criterion = pw.criterion(text)
    before = criterion(logits, target)
    change(criterion)
    after = criterion(logits, target)
    torch.testing.assert_close(after, plain(criterion, logits, target))
    assert not torch.equal(before, after) or change in (halve_precision, learn_weights)


def test_a_list_of_classes_that_grows_counts():
    logits, target = draw()
    dice = pw.Dice()
    dice.classes = [0]
    one = dice(logits, target)
    dice.classes.append(2)
    assert not torch.equal(one, dice(logits, target))
    torch.testing.assert_close(dice(logits, target), plain(dice, logits, target))


def test_a_term_that_is_replaced_counts():
    logits, target = draw()
    criterion = pw.criterion("ce+dice")
    criterion(logits, target)
    criterion.losses[1] = pw.Jaccard()
    expected = pw.CrossEntropy()(logits, target) + pw.Jaccard()(logits, target)
    torch.testing.assert_close(criterion(logits, target), expected)


def test_a_table_is_no_part_of_the_criterion():
    """Copies, pickles, states and text are the same before and after its first use."""
    logits, target = draw()
    criterion = pw.criterion("ce(weight=[1,2,3])+dice")
    before = repr(criterion), criterion.state_dict(), pickle.dumps(criterion), set(vars(criterion))
    loss = criterion(logits, target)
    after = repr(criterion), criterion.state_dict(), pickle.dumps(criterion), set(vars(criterion))
    assert before == after
    for other in (copy.deepcopy(criterion), pickle.loads(after[2])):
        assert torch.equal(other(logits, target), loss)
        other.losses[1].smooth = 4.0
        assert not torch.equal(other(logits, target), loss)
    assert torch.equal(criterion(logits, target), loss)


@pytest.mark.parametrize("text", ["dice", "ce+dice"])
def test_a_table_keeps_no_criterion(text):
    """A criterion that nobody holds is freed; a graph has what it needs of its formula."""
    logits, target = draw()
    logits.requires_grad_()
    criterion = pw.criterion(text)
    loss, kept = criterion(logits, target), weakref.ref(criterion)
    del criterion
    gc.collect()
    assert kept() is None
    (slope,) = torch.autograd.grad(loss, logits, create_graph=True)
    assert slope.requires_grad
