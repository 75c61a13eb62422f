"""The formula of a loss in one GPU kernel: value and derivative are those of the plain formula."""

import gc
import itertools

import numpy as np
import pytest
import torch

import pixelwise as pw
from ops.kernel_cases import DEVICE
from pixelwise.ops.formula import Mean, Ratio, make_formula
from pixelwise.ops.gpu import formula as kernels
from pixelwise.ops.stats import PixelStats

NAMES = ("valid", "target", "prob", "inter", "prob2", "nll", "nll_all", "focal", "nll_neg",
         "focal_neg")  # fmt: skip
PIXELS = 1000  # of an image
WEIGHT = (1.0, 2.0, 3.0, 0.5, 0.0)
FAMILIES = {  # class -> coefficients, exponent
    "Dice": ((2.0, 1.0, 1.0), 1.0),
    "Jaccard": ((1.0, 1.0, 1.0), 1.0),
    "Tversky": ((1.0, 0.3, 0.8), 0.75),
}
REGIONS = list(
    itertools.product(
        itertools.product((True, False), (True, False)),  # per_image, pool_classes
        (None, "foreground", (1, 3)),
        ("skip", "zero", "keep"),
        ("one_minus", "log", "log_cosh", "minus"),
        (None, WEIGHT),
        (0.0, (0.5, 1.0)),
        (True, False),  # weighted_mean
        (True, False),  # squared
    )
)


def make_table(images=3, classes=5):
    """Sums (S, N, C) of images of which the second has nothing valid, and no class 4 anywhere."""
    draw = torch.rand(len(NAMES), images, classes, generator=torch.Generator().manual_seed(0))
    table = 50 * draw.double()
    valid, target, prob, inter, prob2 = table[:5]
    torch.minimum(target, prob, out=inter).mul_(draw[3])
    torch.mul(prob, 0.7, out=prob2)
    valid.fill_(300)
    target[:, 4:], inter[:, 4:] = 0, 0
    table[:, 1:2] = 0
    return table


def plain(criterion, table):
    """Loss and derivative by each sum, by the formula of the loss and autograd."""
    names = (*NAMES, "pixels")
    pixels = torch.full_like(table[:1], PIXELS)
    leaf = table.clone().requires_grad_()
    loss = criterion.formula(PixelStats(torch.cat([leaf, pixels]), names, "torch"))
    return loss.detach(), torch.autograd.grad(loss, leaf)[0]


def evaluate(terms, table, dtype=torch.float64):
    formula = make_formula(terms, NAMES, table.shape[2])
    pixels = float(PIXELS * table.shape[1] * table.shape[2])
    loss, slopes = kernels.evaluate(formula, table.to(DEVICE), pixels, dtype)
    assert (loss.dtype, slopes.dtype) == (dtype, torch.float64)
    return loss.cpu(), slopes.cpu()


def check(terms, criterion, table):
    found, expected = evaluate(terms, table), plain(criterion, table)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13, msg=f"{criterion}")


def region(family, options, classes):
    """A term, and the criterion that it stands for."""
    (image, pool), chosen, absent, form, weight, smooth, weighted, squared = options
    coefficients, exponent = FAMILIES[family]
    exponent = 1.0 if form == "minus" else exponent
    named = {"Tversky": {"alpha": 0.3, "beta": 0.8, "gamma": exponent}}.get(family, {})
    counted = np.full(classes, chosen is None)
    counted[list((chosen or ()) if chosen != "foreground" else range(1, classes))] = True
    factors = np.array(weight or [1.0] * classes)
    above, below = smooth if smooth else (0.0, 0.0)
    term = Ratio(
        coefficients, (above, below), "prob2" if squared else "prob", form, absent, exponent,
        image, pool, weighted, factors, counted,
    )  # fmt: skip
    criterion = getattr(pw, family)(
        per_image=image, pool_classes=pool, classes=chosen, absent=absent, form=form,
        weight=weight, smooth=smooth, weighted_mean=weighted, squared=squared, **named,
    )  # fmt: skip
    return term, criterion


