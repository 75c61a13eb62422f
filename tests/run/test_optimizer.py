"""The learning rate is a function of the step; norms and biases are not decayed."""

import pytest

from pixelwise.networks.build import build_network
from pixelwise.plan.config import TrainConfig
from pixelwise.run.optimizer import make_optimizer, schedule, set_learning_rate


def test_the_rate_rises_and_falls():
    """Linear rise over the first tenth, then cosine to zero."""
    rates = [schedule(step, 100, 0.1, "cosine") for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(rates[9], rel=0.05)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] < 0.001


@pytest.mark.parametrize(
    ("name", "expected"), [("cosine", 0.5), ("poly", 0.5**0.9), ("constant", 1.0)]
)
def test_half_way_the_rate_is_what_the_formula_says(name, expected):
    assert schedule(50, 100, 0.0, name) == pytest.approx(expected)


def test_norms_and_biases_are_not_decayed_and_the_encoder_has_its_own_rate():
    config = TrainConfig(data="x", lr=0.01, encoder_lr_factor=0.1, warmup=0, weight_decay=0.05)
    network = build_network("small", 3)
    optimizer = make_optimizer(network, config)
    set_learning_rate(optimizer, 0, 10, config)
    found = sorted((g["lr"], g["weight_decay"]) for g in optimizer.param_groups)
    assert found == [(0.001, 0.0), (0.001, 0.05), (0.01, 0.0), (0.01, 0.05)]
    decayed = [p for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]]
    assert all(p.ndim > 1 for p in decayed)
    assert sum(len(g["params"]) for g in optimizer.param_groups) == len(list(network.parameters()))
