"""Means of logits over views and of probabilities over networks, against sums by hand."""

import weakref

import pytest
import torch
from torch.nn.functional import interpolate

from pixelwise.ops.predict import predict_label
from pixelwise.prediction.averages import mean_of_networks, mean_of_views


def logits(*shape, seed=0, spread=4.0, dtype=torch.float32):
    return spread * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def probabilities(x, activation):
    return x.softmax(1) if activation == "softmax" else x.sigmoid()


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_the_mean_of_networks_is_the_mean_of_their_probabilities(activation):
    networks = [logits(2, 5, 6, 7, seed=seed, dtype=torch.float64) for seed in range(3)]
    expected = torch.stack([probabilities(x, activation) for x in networks]).mean(0)
    found = mean_of_networks(iter(networks), activation)
    assert found.dtype == torch.float64
    torch.testing.assert_close(probabilities(found, activation), expected, rtol=1e-12, atol=0)
    as_logits = expected.log() if activation == "softmax" else expected.logit()
    torch.testing.assert_close(found, as_logits, rtol=1e-9, atol=1e-12)


def test_it_is_not_the_mean_of_logits():
    """A network that is far surer than another decides a mean of logits alone."""
    sure, other = torch.tensor([[19.0, 0.0]]), torch.tensor([[-3.0, 3.0]])
    both = [x.view(1, 2, 1, 1) for x in (sure, other, other)]
    assert mean_of_networks(both, "softmax").argmax(1).item() == 1
    assert mean_of_views(both, (1, 1)).argmax(1).item() == 0


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_the_order_of_networks_does_not_matter(activation):
    a, b, c = (logits(1, 4, 5, 5, seed=seed) for seed in range(3))
    pair = mean_of_networks([a, b], activation)
    assert torch.equal(pair, mean_of_networks([b, a], activation))
    three = mean_of_networks([a, b, c], activation)
    torch.testing.assert_close(mean_of_networks([c, a, b], activation), three)


@pytest.mark.parametrize("spread", [1, 1000])
@pytest.mark.parametrize(("activation", "classes"), [("softmax", 6), ("sigmoid", 1)])
def test_a_network_with_itself_has_the_labels_of_one(activation, classes, spread):
    """Also where a probability is far below the least number of float32."""
    x = logits(1, classes, 9, 11, spread=spread)
    found = mean_of_networks([x, x], activation)
    own = x.log_softmax(1) if activation == "softmax" else x
    torch.testing.assert_close(found, own, rtol=1e-5, atol=1e-5)
    size = (36, 45)
    assert torch.equal(predict_label(found, size, activation), predict_label(x, size, activation))


def test_what_is_impossible_for_all_networks_is_the_lowest_and_finite():
    inf = torch.inf
    a = torch.tensor([1.0, -inf, 0.0]).view(1, 3, 1, 1)
    found = mean_of_networks([a, a.flip(1)], "softmax")
    assert found.isfinite().all()
    assert found.argmin(1).item() == 1
    assert found[0, 1].item() < -1e30
    sure = mean_of_networks([torch.full((1, 1, 1, 1), inf)] * 2, "sigmoid")
    assert (sure.item() > 1e30, sure.isfinite().item()) == (True, True)
    first = mean_of_networks([torch.tensor([inf, 0.0, 1.0]).view(1, 3, 1, 1)], "softmax")
    assert first.softmax(1).flatten().tolist() == [1, 0, 0]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_nan_stays_nan(activation):
    x = logits(1, 3, 4, 4)
    x[0, 1, 2, 3] = torch.nan
    assert mean_of_networks([x, logits(1, 3, 4, 4)], activation)[0, :, 2, 3].isnan().any()
    assert mean_of_views([x, x], (4, 4)).isnan().sum() == 1


def test_views_are_averaged_on_one_grid():
    coarse, fine = logits(2, 3, 4, 6), logits(2, 3, 8, 10, seed=1)
    expected = (interpolate(coarse, (8, 10), mode="bilinear") + fine) / 2
    assert torch.equal(mean_of_views([coarse, fine], (8, 10)), expected)
    assert torch.equal(mean_of_views([fine], (8, 10)), fine)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_an_image_has_the_same_bits_in_a_batch_as_alone(activation):
    """Of any number of logits, and beside an image whose logits are infinite."""
    networks = [logits(3, 3, 5, 7, seed=seed) for seed in range(3)]
    networks[0][2] = -torch.inf
    views = mean_of_views(networks, (11, 13))
    means = mean_of_networks(networks, activation)
    for i in range(3):
        own = [x[i : i + 1] for x in networks]
        assert torch.equal(mean_of_views(own, (11, 13)), views[i : i + 1])
        assert torch.equal(mean_of_networks(own, activation), means[i : i + 1])


def test_half_types_are_added_in_float32():
    x = logits(1, 3, 4, 4).to(torch.bfloat16)
    assert mean_of_views([x, x], (4, 4)).dtype == torch.float32
    assert mean_of_networks([x, x], "softmax").dtype == torch.float32


@pytest.mark.parametrize(
    "mean",
    [lambda x: mean_of_views(x, (4, 4)), lambda x: mean_of_networks(x, "sigmoid")],
    ids=["views", "networks"],
)
def test_logits_are_added_as_they_come(mean):
    """However many there are, those of two are in memory: the one before, and the next."""
    alive, most = weakref.WeakSet(), []

    def each():
        for seed in range(9):
            x = logits(1, 2, 4, 4, seed=seed)
            alive.add(x)
            most.append(len(alive))
            yield x
            del x

    assert mean(each()).shape == (1, 2, 4, 4)
    assert max(most) <= 2