@pytest.mark.parametrize("family", FAMILIES)
def test_region_losses_are_those_of_the_formula(family):
    """Every value of every option, in some of their combinations."""
    start = list(FAMILIES).index(family)
    for options in REGIONS[start :: 3 * 17]:
        term, criterion = region(family, options, 5)
        check([(1.0, term)], criterion, make_table())


def test_pixel_losses_are_those_of_the_formula():
    """Means with factors above and below, several sums above, and void that counts."""
    ones, weight = np.ones(5), np.array(WEIGHT)
    first = np.eye(5)[0]
    table = make_table()
    cases = {
        pw.CrossEntropy(): Mean({"nll": ones}, {"target": ones}),
        pw.CrossEntropy(WEIGHT, 0.1): Mean(
            {"nll": 0.9 * weight, "nll_all": 0.02 * weight}, {"target": weight}
        ),
        pw.CrossEntropy(void="zero"): Mean({"nll": ones}, {"target": ones}, void_is_zero=True),
        pw.Focal(): Mean({"focal": ones}, {"valid": first}),
        pw.BinaryCrossEntropy(2 * ones, weight=WEIGHT): Mean(
            {"nll": 2 * weight, "nll_neg": weight}, {"valid": weight}
        ),
    }
    for criterion, term in cases.items():
        check([(1.0, term)], criterion, table)


@pytest.mark.parametrize(("images", "classes"), [(1, 1), (9, 150), (40, 19), (0, 2)])
def test_sums_of_several_terms_of_any_number_of_images_and_classes(images, classes):
    """More than a tile holds, one of each, and none."""
    table = make_table(images, classes)
    ones = np.ones(classes)
    mean = Mean({"nll": ones}, {"target": ones})
    options = ((False, False), None, "skip", "one_minus", None, 0.0, True, False)
    dice, dice_loss = region("Dice", options, classes)
    options = ((True, False), None, "keep", "log", None, 0.0, True, False)
    each, each_loss = region("Jaccard", options, classes)
    loss = pw.CrossEntropy() + 0.5 * dice_loss + 0.2 * each_loss
    check([(1.0, mean), (0.5, dice), (0.2, each)], loss, table)


def test_nan_goes_where_the_formula_lets_it():
    """In a class that counts, in one of weight 0, and in one that is not asked for."""
    options = ((True, False), (1, 2, 4), "skip", "log", WEIGHT, 0.0, True, False)
    term, criterion = region("Tversky", options, 5)
    for c in range(5):
        table = make_table()
        table[2:, 0, c] = torch.nan
        found, expected = evaluate([(1.0, term)], table)[0], plain(criterion, table)[0]
        torch.testing.assert_close(found, expected, equal_nan=True)
        assert found.isnan() == (c in (1, 2, 4))


def test_nothing_valid_is_loss_and_derivative_zero():
    mean = Mean({"nll": np.ones(5)}, {"target": np.ones(5)}, void_is_zero=True)
    options = ((True, False), None, "skip", "one_minus", None, 0.0, True, False)
    term, _ = region("Dice", options, 5)
    loss, slopes = evaluate([(1.0, mean), (1.0, term)], torch.zeros(10, 3, 5).double())
    assert loss == 0
    assert not slopes.any()


def test_the_loss_has_the_dtype_that_is_asked_for():
    term = Mean({"nll": np.ones(5)}, {"target": np.ones(5)})
    loss, _ = evaluate([(1.0, term)], make_table(), torch.float32)
    assert loss == evaluate([(1.0, term)], make_table())[0].float()


def test_tables_of_a_formula_go_with_it():
    """They are made once, and do not outlive it."""
    gc.collect()
    before = len(kernels._TABLES)
    formula = make_formula([(1.0, Mean({"nll": np.ones(5)}, {"target": np.ones(5)}))], NAMES, 5)
    for _ in range(2):
        kernels.evaluate(formula, make_table().to(DEVICE), 1.0, torch.float32)
        assert len(kernels._TABLES) == before + 1
    del formula
    gc.collect()
    assert len(kernels._TABLES) == before
