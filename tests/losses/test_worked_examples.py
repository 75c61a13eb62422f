"""The numbers that a person can follow by hand, each from a textbook example."""

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw

E = 1e-6
BINARY_LOGITS = torch.tensor(
    [[[[0.43, -0.25], [-0.32, 0.69]]], [[[-0.29, 0.37], [0.54, -0.72]]]], dtype=torch.float64
)
BINARY_TARGET = torch.tensor([[[[0, 0], [0, 1]]], [[[0, 0], [1, 1]]]])
BINARY_PROBS = [
    [[[0.6059, 0.4378], [0.4207, 0.6660]]],
    [[[0.4280, 0.5915], [0.6318, 0.3274]]],
]
LOGITS = torch.tensor(
    [
        [[[0.3164, -0.1922], [0.4326, -1.2193]], [[0.6873, 0.6838], [0.2244, 0.5615]]],
        [[[-0.2516, -0.8875], [-0.6289, -0.1796]], [[0.0411, -1.7851], [-0.3069, -1.0379]]],
    ],
    dtype=torch.float64,
)
TARGET = torch.tensor([[[0, 1], [1, 0]], [[1, 1], [0, 1]]])
PROBS = [
    [[[0.4083, 0.2940], [0.5519, 0.1442]], [[0.5917, 0.7060], [0.4481, 0.8558]]],
    [[[0.4273, 0.7105], [0.4202, 0.7023]], [[0.5727, 0.2895], [0.5798, 0.2977]]],
]
HOT = [[[[1, 0], [0, 1]], [[0, 1], [1, 0]]], [[[0, 0], [1, 0]], [[1, 1], [0, 1]]]]


def test_one_hot_with_a_floor():
    expected = [[[[1, E], [E, 1]], [[E, 1], [E, E]], [[E, E], [1, E]]]]
    hot = pw.one_hot(torch.tensor([[[0, 1], [2, 0]]]), 3, eps=E)
    torch.testing.assert_close(hot, torch.tensor(expected), rtol=0, atol=2 * E)


@pytest.mark.parametrize("ignore", [30, 255, -100, -1])
def test_one_hot_of_an_ignored_pixel_is_all_floor(ignore):
    target = torch.tensor([[[0, 9], [ignore, 5]]])
    hot = pw.one_hot(target, 10, ignore_index=ignore, eps=E)
    assert hot.shape == (1, 10, 2, 2)
    torch.testing.assert_close(hot[0, :, 1, 0], torch.full((10,), E))
    assert hot[0, 9, 0, 1] == 1 + E


def test_one_hot_can_ignore_a_class():
    hot = pw.one_hot(torch.tensor([[0, 1, 2]]), 3, ignore_index=1)
    assert hot[0].T.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_one_hot_allocates_no_channel_for_the_ignored_value():
    hot = pw.one_hot(torch.tensor([[30]]), 10, ignore_index=30)
    assert hot.untyped_storage().nbytes() == 10 * 4


def test_sigmoid_of_the_one_channel_example():
    probs = pw.activate(BINARY_LOGITS, "sigmoid")
    torch.testing.assert_close(probs, torch.tensor(BINARY_PROBS).double(), rtol=0, atol=5e-5)


def test_softmax_of_the_two_channel_example():
    probs = pw.activate(LOGITS, "softmax")
    torch.testing.assert_close(probs, torch.tensor(PROBS).double(), rtol=0, atol=5e-5)
    torch.testing.assert_close(probs.sum(1), torch.ones(2, 2, 2).double())


def test_one_channel_cross_entropy_is_0_6861():
    loss = pw.BinaryCrossEntropy()(BINARY_LOGITS, BINARY_TARGET)
    assert loss.item() == pytest.approx(0.6861, abs=5e-5)
    torch.testing.assert_close(
        loss, F.binary_cross_entropy_with_logits(BINARY_LOGITS, BINARY_TARGET.double())
    )
    by_probability = F.binary_cross_entropy(BINARY_LOGITS.sigmoid(), BINARY_TARGET.double())
    torch.testing.assert_close(loss, by_probability)


def test_two_channel_cross_entropy_is_0_9823():
    loss = pw.CrossEntropy()(LOGITS, TARGET)
    assert loss.item() == pytest.approx(0.9823, abs=5e-5)
    torch.testing.assert_close(loss, F.cross_entropy(LOGITS, TARGET))


def test_two_channel_cross_entropy_by_its_one_hot():
    hot = pw.one_hot(TARGET, 2, dtype=torch.float64)
    assert hot.tolist() == HOT
    step_by_step = -(hot * torch.log_softmax(LOGITS, dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(pw.CrossEntropy()(LOGITS, TARGET), step_by_step)


@pytest.mark.parametrize("squared", [False, True])
def test_dice_by_its_formula(squared):
    p, y = pw.activate(LOGITS), pw.one_hot(TARGET, 2, dtype=torch.float64)
    inter = (p * y).sum((0, 2, 3))
    size = (p**2 if squared else p).sum((0, 2, 3)) + y.sum((0, 2, 3))
    torch.testing.assert_close(
        pw.Dice(squared=squared)(LOGITS, TARGET), 1 - (2 * inter / size).mean()
    )


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_by_its_counts(beta):
    """(1+β²) TP / ((1+β²) TP + β² FN + FP) on certain predictions, β = 1 being Dice."""
    target = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1]])
    pred = torch.tensor([[0, 1, 1, 1, 1, 1, 1, 0]])
    logits = 1e3 * pw.one_hot(pred, 2, dtype=torch.float64)
    tp, fp, fn = 4, 2, 1
    b2 = beta**2
    score = (1 + b2) * tp / ((1 + b2) * tp + b2 * fn + fp)
    loss = pw.FBeta(beta, classes=[1])(logits, target)
    assert loss.item() == pytest.approx(1 - score)


def test_softmax_over_one_channel_is_refused():
    with pytest.raises(ValueError, match='is 1 everywhere: use activation="sigmoid"'):
        pw.CrossEntropy()(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))
